/*
 * Threads are kept by their number while they are alive. Whoever has none yet is a child that a birth tells of, and
 * else somebody whose start the log does not hold.
 */
#include "observe/log_strace_thread.h"

#include "base/error.h"

struct strace_thread **strace_slot(struct strace *strace, uint64_t pid)
{
	struct strace_thread **slot = &strace->buckets[pid % STRACE_BUCKETS];

	while (*slot && (*slot)->pid != pid)
		slot = &(*slot)->next;
	return slot;
}

static void strace_link(struct strace *strace, struct strace_thread *thread)
{
	struct strace_thread **bucket = &strace->buckets[thread->pid % STRACE_BUCKETS];

	thread->next = *bucket;
	*bucket = thread;
}

void strace_drop(struct strace *strace, struct strace_thread *thread)
{
	struct strace_thread **slot = strace_slot(strace, thread->pid);

	*slot = thread->next;
	strace->alive--;
	strace->last = strace->last == thread ? NULL : strace->last;
	strace->unnamed = strace->unnamed == thread ? NULL : strace->unnamed;
}

/* The first birth of that child that nobody has claimed: numbers come again. */
struct strace_birth *strace_birth_of(struct strace *strace, uint64_t child)
{
	while (strace->taken < strace->births.length && strace->births.items[strace->taken].is_taken)
		strace->taken++;
	for (size_t i = strace->taken; i < strace->births.length; i++)
		if (strace->births.items[i].child == child && !strace->births.items[i].is_taken)
			return &strace->births.items[i];
	return NULL;
}

static int strace_process_new(struct strace *strace, const struct strace_birth *birth,
			      struct strace_process **ret_process)
{
	struct strace_thread *parent = birth ? *strace_slot(strace, birth->parent) : NULL;
	struct strace_process *process;

	parent = !parent && birth && !birth->parent ? strace->unnamed : parent;
	if (birth && birth->is_thread && !strace->file_pid && (birth->of || parent)) {
		*ret_process = birth->of ? birth->of : parent->process;
		return CALLGATE_OK;
	}
	process = arena_alloc(&strace->log->arena, sizeof(*process));
	if (!process)
		return fail_nomem(strace->log->err);
	if (birth && birth->is_known)
		*process = birth->as;
	else if (parent)
		*process = *parent->process;
	process->group = birth && birth->is_thread && process->group ? process->group : process;
	process->ends = process->has_called = false;
	process->is_whole = birth;
	if (!process->arch) {
		process->arch = abi_arch_native();
		process->phase = EVIDENCE_START;
	}
	*ret_process = process;
	return CALLGATE_OK;
}

static int strace_thread_new(struct strace *strace, uint64_t pid, struct strace_thread **ret_thread)
{
	struct strace_birth *birth = strace_birth_of(strace, pid);
	struct strace_thread *thread;
	int status;

	/* It was the only one until now, and had no number. */
	if (!birth && pid && strace->unnamed && !strace->unnamed->pid) {
		thread = strace->unnamed;
		*strace_slot(strace, 0) = thread->next;
		thread->pid = pid;
		strace_link(strace, thread);
		*ret_thread = thread;
		return CALLGATE_OK;
	}
	if (strace->alive >= LOG_THREADS_MAX)
		return fail(strace->log->err, CALLGATE_E_LIMIT, "more than %d threads are alive at once",
			    LOG_THREADS_MAX);
	thread = arena_alloc(&strace->log->arena, sizeof(*thread));
	if (!thread)
		return fail_nomem(strace->log->err);
	status = strace_process_new(strace, birth, &thread->process);
	if (status < 0)
		return status;
	if (birth)
		birth->is_taken = true;
	thread->pid = pid;
	strace_link(strace, thread);
	strace->alive++;
	strace->unnamed = pid ? strace->unnamed : thread;
	*ret_thread = thread;
	return CALLGATE_OK;
}

/* The one thread that is alive. */
static struct strace_thread *strace_only(const struct strace *strace)
{
	for (size_t i = 0; i < STRACE_BUCKETS && !strace->last; i++)
		if (strace->buckets[i])
			return strace->buckets[i];
	return strace->last;
}

/* Whose line it is; strace writes no number while there is only one. *ret_thread is NULL where that cannot be told. */
int strace_find(struct strace *strace, uint64_t pid, struct strace_thread **ret_thread)
{
	int status = CALLGATE_OK;

	pid = pid ? pid : strace->file_pid;
	*ret_thread = NULL;
	if (!pid && strace->alive > 1) {
		log_lose(strace->log, strace->text, strace->line, "it is not told which process made this call");
		return CALLGATE_OK;
	}
	if (pid)
		*ret_thread = *strace_slot(strace, pid);
	else if (strace->alive == 1)
		*ret_thread = strace_only(strace);
	if (!*ret_thread)
		status = strace_thread_new(strace, pid, ret_thread);
	strace->last = *ret_thread;
	return status;
}
