/*
 * Assembly, line by line:
 *
 *	[index] [label:] name [operand]   ; comment
 *
 * as bpf_disassemble writes it, or by hand with labels. An index must be the right one: a line that was lost or
 * doubled would otherwise shift every jump in silence. Targets are resolved in a second pass, over what the first
 * kept in order.
 */
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "bpf/bpf.h"
#include "bpf/opcode.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* A part of the text. */
struct span {
	const char *start;
	size_t length;
};

struct label {
	struct span name;
	size_t target;
};

/* A jump's target to be resolved: `field` 0 is k (jmp), 1 jt, 2 jf. */
struct reference {
	struct span name;
	size_t insn;
	unsigned field;
	unsigned line;
};

struct assembler {
	const char *name;
	const char *at, *end; /* what is left of the line */
	unsigned line;
	struct arena arena;
	struct {
		VEC(struct sock_filter);
	} insns;
	struct {
		VEC(struct label);
	} labels;
	struct {
		VEC(struct reference);
	} references;
	struct callgate_error *err;
};

#define fail_line(as, line, ...)                                                                              \
	(error_set((as)->err, CALLGATE_E_SYNTAX, __VA_ARGS__), error_place((as)->err, (as)->name, (line), 0), \
	 CALLGATE_E_SYNTAX)

static void assembler_fini(struct assembler *as)
{
	arena_fini(&as->arena);
}

static void skip_blanks(struct assembler *as)
{
	while (as->at < as->end && (*as->at == ' ' || *as->at == '\t' || *as->at == '\r'))
		as->at++;
}

static bool take_char(struct assembler *as, char c)
{
	skip_blanks(as);
	if (as->at == as->end || *as->at != c)
		return false;
	as->at++;
	return true;
}

/* Letters, digits, `_` and `.`: a name, a label or a number. Empty when none stands here. */
static struct span take_word(struct assembler *as)
{
	struct span word;

	skip_blanks(as);
	word.start = as->at;
	while (as->at < as->end && (isalnum((unsigned char)*as->at) || *as->at == '_' || *as->at == '.'))
		as->at++;
	word.length = (size_t)(as->at - word.start);
	return word;
}

static bool span_is(struct span span, const char *text)
{
	return span.length == strlen(text) && memcmp(span.start, text, span.length) == 0;
}

