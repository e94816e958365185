/*
 * Summaries of the modules that are new, by two threads: a module's depends on no other's. The largest are begun first,
 * so that neither thread is left with one at the end. Where there is no second thread, one does all.
 */
#include "scan/reach.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "scan/cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct reading {
	struct reach *reach;
	const struct reach_options *options;
	uint32_t *order; /* numbers of modules, the largest file first */
	atomic_uint next;
	uint32_t count;
	pthread_mutex_t lock; /* of what follows */
	int status;	      /* of the first that failed */
	bool saved;	      /* some summary was kept */
	struct callgate_error err;
};

static int read_module(struct reading *reading, uint32_t number, struct callgate_error *err)
{
	struct reach_module *all = reading->reach->modules.items[number];
	bool saved = false;
	int status;

	if (!pointers_init(&all->pointers, all->module))
		return fail_nomem(err);
	status = cache_summary(reading->options->cache, all->module, &all->pointers, &all->summary, &saved, err);
	if (saved) {
		pthread_mutex_lock(&reading->lock);
		reading->saved = true;
		pthread_mutex_unlock(&reading->lock);
	}
	return status;
}

static void *read_modules(void *data)
{
	struct reading *reading = data;
	uint32_t at;

	while ((at = atomic_fetch_add(&reading->next, 1)) < reading->count) {
		struct callgate_error err;
		int status = read_module(reading, reading->order[at], &err);

		if (status == CALLGATE_OK)
			continue;
		pthread_mutex_lock(&reading->lock);
		if (reading->status == CALLGATE_OK) {
			reading->status = status;
			reading->err = err;
		}
		pthread_mutex_unlock(&reading->lock);
		atomic_store(&reading->next, reading->count);
	}
	return NULL;
}

/* Numbers from first on, by the sizes of their files. */
static void reading_order(struct reading *reading, uint32_t first)
{
	for (uint32_t i = 0; i < reading->count; i++) {
		uint32_t at = i;
		size_t size = reading->reach->modules.items[first + i]->module->size;

		for (; at > 0 && reading->reach->modules.items[reading->order[at - 1]]->module->size < size; at--)
			reading->order[at] = reading->order[at - 1];
		reading->order[at] = first + i;
	}
}

int reach_read(struct reach *reach, const struct reach_options *options, uint32_t first, struct callgate_error *err)
{
	uint32_t count = (uint32_t)reach->modules.length - first;
	cleanup_free uint32_t *order = calloc((size_t)count + 1, sizeof(*order));
	struct reading reading = { .reach = reach, .options = options, .order = order, .count = count };
	pthread_t second;
	bool has_second;

	if (!order)
		return fail_nomem(err);
	reading_order(&reading, first);
	pthread_mutex_init(&reading.lock, NULL);
	has_second = count > 1 && pthread_create(&second, NULL, read_modules, &reading) == 0;
	read_modules(&reading);
	if (has_second)
		pthread_join(second, NULL);
	pthread_mutex_destroy(&reading.lock);
	if (reading.saved)
		cache_prune(options->cache, CACHE_BYTES_MAX, CACHE_AGE_MAX_S);
	if (reading.status != CALLGATE_OK && err)
		*err = reading.err;
	return reading.status;
}
