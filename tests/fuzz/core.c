/* A core file, as `callgate why` reads it by elfutils. */
#include "fuzz.h"

#include <callgate/monitor.h>

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* LeakSanitizer asks: elfutils 0.188 forgets a few bytes of core files that are cut. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libdw";
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct callgate_event *event = NULL;
	int fd = memfd_create("core", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, bytes, length) == (ssize_t)length &&
	    callgate_core_read(fd, "fuzz.core", &event, NULL) == CALLGATE_OK)
		callgate_event_free(event);
	if (fd >= 0)
		close(fd);
	return 0;
}
