/*
 * A thread, since the watcher waits for signals. It blocks all of them: they are the watcher's.
 */
#include "launch/output.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define CHUNK_SIZE 65536

int output_open(struct output *output, int to, uint64_t limit, void (*on_over)(void *), void *context,
		struct callgate_error *err)
{
	cleanup_fd int stop = eventfd(0, EFD_CLOEXEC);
	int ends[2];

	if (stop < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(err, "cannot make a pipe for the output");
	*output = (struct output){ .to = to,
				   .write_end = ends[1],
				   .read_end = ends[0],
				   .stop = take_fd(stop),
				   .limit = limit,
				   .on_over = on_over,
				   .context = context };
	return CALLGATE_OK;
}

/* Waits for something to read: false when nothing is there and nothing more comes. */
static bool output_await(const struct output *output)
{
	struct pollfd ends[] = { { .fd = output->read_end, .events = POLLIN },
				 { .fd = output->stop, .events = POLLIN } };

	while (poll(ends, 2, -1) < 0)
		if (errno != EINTR)
			return false;
	return ends[0].revents & POLLIN;
}

/* What is beyond the limit is read and dropped, so that nobody waits with a full pipe for his end. */
static void *output_pump(void *context)
{
	struct output *output = context;
	char bytes[CHUNK_SIZE];

	while (!output->error && output_await(output)) {
		ssize_t got = read(output->read_end, bytes, sizeof(bytes));
		uint64_t room = output->limit - output->count;
		size_t hand_on = got < 0 ? 0 : (uint64_t)got < room ? (size_t)got : (size_t)room;

		if (hand_on && file_write_all(output->to, bytes, hand_on) < 0)
			output->error = errno;
		else
			output->count += hand_on;
		if (got > (ssize_t)hand_on && !output->over) {
			output->over = true;
			output->on_over(output->context);
		}
	}
	/* As if the target had written there itself: its next write fails, or ends it. */
	close(output->read_end);
	output->read_end = -1;
	return NULL;
}

int output_start(struct output *output, struct callgate_error *err)
{
	sigset_t all, old;
	int error;

	close(output->write_end);
	output->write_end = -1;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&output->thread, NULL, output_pump, output);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error) {
		errno = error;
		return fail_errno(err, "cannot start a thread");
	}
	output->runs = true;
	return CALLGATE_OK;
}

void output_finish(struct output *output)
{
	int *const ends[] = { &output->write_end, &output->read_end, &output->stop };
	uint64_t one = 1;

	if (output->runs) {
		(void)!write(output->stop, &one, sizeof(one));
		pthread_join(output->thread, NULL);
	}
	output->runs = false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (*ends[i] >= 0)
			close(take_fd(*ends[i]));
}
