/*
 * cli/print.h - what the command says: results on standard output, everything else on standard error
 */
#ifndef CALLGATE_CLI_PRINT_H
#define CALLGATE_CLI_PRINT_H

#include "base/file.h"

#include <callgate/error.h>

#include <jansson.h>
#include <stddef.h>

/* "FILE:LINE:COL: error: …" and its hint, on stderr. Gives the exit status: STATUS_MISUSE when the input or the name
 * of it is wrong, STATUS_FAILED when it is not the asker's fault. */
int failure(const struct callgate_error *err);

/* "callgate: error: …" on stderr; gives STATUS_MISUSE. The second adds a hint, of which one %s is hint_word. */
__attribute__((format(printf, 1, 2))) int misuse(const char *format, ...);
__attribute__((format(printf, 3, 4))) int misuse_hint(const char *hint, const char *hint_word, const char *format, ...);

/* "callgate: …" on stderr: what is worth knowing and no error. */
__attribute__((format(printf, 1, 2))) void note(const char *format, ...);

/* Bytes to a file (whole or not at all), or to stdout when path is NULL or "-". Gives STATUS_YES, or what failure()
 * gives after it was said. */
int write_output(const char *path, const void *bytes, size_t length);

/* A string of JSON, which is UTF-8; what is not (a file's name may be any bytes) is shown as well as it can be. NULL
 * without memory. */
json_t *json_text(const char *text);

/* Where write_json will put an object, found before a program runs that could exchange it; path may be NULL or "-".
 * The caller ends it with file_place_fini. Gives STATUS_YES, or what failure() gives after it was said. */
int output_find(const char *path, struct file_place *ret_place);

/* One object, a line, to that place or to stdout; takes the reference. Gives what write_output gives, or STATUS_FAILED
 * when memory is out (an object that is NULL says so). */
int write_json(const struct file_place *place, json_t *object_take);
/* The same to stdout. */
int print_json(json_t *object_take);

/* Makes sure that the three standard descriptors exist: one that was closed must not become a file that is opened
 * later. Writing to such a stdout, reading from such a stdin fails. */
void standard_descriptors_open(void);

/* Flushes stdout: status, or STATUS_FAILED (and an error on stderr) when what was printed did not arrive. */
int standard_output_finish(int status);

#endif
