/*
 * The worker is forked, gives everything up in an order in which each step is still possible, tells that it has, and
 * works. The supervisor answers one question at a time: a worker that could ask two at once could race its own state.
 * What breaks the rules is killed at once, and counted as nothing else: whoever owns the worker must not learn by
 * trying which questions there are. The supervisor waits for nothing that the worker could withhold: neither that it
 * takes an answer, nor for its end once it has closed its socket, nor for the socket's once it has ended and something
 * that it started holds that.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/load.h"
#include "kernel/pidfd.h"
#include "privsep/message.h"

#include <callgate/launch.h>

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PRIVSEP_STATES = 32,
	PRIVSEP_GRACE_MS = 2000,    /* between a worker's last word and its end: the kernel closes, then ends it */
	PRIVSEP_READY = 0x72656164, /* the worker's first word; 0xE0000000 and a step: it failed there */
	PRIVSEP_FAILED = 0xE0000000u,
};

struct callgate_privsep {
	int socket;
	struct message message; /* the answer */
};

struct supervisor {
	const struct callgate_privsep_options *options;
	int socket;
	pid_t worker;
	int ended; /* pidfd of the worker */
	unsigned state;
	bool spent[CALLGATE_PRIVSEP_REQUESTS_MAX];
	struct message question;
	unsigned char reply[CALLGATE_PRIVSEP_BYTES_MAX];
};

/* What the worker gives up, in this order; the text completes "the worker cannot …". */
static const char *const steps[] = {
	"end with its supervisor", "close the other descriptors",
	"enter its root",	   "leave its groups",
	"become its group",	   "become its user",
	"hide its memory",	   "load its filter",
};

static bool step_die_with(const struct callgate_privsep_options *options, int socket, pid_t parent)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

static bool step_close(const struct callgate_privsep_options *options, int socket, pid_t parent)
{
	cleanup_free int *keep = calloc(options->keep_fd_count + 1, sizeof(*keep));

	if (!keep)
		return false;
	if (options->keep_fd_count)
		memcpy(keep, options->keep_fds, options->keep_fd_count * sizeof(*keep));
	keep[options->keep_fd_count] = socket;
	return callgate_descriptors_close(keep, options->keep_fd_count + 1, NULL) == CALLGATE_OK;
}

static bool step_root(const struct callgate_privsep_options *options, int socket, pid_t parent)
{
	return !options->root || (chroot(options->root) == 0 && chdir("/") == 0);
}

static bool step_groups(const struct callgate_privsep_options *options, int socket, pid_t parent)
{
	return !options->has_user || setgroups(0, NULL) == 0;
}

static bool step_group(const struct callgate_privsep_options *options, int socket, pid_t parent)
{
	return !options->has_user || setresgid(options->group, options->group, options->group) == 0;
}

/* A change of user takes the death signal away. */
static bool step_user(const struct callgate_privsep_options *options, int socket, pid_t parent)
{
	return !options->has_user ||
	       (setresuid(options->user, options->user, options->user) == 0 && step_die_with(options, socket, parent));
}

static bool step_hide(const struct callgate_privsep_options *options, int socket, pid_t parent)
{
	return prctl(PR_SET_DUMPABLE, 0) == 0 && kernel_no_new_privs_set() == 0;
}

static bool step_filter(const struct callgate_privsep_options *options, int socket, pid_t parent)
{
	return !options->filter ||
	       callgate_filter_load(options->filter, CALLGATE_LOAD_THREADS, NULL, NULL) == CALLGATE_OK;
}

static void __attribute__((noreturn))
worker_main(const struct callgate_privsep_options *options, int socket, pid_t parent)
{
	static bool (*const take[])(const struct callgate_privsep_options *, int, pid_t) = {
		step_die_with, step_close, step_root, step_groups, step_group, step_user, step_hide, step_filter,
	};
	struct callgate_privsep *worker = calloc(1, sizeof(*worker));
	uint32_t word = PRIVSEP_READY;

	for (size_t i = 0; i < sizeof(take) / sizeof(*take) && word == PRIVSEP_READY; i++)
		if (!take[i](options, socket, parent))
			word = PRIVSEP_FAILED + (uint32_t)i;
	if (!worker || message_send(socket, word, NULL, 0, NULL, 0, 0) || word != PRIVSEP_READY)
		_exit(127);
	worker->socket = socket;
	_exit(options->work(worker, options->context));
}

