/*
 * The policy language. What is a policy already, whoever wrote it, is printed by its rules. A raw filter has none, and
 * gets those that its meaning reads as; so does a policy with rules for some arches only, for which the language, as
 * for numbers without a name, has no words.
 */
#include "export/calls.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "lang/lang.h"
#include "lang/print.h"
#include "policy/multiplex.h"
#include "prove/describe.h"

#include <inttypes.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

/* A number of x86-64 that is x32's by no bit. */
#define BIT_31 0x80000000u

/* One rule: calls that have the same action under the same condition, at the same place among their cases. */
struct group {
	size_t place;
	uint32_t value;
	const char *condition; /* NULL for always */
	struct {
		VEC(const struct abi_syscall *);
	} calls;
};

struct grouping {
	struct export *export;
	struct {
		VEC(struct group);
	} groups;
	const struct run **first; /* by place in abi's table: the run that says what a call gets; NULL */
	size_t places;		  /* the most cases that a call has */
	bool raw;		  /* arguments are words without a name */
	bool has_narrow;	  /* an arch is not wide, so that raw words are to be cut */
};

static bool same_condition(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool add_call(struct grouping *grouping, size_t place, const struct describe_case *one,
		     const struct abi_syscall *syscall)
{
	struct arena *arena = &grouping->export->arena;
	struct group *group;
	size_t i = 0;

	if (place >= grouping->places)
		grouping->places = place + 1;
	for (; i < grouping->groups.length; i++) {
		group = &grouping->groups.items[i];
		if (group->place == place && group->value == one->value &&
		    same_condition(group->condition, one->condition))
			return VEC_PUSH(arena, &group->calls, syscall);
	}
	if (!VEC_PUSH(arena, &grouping->groups, ((struct group){ place, one->value, one->condition, { NULL, 0, 0 } })))
		return false;
	return VEC_PUSH(arena, &grouping->groups.items[i].calls, syscall);
}

/* Where a sentence would be too long, the condition of one clause. NULL without memory. */
static const char *clause_text(struct export *export, const struct clause *clause)
{
	const char *text = "";

	for (unsigned arg = 0; text && arg < 6; arg++) {
		const struct clause_test *test = &clause->tests[arg];
		const char *and = *text ? " and " : "";

		if (test->op == CLAUSE_NOTHING)
			continue;
		if (test->mask == UINT64_MAX)
			text = arena_printf(&export->arena, "%s%sarg%u %s 0x%" PRIx64, text, and, arg,
					    clause_operator(test->op), test->value);
		else
			text = arena_printf(&export->arena, "%s%sarg%u & 0x%" PRIx64 " == 0x%" PRIx64, text, and, arg,
					    test->mask, test->value);
	}
	return text;
}

/* A call whose sentence was cut: a rule for each of its clauses. */
static int add_clauses(struct grouping *grouping, const struct run *run)
{
	struct export *export = grouping->export;
	uint32_t common = diagram_node(export->subject->diagram, export->outline.common).low;
	struct cases cases;
	int status = calls_cases(export, run, common, &cases);

	for (size_t i = 0; !status && i < cases.clauses.length; i++) {
		const struct clause *clause = &cases.clauses.items[i];
		struct describe_case one = { .value = clause->action, .condition = clause_text(export, clause) };

		if (!one.condition || !add_call(grouping, i, &one, run->syscall))
			status = fail_nomem(export->err);
	}
	if (!status && cases.has_rest &&
	    !add_call(grouping, cases.clauses.length, &(struct describe_case){ .value = cases.rest }, run->syscall))
		status = fail_nomem(export->err);
	return status;
}

static bool is_cut(const struct describe_cases *cases)
{
	for (size_t i = 0; i < cases->length; i++)
		if (cases->items[i].condition && strstr(cases->items[i].condition, "…"))
			return true;
	return false;
}

static int add_run(struct grouping *grouping, const struct run *run)
{
	struct export *export = grouping->export;
	struct describe_cases cases = { 0 };
	int status;

	if (grouping->raw)
		return add_clauses(grouping, run);
	status = describe_function(export->subject->diagram, run->function, run->arch, run->syscall, &export->arena,
				   &cases, export->err);
	if (!status && is_cut(&cases))
		return add_clauses(grouping, run);
	for (size_t i = 0; !status && i < cases.length; i++)
		if (!add_call(grouping, i, &cases.items[i], run->syscall))
			status = fail_nomem(export->err);
	return status;
}

static size_t call_index(const struct abi_syscall *syscall)
{
	return (size_t)(syscall - abi_syscall_at(0));
}

/* The default need not be listed; a carrier that is not listed would be taken apart. */
static bool is_listed(const struct grouping *grouping, const struct run *run)
{
	return run->function != grouping->export->outline.common || policy_is_multiplexer(run->syscall);
}

/* What a call gets is said once: as it is on an arch where it is to be listed, at best a wide one. */
static void find_first(struct grouping *grouping, bool is_wide)
{
	const struct outline *outline = &grouping->export->outline;

	for (size_t i = 0; i < outline->runs.length; i++) {
		const struct run *run = &outline->runs.items[i];

		if (!run->syscall || !run->arch || !outline->arches[run->arch->id] ||
		    outline_is_wide(run->arch->id) != is_wide)
			continue;
		grouping->has_narrow |= !is_wide;
		if (!grouping->first[call_index(run->syscall)] && is_listed(grouping, run))
			grouping->first[call_index(run->syscall)] = run;
	}
}

static int add_runs(struct grouping *grouping)
{
	int status = CALLGATE_OK;

	find_first(grouping, true);
	find_first(grouping, false);
	for (size_t i = 0; !status && i < abi_syscall_count(); i++)
		if (grouping->first[i])
			status = add_run(grouping, grouping->first[i]);
	return status;
}

/* An action that no kernel has, which kills, is formatted as its number. */
static int write_action(struct export *export, const char *word, uint32_t value)
{
	char action[64];

	callgate_action_format((struct callgate_action){ value }, action, sizeof(action));
	if (action[0] == '0')
		return fail(export->err, CALLGATE_E_UNSUPPORTED, "a policy has no words for the unknown action %s",
			    action);
	buf_printf(&export->text, "%s%s", word, action);
	return CALLGATE_OK;
}

static uint32_t value_of(const struct export *export, uint32_t function)
{
	return diagram_node(export->subject->diagram, function).low;
}

/* `foreign` also speaks for numbers that x86-64 and x32 do not have; where those are no exception, it is not stated. */
static bool says_foreign(const struct export *export)
{
	const struct outline *outline = &export->outline;

	if (value_of(export, outline->foreign) != SECCOMP_RET_KILL_PROCESS)
		return true;
	for (size_t i = 0; i < outline->runs.length; i++) {
		const struct run *run = &outline->runs.items[i];

		if (run->arch && run->arch->id == ABI_X86_64 && run->low <= BIT_31 && run->high >= BIT_31)
			return outline->arches[ABI_X86_64] && run->function == outline->foreign;
	}
	return false;
}

static int write_header(struct export *export)
{
	const struct outline *outline = &export->outline;
	const char *before = "\narch ";
	int status;

	if (!outline_is_constant(export->subject, outline->unknown) ||
	    !outline_is_constant(export->subject, outline->foreign))
		return fail(export->err, CALLGATE_E_UNSUPPORTED,
			    "a policy has no words for a filter that looks at the arguments of numbers without a name");
	buf_printf(&export->text, "kernel %u.%u", ABI_KERNEL_NEWEST >> 8, ABI_KERNEL_NEWEST & 0xff);
	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++) {
		if (!outline->arches[arch])
			continue;
		buf_printf(&export->text, "%s%s", before, abi_arch(arch)->name);
		before = ", ";
	}
	if (*before == '\n')
		return fail(export->err, CALLGATE_E_UNSUPPORTED,
			    "a policy has no words for a filter that knows no arch");
	status = write_action(export, "\ndefault ", value_of(export, outline->common));
	if (!status)
		status = write_action(export, "\nnewer ", value_of(export, outline->unknown));
	if (!status && says_foreign(export))
		status = write_action(export, "\nforeign ", value_of(export, outline->foreign));
	buf_puts(&export->text, "\n\n");
	return status;
}

