/*
 * A file or pipe is read as fast as its events can be told: whoever writes a pipe faster is held up, and counts what he
 * cannot tell himself. The kernel waits for nobody: its messages are taken at once, and what does not fit is counted by
 * process. A message that never came shows in the numbers of those that did.
 */
#include "monitor/feed.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "event/event.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum {
	FOLLOW_MS = 100,	 /* how often the end of a file is looked at again */
	AUDIT_BUFFER = 16 << 20, /* bytes that the kernel keeps for us */
	AUDIT_MESSAGE_MAX = 16 << 10,
};

/* The inode of the first PID namespace (PROC_PID_INIT_INO of linux/proc_ns.h). */
#define FIRST_NAMESPACE 0xeffffffcu

static bool is_first_namespace(void)
{
	struct stat ours;

	return stat("/proc/self/ns/pid", &ours) == 0 && ours.st_ino == FIRST_NAMESPACE;
}

static int open_audit(struct feed *feed, struct callgate_error *err)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 << (AUDIT_NLGRP_READLOG - 1) };
	const int size = AUDIT_BUFFER;
	cleanup_fd int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int status = errno == EPROTONOSUPPORT || errno == EPERM
				     ? fail(err, CALLGATE_E_UNSUPPORTED,
					    "the kernel's audit messages cannot be read: %s", strerror(errno))
				     : fail_errno(err, "cannot read the kernel's audit messages");

		error_hint(err,
			   "that takes CAP_AUDIT_READ in the first user namespace, and a kernel with CONFIG_AUDIT");
		return status;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	feed->fd = take_fd(fd);
	feed->knows_numbers = is_first_namespace();
	return CALLGATE_OK;
}

