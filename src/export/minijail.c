/*
 * A policy of Minijail, for this machine: a line a call. Where a call is allowed under a condition and else gets one
 * errno or the default, the line is one that minijail0 and its compiler both read; other cases stand in braces, which
 * only the compiler reads. Its operators know no masked comparison: bits that must be set are asked one by one with &,
 * bits that must not be with `in`.
 */
#include "export/calls.h"

#include "base/error.h"

#include <inttypes.h>
#include <linux/seccomp.h>

struct writing {
	struct export *export;
	uint32_t common;   /* the action of what is not named */
	bool needs_braces; /* some line is the compiler's alone */
};

/* As a filter, "allow", "return EPERM"; false for an action that has no words. */
static bool put_action(struct buf *text, uint32_t value)
{
	static const struct {
		uint32_t value;
		const char *word;
	} words[] = {
		{ SECCOMP_RET_ALLOW, "allow" },
		{ SECCOMP_RET_KILL_PROCESS, "kill-process" },
		{ SECCOMP_RET_LOG, "log" },
		{ SECCOMP_RET_KILL_THREAD, "kill-thread" },
		{ SECCOMP_RET_TRACE, "trace" },
		{ SECCOMP_RET_TRAP, "trap" },
		{ SECCOMP_RET_USER_NOTIF, "user-notify" },
	};
	uint32_t data = value & SECCOMP_RET_DATA;
	const char *name;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (words[i].value != value)
			continue;
		buf_puts(text, words[i].word);
		return true;
	}
	if ((value & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO)
		return false;
	name = abi_errno_name(abi_arch_native()->id, (int)data);
	if (name)
		buf_printf(text, "return %s", name);
	else
		buf_printf(text, "return %" PRIu32, data);
	return true;
}

static int write_action(struct writing *writing, uint32_t value)
{
	char action[64];

	if (put_action(&writing->export->text, value))
		return CALLGATE_OK;
	callgate_action_format((struct callgate_action){ value }, action, sizeof(action));
	return fail(writing->export->err, CALLGATE_E_UNSUPPORTED, "Minijail has no words for '%s'", action);
}

static void put_masked(struct buf *text, unsigned arg, const struct clause_test *test)
{
	uint64_t clear = test->mask & ~test->value;
	const char *before = "";

	if (clear) {
		buf_printf(text, "arg%u in 0x%" PRIx64, arg, ~clear);
		before = " && ";
	}
	for (uint64_t bit = 1; bit; bit <<= 1) {
		if (!(test->value & bit))
			continue;
		buf_printf(text, "%sarg%u & 0x%" PRIx64, before, arg, bit);
		before = " && ";
	}
}

static void put_test(struct buf *text, unsigned arg, const struct clause_test *test)
{
	if (test->mask != UINT64_MAX)
		put_masked(text, arg, test);
	else
		buf_printf(text, "arg%u %s 0x%" PRIx64, arg, clause_operator(test->op), test->value);
}

static void put_clause(struct buf *text, const struct clause *clause)
{
	const char *before = "";

	for (unsigned arg = 0; arg < 6; arg++) {
		if (clause->tests[arg].op == CLAUSE_NOTHING)
			continue;
		buf_puts(text, before);
		put_test(text, arg, &clause->tests[arg]);
		before = " && ";
	}
}

static bool is_errno(uint32_t value)
{
	return (value & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
}

static bool all_allow(const struct clauses *clauses)
{
	for (size_t i = 0; i < clauses->length; i++)
		if (clauses->items[i].action != SECCOMP_RET_ALLOW)
			return false;
	return true;
}

/* "arg0 == 1 || arg1 == 2; return EPERM": allowed where it holds. */
static int write_plain(struct writing *writing, const struct cases *cases)
{
	struct buf *text = &writing->export->text;

	for (size_t i = 0; i < cases->clauses.length; i++) {
		buf_puts(text, i ? " || " : "");
		put_clause(text, &cases->clauses.items[i]);
	}
	if (!cases->has_rest)
		return CALLGATE_OK;
	buf_puts(text, "; ");
	return write_action(writing, cases->rest);
}

/* "{ arg0 == 1; return EPERM, allow }": the errno where it holds. Clauses of one action are joined. */
static int write_braces(struct writing *writing, const struct cases *cases)
{
	struct buf *text = &writing->export->text;
	const char *before = "{ ";
	int status = CALLGATE_OK;

	writing->needs_braces = true;
	for (size_t i = 0; !status && i < cases->clauses.length; i++) {
		const struct clause *clauses = cases->clauses.items;
		bool is_joined = i + 1 < cases->clauses.length && clauses[i].action == clauses[i + 1].action;

		buf_puts(text, before);
		put_clause(text, &clauses[i]);
		before = is_joined ? " || " : ", ";
		if (is_joined)
			continue;
		buf_puts(text, "; ");
		status = write_action(writing, clauses[i].action);
	}
	if (!status && cases->has_rest) {
		buf_puts(text, before);
		status = write_action(writing, cases->rest);
	}
	buf_puts(text, " }");
	return status;
}

static int write_call(struct writing *writing, const struct run *run)
{
	struct export *export = writing->export;
	struct cases cases;
	int status;

	buf_printf(&export->text, "%s: ", run->syscall->name);
	if (outline_is_constant(export->subject, run->function)) {
		status = write_action(writing, diagram_node(export->subject->diagram, run->function).low);
	} else {
		status = calls_cases(export, run, writing->common, &cases);
		if (status)
			return status;
		if (all_allow(&cases.clauses) && (!cases.has_rest || is_errno(cases.rest)))
			status = write_plain(writing, &cases);
		else
			status = write_braces(writing, &cases);
	}
	buf_putc(&export->text, '\n');
	return status;
}

/* What lets calls through is no default, but for all of them. */
static int write_default(struct writing *writing)
{
	struct export *export = writing->export;
	int status;

	if (writing->common == SECCOMP_RET_KILL_PROCESS)
		return CALLGATE_OK;
	if (writing->common == SECCOMP_RET_LOG || (writing->common & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRACE)
		return fail(export->err, CALLGATE_E_UNSUPPORTED,
			    "Minijail has no words for a default that is neither allow nor a refusal");
	if (writing->common == SECCOMP_RET_ALLOW) {
		buf_puts(&export->text, "@denylist\n");
	} else {
		buf_puts(&export->text, "@default ");
		status = write_action(writing, writing->common);
		if (status)
			return status;
		buf_putc(&export->text, '\n');
	}
	return export_note(export, "@default and @denylist are for Minijail's compiler (compile_seccomp_policy.py); "
				   "minijail0 itself does not read them");
}

int export_minijail(struct export *export)
{
	struct writing writing = { .export = export };
	struct calls calls;
	int status;

	if (!outline_is_constant(export->subject, export->outline.unknown))
		return fail(export->err, CALLGATE_E_UNSUPPORTED,
			    "Minijail has no words for a filter that looks at the arguments of numbers without a name");
	writing.common = diagram_node(export->subject->diagram, export->outline.unknown).low;
	status = write_default(&writing);
	if (!status)
		status = calls_collect_native(export, &calls);
	for (size_t i = 0; !status && i < calls.length; i++)
		status = write_call(&writing, calls.items[i]);
	if (!status && writing.needs_braces)
		status = export_note(export, "lines with braces are for Minijail's compiler; minijail0 itself does not "
					     "read them");
	return status;
}
