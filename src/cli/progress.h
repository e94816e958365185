/*
 * cli/progress.h - what is being done now, on a terminal: one line that the next one takes the place of
 */
#ifndef CALLGATE_CLI_PROGRESS_H
#define CALLGATE_CLI_PROGRESS_H

/* "reading /usr/bin/git …" on stderr, where that is a terminal that moves its cursor; else nothing. */
__attribute__((format(printf, 1, 2))) void progress(const char *format, ...);

/* Takes the line away. Whoever prints on stderr calls it first (cli/print.h does); twice does no harm. */
void progress_end(void);

/* The same line again every second with the time that has gone by, "WHAT: 12 s", until progress_end. */
void progress_clock(const char *what);

#endif
