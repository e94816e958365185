/*
 * The table that GCC's and LLVM's C++, Rust and Go (through their unwinder) share: a header, call sites with their
 * landing pads, actions, types. How its numbers are written is said in its header, as in .eh_frame.
 */
#include "scan/landing.h"

#include "elf/encoded.h"

#include <string.h>

enum { TYPES_MAX = 4096 };

struct lsda {
	struct encoded at;     /* behind the header: the call sites */
	uint64_t base;	       /* landing pads count from here */
	uint64_t sites_end;    /* and the actions begin there */
	uint64_t types;	       /* the end of the types, which count backwards; 0 for none */
	uint8_t site_encoding; /* of call sites */
	uint8_t type_encoding;
};

static bool lsda_open(const struct module *module, const struct module_frame *frame, struct lsda *ret_lsda)
{
	uint64_t room = module_room(module, frame->lsda);
	struct encoded at = { module_bytes(module, frame->lsda, room), frame->lsda, 0, room };
	uint8_t encoding;

	if (frame->lsda == 0 || room == 0)
		return false;
	*ret_lsda = (struct lsda){ .base = frame->start, .type_encoding = ENCODED_OMIT };
	encoding = (uint8_t)encoded_take(&at, 1, false);
	if (encoding != ENCODED_OMIT)
		ret_lsda->base = encoded_pointer(&at, encoding, true);
	ret_lsda->type_encoding = (uint8_t)encoded_take(&at, 1, false);
	if (ret_lsda->type_encoding != ENCODED_OMIT) {
		uint64_t distance = encoded_leb(&at, false);

		ret_lsda->types = at.at + distance;
	}
	ret_lsda->site_encoding = (uint8_t)encoded_take(&at, 1, false);
	ret_lsda->sites_end = encoded_leb(&at, false);
	ret_lsda->sites_end += at.at;
	ret_lsda->at = at;
	return at.at <= at.end && ret_lsda->sites_end <= at.end && ret_lsda->types <= at.end;
}

static bool landing_add_pad(struct code_function *function, uint64_t pad)
{
	return VEC_PUSH(&function->arena, &function->pending, pad) &&
	       VEC_PUSH(&function->arena, &function->entries, pad);
}

/* Actions are pairs of a type's number and the distance to the next: the largest number tells how many types there
 * are. */
static uint64_t lsda_type_count(const struct lsda *lsda)
{
	struct encoded at = lsda->at;
	uint64_t most = 0;

	at.at = lsda->sites_end;
	while (at.at + 1 < lsda->types && at.at < at.end) {
		int64_t number = (int64_t)encoded_leb(&at, true);

		encoded_leb(&at, true);
		if (number > 0 && (uint64_t)number > most && number < TYPES_MAX)
			most = (uint64_t)number;
	}
	return most;
}

static bool landing_add_types(struct code_function *function, const struct lsda *lsda)
{
	unsigned size = encoded_size(lsda->type_encoding);
	uint64_t count;

	if (lsda->types == 0 || lsda->type_encoding == ENCODED_OMIT || size == 0)
		return true;
	count = lsda_type_count(lsda);
	for (uint64_t i = 1; i <= count && i * size <= lsda->types; i++) {
		struct encoded at = lsda->at;
		uint64_t address;

		at.at = lsda->types - i * size;
		address = encoded_pointer(&at, lsda->type_encoding, true);
		if (address && !VEC_PUSH(&function->arena, &function->types, address))
			return false;
	}
	return true;
}

bool landing_add(struct code_function *function, const struct module_frame *frame)
{
	struct lsda lsda;

	if (!lsda_open(function->map->module, frame, &lsda))
		return true;
	while (lsda.at.at < lsda.sites_end) {
		uint64_t pad;

		encoded_pointer(&lsda.at, lsda.site_encoding, false);
		encoded_pointer(&lsda.at, lsda.site_encoding, false);
		pad = encoded_pointer(&lsda.at, lsda.site_encoding, false);
		encoded_leb(&lsda.at, false);
		if (lsda.at.at > lsda.at.end)
			break;
		if (pad != 0 && module_is_code(function->map->module, lsda.base + pad) &&
		    !landing_add_pad(function, lsda.base + pad))
			return false;
	}
	return landing_add_types(function, &lsda);
}
