/*
 * A profile for OCI runtimes: what numbers without a name get is the default, every call that gets something else is
 * named. Rules of one call are disjoint, one for each way to an action. What other arches get cannot be said:
 * libseccomp kills them by the thread, x32's numbers with them.
 */
#include "export/calls.h"

#include "base/error.h"

#include <inttypes.h>
#include <linux/seccomp.h>
#include <string.h>

static const char *const arch_names[ABI_ARCH_COUNT] = {
	[ABI_X86_64] = "SCMP_ARCH_X86_64",
	[ABI_I386] = "SCMP_ARCH_X86",
	[ABI_X32] = "SCMP_ARCH_X32",
	[ABI_ARM] = "SCMP_ARCH_ARM",
	[ABI_AARCH64] = "SCMP_ARCH_AARCH64",
	[ABI_RISCV64] = "SCMP_ARCH_RISCV64",
	[ABI_LOONGARCH64] = "SCMP_ARCH_LOONGARCH64",
	[ABI_PPC64LE] = "SCMP_ARCH_PPC64LE",
	[ABI_S390X] = "SCMP_ARCH_S390X",
	[ABI_MIPS64EL] = "SCMP_ARCH_MIPSEL64",
};

struct writing {
	struct export *export;
	uint32_t default_value;
	bool has_rule;	    /* one was written already */
	struct calls calls; /* that do not get the default */
};

/* "action": …, with the key's prefix: "" or "default". */
static int write_action(struct writing *writing, bool is_default, uint32_t value)
{
	static const struct {
		uint32_t action;
		const char *name;
	} names[] = {
		{ SECCOMP_RET_ALLOW, "ALLOW" },
		{ SECCOMP_RET_ERRNO, "ERRNO" },
		{ SECCOMP_RET_KILL_PROCESS, "KILL_PROCESS" },
		{ SECCOMP_RET_KILL_THREAD, "KILL_THREAD" },
		{ SECCOMP_RET_LOG, "LOG" },
		{ SECCOMP_RET_TRACE, "TRACE" },
		{ SECCOMP_RET_TRAP, "TRAP" },
		{ SECCOMP_RET_USER_NOTIF, "NOTIFY" },
	};
	struct buf *text = &writing->export->text;
	uint32_t action = value & SECCOMP_RET_ACTION_FULL, data = value & SECCOMP_RET_DATA;
	bool has_data = action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRACE;
	size_t i = 0;

	while (i < sizeof(names) / sizeof(*names) && names[i].action != action)
		i++;
	if (i == sizeof(names) / sizeof(*names) || (data && !has_data)) {
		char action_text[64];

		callgate_action_format((struct callgate_action){ value }, action_text, sizeof(action_text));
		return fail(writing->export->err, CALLGATE_E_UNSUPPORTED, "a profile has no words for '%s'",
			    action_text);
	}
	buf_printf(text, "\"%s\": \"SCMP_ACT_%s\"", is_default ? "defaultAction" : "action", names[i].name);
	if (has_data)
		buf_printf(text, ", \"%s\": %" PRIu32, is_default ? "defaultErrnoRet" : "errnoRet", data);
	return CALLGATE_OK;
}

static void begin_rule(struct writing *writing)
{
	buf_puts(&writing->export->text, writing->has_rule ? ",\n    {" : "\n    {");
	writing->has_rule = true;
}

/* Calls that get one action whatever their arguments are. */
static int write_plain(struct writing *writing, uint32_t function)
{
	struct export *export = writing->export;
	bool first = true;
	int status;

	begin_rule(writing);
	status = write_action(writing, false, diagram_node(export->subject->diagram, function).low);
	if (status)
		return status;
	buf_puts(&export->text, ",\n     \"names\": [");
	for (size_t i = 0; i < writing->calls.length; i++) {
		if (writing->calls.items[i]->function != function)
			continue;
		buf_printf(&export->text, "%s\"%s\"", first ? "" : ", ", writing->calls.items[i]->syscall->name);
		first = false;
	}
	buf_puts(&export->text, "]}");
	return CALLGATE_OK;
}

