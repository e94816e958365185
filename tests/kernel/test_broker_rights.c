/*
 * In whose rights and from where a supervisor acts: it may be root, in other namespaces, at a terminal, and its target
 * none of that.
 */
#include "unit.h"

#include "brokered.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NOBODY = 65534, SOMEBODY = 65533, HELD = 3 };

static int try_open(const char *name, int how)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, name, how, 0666);

	if (fd < 0)
		return 100 + errno;
	close(fd);
	return GOT_ALLOWED;
}

static void skip_unless_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("skipped: only root may become another\n");
	skip();
}

/* Of this thread alone: libc's functions change all. */
static bool become(uid_t user, gid_t group)
{
	return syscall(SYS_setgroups, 0, NULL) == 0 && syscall(SYS_setresgid, group, group, group) == 0 &&
	       syscall(SYS_setresuid, user, user, user) == 0;
}

static int connect_as_nobody(void)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "www/sock" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (!become(NOBODY, SOMEBODY))
		return BROKEN;
	return connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? 100 + errno : 0;
}

static void a_peer_is_told_who_has_connected(void **state)
{
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);
	int listening, fd;

	skip_unless_root();
	make_scratch();
	listening = listen_unix("www/sock");
	assert_int_equal(chmod("www/sock", 0777), 0);
	assert_int_equal(outcome(SYS_connect, "notify connect via network { allow unix \"%/www/sock\" }\n",
				 connect_as_nobody),
			 0);
	fd = accept(listening, NULL, NULL);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size), 0);
	assert_int_equal(peer.uid, NOBODY);
	assert_int_equal(peer.gid, SOMEBODY);
	close(fd);
	close(listening);
	remove_scratch();
	assert_int_equal(geteuid(), 0);
}

static const char sysctl[] = "/proc/sys/vm/overcommit_memory";

static int write_sysctl(void)
{
	if (try_open(sysctl, O_WRONLY) != GOT_ALLOWED)
		return NOT_HERE;
	if (!become(NOBODY, NOBODY))
		return BROKEN;
	return try_open(sysctl, O_RDONLY) == GOT_ALLOWED ? try_open(sysctl, O_WRONLY) : BROKEN;
}

/* Which asks for the effective user. */
static void what_is_roots_in_proc_sys_is_nobody_elses(void **state)
{
	int got;

	skip_unless_root();
	make_scratch();
	got = outcome(SYS_openat, "notify openat via files { read-write \"/**\" }\n", write_sysctl);
	remove_scratch();
	skip_without(got, "nobody may write there");
	assert_int_equal(got, 100 + EACCES);
}

static void *open_as_another(void *argument)
{
	int *result = argument;

	*result = become(NOBODY, NOBODY) ? 0 : BROKEN;
	for (int i = 0; i < 60 && *result == 0; i++)
		if (try_open("www/index", O_RDONLY) != 100 + EACCES)
			*result = 1;
	return NULL;
}

/* One thread is root and lays that down and takes it up, one has become another. */
static int open_in_turns(void)
{
	pthread_t thread;
	int theirs = 0, ours = 0;

	if (pthread_create(&thread, NULL, open_as_another, &theirs))
		return BROKEN;
	for (int i = 0; i < 60 && ours == 0; i++) {
		if (try_open("www/index", O_RDONLY) != GOT_ALLOWED)
			ours = 2;
		syscall(SYS_setfsuid, NOBODY);
		if (try_open("www/index", O_RDONLY) != 100 + EACCES)
			ours = 3;
		syscall(SYS_setfsuid, 0);
	}
	pthread_join(thread, NULL);
	return theirs ? theirs : ours;
}

static void rights_are_those_of_the_thread_when_it_asks(void **state)
{
	int got;

	skip_unless_root();
	make_scratch();
	assert_int_equal(chmod("www/index", 0600), 0);
	got = outcome(SYS_openat, www, open_in_turns);
	remove_scratch();
	assert_int_equal(got, 0);
}

/* A user like any other, who has been given all capabilities. */
static void become_mighty(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (prctl(PR_SET_KEEPCAPS, 1) || setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY) || syscall(SYS_capget, &header, data))
		_exit(BROKEN);
	for (int i = 0; i < 2; i++)
		data[i].effective = data[i].permitted;
	if (syscall(SYS_capset, &header, data) || prctl(PR_SET_KEEPCAPS, 0))
		_exit(BROKEN);
}

static int open_as_root_and_nobody(void)
{
	for (int i = 0; i < 3; i++)
		if (try_open("www/index", O_RDONLY) != GOT_ALLOWED)
			return 1 + i;
	if (!become(SOMEBODY, SOMEBODY))
		return BROKEN;
	for (int i = 0; i < 3; i++)
		if (try_open("www/index", O_RDONLY) != 100 + EACCES)
			return 11 + i;
	return 0;
}

/* It must be able to be itself again: the kernel takes all capabilities of who stops being root. */
static void a_supervisor_that_is_not_root_can_serve_root(void **state)
{
	pid_t pid;
	int got;

	skip_unless_root();
	make_scratch();
	assert_int_equal(chmod("www/index", 0600), 0);
	pid = fork();
	if (pid == 0) {
		before_answering = become_mighty;
		_exit(outcome(SYS_openat, www, open_as_root_and_nobody));
	}
	got = end_of(pid);
	remove_scratch();
	assert_int_equal(got, 0);
}

