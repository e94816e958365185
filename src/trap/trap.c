/*
 * One policy becomes two things. The filter traps what broker rules answer, and lets the handler pass: its few calls
 * are allowed to everybody in the process, since what would tell them apart (the instruction they come from) anybody
 * can jump to. They are narrow instead: sendmsg on one descriptor, which nothing can put another in place of. And the
 * broker answers what comes by that descriptor.
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "broker/broker.h"
#include "filter/filter.h"
#include "lang/lang.h"
#include "policy/broker.h"
#include "trap/handler.h"
#include "trap/registers.h"

#include <callgate/trap.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	TRAP_NUMBERS = 1 + QUESTION_CHANNELS, /* of descriptors in the process: the door's, the channels' */
	TRAP_NUMBERS_BELOW = 1024,	      /* that libraries have room for */
	TRAP_NUMBERS_ABOVE = 64,	      /* that programs use themselves */
};

/* door and channels: one end is the supervisor's, the other the process's. −1 once they are handed on. */
enum { TRAP_SUPERVISOR, TRAP_PROCESS, TRAP_ENDS };

struct callgate_trap {
	struct callgate_filter *filter;
	struct broker *broker;
	struct trap_entry entry;
	int door[TRAP_ENDS];
	int channels[QUESTION_CHANNELS][TRAP_ENDS];
};

/* What stands before the policy's rules: what the handler needs, and what would take it or its descriptors away. A
 * letter behind @ is one of these numbers. */
static const char own_rules[] = "kernel 6.1\n"
				"default kill-process\n"
				"allow rt_sigreturn, recvmsg\n"
				"allow sendmsg if sockfd == @F\n"
				"allow rt_sigprocmask if set == NULL or how == @P\n"
				"allow socketpair if domain == AF_UNIX and type == SOCK_SEQPACKET | SOCK_CLOEXEC\n"
				"errno 0 close if fd in @F..@L\n"
				"errno EBADF dup2, dup3 if newfd in @F..@L\n"
				"allow close, dup3\n"
				"allow fcntl if cmd == F_SETFD\n"
				"trap @H close_range if first <= @L and last >= @F\n"
				"errno 0 rt_sigaction if signum == SIGSYS and act != NULL\n"
				"trap @H rt_sigaction if act != NULL and arg5 != @O\n"
				"trap @H rt_sigprocmask\n";

/* Our rules, for a process whose descriptors begin with this one. */
static void write_rules(int first, struct buf *text)
{
	for (const char *at = own_rules; *at; at++) {
		if (*at != '@')
			buf_putc(text, *at);
		else if (*++at == 'F')
			buf_printf(text, "%d", first);
		else if (*at == 'L')
			buf_printf(text, "%d", first + QUESTION_CHANNELS);
		else
			buf_printf(text, "%u",
				   *at == 'P'	? TRAP_PROBE
				   : *at == 'H' ? (unsigned)TRAP_LOCAL
						: TRAP_OWN_CALL);
	}
}

static int fail_unsupported(const struct policy_position *position, const char *what, struct callgate_error *err)
{
	error_set(err, CALLGATE_E_UNSUPPORTED, "%s", what);
	error_place(err, position->file, position->line, position->col);
	return CALLGATE_E_UNSUPPORTED;
}

static int check_policy(const struct policy *policy, struct callgate_error *err)
{
	if (TRAP_AUDIT == 0)
		return fail(err, CALLGATE_E_UNSUPPORTED, "the registers of this machine's calls are not known here");
	if (policy->phases.length)
		return fail_unsupported(&policy->phases.items[0].position, "a policy with phases cannot be entered",
					err);
	for (size_t i = 0; i < policy->rules.length; i++) {
		const struct policy_rule *rule = &policy->rules.items[i];

		if (rule->broker && rule->broker->kind == POLICY_BROKER_ONCE)
			return fail_unsupported(&rule->broker->position,
						"'once' lets the kernel carry a call out, which a trap cannot", err);
		if (rule->action.kind == POLICY_TRAP &&
		    (rule->action.data == TRAP_ASK || rule->action.data == TRAP_LOCAL))
			return fail_unsupported(&rule->position, "this number of 'trap' is the handler's own", err);
	}
	return CALLGATE_OK;
}

