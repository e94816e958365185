/*
 * Files are read and added up one by one, so that a recording that stands in two of them is noticed; then the policy is
 * made as after a single run, and read back as any policy is.
 */
#include "learn/profile.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "lang/print.h"
#include "learn/evidence_file.h"
#include "observe/program.h"
#include "policy/terms.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void callgate_profile_free(struct callgate_profile *profile)
{
	if (!profile)
		return;
	subjects_fini(&profile->subjects);
	learned_fini(&profile->learned);
	evidence_free(profile->evidence);
	free(profile->policy);
	free(profile->text);
	free(profile);
}

static void profile_discard(struct callgate_profile **profile)
{
	callgate_profile_free(*profile);
}

static void evidence_discard(struct evidence **evidence)
{
	evidence_free(*evidence);
}

static int profile_read(struct callgate_profile *profile, const char *path, struct callgate_error *err)
{
	cleanup(evidence_discard) struct evidence *one = NULL;
	int status = evidence_read(path, &one, err);

	if (status == CALLGATE_OK)
		status = evidence_merge(profile->evidence, one, err);
	if (status == CALLGATE_E_INVALID)
		error_place(err, path, 0, 0);
	return status;
}

static int profile_write(struct callgate_profile *profile, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf text = { 0 };
	int status = evidence_write(profile->evidence, &text, err);

	if (status < 0)
		return status;
	profile->text = buf_take(&text);
	return profile->text ? CALLGATE_OK : fail_nomem(err);
}

/* The text must read as a policy: what does not is our mistake. */
static int profile_check(const char *text, struct callgate_error *err)
{
	struct callgate_policy *policy;
	struct callgate_error wrong;
	int status = callgate_policy_parse("policy", text, strlen(text), NULL, &policy, &wrong);

	if (status == CALLGATE_E_NOMEM)
		return fail_nomem(err);
	if (status < 0)
		return fail(err, CALLGATE_E_UNPROVED, "the policy does not read back, line %u: %s", wrong.line,
			    wrong.message);
	callgate_policy_free(policy);
	return CALLGATE_OK;
}

int profile_make(struct callgate_profile *profile, const struct learn_wishes *wishes, struct callgate_error *err)
{
	cleanup(learned_fini) struct learned learned = { 0 };
	cleanup(buf_fini) struct buf text = { 0 };
	cleanup_free char *policy = NULL;
	int status = learn_rules_with(profile->evidence, wishes, &learned, err);

	if (status < 0)
		return status;
	learned_print(&learned, &text);
	policy = buf_take(&text);
	if (!policy)
		return fail_nomem(err);
	status = profile_check(policy, err);
	if (status < 0)
		return status;
	learned_fini(&profile->learned);
	free(profile->policy);
	profile->learned = learned;
	learned = (struct learned){ 0 };
	profile->policy = take_ptr(policy);
	return CALLGATE_OK;
}

int callgate_profile_open(const char *const *evidence, size_t count, bool phases, struct callgate_profile **ret_profile,
			  struct callgate_error *err)
{
	cleanup(profile_discard) struct callgate_profile *profile = calloc(1, sizeof(*profile));
	const struct learn_wishes wishes = { .twins = true, .phases = phases };
	int status = CALLGATE_OK;

	if (!profile || !(profile->evidence = evidence_new()))
		return fail_nomem(err);
	profile->phases = phases;
	if (count > PROFILE_FILES_MAX)
		return fail(err, CALLGATE_E_LIMIT, "more than %d files of evidence", PROFILE_FILES_MAX);
	for (size_t i = 0; status == CALLGATE_OK && i < count; i++)
		status = profile_read(profile, evidence[i], err);
	if (status == CALLGATE_OK)
		status = profile_make(profile, &wishes, err);
	if (status == CALLGATE_OK)
		status = subjects_make(profile->evidence, &profile->subjects, err);
	if (status == CALLGATE_OK)
		status = profile_write(profile, err);
	if (status == CALLGATE_OK)
		*ret_profile = take_ptr(profile);
	return status;
}

void callgate_profile_facts(const struct callgate_profile *profile, struct callgate_profile_facts *ret_facts)
{
	*ret_facts = (struct callgate_profile_facts){
		.runs = (unsigned)profile->evidence->run_list.length,
		.calls = profile->evidence->calls,
		.programs = profile->evidence->programs.length,
		.syscalls = profile->subjects.list.length + profile->subjects.unnamed.length,
		.rules = profile->learned.policy->rules.length,
		.one_out = (unsigned)profile->learned.one_out,
		.widened = profile->learned.widened,
		.reachable = profile->learned.reachable,
		.unresolved = profile->unresolved,
		.unexplained = profile->unexplained,
	};
}

void callgate_profile_program(const struct callgate_profile *profile, size_t index, const char **ret_path,
			      const char **ret_build_id)
{
	*ret_path = profile->evidence->programs.items[index]->path;
	*ret_build_id = profile->evidence->programs.items[index]->build_id;
}

bool callgate_profile_is_rebuilt(const struct callgate_profile *profile, const char *program)
{
	cleanup_fd int fd = open(program, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char now[PROGRAM_BUILD_ID_TEXT] = "";
	bool is_known = false;

	if (fd >= 0)
		program_build_id(fd, now);
	for (size_t i = 0; *now && i < profile->evidence->programs.length; i++) {
		const struct evidence_program *seen = profile->evidence->programs.items[i];

		if (strcmp(seen->path, program) != 0)
			continue;
		if (!*seen->build_id || strcmp(seen->build_id, "?") == 0 || strcmp(seen->build_id, now) == 0)
			return false;
		is_known = true;
	}
	return is_known;
}

const char *callgate_profile_policy(const struct callgate_profile *profile)
{
	return profile->policy;
}

const char *callgate_profile_evidence(const struct callgate_profile *profile)
{
	return profile->text;
}

void profile_rule_for(const struct policy_rule *rule, const struct abi_syscall *syscall, struct buf *text)
{
	print_action(text, &rule->action);
	buf_printf(text, " %s", syscall->name);
	if (rule->condition->kind == POLICY_ALWAYS)
		return;
	buf_puts(text, " if ");
	print_condition(text, rule->condition);
}

void profile_rule(const struct callgate_profile *profile, const struct abi_syscall *syscall, struct buf *text)
{
	const struct policy *policy = profile->learned.policy;

	for (size_t i = 0; i < policy->rules.length; i++) {
		if (!policy_rule_lists(&policy->rules.items[i], syscall))
			continue;
		profile_rule_for(&policy->rules.items[i], syscall, text);
		return;
	}
}

bool profile_value(struct arena *arena, const struct abi_arch *arch, const struct abi_arg *type, uint64_t value,
		   struct buf *text)
{
	const struct policy_value *named = term_value(arena, arch, type, value);

	if (named)
		print_value(text, named);
	return named != NULL;
}
