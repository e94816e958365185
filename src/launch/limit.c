/*
 * Two of the limits are ours to keep, time and output; the others are the kernel's, and here only read off.
 */
#include "launch/limit.h"

#include "sandbox/limits.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

const char *callgate_limit_name(enum callgate_limit limit)
{
	static const char *const names[] = {
		[CALLGATE_LIMIT_WALL_TIME] = "wall-time",
		[CALLGATE_LIMIT_CPU_TIME] = "cpu-time",
		[CALLGATE_LIMIT_MEMORY] = "memory",
		[CALLGATE_LIMIT_OUTPUT] = "output",
	};

	return (unsigned)limit < sizeof(names) / sizeof(*names) ? names[limit] : NULL;
}

static void limit_hit(struct limit *limit, enum callgate_limit what)
{
	enum callgate_limit none = CALLGATE_LIMIT_NONE;

	__atomic_compare_exchange_n(&limit->hit, &none, what, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	if (limit->watch->target->group)
		cgroup_kill(limit->watch->target->group);
	watch_give_up(limit->watch);
}

static void limit_output_over(void *context)
{
	limit_hit(context, CALLGATE_LIMIT_OUTPUT);
}

int limit_start(struct limit *limit, struct callgate_error *err)
{
	return limit->output.write_end >= 0 ? output_start(&limit->output, err) : CALLGATE_OK;
}

static bool limit_is_counted(const struct cgroup_usage *usage)
{
	return usage->cpu_user_us != CGROUP_UNKNOWN && usage->cpu_system_us != CGROUP_UNKNOWN;
}

static bool limit_spares(const void *watch, pid_t pid)
{
	return watch_is_stranger(watch, pid);
}

/* Of whom has ended and of who lives. Asked in this order, so that whoever ends in between is missed for a moment and
 * not counted twice. */
static uint64_t limit_tree_cpu_ns(const struct limit *limit)
{
	struct watch_cpu ended = watch_ended_cpu(limit->watch);
	uint64_t living = deadline_children_cpu_ns(limit_spares, limit->watch);

	/* Of a kernel that lists no children only the target itself is known. */
	if (living == 0)
		living = deadline_tree_cpu_ns(limit->watch->target->pid);
	return (ended.user_us + ended.system_us) * 1000 + living;
}

/* For deadline.cpu_used: two ways to count, of which each can only miss something. A group's lags behind by a tick of
 * the kernel's, and the other knows nothing of children whose parents do not want to be told of their end. */
static uint64_t limit_cpu_used(void *context)
{
	struct limit *limit = context;
	const struct cgroup *group = limit->watch->target->group;
	uint64_t used = limit_tree_cpu_ns(limit);
	struct cgroup_usage usage = group ? cgroup_read_usage(group) : cgroup_usage_unknown();

	if (limit_is_counted(&usage) && (usage.cpu_user_us + usage.cpu_system_us) * 1000 > used)
		used = (usage.cpu_user_us + usage.cpu_system_us) * 1000;
	if (used > limit->cpu_seen_ns)
		limit->cpu_seen_ns = used;
	return used;
}

/* For watch.due. */
static int64_t limit_look(void *context)
{
	struct limit *limit = context;
	int64_t next = -1;
	enum deadline_hit hit;

	if (watch_is_ending(limit->watch))
		return -1;
	hit = deadline_look(&limit->deadline, limit->watch->target->started_ns, &next);
	if (hit == DEADLINE_NONE)
		return next;
	limit_hit(limit, hit == DEADLINE_WALL ? CALLGATE_LIMIT_WALL_TIME : CALLGATE_LIMIT_CPU_TIME);
	return -1;
}

int limit_begin(struct limit *limit, struct launch_spec *spec, struct watch *watch, struct callgate_error *err)
{
	const struct callgate_sandbox *sandbox = spec->sandbox;
	int status = CALLGATE_OK;

	*limit = (struct limit){ .watch = watch, .sandbox = sandbox, .output = OUTPUT_NONE };
	if (!sandbox)
		return CALLGATE_OK;
	limit->deadline = (struct deadline){
		.wall_ns = sandbox->wall_ns, .cpu_ns = sandbox->cpu_ns, .cpu_used = limit_cpu_used, .used = limit
	};
	watch->due = limit_look;
	watch->due_context = limit;
	if (sandbox->output_max)
		status = output_open(&limit->output, STDOUT_FILENO, sandbox->output_max, limit_output_over, limit, err);
	if (status == CALLGATE_OK && sandbox->output_max)
		spec->output = limit->output.write_end;
	return status;
}

/* By what a signal that ended it tells. */
static enum callgate_limit limit_of_end(const struct callgate_sandbox *sandbox, const struct launch_end *end,
					const struct cgroup_usage *usage)
{
	const struct sandbox_limit *cpu = limit_of(sandbox, RLIMIT_CPU);

	if (!end->signalled)
		return CALLGATE_LIMIT_NONE;
	if (end->status == SIGXCPU)
		return CALLGATE_LIMIT_CPU_TIME;
	if (end->status == SIGXFSZ)
		return CALLGATE_LIMIT_OUTPUT;
	if (end->status == SIGKILL && usage->oom_kills && usage->oom_kills != CGROUP_UNKNOWN)
		return CALLGATE_LIMIT_MEMORY;
	/* The hard one gives no other sign. */
	if (end->status == SIGKILL && cpu && (end->user_us + end->system_us) / 1000000 >= cpu->hard)
		return CALLGATE_LIMIT_CPU_TIME;
	return CALLGATE_LIMIT_NONE;
}

/*
 * That of all processes: the group's count, else what those used of whom we or somebody else was told that they ended,
 * and of the others what was seen while they lived, which is not known as the one or the other.
 */
static void limit_report_cpu(const struct limit *limit, const struct cgroup_usage *usage,
			     struct callgate_run_report *report)
{
	struct watch_cpu cpu = watch_ended_cpu(limit->watch);

	if (limit_is_counted(usage))
		cpu = (struct watch_cpu){ usage->cpu_user_us, usage->cpu_system_us };
	else if (limit->cpu_seen_ns / 1000 > cpu.user_us + cpu.system_us)
		cpu.user_us = limit->cpu_seen_ns / 1000 - cpu.system_us;
	report->user_us = cpu.user_us;
	report->system_us = cpu.system_us;
}

void limit_report(struct limit *limit, const struct launch_end *end, struct callgate_run_report *report)
{
	const struct cgroup *group = limit->watch->target->group;
	struct cgroup_usage usage;

	_Static_assert(CGROUP_UNKNOWN == CALLGATE_NOT_COUNTED, "one word for what is not known");
	usage = group ? cgroup_read_usage(group) : cgroup_usage_unknown();
	output_finish(&limit->output);
	report->limit = limit->hit ? limit->hit : limit_of_end(limit->sandbox, end, &usage);
	/* One that was held back until it was too late used nothing. */
	if (end->wall_ns)
		limit_report_cpu(limit, &usage, report);
	report->group_peak_bytes = usage.memory_peak_bytes;
	report->group_user_us = usage.cpu_user_us;
	report->group_system_us = usage.cpu_system_us;
	report->throttled_us = usage.throttled_us;
	report->pids_peak = usage.pids_peak;
	report->pids_refused = usage.pids_refused;
	report->oom_kills = usage.oom_kills;
	report->output_bytes = limit->output.limit ? limit->output.count : CALLGATE_NOT_COUNTED;
	report->output_error = limit->output.error;
}

void limit_end(struct limit *limit)
{
	output_finish(&limit->output);
}
