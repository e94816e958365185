/*
 * Opening in the target's place. A plain path that the rules permit is opened beneath the target's root, all links
 * forbidden: then it was no other place than its text says, in one call. Every other path is resolved first
 * (broker/path.h), and what is opened is the name in the folder that was judged, which may be no link. The target gets
 * a descriptor; it never gets to say the path a second time.
 *
 * Nothing is opened so that it blocks: a FIFO that nobody writes to would hold a thread for ever.
 */
#include "base/cleanup.h"
#include "broker/credentials.h"
#include "broker/path.h"
#include "broker/work.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/major.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

/* libc's constant has O_DIRECTORY in it. */
#define FILES_TMPFILE ((uint64_t)(O_TMPFILE & ~O_DIRECTORY))

enum { FILES_POLL_MS = 20, FILES_HOW_MAX = 4096 };

/* What open(2) knows; it ignores the rest. */
#define FILES_FLAGS                                                                                                \
	((uint64_t)(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | O_DSYNC | \
		    O_ASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | \
		    FILES_TMPFILE))

#define FILES_PATH_FLAGS ((uint64_t)(O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC))

/* With which a name is opened: it is what it says, where it says. */
#define FILES_RESOLVE (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

enum files_access { FILES_READ = 1 << 0, FILES_WRITE = 1 << 1 };

struct files_request {
	const struct broker_call *work;
	int dirfd;
	uint64_t address; /* of the path */
	uint64_t flags, mode, resolve;
	unsigned access; /* enum files_access */
	struct path_base base;
	char *path;	       /* room for PATH_MAX bytes */
	const char *namespace; /* in which the target has to be with us to have what was opened; NULL: in none */
};

/* openat2's third argument: its size says which members it has; unknown ones must be 0. */
static int read_how(struct files_request *request, uint64_t address, uint64_t size)
{
	unsigned char bytes[FILES_HOW_MAX];
	struct open_how how;
	int error;

	if (size < sizeof(how))
		return EINVAL;
	if (size > sizeof(bytes))
		return E2BIG;
	error = callgate_notify_read(request->work->target, address, bytes, size);
	if (error)
		return error;
	for (size_t i = sizeof(how); i < size; i++)
		if (bytes[i])
			return E2BIG;
	memcpy(&how, bytes, sizeof(how));
	if (how.flags & ~FILES_FLAGS)
		return EINVAL;
	/* What stays beneath dirfd or in a root of its own cannot be kept to here: a caller has a way without. */
	if (how.resolve & ~(uint64_t)(RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS))
		return ENOSYS;
	request->flags = how.flags;
	request->mode = how.mode;
	request->resolve = how.resolve & RESOLVE_NO_SYMLINKS;
	return 0;
}

/* The call's arguments by the call's name. */
static int read_arguments(struct files_request *request)
{
	const struct broker_call *work = request->work;
	const uint64_t *args = work->call->args;
	const char *name = work->syscall->name;

	request->dirfd = AT_FDCWD;
	request->address = args[0];
	if (strcmp(name, "open") == 0 || strcmp(name, "creat") == 0) {
		bool creates = name[0] == 'c';

		request->flags = creates ? O_CREAT | O_WRONLY | O_TRUNC : (uint32_t)args[1];
		request->mode = creates ? args[1] : args[2];
		return 0;
	}
	request->dirfd = (int)args[0];
	request->address = args[1];
	if (strcmp(name, "openat2") == 0)
		return read_how(request, args[2], args[3]);
	request->flags = (uint32_t)args[2];
	request->mode = args[3];
	return 0;
}

