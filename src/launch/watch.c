/*
 * One thread waits for two things, signals to hand on and children to look at. All of them are blocked and taken one
 * by one with sigtimedwait, SIGCHLD among them: no handler runs, nothing is interrupted, nothing is lost.
 *
 * Beside a target that stops at every call that is dear: a signal wakes us wherever, and then there is still to ask who
 * stopped. There a second thread takes the signals, and this one sleeps in wait4, which the stopping thread wakes
 * itself.
 *
 * With a session of its own the target does not get what the terminal sends: ^C, ^\ and hang-ups come to us and go to
 * its whole process group, as the terminal would have it. SIGTERM and the user signals are for the target alone.
 */
#include "launch/watch.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "kernel/pidfd.h"
#include "sandbox/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* After which a launcher looks again to whom a call failed that should not. */
#define DOUBTS_NS 10000000

/* Of numbers with a blank behind each. */
#define CHILDREN_TEXT_MAX (1 << 20)

struct watch_signal {
	int signal;
	bool to_group; /* as a terminal sends it; else to the target alone */
};

static const struct watch_signal watch_signals[] = {
	{ SIGHUP, true },  { SIGINT, true },   { SIGQUIT, true },  { SIGWINCH, true }, { SIGTSTP, true },
	{ SIGCONT, true }, { SIGTERM, false }, { SIGUSR1, false }, { SIGUSR2, false },
};

sigset_t watch_mask(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	for (size_t i = 0; i < sizeof(watch_signals) / sizeof(*watch_signals); i++)
		sigaddset(&mask, watch_signals[i].signal);
	return mask;
}

/* The pids of our children as the kernel lists them, for the caller to free; none where it does not. */
static size_t watch_children(pid_t **ret_pids)
{
	cleanup(buf_fini) struct buf text = { 0 };
	size_t count = 0, room = 0;
	char path[64];

	*ret_pids = NULL;
	snprintf(path, sizeof(path), "/proc/self/task/%ld/children", syscall(SYS_gettid));
	if (file_read(path, CHILDREN_TEXT_MAX, &text, NULL) != CALLGATE_OK)
		return 0;
	for (const char *at = buf_text(&text); (at = strchr(at, ' ')); at++)
		room++;
	*ret_pids = calloc(room + 1, sizeof(**ret_pids));
	for (const char *at = buf_text(&text); *ret_pids && count < room; at = strchr(at, ' ') + 1)
		(*ret_pids)[count++] = (pid_t)strtol(at, NULL, 10);
	return count;
}

static bool watch_has_children(void)
{
	siginfo_t info;

	return process_wait(P_ALL, 0, WEXITED | WNOHANG | WNOWAIT | __WALL, &info, NULL) == 0;
}

void watch_end(struct watch *watch)
{
	prctl(PR_SET_CHILD_SUBREAPER, watch->was_subreaper);
	if (watch->dies_with_parent)
		prctl(PR_SET_PDEATHSIG, watch->old_death_signal);
	sigaction(SIGCHLD, &watch->old_sigchld, NULL);
	sigprocmask(SIG_SETMASK, &watch->old_mask, NULL);
	free(watch->strangers);
	watch->strangers = NULL;
}

/* From here on we end with whoever started us; one that ended in between sends nothing. */
static int watch_parent(struct callgate_error *err)
{
	pid_t parent = getppid();

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return fail_errno(err, "cannot end with the process that started us");
	return getppid() == parent ? CALLGATE_OK
				   : fail(err, CALLGATE_E_UNCONFINED, "the process that started us has ended");
}

void watch_spare_children(struct watch *watch)
{
	free(watch->strangers);
	watch->strangers = NULL;
	watch->stranger_count = watch_has_children() ? watch_children(&watch->strangers) : 0;
}

int watch_begin(struct watch *watch, struct callgate_error *err)
{
	int subreaper = 0, status;
	sigset_t mask = watch_mask();

	if (sigprocmask(SIG_BLOCK, &mask, &watch->old_mask) < 0)
		return fail_errno(err, "cannot block signals");
	watch_spare_children(watch);
	prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
	watch->was_subreaper = subreaper;
	prctl(PR_GET_PDEATHSIG, &watch->old_death_signal);
	/* An ignored SIGCHLD has the kernel reap children behind our back. */
	sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = SIG_DFL }, &watch->old_sigchld);
	status = prctl(PR_SET_CHILD_SUBREAPER, 1) < 0
			 ? fail_errno(err, "cannot become the reaper of the target's children")
			 : CALLGATE_OK;
	if (status == CALLGATE_OK && watch->dies_with_parent)
		status = watch_parent(err);
	if (status != CALLGATE_OK)
		watch_end(watch);
	return status;
}

