/*
 * The last name of a path is taken off and the rest opened by the kernel, which resolves links, `..` and mounts in it
 * as the target's root has them. Where the folder lies the kernel says afterwards, by the descriptor: a folder that is
 * renamed meanwhile may show either of its places, and the target can only have put it there itself. When the last
 * name is a link, it is read and the walk begins anew with what it says.
 */
#include "broker/path.h"

#include "base/cleanup.h"
#include "notify/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

enum { PATH_TRIES_MAX = 16 };

/* The links that may be followed are those that say a path. */
#define PATH_RESOLVE (RESOLVE_NO_MAGICLINKS)

struct walk {
	const struct path_query *query;
	char root_text[PATH_MAX]; /* as we see it; "" for "/" */
	char text[PATH_MAX];	  /* what is left to resolve */
	struct path_place place;
};

int path_openat2(int folder, const char *name, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve };
	int fd = -1;

	for (int i = 0; i < PATH_TRIES_MAX; i++) {
		fd = (int)syscall(SYS_openat2, folder, name, &how, sizeof(how));
		/* EAGAIN: a rename or a mount somewhere, while `..` or a root was to be kept to. */
		if (fd >= 0 || errno != EAGAIN || flags & O_NONBLOCK)
			break;
	}
	return fd;
}

bool path_is_plain(const char *text)
{
	if (text[0] != '/' || strncmp(text, "/proc/", 6) == 0)
		return false;
	for (const char *name = text + 1;;) {
		size_t length = strcspn(name, "/");

		if (length == 0 || (length == 1 && name[0] == '.') || (length == 2 && memcmp(name, "..", 2) == 0))
			return false;
		if (!name[length])
			return true;
		name += length + 1;
	}
}

/* Where a descriptor lies, as we see it: 0 or an errno. A folder that was removed is ENOENT. */
static int text_of(int fd, char text[PATH_MAX])
{
	static const char deleted[] = " (deleted)";
	char link[32];
	struct stat meaning;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, text, PATH_MAX - 1);
	if (length < 0 || length == PATH_MAX - 1)
		return length < 0 ? errno : ENAMETOOLONG;
	text[length] = '\0';
	if (text[0] != '/')
		return EACCES;
	if ((size_t)length > strlen(deleted) && strcmp(text + length - strlen(deleted), deleted) == 0 &&
	    (fstat(fd, &meaning) < 0 || meaning.st_nlink == 0))
		return ENOENT;
	return 0;
}

/* Takes the root's own place off. EACCES for what lies outside of it, as a folder that was opened before a chroot. */
static int cut_root(const struct walk *walk, char text[PATH_MAX])
{
	size_t length = strlen(walk->root_text);

	if (strncmp(text, walk->root_text, length) != 0 || (text[length] && text[length] != '/'))
		return EACCES;
	memmove(text, text + length, strlen(text + length) + 1);
	if (!text[0])
		strcpy(text, "/");
	return 0;
}

/* Where a relative path starts; nothing for an absolute one. */
static int open_start(struct callgate_notify_target *target, int dirfd, const char *text, int *ret_start)
{
	if (text[0] == '/')
		return 0;
	if (dirfd == AT_FDCWD)
		return callgate_notify_open(target, "cwd", O_PATH | O_DIRECTORY, ret_start);
	return callgate_notify_fetch(target, dirfd, ret_start);
}

/* That a root which is opened by number was this thread's is known when reading the text has confirmed that the call
 * still waits. */
static int open_root(struct callgate_notify_target *target, bool is_fixed, struct path_base *base)
{
	int tid = callgate_notify_call(target)->tid;
	char path[32];

	base->is_lent = is_fixed;
	if (is_fixed)
		return notify_root(target, &base->root);
	snprintf(path, sizeof(path), "/proc/%d/root", tid);
	base->root = tid ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	return base->root >= 0 ? 0 : tid ? errno : EPERM;
}

int path_base_read(struct callgate_notify_target *target, unsigned reading, int dirfd, uint64_t address, char *ret_text,
		   struct path_base *ret_base)
{
	cleanup(path_base_fini) struct path_base base = PATH_BASE_NONE;
	int unopened = open_root(target, reading & PATH_FIXED_ROOT, &base);
	int error = reading == (PATH_FIXED_ROOT | PATH_NO_EFFECT)
			    ? notify_read_text_unconfirmed(target, address, ret_text, PATH_MAX)
			    : callgate_notify_read_text(target, address, ret_text, PATH_MAX);

	if (!error)
		error = unopened;
	if (!error)
		error = open_start(target, dirfd, ret_text, &base.start);
	if (error)
		return error;
	*ret_base = base;
	base = PATH_BASE_NONE;
	return 0;
}

int path_base_open(struct callgate_notify_target *target, int dirfd, const char *text, struct path_base *ret_base)
{
	cleanup(path_base_fini) struct path_base base = PATH_BASE_NONE;
	int error = callgate_notify_open(target, "root", O_PATH | O_DIRECTORY, &base.root);

	if (!error)
		error = open_start(target, dirfd, text, &base.start);
	if (error)
		return error;
	*ret_base = base;
	base = PATH_BASE_NONE;
	return 0;
}

