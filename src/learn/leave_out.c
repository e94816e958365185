/*
 * Of a mask it is each bit that has to be seen by more than one run, of a list each value.
 */
#include "learn/leave_out.h"

#include <stdlib.h>

void leave_out_fini(struct leave_out *out)
{
	free(out->lonely);
	*out = (struct leave_out){ 0 };
}

bool leave_out_add(struct leave_out *out, const struct evidence_seen *seen)
{
	if (out->run_count < 2 || !evidence_seen_once(seen) || seen->first >= out->run_count)
		return true;
	if (!out->lonely)
		out->lonely = calloc(out->run_count, sizeof(*out->lonely));
	if (!out->lonely)
		return false;
	out->count += !out->lonely[seen->first];
	out->lonely[seen->first] = true;
	return true;
}

static bool leave_out_add_bits(struct leave_out *out, const struct evidence_arg *seen)
{
	for (int bit = 0; bit < 64; bit++) {
		struct evidence_seen with_bit = { 0 };

		for (size_t i = 0; i < seen->length; i++)
			if (seen->items[i].value >> bit & 1)
				evidence_seen_add(&with_bit, &seen->items[i].seen, 0);
		if (!leave_out_add(out, &with_bit))
			return false;
	}
	return true;
}

/* Of a span only its ends are anybody's own. */
static bool leave_out_add_ends(struct leave_out *out, const struct evidence_arg *seen, const struct abi_arg *type)
{
	const struct evidence_value *low = NULL, *high = NULL;

	for (size_t i = 0; i < seen->length; i++) {
		if (!low || term_is_less(type, seen->items[i].value, low->value))
			low = &seen->items[i];
		if (!high || term_is_less(type, high->value, seen->items[i].value))
			high = &seen->items[i];
	}
	return !low || (leave_out_add(out, &low->seen) && leave_out_add(out, &high->seen));
}

bool leave_out_add_arg(struct leave_out *out, const struct evidence_arg *seen, const struct abi_arg *type,
		       enum term_how how)
{
	/* Of what is not constrained, or not by a value, no run is refused. */
	if (how == TERM_STANDARD || how == TERM_WX || seen->many)
		return true;
	if (how == TERM_MASK)
		return leave_out_add_bits(out, seen);
	if (how == TERM_SPAN || (how == TERM_RANGE && seen->length > TERM_VALUES_MAX))
		return leave_out_add_ends(out, seen, type);
	for (size_t i = 0; i < seen->length; i++)
		if (!leave_out_add(out, &seen->items[i].seen))
			return false;
	return true;
}

bool leave_out_is_too_tight(const struct leave_out *out)
{
	return out->run_count >= LEAVE_OUT_RUNS && out->count >= LEAVE_OUT_LONELY &&
	       out->count * LEAVE_OUT_SHARE >= out->run_count;
}

bool leave_out_join(struct leave_out *out, const struct leave_out *other)
{
	for (size_t i = 0; other->lonely && i < other->run_count; i++) {
		struct evidence_seen run = { 1, (unsigned)i, (unsigned)i };

		if (other->lonely[i] && !leave_out_add(out, &run))
			return false;
	}
	return true;
}