bool watch_is_ending(const struct watch *watch)
{
	return __atomic_load_n(&watch->ending, __ATOMIC_ACQUIRE);
}

void watch_give_up(struct watch *watch)
{
	__atomic_store_n(&watch->ending, true, __ATOMIC_RELEASE);
	pidfd_signal(watch->target->pidfd, SIGKILL);
	/* Who waits for signals looks again. */
	kill(getpid(), SIGCHLD);
}

static void watch_step(struct watch *watch, pid_t pid)
{
	struct tracer_call call;
	int64_t result;
	enum tracer_side side = tracer_step(pid, &call, &result);

	if (side == TRACER_ENTERS)
		watch->called(watch, pid, &call);
	if (side == TRACER_RETURNS && watch->returned)
		watch->returned(watch, pid, result);
}

/* Past the point at which execve could fail it can only be ended; its registers are still those of the call. */
static bool fell_in_exec(pid_t pid, int ends)
{
	struct tracer_call call;

	return WIFSIGNALED(ends) && (WTERMSIG(ends) == SIGSEGV || WTERMSIG(ends) == SIGKILL) &&
	       tracer_call(pid, &call) && call.nr == SYS_execve;
}

/* What comes and goes with processes. */
static void watch_event(struct watch *watch, pid_t pid, enum tracer_event event)
{
	struct tracer_call call;
	int ends;

	if (event == TRACER_EXIT) {
		ends = tracer_exit_status(pid);
		if (WIFSIGNALED(ends) && WTERMSIG(ends) == SIGSYS && tracer_call(pid, &call) && watch->refused)
			watch->refused(watch, pid, &call);
		if (pid == watch->target->pid)
			watch->fell_in_exec = fell_in_exec(pid, ends);
		if (watch->exits)
			watch->exits(watch, pid);
	}
	if (event == TRACER_EXEC && watch->executed && !watch_is_ending(watch))
		watch->executed(watch, pid);
	if (event == TRACER_CHILD && watch->forked)
		watch->forked(watch, pid);
	if (event == TRACER_PARENT && watch->forked && tracer_child(pid) > 0)
		watch->forked(watch, tracer_child(pid));
}

static void watch_stopped(struct watch *watch, pid_t pid, int status)
{
	enum tracer_event event = tracer_event(status);
	enum watch_trap trap = WATCH_DELIVER;
	struct tracer_call call;

	watch_event(watch, pid, event);
	if (event == TRACER_CALL && watch->called && !watch_is_ending(watch) && tracer_call(pid, &call))
		watch->called(watch, pid, &call);
	if (event == TRACER_STEP && watch->by_step && !watch_is_ending(watch))
		watch_step(watch, pid);
	if (event == TRACER_SIGNAL && WSTOPSIG(status) == SIGSYS && watch->handled && tracer_is_trapped(pid) &&
	    tracer_call(pid, &call))
		watch->handled(watch, pid, &call);
	if (event == TRACER_SIGNAL && WSTOPSIG(status) == SIGTRAP && watch->trapped && !watch_is_ending(watch))
		trap = watch->trapped(watch, pid);
	if (watch_is_ending(watch))
		kill(pid, SIGKILL);
	if (trap == WATCH_WAIT)
		return;
	if (watch->holds && !watch->holds(watch, pid)) {
		tracer_let_go(pid, trap == WATCH_GO_ON ? 0 : status);
		return;
	}
	if (watch->by_step && (!watch->steps || watch->steps(watch, pid)))
		tracer_continue_to_step(pid, trap == WATCH_GO_ON ? 0 : status);
	else
		tracer_continue(pid, trap == WATCH_GO_ON ? 0 : status);
}

bool watch_is_stranger(const struct watch *watch, pid_t pid)
{
	/* A target of a pool was there before it was one. */
	if (pid == __atomic_load_n(&watch->target->pid, __ATOMIC_ACQUIRE) || pid == watch->target->init)
		return false;
	if (watch->spares && watch->spares(watch->spares_context, pid))
		return true;
	for (size_t i = 0; i < watch->stranger_count; i++)
		if (watch->strangers[i] == pid)
			return true;
	return false;
}

