/*
 * observe/evidence.h - what programs were seen to do, call upon call, in memory that does not grow with the calls
 *
 * A recorder says every call to evidence_count; what is kept is one entry a (program, arch, number): how often, in
 * which phase, from where, and the values of those arguments whose type is a constant's (flags, commands, domains).
 * Nothing is ever dropped silently: a list that reached its limit says so (`many`), the counts stay exact.
 */
#ifndef CALLGATE_OBSERVE_EVIDENCE_H
#define CALLGATE_OBSERVE_EVIDENCE_H

#include "abi/abi.h"
#include "base/arena.h"

#include <callgate/error.h>

#include <stdbool.h>
#include <stdint.h>

enum {
	EVIDENCE_VALUES_MAX = 64,	/* distinct values kept of one argument */
	EVIDENCE_SITES_MAX = 64,	/* call sites kept of one entry */
	EVIDENCE_PROGRAMS_MAX = 4096,	/* a recording with more fails */
	EVIDENCE_ENTRIES_MAX = 1 << 16, /* the same; numbers are the target's to choose */
	EVIDENCE_MODULES_MAX = 8192,	/* the same */
	EVIDENCE_ERRNO_MAX = 4095,	/* the kernel's own limit */
	EVIDENCE_RUNS_MAX = 1 << 16,	/* recordings in one evidence */
	EVIDENCE_ID_SIZE = 17,		/* 64 random bits in hexadecimal */
	EVIDENCE_TIMES = 32,		/* stretches of time in which calls are counted, see evidence_time */
	EVIDENCE_TIME_SHIFT = 20,	/* the first is 2^20 ns long, about a millisecond */
};

/* What a call means for a recorder, from effects.def. */
enum evidence_effect {
	EVIDENCE_NO_EFFECT,
	EVIDENCE_EXEC, /* its process may run another program afterwards */
	EVIDENCE_EXIT_THREAD,
	EVIDENCE_EXIT_PROCESS,
	EVIDENCE_REMAP,	  /* code may lie elsewhere afterwards: address and length are its first two arguments */
	EVIDENCE_FILTER,  /* may load a filter */
	EVIDENCE_HANDLER, /* may install a signal handler: its second argument points to a sigaction */
	EVIDENCE_RESTORE, /* returns from a signal handler: what seems to be its result was in a register before */
	EVIDENCE_TRACER,  /* traces somebody, or wants to be traced */
	EVIDENCE_WAIT,	  /* waits for work: accept, poll, epoll_wait and their like */
};

/*
 * Where a process stands, as far as its calls tell. LOAD: all calls since exec came from the dynamic loader. START:
 * since the first from elsewhere. MAIN: since its main began, where the recorder sees that (evidence_run.has_main).
 * SERVE: since it first waited for work (EVIDENCE_WAIT). A forked child goes on where its parent stands; exec begins
 * again.
 */
enum evidence_phase { EVIDENCE_LOAD, EVIDENCE_START, EVIDENCE_MAIN, EVIDENCE_SERVE, EVIDENCE_PHASE_COUNT };

extern const char *const evidence_phase_names[EVIDENCE_PHASE_COUNT];

/*
 * In which recordings something was seen. Two of them are known by their place in evidence->run_list, so that what
 * only one of them has is known to be so.
 */
struct evidence_seen {
	unsigned runs;	/* in so many, or in more of them: programs that did the same share runs in ways not kept */
	unsigned first; /* one of them */
	unsigned other; /* another of them; the same one where there is no other */
};

struct evidence_value {
	uint64_t value; /* the bits that the kernel reads; a negative one is two's complement of the argument's width */
	uint64_t count;
	struct evidence_seen seen;
};

/*
 * How many calls of one kind came when, since the first call that was recorded: counts[0] in the first 2^20 ns,
 * counts[n] from 2^(19+n) to 2^(20+n) ns. A start is so seen as finely as an hour of work.
 */
struct evidence_time {
	const struct abi_syscall *syscall; /* of the native arch */
	uint64_t counts[EVIDENCE_TIMES];
};

struct evidence_times {
	VEC(struct evidence_time);
};

