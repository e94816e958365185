/*
 * monitor/serve.h - the page: what is told, while it is, to a browser on this machine
 */
#ifndef CALLGATE_MONITOR_SERVE_H
#define CALLGATE_MONITOR_SERVE_H

#include "monitor/counts.h"
#include "monitor/door.h"

struct serve;

/*
 * Listens, and serves nobody yet, at "127.0.0.1:PORT" or "[::1]:PORT", of which port 0 is the kernel's choice; the
 * token must live as long. Fails with E_INVALID (another address, a short token), E_OS, E_NOMEM.
 */
int serve_open(const char *address, const char *token, struct counts *counts, struct serve **ret_serve,
	       struct callgate_error *err);

/* "127.0.0.1:8080" */
const char *serve_address(const struct serve *serve);

/* Begins to answer, in threads of its own. Fails with E_OS. */
int serve_start(struct serve *serve, struct callgate_error *err);

/* A line for everybody who reads. */
void serve_tell(struct serve *serve, const char *line);

/* Ends all answers; NULL is nobody's. */
void serve_stop(struct serve *serve);

#endif
