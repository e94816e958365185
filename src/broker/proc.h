/*
 * broker/proc.h - places in a procfs, where numbers are of a PID namespace and names of whoever asks
 *
 * A procfs shows the processes of one PID namespace, which need not be ours nor the target's. `self` there is whoever
 * looks, so that a supervisor which follows it comes to itself; and one object has many names: by the number of its
 * process and of each thread, by `self`, `thread-self` and `task`.
 */
#ifndef CALLGATE_BROKER_PROC_H
#define CALLGATE_BROKER_PROC_H

#include <callgate/notify.h>

#include <stddef.h>
#include <sys/types.h>

/* A process and one of its threads, as a procfs numbers them; 0: it is not in it. */
struct proc_numbers {
	pid_t process, thread;
};

/* A place that begins with /PROCESS or /PROCESS/task/THREAD in its procfs. */
struct proc_place {
	size_t mount;		    /* how much of the place's text is where the procfs lies */
	size_t rest;		    /* where the text goes on behind the numbers */
	struct proc_numbers said;   /* process 0: the place is in no process's folder; thread 0: it names none */
	struct proc_numbers target; /* of the target, when the place is one of its own process; else 0 */
};

/* Whether what the descriptor opens lies in a procfs. */
bool proc_is(int fd);

/* The root (O_PATH) of the procfs in which a folder lies: 0 or an errno. EACCES when a part of it only is mounted
 * there, which no name tells from a process's folder. */
int proc_open_root(int folder, int *ret_root);

/* Whether a namespace of the target's, by its name in /proc/N/ns, is ours. Takes the supervisor's own rights. */
bool proc_shares_namespace(struct callgate_notify_target *target, const char *name);

/*
 * What a text names, which begins with where a procfs lies, may be one thing to the target and another to us: the name
 * of the namespace in which the kernel looks for whoever opens. NULL: it is the same to all; "": it is ours only.
 */
const char *proc_namespace_of(const char *text, size_t mount);

/* Our own numbers there, zeroes when this process has none. */
struct proc_numbers proc_ours(int root);

/* Whether the number is one of our own threads'. */
bool proc_is_own_thread(int root, pid_t number);

/* The target's numbers there: 0, or ENOENT when it has none or cannot be made sure of, ESRCH. */
int proc_find_target(int root, struct callgate_notify_target *target, struct proc_numbers *ret_numbers);

/* Whether both numbers are of one process. */
bool proc_is_thread_of(int root, pid_t process, pid_t number);

/* Reads the numbers in text, from text + mount on; said.process is 0 where there are none. */
struct proc_place proc_parse(const char *text, size_t mount);

/*
 * Whether one of a place's names is what is looked for: of those that name the very same object or, with_kin, of all
 * that name this object of the same process, wherever a procfs might lie.
 */
bool proc_any_name(const char *text, const struct proc_place *place, bool with_kin,
		   bool (*is_it)(const char *name, const void *context), const void *context);

#endif