/* One recording. */
struct evidence_run {
	char id[EVIDENCE_ID_SIZE];
	uint16_t kernel;      /* ABI_KERNEL() */
	const char *host;     /* as uname(2) names it */
	const char *libc;     /* the C library that calls came from, and its build id; "" where none is known */
	const char *recorder; /* "bpf", "notify", "trace", "strace", "audit" */
	uint64_t calls;
	bool attached; /* to what ran already: its start was not seen */
	bool has_main; /* the launched program's main was seen to begin. Of programs that it executes that is seen by
			* "trace", and by the others where they trace on: else they stay in START until they serve */
	struct evidence_times times; /* empty, where it was recorded before there were any */
};

struct evidence_arg {
	VEC(struct evidence_value); /* of a descriptor only 0, 1 and 2 */
	bool many;		    /* there were other values, which are not kept */
};

struct evidence_site {
	const char *module; /* a file's path, "[vdso]", "[anon]"; interned: equal names are equal pointers */
	uint64_t offset;    /* in that file, of the instruction behind the call */
	uint64_t count;
};

struct evidence_entry;

struct evidence_program {
	const char *path;
	const char *build_id;	       /* in hexadecimal; "" when the file has none or could not be read */
	struct evidence_entry **by_nr; /* EVIDENCE_DIRECT_NRS entries of the native arch, NULL where none is */
};

struct evidence_entry {
	const struct evidence_program *program;
	const struct abi_arch *arch;	   /* NULL: the tables do not have it, see audit */
	const struct abi_syscall *syscall; /* NULL: the tables do not have it */
	uint32_t audit;			   /* AUDIT_ARCH_* */
	uint32_t nr;
	uint64_t count;
	struct evidence_seen seen;
	uint64_t phases[EVIDENCE_PHASE_COUNT];
	struct abi_arg arg_types[6]; /* the arguments on this arch; arg_count of them */
	unsigned arg_count;
	enum evidence_effect effect;
	struct evidence_arg args[6]; /* empty where the argument is not worth keeping */
	struct {
		VEC(struct evidence_site);
	} sites;
	bool sites_many;	    /* there were other sites, which are not kept */
	struct evidence_arg errors; /* errno of the calls that failed; 512 to 516: a signal broke it off */
	uint64_t answered; /* calls whose result was seen, if it had one; of the others the errno is not known */
};

/* What a recorder knows that it did not see. */
struct evidence_blind {
	bool own_listener;    /* the target asked for one, which NOTIFY's takes away from it */
	uint64_t own_filters; /* attempts of the target to load a filter of its own, whose refusals outrank recording */
};

struct evidence {
	struct arena arena; /* owns all of it */
	struct {
		VEC(struct evidence_run);
	} run_list;	 /* recordings that it holds; none while the first goes on */
	uint16_t kernel; /* ABI_KERNEL() of the latest recording */
	uint64_t calls;	 /* the sum of all counts */
	struct evidence_blind blind;
	bool has_main;		     /* of the recording that goes on: evidence_run.has_main */
	struct evidence_times times; /* of the recording that goes on */
	uint64_t began;		     /* CLOCK_MONOTONIC at its first call, 0 before */
	struct {
		VEC(struct evidence_program *);
	} programs;
	struct {
		VEC(struct evidence_entry *);
	} entries;
	struct {
		VEC(const char *);
	} modules;
};

/* A call of an entry, as often as it was made. */
struct evidence_call {
	const uint64_t *args; /* six */
	enum evidence_phase phase;
	const char *module; /* from evidence_module; NULL when the site is not known */
	uint64_t offset;
	uint64_t count;	      /* of calls that were the same */
	uint8_t unknown_args; /* a bit each: nobody told their values */
};

struct evidence *evidence_new(void); /* NULL without memory */
void evidence_free(struct evidence *evidence);

/* The program of that path and build id, the same pointer every time. Fails with E_LIMIT or E_NOMEM. */
int evidence_program(struct evidence *evidence, const char *path, const char *build_id,
		     struct evidence_program **ret_program, struct callgate_error *err);

