/*
 * Most calls come from a thread that is known, so that finding it is one hash. A number can be given to another
 * process once its owner is gone; the start time in /proc/TID/stat tells them apart, and is looked at again often
 * enough that the kernel, which hands out numbers in turn, cannot come round in between.
 */
#include "observe/tasks.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "kernel/tracer.h"
#include "observe/program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

enum { TASKS_STATUS_MAX = 65536 };

struct task_facts {
	pid_t tgid;
	pid_t parent;
	uint64_t start_time;
};

void tasks_init(struct tasks *tasks, struct evidence *evidence, size_t processes_max)
{
	*tasks = (struct tasks){ .evidence = evidence, .processes_max = processes_max };
}

/* Reads /proc/TID/NAME; false when the thread is gone. */
static bool task_read_file(pid_t tid, const char *name, struct buf *text)
{
	struct callgate_error err;
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)tid, name);
	return file_read(path, TASKS_STATUS_MAX, text, &err) == CALLGATE_OK && text->length > 0;
}

/* Field 22 of /proc/TID/stat; the name before it, in parentheses, may hold anything. */
static bool task_start_time(pid_t tid, uint64_t *ret_time)
{
	cleanup(buf_fini) struct buf text = { 0 };
	const char *field;

	if (!task_read_file(tid, "stat", &text))
		return false;
	field = strrchr(text.data, ')');
	for (int i = 2; field && i < 22; i++)
		field = strchr(field + 1, ' ');
	if (!field)
		return false;
	*ret_time = strtoull(field, NULL, 10);
	return true;
}

static long task_status_field(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	return at ? strtol(at + strlen(name), NULL, 10) : 0;
}

static bool task_facts(pid_t tid, struct task_facts *ret_facts)
{
	cleanup(buf_fini) struct buf text = { 0 };

	if (!task_read_file(tid, "status", &text) || !task_start_time(tid, &ret_facts->start_time))
		return false;
	ret_facts->tgid = (pid_t)task_status_field(text.data, "\nTgid:");
	ret_facts->parent = (pid_t)task_status_field(text.data, "\nPPid:");
	return ret_facts->tgid > 0;
}

static struct task **tasks_slot(struct tasks *tasks, pid_t tid)
{
	struct task **slot = &tasks->buckets[(unsigned)tid % TASKS_BUCKETS];

	while (*slot && (*slot)->tid != tid)
		slot = &(*slot)->next;
	return slot;
}

static void process_sign_on(const struct tasks *tasks, struct process *process, const struct task_facts *facts)
{
	while (tasks->roll && tasks->roll[process->place].pid && process->place + 1 < tasks->processes_max)
		process->place++;
	if (!tasks->roll || tasks->roll[process->place].pid)
		return;
	tasks->roll[process->place].start_time = facts->start_time;
	tasks->roll[process->place].pid = facts->tgid;
}

static void process_sign_off(const struct tasks *tasks, const struct process *process)
{
	if (tasks->roll && tasks->roll[process->place].pid == process->pid)
		tasks->roll[process->place].pid = 0;
}

static void process_release(struct tasks *tasks, struct process *process)
{
	if (--process->tasks > 0)
		return;
	process_sign_off(tasks, process);
	maps_fini(&process->maps);
	free(process);
	tasks->process_count--;
}

static void tasks_drop(struct tasks *tasks, struct task **slot)
{
	struct task *task = *slot;

	if (!task)
		return;
	*slot = task->next;
	process_release(tasks, task->process);
	free(task);
	tasks->count--;
}

/* Drops every task for which doomed says so. */
static void tasks_sweep(struct tasks *tasks, bool (*doomed)(const struct task *task, const void *with),
			const void *with)
{
	for (size_t i = 0; i < TASKS_BUCKETS; i++) {
		for (struct task **slot = &tasks->buckets[i]; *slot;) {
			if (doomed(*slot, with))
				tasks_drop(tasks, slot);
			else
				slot = &(*slot)->next;
		}
	}
}

static bool task_is_any(const struct task *task, const void *with)
{
	return true;
}

static bool task_is_dead(const struct task *task, const void *with)
{
	uint64_t start_time;

	return !task_start_time(task->tid, &start_time) || start_time != task->start_time;
}

