/*
 * Loading is a word of its own, since what follows it cannot be undone.
 */
#include "base/error.h"
#include "filter/filter.h"
#include "kernel/load.h"

static unsigned kernel_flags(unsigned flags)
{
	unsigned kernel = 0;

	if (flags & CALLGATE_LOAD_THREADS)
		kernel |= SECCOMP_FILTER_FLAG_TSYNC;
	if (flags & CALLGATE_LOAD_LOG)
		kernel |= SECCOMP_FILTER_FLAG_LOG;
	if (flags & CALLGATE_LOAD_LISTENER)
		kernel |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	/* Without it the kernel tells a failed TSYNC by a thread's number, which looks like a descriptor. */
	if ((flags & CALLGATE_LOAD_THREADS) && (flags & CALLGATE_LOAD_LISTENER))
		kernel |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
	return kernel;
}

int callgate_filter_load(const struct callgate_filter *filter, unsigned flags, int *ret_listener,
			 struct callgate_error *err)
{
	if ((flags & CALLGATE_LOAD_LISTENER) && !ret_listener)
		return fail(err, CALLGATE_E_INVALID, "a listener needs a place to be returned to");
	if (ret_listener && !(flags & CALLGATE_LOAD_LISTENER)) {
		int status = kernel_filter_load(filter->program.insns, filter->program.length, kernel_flags(flags),
						NULL, err);

		if (!status)
			*ret_listener = -1;
		return status;
	}
	return kernel_filter_load(filter->program.insns, filter->program.length, kernel_flags(flags), ret_listener,
				  err);
}
