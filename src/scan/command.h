/*
 * scan/command.h - which programs a command of the shell starts
 *
 * The command is taken apart as sh does it, as far as no variable, substitution or group decides what runs: lists and
 * pipelines of simple commands, each of which names its program in its first word.
 */
#ifndef CALLGATE_SCAN_COMMAND_H
#define CALLGATE_SCAN_COMMAND_H

#include "base/arena.h"

#include <stdbool.h>

struct command {
	struct {
		VEC(const char *);
	} programs;   /* as they stand there, each once; the shell's own words are none */
	bool is_open; /* it may start others as well, which it does not name */
};

/* Takes text apart into a zeroed struct, whose strings are the arena's. False: memory is out. */
bool command_parse(struct arena *arena, const char *text, struct command *ret_command);

#endif
