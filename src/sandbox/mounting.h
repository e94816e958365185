/*
 * sandbox/mounting.h - the mount calls that work on descriptors, and the root that is being built with them
 *
 * All of it runs in the target, on the launcher's memory: raw system calls, results or negative errnos.
 */
#ifndef CALLGATE_SANDBOX_MOUNTING_H
#define CALLGATE_SANDBOX_MOUNTING_H

#include <linux/stat.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>

/* File systems of our own making, of which mount points may be made; more are not remembered. */
#define ROOT_OWN_MAX 64

struct root_device {
	uint32_t major, minor;
};

struct root {
	int base;      /* the tmpfs that we began with */
	int top;       /* what is the root now: base, or what was mounted over it */
	int mask;      /* the first empty file that was mounted over another, −1: none was */
	bool has_tree; /* what is mounted now is made: what fails from here on is about its place */
	struct root_device own[ROOT_OWN_MAX];
	unsigned own_count;
};

/* What masks a file, in the base; unlinked when the root is finished, since what is unlinked cannot be mounted. */
#define ROOT_EMPTY_FILE ".callgate-empty"

/* An option of a new file system, a flag where it has no value; a list of them ends in one without a key. */
struct fs_option {
	const char *key, *value;
};

/* close(2), if it is a descriptor. */
void fd_close(long fd);

/* Its kind, mode and device. */
long fd_status(int fd, struct statx *ret_status);

/* O_PATH descriptors, close-on-exec: of a path in the new root, as a process in it would find it; and of one outside,
 * in which no link may be. */
long root_open(const struct root *root, const char *path, uint64_t flags);
long source_open(const char *path);

/* Whether a link is on the way to a path in the new root, as far as there is one. */
bool root_goes_by_link(const struct root *root, const char *path);

/* A detached mount of a new file system, with these MOUNT_ATTR_*. */
long fs_new(const char *type, const struct fs_option *options, uint64_t attributes);

/* The same of an empty tmpfs; size is in decimal, NULL the kernel's default. */
long fs_new_tmpfs(const char *mode, const char *size, uint64_t attributes);

/* A detached copy of what is mounted there, with all that lies in it. */
long tree_clone(int fd);

/* Sets MOUNT_ATTR_* of a mount; flags may be AT_RECURSIVE. */
long mount_attributes(int fd, uint64_t set, unsigned flags);

/* Attaches a detached mount to a place. */
long mount_at(int fd, int place);

/* The file system is one of ours: places to mount at may be made in it. */
void root_remember(struct root *root, int fd);

/* A descriptor of dest; what is missing of it is made, where the file system is ours (else EROFS). */
long root_point(const struct root *root, const char *dest, bool is_folder);

/* Takes a detached mount, or the error of making it, to its place; it is closed, or has become the root. */
long root_attach(struct root *root, long tree, const char *dest, bool is_folder);

#endif
