/*
 * privsep/message.h - one message between the two halves: a word, bytes and descriptors, whole or not at all
 */
#ifndef CALLGATE_PRIVSEP_MESSAGE_H
#define CALLGATE_PRIVSEP_MESSAGE_H

#include <callgate/privsep.h>

struct message {
	uint32_t word; /* the number of a question, or the errno of an answer */
	size_t length;
	int fds[CALLGATE_PRIVSEP_FDS_MAX];
	size_t fd_count;
	unsigned char bytes[CALLGATE_PRIVSEP_BYTES_MAX];
};

/* 0 or an errno: EPIPE when the other is gone; EAGAIN with flags MSG_DONTWAIT, when he takes nothing. Raises no signal.
 */
int message_send(int socket, uint32_t word, const void *bytes, size_t length, const int *fds, size_t fd_count,
		 int flags);

/*
 * 0 or an errno: EPIPE at the end, EBADMSG for what is no message of ours, too long, or with too many descriptors, of
 * which none is then left open. The descriptors that came are the caller's.
 */
int message_receive(int socket, struct message *ret_message);

void message_close_fds(struct message *message);

#endif