static bool task_is_of(const struct task *task, const void *with)
{
	return task->process == with;
}

void tasks_fini(struct tasks *tasks)
{
	tasks_sweep(tasks, task_is_any, NULL);
}

/* The child of a process that is known goes on where that stands. */
static int process_inherit(struct process *process, const struct process *parent, struct callgate_error *err)
{
	process->program = parent->program;
	process->phase = parent->phase;
	return parent->maps.known ? maps_copy(&parent->maps, &process->maps, err) : CALLGATE_OK;
}

static int process_identify(struct tasks *tasks, struct process *process, struct callgate_error *err)
{
	int status = program_of_process(tasks->evidence, process->pid, process->program, &process->program, err);

	if (status == CALLGATE_OK && !process->program)
		status = evidence_program(tasks->evidence, "?", "", &process->program, err);
	return status;
}

static int tasks_check_room(struct tasks *tasks, struct callgate_error *err)
{
	if (tasks->process_count < tasks->processes_max &&
	    tasks->count < tasks->processes_max * TASKS_THREADS_PER_PROCESS)
		return CALLGATE_OK;
	tasks_sweep(tasks, task_is_dead, NULL);
	if (tasks->process_count >= tasks->processes_max) {
		error_set(err, CALLGATE_E_LIMIT, "the target has more than %zu processes at once",
			  tasks->processes_max);
		error_hint(err, "a program that needs more of them can be given more with --processes");
		return CALLGATE_E_LIMIT;
	}
	if (tasks->count >= tasks->processes_max * TASKS_THREADS_PER_PROCESS)
		return fail(err, CALLGATE_E_LIMIT, "the target has more than %zu threads at once",
			    tasks->processes_max * TASKS_THREADS_PER_PROCESS);
	return CALLGATE_OK;
}

static void process_discard(struct process **process)
{
	if (!*process)
		return;
	maps_fini(&(*process)->maps);
	free(*process);
}

static int process_new(struct tasks *tasks, const struct task_facts *facts, struct process **ret_process,
		       struct callgate_error *err)
{
	cleanup(process_discard) struct process *process = calloc(1, sizeof(*process));
	struct task *parent = *tasks_slot(tasks, facts->parent);
	int status;

	if (!process)
		return fail_nomem(err);
	process->pid = facts->tgid;
	if (parent) {
		status = process_inherit(process, parent->process, err);
		if (status < 0)
			return status;
	}
	status = process_identify(tasks, process, err);
	if (status < 0)
		return status;
	process_sign_on(tasks, process, facts);
	tasks->process_count++;
	*ret_process = take_ptr(process);
	return CALLGATE_OK;
}

static int task_new(struct tasks *tasks, pid_t tid, const struct task_facts *facts, struct task **ret_task,
		    struct callgate_error *err)
{
	struct task *leader = *tasks_slot(tasks, facts->tgid);
	struct task *task = calloc(1, sizeof(*task));
	int status = CALLGATE_OK;

	if (!task)
		return fail_nomem(err);
	*task = (struct task){ .tid = tid, .start_time = facts->start_time, .checked = tasks->check };
	if (leader && leader->process->pid == facts->tgid)
		task->process = leader->process;
	else
		status = process_new(tasks, facts, &task->process, err);
	if (status < 0) {
		free(task);
		return status;
	}
	task->process->tasks++;
	task->next = tasks->buckets[(unsigned)tid % TASKS_BUCKETS];
	tasks->buckets[(unsigned)tid % TASKS_BUCKETS] = task;
	tasks->count++;
	tasks->made++;
	*ret_task = task;
	return CALLGATE_OK;
}

static void tasks_tick(struct tasks *tasks)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	if (now.tv_sec == tasks->check_second && tasks->made < TASKS_CHECK_NEW)
		return;
	tasks->check_second = now.tv_sec;
	tasks->made = 0;
	tasks->check++;
}

