/*
 * cli/cage.h - before strangers' files are read, what that does not take is given up
 */
#ifndef CALLGATE_CLI_CAGE_H
#define CALLGATE_CLI_CAGE_H

#include <stdbool.h>

/* From here on the process can read, and write to its standard output and error. Gives STATUS_YES, or what failure()
 * gives after it was said. The process is to end by _exit: what else runs at an exit may ask for what was given up. */
int cage_enter(void);

/* What a monitor still needs of its rights. */
struct cage_watching {
	bool reopens;	     /* files by their names */
	bool asks_processes; /* /proc about processes of others */
	bool unlinks;	     /* the socket that it made */
};

/* The same for a monitor that has opened all: every thread of it keeps reading, writing what is open, and serving who
 * connects. Gives STATUS_YES, or what failure() gives after it was said. */
int cage_enter_watching(const struct cage_watching *needs);

#endif
