/* Messages of a worker to its supervisor and of a SIGSYS handler to its own, as they come from a socket. */
#include "fuzz.h"

#include "notify/question.h"
#include "privsep/message.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void check_question(int socket)
{
	static struct question question;
	unsigned char bytes[64];
	pid_t pid;

	if (question_receive(socket, &question, &pid))
		return;
	for (size_t i = 0; i < QUESTION_PARTS_MAX; i++) {
		const struct question_part *part = &question.head.parts[i];

		if (part->length && question_copy(&question, part->address, bytes, sizeof(bytes)) <= 0)
			abort();
		question_copy(&question, part->address + part->length, bytes, sizeof(bytes));
	}
	question_fini(&question);
}

static void check_message(int socket)
{
	static struct message message;

	if (message_receive(socket, &message))
		return;
	if (message.length > sizeof(message.bytes))
		abort();
	message_close_fds(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		abort();
	for (int i = 0; i < 2; i++)
		if (send(ends[0], bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			length = 0; /* longer than the socket takes */
	check_question(ends[1]);
	check_message(ends[1]);
	close(ends[0]);
	close(ends[1]);
	return 0;
}
