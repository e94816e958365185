/*
 * notify/question.h - what a SIGSYS handler asks its supervisor, and how it is answered
 *
 * One message asks: the call, the bytes behind its pointers and the descriptors that it names, so that nobody has to
 * look into the target. One message answers. All that a question says is the target's, who may say anything: it gets
 * what the rules permit to a call like that, and no more.
 */
#ifndef CALLGATE_NOTIFY_QUESTION_H
#define CALLGATE_NOTIFY_QUESTION_H

#include <callgate/notify.h>

#include <stddef.h>
#include <sys/types.h>

enum {
	QUESTION_PARTS_MAX = 2,
	QUESTION_PART_BYTES_MAX = 4096, /* the longest path with its NUL */
	QUESTION_FDS_MAX = 2,		/* a reply socket and a descriptor of the call */
	QUESTION_CHANNELS = 8,		/* reply sockets that are there before anybody asks */
	QUESTION_OWN_CHANNEL = 0xffff,	/* as a number: the reply socket comes with the question, first */
};

/* Some of the target's memory; its bytes stand behind the head, in the order of the parts. */
struct question_part {
	uint64_t address;
	uint64_t length;
};

struct question_head {
	uint64_t ticket; /* which the answer repeats */
	uint32_t channel;
	uint32_t audit;
	uint32_t nr;
	int32_t fd; /* the number, with the target, of the descriptor that comes with the question; −1: none */
	uint64_t ip;
	uint64_t args[6];
	struct question_part parts[QUESTION_PARTS_MAX]; /* length 0: there is none */
};

struct question_answer {
	uint64_t ticket;
	int64_t value; /* negative: an errno */
	uint32_t has_fd;
	uint32_t is_cloexec;
};

struct question {
	struct question_head head;
	unsigned char bytes[QUESTION_PARTS_MAX * QUESTION_PART_BYTES_MAX];
	int fds[QUESTION_FDS_MAX];
	size_t fd_count;
};

/* The supervisor's end. The target's is a descriptor of this number in the target, a socket of this cookie: whoever
 * holds it there is who asks. */
struct question_door {
	int channels[QUESTION_CHANNELS];
	int target_fd;
	uint64_t cookie;
};

/* SO_COOKIE: names a socket for good. 0 when it cannot be had. */
uint64_t question_cookie(int socket);

/* Whether what was received, of length bytes in all, holds together. */
bool question_is_whole(const struct question *question, size_t length);

/* How many of the target's bytes from address on came along, at most length; −EFAULT when none did. */
ssize_t question_copy(const struct question *question, uint64_t address, void *bytes, size_t length);

/*
 * Receives a question and the process that sent it (0: of another PID namespace): 0 or an errno, EBADMSG for what is
 * none. The descriptors are the caller's for question_fini.
 */
int question_receive(int socket, struct question *ret_question, pid_t *ret_pid);
void question_fini(struct question *question);

/*
 * A source of calls for the loop, beside its listeners: copies of the socket and of the door's channels are kept. As
 * callgate_notify_add.
 */
int notify_add_socket(struct callgate_notify *notify, int socket, const struct question_door *door,
		      const struct callgate_notify_handler *handler, struct callgate_error *err);

#endif
