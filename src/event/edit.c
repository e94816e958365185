/*
 * The smallest edit: one rule that holds of the refused call, constrained as `learn` would from having seen it once,
 * and put before what decided. What it opens is asked of the policy with that rule in it: the holes that `check` finds
 * then and does not find now. Texts are not touched; an edit that would not let the call pass is not proposed.
 */
#include "event/event.h"

#include "abi/abi.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "check/check.h"
#include "diagram/meaning.h"
#include "filter/subject.h"
#include "lang/lang.h"
#include "lang/print.h"
#include "policy/broker.h"
#include "policy/terms.h"

#include <stdio.h>
#include <string.h>

struct editing {
	const struct policy *policy;
	struct policy_call call;
	const struct abi_arch *arch;
	const struct abi_syscall *syscall;
	struct arena arena;
	size_t before;	      /* the rule's index that the new one comes to stand at */
	struct policy edited; /* borrows all but its rules */
	struct policy_name name;
};

static void editing_fini(struct editing *editing)
{
	arena_fini(&editing->arena);
}

/* What the call came to, and where among the rules that was decided. */
static int find_place(struct editing *editing, struct callgate_action *ret_action, struct callgate_error *err)
{
	const struct policy_rule *rule = NULL;
	int status = policy_evaluate(editing->policy, &editing->call, ret_action, &rule, err);

	editing->before = rule ? (size_t)(rule - editing->policy->rules.items) : editing->policy->rules.length;
	return status;
}

static int make_condition(struct editing *editing, const struct policy_condition **ret_condition,
			  struct callgate_error *err)
{
	struct term_seen seen[6];
	struct abi_arg types[6];
	unsigned count = abi_syscall_args(editing->syscall, editing->arch->id, types);
	uint64_t *values = arena_array(&editing->arena, 6, sizeof(*values));

	if (!values)
		return fail_nomem(err);
	for (unsigned i = 0; i < 6; i++) {
		values[i] = editing->call.args[i];
		if (i < count && types[i].bits < 64)
			values[i] &= (UINT64_C(1) << types[i].bits) - 1;
		seen[i] = (struct term_seen){ .values = &values[i], .count = 1 };
	}
	return term_constrain(&editing->arena, editing->syscall, editing->arch, seen, ret_condition, err);
}

/* The policy's rules with one more among them. */
static int insert_rule(struct editing *editing, const struct policy_condition *condition, struct callgate_error *err)
{
	static const struct policy_condition always = { .kind = POLICY_ALWAYS };
	const struct policy *policy = editing->policy;
	size_t length = policy->rules.length;
	struct policy_rule *rules = arena_array(&editing->arena, length + 1, sizeof(*rules));

	if (!rules)
		return fail_nomem(err);
	editing->name = (struct policy_name){ .syscall = editing->syscall };
	memcpy(rules, policy->rules.items, editing->before * sizeof(*rules));
	rules[editing->before] = (struct policy_rule){ .action = { .kind = POLICY_ALLOW },
						       .names = &editing->name,
						       .name_count = 1,
						       .condition = condition ? condition : &always,
						       .position = { .file = "" } };
	memcpy(rules + editing->before + 1, policy->rules.items + editing->before,
	       (length - editing->before) * sizeof(*rules));
	editing->edited = *policy;
	editing->edited.rules.items = rules;
	editing->edited.rules.length = editing->edited.rules.capacity = length + 1;
	return CALLGATE_OK;
}

static void report_close(struct callgate_report **report)
{
	callgate_report_free(*report);
}

static int find_holes(const struct policy *policy, struct callgate_report **ret_report, struct callgate_error *err)
{
	cleanup(subject_diagram_free) struct diagram *diagram = diagram_new(0);
	struct check_subject parts = { .policy = policy, .compiled = true, .diagram = diagram };
	int status;

	if (!diagram)
		return fail_nomem(err);
	status = diagram_from_policy(diagram, policy, &parts.root, err);
	return status ? status : check_report_new(&parts, ret_report, err);
}

/* A hole is the same when the same call goes through it, whichever of what is refused it is told of. */
static bool has_finding(const struct callgate_report *report, const struct callgate_finding *finding)
{
	for (size_t i = 0; i < callgate_report_count(report); i++) {
		const struct callgate_finding *other = callgate_report_at(report, i);

		if (strcmp(other->rule, finding->rule) == 0 &&
		    (strcmp(other->detail, finding->detail) == 0 || strcmp(other->witness, finding->witness) == 0))
			return true;
	}
	return false;
}

/* Where the same call stays shut on this arch, it opens on others too. */
static void add_arches(const struct editing *editing, struct buf *text)
{
	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++)
		if (editing->policy->arches[arch] && arch != editing->arch->id && editing->syscall->nr[arch] >= 0)
			buf_printf(text, "%sthe same call of %s", text->length ? "\n" : "", abi_arch(arch)->name);
}

