/*
 * observe/log_strace_thread.h - whom a log of strace is about: the threads that are alive, their processes, who made
 * them
 *
 * Only log_strace.c, which reads the calls, uses it. All memory is the log's arena.
 */
#ifndef CALLGATE_OBSERVE_LOG_STRACE_THREAD_H
#define CALLGATE_OBSERVE_LOG_STRACE_THREAD_H

#include "base/buf.h"
#include "observe/log.h"

enum { STRACE_BUCKETS = 1024 };

/* A process, which its threads share. */
struct strace_process {
	struct evidence_program *program; /* NULL: not known */
	enum evidence_phase phase;
	const struct abi_arch *arch;  /* that its calls are of */
	bool is_whole;		      /* its start stands in the log */
	bool has_called;	      /* a call of its own stands there */
	bool ends;		      /* it made a call that ends it, or a thread of it */
	struct strace_process *group; /* itself. With -ff a thread, of whose calls nobody knows when they were made
				       * among those of the others, is one apart, and this is the one that it is of */
};

/* A thread that ended, and until then nobody had made a call that ends it. */
struct strace_exit {
	const struct strace_process *group;
	const struct log_text *text;
	unsigned long line;
};

struct strace_thread {
	struct strace_thread *next; /* in its bucket */
	uint64_t pid;
	struct strace_process *process;
	const char *begun; /* the first half of a call, of begun_length bytes; NULL: it is in none */
	size_t begun_length;
	unsigned long begun_line;
	uint64_t begun_ns;
	unsigned long blind_line; /* where strace could not see a call that it made; 0: nowhere */
};

/* What a clone, a fork or a vfork made. */
struct strace_birth {
	uint64_t parent, child;
	bool is_thread;
	bool is_taken; /* the child was seen */
	bool is_known; /* the parent's call was counted: what follows is what the parent was then */
	struct strace_process as;
	struct strace_process *of; /* the parent itself */
};

/* A call that is read and waits for the place that it came from, which strace -k writes behind it. */
struct strace_waiting {
	bool is_there;
	struct log_call call;
	struct strace_process *process;
	bool has_site;
};

/* A clone that is begun, while births are looked up. */
struct strace_begun {
	uint64_t pid;
	bool is_thread;
};

struct strace {
	struct log *log;
	const struct log_text *text; /* that is read now */
	unsigned long line;
	uint64_t file_pid; /* of the text's name, for strace -ff; 0: none */
	struct strace_thread *buckets[STRACE_BUCKETS];
	size_t alive;
	struct strace_thread *last;    /* that a line was of, while it is alive */
	struct strace_thread *unnamed; /* the first one of all, before strace wrote pids; or NULL */
	struct {
		VEC(struct strace_birth);
	} births;
	size_t taken, known; /* so many of the first births are all taken, and known */
	struct {
		VEC(struct strace_begun);
	} begun;
	struct {
		VEC(struct strace_exit);
	} exits;
	struct strace_waiting waiting;
	struct buf whole;  /* a call whose halves stood apart */
	struct buf joined; /* the call that is read */
	uint64_t clock_ns; /* the time of the line before */
	uint64_t days_ns;  /* midnights that were passed */
	bool has_end;	   /* a call was made that ends a process of which the log does not tell the start */
};

/* Where the thread of that number hangs, or would. */
struct strace_thread **strace_slot(struct strace *strace, uint64_t pid);

/* It has ended. */
void strace_drop(struct strace *strace, struct strace_thread *thread);

/* The first birth of that child that nobody has claimed: numbers come again. NULL: none. */
struct strace_birth *strace_birth_of(struct strace *strace, uint64_t child);

/* Whose line it is; strace writes no number while there is only one. *ret_thread is NULL where that cannot be told,
 * which is a lost call. Fails with E_NOMEM, and with E_LIMIT beyond LOG_THREADS_MAX. */
int strace_find(struct strace *strace, uint64_t pid, struct strace_thread **ret_thread);

#endif
