/*
 * What a process carries is known from its parent, and checked by the number of filters that the kernel says it has: a
 * child that was forked before its parent's mark has fewer than the parent had after it, and comes to the mark itself.
 */
#include "launch/phases.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "filter/filter.h"
#include "filter/subject.h"
#include "lang/lang.h"
#include "launch/why.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include <callgate/launch.h>

enum { PHASES_STATUS_MAX = 65536, PHASES_PROCESSES_MAX = 1 << 16 };

struct phase_process {
	pid_t pid;
	unsigned done;				   /* a bit a phase */
	unsigned filters_after[POLICY_PHASES_MAX]; /* how many it had when it had loaded the phase's */
	struct main_mark mark;			   /* its way to main, kept for the children that have a copy of it */
};

struct phase_status {
	pid_t tgid, parent;
	unsigned filters; /* 0 where the kernel does not say (before Linux 5.9) */
};

int phases_prepare(struct phases *phases, const struct callgate_subject *subject, uint64_t secret,
		   struct callgate_error *err)
{
	const struct callgate_filter_options options = { .has_launch_secret = true, .launch_secret = secret };
	const struct policy *policy = subject->policy ? subject->policy->policy : NULL;

	*phases = (struct phases){ .subject = subject, .secret = secret };
	for (size_t i = 0; policy && i < policy->phases.length; i++) {
		int status;

		phases->views[i] = policy_of_phase(policy, &policy->phases.items[i]);
		status = filter_from_policy(&phases->views[i], &options, &phases->filters[i], err);
		if (status < 0)
			return status;
		phases->at_main |= (unsigned)policy->phases.items[i].at_main << i;
		phases->count = i + 1;
	}
	return CALLGATE_OK;
}

void phases_fini(struct phases *phases)
{
	for (size_t i = 0; i < POLICY_PHASES_MAX; i++)
		callgate_filter_free(phases->filters[i]);
	free(phases->processes);
	explicit_bzero(phases, sizeof(*phases));
}

static long status_field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtol(at + strlen(name), NULL, 10) : 0;
}

static bool read_status(pid_t tid, struct phase_status *ret_status)
{
	cleanup(buf_fini) struct buf text = { 0 };
	struct callgate_error err;
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	if (file_read(path, PHASES_STATUS_MAX, &text, &err) < 0)
		return false;
	ret_status->tgid = (pid_t)status_field(buf_text(&text), "\nTgid:");
	ret_status->parent = (pid_t)status_field(buf_text(&text), "\nPPid:");
	ret_status->filters = (unsigned)status_field(buf_text(&text), "\nSeccomp_filters:");
	return ret_status->tgid > 0;
}

static struct phase_process *find_process(const struct phases *phases, pid_t pid)
{
	for (size_t i = 0; i < phases->process_count; i++)
		if (phases->processes[i].pid == pid)
			return &phases->processes[i];
	return NULL;
}

static struct phase_process *new_process(struct phases *phases, const struct phase_status *status)
{
	const struct phase_process *parent;
	struct phase_process process = { .pid = status->tgid };
	struct phase_process *grown = phases->process_count < PHASES_PROCESSES_MAX
					      ? realloc(phases->processes, (phases->process_count + 1) * sizeof(*grown))
					      : NULL;

	if (!grown)
		return NULL;
	phases->processes = grown;
	parent = find_process(phases, status->parent);
	if (parent)
		process.mark = parent->mark;
	for (size_t i = 0; parent && i < phases->count; i++) {
		if (!(parent->done >> i & 1) || status->filters < parent->filters_after[i])
			continue;
		process.done |= 1U << i;
		process.filters_after[i] = parent->filters_after[i];
	}
	grown[phases->process_count] = process;
	return &grown[phases->process_count++];
}

/* NULL when the thread is gone, or memory is out. */
static struct phase_process *process_of(struct phases *phases, pid_t tid, struct phase_status *ret_status)
{
	struct phase_process *process;

	if (!read_status(tid, ret_status))
		return NULL;
	process = find_process(phases, ret_status->tgid);
	if (process)
		return process;
	process = new_process(phases, ret_status);
	phases->no_memory |= !process;
	return process;
}

void phases_exit(struct phases *phases, pid_t tid)
{
	struct phase_process *process = find_process(phases, tid);

	if (process)
		*process = phases->processes[--phases->process_count];
}

static bool is_mark(const struct policy_phase *phase, const struct tracer_call *call)
{
	const struct abi_arch *arch = abi_arch_of_call(call->audit, call->nr);
	const struct abi_syscall *syscall = arch ? abi_syscall_by_nr(arch->id, call->nr) : NULL;

	if (!syscall)
		return false;
	if (phase->at_marker)
		return strcmp(syscall->name, "prctl") == 0 && (uint32_t)call->args[0] == CALLGATE_MARKER;
	if (phase->at_main)
		return false;
	return phase->at ? syscall == phase->at : abi_syscall_waits(syscall);
}

