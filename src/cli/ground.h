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
	const char *bundle;
	struct option_list config;
	struct option_settings settings;
};

#define GROUND_ROWS(type)                                                                       \
	OPTION_TEXT(type, ground.bundle, "bundle", 0, "FOLDER",                                 \
		    "the sandbox, program and policy of an OCI bundle, before other settings"), \
		OPTION_LIST(type, ground.config, "config", 'c', "FILE",                         \
			    "the settings of a file (YAML), before those that stand here")

/* The sandbox that a bundle, config files and options say; the caller ends it with ground_free. Without arguments the
 * bundle's program becomes them, and they live as long as the sandbox. Gives STATUS_YES, or STATUS_MISUSE or
 * STATUS_FAILED after it was said what is wrong. */
int ground_prepare(const struct ground_options *options, struct arguments *arguments,
		   struct callgate_sandbox **ret_sandbox);

void ground_free(struct callgate_sandbox **sandbox);

/* Says why a program could not be started. As a shell has it, 127 is one that does not exist and 126 one that cannot
 * be executed; anything else gives what failure() gives. */
int ground_failure(const struct callgate_error *err);
#define GROUND_NOT_EXECUTABLE 126
#define GROUND_NOT_FOUND      127

#endif