static int open_elsewhere(void)
{
	static const char *const ours[] = { "/proc/sys/net/core/somaxconn", "/proc/sysvipc/shm",
					    "/proc/sys/kernel/shmmax" };

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (access(ours[i], F_OK) == 0 && try_open(ours[i], O_RDONLY) != GOT_ALLOWED)
			return 1 + (int)i;
	if (access("/proc/keys", R_OK) == 0 && try_open("/proc/keys", O_RDONLY) != 100 + EACCES)
		return 10;
	if (unshare(CLONE_NEWNET | CLONE_NEWIPC | (geteuid() == 0 ? 0 : CLONE_NEWUSER)) < 0)
		return NOT_HERE;
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (access(ours[i], F_OK) == 0 && try_open(ours[i], O_RDONLY) != 100 + EACCES)
			return 11 + (int)i;
	if (try_open("/proc/sys/net/../net/core/somaxconn", O_RDONLY) != 100 + EACCES)
		return 21;
	return try_open(sysctl, O_RDONLY) == GOT_ALLOWED && try_open("/proc/self/net/dev", O_RDONLY) == GOT_ALLOWED
		       ? 0
		       : 22;
}

/* It may not even be looked at by its own user. */
static int open_hidden(void)
{
	if (!become(NOBODY, NOBODY))
		return BROKEN;
	prctl(PR_SET_DUMPABLE, 0);
	return try_open("/proc/sys/net/core/somaxconn", O_RDONLY);
}

static void what_is_of_our_namespace_is_had_by_whoever_is_in_it(void **state)
{
	skip_unless_root();
	if (access("/proc/sys/net/core/somaxconn", R_OK) < 0)
		skip_without(NOT_HERE, "this network has no such limit");
	make_scratch();
	assert_int_equal(outcome(SYS_openat, "notify openat via files { read \"/**\" }\n", open_hidden), GOT_ALLOWED);
	remove_scratch();
}

static void what_is_of_a_namespace_is_not_had_from_ours(void **state)
{
	int got;

	make_scratch();
	got = outcome(SYS_openat, "notify openat via files { read \"/**\" }\n", open_elsewhere);
	remove_scratch();
	skip_without(got, "no namespaces to be had");
	assert_int_equal(got, 0);
}

static int open_terminal(void)
{
	if (try_open("/dev/tty", O_RDWR) != GOT_ALLOWED || try_open("/dev/tty", O_RDONLY | O_NONBLOCK) != GOT_ALLOWED)
		return 1;
	if (setsid() < 0)
		return BROKEN;
	return try_open("/dev/tty", O_RDWR) == 100 + ENXIO && try_open("/dev/tty", O_RDONLY | O_NONBLOCK) == 100 + ENXIO
		       ? 0
		       : 2;
}

/* A supervisor in a session of its own, at a terminal of its own. */
static int supervise_at_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), terminal;

	if (master < 0 || grantpt(master) || unlockpt(master) || setsid() < 0)
		return NOT_HERE;
	terminal = open(ptsname(master), O_RDWR | O_CLOEXEC);
	if (terminal < 0 || access("/dev/tty", F_OK) < 0)
		return NOT_HERE;
	ioctl(terminal, TIOCSCTTY, 0);
	signal(SIGHUP, SIG_IGN);
	return outcome(SYS_openat, "notify openat via files { read-write \"/dev/**\" }\n", open_terminal);
}

static void our_terminal_is_not_that_of_another_session(void **state)
{
	pid_t pid = fork();
	int got;

	if (pid == 0)
		_exit(supervise_at_terminal());
	got = end_of(pid);
	skip_without(got, "no terminal to be had");
	assert_int_equal(got, 0);
}

static int open_leased(void)
{
	return look((int)syscall(SYS_openat, AT_FDCWD, "www/index", O_RDONLY, 0));
}

/* Gives its lease up once somebody else has come. */
static void *give_way(void *argument)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	int fd = *(int *)argument;

	while (fcntl(fd, F_GETLEASE) == F_WRLCK)
		nanosleep(&moment, NULL);
	/* So long that whoever does not wait is found out. */
	for (int i = 0; i < 30; i++)
		nanosleep(&moment, NULL);
	fcntl(fd, F_SETLEASE, F_UNLCK);
	return NULL;
}

static void who_has_a_lease_is_waited_for(void **state)
{
	pthread_t thread;
	int fd, got;

	make_scratch();
	signal(SIGIO, SIG_IGN);
	fd = open("www/index", O_RDWR | O_CLOEXEC);
	if (fcntl(fd, F_SETLEASE, F_WRLCK) < 0) {
		close(fd);
		remove_scratch();
		skip_without(NOT_HERE, "no leases are given here");
	}
	assert_int_equal(pthread_create(&thread, NULL, give_way, &fd), 0);
	got = outcome(SYS_openat, www, open_leased);
	pthread_join(thread, NULL);
	close(fd);
	signal(SIGIO, SIG_DFL);
	remove_scratch();
	assert_int_equal(got, GOT_ALLOWED);
}

UNIT_TESTS(test_broker_rights, BOTH(a_peer_is_told_who_has_connected), THREE(what_is_roots_in_proc_sys_is_nobody_elses),
	   cmocka_unit_test(rights_are_those_of_the_thread_when_it_asks),
	   BOTH(a_supervisor_that_is_not_root_can_serve_root), THREE(what_is_of_a_namespace_is_not_had_from_ours),
	   BOTH(what_is_of_our_namespace_is_had_by_whoever_is_in_it),
	   THREE(our_terminal_is_not_that_of_another_session), BOTH(who_has_a_lease_is_waited_for), )
