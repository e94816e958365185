/*
 * cli/delegate.h - hands a verb to callgate-observe
 *
 * The verbs that read programs need elfutils, a disassembler and libbpf. Loading those would cost every `callgate run`
 * more than all that it does itself, so they live in a second program that has all verbs: docs/adr/0006.
 */
#ifndef CALLGATE_CLI_DELEGATE_H
#define CALLGATE_CLI_DELEGATE_H

#include "cli/verbs.h"

#include <limits.h>

/* The path of callgate-observe, beside the running command or in libexec/callgate; false when neither can be
 * executed. */
bool observing_program(char path[PATH_MAX]);

/* Becomes callgate-observe, beside this program or in libexec/callgate. Returns only on failure: STATUS_FAILED. */
int verb_delegate(const struct verb *verb, int argc, char **argv);

#endif