static int tasks_find(struct tasks *tasks, pid_t tid, struct task **ret_task, struct callgate_error *err)
{
	struct task **slot = tasks_slot(tasks, tid);
	struct task_facts facts = { 0 };
	int status;

	tasks_tick(tasks);
	if (*slot && (*slot)->checked != tasks->check) {
		if (task_is_dead(*slot, NULL))
			tasks_drop(tasks, slot);
		else
			(*slot)->checked = tasks->check;
	}
	if (!*slot) {
		*ret_task = NULL;
		status = tasks_check_room(tasks, err);
		if (status < 0)
			return status;
		return task_facts(tid, &facts) ? task_new(tasks, tid, &facts, ret_task, err) : CALLGATE_OK;
	}
	*ret_task = *slot;
	return CALLGATE_OK;
}

/*
 * A call after an execve. The thread that made it is heard of again only when it failed; when it did not, the first
 * thread speaks, from code that was not there before.
 */
static int process_settle_exec(struct tasks *tasks, struct process *process, pid_t tid, uint64_t ip,
			       struct callgate_error *err)
{
	struct evidence_program *before = process->program;
	int status;

	if (tid != process->exec_tid && tid != process->pid)
		return CALLGATE_OK;
	status = process_identify(tasks, process, err);
	if (status < 0)
		return status;
	if (process->program == before && process->maps.known && maps_find(&process->maps, ip)) {
		if (tid == process->exec_tid)
			process->exec_tid = 0;
		return CALLGATE_OK;
	}
	process->exec_tid = 0;
	process->phase = EVIDENCE_LOAD;
	maps_fini(&process->maps);
	return CALLGATE_OK;
}

static int process_locate(struct tasks *tasks, struct process *process, uint64_t ip, struct sighting *sighting,
			  struct callgate_error *err)
{
	const struct maps_range *range = maps_find(&process->maps, ip);

	if (!range) {
		int status = maps_read(&process->maps, process->pid, tasks->evidence, err);

		if (status < 0)
			return status;
		range = maps_find(&process->maps, ip);
	}
	sighting->module = range ? range->module : NULL;
	sighting->offset = range && range->module[0] != '[' ? ip - range->start + range->file_offset : 0;
	return CALLGATE_OK;
}

/* Reads what the native arch's rt_sigaction installs: handler and flags come first. It decides nothing but a warning. */
static void tasks_look_at_handler(struct tasks *tasks, pid_t tid, const struct seccomp_data *data)
{
	uint64_t action[2]; /* handler, flags */

	if (data->arch == abi_arch_native()->audit && data->args[1] &&
	    tracer_read(tid, data->args[1], action, sizeof(action)) == sizeof(action) && action[0] > 1 &&
	    !(action[1] & SA_RESTART))
		tasks->gives_eintr = true;
}

int tasks_sight(struct tasks *tasks, pid_t tid, const struct seccomp_data *data, struct sighting *ret_sighting,
		struct callgate_error *err)
{
	struct sighting sighting = { .data = data };
	struct process *process;
	int status = tasks_find(tasks, tid, &sighting.task, err);

	if (status == CALLGATE_OK && sighting.task) {
		process = sighting.task->process;
		if (process->exec_tid)
			status = process_settle_exec(tasks, process, tid, data->instruction_pointer, err);
		if (status == CALLGATE_OK)
			status = process_locate(tasks, process, data->instruction_pointer, &sighting, err);
		if (status == CALLGATE_OK)
			status = evidence_entry(tasks->evidence, process->program, data->arch, (uint32_t)data->nr,
						&sighting.entry, err);
	}
	if (status < 0)
		return status;
	if (sighting.entry && sighting.entry->effect == EVIDENCE_HANDLER)
		tasks_look_at_handler(tasks, tid, data);
	*ret_sighting = sighting;
	return CALLGATE_OK;
}

/* Who awaits what comes to this thread; a thread that executes a program comes back as the first of its process. */
static struct task *tasks_awaiting(const struct tasks *tasks, pid_t tid)
{
	struct task *task = *tasks_slot((struct tasks *)(uintptr_t)tasks, tid);

	if (task && !task->awaits && task->tid == task->process->pid && task->process->exec_tid)
		task = *tasks_slot((struct tasks *)(uintptr_t)tasks, task->process->exec_tid);
	return task && task->awaits ? task : NULL;
}

