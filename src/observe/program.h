/*
 * observe/program.h - which file a process executes
 */
#ifndef CALLGATE_OBSERVE_PROGRAM_H
#define CALLGATE_OBSERVE_PROGRAM_H

#include "observe/evidence.h"

#include <sys/types.h>

enum {
	PROGRAM_PATH_MAX = 4096,
	PROGRAM_BUILD_ID_MAX = 64, /* bytes; linkers write 8 to 20 */
	PROGRAM_BUILD_ID_TEXT = PROGRAM_BUILD_ID_MAX * 2 + 1,
};

/* The file's GNU build id in hexadecimal, "" when it has none or is no ELF file of this machine's byte order. */
void program_build_id(int fd, char text[PROGRAM_BUILD_ID_TEXT]);

/*
 * The program that a process runs, from /proc/PID/exe; known when it still runs that one, or NULL. *ret_program is
 * left alone when /proc does not tell (the process ended, or hides from us). Fails with E_LIMIT and E_NOMEM.
 */
int program_of_process(struct evidence *evidence, pid_t pid, struct evidence_program *known,
		       struct evidence_program **ret_program, struct callgate_error *err);

#endif