/* As the kernel takes open's flags: what it does not know or need is left out. */
static void normalize(struct files_request *request)
{
	bool creates = request->flags & (O_CREAT | FILES_TMPFILE);
	uint64_t how = request->flags & O_ACCMODE;

	request->flags &= request->flags & O_PATH ? FILES_PATH_FLAGS : FILES_FLAGS;
	request->mode = creates && !(request->flags & O_PATH) ? request->mode & 07777 : 0;
	request->access = FILES_READ;
	/* The kernel hands over no O_PATH: a folder is opened for reading instead, which does all that it would. */
	if (request->flags & O_PATH) {
		request->flags = (request->flags & ~(uint64_t)O_PATH) | O_DIRECTORY;
		return;
	}
	if (how != O_RDONLY)
		request->access = how == O_WRONLY ? FILES_WRITE : FILES_READ | FILES_WRITE;
	if (request->flags & (O_CREAT | O_TRUNC | FILES_TMPFILE))
		request->access |= FILES_WRITE;
}

/* A clause, for proc_any_name. */
static bool is_matched(const char *name, const void *clause)
{
	return policy_pattern_matches(((const struct policy_clause *)clause)->text, name);
}

static bool grants(const struct policy_clause *clause, unsigned access)
{
	static const unsigned permits[] = {
		[POLICY_CLAUSE_READ] = FILES_READ,
		[POLICY_CLAUSE_WRITE] = FILES_WRITE,
		[POLICY_CLAUSE_READ_WRITE] = FILES_READ | FILES_WRITE,
	};

	return !(access & ~permits[clause->kind]);
}

/* The clause that decides about a place; NULL when none does. What is denied is denied by all its names in /proc. */
static const struct policy_clause *find_clause(const struct files_request *request, const char *path,
					       const struct proc_place *proc)
{
	const struct policy_broker *broker = request->work->rule->broker;

	for (size_t i = 0; i < broker->clause_count; i++) {
		const struct policy_clause *clause = &broker->clauses[i];
		bool denies = policy_clause_denies(clause->kind);

		if ((denies || grants(clause, request->access)) &&
		    proc_any_name(path, proc, denies, is_matched, clause))
			return clause;
	}
	return NULL;
}

static bool permits(const struct policy_clause *clause)
{
	return clause && !policy_clause_denies(clause->kind);
}

/* Waits until somebody has a FIFO's other end open, as an open that blocks does: 0 or an errno. */
static int await_writer(const struct files_request *request, int fd)
{
	struct pollfd data = { .fd = fd, .events = POLLIN };

	callgate_notify_will_block(request->work->target, -1);
	while (poll(&data, 1, FILES_POLL_MS) == 0)
		if (!callgate_notify_is_waiting(request->work->target))
			return ESRCH;
	return 0;
}

