/*
 * From a subject and a program to its end: compile the filter with a door of its own, choose the environment, start,
 * stay beside it, explain what was refused.
 *
 * The target is traced for the sake of the message alone. Where that would get in its way (a policy that lets it use
 * ptrace itself) or is not allowed, the target runs all the same, and a refusal is told as the signal that it ends in.
 */
#include "abi/abi.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "broker/broker.h"
#include "event/event.h"
#include "filter/subject.h"
#include "kernel/notify.h"
#include "lang/lang.h"
#include "launch/decode.h"
#include "launch/environment.h"
#include "launch/hold.h"
#include "launch/limit.h"
#include "launch/listen.h"
#include "launch/phases.h"
#include "launch/run.h"
#include "launch/supervise.h"
#include "launch/tell.h"
#include "launch/watch.h"
#include "launch/why.h"
#include "sandbox/limits.h"

#include <callgate/filter.h>
#include <callgate/launch.h>

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

struct run_target {
	const struct callgate_subject *subject;
	const struct callgate_run_options *options;
	struct callgate_pool *pool; /* NULL: none */
	struct callgate_run_report *report;
	struct run_filter filter;
	const char **environment;
	struct watch watch;
	struct limit limit;
	struct hold_end hold; /* what kept it from being started */
	struct supervise supervise;
	struct listen listen; /* where refusals are watched */
	struct tell tell;
	struct phases phases;
	bool lets_go;	   /* it is traced until its main begins, and no longer */
	bool phase_failed; /* a filter could not be stacked at its mark */
};

static void run_fini(struct run_target *run)
{
	supervise_end(&run->supervise);
	listen_end(&run->listen);
	tell_fini(&run->tell);
	run_filter_fini(&run->filter);
	phases_fini(&run->phases);
	free(run->environment);
}

void run_filter_fini(struct run_filter *filter)
{
	if (filter->insns)
		explicit_bzero(filter->insns, filter->insn_count * sizeof(*filter->insns));
	free(filter->insns);
	explicit_bzero(filter, sizeof(*filter));
}

void run_prepared_fini(struct run_prepared *prepared)
{
	launch_start_free(prepared->start);
	run_filter_fini(&prepared->filter);
	prepared->start = NULL;
}