/* The header of the one, and its rules behind those of the other; what asks becomes a trap. Borrows what rules point
 * to. */
static int add_policy(struct policy *own, const struct policy *policy, struct callgate_error *err)
{
	int status = CALLGATE_OK;

	for (size_t i = 0; i < own->rules.length; i++)
		own->rules.items[i].not_on = ~(UINT32_C(1) << abi_arch_native()->id);
	own->kernel = policy->kernel;
	memcpy(own->arches, policy->arches, sizeof(own->arches));
	memcpy(own->own, policy->own, sizeof(own->own));
	own->default_action = policy->default_action;
	own->newer_action = policy->newer_action;
	own->has_foreign = policy->has_foreign;
	own->foreign_action = policy->foreign_action;
	for (size_t i = 0; i < policy->rules.length && !status; i++) {
		struct policy_rule rule = policy->rules.items[i];

		if (rule.action.kind == POLICY_NOTIFY)
			rule.action = (struct policy_action){ .kind = POLICY_TRAP, .data = TRAP_ASK };
		rule.broker = NULL;
		status = policy_add_rule(own, &rule, err);
	}
	return status;
}

static void free_policy(struct callgate_policy **policy)
{
	callgate_policy_free(*policy);
}

static int make_filter(struct callgate_trap *trap, const struct policy *policy, struct callgate_error *err)
{
	cleanup(free_policy) struct callgate_policy *own = NULL;
	cleanup(buf_fini) struct buf text = { 0 };
	int status;

	write_rules(trap->entry.door, &text);
	if (text.failed)
		return fail_nomem(err);
	status = callgate_policy_parse("handler", buf_text(&text), text.length, NULL, &own, err);
	if (status == CALLGATE_OK)
		status = add_policy(own->policy, policy, err);
	if (status == CALLGATE_OK)
		status = filter_from_policy(own->policy, NULL, &trap->filter, err);
	return status;
}

