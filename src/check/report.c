/*
 * Findings: a rule says where in the diagram its hole lies; the witness, its action and its words are computed here
 * from that, so that no rule can claim what the filter does not do.
 */
#include "check/check.h"

#include "base/error.h"
#include "prove/prove.h"

#include <stdlib.h>
#include <string.h>

const struct check_rule check_rules[] = {
#define RULE(name, severity, kind, function, reason, remedy, where) \
	{ name, CALLGATE_##severity, CHECK_##kind, function, reason, remedy, where },
#define CHECK_EXACT	false
#define CHECK_HEURISTIC true
#include "check/rules.def"
};

const size_t check_rule_count = sizeof(check_rules) / sizeof(*check_rules);

bool check_find(struct check *check, uint32_t condition, struct diagram_input *ret_input)
{
	uint32_t nothing = diagram_terminal(check->diagram, DIAGRAM_FALSE);

	return condition != DIAGRAM_NONE && nothing != DIAGRAM_NONE &&
	       prove_witness(check->diagram, condition, nothing, ret_input);
}

static struct callgate_finding check_finding(const struct check_rule *rule)
{
	return (struct callgate_finding){
		.rule = rule->name,
		.severity = rule->severity,
		.heuristic = rule->heuristic,
		.detail = "",
		.witness = "",
		.action = "",
		.file = "",
		.reason = rule->reason,
		.remedy = rule->remedy,
		.where = rule->where,
	};
}

static bool check_fill_witness(struct check *check, const struct diagram_input *input, struct callgate_finding *finding)
{
	uint32_t value = diagram_evaluate(check->diagram, check->subject->root, input);
	struct buf text = { 0 };
	struct seccomp_data data;
	char action[64];

	prove_input_to_data(input, &data);
	prove_format_call(&data, &text);
	callgate_action_format((struct callgate_action){ value }, action, sizeof(action));
	finding->witness = arena_strdup(&check->arena, buf_text(&text));
	finding->action = arena_strdup(&check->arena, action);
	buf_fini(&text);
	return finding->witness && finding->action;
}

static void check_push(struct check *check, const struct diagram_input *witness, const struct policy_position *position,
		       const char *detail)
{
	struct callgate_finding finding = check_finding(check->rule);

	finding.detail = detail;
	if (position) {
		finding.file = arena_strdup(&check->arena, position->file);
		finding.line = position->line;
	}
	if (!detail || !finding.file || (witness && !check_fill_witness(check, witness, &finding)) ||
	    !VEC_PUSH(&check->arena, &check->findings, finding))
		check->status = CALLGATE_E_NOMEM;
}

__attribute__((format(printf, 2, 0))) static char *check_detail(struct check *check, const char *format, va_list args)
{
	struct buf text = { 0 };
	char *detail;

	buf_printf_v(&text, format, args);
	detail = text.failed ? NULL : arena_strdup(&check->arena, buf_text(&text));
	buf_fini(&text);
	return detail;
}

/* The line of a policy that decides the witness. */
static bool check_rule_position(const struct check *check, const struct diagram_input *witness,
				struct policy_position *ret_position)
{
	const struct policy_rule *rule = NULL;
	struct callgate_action action;
	struct seccomp_data data;
	struct policy_call call;

	if (!check->subject->policy)
		return false;
	prove_input_to_data(witness, &data);
	prove_exchange_halves(&data);
	call = (struct policy_call){ .audit = data.arch, .nr = (uint32_t)data.nr, .ip = data.instruction_pointer };
	memcpy(call.args, data.args, sizeof(call.args));
	if (policy_evaluate(check->subject->policy, &call, &action, &rule, NULL) < 0 || !rule)
		return false;
	*ret_position = rule->position;
	return true;
}

void check_report_at(struct check *check, const struct diagram_input *witness, const struct policy_position *position,
		     const char *detail, ...)
{
	va_list args;

	va_start(args, detail);
	check_push(check, witness, position, check_detail(check, detail, args));
	va_end(args);
}

void check_report(struct check *check, enum abi_arch_id arch, const struct abi_syscall *syscall, uint32_t nr,
		  uint32_t condition, const char *detail, ...)
{
	struct policy_position position;
	struct diagram_input witness;
	va_list args;

	if (!check_find(check, condition, &witness))
		return;
	witness.words[DIAGRAM_ARCH] = abi_arch(arch)->audit;
	witness.words[DIAGRAM_NR] = syscall ? (uint32_t)syscall->nr[arch] : nr;
	va_start(args, detail);
	check_push(check, &witness, check_rule_position(check, &witness, &position) ? &position : NULL,
		   check_detail(check, detail, args));
	va_end(args);
}

struct callgate_report {
	struct check check;
};

/* The worst first, within a severity in the order of the rules: stable, and short lists. */
static void check_sort(struct callgate_finding *findings, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct callgate_finding finding = findings[i];
		size_t j = i;

		for (; j > 0 && findings[j - 1].severity < finding.severity; j--)
			findings[j] = findings[j - 1];
		findings[j] = finding;
	}
}

int check_report_new(const struct check_subject *subject, struct callgate_report **ret_report,
		     struct callgate_error *err)
{
	struct callgate_report *report = calloc(1, sizeof(*report));
	int status;

	if (!report)
		return fail_nomem(err);
	status = check_ask(subject, &report->check, err);
	if (status < 0) {
		free(report);
		return status;
	}
	check_sort(report->check.findings.items, report->check.findings.length);
	*ret_report = report;
	return CALLGATE_OK;
}

void callgate_report_free(struct callgate_report *report)
{
	if (report)
		check_fini(&report->check);
	free(report);
}

size_t callgate_report_count(const struct callgate_report *report)
{
	return report->check.findings.length;
}

const struct callgate_finding *callgate_report_at(const struct callgate_report *report, size_t index)
{
	return index < report->check.findings.length ? &report->check.findings.items[index] : NULL;
}

const struct callgate_finding *callgate_check_rule(size_t index)
{
	static const struct callgate_finding rules[] = {
#define RULE(name, severity, kind, function, reason, remedy, where) \
	{ name, CALLGATE_##severity, CHECK_##kind, "", "", "", "", 0, reason, remedy, where },
#include "check/rules.def"
	};

	return index < sizeof(rules) / sizeof(*rules) ? &rules[index] : NULL;
}

const char *callgate_severity_name(enum callgate_severity severity)
{
	static const char *const names[] = { "info", "warning", "error" };

	return names[severity];
}
