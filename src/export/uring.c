/*
 * What a request may ask for that its filter is not told, the calls must allow whatever it is: for all values. What the
 * kernel ignores, or sets by itself before the filter runs, may be whatever the calls allow: for some value.
 */
#include "export/uring.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

static const struct uring_opcode opcodes[] = {
#define OPCODE(number, name, calls, context) { number, #name, calls, URING_##context },
#include "export/uring.def"
#undef OPCODE
};

_Static_assert(sizeof(opcodes) / sizeof(*opcodes) == URING_OPCODES, "a row an opcode");

/* Arguments of calls that a context has: at its offset, in so many bytes (include/uapi/linux/io_uring/bpf_filter.h). */
static const struct field {
	enum uring_context context;
	const char *call;
	unsigned arg, offset, bytes;
} fields[] = {
	{ URING_SOCKET, "socket", 0, 16, 4 }, { URING_SOCKET, "socket", 1, 20, 4 },
	{ URING_SOCKET, "socket", 2, 24, 4 }, { URING_OPEN, "openat", 2, 16, 8 },
	{ URING_OPEN, "openat", 3, 24, 8 },
};

enum { FIELDS = sizeof(fields) / sizeof(*fields) };

const struct uring_opcode *uring_opcode(size_t index)
{
	return &opcodes[index];
}

unsigned uring_pdu_size(enum uring_context context)
{
	return context == URING_SOCKET ? 12 : context == URING_OPEN ? 24 : 0;
}

/* Of a field's word in struct seccomp_data and in the context. */
static unsigned seccomp_offset_of(const struct field *field, bool high)
{
	return diagram_word_offset(diagram_arg_word(field->arg, high, abi_arch_native()->big_endian));
}

static unsigned context_offset_of(const struct field *field, bool high)
{
	return field->offset + (field->bytes == 8 && high != abi_arch_native()->big_endian ? 4 : 0);
}

static int translate(enum uring_context context, unsigned offset, bool back)
{
	for (size_t i = 0; i < FIELDS; i++) {
		for (unsigned high = 0; high < fields[i].bytes / 4; high++) {
			unsigned here = seccomp_offset_of(&fields[i], high),
				 there = context_offset_of(&fields[i], high);

			if (fields[i].context == context && offset == (back ? there : here))
				return (int)(back ? here : there);
		}
	}
	return -1;
}

int uring_offset(enum uring_context context, unsigned seccomp_offset)
{
	return translate(context, seccomp_offset, false);
}

int uring_offset_back(enum uring_context context, unsigned offset)
{
	return translate(context, offset, true);
}

/* What becomes of each variable of a condition. */
enum fate { FOR_ALL, FOR_SOME, KEEP };

struct elimination {
	struct diagram *diagram;
	uint8_t fates[DIAGRAM_WORDS * 32];
	uint32_t *known; /* by node: what it became, and 1; 0: nothing yet */
};

static uint32_t eliminate(struct elimination *elimination, uint32_t number)
{
	struct diagram *diagram = elimination->diagram;
	struct diagram_node node = diagram_node(diagram, number);
	uint32_t low, high, result;

	if (node.variable == DIAGRAM_TERMINAL)
		return number;
	if (elimination->known[number])
		return elimination->known[number] - 1;
	low = eliminate(elimination, node.low);
	high = eliminate(elimination, node.high);
	if (elimination->fates[node.variable] == KEEP)
		result = diagram_make(diagram, node.variable, low, high);
	else
		result = elimination->fates[node.variable] == FOR_ALL ? diagram_and(diagram, low, high)
								      : diagram_or(diagram, low, high);
	elimination->known[number] = result + 1;
	return result;
}

static void set_fate(struct elimination *elimination, const struct field *field, bool high, uint32_t bits,
		     enum fate fate)
{
	enum diagram_word word = diagram_arg_word(field->arg, high, abi_arch_native()->big_endian);

	for (unsigned bit = 0; bit < 32; bit++)
		if (bits >> bit & 1)
			elimination->fates[word * 32 + (31 - bit)] = (uint8_t)fate;
}

/* O_LARGEFILE, which the kernel adds to what is opened by a ring before the filter sees it. */
static uint32_t largefile(void)
{
	const struct abi_constant_set *set;
	uint64_t value;

	return abi_constant_find_any(abi_arch_native()->id, "O_LARGEFILE", &value, &set) ? (uint32_t)value : 0;
}

