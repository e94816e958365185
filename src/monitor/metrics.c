/*
 * One reader at a time, each with a deadline: who is slow makes the next one wait for a second, and nobody else.
 */
#include "monitor/metrics.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

enum { REQUEST_PATIENCE_MS = 100, REQUEST_MAX = 4096 };

/* A socket that was left behind is nobody's: whoever connects to it is refused. */
static void remove_stale(const struct sockaddr_un *address)
{
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat meaning;

	if (lstat(address->sun_path, &meaning) < 0 || !S_ISSOCK(meaning.st_mode))
		return;
	if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 && errno == ECONNREFUSED)
		unlink(address->sun_path);
}

static int listen_at(const char *path, int *ret_fd, struct callgate_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		return fail(err, CALLGATE_E_LIMIT, "'%s' is too long for a socket's name", path);
	strcpy(address.sun_path, path);
	remove_stale(&address);
	/* The name appears with the socket's own mode: there is no moment in which others may connect, nor one in which
	 * the name could be made another's. */
	if (fd < 0 || fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 16) < 0)
		return fail_errno(err, "cannot listen at '%s'", path);
	*ret_fd = take_fd(fd);
	return CALLGATE_OK;
}

static void send_all(int fd, const char *bytes, size_t length)
{
	while (length) {
		ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		bytes += sent;
		length -= (size_t)sent;
	}
}

static void answer(int fd, struct counts *counts)
{
	const struct timeval patience = { .tv_sec = 1 };
	struct pollfd asks = { .fd = fd, .events = POLLIN };
	cleanup(buf_fini) struct buf text = { 0 }, head = { 0 };
	char request[REQUEST_MAX];
	ssize_t got = 0;

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (poll(&asks, 1, REQUEST_PATIENCE_MS) == 1)
		got = recv(fd, request, sizeof(request), MSG_DONTWAIT);
	counts_text(counts, &text);
	if (text.failed)
		return;
	if (got > 4 && memcmp(request, "GET ", 4) == 0)
		buf_printf(&head,
			   "HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: %zu\r\n\r\n",
			   text.length);
	send_all(fd, buf_text(&head), head.length);
	send_all(fd, buf_text(&text), text.length);
}

static void *metrics_main(void *argument)
{
	struct metrics *metrics = argument;

	for (;;) {
		struct pollfd ready[2] = { { .fd = metrics->listener, .events = POLLIN },
					   { .fd = metrics->stop, .events = POLLIN } };
		cleanup_fd int fd = -1;

		if (poll(ready, 2, -1) < 0 && errno != EINTR)
			return NULL;
		if (ready[1].revents)
			return NULL;
		fd = accept4(metrics->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			answer(fd, metrics->counts);
	}
}

int metrics_open(struct metrics *metrics, const char *path, struct counts *counts, struct callgate_error *err)
{
	struct stat made;
	int status = listen_at(path, &metrics->listener, err);

	if (status != CALLGATE_OK)
		return status;
	metrics->path = path;
	metrics->counts = counts;
	if (stat(path, &made) == 0) {
		metrics->device = made.st_dev;
		metrics->inode = made.st_ino;
	}
	metrics->stop = eventfd(0, EFD_CLOEXEC);
	return metrics->stop < 0 ? fail_errno(err, "cannot make an event descriptor") : CALLGATE_OK;
}

int metrics_start(struct metrics *metrics, struct callgate_error *err)
{
	errno = pthread_create(&metrics->thread, NULL, metrics_main, metrics);
	metrics->runs = errno == 0;
	return metrics->runs ? CALLGATE_OK : fail_errno(err, "cannot start a thread");
}

void metrics_stop(struct metrics *metrics)
{
	const uint64_t one = 1;
	struct stat there;

	if (metrics->runs && write(metrics->stop, &one, sizeof(one)) == sizeof(one))
		pthread_join(metrics->thread, NULL);
	if (metrics->listener >= 0) {
		if (metrics->path && stat(metrics->path, &there) == 0 && there.st_dev == metrics->device &&
		    there.st_ino == metrics->inode)
			unlink(metrics->path);
		close(metrics->listener);
	}
	if (metrics->stop >= 0)
		close(metrics->stop);
	*metrics = METRICS_NONE;
}
