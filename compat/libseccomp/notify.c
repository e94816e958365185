/*
 * Notifications, as thin as the kernel's own interface. Buffers have the size that the running kernel says, which may
 * be more than a program was compiled with.
 */
#include "notify.h"

#include "context.h"
#include "level.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int listener = -1;

int notify_listener(void)
{
	return __atomic_load_n(&listener, __ATOMIC_RELAXED);
}

void notify_set_listener(int fd)
{
	__atomic_store_n(&listener, fd, __ATOMIC_RELAXED);
}

void notify_reset(void)
{
	int fd = __atomic_exchange_n(&listener, -1, __ATOMIC_RELAXED);

	if (fd >= 0)
		close(fd);
}

/* The sizes are at least those of our own structs. */
static int notify_sizes(struct seccomp_notif_sizes *ret_sizes)
{
	struct seccomp_notif_sizes sizes = { 0 };

	if (level_now() < LEVEL_NOTIFY)
		return -EOPNOTSUPP;
	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		return -ECANCELED;
	if (sizes.seccomp_notif < sizeof(struct seccomp_notif) ||
	    sizes.seccomp_notif_resp < sizeof(struct seccomp_notif_resp))
		return -EFAULT;
	*ret_sizes = sizes;
	return 0;
}

int seccomp_notify_alloc(struct seccomp_notif **ret_request, struct seccomp_notif_resp **ret_response)
{
	struct seccomp_notif *request = NULL;
	struct seccomp_notif_resp *response = NULL;
	struct seccomp_notif_sizes sizes;
	int status = notify_sizes(&sizes);

	if (status)
		return status;
	if (ret_request && !(request = calloc(1, sizes.seccomp_notif)))
		return -ENOMEM;
	if (ret_response && !(response = calloc(1, sizes.seccomp_notif_resp))) {
		free(request);
		return -ENOMEM;
	}
	if (ret_request)
		*ret_request = request;
	if (ret_response)
		*ret_response = response;
	return 0;
}

void seccomp_notify_free(struct seccomp_notif *request, struct seccomp_notif_resp *response)
{
	free(request);
	free(response);
}

/* The kernel takes only a buffer of zeros. */
int seccomp_notify_receive(int fd, struct seccomp_notif *request)
{
	struct seccomp_notif_sizes sizes;
	int status = notify_sizes(&sizes);

	if (status)
		return status;
	memset(request, 0, sizes.seccomp_notif);
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, request) < 0 ? -ECANCELED : 0;
}

int seccomp_notify_respond(int fd, struct seccomp_notif_resp *response)
{
	if (level_now() < LEVEL_NOTIFY)
		return -EOPNOTSUPP;
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, response) < 0 ? -ECANCELED : 0;
}

int seccomp_notify_id_valid(int fd, uint64_t id)
{
	if (level_now() < LEVEL_NOTIFY)
		return -EOPNOTSUPP;
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) < 0 ? -ENOENT : 0;
}

int seccomp_notify_addfd(int fd, struct seccomp_notif_addfd *addfd)
{
	int number;

	if (level_now() < LEVEL_NOTIFY)
		return -EOPNOTSUPP;
	number = ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, addfd);
	return number < 0 ? -ECANCELED : number;
}

int seccomp_notify_fd(const struct context *context)
{
	return context_is_valid(context) ? notify_listener() : -EINVAL;
}
