/*
 * callgate/trap.h - broker rules without a listener: the process asks for itself
 *
 * Where a program may not have a listener (another filter has it already, the kernel is older, whoever starts it
 * forbids it), the filter traps the calls that broker rules answer. A handler of SIGSYS in the same process puts each
 *to the supervisor over a socket, with the bytes and descriptors that it names, and returns what the supervisor did as
 * the call's result. The rules and what stands behind them are those of `callgate run`.
 *
 *	callgate_trap_new(policy, &trap, &err);
 *	if (fork() == 0) {
 *		… open what is needed …
 *		callgate_trap_enter(trap, &err);
 *		… work …
 *	}
 *	callgate_notify_new(NULL, &notify, &err);
 *	callgate_trap_answer(trap, notify, &err);
 *	callgate_notify_run(notify, &err);
 *
 * The handler is the process's own and holds no right: the filter lets pass what it needs (a message to the supervisor,
 * and what receives an answer) for everybody in the process. Whoever owns the process can ask what he likes, and gets
 * what the rules permit.
 *
 * What the process must not do, or be told why it dies: execute another program (it has no handler: the first call that
 * is asked about ends it), or make such a call where SIGSYS is blocked (within a signal handler that is called while
 * ppoll, pselect or sigsuspend wait with it blocked). sigaction, sigprocmask, close, dup2 and close_range are kept
 * from taking the handler or its descriptors away. Signals come through, but do not break a call off (EINTR).
 */
#ifndef CALLGATE_TRAP_H
#define CALLGATE_TRAP_H

#include <callgate/error.h>
#include <callgate/filter.h>
#include <callgate/notify.h>
#include <callgate/policy.h>

#ifdef __cplusplus
extern "C" {
#endif

struct callgate_trap;

/*
 * Prepares both sides, before the fork between them. A rule `notify` becomes a trap that asks. A rule `trap N` of the
 * policy is answered in the process: newfstatat with AT_EMPTY_PATH and no path by fstat (which the policy has to
 * allow), everything else with errno N, or EPERM where N is no errno. The policy must outlive *ret_trap, which is the
 * caller's for callgate_trap_free.
 *
 * Fails with E_UNSUPPORTED (a `notify` without a broker, `once`, phases; an arch other than x86-64 and aarch64),
 * E_LIMIT (descriptors), as callgate_filter_compile does, with E_UNKNOWN (a name in an address that has none), E_OS,
 * E_NOMEM.
 */
CALLGATE_PUBLIC int callgate_trap_new(const struct callgate_policy *policy, struct callgate_trap **ret_trap,
				      struct callgate_error *err);
CALLGATE_PUBLIC void callgate_trap_free(struct callgate_trap *trap);

/* What callgate_trap_enter loads; it lives as long as the trap. */
CALLGATE_PUBLIC const struct callgate_filter *callgate_trap_filter(const struct callgate_trap *trap);

/*
 * In the process that is to be confined: sets the handler and loads the filter, for all its threads. Once in a process,
 * and by one process; what it forks asks too. A supervisor that is gone means what the policy says by default: its
 * errno, EPERM for allow, or death. Fails with E_INVALID (it has entered one, or the descriptors that the trap was made
 * with are gone), E_LIMIT (the numbers that the descriptors are to have are taken), E_OS and as
 * callgate_filter_load; the process is then to end.
 */
CALLGATE_PUBLIC int callgate_trap_enter(struct callgate_trap *trap, struct callgate_error *err);

/*
 * In the supervisor, after the fork: the loop answers what the process asks, by the policy's rules, until it and all
 * that it has forked are gone. The trap's own descriptors are closed; the trap must outlive the loop. Fails as
 * callgate_notify_add.
 */
CALLGATE_PUBLIC int callgate_trap_answer(struct callgate_trap *trap, struct callgate_notify *notify,
					 struct callgate_error *err);

#ifdef __cplusplus
}
#endif

#endif