/* A file that was not there. */
static bool is_new(const struct files_request *request)
{
	return (request->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
}

/* A folder does not block, nor does a new file; the rest might, and the target does not know. */
static bool opens_unblocked(const struct files_request *request)
{
	return !(request->flags & (O_NONBLOCK | O_DIRECTORY)) && !is_new(request);
}

/* /dev/tty is the terminal of whoever opens it: ours is that of the target only in one session with us. */
static bool is_only_our_terminal(const struct files_request *request, const struct stat *meaning)
{
	pid_t tid = callgate_notify_call(request->work->target)->tid;

	return S_ISCHR(meaning->st_mode) && meaning->st_rdev == makedev(TTYAUX_MAJOR, 0) &&
	       (tid == 0 || getsid(tid) != getsid(0) || !callgate_notify_is_waiting(request->work->target));
}

/* Makes what was opened without blocking what the target asked for. */
static int settle(const struct files_request *request, int fd)
{
	const int changeable = O_APPEND | O_ASYNC | O_DIRECT | O_NOATIME;
	struct stat meaning;
	int error = 0;

	if (request->flags & O_DIRECTORY || is_new(request))
		return 0;
	if (fstat(fd, &meaning) < 0)
		return EIO;
	if (is_only_our_terminal(request, &meaning))
		return ENXIO;
	if (request->flags & O_NONBLOCK)
		return 0;
	if ((request->flags & O_ACCMODE) == O_RDONLY && S_ISFIFO(meaning.st_mode))
		error = await_writer(request, fd);
	if (error)
		return error;
	return fcntl(fd, F_SETFL, (int)request->flags & changeable) < 0 ? EIO : 0;
}

/* Whether the name is a FIFO: then ENXIO says that it has no reader yet. */
static bool is_fifo(int folder, const char *name, uint64_t resolve)
{
	cleanup_fd int fd = path_openat2(folder, name, O_PATH, 0, resolve);
	struct stat meaning;

	return fd >= 0 && fstat(fd, &meaning) == 0 && S_ISFIFO(meaning.st_mode);
}

static int open_once(const struct files_request *request, int folder, const char *name, uint64_t resolve)
{
	uint64_t more = O_NOCTTY | (opens_unblocked(request) ? O_NONBLOCK : 0);

	return path_openat2(folder, name, request->flags | more, request->mode, resolve);
}

/* Whether opening only failed since it does not block: a FIFO has no reader, somebody has a lease on the file. */
static bool has_to_wait(const struct files_request *request, int folder, const char *name, uint64_t resolve, int error)
{
	if (!opens_unblocked(request))
		return false;
	return error == EAGAIN || (error == ENXIO && is_fifo(folder, name, resolve));
}

/* Opens a name for the target, which is no link: 0 or an errno. */
static int open_name(const struct files_request *request, int folder, const char *name, uint64_t resolve, int *ret_fd)
{
	const struct timespec pause = { .tv_nsec = FILES_POLL_MS * 1000000L };
	cleanup_fd int fd = open_once(request, folder, name, resolve);
	int error;

	error = fd < 0 ? errno : 0;
	while (error && has_to_wait(request, folder, name, resolve, error)) {
		callgate_notify_will_block(request->work->target, -1);
		nanosleep(&pause, NULL);
		if (!callgate_notify_is_waiting(request->work->target))
			return ESRCH;
		fd = open_once(request, folder, name, resolve);
		error = fd < 0 ? errno : 0;
	}
	if (!error)
		error = settle(request, fd);
	if (!error)
		*ret_fd = take_fd(fd);
	return error;
}

/* Says no, and by which clause a policy would have said yes. */
static struct callgate_notify_answer deny(const struct files_request *request, const char *path,
					  const struct policy_clause *clause)
{
	static const enum policy_clause_kind kinds[] = {
		[FILES_READ] = POLICY_CLAUSE_READ,
		[FILES_WRITE] = POLICY_CLAUSE_WRITE,
		[FILES_READ | FILES_WRITE] = POLICY_CLAUSE_READ_WRITE,
	};

	broker_want(request->work, kinds[request->access], "", path);
	return broker_deny(request->work, clause);
}

/* A place that could not be found may not be told apart from one that is there, unless the rules would show it. */
static struct callgate_notify_answer refuse_lost(const struct files_request *request, const struct path_place *place,
						 int error)
{
	const struct policy_clause *clause = find_clause(request, place->text, &place->proc);

	if (error == ESRCH || !place->text[0] || permits(clause))
		return broker_refuse(error);
	return deny(request, place->text, clause);
}

static struct callgate_notify_answer answer_fd(const struct files_request *request, int error, int fd)
{
	if (error)
		return broker_refuse(error);
	return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_FD,
						.fd = fd,
						.is_cloexec = request->flags & O_CLOEXEC };
}

static struct callgate_notify_answer open_resolved(struct files_request *request)
{
	struct path_query query = {
		.target = request->work->target,
		.base = &request->base,
		.text = request->path,
		/* O_EXCL creates no file through a link. */
		.no_links = request->flags & O_NOFOLLOW || (request->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL),
		.resolve = request->resolve,
	};
	cleanup(path_place_fini) struct path_place place = PATH_PLACE_NONE;
	const struct policy_clause *clause;
	int error = path_find(&query, &place), fd = -1;

