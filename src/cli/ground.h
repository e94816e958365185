/*
 * cli/ground.h - what the verbs that start a program have in common: the ground under it, and how they say that it
 * could not be started
 */
#ifndef CALLGATE_CLI_GROUND_H
#define CALLGATE_CLI_GROUND_H

#include "cli/options.h"

#include <callgate/launch.h>

/* Part of a verb's options, as its field `ground`; zeroed at first. */
struct ground_options {
	const char *chdir;
	struct option_list env;
	struct option_list setenv;
	struct option_list pass_fd;
	bool clearenv;
	bool linger;
	int fds[OPTION_LIST_MAX]; /* pass_fd as numbers: ground_prepare's */
};

#define GROUND_ROWS(type)                                                                                          \
	OPTION_TEXT(type, ground.chdir, "chdir", 0, "FOLDER", "start the program in FOLDER"),                      \
		OPTION_LIST(type, ground.env, "env", 0, "NAME",                                                    \
			    "hand on this variable too; NAME* is all that begin so"),                              \
		OPTION_LIST(type, ground.setenv, "setenv", 0, "NAME=VALUE", "set a variable for the program"),     \
		OPTION_FLAG(type, ground.clearenv, "clearenv", 0, "hand on no variable but those that are named"), \
		OPTION_LIST(type, ground.pass_fd, "pass-fd", 0, "N", "hand on descriptor N beside 0, 1 and 2"),    \
		OPTION_FLAG(type, ground.linger, "linger", 0,                                                      \
			    "wait for what the program leaves running; else it is killed")

/* Puts the program and its ground into *ret_run, which borrows from options and argv; the rest of it is zeroed. Gives
 * STATUS_YES, or STATUS_MISUSE or STATUS_FAILED after it was said what is wrong. */
int ground_prepare(struct ground_options *options, char **argv, struct callgate_run_options *ret_run);

/* Says why a program could not be started. As a shell has it, 127 is one that does not exist and 126 one that cannot
 * be executed; anything else gives what failure() gives. */
int ground_failure(const struct callgate_error *err);
#define GROUND_NOT_EXECUTABLE 126
#define GROUND_NOT_FOUND      127

#endif