/* Raw words, arg0 to arg5, as those that are cut to the arch. */
static void write_condition(struct buf *text, const char *condition, bool cut)
{
	for (const char *c = condition; *c; c++) {
		bool begins = c == condition || c[-1] == ' ' || c[-1] == '(';

		if (cut && begins && strncmp(c, "arg", 3) == 0 && c[3] >= '0' && c[3] <= '5' &&
		    (c[4] == ' ' || !c[4])) {
			buf_puts(text, "word");
			c += 2;
		} else {
			buf_putc(text, *c);
		}
	}
}

static int write_group(struct grouping *grouping, const struct group *group)
{
	struct buf *text = &grouping->export->text;
	int status = write_action(grouping->export, "", group->value);

	if (status)
		return status;
	for (size_t i = 0; i < group->calls.length; i++)
		buf_printf(text, "%s%s", i ? ", " : " ", group->calls.items[i]->name);
	buf_puts(text, group->condition ? " if " : "");
	write_condition(text, group->condition ? group->condition : "", grouping->has_narrow);
	buf_putc(text, '\n');
	return CALLGATE_OK;
}

static int write_groups(struct grouping *grouping)
{
	int status = CALLGATE_OK;

	for (size_t place = 0; place < grouping->places; place++)
		for (size_t i = 0; !status && i < grouping->groups.length; i++)
			if (grouping->groups.items[i].place == place)
				status = write_group(grouping, &grouping->groups.items[i]);
	return status;
}

