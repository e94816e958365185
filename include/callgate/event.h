/*
 * callgate/event.h - a refused call as whoever watches is told of it
 *
 * One struct and one line of JSON, callgate-events(5), whoever saw the call: a supervisor beside the target, the
 * kernel's audit log, or the core file that was left. What a source does not tell stays empty, and is never guessed.
 */
#ifndef CALLGATE_EVENT_H
#define CALLGATE_EVENT_H

#include <callgate/backtrace.h>
#include <callgate/error.h>
#include <callgate/subject.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What became of a call that the policy refuses. */
enum callgate_outcome {
	CALLGATE_OUTCOME_ENDED,	      /* its process or thread was ended for it */
	CALLGATE_OUTCOME_FAILED,      /* it failed with an errno */
	CALLGATE_OUTCOME_LET_THROUGH, /* it was carried out: it was only to be told */
	CALLGATE_OUTCOME_ANSWERED,    /* a supervisor answered it in the kernel's place: refused it, or did it itself */
};

/* Who saw it. */
enum callgate_seen_by {
	CALLGATE_SEEN_AT_EXIT,	   /* a tracer, at the end of the thread: registers and memory were there */
	CALLGATE_SEEN_BY_LISTENER, /* a supervisor, while the call waited */
	CALLGATE_SEEN_IN_AUDIT,	   /* the kernel's audit log: no arguments */
	CALLGATE_SEEN_IN_CORE,	   /* a core file */
};

/* "ended", "failed", "let-through", "answered"; "exit", "listener", "audit", "core". NULL when there is no such. */
CALLGATE_PUBLIC const char *callgate_outcome_name(enum callgate_outcome outcome);
CALLGATE_PUBLIC const char *callgate_seen_by_name(enum callgate_seen_by seen_by);

/* What to write so that a refused call passes. */
struct callgate_edit {
	char rule[512];	  /* "allow openat if flags == O_RDONLY"; "" where none is known */
	char file[256];	  /* where: before this line, which decided; at the end where line is 0 */
	unsigned line;	  /* from 1 */
	char opens[1024]; /* what else that lets in, a sentence a line: holes that `check` finds then, and not now */
};

struct callgate_refusal {
	int64_t time_ns;  /* since 1970 */
	int pid;	  /* the process, in the PID namespace of who saw it */
	int tid;	  /* the thread that made the call */
	char arch[16];	  /* "x86_64"; "" for one that is not known */
	char syscall[48]; /* "execve"; "" for a number without a name */
	uint32_t nr;
	bool has_args; /* false: the source does not tell them */
	uint64_t args[6];
	uint64_t ip;	   /* of the instruction behind the call */
	char program[256]; /* what it was executing, "" when that is not known */
	char build_id[41]; /* of that, in hexadecimal */
	char cgroup[256];  /* its control group's path */
	char unit[128];	   /* the unit or container that the path names, "docker:1a2b…", "web.service" */
	char call[1024];   /* the call with what its pointers named: `execve("/bin/sh", …)` */
	enum callgate_outcome outcome;
	enum callgate_seen_by seen_by;
	char policy[256];			 /* what refused it, as it was named; "" when that is not known */
	struct callgate_explanation explanation; /* its action, the rule and why */
	struct callgate_edit edit;
	bool has_registers;
	uint64_t registers[CALLGATE_REGISTERS]; /* for callgate_backtrace; 0 where a register is not known */
};

/*
 * The rule that would let a refused call pass, as narrow as a policy can reasonably say it, and what it opens.
 * *ret_edit is empty where there is none to propose: of what is no policy in the language of callgate-policy(5), of a
 * call without a name or arguments, of one that the policy does not refuse. Takes some milliseconds. Fails with E_LIMIT
 * and E_NOMEM.
 */
CALLGATE_PUBLIC int callgate_edit_find(const struct callgate_subject *subject, const struct callgate_refusal *refusal,
				       struct callgate_edit *ret_edit, struct callgate_error *err);

enum callgate_event_kind {
	CALLGATE_EVENT_REFUSED,
	CALLGATE_EVENT_SUPPRESSED, /* refusals of one process that are counted and not told */
	CALLGATE_EVENT_STARTED,	   /* a target was started */
	CALLGATE_EVENT_ENDED,	   /* and has ended */
	CALLGATE_EVENT_GAP,	   /* a chain of events does not hold all that it should */
};

enum {
	CALLGATE_EVENT_FRAMES_MAX = 64,
	CALLGATE_EVENT_LINE_MAX = 1 << 20, /* bytes: longer than any line that is written; who reads passes one over */
};

/* A line of an event file. */
struct callgate_event {
	enum callgate_event_kind kind;
	struct callgate_refusal refusal;     /* of the other kinds only time_ns, pid, program and policy are filled, of
						GAP time_ns and explanation.reason */
	uint64_t count;			     /* SUPPRESSED: how many; GAP: how many are missing, 0: not known */
	const struct callgate_frame *frames; /* by which functions it came about, the innermost first */
	size_t frame_count;
};

/* The line, without its end, which the caller frees; frames come from *event. Fails with E_NOMEM. */
CALLGATE_PUBLIC int callgate_event_format(const struct callgate_event *event, char **ret_line,
					  struct callgate_error *err);

/* Reads a line that anybody may have written; the caller frees *ret_event. Fails with E_SYNTAX (it is no event), with
 * E_UNKNOWN (one of another kind) and E_NOMEM. */
CALLGATE_PUBLIC int callgate_event_parse(const char *line, size_t length, struct callgate_event **ret_event,
					 struct callgate_error *err);
CALLGATE_PUBLIC void callgate_event_free(struct callgate_event *event);

/* One frame as such a line has it, which the caller frees; NULL without memory. */
CALLGATE_PUBLIC char *callgate_frame_format(const struct callgate_frame *frame);

#ifdef __cplusplus
}
#endif

#endif