/* The module's interned name. Fails with E_LIMIT or E_NOMEM. */
int evidence_module(struct evidence *evidence, const char *name, const char **ret_module, struct callgate_error *err);

/* The entry of that call, made when there is none. Fails with E_LIMIT or E_NOMEM. */
int evidence_entry(struct evidence *evidence, struct evidence_program *program, uint32_t audit, uint32_t nr,
		   struct evidence_entry **ret_entry, struct callgate_error *err);

/* Adds calls. Fails with E_LIMIT or E_NOMEM, and the recording with it. */
int evidence_count(struct evidence *evidence, struct evidence_entry *entry, const struct evidence_call *call,
		   struct callgate_error *err);

/* Calls whose result was seen: errno, or 0 where they succeeded or do not return. Fails with E_NOMEM. */
int evidence_count_results(struct evidence *evidence, struct evidence_entry *entry, int error, uint64_t count,
			   struct callgate_error *err);

/* Where a process stands that stood at phase and makes this call, from that module (NULL: not known). */
enum evidence_phase evidence_phase_of_call(enum evidence_phase phase, const struct evidence_entry *entry,
					   const char *module);

/* Whether a call with this first argument may load a filter, of an entry whose effect is EVIDENCE_FILTER. */
bool evidence_loads_filter(const struct evidence_entry *entry, uint64_t arg0);

/* Which of the stretches of time it is, so many ns after the first call. */
unsigned evidence_time_at(uint64_t ns);

/* Adds to a list of times. Fails with E_NOMEM. */
int evidence_add_time(struct evidence *evidence, struct evidence_times *times, const struct abi_syscall *syscall,
		      unsigned at, uint64_t count, struct callgate_error *err);

/* A call comes now; of a foreign arch, or unknown, it has no time. Fails with E_NOMEM. */
int evidence_count_now(struct evidence *evidence, const struct evidence_entry *entry, struct callgate_error *err);

/* For readers of evidence and for merging: a value or a site that was seen count times. */
int evidence_add_seen(struct evidence *evidence, struct evidence_arg *arg, const struct evidence_value *seen,
		      struct callgate_error *err);
int evidence_add_value(struct evidence *evidence, struct evidence_arg *arg, uint64_t value, uint64_t count,
		       struct callgate_error *err);
int evidence_add_site(struct evidence *evidence, struct evidence_entry *entry, const char *module, uint64_t offset,
		      uint64_t count, struct callgate_error *err);

/* The recording is over: what it saw was seen in one run, whose recorder is named. Fails with E_OS and E_NOMEM. */
int evidence_close_run(struct evidence *evidence, const char *recorder, bool attached, struct callgate_error *err);

/* The run that was closed last is known by this name from elsewhere, where the same one is read twice. */
void evidence_name_run(struct evidence *evidence, const char id[EVIDENCE_ID_SIZE]);

/*
 * Adds what other holds, its runs included. Fails with E_INVALID when both hold the same run, E_LIMIT, E_NOMEM. On
 * failure evidence is of no use.
 */
int evidence_merge(struct evidence *evidence, const struct evidence *other, struct callgate_error *err);

/*
 * Adds what one entry saw to another, of the same call. The runs of from have their places from first_run on; 0: they
 * are the runs of into. Fails with E_NOMEM and E_LIMIT.
 */
int evidence_merge_entry(struct evidence *evidence, struct evidence_entry *into, const struct evidence_entry *from,
			 unsigned first_run, struct callgate_error *err);

/* Adds to into where from was seen, whose runs have their places from first_run on; 0: the runs are the same ones. */
void evidence_seen_add(struct evidence_seen *into, const struct evidence_seen *from, unsigned first_run);

/* Whether one recording alone has it, of several. */
static inline bool evidence_seen_once(const struct evidence_seen *seen)
{
	return seen->runs > 0 && seen->first == seen->other;
}

enum evidence_effect evidence_effect(const struct abi_syscall *syscall);

/* Whether values of an argument of this type are kept. */
bool evidence_keeps(const struct abi_arg *type);

/* "openat", or "syscall_4242" when the tables have no name for the number; text is cut to size. */
void evidence_entry_name(const struct evidence_entry *entry, char *text, size_t size);

#endif
