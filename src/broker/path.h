/*
 * broker/path.h - a path of the target's, resolved as the kernel would for it, and pinned where it ends
 *
 * The text is the target's and may lead anywhere: over links, `..` and mounts. What a rule is asked about is therefore
 * not the text but the place: a folder that is held by a descriptor, and a name in it that is no link. What happens to
 * the path afterwards does not change the place; what the name is changed to, it is changed to at that place.
 */
#ifndef CALLGATE_BROKER_PATH_H
#define CALLGATE_BROKER_PATH_H

#include "broker/proc.h"

#include <callgate/notify.h>

#include <limits.h>
#include <stdint.h>

enum { PATH_LINKS_MAX = 40 /* the kernel's MAXSYMLINKS */ };

/* Where a target's paths start. To open it takes the supervisor's own rights. */
struct path_base {
	int root;     /* O_PATH, as start */
	int start;    /* of a relative path, −1 for an absolute one */
	bool is_lent; /* the root is the loop's */
};

#define PATH_BASE_NONE ((struct path_base){ -1, -1, false })

enum path_reading {
	PATH_FIXED_ROOT = 1 << 0, /* no target can change it: it is opened once */
	PATH_NO_EFFECT = 1 << 1,  /* nothing comes of the text but the answer */
};

/*
 * Opens the target's root and copies a text of at most
 * PATH_MAX bytes with its NUL from its memory, both of the thread that still waits afterwards; then opens where that
 * text starts: its descriptor dirfd, or AT_FDCWD. 0 or an errno.
 */
int path_base_read(struct callgate_notify_target *target, unsigned reading, int dirfd, uint64_t address, char *ret_text,
		   struct path_base *ret_base);

/* The same for a text that is known. */
int path_base_open(struct callgate_notify_target *target, int dirfd, const char *text, struct path_base *ret_base);
void path_base_fini(struct path_base *base);

struct path_query {
	struct callgate_notify_target *target;
	const struct path_base *base;
	const char *text; /* of at most PATH_MAX bytes with its NUL, a copy */
	bool no_links;	  /* the last name is not followed */
	uint64_t resolve; /* RESOLVE_NO_SYMLINKS, or 0 */
};

struct path_place {
	int folder;		 /* O_PATH; −1 when there is none */
	char name[NAME_MAX + 1]; /* in it; "." for the folder itself */
	char text[PATH_MAX];	 /* of the place, as the target's root has it, for the rules */
	bool is_in_proc;	 /* the folder is of a procfs */
	struct proc_place proc;	 /* whose other names the place has */
};

#define PATH_PLACE_NONE ((struct path_place){ .folder = -1 })

/*
 * Finds the place that a path names: 0 or the errno that the kernel would give. With an errno the place says where the
 * way ended and what would have followed, for the rules to say whether the target may learn that; text is "" where
 * there is nothing to learn. path_place_fini is due in any case.
 *
 * ELOOP also for the links of /proc that jump (exe, fd/N, root, cwd): they lead where no path does. The supervisor's
 * own folder in /proc is not to be had; whoever asks for /proc/self or thread-self gets the target's.
 */
int path_find(const struct path_query *query, struct path_place *ret_place);
void path_place_fini(struct path_place *place);

/*
 * Whether the text names its place by itself: absolute, without `.`, `..`, `//` or a slash at its end, and without a
 * number, which could be a process's. Opened beneath the target's root without links, it can be nowhere else.
 */
bool path_is_plain(const char *text);

/* Where a descriptor lies, as we see it: 0 or an errno. A folder that was removed is ENOENT. */
int path_text(int fd, char ret_text[PATH_MAX]);

/* openat2(2) with these RESOLVE_*, tried again where a rename elsewhere made it fail: a descriptor or −1 with errno. */
int path_openat2(int folder, const char *name, uint64_t flags, uint64_t mode, uint64_t resolve);

#endif
