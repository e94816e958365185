/*
 * cli/cage.h - before strangers' files are read, what that does not take is given up
 */
#ifndef CALLGATE_CLI_CAGE_H
#define CALLGATE_CLI_CAGE_H

/* From here on the process can read, and write to its standard output and error. Gives STATUS_YES, or what failure()
 * gives after it was said. The process is to end by _exit: what else runs at an exit may ask for what was given up. */
int cage_enter(void);

#endif