/* Whether the filter can ask a supervisor. */
static bool run_notifies(const struct sock_filter *insns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (insns[i].code == (BPF_RET | BPF_K) &&
		    (insns[i].k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF)
			return true;
	return false;
}

static bool run_is_watched(const struct callgate_run_options *options)
{
	return options->watch != CALLGATE_WATCH_ENDS;
}

bool run_wants_listener(const struct callgate_subject *subject, const struct callgate_run_options *options)
{
	return (options && run_is_watched(options)) || (subject->policy && broker_is_needed(subject->policy->policy));
}

static void filter_free(struct callgate_filter **filter)
{
	callgate_filter_free(*filter);
}

/* With the calls that are watched, or NULL. */
static int filter_make(const struct callgate_subject *subject, const struct filter_watch *watch,
		       struct run_filter *ret_filter, struct callgate_error *err)
{
	cleanup(filter_free) struct callgate_filter *compiled = NULL;
	struct callgate_filter_options options = { .has_launch_secret = true };
	struct run_filter filter = { .subject = subject };
	const struct sock_filter *insns;
	int status = launch_secret(&options.launch_secret, err);

	if (status == CALLGATE_OK)
		status = watch ? filter_compile_watched(subject, &options, watch, &compiled, err)
			       : callgate_subject_compile(subject, &options, &compiled, err);
	filter.secret = options.launch_secret;
	explicit_bzero(&options, sizeof(options));
	if (status != CALLGATE_OK)
		return status;
	insns = callgate_filter_program(compiled, &filter.insn_count);
	filter.insns = malloc(filter.insn_count * sizeof(*insns));
	if (!filter.insns)
		return fail_nomem(err);
	/* It holds the secret; the copy is wiped by whoever loads it. */
	memcpy(filter.insns, insns, filter.insn_count * sizeof(*insns));
	*ret_filter = filter;
	return CALLGATE_OK;
}

int run_filter_make(const struct callgate_subject *subject, struct run_filter *ret_filter, struct callgate_error *err)
{
	return filter_make(subject, NULL, ret_filter, err);
}

/* The filter, unless that is made, and those of the phases, which have the same door. */
static int run_compile(struct run_target *run, struct launch_spec *spec, struct callgate_error *err)
{
	const struct filter_watch *watch = run_is_watched(run->options) ? &run->listen.watch : NULL;
	bool is_made = run->filter.subject == run->subject && !watch;
	int status = is_made ? CALLGATE_OK : filter_make(run->subject, watch, &run->filter, err);

	if (status == CALLGATE_OK)
		status = phases_prepare(&run->phases, run->subject, run->filter.secret, err);
	if (status != CALLGATE_OK)
		return status;
	spec->insns = run->filter.insns;
	spec->insn_count = run->filter.insn_count;
	spec->secret = run->filter.secret;
	spec->trace_execs = run->phases.count > 0;
	spec->want_listener = run_notifies(spec->insns, spec->insn_count);
	if (spec->want_listener && !run->supervise.notify) {
		status = fail(err, CALLGATE_E_UNSUPPORTED, "'%s' leaves calls to a supervisor, and there is none",
			      callgate_subject_name(run->subject));
		error_hint(err, "only a policy's `notify` rules say who answers: callgate-policy(5)");
		return status;
	}
	if (spec->want_listener)
		spec->filter_flags = notify_filter_flags();
	return CALLGATE_OK;
}

static bool action_lets_pass(struct callgate_action action)
{
	unsigned kind = action.ret & SECCOMP_RET_ACTION_FULL;

	return kind == SECCOMP_RET_ALLOW || kind == SECCOMP_RET_LOG;
}

/* Whether a rule is there to let the target trace others, or its parent trace it: a process has but one tracer. What
 * passes by default, with all else, is not meant so. */
static bool run_may_trace(const struct callgate_subject *subject)
{
	static const unsigned requests[] = { PTRACE_TRACEME, PTRACE_ATTACH, PTRACE_SEIZE };
	const struct abi_arch *arch = abi_arch_native();

	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		struct tracer_call call = { .audit = arch->audit, .nr = SYS_ptrace, .args = { requests[i] } };
		struct callgate_explanation why;

		if (why_call(subject, &call, &why, NULL) != CALLGATE_OK ||
		    (why.by_rule && action_lets_pass(why.action)))
			return true;
	}
	return false;
}

/* Who keeps the terminal can type into it what its user will be taken to have typed, unless the policy says no. */
static int run_check_terminal(const struct callgate_subject *subject, struct callgate_error *err)
{
	struct tracer_call call = { .audit = abi_arch_native()->audit, .nr = SYS_ioctl, .args = { 0, TIOCSTI } };
	struct callgate_explanation why;
	int status;

	if (why_call(subject, &call, &why, NULL) == CALLGATE_OK && !action_lets_pass(why.action))
		return CALLGATE_OK;
	status = fail(err, CALLGATE_E_UNCONFINED,
		      "with the terminal, the target could type into it: the policy allows TIOCSTI");
	error_hint(err, "`errno EPERM ioctl if request in {TIOCSTI, TIOCLINUX}` before what allows ioctl");
	return status;
}

static const char *run_why_untraced(const struct run_target *run)
{
	if (run->options->no_trace)
		return "tracing was declined";
	if (run_may_trace(run->subject))
		return "a rule lets the target use ptrace, and a process has but one tracer";
	return "";
}

static bool action_ends_process(struct callgate_action action)
{
	unsigned kind = action.ret & SECCOMP_RET_ACTION_FULL;

	return kind == SECCOMP_RET_KILL_PROCESS || kind == SECCOMP_RET_KILL_THREAD || kind == SECCOMP_RET_TRAP;
}

/* Of a stopped thread, for a reason that is known. */
static void run_tell(struct run_target *run, pid_t pid, const struct tracer_call *call, enum callgate_outcome outcome,
		     const struct callgate_explanation *why)
{
	struct callgate_event event = { .kind = CALLGATE_EVENT_REFUSED };
	struct callgate_refusal *refusal = &event.refusal;
	cleanup(buf_fini) struct buf text = { 0 };

	refusal->explanation = *why;
	refusal->time_ns = event_now();
	refusal->outcome = outcome;
	refusal->seen_by = CALLGATE_SEEN_AT_EXIT;
	refusal->ip = call->ip;
	event_name_call(call->audit, call->nr, call->args, refusal);
	event_origin(pid, refusal);
	refusal->has_registers = tracer_registers(pid, refusal->registers);
	decode_call(&text, pid, call);
	snprintf(refusal->call, sizeof(refusal->call), "%s", buf_text(&text));
	tell_event(&run->tell, &event);
}