static uint64_t time_since_us(struct timeval now, struct timeval before, struct timeval others)
{
	timersub(&now, &before, &now);
	if (timercmp(&now, &others, <))
		return 0;
	timersub(&now, &others, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_usec;
}

/*
 * Not what each wait told, added up: of whom we trace we are told, and so is the parent, whose own end tells it again.
 * The kernel adds to what our children used once, whoever it is.
 */
struct watch_cpu watch_ended_cpu(const struct watch *watch)
{
	struct rusage now;

	getrusage(RUSAGE_CHILDREN, &now);
	return (struct watch_cpu){
		.user_us = time_since_us(now.ru_utime, watch->before.ru_utime, watch->others.ru_utime),
		.system_us = time_since_us(now.ru_stime, watch->before.ru_stime, watch->others.ru_stime),
	};
}

/* What wait4(2) told of a child. */
static void watch_take(struct watch *watch, pid_t pid, int status, const struct rusage *usage, struct launch_end *end)
{
	if (WIFSTOPPED(status)) {
		watch_stopped(watch, pid, status);
	} else if (pid == watch->target->pid) {
		launch_end_from_status(status, usage, watch->target->started_ns, end);
		__atomic_store_n(&watch->target->pid, 0, __ATOMIC_RELEASE);
	} else if (pid == watch->target->init) {
		watch->target->init = 0;
		/* It says so when it was not alone. */
		watch->cut_off |= WIFEXITED(status) && WEXITSTATUS(status) != 0;
	} else if (!watch->is_busy && watch_is_stranger(watch, pid)) {
		timeradd(&watch->others.ru_utime, &usage->ru_utime, &watch->others.ru_utime);
		timeradd(&watch->others.ru_stime, &usage->ru_stime, &watch->others.ru_stime);
	}
}

/* Takes what children have to tell, without waiting. True while there are any. */
static bool watch_collect(struct watch *watch, struct launch_end *end)
{
	for (;;) {
		struct rusage usage;
		int status;
		pid_t pid = wait4(-1, &status, WNOHANG | __WALL, &usage);

		if (pid < 0 && errno == ECHILD)
			return false;
		watch->doubts |= pid < 0;
		if (pid <= 0)
			return true;
		watch_take(watch, pid, status, &usage, end);
	}
}

/* ^Z stops us too, so that the shell sees it; the target's group, which has no terminal, must be told in a harder
 * way. What comes after SIGCONT is handed on as that. */
static void watch_stop(struct watch *watch)
{
	kill(-watch->target->pid, SIGSTOP);
	raise(SIGSTOP);
}

static void watch_hand_on(struct watch *watch, const siginfo_t *info)
{
	if (__atomic_load_n(&watch->target->pid, __ATOMIC_ACQUIRE) <= 0) {
		/* Whoever lingers for what is left is asked to end it. */
		watch->lingers = watch->lingers && info->si_signo != SIGTERM && info->si_signo != SIGINT &&
				 info->si_signo != SIGHUP && info->si_signo != SIGQUIT;
		return;
	}
	/* Where we share the session the terminal has already told the target. */
	if (info->si_code == SI_KERNEL && getsid(watch->target->pid) == getsid(0) && info->si_signo != SIGTSTP)
		return;
	if (info->si_signo == SIGTSTP) {
		watch_stop(watch);
		return;
	}
	for (size_t i = 0; i < sizeof(watch_signals) / sizeof(*watch_signals); i++) {
		bool is_leader = getpgid(watch->target->pid) == watch->target->pid;

		if (watch_signals[i].signal == info->si_signo)
			kill(watch_signals[i].to_group && is_leader ? -watch->target->pid : watch->target->pid,
			     info->si_signo);
	}
}

/* How long a wait may last; false where nobody asks for an end. */
static bool watch_due(struct watch *watch, struct timespec *ret_wait)
{
	int64_t due = watch->due ? watch->due(watch->due_context) : -1;

	if (watch->doubts && (due < 0 || due > DOUBTS_NS))
		due = DOUBTS_NS;
	*ret_wait = (struct timespec){ .tv_sec = due / 1000000000, .tv_nsec = due % 1000000000 };
	return due >= 0;
}

/* A wait that ends without a signal is as good as one with: whoever waits looks again. */
static void watch_await_signal(struct watch *watch)
{
	siginfo_t info;
	sigset_t mask = watch_mask();
	struct timespec wait;

	if (sigtimedwait(&mask, &info, watch_due(watch, &wait) ? &wait : NULL) > 0 && info.si_signo != SIGCHLD)
		watch_hand_on(watch, &info);
}

/* Takes all signals but those of children. It can be cancelled while it waits, and only then. */
static void *watch_signals_main(void *argument)
{
	struct watch *watch = argument;
	sigset_t mask = watch_mask();
	int unused;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &unused);
	sigdelset(&mask, SIGCHLD);
	for (;;) {
		siginfo_t info;
		struct timespec wait;
		bool is_due = watch_due(watch, &wait);
		int signal;

		pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &unused);
		signal = sigtimedwait(&mask, &info, is_due ? &wait : NULL);
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &unused);
		if (signal > 0)
			watch_hand_on(watch, &info);
	}
	return NULL;
}

