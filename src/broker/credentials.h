/*
 * broker/credentials.h - a call carried out with no more rights than its target has
 *
 * A supervisor without capabilities has none that its targets lack: they are of its user. One with capabilities, as
 * root has, must take the target's user, groups and capabilities upon its thread first, or a broker rule would open
 * what the target's own credentials do not. The file system's user is not enough: /proc/sys asks for the effective one,
 * and that is who a Unix socket's peer is told has connected. The real one stays ours, so that nobody may signal us.
 */
#ifndef CALLGATE_BROKER_CREDENTIALS_H
#define CALLGATE_BROKER_CREDENTIALS_H

#include <callgate/notify.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { CREDENTIALS_GROUPS_MAX = 1024 };

/* A process's /proc/PID/status as far as it says who it is. */
struct credentials {
	pid_t process; /* Tgid */
	pid_t parent;
	uid_t real_user, user, saved_user, file_user; /* user is the effective one */
	gid_t group, file_group;
	mode_t umask;
	uint64_t capabilities; /* effective */
	gid_t groups[CREDENTIALS_GROUPS_MAX];
	size_t group_count;
};

/* Fills *ret_credentials from the text of a status: 0, or EPERM when it does not say all of it. */
int credentials_parse(const char *text, struct credentials *ret_credentials);

/* Those of the target's thread: 0 or an errno. */
int credentials_read(struct callgate_notify_target *target, struct credentials *ret_credentials);

/* What a thread was before it acted for a target. */
struct credentials_saved {
	bool is_other; /* than it is now */
	uid_t user, file_user;
	gid_t group, file_group;
	uint64_t capabilities;
	gid_t groups[CREDENTIALS_GROUPS_MAX];
	int group_count;
};

/*
 * This thread acts for the target from now on: 0, or EPERM when it may not. Where the supervisor has no capability that
 * is nothing. credentials_restore is due in any case.
 */
int credentials_assume(struct callgate_notify_target *target, struct credentials_saved *ret_saved);
void credentials_restore(const struct credentials_saved *saved);

#endif