int callgate_privsep_ask(struct callgate_privsep *worker, uint32_t number, const void *bytes, size_t length,
			 const int *fds, size_t fd_count, void *reply, size_t *reply_length, int *reply_fds,
			 size_t *reply_fd_count)
{
	struct message *answer = &worker->message;
	int error = message_send(worker->socket, number, bytes, length, fds, fd_count, 0);

	if (!error)
		error = message_receive(worker->socket, answer);
	if (error)
		return error == EBADMSG ? EPIPE : error;
	if ((reply && answer->length > *reply_length) || (reply_fds && answer->fd_count > *reply_fd_count)) {
		message_close_fds(answer);
		return EMSGSIZE;
	}
	if (reply) {
		memcpy(reply, answer->bytes, answer->length);
		*reply_length = answer->length;
	}
	if (reply_fds) {
		memcpy(reply_fds, answer->fds, answer->fd_count * sizeof(int));
		*reply_fd_count = answer->fd_count;
	} else {
		message_close_fds(answer);
	}
	return (int)answer->word;
}

/* The row that permits the question now; NULL when none does. */
static const struct callgate_privsep_request *find_permitted(struct supervisor *supervisor)
{
	const struct callgate_privsep_options *options = supervisor->options;

	for (size_t i = 0; i < options->request_count; i++) {
		const struct callgate_privsep_request *request = &options->requests[i];

		if (request->number != supervisor->question.word)
			continue;
		if ((request->states && !(request->states >> supervisor->state & 1)) || supervisor->spent[i])
			return NULL;
		supervisor->spent[i] = request->once;
		return request;
	}
	return NULL;
}

/* An errno that ended the conversation, 0 when it goes on. */
static int answer(struct supervisor *supervisor, const struct callgate_privsep_request *request)
{
	struct message *question = &supervisor->question;
	struct callgate_privsep_exchange exchange = {
		.asked = question->bytes,
		.asked_length = question->length,
		.asked_fds = question->fds,
		.asked_fd_count = question->fd_count,
		.reply = supervisor->reply,
		.state = supervisor->state,
	};
	int failed = request->answer(&exchange, supervisor->options->context), error;

	if (exchange.state < PRIVSEP_STATES)
		supervisor->state = exchange.state;
	error = message_send(supervisor->socket, (uint32_t)failed, supervisor->reply,
			     failed ? 0 : exchange.reply_length, exchange.reply_fds,
			     failed ? 0 : exchange.reply_fd_count, MSG_DONTWAIT);
	for (size_t i = 0; i < exchange.reply_fd_count && i < CALLGATE_PRIVSEP_FDS_MAX; i++)
		close(exchange.reply_fds[i]);
	message_close_fds(question);
	return error;
}

/* Sleeps until the worker asks or has ended. True when there is a question: its last one is heard too. */
static bool await_question(const struct supervisor *supervisor)
{
	struct pollfd either[] = { { .fd = supervisor->socket, .events = POLLIN },
				   { .fd = supervisor->ended, .events = POLLIN } };

	while (poll(either, 2, -1) < 0)
		if (errno != EINTR)
			return false;
	return either[0].revents != 0;
}

static bool has_ended(const struct supervisor *supervisor, int patience_ms)
{
	struct pollfd worker = { .fd = supervisor->ended, .events = POLLIN };

	return TEMP_FAILURE_RETRY(poll(&worker, 1, patience_ms)) != 0;
}

/* Until the worker is gone, or has to be. True when it asked for what it may not, or again and again without taking its
 * answers: then there is no room for one. */
static bool answer_all(struct supervisor *supervisor)
{
	/* One that is dead is heard once more: whatever comes then is of others that hold its socket. */
	for (bool is_last = false; !is_last && await_question(supervisor);) {
		const struct callgate_privsep_request *request;
		int error;

		is_last = has_ended(supervisor, 0);
		error = message_receive(supervisor->socket, &supervisor->question);
		request = error ? NULL : find_permitted(supervisor);
		if (error && error != EBADMSG)
			return false;
		if (error)
			supervisor->question.word = UINT32_MAX;
		if (!request) {
			message_close_fds(&supervisor->question);
			return true;
		}
		error = answer(supervisor, request);
		if (error)
			return error == EAGAIN;
	}
	return false;
}

