/*
 * callgate/privsep.h - a program in two halves: a supervisor with rights, a worker that has none
 *
 * What parses what strangers send is the worker: it has closed what it does not need, given up its user, its root and
 * all that a filter takes away, and asks for the rest. What it may ask for stands in a table, with how often and in
 * which states; a question that is not in it ends the worker. Answers are bytes and descriptors.
 *
 *	static int work(struct callgate_privsep *worker, void *context)
 *	{
 *		… callgate_privsep_ask(worker, OPEN_LOG, …) …
 *	}
 *
 *	options = { .requests = table, .request_count = n, .work = work, .filter = filter };
 *	callgate_privsep_run(&options, &end, &err);
 *
 * Whoever owns the worker can ask whatever the table permits, with any bytes: what an answer does with them is where
 * the privilege lies.
 */
#ifndef CALLGATE_PRIVSEP_H
#define CALLGATE_PRIVSEP_H

#include <callgate/error.h>
#include <callgate/filter.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CALLGATE_PRIVSEP_BYTES_MAX = 65536, CALLGATE_PRIVSEP_FDS_MAX = 8, CALLGATE_PRIVSEP_REQUESTS_MAX = 64 };

/* A question on its way through its answer. */
struct callgate_privsep_exchange {
	const unsigned char *asked; /* what the worker says: a stranger's bytes */
	size_t asked_length;
	const int *asked_fds; /* closed here afterwards */
	size_t asked_fd_count;
	unsigned char *reply; /* room for CALLGATE_PRIVSEP_BYTES_MAX */
	size_t reply_length;
	int reply_fds[CALLGATE_PRIVSEP_FDS_MAX]; /* copies go to the worker; these are closed here afterwards */
	size_t reply_fd_count;
	unsigned state; /* below 32; an answer may change it, and it starts with 0 */
};

struct callgate_privsep_request {
	uint32_t number;
	bool once;	 /* a second time ends the worker */
	uint32_t states; /* bit i: permitted in state i; 0: in all */
	/* In the supervisor: 0, or the positive errno that the worker gets, with neither reply nor descriptors. */
	int (*answer)(struct callgate_privsep_exchange *exchange, void *context);
};

/* The worker's end. */
struct callgate_privsep;

struct callgate_privsep_options {
	const struct callgate_privsep_request *requests;
	size_t request_count;
	int (*work)(struct callgate_privsep *worker, void *context); /* in the worker: its exit status */
	void *context;						     /* of all of them */
	const int *keep_fds; /* that the worker has beside 0, 1 and 2; all others are closed */
	size_t keep_fd_count;
	const char *root; /* a folder that becomes its root, NULL: none. Needs CAP_SYS_CHROOT */
	bool has_user;	  /* it becomes this user and group, and leaves all other groups. Needs the right to */
	uid_t user;
	gid_t group;
	/* Loaded last, or NULL. It must allow sendmsg, recvmsg, close and exit_group, which asking and ending take. */
	const struct callgate_filter *filter;
};

enum callgate_privsep_how {
	CALLGATE_PRIVSEP_EXITED,    /* with .status */
	CALLGATE_PRIVSEP_SIGNALLED, /* by the signal .status: SIGSYS when the filter ended it */
	CALLGATE_PRIVSEP_VIOLATED,  /* it asked for what the table does not permit, .number, or took no answer, and was
				     * killed */
};

struct callgate_privsep_end {
	enum callgate_privsep_how how;
	int status;
	uint32_t number;
};

/*
 * Starts the worker and answers it until it has ended; *ret_end says how. The worker is killed when the thread that
 * called this ends, and when it has closed its socket and lives on for two seconds. Fails with E_INVALID (a number that
 * stands in the table twice), E_LIMIT, E_UNCONFINED (the worker could not give up what it was to; it did not work),
 * E_OS, E_NOMEM.
 */
CALLGATE_PUBLIC int callgate_privsep_run(const struct callgate_privsep_options *options,
					 struct callgate_privsep_end *ret_end, struct callgate_error *err);

/*
 * From the worker: asks, and waits for the answer. reply has room for *reply_length bytes, which says what came
 * afterwards; reply_fds for *reply_fd_count descriptors (close-on-exec), which become the caller's. Both may be NULL
 * with their counts: what comes all the same is dropped. Gives 0, the errno of the answer, EMSGSIZE (too much of
 * anything) or EPIPE (the supervisor is gone).
 */
CALLGATE_PUBLIC int callgate_privsep_ask(struct callgate_privsep *worker, uint32_t number, const void *bytes,
					 size_t length, const int *fds, size_t fd_count, void *reply,
					 size_t *reply_length, int *reply_fds, size_t *reply_fd_count);

#ifdef __cplusplus
}
#endif

#endif
