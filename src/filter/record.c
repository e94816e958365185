/*
 * Calls are sorted by their syscall. Of each argument that may be constrained the values are kept, as `learn` keeps
 * them; an argument that a record does not tell, of whatever call, supports no constraint.
 */
#include "filter/record.h"

#include "base/error.h"
#include "policy/terms.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_MAX = 64 };

/* What was heard of one syscall. */
struct heard {
	unsigned long line;  /* of its first call; 0 for one that was never made */
	uint32_t arches;     /* a bit each */
	uint64_t *values[6]; /* room for VALUES_MAX, where some are kept */
	struct term_seen seen[6];
};

struct recording {
	struct import *import;
	struct heard *heard; /* by place in abi's table */
	size_t blind;	     /* calls without any argument told, though they have some */
};

static struct arena *arena(struct recording *recording)
{
	return &recording->import->policy->arena;
}

static int fail_line(struct recording *recording, unsigned long line, int status)
{
	error_place(recording->import->err, recording->import->name, (unsigned)line, 1);
	return status;
}

static uint64_t low_bits(uint64_t value, unsigned bits)
{
	return bits >= 64 ? value : value & ((UINT64_C(1) << bits) - 1);
}

static int keep_value(struct recording *recording, struct heard *heard, unsigned index, uint64_t value)
{
	struct term_seen *seen = &heard->seen[index];

	for (size_t i = 0; i < seen->count; i++)
		if (seen->values[i] == value)
			return CALLGATE_OK;
	if (!heard->values[index]) {
		heard->values[index] = arena_array(arena(recording), VALUES_MAX, sizeof(uint64_t));
		if (!heard->values[index])
			return fail_nomem(recording->import->err);
		seen->values = heard->values[index];
	}
	if (seen->count == VALUES_MAX)
		seen->many = true;
	else
		heard->values[index][seen->count++] = value;
	return CALLGATE_OK;
}

/* Of descriptors only the three that have a meaning of their own are worth keeping. */
static int hear_argument(struct recording *recording, struct heard *heard, unsigned index, const struct abi_arg *type,
			 const struct call *call)
{
	uint64_t value = low_bits(call->data.args[index], type->bits);
	bool is_constant = (type->kind == ABI_ARG_FLAGS || type->kind == ABI_ARG_ENUM) && type->constants;
	bool is_standard = type->kind == ABI_ARG_DESCRIPTOR && value <= 2;

	if (!(call->given >> index & 1) || (!is_constant && !is_standard)) {
		heard->seen[index].many = true;
		return CALLGATE_OK;
	}
	return keep_value(recording, heard, index, value);
}

static int hear(struct recording *recording, const struct trace_call *one)
{
	const struct call *call = &one->call;
	struct abi_arg types[6];
	struct heard *heard;
	unsigned count;
	int status = CALLGATE_OK;

	if (!call->arch || !call->syscall) {
		error_set(recording->import->err, CALLGATE_E_UNSUPPORTED, "a call that has no name: number %u of %s",
			  (unsigned)call->data.nr, call->arch ? call->arch->name : "an arch that is not known");
		error_hint(recording->import->err, "policies name calls; take the line out if it may be refused");
		return fail_line(recording, one->line, CALLGATE_E_UNSUPPORTED);
	}
	heard = &recording->heard[call->syscall - abi_syscall_at(0)];
	heard->line = heard->line ? heard->line : one->line;
	heard->arches |= UINT32_C(1) << call->arch->id;
	count = abi_syscall_args(call->syscall, call->arch->id, types);
	recording->blind += count && !call->given;
	for (unsigned i = 0; !status && i < count; i++)
		status = hear_argument(recording, heard, i, &types[i], call);
	return status;
}

/* Another arch has other values: what one of them supports, the other may not. */
static const struct abi_arch *only_arch(const struct heard *heard)
{
	return heard->arches & (heard->arches - 1) ? NULL : abi_arch((enum abi_arch_id)__builtin_ctz(heard->arches));
}

static int add_rule(struct recording *recording, size_t index)
{
	static const struct policy_condition always = { .kind = POLICY_ALWAYS };
	struct import *import = recording->import;
	const struct heard *heard = &recording->heard[index];
	const struct policy_position position = { import->name, (unsigned)heard->line, 1 };
	const struct abi_arch *arch = only_arch(heard);
	const struct policy_condition *condition = NULL;
	struct policy_name *name = arena_alloc(arena(recording), sizeof(*name));
	struct policy_rule rule = { .names = name, .name_count = 1, .position = position };
	int status = name ? CALLGATE_OK : fail_nomem(import->err);

	if (!status && arch)
		status = term_constrain(arena(recording), abi_syscall_at(index), arch, heard->seen, &condition,
					import->err);
	if (status)
		return status;
	*name = (struct policy_name){ abi_syscall_at(index), position };
	rule.action = (struct policy_action){ .kind = POLICY_ALLOW, .position = position };
	rule.condition = condition ? condition : &always;
	for (enum abi_arch_id id = 0; id < ABI_ARCH_COUNT; id++)
		import->policy->arches[id] |= heard->arches >> id & 1;
	return policy_add_rule(import->policy, &rule, import->err);
}