/* Two calls may go through one hole, of which one line tells. */
static void add_finding(const struct callgate_finding *finding, struct buf *text)
{
	cleanup(buf_fini) struct buf line = { 0 };
	const char *at = buf_text(text);

	buf_printf(&line, "%s: %s", finding->rule, finding->detail);
	text->failed |= line.failed;
	while (!line.failed && (at = strstr(at, buf_text(&line)))) {
		if ((at == buf_text(text) || at[-1] == '\n') && (at[line.length] == '\n' || !at[line.length]))
			return;
		at++;
	}
	buf_printf(text, "%s%s", text->length ? "\n" : "", buf_text(&line));
}

static int list_opened(const struct editing *editing, bool is_wide, struct buf *text, struct callgate_error *err)
{
	cleanup(report_close) struct callgate_report *before = NULL, *after = NULL;
	int status = find_holes(editing->policy, &before, err);

	if (!status)
		status = find_holes(&editing->edited, &after, err);
	if (status)
		return status;
	if (is_wide)
		buf_printf(text, "every %s, whatever its arguments", editing->syscall->name);
	add_arches(editing, text);
	for (size_t i = 0; i < callgate_report_count(after); i++) {
		const struct callgate_finding *finding = callgate_report_at(after, i);

		if (finding->severity != CALLGATE_INFO && finding->witness[0] && !has_finding(before, finding))
			add_finding(finding, text);
	}
	return text->failed ? fail_nomem(err) : CALLGATE_OK;
}

static void spell_rule(const struct editing *editing, const struct policy_condition *condition, struct buf *text)
{
	buf_printf(text, "allow %s", editing->syscall->name);
	if (!condition)
		return;
	buf_puts(text, " if ");
	print_condition(text, condition);
}

static int propose(struct editing *editing, struct callgate_edit *ret_edit, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf rule = { 0 }, opens = { 0 };
	const struct policy_condition *condition = NULL;
	const struct policy_rule *behind =
		editing->before < editing->policy->rules.length ? &editing->policy->rules.items[editing->before] : NULL;
	struct callgate_action action;
	const struct policy_rule *decides;
	int status = make_condition(editing, &condition, err);

	if (!status)
		status = insert_rule(editing, condition, err);
	if (!status)
		status = policy_evaluate(&editing->edited, &editing->call, &action, &decides, err);
	if (status)
		return status;
	spell_rule(editing, condition, &rule);
	if (!callgate_action_permits(action) || rule.length >= sizeof(ret_edit->rule))
		return CALLGATE_OK;
	status = list_opened(editing, !condition && editing->syscall->arg_count, &opens, err);
	if (status || rule.failed)
		return status ? status : fail_nomem(err);
	snprintf(ret_edit->rule, sizeof(ret_edit->rule), "%s", buf_text(&rule));
	snprintf(ret_edit->opens, sizeof(ret_edit->opens), "%s", buf_text(&opens));
	snprintf(ret_edit->file, sizeof(ret_edit->file), "%s",
		 behind && behind->position.file ? behind->position.file : "");
	ret_edit->line = behind ? behind->position.line : 0;
	return CALLGATE_OK;
}

/* Whether it is refused by a broker rule that no clause can widen: `once`, `own-children`. */
static bool asks_for_no_clause(const struct editing *editing)
{
	const struct policy *policy = editing->policy;
	const struct policy_broker *broker =
		editing->before < policy->rules.length ? policy->rules.items[editing->before].broker : NULL;

	return broker && !policy_broker_has_clauses(broker->kind);
}

int callgate_edit_find(const struct callgate_subject *subject, const struct callgate_refusal *refusal,
		       struct callgate_edit *ret_edit, struct callgate_error *err)
{
	cleanup(editing_fini) struct editing editing = { .arch = abi_arch_by_name(refusal->arch),
							 .syscall = abi_syscall_by_name(refusal->syscall) };
	struct callgate_edit edit = { 0 };
	struct callgate_action action;
	int status;

	if (subject->kind != CALLGATE_SUBJECT_POLICY || !editing.arch || !editing.syscall || !refusal->has_args) {
		*ret_edit = edit;
		return CALLGATE_OK;
	}
	editing.policy = subject->policy->policy;
	editing.call = (struct policy_call){ .audit = editing.arch->audit, .nr = refusal->nr, .ip = refusal->ip };
	memcpy(editing.call.args, refusal->args, sizeof(editing.call.args));
	status = find_place(&editing, &action, err);
	if (!status && (callgate_action_refuses(action) || asks_for_no_clause(&editing)) &&
	    !policy_is_foreign(editing.policy, editing.call.audit, editing.call.nr))
		status = propose(&editing, &edit, err);
	if (!status)
		*ret_edit = edit;
	return status;
}