	if (error)
		return refuse_lost(request, &place, error);
	/* A nameless file comes to lie in the folder that is named. */
	if (request->flags & FILES_TMPFILE && strlen(place.text) + 2 < sizeof(place.text))
		strcat(place.text, strcmp(place.text, "/") == 0 ? "#" : "/#");
	clause = find_clause(request, place.text, &place.proc);
	if (!permits(clause))
		return deny(request, place.text, clause);
	if (place.is_in_proc)
		request->namespace = proc_namespace_of(place.text, place.proc.mount);
	error = open_name(request, place.folder, place.name, FILES_RESOLVE | (place.is_in_proc ? RESOLVE_NO_XDEV : 0),
			  &fd);
	if (error || place.is_in_proc || !proc_is(fd))
		return answer_fd(request, error, fd);
	close(fd);
	return broker_refuse(EACCES);
}

/*
 * A file of a procfs may be mounted anywhere by whoever may mount, even one of our own: what a text says by itself is
 * not enough then. Nor is it for writing what another procfs than /proc has of our namespaces.
 */
static bool may_be_of_proc(const struct files_request *request, int fd)
{
	return (!request->work->has_fixed_root || request->access & FILES_WRITE) && proc_is(fd);
}

/* Whether the rules permit what the path says by itself, and it says all. */
static bool is_permitted_as_said(const struct files_request *request)
{
	static const struct proc_place nowhere;

	return path_is_plain(request->path) && strncmp(request->path, "/proc/", 6) != 0 &&
	       !(request->flags & FILES_TMPFILE) && permits(find_clause(request, request->path, &nowhere));
}

static struct callgate_notify_answer open_for(struct files_request *request)
{
	int error, fd = -1;

	if (is_permitted_as_said(request)) {
		/* ELOOP: there are links in it. */
		error = open_name(request, request->base.root, request->path + 1, FILES_RESOLVE, &fd);
		if (error ? error != ELOOP && error != EXDEV : !may_be_of_proc(request, fd))
			return answer_fd(request, error, fd);
		if (!error)
			close(fd);
	}
	return open_resolved(request);
}

/* Sets the target's mask of modes, for a thread that has one of its own. */
static int take_umask(const struct files_request *request)
{
	static _Thread_local bool has_own;
	struct credentials theirs;
	int error = credentials_read(request->work->target, &theirs);

	if (error)
		return error;
	if (!has_own && unshare(CLONE_FS) < 0)
		return EPERM;
	has_own = true;
	umask(theirs.umask);
	return 0;
}

/* Not as the target, who may not be looked at by its like. */
static bool is_had_from_us_only(const struct files_request *request)
{
	return request->namespace && !proc_shares_namespace(request->work->target, request->namespace);
}

static struct callgate_notify_answer open_as_target(struct files_request *request)
{
	struct credentials_saved saved; /* large: to zero it would cost as much as a call */
	int error = credentials_assume(request->work->target, &saved);
	struct callgate_notify_answer answer = error ? broker_refuse(error) : open_for(request);

	credentials_restore(&saved);
	if (answer.kind != CALLGATE_NOTIFY_FD || !is_had_from_us_only(request))
		return answer;
	close(answer.fd);
	return broker_refuse(EACCES);
}

struct callgate_notify_answer broker_files(const struct broker_call *work)
{
	char path[PATH_MAX]; /* not zeroed, for the same reason */
	struct files_request request = { .work = work, .base = PATH_BASE_NONE, .path = path };
	struct callgate_notify_answer answer;
	unsigned reading = work->has_fixed_root ? PATH_FIXED_ROOT : 0;
	int error = read_arguments(&request);

	normalize(&request);
	if (request.access == FILES_READ)
		reading |= PATH_NO_EFFECT;
	if (!error)
		error = path_base_read(work->target, reading, request.dirfd, request.address, request.path,
				       &request.base);
	if (!error && request.flags & (O_CREAT | FILES_TMPFILE))
		error = take_umask(&request);
	answer = error ? broker_refuse(error) : open_as_target(&request);
	path_base_fini(&request.base);
	return answer;
}