static bool phase_was_loaded(struct phases *phases, size_t index, pid_t tid, struct phase_process *process)
{
	struct phase_status status;

	if (!read_status(tid, &status))
		return false;
	process->done |= 1U << index;
	process->filters_after[index] = status.filters;
	return true;
}

static bool load_phase(struct phases *phases, size_t index, pid_t tid, struct phase_process *process)
{
	const struct policy *policy = phases->subject->policy->policy;
	size_t length;
	const struct sock_filter *insns = callgate_filter_program(phases->filters[index], &length);

	return steer_load_filter(tid, insns, length, phases->secret, policy->phases.items[index].at_marker) == 0 &&
	       phase_was_loaded(phases, index, tid, process);
}

bool phases_called(struct phases *phases, pid_t tid, const struct tracer_call *call)
{
	const struct policy *policy = phases->subject->policy->policy;
	struct phase_status status;
	struct phase_process *process = NULL;

	for (size_t i = 0; i < phases->count; i++) {
		if (!is_mark(&policy->phases.items[i], call))
			continue;
		if (!process)
			process = process_of(phases, tid, &status);
		if (!process)
			return false;
		if (process->done >> i & 1)
			continue;
		/* Another arch's call is made by another instruction. One at a time: the call comes again. */
		return call->audit == abi_arch_native()->audit && load_phase(phases, i, tid, process);
	}
	return true;
}

bool phases_executed(struct phases *phases, pid_t tid)
{
	struct phase_status status;
	struct phase_process *process;

	if (!phases->at_main)
		return true;
	process = process_of(phases, tid, &status);
	if (!process)
		return false;
	process->mark = (struct main_mark){ .main = { 0 } };
	return (process->done & phases->at_main) == phases->at_main ||
	       main_mark_begin(tid, &process->mark, &phases->err) == CALLGATE_OK;
}

void phases_forked(struct phases *phases, pid_t tid)
{
	struct phase_status status;

	if (phases->at_main)
		process_of(phases, tid, &status);
}

/* Whoever shares its memory, and does not share its filters, would pass main unseen now. */
static bool others_are_marked(const struct phases *phases, const struct phase_process *process)
{
	for (size_t i = 0; i < phases->process_count; i++) {
		const struct phase_process *other = &phases->processes[i];

		if (other != process && (other->done & phases->at_main) != phases->at_main &&
		    !main_mark_holds(other->pid, &other->mark))
			return false;
	}
	return true;
}

static bool load_phases_here(struct phases *phases, pid_t tid, struct phase_process *process)
{
	for (size_t i = 0; i < phases->count; i++) {
		size_t length;
		const struct sock_filter *insns = callgate_filter_program(phases->filters[i], &length);

		if ((phases->at_main & ~process->done) >> i & 1 &&
		    (steer_load_filter_here(tid, insns, length, phases->secret) != 0 ||
		     !phase_was_loaded(phases, i, tid, process)))
			return false;
	}
	return true;
}

enum main_mark_step phases_trapped(struct phases *phases, pid_t tid)
{
	struct phase_status status;
	struct phase_process *process = phases->at_main ? process_of(phases, tid, &status) : NULL;
	struct main_mark mark;
	enum main_mark_step step;

	if (!process)
		return phases->no_memory ? MAIN_MARK_UNKNOWN : MAIN_MARK_NOT_HERE;
	if ((process->done & phases->at_main) == phases->at_main)
		return MAIN_MARK_NOT_HERE;
	/* Children that were made before still have a copy of it in their memory. */
	mark = process->mark;
	step = main_mark_trapped(tid, &mark, &phases->err);
	if (step == MAIN_MARK_COMING)
		process->mark = mark;
	if (step != MAIN_MARK_REACHED || (load_phases_here(phases, tid, process) && others_are_marked(phases, process)))
		return step;
	return MAIN_MARK_UNKNOWN;
}

bool phases_hold(struct phases *phases, pid_t tid)
{
	struct phase_status status;
	const struct phase_process *process = process_of(phases, tid, &status);

	return !process || (process->done & phases->at_main) != phases->at_main;
}

bool phases_are_pending(struct phases *phases, pid_t tid)
{
	unsigned calls = ((1U << phases->count) - 1) & ~phases->at_main;
	struct phase_status status;
	const struct phase_process *process = calls ? process_of(phases, tid, &status) : NULL;

	/* Of a process that is not known nothing is taken for done. */
	return calls && (!process || (process->done & calls) != calls);
}

bool phases_why(struct phases *phases, pid_t tid, const struct tracer_call *call, struct callgate_explanation *ret_why)
{
	struct phase_status status;
	const struct phase_process *process = phases->count ? process_of(phases, tid, &status) : NULL;

	for (size_t i = 0; process && i < phases->count; i++) {
		struct callgate_explanation why;

		if (!(process->done >> i & 1) ||
		    why_policy(phases->subject, &phases->views[i], call, &why, NULL) != CALLGATE_OK ||
		    !callgate_action_overrides(why.action,
					       (struct callgate_action){ SECCOMP_RET_ERRNO | SECCOMP_RET_DATA }))
			continue;
		*ret_why = why;
		return true;
	}
	return false;
}
