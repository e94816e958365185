/*
 * broker/path.h - a path of the target's, resolved as the kernel would for it, and pinned where it ends
 *
 * The text is the target's and may lead anywhere: over links, `..` and mounts. What a rule is asked about is therefore
 * not the text but the place: a folder that is held by a descriptor, and a name in it that is no link. What happens to
 * the path afterwards does not change the place; what the name is changed to, it is changed to at that place.
 */
#ifndef CALLGATE_BROKER_PATH_H
#define CALLGATE_BROKER_PATH_H

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
	char alias[PATH_MAX];	 /* the same with /proc/self for the target's own number; "" when that is not in it */
	bool is_link;		 /* the name is a link that is not to be followed, or one of the kernel's own */
};

#define PATH_PLACE_NONE ((struct path_place){ .folder = -1 })

/*
 * Finds the place that a path names: 0 or the errno that the kernel would give. ELOOP also for the links of /proc that
 * jump (exe, fd/N, root, cwd): they lead where no path does. The supervisor's own folder in /proc is not to be had;
 * whoever asks for /proc/self gets the target's. path_place_fini is due in any case.
 */
int path_find(const struct path_query *query, struct path_place *ret_place);
void path_place_fini(struct path_place *place);

/*
 * Whether the text names its place by itself: absolute, without `.`, `..`, `//` or a slash at its end, and not in
 * /proc. Opened beneath the target's root without links, it can be nowhere else.
 */
bool path_is_plain(const char *text);

/* openat2(2) with these RESOLVE_*, tried again where a rename elsewhere made it fail: a descriptor or −1 with errno. */
int path_openat2(int folder, const char *name, uint64_t flags, uint64_t mode, uint64_t resolve);

#endif
