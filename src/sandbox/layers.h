/*
 * sandbox/layers.h - what may stand between a target and the machine, by name: the rows of layers.def
 */
#ifndef CALLGATE_SANDBOX_LAYERS_H
#define CALLGATE_SANDBOX_LAYERS_H

#include <callgate/launch.h>

/* Every namespace that a target may have of its own, as CLONE_NEW*. */
#define SANDBOX_NAMESPACES_ALL                                                                                       \
	(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | \
	 CLONE_NEWTIME)

/* The bits that a name stands for, 0 when it is none; "namespaces" stands for all of them and the root. */
unsigned layers_named(const char *name);

/* The layer of a single CLONE_NEW*. */
enum callgate_ground layer_of_namespace(unsigned long flag);

#endif