/* In the order in which the calls came first, so that the policy reads as the record does. */
static int add_rules(struct recording *recording, const struct trace *trace)
{
	int status = CALLGATE_OK;

	for (size_t i = 0; !status && i < trace->calls.length; i++) {
		size_t index = (size_t)(trace->calls.items[i].call.syscall - abi_syscall_at(0));

		if (!recording->heard[index].line)
			continue;
		status = add_rule(recording, index);
		recording->heard[index].line = 0;
	}
	return status;
}

static int make_policy(struct import *import, const struct trace *trace)
{
	struct recording recording = { .import = import };
	int status = CALLGATE_OK;

	recording.heard = arena_array(&import->policy->arena, abi_syscall_count(), sizeof(*recording.heard));
	if (!recording.heard)
		return fail_nomem(import->err);
	for (size_t i = 0; !status && i < trace->calls.length; i++)
		status = hear(&recording, &trace->calls.items[i]);
	if (!status && !trace->calls.length) {
		error_set(import->err, CALLGATE_E_INVALID, "not one call is told of");
		return fail_line(&recording, 0, CALLGATE_E_INVALID);
	}
	if (!status && recording.blind)
		status = import_note(import, "%s: %zu call%s told without arguments, and on those is no condition",
				     import->name, recording.blind, recording.blind == 1 ? " is" : "s are");
	return status ? status : add_rules(&recording, trace);
}

/* A line of `strace -c`: five columns, or six with errors, of which the last is a name. */
static int read_summary_line(struct import *import, const char *line, size_t length, unsigned long number,
			     struct trace *trace)
{
	struct trace_call one = { .count = 1, .line = number };
	size_t first = 0, start = length;
	char name[64];
	int status;

	while (first < length && line[first] == ' ')
		first++;
	while (start > first && line[start - 1] != ' ')
		start--;
	if (first == length || !isdigit((unsigned char)line[first]) || length - start >= sizeof(name))
		return CALLGATE_OK;
	memcpy(name, line + start, length - start);
	name[length - start] = '\0';
	if (strcmp(name, "total") == 0)
		return CALLGATE_OK;
	status = call_parse(name, length - start, &one.call, NULL, import->err);
	if (status) {
		error_place(import->err, import->name, (unsigned)number, (unsigned)start + 1);
		return status;
	}
	return VEC_PUSH(&import->policy->arena, &trace->calls, one) ? CALLGATE_OK : fail_nomem(import->err);
}

static bool is_summary(const char *text, size_t length)
{
	return length >= 6 && memcmp(text, "% time", 6) == 0;
}

static int read_summary(struct import *import, struct trace *ret_trace)
{
	const char *text = import->source->text;
	unsigned long number = 0;

	for (size_t at = 0, length = import->source->length; at < length;) {
		const char *end = memchr(text + at, '\n', length - at);
		size_t line = end ? (size_t)(end - text) - at : length - at;
		int status = read_summary_line(import, text + at, line, ++number, ret_trace);

		if (status)
			return status;
		at += line + 1;
	}
	return CALLGATE_OK;
}

static int strace_read(struct import *import)
{
	struct trace trace = { 0 };
	int status;

	if (is_summary(import->source->text, import->source->length)) {
		status = read_summary(import, &trace);
		return status ? status : make_policy(import, &trace);
	}
	status = trace_parse(import->source->text, import->source->length, &import->policy->arena, &trace, import->err);
	if (!status && trace.unread.length) {
		error_set(import->err, CALLGATE_E_SYNTAX, "%s", trace.unread.items[0].message);
		error_hint(import->err,
			   "this is read as what strace writes; a line that tells of no call begins with #");
		error_place(import->err, import->name, (unsigned)trace.unread.items[0].trace_line, 1);
		return CALLGATE_E_SYNTAX;
	}
	return status ? status : make_policy(import, &trace);
}

static bool strace_recognise(const char *text, size_t length)
{
	return is_summary(text, length) || trace_recognise(text, length);
}

static int audit_read(struct import *import)
{
	struct trace trace = { 0 };
	int status = audit_parse(import->name, import->source->text, import->source->length, &import->policy->arena,
				 &trace, import->err);

	return status ? status : make_policy(import, &trace);
}

static const struct import_dialect records[] = {
	{ "strace", strace_recognise, strace_read },
	{ "audit", audit_recognise, audit_read },
};

enum { RECORDS = sizeof(records) / sizeof(*records) };

const struct import_dialect *record_by_name(const char *name)
{
	for (size_t i = 0; i < RECORDS; i++)
		if (strcmp(records[i].name, name) == 0)
			return &records[i];
	return NULL;
}

const struct import_dialect *record_recognise(const char *text, size_t length)
{
	for (size_t i = 0; i < RECORDS; i++)
		if (records[i].recognise(text, length))
			return &records[i];
	return NULL;
}