/* A request carries 32 bits of these arguments; of the flags the context has 64, whose upper half no openat has. */
static void set_fates(struct elimination *elimination, enum uring_context context, const char *call)
{
	memset(elimination->fates, FOR_ALL, sizeof(elimination->fates));
	for (size_t i = 0; i < FIELDS; i++) {
		if (fields[i].context != context || strcmp(fields[i].call, call) != 0)
			continue;
		set_fate(elimination, &fields[i], false, UINT32_MAX, KEEP);
		set_fate(elimination, &fields[i], true, UINT32_MAX, FOR_SOME);
		if (context == URING_OPEN && fields[i].arg == 2)
			set_fate(elimination, &fields[i], false, largefile(), FOR_SOME);
	}
}

/* And the fields' upper halves are 0, where the context has any. */
static uint32_t add_upper_halves(struct diagram *diagram, enum uring_context context, const char *call,
				 uint32_t condition)
{
	for (size_t i = 0; i < FIELDS; i++) {
		enum diagram_word upper = diagram_arg_word(fields[i].arg, true, abi_arch_native()->big_endian);

		if (fields[i].context == context && fields[i].bytes == 8 && strcmp(fields[i].call, call) == 0)
			condition = diagram_and(diagram, condition, diagram_word_equals(diagram, upper, UINT32_MAX, 0));
	}
	return condition;
}

static uint32_t is_permitted(uint32_t value, void *context)
{
	(void)context;
	return callgate_action_permits((struct callgate_action){ value }) ? DIAGRAM_TRUE : DIAGRAM_FALSE;
}

/* The function of a call on this machine; DIAGRAM_NONE when it has no such call. */
static uint32_t function_of(const struct export *export, const char *call)
{
	for (size_t i = 0; i < export->outline.runs.length; i++) {
		const struct run *run = &export->outline.runs.items[i];

		if (run->syscall && run->arch == abi_arch_native() && strcmp(run->syscall->name, call) == 0)
			return run->function;
	}
	return DIAGRAM_NONE;
}

/* When a request can be made as this call. */
static int call_condition(struct export *export, enum uring_context context, const char *call, uint32_t *ret_condition,
			  struct callgate_error *err)
{
	struct diagram *diagram = export->subject->diagram;
	struct elimination elimination = { .diagram = diagram };
	uint32_t function = function_of(export, call), condition;

	if (function == DIAGRAM_NONE) {
		*ret_condition = diagram_terminal(diagram, DIAGRAM_FALSE);
		return CALLGATE_OK;
	}
	condition = diagram_map(diagram, is_permitted, NULL, function);
	if (condition == DIAGRAM_NONE)
		return diagram_fail(diagram, err);
	set_fates(&elimination, context, call);
	elimination.known = calloc(diagram_size(diagram), sizeof(*elimination.known));
	if (!elimination.known)
		return fail_nomem(err);
	condition = eliminate(&elimination, condition);
	free(elimination.known);
	condition = add_upper_halves(diagram, context, call, condition);
	if (condition == DIAGRAM_NONE)
		return diagram_fail(diagram, err);
	*ret_condition = condition;
	return CALLGATE_OK;
}

/* Of calls joined by |, one; group ends at a blank or with the text. */
static int group_condition(struct export *export, enum uring_context context, const char *group,
			   uint32_t *ret_condition, struct callgate_error *err)
{
	struct diagram *diagram = export->subject->diagram;
	uint32_t condition = diagram_terminal(diagram, DIAGRAM_FALSE), one = DIAGRAM_NONE;
	char call[64];

	for (;;) {
		size_t length = strcspn(group, "| ");
		int status;

		memcpy(call, group, length);
		call[length] = '\0';
		status = call_condition(export, context, call, &one, err);
		if (status)
			return status;
		condition = diagram_or(diagram, condition, one);
		group += length;
		if (*group != '|')
			break;
		group++;
	}
	if (condition == DIAGRAM_NONE)
		return diagram_fail(diagram, err);
	*ret_condition = condition;
	return CALLGATE_OK;
}

int uring_condition(struct export *export, const struct uring_opcode *opcode, uint32_t *ret_condition,
		    const char **ret_refused, struct callgate_error *err)
{
	struct diagram *diagram = export->subject->diagram;
	uint32_t condition = diagram_terminal(diagram, DIAGRAM_TRUE), one = DIAGRAM_NONE;
	const char *refused = NULL;

	diagram_renew_steps(diagram);
	for (const char *group = opcode->calls; *group; group += strspn(group, " ")) {
		size_t length = strcspn(group, " ");
		int status = group_condition(export, opcode->context, group, &one, err);

		if (status)
			return status;
		if (!refused && one == diagram_terminal(diagram, DIAGRAM_FALSE)) {
			refused = arena_strndup(&export->arena, group, length);
			if (!refused)
				return fail_nomem(err);
		}
		condition = diagram_and(diagram, condition, one);
		group += length;
	}
	if (condition == DIAGRAM_NONE)
		return diagram_fail(diagram, err);
	*ret_condition = condition;
	*ret_refused = refused;
	return CALLGATE_OK;
}
