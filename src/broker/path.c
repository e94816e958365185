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
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { PATH_TRIES_MAX = 16 };

/* The links that may be followed are those that say a path. */
#define PATH_RESOLVE (RESOLVE_NO_MAGICLINKS)

struct walk {
	const struct path_query *query;
	char root_text[PATH_MAX]; /* as we see it; "" for "/" */
	char text[PATH_MAX];	  /* what is left to resolve */
	const char *rest;	  /* of it, what comes behind the place's name */
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

static bool is_dots(const char *name, size_t length)
{
	return (length == 1 && name[0] == '.') || (length == 2 && name[0] == '.' && name[1] == '.');
}

bool path_is_plain(const char *text)
{
	if (text[0] != '/')
		return false;
	for (const char *name = text + 1;;) {
		size_t length = strcspn(name, "/");

		if (strspn(name, "0123456789") == length || is_dots(name, length))
			return false;
		if (!name[length])
			return true;
		name += length + 1;
	}
}

int path_text(int fd, char ret_text[PATH_MAX])
{
	static const char deleted[] = " (deleted)";
	char link[32];
	struct stat meaning;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, ret_text, PATH_MAX - 1);
	if (length < 0 || length == PATH_MAX - 1)
		return length < 0 ? errno : ENAMETOOLONG;
	ret_text[length] = '\0';
	if (ret_text[0] != '/')
		return EACCES;
	if ((size_t)length > strlen(deleted) && strcmp(ret_text + length - strlen(deleted), deleted) == 0 &&
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
	/* NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores): the cleanup reads it */
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
	int error = path_text(query->base->root, walk->root_text);

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
	error = path_text(walk->query->base->start, text);
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

	if (length == 0 || is_dots(last, length)) {
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

/* Opens a folder beneath the target's root, and says where it is. */
static int open_folder(struct walk *walk, const char *folder)
{
	struct path_place *place = &walk->place;
	uint64_t resolve = PATH_RESOLVE | RESOLVE_IN_ROOT | walk->query->resolve;
	int error;

	place->folder = path_openat2(walk->query->base->root, folder, O_PATH | O_DIRECTORY, 0, resolve);
	if (place->folder < 0)
		return errno;
	error = path_text(place->folder, place->text);
	return error ? error : cut_root(walk, place->text);
}

/* Appends names to a text of a place. */
static int append(char text[PATH_MAX], const char *names)
{
	size_t length = strlen(text);

	if (length + 1 + strlen(names) >= PATH_MAX)
		return ENAMETOOLONG;
	if (length > 1)
		text[length++] = '/';
	strcpy(text + length, names);
	return 0;
}

/* Begins anew with what stands in for the place, and what came behind it. */
static int begin_with(struct walk *walk, const char *folder, const char *names, bool *ret_more)
{
	char text[PATH_MAX];
	int error;

	if (strlen(folder) >= sizeof(text))
		return ENAMETOOLONG;
	strcpy(text, folder);
	error = append(text, names);
	if (!error && walk->rest[0])
		error = append(text, walk->rest);
	if (error)
		return error;
	strcpy(walk->text, text);
	*ret_more = true;
	return 0;
}

/* What the links `self` and `thread-self` of this procfs say to the target, and with_thread to both of its numbers. */
static int begin_with_target(struct walk *walk, int root, bool with_thread, const char *behind, bool *ret_more)
{
	struct path_place *place = &walk->place;
	char names[PATH_MAX + 64], folder[PATH_MAX];
	struct proc_numbers target;
	int error = proc_find_target(root, walk->query->target, &target);

	if (error)
		return error;
	if (with_thread)
		snprintf(names, sizeof(names), "%d/task/%d%s", (int)target.process, (int)target.thread, behind);
	else
		snprintf(names, sizeof(names), "%d%s", (int)target.process, behind);
	snprintf(folder, sizeof(folder), "%.*s/", (int)place->proc.mount, place->text);
	folder[place->proc.mount ? place->proc.mount : 1] = '\0';
	return begin_with(walk, folder, names, ret_more);
}

/*
 * To itself a process may do everything, whatever its rights: the kernel would let us open our own memory, and that of
 * each of our threads, for a target that asks. What our process's folder is to us the target's is to it; our other
 * threads are not to be had, by whatever number or mount.
 */
static int exchange_ourselves(struct walk *walk, int root, bool *ret_more)
{
	struct path_place *place = &walk->place;
	struct proc_numbers ours = proc_ours(root), target;
	const struct proc_numbers *said = &place->proc.said;
	bool is_thread = said->thread && said->thread == ours.thread;

	if (ours.process && said->process == ours.process) {
		char behind[PATH_MAX], thread[32] = "";

		if (said->thread && !is_thread)
			snprintf(thread, sizeof(thread), "/task/%d", (int)said->thread);
		snprintf(behind, sizeof(behind), "%s%s", thread, place->text + place->proc.rest);
		return begin_with_target(walk, root, is_thread, behind, ret_more);
	}
	if (proc_is_own_thread(root, said->process))
		return EACCES;
	if (proc_find_target(root, walk->query->target, &target) == 0 &&
	    proc_is_thread_of(root, target.process, said->process))
		place->proc.target = target;
	return 0;
}

/* A place in a procfs: whose it is, and whether it is there at all for the target. */
static int enter_proc(struct walk *walk, bool *ret_more)
{
	struct path_place *place = &walk->place;
	bool follows = !walk->query->no_links || walk->rest[0];
	char mount[PATH_MAX];
	cleanup_fd int root = -1;
	const char *below;
	int error;

	place->is_in_proc = proc_is(place->folder);
	if (!place->is_in_proc)
		return 0;
	error = proc_open_root(place->folder, &root);
	if (!error)
		error = path_text(root, mount);
	if (!error)
		error = cut_root(walk, mount);
	if (error)
		return error;
	if (strcmp(mount, "/") == 0)
		mount[0] = '\0';
	if (strncmp(place->text, mount, strlen(mount)) != 0)
		return EACCES;
	place->proc = proc_parse(place->text, strlen(mount));
	below = place->text + strlen(mount);
	if (follows && !walk->query->resolve && strcmp(below, "/self") == 0)
		return begin_with_target(walk, root, false, "", ret_more);
	if (follows && !walk->query->resolve && strcmp(below, "/thread-self") == 0)
		return begin_with_target(walk, root, true, "", ret_more);
	return place->proc.said.process ? exchange_ourselves(walk, root, ret_more) : 0;
}

/* The name's link becomes what is left to resolve. In a process's folder a link is a jump. */
static int follow(struct walk *walk, const char *link, bool *ret_more)
{
	char folder[PATH_MAX];

	if (walk->query->resolve & RESOLVE_NO_SYMLINKS || walk->place.proc.said.process)
		return ELOOP;
	if (!link[0])
		return ENOENT;
	if (link[0] == '/')
		return begin_with(walk, "/", link + 1, ret_more);
	strcpy(folder, walk->place.text);
	strrchr(folder, '/')[strrchr(folder, '/') == folder] = '\0';
	return begin_with(walk, folder, link, ret_more);
}

/* What is at the place that is found. *ret_more says that the walk begins anew. */
static int look_at_name(struct walk *walk, bool *ret_more)
{
	struct path_place *place = &walk->place;
	bool is_folder = strcmp(place->name, ".") == 0;
	int error = is_folder ? 0 : append(place->text, place->name);
	char link[PATH_MAX];
	ssize_t length;

	if (!error)
		error = enter_proc(walk, ret_more);
	if (error || *ret_more || is_folder)
		return error;
	length = readlinkat(place->folder, place->name, link, sizeof(link) - 1);
	if (length < 0)
		return 0;
	link[length] = '\0';
	return walk->query->no_links && !walk->rest[0] ? 0 : follow(walk, link, ret_more);
}

/* Where in a text the slash of this number is, from 0 on. */
static size_t slash_at(const char *text, size_t number)
{
	const char *at = text;

	while (number-- > 0)
		at = strchr(at + 1, '/');
	return (size_t)(at - text);
}

/* Opens the part of the text up to that slash. */
static int open_part(struct walk *walk, size_t slash)
{
	char folder[PATH_MAX];
	size_t length = slash_at(walk->text, slash) + 1;

	memcpy(folder, walk->text, length);
	folder[length] = '\0';
	path_place_fini(&walk->place);
	return open_folder(walk, folder);
}

/* The deepest folder of the text that can be opened; all is_lost are known not to be. */
static size_t find_deepest(struct walk *walk, size_t is_lost)
{
	size_t deepest = 0;

	while (deepest + 1 < is_lost) {
		size_t middle = deepest + (is_lost - deepest) / 2;

		if (open_part(walk, middle) == 0)
			deepest = middle;
		else
			is_lost = middle;
	}
	return deepest;
}

/* What of the way is not there is judged too, unless it might lead elsewhere. */
static int append_rest(struct walk *walk)
{
	for (const char *name = walk->rest; *name; name += strcspn(name, "/")) {
		name += strspn(name, "/");
		if (is_dots(name, strcspn(name, "/")))
			return 0;
	}
	return walk->rest[0] ? append(walk->place.text, walk->rest) : 0;
}

/*
 * A folder of the path could not be opened. Where the way ends is looked for, name by name: to whom the rules would not
 * show that place, the errno would tell what is there. It may also be a link that says something else to the target
 * than to us.
 */
static int walk_lost(struct walk *walk, int error, bool *ret_more)
{
	size_t slashes = 0, length;
	const char *name;

	for (const char *at = strchr(walk->text, '/'); at; at = strchr(at + 1, '/'))
		slashes++;
	slashes = find_deepest(walk, slashes - 1);
	if (open_part(walk, slashes) != 0)
		return error;
	name = walk->text + slash_at(walk->text, slashes) + 1;
	length = strcspn(name, "/");
	if (length > NAME_MAX)
		return ENAMETOOLONG;
	snprintf(walk->place.name, sizeof(walk->place.name), "%.*s", (int)length,
		 length == 0 || is_dots(name, length) ? "." : name);
	walk->rest = name + length + strspn(name + length, "/");
	if (name[length] && !walk->rest[0])
		walk->rest = "."; /* it has to be a folder */
	if (look_at_name(walk, ret_more) == 0 && *ret_more)
		return 0;
	return append_rest(walk) ? ENAMETOOLONG : error;
}

/* Not of the way, but of us. */
static bool is_our_own(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == EAGAIN || error == ENAMETOOLONG;
}

/* One round: a folder and a name in it. *ret_more says that the walk begins anew with another text. */
static int walk_once(struct walk *walk, bool *ret_more)
{
	char folder[PATH_MAX];
	int error = make_absolute(walk);

	*ret_more = false;
	walk->rest = "";
	if (!error)
		error = split(walk->text, folder, walk->place.name);
	if (error)
		return error;
	error = open_folder(walk, folder);
	if (!error)
		return look_at_name(walk, ret_more);
	walk->place.text[0] = '\0';
	return is_our_own(error) ? error : walk_lost(walk, error, ret_more);
}

int path_find(const struct path_query *query, struct path_place *ret_place)
{
	cleanup(walk_end) struct walk walk = { .place = PATH_PLACE_NONE };
	int error = query->text[0] ? walk_begin(&walk, query) : ENOENT;
	bool more = !error;

	for (int links = 0; more && !error; links++) {
		if (links > PATH_LINKS_MAX) {
			error = ELOOP;
			break;
		}
		path_place_fini(&walk.place);
		error = walk_once(&walk, &more);
	}
	*ret_place = walk.place;
	walk.place = PATH_PLACE_NONE;
	if (error)
		return error;
	return callgate_notify_is_waiting(query->target) ? 0 : ESRCH;
}

void path_place_fini(struct path_place *place)
{
	if (place->folder >= 0)
		close(place->folder);
	*place = PATH_PLACE_NONE;
}