/* The next child that has something to tell. What the target used is reckoned up when it is about to end: the kernel
 * would do it at every stop, which is felt. */
static pid_t watch_next(const struct watch *watch, bool *ends, int *ret_status, struct rusage *ret_usage)
{
	pid_t pid = wait4(-1, ret_status, __WALL, *ends ? ret_usage : NULL);
	bool is_target = pid > 0 && pid == watch->target->pid;

	if (is_target && !WIFSTOPPED(*ret_status) && !*ends)
		getrusage(RUSAGE_CHILDREN, ret_usage);
	*ends |= is_target && tracer_event(*ret_status) == TRACER_EXIT;
	return pid;
}

/* Until the target has ended: see above. */
static int watch_busy_target(struct watch *watch, struct launch_end *end, struct callgate_error *err)
{
	struct rusage usage = { .ru_maxrss = 0 };
	bool ends = false;
	pthread_t signals;
	int status, error = pthread_create(&signals, NULL, watch_signals_main, watch);

	if (error) {
		errno = error;
		return fail_errno(err, "cannot start a thread");
	}
	while (watch->target->pid > 0) {
		pid_t pid = watch_next(watch, &ends, &status, &usage);

		if (pid < 0 && errno == ECHILD)
			break;
		if (pid > 0)
			watch_take(watch, pid, status, &usage, end);
	}
	pthread_cancel(signals);
	pthread_join(signals, NULL);
	return watch->target->pid > 0 ? fail_errno(err, "cannot wait for the target") : CALLGATE_OK;
}

/*
 * Kills our children, who have become ours as their parents died, until none is left. A traced one that forks
 * meanwhile stops for us, and is killed before it goes on: it cannot outrun this.
 */
static void watch_kill_rest(struct watch *watch)
{
	struct launch_end nobody;
	bool told = false;

	__atomic_store_n(&watch->ending, true, __ATOMIC_RELEASE);
	while (watch_collect(watch, &nobody)) {
		cleanup_free pid_t *pids = NULL;
		size_t count = watch_children(&pids);
		size_t killed = 0;

		if (watch->target->init > 0 && !told)
			told = kill(watch->target->init, INIT_END) == 0;
		watch->doubts |= watch->target->init > 0 && !told;
		for (size_t i = 0; i < count; i++)
			if (!watch_is_stranger(watch, pids[i]) && pids[i] != watch->target->init)
				killed += kill(pids[i], SIGKILL) == 0;
		watch->cut_off |= killed > 0;
		if (killed == 0 && watch->target->init == 0)
			return;
		watch_await_signal(watch);
	}
}

/* Whether of all children one is the target's. */
static bool watch_has_rest(const struct watch *watch)
{
	cleanup_free pid_t *pids = NULL;
	size_t count;

	if (!watch->spares && watch->stranger_count == 0)
		return true;
	count = watch_children(&pids);
	for (size_t i = 0; i < count; i++)
		if (!watch_is_stranger(watch, pids[i]))
			return true;
	return watch->target->init > 0;
}

/* Whoever gave up ended the target alone, and the others go on until its end is seen. Where they can be told at one
 * word, they are: by its first process, or in its group. */
static void watch_hasten(const struct watch *watch)
{
	pid_t pid = watch->target->pid;

	if (watch->target->init > 0)
		kill(watch->target->init, INIT_END);
	else if (getpgid(pid) == pid && getpgid(0) != pid)
		kill(-pid, SIGKILL);
}

int watch_target(struct watch *watch, struct launch_end *ret_end, struct callgate_error *err)
{
	struct launch_end end = { 0 };
	int status;

	getrusage(RUSAGE_CHILDREN, &watch->before);
	memset(&watch->others, 0, sizeof(watch->others));
	status = watch->is_busy ? watch_busy_target(watch, &end, err) : CALLGATE_OK;
	if (status < 0)
		return status;
	while (watch->target->pid > 0) {
		if (!watch_collect(watch, &end) && watch->target->pid > 0)
			return fail_errno(err, "cannot wait for the target");
		if (watch->target->pid > 0 && watch_is_ending(watch))
			watch_hasten(watch);
		if (watch->target->pid > 0)
			watch_await_signal(watch);
	}
	if (watch->lingers && watch->target->init > 0)
		kill(watch->target->init, INIT_AWAIT_REST);
	while (watch->lingers && !watch_is_ending(watch) && watch_collect(watch, &end) && watch_has_rest(watch))
		watch_await_signal(watch);
	if (!watch->lingers || watch_is_ending(watch))
		watch_kill_rest(watch);
	*ret_end = end;
	return CALLGATE_OK;
}
