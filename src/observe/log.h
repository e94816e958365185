/*
 * observe/log.h - what another recorder wrote of a run, as evidence
 *
 * strace and the kernel's audit log tell of calls in text. Each of them is read into the same evidence as our own
 * recorders make, so that it can be added to theirs: by program and syscall, with arguments, results, and phases as far
 * as they are told. Nobody can ask again for what a log lacks: a line that tells of a call and cannot be read, or a
 * call of which the log shows that it is missing, is counted, and any count but 0 fails the reading.
 *
 * What no log tells: where main begins (evidence_run.has_main is false). What only some tell: where in a program a call
 * was made (`strace -k`), without which all calls since the exec count as made in START.
 */
#ifndef CALLGATE_OBSERVE_LOG_H
#define CALLGATE_OBSERVE_LOG_H

#include "filter/call.h"
#include "observe/evidence.h"

#include <time.h>

enum log_kind { LOG_STRACE, LOG_AUDIT };

enum {
	LOG_SIZE_MAX = 1 << 30,	   /* bytes of a log */
	LOG_THREADS_MAX = 1 << 16, /* alive at once */
	LOG_CALLS_MAX = 1 << 20,   /* audit records: they are put in order before they are counted */
	LOG_INTERPRETERS_MAX = 5,  /* a script's interpreter may be one: the kernel's own limit */
};

struct log_text {
	const char *name; /* for messages; of strace -ff it ends in the number of the process */
	const char *text; /* of length bytes */
	size_t length;
	struct timespec written; /* when it was: a program that was changed later is not the one that ran */
};

struct log_end {
	bool attached;	  /* some process ran before the log began */
	bool cut_off;	  /* some process had not ended when the log did */
	uint64_t wall_ns; /* from the first call to the last; 0 where no times are told */
	bool untimed;	  /* the times are words (ausearch -i): when calls came is not known */
	uint64_t untold;  /* calls of which an argument could not be understood: its value is not known */
	struct callgate_error first_untold; /* the first of them; status CALLGATE_OK: there is none */
};

/*
 * Reads logs of one kind, which are one recording: `strace -ff` writes one a process. The evidence is new, and the run
 * is closed in it; its name comes from the text, so that the same log is never added up with itself. Fails with
 * E_SYNTAX (a place is named, and how many calls are lost), E_INVALID (not one call is told of), E_LIMIT, E_OS,
 * E_NOMEM; evidence is then of no use.
 */
int log_read(enum log_kind kind, const struct log_text *texts, size_t count, struct evidence *evidence,
	     struct log_end *ret_end, struct callgate_error *err);

/* The same of files; "-" is standard input. None may stand there twice (E_INVALID). */
int log_read_files(enum log_kind kind, const char *const *paths, size_t count, struct evidence *evidence,
		   struct log_end *ret_end, struct callgate_error *err);

/* What follows is for the two readers. */

struct log {
	const struct log_text *texts;
	size_t count;
	struct arena arena; /* what lives as long as the reading */
	struct evidence *evidence;
	struct log_end end;
	struct {
		VEC(struct log_program);
	} programs;
	uint64_t first_ns, last_ns; /* of calls that have a time; 0: none has */
	uint64_t lost;
	struct callgate_error first_lost;
	struct callgate_error *err;
};

/* A program by the name that the log has for it. */
struct log_program {
	const char *name;
	struct evidence_program *program;
	const struct abi_arch *arch; /* that its calls are of: the native one where its file does not tell */
};

/* A call as a log tells it. */
struct log_call {
	struct call call;
	struct evidence_program *program;
	enum evidence_phase phase; /* of its process, before it */
	uint8_t unknown_args;
	const char *module; /* of the call site, from evidence_module, or NULL */
	uint64_t offset;
	bool has_result;
	int error;
	uint64_t at_ns; /* 0: not told */
};

/* A call is lost: what stands there, at the line of text. */
__attribute__((format(printf, 4, 5))) void log_lose(struct log *log, const struct log_text *text, unsigned long line,
						    const char *format, ...);

/* The program that an execve of this path starts: a script's is its interpreter. NULL is one that is not known. */
int log_program(struct log *log, const struct log_text *text, const char *path, struct log_program *ret_program);

/* Counts a call; *phase, of its process, moves on. */
int log_count(struct log *log, const struct log_call *call, enum evidence_phase *phase);

/* A call of which an argument cannot be understood, and why. */
void log_untold(struct log *log, const struct log_text *text, unsigned long line, const struct callgate_error *why);

int strace_log_read(struct log *log);
int audit_log_read(struct log *log);

#endif
