/*
 * cli/scan_json.h - what was scanned, one JSON object a line
 */
#ifndef CALLGATE_CLI_SCAN_JSON_H
#define CALLGATE_CLI_SCAN_JSON_H

#include <callgate/scan.h>

#include <jansson.h>

/* Prints all that was found of one program, under the record of its options (which stays the caller's). Gives
 * STATUS_YES, or a status after a failure was printed. */
int print_scan_json(const struct callgate_scan *scan, const char *program, json_t *record);

/* Prints the reason of one call, of no steps where it is not made or needs none. */
int print_why_json(const char *program, const char *name, const struct callgate_scan_step *steps, size_t count);

#endif
