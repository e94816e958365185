/*
 * Who a number is in a procfs is known by two things that cannot be chosen: the PID namespace of its process, and the
 * number that it has there. The target's own is the innermost of its numbers; of the others, one for each namespace
 * around it, the one is looked for under which this procfs shows that very process.
 */
#include "broker/proc.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "broker/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum {
	PROC_ROOT_INODE = 1,
	PROC_DEPTH_MAX = 64,  /* of folders in it */
	PROC_LEVELS_MAX = 33, /* of PID namespaces within each other: MAX_PID_NS_LEVEL, and the first */
	PROC_STATUS_BYTES = 16384,
};

/* The numbers of a thread in all PID namespaces around it that we see, the innermost last. */
struct proc_levels {
	struct proc_numbers items[PROC_LEVELS_MAX];
	size_t count;
};

bool proc_is(int fd)
{
	struct statfs meaning;

	return fstatfs(fd, &meaning) == 0 && meaning.f_type == PROC_SUPER_MAGIC;
}

static bool is_same(int a, int b)
{
	struct stat one, other;

	return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

int proc_open_root(int folder, int *ret_root)
{
	cleanup_fd int at = fcntl(folder, F_DUPFD_CLOEXEC, 0);
	struct stat meaning;

	for (int i = 0; at >= 0 && i < PROC_DEPTH_MAX; i++) {
		cleanup_fd int up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (up < 0)
			return errno;
		if (!proc_is(up) || is_same(up, at))
			break;
		close(at);
		at = take_fd(up);
	}
	if (at < 0 || fstat(at, &meaning) < 0)
		return errno;
	if (meaning.st_ino != PROC_ROOT_INODE)
		return EACCES;
	*ret_root = take_fd(at);
	return 0;
}

bool proc_shares_namespace(struct callgate_notify_target *target, const char *name)
{
	char path[64], ours[64] = "", theirs[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", callgate_notify_call(target)->tid, name);
	if (readlink(path, theirs, sizeof(theirs) - 1) <= 0)
		return false;
	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	return readlink(path, ours, sizeof(ours) - 1) > 0 && strcmp(ours, theirs) == 0;
}

const char *proc_namespace_of(const char *text, size_t mount)
{
	/* What the kernel looks up for whoever opens; the rest (hostname, mounts) it does for whoever reads. */
	static const struct {
		const char *place; /* and all that goes on like it */
		const char *namespace;
	} rows[] = {
		{ "/sys/net", "net" },
		{ "/sys/user", "user" },
		{ "/sys/fs/mqueue", "ipc" },
		{ "/sys/kernel/auto_msgmni", "ipc" },
		{ "/sys/kernel/msg", "ipc" },
		{ "/sys/kernel/sem", "ipc" },
		{ "/sys/kernel/shm", "ipc" },
		{ "/sysvipc", "ipc" },
		{ "/sys/kernel/ns_last_pid", "pid" },
		{ "/sys/kernel/pid_max", "pid" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strncmp(text + mount, rows[i].place, strlen(rows[i].place)) == 0)
			return rows[i].namespace;
	return strcmp(text + mount, "/keys") == 0 ? "" : NULL; /* that our session possesses */
}

struct proc_numbers proc_ours(int root)
{
	struct proc_numbers ours = { 0 };
	char link[64];
	ssize_t length = readlinkat(root, "thread-self", link, sizeof(link) - 1);

	link[length > 0 ? length : 0] = '\0';
	if (sscanf(link, "%d/task/%d", &ours.process, &ours.thread) != 2)
		ours = (struct proc_numbers){ 0 };
	return ours;
}

bool proc_is_own_thread(int root, pid_t number)
{
	struct proc_numbers ours = proc_ours(root);

	return ours.process && proc_is_thread_of(root, ours.process, number);
}

bool proc_is_thread_of(int root, pid_t process, pid_t number)
{
	char text[64];
	struct stat meaning;

	snprintf(text, sizeof(text), "%d/task/%d", (int)process, (int)number);
	return fstatat(root, text, &meaning, 0) == 0;
}

/* The numbers in one line of a status, which name ends with its colon. */
static size_t read_levels(const char *status, const char *name, pid_t levels[PROC_LEVELS_MAX])
{
	const char *line = strstr(status, name);
	size_t count = 0, length;

	for (line = line ? line + strlen(name) : ""; count < PROC_LEVELS_MAX; line += length) {
		line += strspn(line, "\t ");
		length = strspn(line, "0123456789");
		if (length == 0)
			break;
		levels[count++] = (pid_t)strtol(line, NULL, 10);
	}
	return count;
}

static bool parse_levels(const char *status, struct proc_levels *levels)
{
	pid_t processes[PROC_LEVELS_MAX], threads[PROC_LEVELS_MAX];
	size_t count = read_levels(status, "\nNStgid:", processes);

	if (count == 0 || read_levels(status, "\nNSpid:", threads) != count)
		return false;
	levels->count = count;
	for (size_t i = 0; i < count; i++)
		levels->items[i] = (struct proc_numbers){ processes[i], threads[i] };
	return true;
}

static bool read_status(int folder, const char *path, struct proc_levels *levels)
{
	char text[PROC_STATUS_BYTES];

	file_glance(folder, path, text, sizeof(text));
	return parse_levels(text, levels);
}

/* Whether this procfs shows under the number a process of that namespace, which has the innermost number there. */
static bool shows(int root, pid_t number, const char *namespace, pid_t innermost)
{
	char path[48], link[64];
	struct proc_levels theirs;
	ssize_t length;

	snprintf(path, sizeof(path), "%d/ns/pid", (int)number);
	length = readlinkat(root, path, link, sizeof(link) - 1);
	link[length > 0 ? length : 0] = '\0';
	if (strcmp(link, namespace) != 0)
		return false;
	snprintf(path, sizeof(path), "%d/status", (int)number);
	return read_status(root, path, &theirs) && theirs.items[theirs.count - 1].process == innermost;
}

int proc_find_target(int root, struct callgate_notify_target *target, struct proc_numbers *ret_numbers)
{
	const struct callgate_notify_call *call = callgate_notify_call(target);
	struct proc_levels levels = { .count = 0 };
	char path[48], namespace[64];
	ssize_t length;

	if (call->tid == 0)
		return ENOENT;
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", call->tid);
	length = readlink(path, namespace, sizeof(namespace) - 1);
	namespace[length > 0 ? length : 0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/status", call->tid);
	if (!read_status(AT_FDCWD, path, &levels) || length <= 0)
		return callgate_notify_is_waiting(target) ? ENOENT : ESRCH;
	for (size_t i = 0; i < levels.count; i++) {
		if (!shows(root, levels.items[i].process, namespace, levels.items[levels.count - 1].process))
			continue;
		if (!callgate_notify_is_waiting(target))
			return ESRCH;
		*ret_numbers = levels.items[i];
		return 0;
	}
	return ENOENT;
}

/* A name that is a number and its length; 0 for none. */
static pid_t parse_number(const char *name, size_t *ret_length)
{
	size_t length = strspn(name, "0123456789");
	unsigned long number = strtoul(name, NULL, 10);

	if (length == 0 || (name[length] && name[length] != '/') || number > INT_MAX)
		return 0;
	*ret_length = length;
	return (pid_t)number;
}

struct proc_place proc_parse(const char *text, size_t mount)
{
	static const char task[] = "/task/";
	struct proc_place place = { .mount = mount };
	const char *at = text + mount;
	size_t length;

	if (*at != '/')
		return place;
	place.said.process = parse_number(at + 1, &length);
	if (!place.said.process)
		return place;
	at += 1 + length;
	if (strncmp(at, task, strlen(task)) == 0) {
		place.said.thread = parse_number(at + strlen(task), &length);
		if (place.said.thread)
			at += strlen(task) + length;
	}
	place.rest = (size_t)(at - text);
	return place;
}

enum proc_form {
	PROC_SELF,
	PROC_THREAD_SELF,
	PROC_SELF_TASK,
	PROC_TARGET,
	PROC_TARGET_TASK,
	PROC_SAID,
	PROC_SAID_TASK,
	PROC_THREAD,
	PROC_FORMS,
};

/* A thread's folder stands beside its process's too, under its number. */
static pid_t thread_of(const struct proc_place *place)
{
	return place->said.thread ? place->said.thread : place->said.process;
}

static bool is_of_thread(const struct proc_place *place)
{
	return place->said.thread || place->said.process != place->target.process;
}

/* Whether the form names the very object that the numbers do. */
static bool is_exact(const struct proc_place *place, enum proc_form form)
{
	if (!place->target.process)
		return false;
	switch (form) {
	case PROC_SELF:
		return !is_of_thread(place);
	case PROC_THREAD_SELF:
		return is_of_thread(place) && thread_of(place) == place->target.thread;
	case PROC_SELF_TASK:
		return is_of_thread(place);
	default:
		return false;
	}
}

/* The names that a form puts in place of the numbers; false for one that is the target's only. */
static bool say_form(const struct proc_place *place, enum proc_form form, char ret_names[64])
{
	int thread = (int)thread_of(place), said = (int)place->said.process, target = (int)place->target.process;

	switch (form) {
	case PROC_SELF:
		strcpy(ret_names, "self");
		break;
	case PROC_THREAD_SELF:
		strcpy(ret_names, "thread-self");
		break;
	case PROC_SELF_TASK:
		snprintf(ret_names, 64, "self/task/%d", thread);
		break;
	case PROC_TARGET:
		snprintf(ret_names, 64, "%d", target);
		break;
	case PROC_TARGET_TASK:
		snprintf(ret_names, 64, "%d/task/%d", target, thread);
		break;
	case PROC_SAID:
		snprintf(ret_names, 64, "%d", said);
		break;
	case PROC_SAID_TASK:
		snprintf(ret_names, 64, "%d/task/%d", said, thread);
		break;
	default:
		snprintf(ret_names, 64, "%d", thread);
	}
	return target || form >= PROC_SAID;
}

bool proc_any_name(const char *text, const struct proc_place *place, bool with_kin,
		   bool (*is_it)(const char *name, const void *context), const void *context)
{
	if (is_it(text, context))
		return true;
	if (!place->said.process)
		return false;
	for (enum proc_form form = 0; form < PROC_FORMS; form++) {
		char names[64], name[PATH_MAX + 64];

		if (!(say_form(place, form, names) && (with_kin || is_exact(place, form))))
			continue;
		snprintf(name, sizeof(name), "%.*s/%s%s", (int)place->mount, text, names, text + place->rest);
		if (is_it(name, context))
			return true;
		snprintf(name, sizeof(name), "/proc/%s%s", names, text + place->rest);
		if (with_kin && is_it(name, context))
			return true;
	}
	return false;
}
