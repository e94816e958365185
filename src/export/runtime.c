/*
 * A policy says what a program does; `run` adds to it the one door through which its own execve goes, whose secret the
 * program never learns. Container runtimes have no such door: they load the filter of a profile and make their last
 * calls under it, so that a profile of the program alone kills the runtime before the program begins. What they need is
 * a table of rules in the policy language (runtimes.def), which is read as any policy is; the meaning of both together
 * is compiled, proved and taken for the subject from there on.
 */
#include "export/runtime.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "filter/diff.h"
#include "filter/filter.h"
#include "lang/lang.h"

#include <callgate/policy.h>

#include <linux/seccomp.h>
#include <string.h>

/* Whose a row is, and when. */
enum { CRUN = 1 << 0, RUNC = 1 << 1 };
enum { ALWAYS, PRIVILEGED };

static const struct {
	unsigned runtime, when;
	const char *rules;
} rows[] = {
#define RUNTIME(runtime, when, rules, what) { runtime, when, rules },
#include "export/runtimes.def"
#undef RUNTIME
};

static const unsigned runtimes[] = {
	[CALLGATE_RUNTIME_NONE] = 0,
	[CALLGATE_RUNTIME_ANY] = CRUN | RUNC,
	[CALLGATE_RUNTIME_CRUN] = CRUN,
	[CALLGATE_RUNTIME_RUNC] = RUNC,
};

static void free_policy(struct callgate_policy **policy)
{
	callgate_policy_free(*policy);
}

static void write_rules(const struct outline *outline, const struct callgate_convert_options *options, struct buf *text)
{
	const char *before = "arch ";

	buf_printf(text, "kernel %u.%u\n", ABI_KERNEL_NEWEST >> 8, ABI_KERNEL_NEWEST & 0xff);
	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++) {
		if (!outline->arches[arch])
			continue;
		buf_printf(text, "%s%s", before, abi_arch(arch)->name);
		before = ", ";
	}
	buf_puts(text, "\ndefault kill-process\nnewer kill-process\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if ((rows[i].runtime & runtimes[options->runtime]) &&
		    (rows[i].when == ALWAYS || !options->no_new_privileges))
			buf_printf(text, "%s\n", rows[i].rules);
}

static int read_rules(const struct callgate_subject *subject, const struct callgate_convert_options *options,
		      struct callgate_policy **ret_policy, struct callgate_error *err)
{
	cleanup(arena_fini) struct arena arena = { 0 };
	cleanup(buf_fini) struct buf text = { 0 };
	struct outline outline;
	int status = outline_of(subject, &arena, &outline, err);

	if (status)
		return status;
	write_rules(&outline, options, &text);
	if (text.failed)
		return fail_nomem(err);
	return callgate_policy_parse("the runtime's calls", buf_text(&text), text.length, NULL, ret_policy, err);
}

static uint32_t admit(uint32_t subject, uint32_t rules, void *context)
{
	return rules == SECCOMP_RET_ALLOW && callgate_action_refuses((struct callgate_action){ subject }) ? rules
													  : subject;
}

static int compile(const struct callgate_subject *subject, struct diagram *diagram, uint32_t root,
		   struct callgate_subject **ret_widened, struct callgate_error *err)
{
	const struct callgate_subject_options options = { .kind = CALLGATE_SUBJECT_BPF,
							  .nodes_max = subject->nodes_max };
	cleanup(filter_free_pointer) struct callgate_filter *filter = NULL;
	int status = filter_from_diagram(diagram, root, NULL, &filter, err);

	if (status)
		return status;
	return callgate_subject_parse(subject->name, filter->program.insns,
				      filter->program.length * sizeof(*filter->program.insns), &options, ret_widened,
				      err);
}

int runtime_admit(const struct callgate_subject *subject, const struct callgate_convert_options *options,
		  struct callgate_subject **ret_widened, struct callgate_diff **ret_added, struct callgate_error *err)
{
	cleanup(subject_diagram_free) struct diagram *diagram = NULL;
	cleanup(diff_free_pointer) struct callgate_diff *added = NULL;
	cleanup(free_policy) struct callgate_policy *policy = NULL;
	struct callgate_subject *widened = NULL;
	uint32_t root, rules, both = DIAGRAM_NONE;
	int status;

	if ((size_t)options->runtime >= sizeof(runtimes) / sizeof(*runtimes))
		return fail(err, CALLGATE_E_INVALID, "%d is no runtime", (int)options->runtime);
	status = read_rules(subject, options, &policy, err);
	if (status)
		return status;
	diagram = diagram_new(subject->nodes_max);
	if (!diagram)
		return fail_nomem(err);
	status = subject_meaning(subject, NULL, diagram, &root, err);
	if (!status)
		status = filter_meaning(policy->policy, NULL, diagram, &rules, err);
	if (status)
		return status;
	both = diagram_apply(diagram, admit, NULL, root, rules);
	if (both == DIAGRAM_NONE)
		return diagram_fail(diagram, err);
	status = diff_meanings(diagram, root, both, &added, err);
	if (!status && both != root)
		status = compile(subject, diagram, both, &widened, err);
	if (status)
		return status;
	*ret_widened = widened;
	*ret_added = take_ptr(added);
	return CALLGATE_OK;
}

bool runtime_needs(const struct export *export, const struct abi_syscall *syscall)
{
	for (size_t i = 0; export->runtime && i < callgate_diff_count(export->runtime); i++)
		if (strcmp(callgate_diff_at(export->runtime, i)->syscall, syscall->name) == 0)
			return true;
	return false;
}
