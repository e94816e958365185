/*
 * What a program needs no more once it has come to its main, or first waits for work: the rules of the first part
 * again, less the calls that were seen only before. What was started by somebody who has come so far starts under that
 * part; where that was seen, there is no such part.
 */
#include "learn/parts.h"

#include "base/error.h"

#include <string.h>

struct parts {
	const struct subjects *subjects;
	const struct evidence *evidence;
	struct policy *policy;
	struct callgate_error *err;
};

/* A second part of what is learned: what was seen from a phase on. */
struct part {
	const char *name;
	enum evidence_phase from;
	bool at_main;
};

static bool entry_comes_in(const struct evidence_entry *entry, const struct part *part)
{
	for (unsigned i = part->from; i < EVIDENCE_PHASE_COUNT; i++)
		if (entry->phases[i])
			return true;
	return false;
}

/* What was seen of a name of a rule; of a clone that stands for clone3, of that. NULL: nothing. */
static const struct subject *parts_find(const struct parts *parts, const struct abi_syscall *syscall)
{
	const struct subject *subject = subjects_find(parts->subjects, syscall->name);

	if (!subject && strcmp(syscall->name, "clone") == 0)
		subject = subjects_find(parts->subjects, "clone3");
	return subject;
}

/* Whether a name of a rule was seen from the mark on; what nobody saw stays where it is allowed at all. */
static bool name_comes_in(const struct parts *parts, const struct abi_syscall *syscall, const struct part *part)
{
	const struct subject *subject = parts_find(parts, syscall);

	return !subject || subject_is_in_any_run(subject) || subject->foreign ||
	       (subject->native && entry_comes_in(subject->native, part));
}

/* The rule without those that were made only before; ret_less: there were some. */
static int part_add_rule(const struct parts *parts, const struct part *part, struct policy_phase *phase,
			 const struct policy_rule *rule, bool *ret_less)
{
	struct policy_name *names = arena_array(&parts->policy->arena, rule->name_count, sizeof(*names));
	struct policy_rule left = *rule;

	if (!names)
		return fail_nomem(parts->err);
	left.names = names;
	left.name_count = 0;
	/* A phase cannot ask a supervisor; what it allows, the first part still asks for. */
	if (rule->action.kind == POLICY_NOTIFY)
		left.action.kind = POLICY_ALLOW;
	for (size_t i = 0; i < rule->name_count; i++)
		if (name_comes_in(parts, rule->names[i].syscall, part))
			names[left.name_count++] = rule->names[i];
	*ret_less |= left.name_count < rule->name_count;
	if (left.name_count && !VEC_PUSH(&parts->policy->arena, &phase->rules, left))
		return fail_nomem(parts->err);
	return CALLGATE_OK;
}

/* Whether a program is started by another that has come so far: it would start under the second part. */
static bool parts_exec_in(const struct parts *parts, const struct part *part)
{
	static const char *const names[] = { "execve", "execveat" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct subject *subject = subjects_find(parts->subjects, names[i]);

		if (subject && subject->native && entry_comes_in(subject->native, part))
			return true;
	}
	return false;
}

/* Whether it is known what came behind the mark: some did, and of no run it is unknown where main was. */
static bool parts_know(const struct parts *parts, const struct part *part)
{
	const struct evidence *evidence = parts->evidence;
	bool comes = false;

	for (size_t i = 0; part->at_main && i < evidence->run_list.length; i++)
		if (!evidence->run_list.items[i].has_main)
			return false;
	for (size_t i = 0; i < parts->subjects->list.length; i++) {
		const struct evidence_entry *native = parts->subjects->list.items[i].native;

		comes |= native && entry_comes_in(native, part);
	}
	return comes;
}

/* A second part, where some program came so far: the rules again, less what was made only before. */
static int parts_add_one(const struct parts *parts, const struct part *part)
{
	struct policy *policy = parts->policy;
	struct policy_phase phase = { .name = part->name, .at_main = part->at_main, .has_default = true };
	bool is_less = false;
	int status = CALLGATE_OK;

	if (!parts_know(parts, part) || parts_exec_in(parts, part))
		return CALLGATE_OK;
	phase.default_action.kind = POLICY_KILL_PROCESS;
	for (size_t i = 0; status == CALLGATE_OK && i < policy->rules.length; i++)
		status = part_add_rule(parts, part, &phase, &policy->rules.items[i], &is_less);
	if (status == CALLGATE_OK && is_less && !VEC_PUSH(&parts->policy->arena, &policy->phases, phase))
		status = fail_nomem(parts->err);
	return status;
}

int parts_add(const struct subjects *subjects, const struct evidence *evidence, struct policy *policy,
	      struct callgate_error *err)
{
	static const struct part all[] = { { "running", EVIDENCE_MAIN, true }, { "serving", EVIDENCE_SERVE, false } };
	const struct parts parts = { subjects, evidence, policy, err };
	int status = CALLGATE_OK;

	for (size_t i = 0; status == CALLGATE_OK && i < sizeof(all) / sizeof(*all); i++)
		status = parts_add_one(&parts, &all[i]);
	return status;
}
