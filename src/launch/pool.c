/*
 * A pool is starts that have begun and not been finished (launch_begin, launch_finish): the target of each waits at a
 * gate. What may happen to one while it waits is that it dies, by whoever has the right to kill it; it is then left
 * out, and the next one taken.
 */
#include "launch/run.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "sandbox/sandbox.h"

#include <callgate/pool.h>

#include <stdlib.h>
#include <string.h>

struct callgate_pool {
	const struct callgate_sandbox *sandbox;
	size_t wanted, count;
	struct run_prepared members[]; /* count of wanted, in the order of their start */
};

int callgate_pool_new(const struct callgate_sandbox *sandbox, size_t count, struct callgate_pool **ret_pool,
		      struct callgate_error *err)
{
	struct callgate_pool *pool;

	if (count == 0 || count > CALLGATE_POOL_MAX)
		return fail(err, CALLGATE_E_INVALID, "a pool has 1 to %d members, not %zu", CALLGATE_POOL_MAX, count);
	pool = calloc(1, sizeof(*pool) + count * sizeof(*pool->members));
	if (!pool)
		return fail_nomem(err);
	pool->sandbox = sandbox;
	pool->wanted = count;
	*ret_pool = pool;
	return CALLGATE_OK;
}

void callgate_pool_free(struct callgate_pool *pool)
{
	if (!pool)
		return;
	for (size_t i = 0; i < pool->count; i++)
		run_prepared_fini(&pool->members[i]);
	free(pool);
}

/* It is the caller's then. */
static struct run_prepared pool_remove(struct callgate_pool *pool, size_t index)
{
	struct run_prepared member = pool->members[index];

	pool->count--;
	memmove(&pool->members[index], &pool->members[index + 1], (pool->count - index) * sizeof(*pool->members));
	return member;
}

bool pool_has(struct callgate_pool *pool, pid_t pid)
{
	for (size_t i = 0; i < pool->count; i++)
		if (launch_start_has(pool->members[i].start, pid))
			return true;
	return false;
}

static void pool_remove_dead(struct callgate_pool *pool)
{
	for (size_t i = pool->count; i-- > 0;) {
		struct run_prepared dead;

		if (!launch_start_is_dead(pool->members[i].start))
			continue;
		dead = pool_remove(pool, i);
		run_prepared_fini(&dead);
	}
}

size_t callgate_pool_ready(struct callgate_pool *pool)
{
	size_t ready = 0;

	pool_remove_dead(pool);
	for (size_t i = 0; i < pool->count; i++)
		ready += launch_start_waits(pool->members[i].start);
	return ready;
}

int callgate_pool_fill(struct callgate_pool *pool, const struct callgate_subject *subject, struct callgate_error *err)
{
	struct launch_spec spec = run_ground_spec(pool->sandbox);
	bool makes_filters = subject && !run_wants_listener(subject, NULL);
	int status = CALLGATE_OK;

	spec.gated = true;
	pool_remove_dead(pool);
	for (size_t i = 0; status == CALLGATE_OK && i < pool->wanted; i++) {
		struct run_prepared *member = &pool->members[i];

		if (i == pool->count) {
			*member = (struct run_prepared){ .start = NULL };
			status = launch_begin(&spec, &member->start, err);
			pool->count += status == CALLGATE_OK;
		}
		if (status == CALLGATE_OK && makes_filters && member->filter.subject != subject) {
			run_filter_fini(&member->filter);
			status = run_filter_make(subject, &member->filter, err);
		}
	}
	return status;
}

/* One that waits, else the oldest; nothing where there is none. */
static struct run_prepared pool_take(struct callgate_pool *pool)
{
	size_t chosen = 0;

	pool_remove_dead(pool);
	if (pool->count == 0)
		return (struct run_prepared){ .start = NULL };
	while (chosen < pool->count && !launch_start_waits(pool->members[chosen].start))
		chosen++;
	return pool_remove(pool, chosen < pool->count ? chosen : 0);
}

int callgate_pool_run(struct callgate_pool *pool, const struct callgate_subject *subject,
		      const struct callgate_run_options *options, struct callgate_run_report *ret_report,
		      struct callgate_error *err)
{
	struct callgate_run_options in_pool = *options;
	struct run_prepared prepared = { .start = NULL };

	if (options->sandbox && options->sandbox != pool->sandbox)
		return fail(err, CALLGATE_E_INVALID, "the pool was prepared for another sandbox");
	in_pool.sandbox = pool->sandbox;
	if (!run_wants_listener(subject, options))
		prepared = pool_take(pool);
	return run_subject(subject, &in_pool, &prepared, pool, ret_report, err);
}
