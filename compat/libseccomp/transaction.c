/*
 * A transaction keeps a copy of the content as it was when it started: rejecting puts the copy back, committing forgets
 * it.
 */
#include "transaction.h"

#include <errno.h>
#include <stdlib.h>

struct snapshot {
	struct content content;
	struct snapshot *older;
};

int seccomp_transaction_start(struct context *context)
{
	struct snapshot *snapshot;

	if (!context_is_alive(context))
		return -EINVAL;
	snapshot = calloc(1, sizeof(*snapshot));
	if (!snapshot || content_copy(&context->content, &snapshot->content)) {
		free(snapshot);
		return -ENOMEM;
	}
	snapshot->older = context->snapshots;
	context->snapshots = snapshot;
	return 0;
}

static void drop_newest(struct context *context)
{
	struct snapshot *snapshot = context->snapshots;

	context->snapshots = snapshot->older;
	content_fini(&snapshot->content);
	free(snapshot);
}

void seccomp_transaction_reject(struct context *context)
{
	struct content changed;

	if (!context_is_alive(context) || !context->snapshots)
		return;
	context_forget_program(context);
	changed = context->content;
	context->content = context->snapshots->content;
	context->snapshots->content = changed;
	drop_newest(context);
}

int seccomp_transaction_commit(struct context *context)
{
	if (!context_is_alive(context))
		return -EINVAL;
	if (context->snapshots)
		drop_newest(context);
	return 0;
}

void transaction_drop_all(struct context *context)
{
	while (context->snapshots)
		drop_newest(context);
}
