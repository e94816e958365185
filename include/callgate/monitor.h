/*
 * callgate/monitor.h - refusals that others saw: the kernel's audit log, core files, other programs' events
 *
 * Each becomes the same event (callgate/event.h). What is read was written by strangers, and is bounded in every part.
 */
#ifndef CALLGATE_MONITOR_H
#define CALLGATE_MONITOR_H

#include <callgate/error.h>
#include <callgate/event.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A record of type SECCOMP, as the kernel sends it, as auditd and the kernel's own log write it. The caller frees
 * *ret_event. Its process is numbered as the kernel's first PID namespace counts. Fails with E_UNKNOWN (another
 * record), E_SYNTAX and E_NOMEM.
 */
CALLGATE_OBSERVING int callgate_audit_parse(const char *record, size_t length, struct callgate_event **ret_event,
					    struct callgate_error *err);

/*
 * The core file, an open descriptor that can be sought in, of a process that SIGSYS ended: the call, what its pointers
 * named, and the way of the thread that made it. name is for messages. Files that the process had mapped are opened by
 * their names where their build-ids are the same. Reads tables of strangers by elfutils: the caller has given up what
 * rights it can. The caller frees *ret_event. Fails with E_UNKNOWN (no core file, or of another signal), E_UNSUPPORTED
 * (another machine's), E_SYNTAX and E_NOMEM.
 */
CALLGATE_OBSERVING int callgate_core_read(int fd, const char *name, struct callgate_event **ret_event,
					  struct callgate_error *err);

/* A line of an event file, or a record of the audit log in any form. As the two parsers of these. */
CALLGATE_OBSERVING int callgate_event_recognise(const char *line, size_t length, struct callgate_event **ret_event,
						struct callgate_error *err);

/*
 * Fills what the subject says about a call that somebody else saw: policy, explanation and edit. Where the arguments
 * are not known, only what it says whatever they are. Fails with E_NOMEM, E_LIMIT, E_UNPROVED.
 */
CALLGATE_OBSERVING int callgate_refusal_explain(const struct callgate_subject *subject,
						struct callgate_refusal *refusal, struct callgate_error *err);

struct callgate_monitor_options {
	/* Files of events or audit records, "-" for standard input; at the end of one that is followed it waits for
	 * more. */
	const char *const *sources;
	size_t source_count;
	bool follow;
	bool audit;				/* the kernel's audit messages, which needs CAP_AUDIT_READ */
	const struct callgate_subject *subject; /* explains what comes without a policy, or NULL */
	int stop_fd;				/* ends when this can be read; −1: when the sources end */
	/* Each event with its line, or NULL; in the thread that runs the monitor. False ends it. */
	bool (*told)(const struct callgate_event *event, const char *line, void *context);
	/* Once all is open, before a thread is started and anything of a stranger's is read, or NULL: where rights are
	 * given up. What follows reads (sources that are followed also by their names, /proc), writes what is open,
	 * accepts connections, starts threads and at the end removes the metrics' socket. Anything but CALLGATE_OK is
	 * the caller's own failure, and ends it with E_UNSUPPORTED. */
	int (*opened)(void *context);
	/* The page's address, once it is served: the port may have been the kernel's choice. */
	void (*served)(const char *address, void *context);
	void *context;
	const char *journal;   /* journald's socket, where each refusal goes too, or NULL */
	const char *chain;     /* a file of chained lines, made when it is not there, or NULL */
	bool chain_anew;       /* one that does not hold is put aside, and another begun that says so */
	const void *chain_key; /* with which its links are made; NULL: none */
	size_t chain_key_length;
	const char *metrics; /* a socket to be made, on which counts are told in Prometheus's words, or NULL */
	const char *serve;   /* "127.0.0.1:PORT" or "[::1]:PORT": a page about it all, or NULL */
	const char *token;   /* what the page's reader must show, 16 bytes at least */
};

struct callgate_monitor_report {
	uint64_t refused;      /* told */
	uint64_t suppressed;   /* counted by who saw them, or here */
	uint64_t lost;	       /* records of the audit log, of whatever type, that never came */
	uint64_t unread;       /* lines that are neither events nor records */
	uint64_t journal_lost; /* that journald did not take */
	uint64_t chain_lost;   /* that the chain could not take; it says so itself once it can be written again */
};

/*
 * Reads the sources and tells of each event, to all who are named, until the sources end or it is stopped. A source
 * that floods is told in part and counted, or read more slowly where that holds up its writer only. Fails with E_OS (a
 * source or a socket cannot be opened; at the end, that the chain is still not written), E_INVALID (the chain that is
 * there does not hold, or can be neither written nor cut), E_UNSUPPORTED and E_NOMEM.
 */
CALLGATE_OBSERVING int callgate_monitor_run(const struct callgate_monitor_options *options,
					    struct callgate_monitor_report *ret_report, struct callgate_error *err);

struct callgate_chain_report {
	uint64_t lines;
	uint64_t gaps; /* of these, lines that say that something is missing */
	char head[65]; /* the last link: who keeps it elsewhere sees when lines are cut off */
};

/*
 * Whether every line of a chain follows from the one before. Fails with E_INVALID at the first line that does not (it
 * was changed, taken out or put in, or cut; the hint says the link before), with E_LIMIT (a line that is too long to be
 * one), E_OS and E_NOMEM.
 */
CALLGATE_OBSERVING int callgate_chain_verify(const char *path, const void *key, size_t key_length,
					     struct callgate_chain_report *ret_report, struct callgate_error *err);

#ifdef __cplusplus
}
#endif

#endif
