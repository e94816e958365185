/*
 * cgroup/keeper.h - empties and removes a group's folders, when its maker is done with it or dead
 */
#ifndef CALLGATE_CGROUP_KEEPER_H
#define CALLGATE_CGROUP_KEEPER_H

#include "cgroup/cgroup.h"

/* Starts the keeper of the folders that a group will have, before they are made. Fails with E_OS. */
int keeper_start(struct cgroup *group, struct callgate_error *err);

#endif