/* What the policy says of a call that nobody decides about, as far as the handler can. */
static int last_error(const struct policy *policy)
{
	uint32_t ret = policy_action_value(&policy->default_action, abi_arch_native()->id).ret;

	if ((ret & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO && ret & SECCOMP_RET_DATA)
		return (int)(ret & SECCOMP_RET_DATA);
	if ((ret & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ALLOW || (ret & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_LOG)
		return EPERM;
	return 0;
}

/* Numbers near the end of what programs may open, where none that counts from 0 meets them. */
static int choose_numbers(struct trap_entry *entry, struct callgate_error *err)
{
	struct rlimit limit;
	rlim_t end;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return fail_errno(err, "cannot read the limit of descriptors");
	end = limit.rlim_cur < TRAP_NUMBERS_BELOW ? limit.rlim_cur : TRAP_NUMBERS_BELOW;
	if (end < TRAP_NUMBERS + TRAP_NUMBERS_ABOVE)
		return fail(err, CALLGATE_E_LIMIT, "%d descriptors are too few for a trap", (int)limit.rlim_cur);
	entry->door = (int)end - TRAP_NUMBERS;
	return CALLGATE_OK;
}

static int open_sockets(struct callgate_trap *trap, struct callgate_error *err)
{
	const int on = 1;
	int failed = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, trap->door);

	for (size_t i = 0; i < QUESTION_CHANNELS && !failed; i++)
		failed = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, trap->channels[i]);
	if (!failed)
		failed = setsockopt(trap->door[TRAP_SUPERVISOR], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	return failed ? fail_errno(err, "cannot make a socket") : CALLGATE_OK;
}

int callgate_trap_new(const struct callgate_policy *policy, struct callgate_trap **ret_trap, struct callgate_error *err)
{
	struct callgate_trap *trap;
	int status = check_policy(policy->policy, err);

	if (status != CALLGATE_OK)
		return status;
	trap = calloc(1, sizeof(*trap));
	if (!trap)
		return fail_nomem(err);
	memset(trap->door, -1, sizeof(trap->door));
	memset(trap->channels, -1, sizeof(trap->channels));
	trap->entry.last_error = last_error(policy->policy);
	status = choose_numbers(&trap->entry, err);
	if (status == CALLGATE_OK)
		status = broker_new(policy->policy, &trap->broker, err);
	if (status == CALLGATE_OK)
		status = make_filter(trap, policy->policy, err);
	if (status == CALLGATE_OK)
		status = open_sockets(trap, err);
	if (status != CALLGATE_OK) {
		callgate_trap_free(trap);
		return status;
	}
	*ret_trap = trap;
	return CALLGATE_OK;
}

static void close_ends(int ends[TRAP_ENDS])
{
	for (int i = 0; i < TRAP_ENDS; i++)
		if (ends[i] >= 0)
			close(take_fd(ends[i]));
}

static void close_sockets(struct callgate_trap *trap)
{
	close_ends(trap->door);
	for (size_t i = 0; i < QUESTION_CHANNELS; i++)
		close_ends(trap->channels[i]);
}

void callgate_trap_free(struct callgate_trap *trap)
{
	if (!trap)
		return;
	close_sockets(trap);
	callgate_filter_free(trap->filter);
	broker_free(trap->broker);
	free(trap);
}

const struct callgate_filter *callgate_trap_filter(const struct callgate_trap *trap)
{
	return trap->filter;
}

/* Gives a descriptor its number, which nobody may have. */
static int place(int fd, int number, struct callgate_error *err)
{
	if (fd < 0)
		return fail(err, CALLGATE_E_INVALID, "the trap's descriptors have been handed on");
	if (fcntl(number, F_GETFD) >= 0)
		return fail(err, CALLGATE_E_LIMIT, "descriptor %d is taken, which the trap was to have", number);
	return dup3(fd, number, O_CLOEXEC) < 0 ? fail_errno(err, "cannot place descriptor %d", number) : CALLGATE_OK;
}

int callgate_trap_enter(struct callgate_trap *trap, struct callgate_error *err)
{
	int status = place(trap->door[TRAP_PROCESS], trap->entry.door, err);

	for (int i = 0; i < QUESTION_CHANNELS && status == CALLGATE_OK; i++)
		status = place(trap->channels[i][TRAP_PROCESS], trap->entry.door + 1 + i, err);
	if (status != CALLGATE_OK)
		return status;
	/* The supervisor's ends above all: whoever keeps them never hears that it is gone. */
	close_sockets(trap);
	status = trap_arm(&trap->entry, err);
	return status ? status : callgate_filter_load(trap->filter, CALLGATE_LOAD_THREADS, NULL, err);
}

int callgate_trap_answer(struct callgate_trap *trap, struct callgate_notify *notify, struct callgate_error *err)
{
	const struct callgate_notify_handler handler = broker_handler(trap->broker);
	struct question_door door = { .target_fd = trap->entry.door };
	int status;

	if (trap->door[TRAP_SUPERVISOR] < 0)
		return fail(err, CALLGATE_E_INVALID, "the trap's descriptors have been handed on");
	door.cookie = question_cookie(trap->door[TRAP_PROCESS]);
	for (size_t i = 0; i < QUESTION_CHANNELS; i++)
		door.channels[i] = trap->channels[i][TRAP_SUPERVISOR];
	status = notify_add_socket(notify, trap->door[TRAP_SUPERVISOR], &door, &handler, err);
	if (status == CALLGATE_OK)
		close_sockets(trap);
	return status;
}
