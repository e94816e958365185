/*
 * cgroup/files.h - what is written into a group's files, and read from them
 */
#ifndef CALLGATE_CGROUP_FILES_H
#define CALLGATE_CGROUP_FILES_H

#include "cgroup/cgroup.h"

/* Of the files that we read, none is larger. */
#define CGROUP_FILE_SIZE 4096

/* The text of a small file in a folder, cut off at the size; false with errno. */
bool cgroup_file_read(int folder, const char *file, char text[CGROUP_FILE_SIZE]);

/* Whether the limits are in range: E_INVALID. */
int cgroup_limits_check(const struct cgroup_limits *limits, struct callgate_error *err);

/* Whether they set a limit that this controller keeps. */
bool cgroup_limits_name(const struct cgroup_limits *limits, enum cgroup_controller controller);

/* Writes them into the group's folders. Fails with E_INVALID and E_OS. */
int cgroup_limits_write(const struct cgroup *group, const struct cgroup_limits *limits, struct callgate_error *err);

#endif
