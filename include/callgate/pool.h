/*
 * callgate/pool.h - sandboxes that are prepared before there is anything to run in them
 *
 * Most of a start is making namespaces and a root. A pool has that done beforehand: each of its members is a process
 * that stands on its ground, with all rights gone, and waits for a program, a filter and descriptors. A start is then
 * little more than an exec:
 *
 *	callgate_pool_new(sandbox, 4, &pool, &err);
 *	callgate_pool_fill(pool, subject, &err);
 *	while (… there is work …) {
 *		callgate_pool_run(pool, subject, &options, &report, &err);
 *		callgate_pool_fill(pool, subject, &err);	when there is time for it
 *	}
 *	callgate_pool_free(pool);
 *
 * Each member is used once: no program meets what another left. What a member is cannot change any more: the root is as
 * it was when the member was made, and so are the working directory, resource limits and groups of the process. Members
 * end with the thread that filled the pool. They hold no descriptor of the process, but share its memory until they
 * execute something: a pool is to be freed before the process executes another program.
 */
#ifndef CALLGATE_POOL_H
#define CALLGATE_POOL_H

#include <callgate/error.h>
#include <callgate/launch.h>

#ifdef __cplusplus
extern "C" {
#endif

/* More is a mistake: each member is a process or two, and has mounts and perhaps a network of its own. */
#define CALLGATE_POOL_MAX 256

struct callgate_pool;

/* An empty pool for `count` members on this ground; the sandbox must last as long. Fails with E_INVALID (no member, or
 * more than CALLGATE_POOL_MAX) and E_NOMEM. */
CALLGATE_PUBLIC int callgate_pool_new(const struct callgate_sandbox *sandbox, size_t count,
				      struct callgate_pool **ret_pool, struct callgate_error *err);

/* Ends all members and leaves nothing of them. */
CALLGATE_PUBLIC void callgate_pool_free(struct callgate_pool *pool);

/*
 * Starts members until there are `count`, in place of those that were used or have died, and does not wait until they
 * are prepared. With a subject their filters are made, too: it must then last as long as they do. Fails as callgate_run
 * does where the ground cannot be had at all, with the members that there are.
 */
CALLGATE_PUBLIC int callgate_pool_fill(struct callgate_pool *pool, const struct callgate_subject *subject,
				       struct callgate_error *err);

/* How many are prepared, alive, and wait. */
CALLGATE_PUBLIC size_t callgate_pool_ready(struct callgate_pool *pool);

/*
 * As callgate_run, in a member of the pool: one that is prepared, else the first that will be, else one that is started
 * for it. options->sandbox is the pool's or NULL. Where calls are answered by a supervisor (a broker's rules,
 * options->watch) it is run without a member. A member that
 * could not make its ground tells so here.
 */
CALLGATE_PUBLIC int callgate_pool_run(struct callgate_pool *pool, const struct callgate_subject *subject,
				      const struct callgate_run_options *options,
				      struct callgate_run_report *ret_report, struct callgate_error *err);

#ifdef __cplusplus
}
#endif

#endif
