/*
 * cli/duration.h - how long: 500ms, 10s, 5m
 */
#ifndef CALLGATE_CLI_DURATION_H
#define CALLGATE_CLI_DURATION_H

#include <stdbool.h>
#include <stdint.h>

/* A whole number and its unit: ms, s or m. False for anything else, for nothing at all and for more than 2^53 ms. */
bool duration_parse(const char *text, uint64_t *ret_ms);

#endif
