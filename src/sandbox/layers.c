/*
 * One name a layer, wherever layers are spoken of: reports, --allow-degraded, error messages.
 */
#include "sandbox/layers.h"

#include <sched.h>
#include <string.h>

struct layer_row {
	enum callgate_ground layer;
	const char *name, *meaning, *advice;
};

static const struct layer_row layer_rows[] = {
#define LAYER(id, name, meaning, advice) { CALLGATE_GROUND_##id, name, meaning, advice },
#include "sandbox/layers.def"
#undef LAYER
};

#define LAYER_COUNT (sizeof(layer_rows) / sizeof(*layer_rows))

#define LAYERS_NAMESPACES                                                                            \
	(CALLGATE_GROUND_USER | CALLGATE_GROUND_PID | CALLGATE_GROUND_MOUNT | CALLGATE_GROUND_NET |  \
	 CALLGATE_GROUND_IPC | CALLGATE_GROUND_UTS | CALLGATE_GROUND_CGROUP | CALLGATE_GROUND_TIME | \
	 CALLGATE_GROUND_ROOT)

static const struct layer_row *layer_find(unsigned ground)
{
	for (size_t i = 0; i < LAYER_COUNT; i++)
		if ((unsigned)layer_rows[i].layer == ground)
			return &layer_rows[i];
	return NULL;
}

const char *callgate_ground_name(unsigned ground)
{
	const struct layer_row *row = layer_find(ground);

	return row ? row->name : NULL;
}

const char *callgate_ground_meaning(unsigned ground)
{
	const struct layer_row *row = layer_find(ground);

	return row ? row->meaning : "";
}

const char *callgate_ground_advice(unsigned ground)
{
	const struct layer_row *row = layer_find(ground);

	return row ? row->advice : "";
}

unsigned layers_named(const char *name)
{
	if (strcmp(name, "namespaces") == 0)
		return LAYERS_NAMESPACES;
	for (size_t i = 0; i < LAYER_COUNT; i++)
		if (strcmp(layer_rows[i].name, name) == 0 && layer_rows[i].advice[0])
			return layer_rows[i].layer;
	return 0;
}

enum callgate_ground layer_of_namespace(unsigned long flag)
{
	switch (flag) {
	case CLONE_NEWUSER:
		return CALLGATE_GROUND_USER;
	case CLONE_NEWPID:
		return CALLGATE_GROUND_PID;
	case CLONE_NEWNET:
		return CALLGATE_GROUND_NET;
	case CLONE_NEWIPC:
		return CALLGATE_GROUND_IPC;
	case CLONE_NEWUTS:
		return CALLGATE_GROUND_UTS;
	case CLONE_NEWCGROUP:
		return CALLGATE_GROUND_CGROUP;
	case CLONE_NEWNS:
		return CALLGATE_GROUND_MOUNT;
	default:
		return CALLGATE_GROUND_TIME;
	}
}