int feed_open(struct feed *feed, struct callgate_error *err)
{
	if (!feed->name)
		return open_audit(feed, err);
	feed->fd = strcmp(feed->name, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
						: open(feed->name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return feed->fd < 0 ? fail_errno(err, "cannot open '%s'", feed->name) : CALLGATE_OK;
}

/* The processes of two sources may have the same numbers. */
static uint64_t feed_target(const struct feed *feed, const struct callgate_event *event)
{
	return (uint64_t)feed->place << 32 | (uint32_t)event->refusal.pid;
}

static void count_unread(struct feed *feed)
{
	__atomic_add_fetch(&feed->counts->report.unread, 1, __ATOMIC_RELAXED);
}

static void take_line(struct feed *feed, const char *line, size_t length)
{
	struct callgate_event *event = NULL;
	struct callgate_error err;

	if (!length)
		return;
	if (callgate_event_recognise(line, length, &event, &err) != CALLGATE_OK) {
		/* Logs are full of other records. */
		if (err.status != CALLGATE_E_UNKNOWN)
			count_unread(feed);
		return;
	}
	/* In the order of the file: nobody in it is hidden, since nothing of it is lost. */
	event_queue_wait_room(feed->queue, (uint64_t)feed->place << 32);
	event_queue_push(feed->queue, (uint64_t)feed->place << 32, event);
}

/* Lines that are whole; what is left of one stays. */
static void take_lines(struct feed *feed, struct buf *text, bool *is_skipping)
{
	size_t at = 0;

	for (const char *end; (end = memchr(text->data + at, '\n', text->length - at));) {
		size_t length = (size_t)(end - (text->data + at));

		if (!*is_skipping)
			take_line(feed, text->data + at, length);
		*is_skipping = false;
		at += length + 1;
	}
	memmove(text->data, text->data + at, text->length - at);
	text->length -= at;
	if (text->length > CALLGATE_EVENT_LINE_MAX) {
		if (!*is_skipping)
			count_unread(feed);
		*is_skipping = true;
		text->length = 0;
	}
}

static bool is_stopped(const struct feed *feed, int wait_ms)
{
	struct pollfd stop[2] = { { .fd = feed->stop, .events = POLLIN }, { .fd = feed->ends, .events = POLLIN } };

	return poll(stop, 2, wait_ms) > 0;
}

/* A file that another took the place of, as log rotation has it, is opened anew; one that was cut is read from its
 * start. */
static void follow(struct feed *feed, struct buf *text)
{
	struct stat named, ours;
	int fd;

	if (fstat(feed->fd, &ours) < 0 || !S_ISREG(ours.st_mode))
		return;
	if (lseek(feed->fd, 0, SEEK_CUR) > ours.st_size) {
		lseek(feed->fd, 0, SEEK_SET);
		text->length = 0;
	}
	if (stat(feed->name, &named) < 0 || (named.st_ino == ours.st_ino && named.st_dev == ours.st_dev))
		return;
	fd = open(feed->name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return;
	close(feed->fd);
	feed->fd = fd;
	text->length = 0;
}

/* Whether there is, or may be, more to read. */
static bool await_bytes(struct feed *feed)
{
	struct pollfd ready[3] = { { .fd = feed->fd, .events = POLLIN },
				   { .fd = feed->stop, .events = POLLIN },
				   { .fd = feed->ends, .events = POLLIN } };

	while (poll(ready, 3, -1) < 0)
		if (errno != EINTR)
			return false;
	return !ready[1].revents && !ready[2].revents;
}

static void read_text(struct feed *feed)
{
	cleanup(buf_fini) struct buf text = { 0 };
	bool is_skipping = false;
	char bytes[65536];

	while (await_bytes(feed)) {
		ssize_t got = read(feed->fd, bytes, sizeof(bytes));

		if (got > 0) {
			buf_add(&text, bytes, (size_t)got);
			if (text.failed) {
				count_unread(feed);
				return;
			}
			take_lines(feed, &text, &is_skipping);
			continue;
		}
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0 || !feed->follows)
			break;
		if (is_stopped(feed, FOLLOW_MS))
			return;
		follow(feed, &text);
	}
	/* The last line may have no end. */
	if (text.length && !is_skipping)
		take_line(feed, text.data, text.length);
}

uint32_t feed_serial(const char *record)
{
	unsigned serial = 0;

	return sscanf(record, "audit(%*u.%*u:%u)", &serial) == 1 ? serial : 0;
}

/* Every message has a number, whatever its type: those that are missing were lost. Parts of one event share it. */
static void count_lost(struct feed *feed, uint32_t serial)
{
	uint32_t step = serial - feed->serial;

	if (feed->serial && serial && step > 1 && step < UINT32_MAX / 2)
		__atomic_add_fetch(&feed->counts->report.lost, step - 1, __ATOMIC_RELAXED);
	if (serial && (!feed->serial || step < UINT32_MAX / 2))
		feed->serial = serial;
}

/* Where the process belongs, if it is still there, and is the program that the message names. */
static void find_origin(const struct feed *feed, struct callgate_refusal *refusal)
{
	struct callgate_refusal found = { 0 };

	if (!feed->knows_numbers)
		return;
	event_origin(refusal->tid, &found);
	if (!found.program[0] || strcmp(found.program, refusal->program) != 0)
		return;
	refusal->pid = found.pid;
	memcpy(refusal->build_id, found.build_id, sizeof(found.build_id));
	memcpy(refusal->cgroup, found.cgroup, sizeof(found.cgroup));
	memcpy(refusal->unit, found.unit, sizeof(found.unit));
}

static void take_message(struct feed *feed, const char *text, size_t length, unsigned type)
{
	struct callgate_event *event = NULL;

	count_lost(feed, feed_serial(text));
	if (type != AUDIT_SECCOMP)
		return;
	if (callgate_audit_parse(text, length, &event, NULL) != CALLGATE_OK) {
		count_unread(feed);
		return;
	}
	if (event_queue_has_room(feed->queue, feed_target(feed, event))) {
		find_origin(feed, &event->refusal);
		event_queue_push(feed->queue, feed_target(feed, event), event);
	} else {
		callgate_event_free(event);
	}
}

static void read_audit(struct feed *feed)
{
	char bytes[AUDIT_MESSAGE_MAX + 1];

	while (await_bytes(feed)) {
		struct sockaddr_nl from = { 0 };
		socklen_t size = sizeof(from);
		ssize_t got = recvfrom(feed->fd, bytes, AUDIT_MESSAGE_MAX, 0, (struct sockaddr *)&from, &size);
		struct nlmsghdr head;

		/* ENOBUFS: some were lost, which the next one's number tells. */
		if (got < 0 && errno != EINTR && errno != EAGAIN && errno != ENOBUFS)
			return;
		/* Only the kernel's: anybody may send to a socket of this kind. */
		if (got < (ssize_t)NLMSG_HDRLEN || size != sizeof(from) || from.nl_pid != 0)
			continue;
		memcpy(&head, bytes, sizeof(head));
		bytes[got] = '\0';
		take_message(feed, bytes + NLMSG_HDRLEN, strlen(bytes + NLMSG_HDRLEN), head.nlmsg_type);
	}
}

static void *feed_main(void *argument)
{
	struct feed *feed = argument;

	if (feed->name)
		read_text(feed);
	else
		read_audit(feed);
	feed->ended(feed->context);
	return NULL;
}

int feed_start(struct feed *feed, struct callgate_error *err)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	errno = pthread_create(&feed->thread, NULL, feed_main, feed);
	feed->runs = errno == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return feed->runs ? CALLGATE_OK : fail_errno(err, "cannot start a thread");
}

void feed_close(struct feed *feed)
{
	if (feed->runs)
		pthread_join(feed->thread, NULL);
	if (feed->fd >= 0)
		close(feed->fd);
	feed->runs = false;
	feed->fd = -1;
}