/* In the form that everybody's policies have. */
static int lay_out(struct export *export)
{
	cleanup_free char *formatted = NULL;
	int status;

	if (export->text.failed)
		return fail_nomem(export->err);
	status = callgate_policy_format("the policy", buf_text(&export->text), export->text.length, &formatted,
					export->err);
	if (status)
		return status;
	buf_fini(&export->text);
	export->text = (struct buf){ 0 };
	buf_puts(&export->text, formatted);
	return CALLGATE_OK;
}

static int write_policy(struct export *export, bool raw)
{
	struct grouping grouping = { .export = export, .raw = raw };
	int status;

	grouping.first = arena_array(&export->arena, abi_syscall_count(), sizeof(*grouping.first));
	if (!grouping.first)
		return fail_nomem(export->err);
	status = write_header(export);
	if (!status)
		status = add_runs(&grouping);
	if (!status)
		status = write_groups(&grouping);
	return status ? status : lay_out(export);
}

/* Whether what was written is of the language: a value may fit an argument of one arch and not of another. */
static int reads_back(const struct export *export, bool *ret_reads)
{
	const struct buf *text = &export->text;
	struct callgate_policy *policy = NULL;
	int status = CALLGATE_E_NOMEM;

	if (!text->failed)
		status = callgate_policy_parse("the policy", buf_text(text), text->length, NULL, &policy, NULL);
	callgate_policy_free(policy);
	if (status == CALLGATE_E_NOMEM)
		return fail_nomem(export->err);
	*ret_reads = status == CALLGATE_OK;
	return CALLGATE_OK;
}

int export_policy(struct export *export)
{
	bool reads = false;
	int status;

	if (export->subject->policy && policy_is_uniform(export->subject->policy->policy)) {
		print_policy(&export->text, export->subject->policy->policy);
		return CALLGATE_OK;
	}
	status = write_policy(export, false);
	if (!status)
		status = reads_back(export, &reads);
	if (status || reads)
		return status;
	buf_fini(&export->text);
	export->text = (struct buf){ 0 };
	return write_policy(export, true);
}