void path_base_fini(struct path_base *base)
{
	if (base->root >= 0 && !base->is_lent)
		close(base->root);
	if (base->start >= 0)
		close(base->start);
	*base = PATH_BASE_NONE;
}

static int walk_begin(struct walk *walk, const struct path_query *query)
{
	int error = text_of(query->base->root, walk->root_text);

	walk->query = query;
	if (error)
		return error;
	if (strcmp(walk->root_text, "/") == 0)
		walk->root_text[0] = '\0';
	if (strlen(query->text) >= sizeof(walk->text))
		return ENAMETOOLONG;
	strcpy(walk->text, query->text);
	return 0;
}

static void walk_end(struct walk *walk)
{
	path_place_fini(&walk->place);
}

/* Makes a relative path absolute, as the root has it: only then can the root be kept to. */
static int make_absolute(struct walk *walk)
{
	char text[PATH_MAX], joined[2 * PATH_MAX];
	struct stat meaning;
	int error;

	if (walk->text[0] == '/')
		return 0;
	if (fstat(walk->query->base->start, &meaning) < 0 || !S_ISDIR(meaning.st_mode))
		return ENOTDIR;
	error = text_of(walk->query->base->start, text);
	if (!error)
		error = cut_root(walk, text);
	if (error)
		return error;
	snprintf(joined, sizeof(joined), "%s/%s", strcmp(text, "/") == 0 ? "" : text, walk->text);
	if (strlen(joined) >= PATH_MAX)
		return ENAMETOOLONG;
	strcpy(walk->text, joined);
	return 0;
}

/* The folder of the path and the name in it; a path that ends in a slash, `.` or `..` names a folder itself. */
static int split(const char *text, char folder[PATH_MAX], char name[NAME_MAX + 1])
{
	const char *last = strrchr(text, '/') + 1;
	size_t length = strlen(last);

	if (length == 0 || strcmp(last, ".") == 0 || strcmp(last, "..") == 0) {
		strcpy(folder, text);
		strcpy(name, ".");
		return 0;
	}
	if (length > NAME_MAX)
		return ENAMETOOLONG;
	memcpy(folder, text, (size_t)(last - text));
	folder[last - text] = '\0';
	strcpy(name, last);
	return 0;
}

/* What stands behind /proc/PID of this process or thread; NULL when the text is not there. */
static const char *behind_proc(const char *text, pid_t pid)
{
	char prefix[32];
	size_t length = (size_t)snprintf(prefix, sizeof(prefix), "/proc/%d", (int)pid);

	if (strncmp(text, prefix, length) != 0 || (text[length] && text[length] != '/'))
		return NULL;
	return text + length;
}

static bool is_proc(int fd)
{
	struct statfs meaning;

	return fstatfs(fd, &meaning) == 0 && meaning.f_type == PROC_SUPER_MAGIC;
}

