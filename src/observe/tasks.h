/*
 * observe/tasks.h - who made a call: threads by number, their process, the program that it runs and where it stands
 *
 * A call names its thread only. What the thread belongs to is read from /proc once, and again when an exec or the
 * reuse of a number may have changed it: what changes it is itself a call, which the recorder sees.
 */
#ifndef CALLGATE_OBSERVE_TASKS_H
#define CALLGATE_OBSERVE_TASKS_H

#include "notify/roll.h"
#include "observe/evidence.h"
#include "observe/maps.h"

#include <linux/seccomp.h>
#include <sys/types.h>
#include <time.h>

enum {
	TASKS_BUCKETS = 1024,
	TASKS_THREADS_PER_PROCESS = 64, /* on average, before the threads are too many */
	TASKS_CHECK_NEW = 1024,		/* numbers are checked for reuse after so many new tasks, and every second */
};

struct process {
	pid_t pid;
	struct evidence_program *program;
	enum evidence_phase phase;
	struct maps maps;
	pid_t exec_tid; /* the thread that called execve and was not heard of since, 0 when none */
	unsigned tasks; /* that point here */
	size_t place;	/* in the roll */
};

struct task {
	struct task *next; /* in its bucket */
	pid_t tid;
	uint64_t start_time; /* of the thread, in clock ticks: tells a reused number */
	uint64_t checked;    /* the tasks.check at which start_time was last looked at */
	struct process *process;
	struct evidence_entry *awaits; /* the call whose result is to come; NULL: none */
};

struct tasks {
	struct evidence *evidence;
	struct task *buckets[TASKS_BUCKETS];
	size_t count;
	size_t process_count;
	size_t processes_max;	  /* that may live at the same time; more is E_LIMIT */
	struct notify_name *roll; /* of processes_max names, NULL when there is none */
	bool gives_eintr;	  /* a handler was installed that does not have broken-off calls made again */
	bool sees_results;	  /* tasks_return is told of each */
	size_t made;		  /* new tasks since the last check began */
	uint64_t check;
	time_t check_second;
};

void tasks_init(struct tasks *tasks, struct evidence *evidence, size_t processes_max);
void tasks_fini(struct tasks *tasks);

/* A call that was seen and is not carried out yet. */
struct sighting {
	struct task *task;
	struct evidence_entry *entry;
	const struct seccomp_data *data;
	const char *module; /* of the call site; NULL when it is not known */
	uint64_t offset;
};

/*
 * Looks at a call while its thread waits: which program makes it, and where. ret_sighting->task is NULL when the
 * thread ended meanwhile. Fails as evidence_entry and tasks_find do.
 */
int tasks_sight(struct tasks *tasks, pid_t tid, const struct seccomp_data *data, struct sighting *ret_sighting,
		struct callgate_error *err);

/* Counts a call that was let through, and notes what it changes. Fails with E_NOMEM. */
int tasks_commit(struct tasks *tasks, const struct sighting *sighting, struct callgate_error *err);

/* Whether the thread is in a call whose result is to come. */
bool tasks_awaits(const struct tasks *tasks, pid_t tid);

/* What came of the call that the thread is in: a negative errno where it failed. Fails with E_NOMEM. */
int tasks_return(struct tasks *tasks, pid_t tid, int64_t result, struct callgate_error *err);

/* The thread stands at the beginning of its program's main. Fails as tasks_sight does. */
int tasks_reach_main(struct tasks *tasks, pid_t tid, struct callgate_error *err);

/* Sends the signal to every process that is known. */
void tasks_signal(const struct tasks *tasks, int signal);

#endif
