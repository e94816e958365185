/*
 * What is delicate about the listener is which errors are none. ENOENT is the target's death or a signal that broke
 * its call off, at any point of the conversation; EINTR is our own signal. Neither may end a supervisor, nor may a
 * supervisor sleep on in RECV when the last target is gone, which the kernel tells by POLLHUP only.
 */
#include "kernel/notify.h"

#include "base/error.h"
#include "kernel/probe.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SECCOMP_ADDFD_FLAG_SEND
#define SECCOMP_ADDFD_FLAG_SEND (1UL << 1)
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS	   _IOW('!', 4, uint64_t)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* As it was first published, with the direction of an ioctl that reads. */
#define NOTIFY_ID_VALID_WRONG_DIR _IOR('!', 2, uint64_t)

int notify_check(struct callgate_error *err)
{
	struct seccomp_notif_sizes sizes;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		return fail(err, CALLGATE_E_UNSUPPORTED, "this kernel has no seccomp notifications (Linux 5.0)");
	if (sizes.seccomp_notif > NOTIFY_ROOM)
		return fail(err, CALLGATE_E_UNSUPPORTED, "this kernel's notifications have %u bytes, room is for %d",
			    sizes.seccomp_notif, NOTIFY_ROOM);
	return CALLGATE_OK;
}

unsigned notify_filter_flags(void)
{
	/* The kernel refuses it without a listener, known or not. */
	return probe_filter_flag(SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		       ? SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
		       : 0;
}

/* One ioctl: its result, with EINTR taken as "again" where nothing is lost by it. */
static int notify_ioctl(int listener, unsigned long request, void *argument)
{
	int result;

	do
		result = ioctl(listener, request, argument);
	while (result < 0 && errno == EINTR);
	return result;
}

int notify_receive(int listener, union notify_buffer *ret_buffer, struct callgate_error *err)
{
	/* The kernel insists on zeroes. */
	memset(ret_buffer, 0, sizeof(*ret_buffer));
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, ret_buffer) < 0) {
		if (errno == EINTR || errno == ENOENT || errno == EAGAIN)
			return NOTIFY_GONE;
		return fail_errno(err, "cannot receive a notification");
	}
	return NOTIFY_DONE;
}

bool notify_is_over(int listener)
{
	struct pollfd calls = { .fd = listener };

	return poll(&calls, 1, 0) == 1 && calls.revents & (POLLHUP | POLLERR | POLLNVAL);
}

bool notify_id_is_valid(int listener, uint64_t id)
{
	if (notify_ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0)
		return true;
	return errno != ENOENT && notify_ioctl(listener, NOTIFY_ID_VALID_WRONG_DIR, &id) == 0;
}

/* The call is over, or somebody else has answered it. */
static bool notify_is_gone(int error)
{
	return error == ENOENT || error == EINPROGRESS;
}

static int notify_send(int listener, struct seccomp_notif_resp *response, struct callgate_error *err)
{
	if (notify_ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, response) == 0)
		return NOTIFY_DONE;
	if (notify_is_gone(errno))
		return NOTIFY_GONE;
	return fail_errno(err, "cannot answer a notification");
}

int notify_respond(int listener, uint64_t id, int64_t value, int error, struct callgate_error *err)
{
	struct seccomp_notif_resp response = { .id = id, .val = error ? 0 : value, .error = -error };

	return notify_send(listener, &response, err);
}

int notify_continue(int listener, uint64_t id, struct callgate_error *err)
{
	struct seccomp_notif_resp response = { .id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	return notify_send(listener, &response, err);
}

int notify_add_fd(int listener, uint64_t id, int fd, unsigned newfd_flags, bool answers, int *ret_fd,
		  struct callgate_error *err)
{
	struct seccomp_notif_addfd add = {
		.id = id,
		.flags = answers ? SECCOMP_ADDFD_FLAG_SEND : 0,
		.srcfd = (uint32_t)fd,
		.newfd_flags = newfd_flags,
	};
	int result = notify_ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);

	if (result < 0 && notify_is_gone(errno))
		return NOTIFY_GONE;
	if (result < 0)
		return fail_errno(err, "cannot give the target a descriptor");
	if (ret_fd)
		*ret_fd = result;
	return NOTIFY_DONE;
}

bool notify_sync_wake_up(int listener)
{
	/* The flags are the ioctl's argument itself, not what it points to. */
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) == 0;
}