bool tasks_awaits(const struct tasks *tasks, pid_t tid)
{
	return tasks_awaiting(tasks, tid) != NULL;
}

int tasks_return(struct tasks *tasks, pid_t tid, int64_t result, struct callgate_error *err)
{
	struct task *task = tasks_awaiting(tasks, tid);
	struct evidence_entry *entry = task ? task->awaits : NULL;
	bool failed = result < 0 && result >= -EVIDENCE_ERRNO_MAX;

	if (!entry)
		return CALLGATE_OK;
	task->awaits = NULL;
	return evidence_count_results(tasks->evidence, entry, failed ? (int)-result : 0, 1, err);
}

int tasks_reach_main(struct tasks *tasks, pid_t tid, struct callgate_error *err)
{
	struct task *task;
	int status = tasks_find(tasks, tid, &task, err);

	if (status == CALLGATE_OK && task && task->process->phase < EVIDENCE_MAIN)
		task->process->phase = EVIDENCE_MAIN;
	return status;
}

static bool sighting_asks_for_listener(const struct sighting *sighting)
{
	return strcmp(sighting->entry->syscall->name, "seccomp") == 0 &&
	       (uint32_t)sighting->data->args[0] == SECCOMP_SET_MODE_FILTER &&
	       sighting->data->args[1] & SECCOMP_FILTER_FLAG_NEW_LISTENER;
}

static void tasks_apply(struct tasks *tasks, const struct sighting *sighting)
{
	struct task *task = sighting->task;
	struct process *process = task->process;

	switch (sighting->entry->effect) {
	case EVIDENCE_EXEC:
		process->exec_tid = task->tid;
		break;
	case EVIDENCE_EXIT_PROCESS:
		tasks_sweep(tasks, task_is_of, process);
		break;
	case EVIDENCE_EXIT_THREAD:
		/* The first thread names its process for as long as that lives. */
		if (task->tid != process->pid)
			tasks_drop(tasks, tasks_slot(tasks, task->tid));
		break;
	case EVIDENCE_REMAP:
		/* Code that is added is missed when a call comes from it; code that is replaced would not be. */
		if (maps_overlap(&process->maps, sighting->data->args[0], sighting->data->args[1]))
			maps_fini(&process->maps);
		break;
	case EVIDENCE_FILTER:
		tasks->evidence->blind.own_filters += evidence_loads_filter(sighting->entry, sighting->data->args[0]);
		tasks->evidence->blind.own_listener |= sighting_asks_for_listener(sighting);
		break;
	case EVIDENCE_NO_EFFECT:
	case EVIDENCE_HANDLER:
	case EVIDENCE_RESTORE:
	case EVIDENCE_TRACER:
	case EVIDENCE_WAIT:
		break;
	}
}

int tasks_commit(struct tasks *tasks, const struct sighting *sighting, struct callgate_error *err)
{
	struct process *process = sighting->task->process;
	struct evidence_call call = { .module = sighting->module, .offset = sighting->offset, .count = 1 };
	uint64_t args[6];
	int status;

	process->phase = evidence_phase_of_call(process->phase, sighting->entry, sighting->module);
	for (int i = 0; i < 6; i++)
		args[i] = sighting->data->args[i];
	call.args = args;
	call.phase = process->phase;
	status = evidence_count(tasks->evidence, sighting->entry, &call, err);
	if (status == CALLGATE_OK)
		status = evidence_count_now(tasks->evidence, sighting->entry, err);
	if (status < 0)
		return status;
	sighting->task->awaits = tasks->sees_results ? sighting->entry : NULL;
	/* Nobody comes back from them. */
	if (tasks->sees_results &&
	    (sighting->entry->effect == EVIDENCE_EXIT_THREAD || sighting->entry->effect == EVIDENCE_EXIT_PROCESS))
		status = tasks_return(tasks, sighting->task->tid, 0, err);
	tasks_apply(tasks, sighting);
	return status;
}

void tasks_signal(const struct tasks *tasks, int signal)
{
	for (size_t i = 0; i < TASKS_BUCKETS; i++)
		for (const struct task *task = tasks->buckets[i]; task; task = task->next)
			kill(task->process->pid, signal);
}