static void await_end(struct supervisor *supervisor, bool violated, struct callgate_privsep_end *end)
{
	int status = 0;

	if (violated)
		kill(supervisor->worker, SIGKILL);
	/* One that closed its end and lives on has nothing to wait for any more. */
	close(take_fd(supervisor->socket));
	if (!has_ended(supervisor, PRIVSEP_GRACE_MS))
		kill(supervisor->worker, SIGKILL);
	while (waitpid(supervisor->worker, &status, 0) < 0 && errno == EINTR)
		;
	supervisor->worker = 0;
	*end = (struct callgate_privsep_end){
		.how = violated		     ? CALLGATE_PRIVSEP_VIOLATED
		       : WIFSIGNALED(status) ? CALLGATE_PRIVSEP_SIGNALLED
					     : CALLGATE_PRIVSEP_EXITED,
		.status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
		.number = violated ? supervisor->question.word : 0,
	};
}

static void supervisor_fini(struct supervisor **supervisor)
{
	if (!*supervisor)
		return;
	if ((*supervisor)->socket >= 0)
		close((*supervisor)->socket);
	if ((*supervisor)->ended >= 0)
		close((*supervisor)->ended);
	if ((*supervisor)->worker > 0) {
		kill((*supervisor)->worker, SIGKILL);
		while (waitpid((*supervisor)->worker, NULL, 0) < 0 && errno == EINTR)
			;
	}
	free(*supervisor);
}

static int check_table(const struct callgate_privsep_options *options, struct callgate_error *err)
{
	if (options->request_count > CALLGATE_PRIVSEP_REQUESTS_MAX)
		return fail(err, CALLGATE_E_LIMIT, "a table has at most %d requests", CALLGATE_PRIVSEP_REQUESTS_MAX);
	for (size_t i = 0; i < options->request_count; i++)
		for (size_t j = 0; j < i; j++)
			if (options->requests[i].number == options->requests[j].number)
				return fail(err, CALLGATE_E_INVALID, "request %u stands in the table twice",
					    options->requests[i].number);
	return CALLGATE_OK;
}

static int start_worker(struct supervisor *supervisor, struct callgate_error *err)
{
	cleanup_fd int theirs = -1;
	pid_t parent = getpid();
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return fail_errno(err, "cannot make a socket");
	supervisor->socket = ends[0];
	theirs = ends[1];
	supervisor->worker = fork();
	if (supervisor->worker < 0)
		return fail_errno(err, "cannot start a process");
	if (supervisor->worker == 0)
		worker_main(supervisor->options, theirs, parent);
	close(take_fd(theirs));
	return pidfd_of(supervisor->worker, &supervisor->ended, err);
}

/* The worker's first word. */
static int await_ready(struct supervisor *supervisor, struct callgate_error *err)
{
	uint32_t step;

	if (message_receive(supervisor->socket, &supervisor->question))
		return fail(err, CALLGATE_E_UNCONFINED, "the worker ended before it had given anything up");
	message_close_fds(&supervisor->question);
	step = supervisor->question.word - PRIVSEP_FAILED;
	if (supervisor->question.word == PRIVSEP_READY)
		return CALLGATE_OK;
	return fail(err, CALLGATE_E_UNCONFINED, "the worker cannot %s",
		    step < sizeof(steps) / sizeof(*steps) ? steps[step] : "be understood");
}

int callgate_privsep_run(const struct callgate_privsep_options *options, struct callgate_privsep_end *ret_end,
			 struct callgate_error *err)
{
	cleanup(supervisor_fini) struct supervisor *supervisor = NULL;
	int status = check_table(options, err);

	if (status != CALLGATE_OK)
		return status;
	supervisor = calloc(1, sizeof(*supervisor));
	if (!supervisor)
		return fail_nomem(err);
	supervisor->options = options;
	supervisor->socket = supervisor->ended = -1;
	status = start_worker(supervisor, err);
	if (status == CALLGATE_OK)
		status = await_ready(supervisor, err);
	if (status != CALLGATE_OK)
		return status;
	await_end(supervisor, answer_all(supervisor), ret_end);
	return CALLGATE_OK;
}
