/*
 * One datagram an entry: FIELD=VALUE lines, and where a value may hold a newline FIELD, a newline, its length in 64
 * bits of little-endian order, the value and a newline (systemd's "Native Journal Protocol"). What is too large for a
 * datagram goes in a sealed memfd.
 */
#include "monitor/journal.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { JOURNAL_PATIENCE_MS = 200 };

int journal_open(const char *path, int *ret_fd, struct callgate_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	cleanup_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		return fail(err, CALLGATE_E_LIMIT, "'%s' is too long for a socket's name", path);
	strcpy(address.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int status = fail_errno(err, "cannot reach the journal at '%s'", path);

		error_hint(err, "is systemd-journald running?");
		return status;
	}
	*ret_fd = take_fd(fd);
	return CALLGATE_OK;
}

static void add_field(struct buf *entry, const char *name, const char *value)
{
	uint64_t length = strlen(value);

	if (!length)
		return;
	if (!strchr(value, '\n')) {
		buf_printf(entry, "%s=%s\n", name, value);
		return;
	}
	buf_printf(entry, "%s\n", name);
	for (unsigned i = 0; i < sizeof(length); i++)
		buf_putc(entry, (char)(length >> (8 * i)));
	buf_printf(entry, "%s\n", value);
}

/* syslog's: an end or a gap is an error, a failed call a warning, what was let through or answered a notice. */
static const char *priority_of(const struct callgate_event *event)
{
	static const char *const priorities[] = { "3", "4", "5", "5" };

	if (event->kind == CALLGATE_EVENT_GAP)
		return "3";
	return event->kind == CALLGATE_EVENT_SUPPRESSED ? "4" : priorities[event->refusal.outcome];
}

static void compose(const struct callgate_event *event, const char *line, struct buf *entry)
{
	const struct callgate_refusal *refusal = &event->refusal;
	char text[2048];

	if (event->kind == CALLGATE_EVENT_SUPPRESSED)
		snprintf(text, sizeof(text), "%s: %" PRIu64 " more refusal%s", refusal->program, event->count,
			 event->count == 1 ? "" : "s");
	else if (event->kind == CALLGATE_EVENT_GAP)
		snprintf(text, sizeof(text), "gap: %s", refusal->explanation.reason);
	else
		snprintf(text, sizeof(text), "%s: %s: %s", refusal->program, callgate_outcome_name(refusal->outcome),
			 refusal->call);
	add_field(entry, "MESSAGE", text);
	add_field(entry, "PRIORITY", priority_of(event));
	add_field(entry, "SYSLOG_IDENTIFIER", "callgate");
	snprintf(text, sizeof(text), "%d", refusal->pid);
	add_field(entry, "OBJECT_PID", refusal->pid > 0 ? text : "");
	add_field(entry, "CALLGATE_SYSCALL", refusal->syscall);
	add_field(entry, "CALLGATE_PROGRAM", refusal->program);
	add_field(entry, "CALLGATE_UNIT", refusal->unit);
	snprintf(text, sizeof(text), "%s:%u", refusal->explanation.file, refusal->explanation.line);
	add_field(entry, "CALLGATE_RULE", refusal->explanation.line ? text : "");
	add_field(entry, "CALLGATE_EVENT", line);
}

static bool send_entry(int fd, const struct msghdr *message, bool waits)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };

	if (sendmsg(fd, message, MSG_NOSIGNAL) >= 0)
		return true;
	return waits && (errno == EAGAIN || errno == ENOBUFS) && poll(&ready, 1, JOURNAL_PATIENCE_MS) == 1 &&
	       sendmsg(fd, message, MSG_NOSIGNAL) >= 0;
}

static bool send_file(int fd, const struct buf *entry, bool waits)
{
	cleanup_fd int file = memfd_create("journal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_control = &control, .msg_controllen = sizeof(control) };

	if (file < 0 || write(file, entry->data, entry->length) != (ssize_t)entry->length ||
	    fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		return false;
	control.head = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.head), &file, sizeof(file));
	return send_entry(fd, &message, waits);
}

bool journal_send(int fd, const struct callgate_event *event, const char *line, bool waits)
{
	cleanup(buf_fini) struct buf entry = { 0 };
	struct iovec bytes;
	struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };

	compose(event, line, &entry);
	if (entry.failed)
		return false;
	bytes = (struct iovec){ entry.data, entry.length };
	return send_entry(fd, &message, waits) || (errno == EMSGSIZE && send_file(fd, &entry, waits));
}