static bool span_number(struct span span, uint32_t *ret_number)
{
	char text[24], *end;
	unsigned long long number;

	if (span.length == 0 || span.length >= sizeof(text) || !isdigit((unsigned char)*span.start))
		return false;
	memcpy(text, span.start, span.length);
	text[span.length] = '\0';
	number = strtoull(text, &end, 0);
	if (*end || number > UINT32_MAX)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

static bool take_number(struct assembler *as, uint32_t *ret_number)
{
	take_char(as, '#');
	return span_number(take_word(as), ret_number);
}

/* [4], [x + 4] behind the opening bracket. */
static bool take_bracket(struct assembler *as, enum bpf_operand *ret_operand, uint32_t *ret_k)
{
	struct span word = take_word(as);

	*ret_operand = BPF_OPERAND_ABS;
	if (span_is(word, "x") && take_char(as, '+')) {
		*ret_operand = BPF_OPERAND_IND;
		word = take_word(as);
	}
	return span_number(word, ret_k) && take_char(as, ']');
}

/* 4*([14]&0xf) behind the 4. */
static bool take_msh(struct assembler *as, uint32_t *ret_k)
{
	uint32_t mask;

	return take_char(as, '(') && take_char(as, '[') && take_number(as, ret_k) && take_char(as, ']') &&
	       take_char(as, '&') && take_number(as, &mask) && mask == 15 && take_char(as, ')');
}

/* Anything but a jump's targets. */
static bool take_operand(struct assembler *as, enum bpf_operand *ret_operand, uint32_t *ret_k)
{
	struct span word;

	if (take_char(as, '['))
		return take_bracket(as, ret_operand, ret_k);
	take_char(as, '#');
	word = take_word(as);
	*ret_operand = BPF_OPERAND_K;
	if (word.length == 0)
		*ret_operand = BPF_OPERAND_NONE;
	else if (span_is(word, "x"))
		*ret_operand = BPF_OPERAND_X;
	else if (span_is(word, "a"))
		*ret_operand = BPF_OPERAND_A;
	else if (span_is(word, "len"))
		*ret_operand = BPF_OPERAND_LEN;
	else if (span_is(word, "M")) {
		*ret_operand = BPF_OPERAND_MEM;
		return take_char(as, '[') && take_number(as, ret_k) && take_char(as, ']');
	} else if (!span_number(word, ret_k)) {
		return false;
	} else if (take_char(as, '*')) {
		*ret_operand = BPF_OPERAND_MSH;
		return *ret_k == 4 && take_msh(as, ret_k);
	}
	return true;
}

static int add_reference(struct assembler *as, struct span name, unsigned field)
{
	struct reference reference = { name, as->insns.length, field, as->line };

	if (name.length == 0)
		return fail_line(as, as->line, "a jump's target is missing");
	return VEC_PUSH(&as->arena, &as->references, reference) ? CALLGATE_OK : fail_nomem(as->err);
}

/* `, TRUE[, FALSE]`: without the second the next instruction follows. */
static int take_targets(struct assembler *as)
{
	int status;

	if (!take_char(as, ','))
		return fail_line(as, as->line, "a jump's target is missing");
	status = add_reference(as, take_word(as), 1);
	if (status == CALLGATE_OK && take_char(as, ','))
		status = add_reference(as, take_word(as), 2);
	return status;
}

static bool take_raw(struct assembler *as, struct sock_filter *ret_insn)
{
	uint32_t code, jt, jf, k;

	if (!take_number(as, &code) || !take_char(as, ',') || !take_number(as, &jt) || !take_char(as, ',') ||
	    !take_number(as, &jf) || !take_char(as, ',') || !take_number(as, &k) || code > UINT16_MAX ||
	    jt > UINT8_MAX || jf > UINT8_MAX)
		return false;
	*ret_insn = (struct sock_filter){ (uint16_t)code, (uint8_t)jt, (uint8_t)jf, k };
	return true;
}

/* An instruction whose name was read. */
static int take_insn(struct assembler *as, struct span name, struct sock_filter *ret_insn)
{
	static const enum bpf_operand jumps[] = {
		[BPF_OPERAND_K] = BPF_OPERAND_JUMP_K, [BPF_OPERAND_X] = BPF_OPERAND_JUMP_X
	};
	enum bpf_operand operand;
	const struct bpf_opcode *opcode;
	uint32_t k = 0;

	if (span_is(name, "raw"))
		return take_raw(as, ret_insn) ? CALLGATE_OK
					      : fail_line(as, as->line, "raw needs its four numbers: code, jt, jf, k");
	opcode = bpf_opcode_by_name(name.start, name.length, BPF_OPERAND_JUMP);
	if (opcode) {
		*ret_insn = (struct sock_filter){ .code = opcode->code };
		return add_reference(as, take_word(as), 0);
	}
	if (!take_operand(as, &operand, &k))
		return fail_line(as, as->line, "'%.*s' has an operand that is none", (int)name.length, name.start);
	opcode = bpf_opcode_by_name(name.start, name.length, operand);
	if (!opcode && operand <= BPF_OPERAND_X)
		opcode = bpf_opcode_by_name(name.start, name.length, jumps[operand]);
	if (!opcode)
		return fail_line(as, as->line, "unknown instruction '%.*s' with this operand",
				 (int)(name.length < 40 ? name.length : 40), name.start);
	*ret_insn = (struct sock_filter){ .code = opcode->code, .k = k };
	return BPF_CLASS(opcode->code) == BPF_JMP ? take_targets(as) : CALLGATE_OK;
}

/* Behind an index and labels: the name of the instruction, empty when the line has none. */
static int take_prefix(struct assembler *as, struct span *ret_name)
{
	struct span word = take_word(as);
	uint32_t index;

	if (span_number(word, &index)) {
		if (index != as->insns.length)
			return fail_line(as, as->line, "the line says instruction %u and is instruction %zu", index,
					 as->insns.length);
		word = take_word(as);
	}
	while (word.length && take_char(as, ':')) {
		if (!VEC_PUSH(&as->arena, &as->labels, ((struct label){ word, as->insns.length })))
			return fail_nomem(as->err);
		word = take_word(as);
	}
	*ret_name = word;
	return CALLGATE_OK;
}

static int take_line(struct assembler *as)
{
	struct sock_filter insn = { 0 };
	struct span name;
	int status = take_prefix(as, &name);

	if (status == CALLGATE_OK && name.length) {
		status = take_insn(as, name, &insn);
		if (status == CALLGATE_OK && as->insns.length == BPF_MAXINSNS)
			status = fail(as->err, CALLGATE_E_LIMIT, "more than %d instructions", BPF_MAXINSNS);
		else if (status == CALLGATE_OK && !VEC_PUSH(&as->arena, &as->insns, insn))
			status = fail_nomem(as->err);
	}
	skip_blanks(as);
	if (status == CALLGATE_OK && as->at < as->end)
		status = fail_line(as, as->line, "unexpected '%c'", isprint((unsigned char)*as->at) ? *as->at : '?');
	return status;
}

static bool find_target(const struct assembler *as, struct span name, size_t *ret_target)
{
	uint32_t number;

	if (span_number(name, &number)) {
		*ret_target = number;
		return true;
	}
	for (size_t i = 0; i < as->labels.length; i++)
		if (as->labels.items[i].name.length == name.length &&
		    memcmp(as->labels.items[i].name.start, name.start, name.length) == 0) {
			*ret_target = as->labels.items[i].target;
			return true;
		}
	return false;
}

static int resolve(struct assembler *as, const struct reference *reference)
{
	struct sock_filter *insn = &as->insns.items[reference->insn];
	size_t target, distance;

	if (!find_target(as, reference->name, &target))
		return fail_line(as, reference->line, "unknown label '%.*s'",
				 (int)(reference->name.length < 40 ? reference->name.length : 40),
				 reference->name.start);
	if (target <= reference->insn)
		return fail_line(as, reference->line, "jumps backward, to instruction %zu", target);
	distance = target - reference->insn - 1;
	if (reference->field && distance > UINT8_MAX)
		return fail_line(as, reference->line, "jumps over %zu instructions, 255 are the most", distance);
	if (reference->field == 0)
		insn->k = (uint32_t)distance;
	else
		*(reference->field == 1 ? &insn->jt : &insn->jf) = (uint8_t)distance;
	return CALLGATE_OK;
}

static int assemble_lines(struct assembler *as, const char *text, size_t length)
{
	const char *end = text + length;
	int status = CALLGATE_OK;

	while (text < end && status == CALLGATE_OK) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline ? newline : end;
		const char *comment = memchr(text, ';', (size_t)(line_end - text));

		as->line++;
		as->at = text;
		as->end = comment ? comment : line_end;
		status = take_line(as);
		text = newline ? newline + 1 : end;
	}
	for (size_t i = 0; i < as->references.length && status == CALLGATE_OK; i++)
		status = resolve(as, &as->references.items[i]);
	return status;
}

int bpf_assemble(const char *name, const char *text, size_t length, struct bpf_program *ret_program,
		 struct callgate_error *err)
{
	cleanup(assembler_fini) struct assembler as = { .name = name, .err = err };
	struct sock_filter *insns;
	int status = assemble_lines(&as, text, length);

	if (status != CALLGATE_OK)
		return status;
	insns = calloc(as.insns.length + 1, sizeof(*insns));
	if (!insns)
		return fail_nomem(err);
	if (as.insns.length)
		memcpy(insns, as.insns.items, as.insns.length * sizeof(*insns));
	*ret_program = (struct bpf_program){ insns, as.insns.length };
	return CALLGATE_OK;
}
