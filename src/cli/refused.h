/*
 * cli/refused.h - a refused call in a line of text, in the same words whichever verb tells of it
 */
#ifndef CALLGATE_CLI_REFUSED_H
#define CALLGATE_CLI_REFUSED_H

#include <callgate/event.h>

#include <stdint.h>

/* What stands between the program and the call: "was ended for", "was refused"; of one that was let through what would
 * have been: "would be refused", "would be ended for". */
const char *refusal_fate(const struct callgate_refusal *refusal);

/* The text for a terminal, in place: nothing of a stranger's that steers it. Gives the same. */
char *shown(char *text);

/* What stands behind a noun of which there are so many: "" or "s". */
const char *plural(uint64_t number);

#endif