static void run_refused(struct watch *watch, pid_t pid, const struct tracer_call *call)
{
	struct run_target *run = watch->context;
	struct callgate_explanation why;

	/* The other threads of a killed process end with its signal too, in the middle of calls that pass. */
	if (why_call(run->subject, call, &why, NULL) == CALLGATE_OK &&
	    (action_ends_process(why.action) || phases_why(&run->phases, pid, call, &why)))
		run_tell(run, pid, call, CALLGATE_OUTCOME_ENDED, &why);
}

/* A trap that the target takes care of: one that nobody handles ends it, and is told then. */
static void run_handled(struct watch *watch, pid_t pid, const struct tracer_call *call)
{
	struct run_target *run = watch->context;
	struct callgate_explanation why;

	if (why_call(run->subject, call, &why, NULL) == CALLGATE_OK &&
	    (why.action.ret & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRAP)
		run_tell(run, pid, call, CALLGATE_OUTCOME_FAILED, &why);
}

static void run_heard(const struct callgate_event *event, void *context)
{
	struct run_target *run = context;

	tell_event(&run->tell, event);
}

static void run_give_up(struct watch *watch)
{
	((struct run_target *)watch->context)->phase_failed = true;
	watch_give_up(watch);
}

static void run_called(struct watch *watch, pid_t pid, const struct tracer_call *call)
{
	if (!phases_called(&((struct run_target *)watch->context)->phases, pid, call))
		run_give_up(watch);
}

static void run_executed(struct watch *watch, pid_t pid)
{
	if (!phases_executed(&((struct run_target *)watch->context)->phases, pid))
		run_give_up(watch);
}

static void run_forked(struct watch *watch, pid_t pid)
{
	phases_forked(&((struct run_target *)watch->context)->phases, pid);
}

static enum watch_trap run_trapped(struct watch *watch, pid_t pid)
{
	enum main_mark_step step = phases_trapped(&((struct run_target *)watch->context)->phases, pid);

	if (step == MAIN_MARK_UNKNOWN)
		run_give_up(watch);
	if (step == MAIN_MARK_REACHED && ((struct run_target *)watch->context)->lets_go)
		tracer_interrupt_all(pid);
	if (step == MAIN_MARK_LEFT)
		return WATCH_WAIT;
	return step == MAIN_MARK_NOT_HERE ? WATCH_DELIVER : WATCH_GO_ON;
}

static bool run_holds(struct watch *watch, pid_t pid)
{
	return phases_hold(&((struct run_target *)watch->context)->phases, pid);
}

static bool run_steps(struct watch *watch, pid_t pid)
{
	return phases_are_pending(&((struct run_target *)watch->context)->phases, pid);
}

static void run_exits(struct watch *watch, pid_t pid)
{
	phases_exit(&((struct run_target *)watch->context)->phases, pid);
}

/* What is to be done at the marks of the policy's phases. */
static void run_watch_phases(struct run_target *run)
{
	if (!run->phases.count)
		return;
	run->watch.by_step = true;
	run->watch.called = run_called;
	run->watch.steps = run_steps;
	run->watch.exits = run_exits;
	run->watch.executed = run_executed;
	run->watch.forked = run_forked;
	run->watch.trapped = run_trapped;
	run->watch.holds = run->lets_go ? run_holds : NULL;
}

static int run_check_phases(const struct run_target *run, bool is_traced, struct callgate_error *err)
{
	int status;

	if (run->phase_failed && run->phases.err.status != CALLGATE_OK) {
		if (err)
			*err = run->phases.err;
		return run->phases.err.status;
	}
	if (run->phase_failed)
		return fail(err, CALLGATE_E_UNCONFINED,
			    "the target could not be made to load the filter of a phase, and was ended");
	if (!run->phases.count || is_traced)
		return CALLGATE_OK;
	status = fail(err, CALLGATE_E_UNCONFINED,
		      "the policy has phases, and the target cannot be traced to their marks%s%s",
		      run->report->untraced[0] ? ": " : "", run->report->untraced);
	error_hint(err, "take the phases out, or what keeps it from being traced");
	return status;
}

/* Who was ended by us for a call ended as by its filter, whatever the signal was. */
static void run_report_end(struct callgate_run_report *report, struct launch_end *end, bool ended_for_call)
{
	if (ended_for_call && end->signalled && end->status == SIGKILL)
		end->status = SIGSYS;
	report->signalled = end->signalled;
	report->status = end->status;
	report->exit_status = launch_end_status(end);
	report->wall_ns = end->wall_ns;
	report->user_us = end->user_us;
	report->system_us = end->system_us;
	report->max_rss_kib = end->max_rss_kib;
}

static void run_report_ground(struct callgate_run_report *report, const struct launch_target *target)
{
	report->traced = target->traced && !report->untraced[0];
	report->enforced |= target->enforced;
	report->degraded = target->degraded;
	snprintf(report->weaker, sizeof(report->weaker), "%s", target->weaker);
}

/* A filter that only tells confines nothing, or only by what it had before. */
static void run_report_watch(struct callgate_run_report *report, enum callgate_watch watch)
{
	size_t length = strlen(report->weaker);

	if (watch < CALLGATE_WATCH_OBSERVE)
		return;
	report->degraded |= CALLGATE_GROUND_SECCOMP;
	snprintf(report->weaker + length, sizeof(report->weaker) - length,
		 "%swhat the policy %srefuses is observed only", length ? "; " : "",
		 watch == CALLGATE_WATCH_STAGED ? "newly " : "");
}

static int run_answer(struct run_target *run, int listener, struct callgate_error *err)
{
	struct callgate_notify_handler handler;
	int status;

	if (!run_is_watched(run->options))
		return supervise_start(&run->supervise, listener, NULL, err);
	run->listen.tell = run_heard;
	run->listen.context = run;
	run->listen.broker = run->supervise.broker;
	status = listen_start(&run->listen, err);
	handler = listen_handler(&run->listen);
	return status == CALLGATE_OK ? supervise_start(&run->supervise, listener, &handler, err) : status;
}

static int run_fail_room(const char *program, struct callgate_error *err)
{
	int status = fail(err, CALLGATE_E_NOT_EXECUTABLE, "cannot execute '%s': its limits leave it no room", program);

	error_hint(err, "--rlimit as, data or stack, --memory");
	return status;
}

/* From its first instruction to its last. */
static int run_beside(struct run_target *run, struct launch_target *target, struct callgate_error *err)
{
	struct launch_end end;
	int pid = target->pid, status = limit_start(&run->limit, err);

	if (status == CALLGATE_OK && target->listener >= 0)
		status = run_answer(run, target->listener, err);
	if (status == CALLGATE_OK && run->options->started)
		run->options->started(target->pid, run->options->context);
	if (status == CALLGATE_OK)
		status = watch_target(&run->watch, &end, err);
	if (status == CALLGATE_OK)
		status = run_check_phases(run, true, err);
	if (status == CALLGATE_OK && run->watch.fell_in_exec && limits_room(run->options->sandbox))
		status = run_fail_room(run->options->argv[0], err);
	if (status != CALLGATE_OK)
		return status;
	/* All is told before the end is. */
	supervise_stop(&run->supervise);
	listen_end(&run->listen);
	run_report_end(run->report, &end, run->listen.ended == pid);
	limit_report(&run->limit, &end, run->report);
	return CALLGATE_OK;
}

static bool run_spares(void *pool, pid_t pid)
{
	return pool_has(pool, pid);
}

static bool run_is_held(const struct run_target *run)
{
	return run->hold.signal || run->hold.late;
}

/* It was never started, and is told as one that was ended before it did anything. */
static void run_report_held(struct run_target *run)
{
	struct launch_end end = { .signalled = true, .status = run->hold.late ? SIGKILL : run->hold.signal };

	if (run->hold.late)
		run->limit.hit = CALLGATE_LIMIT_WALL_TIME;
	run->report->enforced = 0;
	snprintf(run->report->weaker, sizeof(run->report->weaker), "the program was not started");
	run_report_end(run->report, &end, false);
	limit_report(&run->limit, &end, run->report);
}

/*
 * The target prepares itself while its filter is made; but one whose calls a supervisor answers is cloned in another
 * way, which only its filter tells.
 */
static int run_spawn(struct run_target *run, struct launch_spec *spec, struct run_prepared *prepared,
		     struct launch_target *target, struct callgate_error *err)
{
	int status = CALLGATE_OK;

	spec->gated = prepared->start != NULL;
	if (!prepared->start && !run->supervise.notify)
		status = launch_begin(spec, &prepared->start, err);
	if (status == CALLGATE_OK)
		status = run_compile(run, spec, err);
	if (status == CALLGATE_OK)
		status = run_check_phases(run, spec->trace || spec->dry_run, err);
	if (status == CALLGATE_OK && !spec->dry_run)
		status = hold_await(spec->sandbox, prepared->start, &run->hold, err);
	if (status != CALLGATE_OK || run_is_held(run))
		return status;
	run_watch_phases(run);
	return prepared->start ? launch_finish(take_ptr(prepared->start), spec, target, err)
			       : launch_spawn(spec, target, err);
}

static int run_watched(struct run_target *run, struct launch_spec *spec, struct run_prepared *prepared,
		       struct callgate_error *err)
{
	cleanup(launch_target_fini) struct launch_target target = LAUNCH_TARGET_NONE;
	int was_dumpable = prctl(PR_GET_DUMPABLE) == 1;
	int status;

	run->watch = (struct watch){ .target = &target,
				     .lingers = spec->sandbox && spec->sandbox->linger,
				     .dies_with_parent = spec->sandbox && spec->sandbox->die_with_parent,
				     .spares = run->pool ? run_spares : NULL,
				     .spares_context = run->pool,
				     .refused = run_refused,
				     .handled = run_is_watched(run->options) ? run_handled : NULL,
				     .context = run };
	status = watch_begin(&run->watch, err);
	if (status != CALLGATE_OK)
		return status;
	spec->signal_mask = &run->watch.old_mask;
	status = limit_begin(&run->limit, spec, &run->watch, err);
	if (status == CALLGATE_OK)
		status = run_spawn(run, spec, prepared, &target, err);
	if (status == CALLGATE_OK && run_is_held(run)) {
		run_report_held(run);
	} else if (status == CALLGATE_OK) {
		run_report_ground(run->report, &target);
		run_report_watch(run->report, run->options->watch);
		if (spec->trace && !target.traced)
			strcpy(run->report->untraced, "the kernel does not let us trace it");
		status = run_check_phases(run, target.traced || spec->dry_run, err);
		if (status == CALLGATE_OK && !spec->dry_run)
			status = run_beside(run, &target, err);
	}
	/* Nothing of it may run when our memory can be looked into again. */
	if (status != CALLGATE_OK || run_is_held(run)) {
		run_prepared_fini(prepared);
		launch_target_fini(&target);
	}
	prctl(PR_SET_DUMPABLE, was_dumpable);
	watch_end(&run->watch);
	launch_target_fini(&target);
	limit_end(&run->limit);
	return status;
}

static bool run_has_no_core(const struct callgate_sandbox *sandbox)
{
	const struct sandbox_limit *said = limit_of(sandbox, RLIMIT_CORE);

	return !said || said->hard == 0;
}

struct launch_spec run_ground_spec(const struct callgate_sandbox *sandbox)
{
	return (struct launch_spec){
		.sandbox = sandbox,
		.folder = sandbox ? sandbox->folder : NULL,
		.keep_fds = sandbox ? sandbox->pass_fds.items : NULL,
		.keep_fd_count = sandbox ? sandbox->pass_fds.length : 0,
		.new_session = !sandbox || !sandbox->tty,
		.die_with_parent = true,
		.no_core = !limit_of(sandbox, RLIMIT_CORE),
		/* Whoever writes a launcher's memory is out of the cage, and the target may be of the same user. */
		.hide_launcher = true,
	};
}

/* Whether ENOSYS is what the policy says to all that it does not name, and no hint to libc. */
static bool run_defaults_to_enosys(const struct callgate_subject *subject)
{
	const struct policy *policy = subject->policy ? subject->policy->policy : NULL;
	uint32_t ret = policy ? policy_action_value(&policy->default_action, abi_arch_native()->id).ret : 0;

	return ret == (SECCOMP_RET_ERRNO | ENOSYS);
}

/* How it is watched, which what keeps it from being traced has a part in. */
static int run_choose_watch(struct run_target *run, bool is_traced, struct callgate_error *err)
{
	const struct callgate_run_options *options = run->options;
	const struct callgate_subject *subject = run->subject;

	run->listen.subject = subject;
	run->listen.sites_max = options->sites_max;
	run->listen.watch =
		(struct filter_watch){ .ends = !is_traced,
				       .enosys = run_defaults_to_enosys(subject),
				       .observe = options->watch == CALLGATE_WATCH_OBSERVE,
				       .since = options->watch == CALLGATE_WATCH_STAGED ? options->since : NULL };
	if (options->watch < CALLGATE_WATCH_OBSERVE || !subject->policy || !subject->policy->policy->phases.length)
		return CALLGATE_OK;
	error_set(err, CALLGATE_E_UNSUPPORTED,
		  "a policy with phases cannot be observed only: they are stacked by the kernel");
	error_hint(err, "observe each part as a policy of its own, or take the phases out meanwhile");
	return CALLGATE_E_UNSUPPORTED;
}

/* Whether main is the mark of all its phases: then whoever traces it can let go there. */
static bool run_can_let_go(const struct callgate_subject *subject)
{
	const struct policy *policy = subject->policy ? subject->policy->policy : NULL;
	bool is_main = policy && policy->phases.length;

	for (size_t i = 0; is_main && i < policy->phases.length; i++)
		is_main = policy->phases.items[i].at_main;
	return is_main;
}

int run_subject(const struct callgate_subject *subject, const struct callgate_run_options *options,
		struct run_prepared *prepared_take, struct callgate_pool *pool, struct callgate_run_report *ret_report,
		struct callgate_error *err)
{
	cleanup(run_prepared_fini) struct run_prepared prepared = *prepared_take;
	struct callgate_run_report report = {
		.enforced = CALLGATE_GROUND_ENVIRONMENT | CALLGATE_GROUND_DEATH_SIGNAL | CALLGATE_GROUND_DESCRIPTORS |
			    CALLGATE_GROUND_NO_NEW_PRIVS | CALLGATE_GROUND_SECCOMP,
	};
	cleanup(run_fini) struct run_target run = {
		.subject = subject,
		.options = options,
		.pool = pool,
		.report = &report,
		.filter = prepared.filter,
		.tell = { .subject = subject, .options = options, .report = &report },
	};
	struct launch_spec spec = run_ground_spec(options->sandbox);
	int status = environment_choose(options, &run.environment, err);

	*prepared_take = (struct run_prepared){ .start = NULL };
	prepared.filter = (struct run_filter){ .subject = NULL };
	report.enforced |= spec.new_session ? CALLGATE_GROUND_SESSION : 0;
	report.enforced |= run_has_no_core(options->sandbox) ? CALLGATE_GROUND_CORE_LIMIT : 0;
	if (status == CALLGATE_OK && !spec.new_session)
		status = run_check_terminal(subject, err);
	snprintf(report.untraced, sizeof(report.untraced), "%s", run_why_untraced(&run));
	if (status == CALLGATE_OK)
		status = run_choose_watch(&run, !report.untraced[0], err);
	if (status == CALLGATE_OK)
		status = tell_init(&run.tell, err);
	if (status == CALLGATE_OK)
		status = supervise_prepare(&run.supervise, subject->policy ? subject->policy->policy : NULL,
					   run_is_watched(options), err);
	if (status != CALLGATE_OK)
		return status;
	spec.argv = options->argv;
	spec.envp = run.environment;
	spec.dry_run = options->dry_run;
	run.lets_go = report.untraced[0] && !options->no_trace && run_can_let_go(subject);
	spec.trace = (!report.untraced[0] || run.lets_go) && !options->dry_run;
	status = run_watched(&run, &spec, &prepared, err);
	if (status == CALLGATE_OK)
		*ret_report = report;
	return status;
}

int callgate_run(const struct callgate_subject *subject, const struct callgate_run_options *options,
		 struct callgate_run_report *ret_report, struct callgate_error *err)
{
	struct run_prepared nothing = { .start = NULL };

	return run_subject(subject, options, &nothing, NULL, ret_report, err);
}