static void write_test(struct buf *text, const char *before, unsigned arg, const struct clause_test *test)
{
	static const char *const operators[] = {
		[CLAUSE_EQ] = "EQ", [CLAUSE_NE] = "NE", [CLAUSE_LT] = "LT",
		[CLAUSE_LE] = "LE", [CLAUSE_GT] = "GT", [CLAUSE_GE] = "GE",
	};

	if (test->mask == UINT64_MAX)
		buf_printf(text, "%s{\"index\": %u, \"op\": \"SCMP_CMP_%s\", \"value\": %" PRIu64 "}", before, arg,
			   operators[test->op], test->value);
	else
		buf_printf(text,
			   "%s{\"index\": %u, \"op\": \"SCMP_CMP_MASKED_EQ\", \"value\": %" PRIu64
			   ", \"valueTwo\": %" PRIu64 "}",
			   before, arg, test->mask, test->value);
}

static int write_clause(struct writing *writing, const struct run *run, const struct clause *clause)
{
	struct buf *text = &writing->export->text;
	const char *before = "";
	int status;

	begin_rule(writing);
	status = write_action(writing, false, clause->action);
	if (status)
		return status;
	buf_printf(text, ", \"names\": [\"%s\"],\n     \"args\": [", run->syscall->name);
	for (unsigned arg = 0; arg < 6; arg++) {
		if (clause->tests[arg].op == CLAUSE_NOTHING)
			continue;
		write_test(text, before, arg, &clause->tests[arg]);
		before = ", ";
	}
	buf_puts(text, "]}");
	return CALLGATE_OK;
}

static unsigned args_of(const struct clause *clause)
{
	unsigned args = 0;

	for (unsigned arg = 0; arg < 6; arg++)
		args |= (clause->tests[arg].op != CLAUSE_NOTHING) << arg;
	return args;
}

static int write_clauses(struct writing *writing, const struct run *run)
{
	struct export *export = writing->export;
	struct clauses clauses = { 0 };
	bool differs = false;
	int status = calls_clauses(export, run, writing->default_value, &clauses);

	for (size_t i = 0; !status && i < clauses.length; i++) {
		differs |= args_of(&clauses.items[0]) != args_of(&clauses.items[i]);
		status = write_clause(writing, run, &clauses.items[i]);
	}
	if (!status && differs)
		status = export_note(
			export,
			"%s has rules that compare different arguments, which runtimes merge in their own way: "
			"compare the filter that the runtime loads (callgate show -- ...)",
			run->syscall->name);
	return status;
}

static bool is_first_of_function(const struct writing *writing, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (writing->calls.items[i]->function == writing->calls.items[index]->function)
			return false;
	return true;
}

static int write_rules(struct writing *writing)
{
	const struct callgate_subject *subject = writing->export->subject;
	int status = calls_collect(writing->export, &writing->calls);

	for (size_t i = 0; !status && i < writing->calls.length; i++) {
		uint32_t function = writing->calls.items[i]->function;

		if (outline_is_constant(subject, function) && is_first_of_function(writing, i))
			status = write_plain(writing, function);
	}
	for (size_t i = 0; !status && i < writing->calls.length; i++)
		if (!outline_is_constant(subject, writing->calls.items[i]->function))
			status = write_clauses(writing, writing->calls.items[i]);
	return status;
}

int export_oci(struct export *export)
{
	struct writing writing = { .export = export };
	struct buf *text = &export->text;
	const char *before = "";
	int status;

	if (!outline_is_constant(export->subject, export->outline.unknown))
		return fail(
			export->err, CALLGATE_E_UNSUPPORTED,
			"a profile has no words for a filter that looks at the arguments of numbers without a name");
	writing.default_value = diagram_node(export->subject->diagram, export->outline.unknown).low;
	buf_puts(text, "{\n  ");
	status = write_action(&writing, true, writing.default_value);
	if (status)
		return status;
	buf_puts(text, ",\n  \"architectures\": [");
	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++) {
		if (!export->outline.arches[arch])
			continue;
		buf_printf(text, "%s\"%s\"", before, arch_names[arch]);
		before = ", ";
	}
	buf_puts(text, "],\n  \"syscalls\": [");
	status = write_rules(&writing);
	buf_puts(text, "\n  ]\n}\n");
	return status;
}