static bool is_same(int a, int b)
{
	struct stat one, other;

	return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* The root of the procfs in which a folder lies, and the first name on the way from there, "" for the root. */
static int proc_root(int folder, int *ret_root, char first[NAME_MAX + 1])
{
	cleanup_fd int at = fcntl(folder, F_DUPFD_CLOEXEC, 0);
	int error = at < 0 ? errno : 0;

	first[0] = '\0';
	while (!error) {
		cleanup_fd int up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		char text[PATH_MAX];

		if (up < 0)
			return errno;
		if (!is_proc(up) || is_same(up, at)) {
			*ret_root = take_fd(at);
			return 0;
		}
		error = text_of(at, text);
		if (!error)
			snprintf(first, NAME_MAX + 1, "%s", strrchr(text, '/') + 1);
		close(at);
		at = take_fd(up);
	}
	return error;
}

static bool is_number(const char *name, size_t length)
{
	return length > 0 && strspn(name, "0123456789") >= length;
}

/* Any of its names, of which one could be that of a process. */
static bool has_number(const char *text)
{
	for (const char *name = text; *name; name += strcspn(name, "/")) {
		name += strspn(name, "/");
		if (is_number(name, strcspn(name, "/")))
			return true;
	}
	return false;
}

/* That number in this procfs, which may be of another pid namespace, is one of our own threads'. */
static bool is_own_thread(int root, const char *number)
{
	char text[NAME_MAX + 16];
	struct stat meaning;

	snprintf(text, sizeof(text), "self/task/%s", number);
	return is_number(number, strlen(number)) && fstatat(root, text, &meaning, 0) == 0;
}

/*
 * To itself a process may do everything, whatever its rights: the kernel would let us open our own memory, and that of
 * each of our threads, for a target that asks. None of them is to be had, by whatever number or mount.
 */
static int refuse_ourselves(const struct path_place *place)
{
	char first[NAME_MAX + 1];
	cleanup_fd int root = -1;
	int error;

	if (!has_number(place->text) || !is_proc(place->folder))
		return 0;
	error = proc_root(place->folder, &root, first);
	if (error)
		return error;
	return is_own_thread(root, first[0] ? first : place->name) ? EACCES : 0;
}

/* Opens the folder beneath the target's root. What would be our own in /proc is the target's. */
static int open_folder(struct walk *walk, const char *folder)
{
	struct path_place *place = &walk->place;
	uint64_t resolve = PATH_RESOLVE | RESOLVE_IN_ROOT | walk->query->resolve;
	const char *own;
	int error;

	place->folder = path_openat2(walk->query->base->root, folder, O_PATH | O_DIRECTORY, 0, resolve);
	if (place->folder < 0)
		return errno;
	error = text_of(place->folder, place->text);
	if (!error)
		error = cut_root(walk, place->text);
	own = error ? NULL : behind_proc(place->text, getpid());
	if (own) {
		char text[PATH_MAX + 32];

		snprintf(text, sizeof(text), "/proc/%d%s", callgate_notify_call(walk->query->target)->tid, own);
		close(place->folder);
		place->folder = path_openat2(walk->query->base->root, text, O_PATH | O_DIRECTORY, 0,
					     resolve | RESOLVE_NO_SYMLINKS);
		if (place->folder < 0)
			return errno;
		error = text_of(place->folder, place->text);
		if (!error)
			error = cut_root(walk, place->text);
		if (!error && behind_proc(place->text, getpid()))
			error = EACCES;
	}
	return error;
}

static int join_name(struct path_place *place)
{
	size_t length = strlen(place->text);

	if (strcmp(place->name, ".") == 0)
		return 0;
	if (length + 1 + strlen(place->name) >= sizeof(place->text))
		return ENAMETOOLONG;
	if (length > 1)
		place->text[length++] = '/';
	strcpy(place->text + length, place->name);
	return 0;
}

/* In /proc a link is a jump but for these two, which say a number, ours when we ask. */
static int follow_proc(struct walk *walk)
{
	const struct callgate_notify_call *call = callgate_notify_call(walk->query->target);

	if (strcmp(walk->place.name, "self") == 0 || strcmp(walk->place.name, "thread-self") == 0)
		snprintf(walk->text, sizeof(walk->text), "/proc/%d", call->tid);
	else
		return ELOOP;
	return 0;
}

/* The name's link becomes what is left to resolve. */
static int follow(struct walk *walk, const char *link, size_t length)
{
	char text[PATH_MAX];
	struct statfs meaning;
	char *name;

	if (fstatfs(walk->place.folder, &meaning) < 0)
		return errno;
	if (meaning.f_type == PROC_SUPER_MAGIC)
		return follow_proc(walk);
	if (length == 0)
		return ENOENT;
	if (link[0] == '/') {
		memcpy(walk->text, link, length + 1);
		return 0;
	}
	strcpy(text, walk->place.text);
	name = strrchr(text, '/') + 1;
	if ((size_t)(name - text) + length >= sizeof(text))
		return ENAMETOOLONG;
	memcpy(name, link, length + 1);
	strcpy(walk->text, text);
	return 0;
}

/* One round: a folder and a name in it. *ret_more says that the name was a link and is followed. */
static int walk_once(struct walk *walk, bool *ret_more)
{
	char folder[PATH_MAX], link[PATH_MAX];
	int error = make_absolute(walk);
	ssize_t length;

	*ret_more = false;
	if (!error)
		error = split(walk->text, folder, walk->place.name);
	if (!error)
		error = open_folder(walk, folder);
	if (!error)
		error = join_name(&walk->place);
	if (!error)
		error = refuse_ourselves(&walk->place);
	if (error || strcmp(walk->place.name, ".") == 0)
		return error;
	length = readlinkat(walk->place.folder, walk->place.name, link, sizeof(link) - 1);
	if (length < 0)
		return 0;
	link[length] = '\0';
	walk->place.is_link = walk->query->no_links;
	if (walk->query->no_links)
		return 0;
	if (walk->query->resolve & RESOLVE_NO_SYMLINKS)
		return ELOOP;
	error = follow(walk, link, (size_t)length);
	*ret_more = !error;
	return error;
}

static void name_alias(const struct walk *walk, struct path_place *place)
{
	const char *own = behind_proc(place->text, callgate_notify_call(walk->query->target)->tid);

	if (own)
		snprintf(place->alias, sizeof(place->alias), "/proc/self%s", own);
}

int path_find(const struct path_query *query, struct path_place *ret_place)
{
	cleanup(walk_end) struct walk walk = { .place = PATH_PLACE_NONE };
	int error = query->text[0] ? walk_begin(&walk, query) : ENOENT;
	bool more = true;

	for (int links = 0; more && !error; links++) {
		path_place_fini(&walk.place);
		error = links > PATH_LINKS_MAX ? ELOOP : walk_once(&walk, &more);
	}
	if (error)
		return error;
	name_alias(&walk, &walk.place);
	*ret_place = walk.place;
	walk.place = PATH_PLACE_NONE;
	return callgate_notify_is_waiting(query->target) ? 0 : ESRCH;
}

void path_place_fini(struct path_place *place)
{
	if (place->folder >= 0)
		close(place->folder);
	*place = PATH_PLACE_NONE;
}
