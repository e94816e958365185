/* A damaged program with all that it says it needs, and one that a program opens. Names are searched in files, so the
 * bytes lie in one. */
#include "fuzz.h"

#include "base/file.h"
#include "elf/link.h"

#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char path[] = "/tmp/callgate-fuzz-XXXXXX";
	struct link_options options = { 0 };
	struct link *link = NULL;
	uint32_t opened;
	int fd = mkstemp(path);

	if (fd < 0 || file_write_all(fd, bytes, length) < 0)
		abort();
	close(fd);
	if (link_program(path, &options, &link, NULL) == CALLGATE_OK) {
		link_follow_program_hints(link, NULL);
		link_free(link);
	}
	link = NULL;
	if (link_program("/bin/true", &options, &link, NULL) == CALLGATE_OK)
		link_open(link, 0, path, "fuzz", &opened, NULL);
	link_free(link);
	unlink(path);
	return 0;
}
