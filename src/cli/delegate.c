/*
 * Finds callgate-observe and becomes it: the process stays the one that the shell started, with its descriptors, its
 * terminal and its signals, and its status is the answer. It is looked for beside the running command first, which is
 * where a build leaves it, so that a tree is tried as it will be installed.
 */
#include "cli/delegate.h"

#include "base/cleanup.h"
#include "cli/print.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OBSERVING_PROGRAM "callgate-observe"

/* "FOLDER/callgate-observe" of the folder of the running program; false when that is not known. */
static bool beside_self(char path[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	if (length <= 0)
		return false;
	path[length] = '\0';
	slash = strrchr(path, '/');
	if (!slash || (size_t)(slash + 1 - path) + sizeof(OBSERVING_PROGRAM) > PATH_MAX)
		return false;
	strcpy(slash + 1, OBSERVING_PROGRAM);
	return true;
}

bool observing_program(char path[PATH_MAX])
{
	if (beside_self(path) && access(path, X_OK) == 0)
		return true;
	snprintf(path, PATH_MAX, "%s", CALLGATE_LIBEXECDIR "/" OBSERVING_PROGRAM);
	return access(path, X_OK) == 0;
}

int verb_delegate(const struct verb *verb, int argc, char **argv)
{
	cleanup_free char **handed = calloc((size_t)argc + 2, sizeof(*handed));
	char program[PATH_MAX];

	if (!handed) {
		misuse("%s: no memory", verb->name);
		return STATUS_FAILED;
	}
	handed[0] = (char *)"callgate";
	memcpy(handed + 1, argv, (size_t)argc * sizeof(*argv));
	if (observing_program(program))
		execv(program, handed);
	misuse_hint("install Callgate whole, or put %s beside the command", OBSERVING_PROGRAM,
		    "%s: cannot start %s: %s", verb->name, program, strerror(errno));
	return STATUS_FAILED;
}
