/*
 * A version number lies: vendors carry features back, containers hide them. So each question is put to the kernel in
 * a way that changes nothing.
 */
#include "kernel/probe.h"

#include "abi/abi.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

uint16_t probe_kernel_version(void)
{
	struct utsname name;
	unsigned long major, minor;
	char *end;

	if (uname(&name) < 0)
		return 0;
	major = strtoul(name.release, &end, 10);
	minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 256;
	return major > 255 || minor > 255 ? 0 : ABI_KERNEL(major, minor);
}

bool probe_action(uint32_t action)
{
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

bool probe_filter_flag(unsigned flag)
{
	/* Known flags reach the program, whose address is none; unknown ones are refused before it is read. */
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag, NULL) < 0 && errno == EFAULT;
}

bool probe_listener(void)
{
	struct seccomp_notif_sizes sizes;

	return syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0;
}
