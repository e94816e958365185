/*
 * Brokers at work on forked targets: what they hand over, and what they refuse. Who tries to get more, and in whose
 * rights a call is made, are files of their own.
 */
#include "unit.h"

#include "brokered.h"
#include "base/cleanup.h"
#include "broker/work.h"
#include "lang/lang.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *path;
static int flags;

static int open_path(void)
{
	return look((int)syscall(SYS_openat, AT_FDCWD, path, flags, 0666));
}

static int open_by_folder(void)
{
	int folder = open("www", O_PATH | O_DIRECTORY);

	return folder < 0 ? 100 + errno : look((int)syscall(SYS_openat, folder, path, flags, 0666));
}

struct opening {
	const char *path; /* beneath the scratch folder when it starts with % */
	int flags, outcome;
};

static void expect_openings(const struct opening *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char text[128];
		int got;

		snprintf(text, sizeof(text), "%s%s", cases[i].path[0] == '%' ? scratch : "",
			 cases[i].path + (cases[i].path[0] == '%'));
		path = text;
		flags = cases[i].flags;
		got = outcome(SYS_openat, www, open_path);
		if (got != cases[i].outcome)
			fail_msg("%s with 0%o: %d, not %d", cases[i].path, cases[i].flags, got, cases[i].outcome);
	}
}

static void paths_lead_where_the_kernel_says(void **state)
{
	static const struct opening cases[] = {
		{ "%/www/index", O_RDONLY, GOT_ALLOWED },
		{ "www/index", O_RDONLY, GOT_ALLOWED },
		{ "%/www/../www/./sub//deep", O_RDONLY, GOT_ALLOWED },
		{ "www/inner", O_RDONLY, GOT_ALLOWED },
		{ "%/www/inner", O_RDONLY, GOT_ALLOWED },
		{ "www/up/www/index", O_RDONLY, GOT_ALLOWED },
		{ "%/www/link", O_RDONLY, 100 + EACCES },
		{ "www/up/secret", O_RDONLY, 100 + EACCES },
		{ "%/secret", O_RDONLY, 100 + EACCES },
		{ "www/../secret", O_RDONLY, 100 + EACCES },
		{ "%/www/loop", O_RDONLY, 100 + ELOOP },
		{ "%/www/dangling", O_RDONLY, 100 + ENOENT },
		{ "%/www/nothing", O_RDONLY, 100 + ENOENT },
		/* What is not there and may not be known to be, by whatever way. */
		{ "%/nothing/at/all", O_RDONLY, 100 + EACCES },
		{ "nothing/at/all", O_RDONLY, 100 + EACCES },
		{ "www/../nothing/at/all", O_RDONLY, 100 + EACCES },
		{ "www/up/nothing/at/all", O_RDONLY, 100 + EACCES },
		{ "%/nothing/../www/index", O_RDONLY, 100 + EACCES },
		{ "%/www/out", O_RDONLY, 100 + EACCES },
		{ "%/www/nothing/at/all", O_RDONLY, 100 + ENOENT },
		{ "www/nothing/at/all", O_RDONLY, 100 + ENOENT },
		{ "www/nothing/../../secret", O_RDONLY, 100 + ENOENT },
		{ "www/inner/", O_RDONLY, 100 + ENOTDIR },
		{ "www/up/www/", O_RDONLY, GOT_ALLOWED },
		{ "%/www/index/", O_RDONLY, 100 + ENOTDIR },
		{ "%/www/index/x", O_RDONLY, 100 + ENOTDIR },
		{ "%/www", O_RDONLY | O_DIRECTORY, GOT_ALLOWED },
		{ "%/www/", O_RDONLY, GOT_ALLOWED },
		{ "", O_RDONLY, 100 + ENOENT },
		{ "/etc/passwd", O_RDONLY, 100 + EACCES },
	};

	make_scratch();
	expect_openings(cases, sizeof(cases) / sizeof(*cases));
	remove_scratch();
}

static void links_of_proc_are_not_followed(void **state)
{
	static const struct opening cases[] = {
		{ "%/www/jump", O_RDONLY, 100 + EACCES },
		{ "/proc/self/root/etc/passwd", O_RDONLY, 100 + EACCES },
		{ "/proc/self/cwd/www/index", O_RDONLY, 100 + EACCES },
		{ "/proc/self/fd/0", O_RDONLY, 100 + EACCES },
	};

	make_scratch();
	expect_openings(cases, sizeof(cases) / sizeof(*cases));
	remove_scratch();
}

static void access_is_what_the_flags_ask_for(void **state)
{
	static const struct opening cases[] = {
		{ "%/www/index", O_WRONLY, 100 + EACCES },
		{ "%/www/index", O_RDWR, 100 + EACCES },
		{ "%/www/index", O_RDONLY | O_TRUNC, 100 + EACCES },
		{ "%/www/new", O_RDONLY | O_CREAT, 100 + EACCES },
		{ "%/www/index", O_ACCMODE, 100 + EACCES },
		{ "%/www/inner", O_RDONLY | O_NOFOLLOW, 100 + ELOOP },
		{ "%/www/index", O_PATH, 100 + ENOTDIR },
		{ "%/www", O_PATH, GOT_ALLOWED },
		{ "%/out/new", O_WRONLY | O_CREAT | O_EXCL, GOT_ALLOWED },
		{ "%/out/new", O_WRONLY | O_CREAT | O_EXCL, 100 + EEXIST },
		{ "%/out/new", O_RDONLY, 100 + EACCES },
		{ "%/out/sub/new", O_WRONLY | O_CREAT, 100 + EACCES },
		{ "%/out/both", O_RDWR | O_CREAT, GOT_NEITHER },
		{ "%/www/sub", O_WRONLY | O_TMPFILE, 100 + EACCES },
	};

	make_scratch();
	expect_openings(cases, sizeof(cases) / sizeof(*cases));
	assert_int_equal(access("www/new", F_OK), -1);
	remove_scratch();
}

static void a_folder_is_where_a_relative_path_starts(void **state)
{
	make_scratch();
	flags = O_RDONLY;
	path = "index";
	assert_int_equal(outcome(SYS_openat, "notify openat via files { read \"%/www/**\" }\n", open_by_folder),
			 GOT_ALLOWED);
	path = "../secret";
	assert_int_equal(outcome(SYS_openat, "notify openat via files { read \"%/www/**\" }\n", open_by_folder),
			 100 + EACCES);
	path = "%";
	remove_scratch();
}

static int open_by_bad_folders(void)
{
	int file = open("/dev/null", O_RDONLY);

	/* The first is of another arch's making, as it were: only its low half counts. */
	if (look((int)syscall(SYS_openat, (long)((uint64_t)UINT32_MAX << 32 | (uint32_t)AT_FDCWD), "www/index", 0,
			      0)) != GOT_ALLOWED)
		return 1;
	if (look((int)syscall(SYS_openat, 999, "www/index", 0, 0)) != 100 + EBADF)
		return 2;
	return file >= 0 || look((int)syscall(SYS_openat, 0, "www/index", 0, 0)) == 100 + ENOTDIR ? 0 : 3;
}

static void a_descriptor_that_is_no_folder_is_refused(void **state)
{
	make_scratch();
	assert_int_equal(outcome(SYS_openat, www, open_by_bad_folders), 0);
	remove_scratch();
}

/* Text without an end, too long, half of it missing, and none. */
static int open_odd_buffers(void)
{
	char *pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(pages, 'x', 3 * 4096);
	if (look((int)syscall(SYS_openat, AT_FDCWD, pages, 0, 0)) != 100 + ENAMETOOLONG)
		return 1;
	pages[4095] = '\0';
	if (look((int)syscall(SYS_openat, AT_FDCWD, pages, 0, 0)) != 100 + ENAMETOOLONG)
		return 2;
	munmap(pages + 8192, 4096);
	if (look((int)syscall(SYS_openat, AT_FDCWD, pages + 8000, 0, 0)) != 100 + EFAULT)
		return 3;
	return look((int)syscall(SYS_openat, AT_FDCWD, NULL, 0, 0)) == 100 + EFAULT ? 0 : 4;
}

static void odd_buffers_are_refused_as_the_kernel_does(void **state)
{
	make_scratch();
	assert_int_equal(outcome(SYS_openat, www, open_odd_buffers), 0);
	remove_scratch();
}

static int open_with_how(void)
{
	struct {
		struct open_how how;
		uint64_t more;
	} how = { .how.flags = O_RDONLY };

	if (look((int)syscall(SYS_openat2, AT_FDCWD, "www/inner", &how, sizeof(how.how))) != GOT_ALLOWED ||
	    look((int)syscall(SYS_openat2, AT_FDCWD, "www/index", &how, sizeof(how))) != GOT_ALLOWED)
		return 1;
	if (look((int)syscall(SYS_openat2, AT_FDCWD, "secret", &how, sizeof(how.how))) != 100 + EACCES)
		return 2;
	how.how.resolve = RESOLVE_NO_SYMLINKS;
	if (look((int)syscall(SYS_openat2, AT_FDCWD, "www/inner", &how, sizeof(how.how))) != 100 + ELOOP)
		return 3;
	how.how.resolve = RESOLVE_BENEATH;
	if (look((int)syscall(SYS_openat2, AT_FDCWD, "www/index", &how, sizeof(how.how))) != 100 + ENOSYS)
		return 4;
	how.how.resolve = 0;
	how.more = 1;
	if (look((int)syscall(SYS_openat2, AT_FDCWD, "www/index", &how, sizeof(how))) != 100 + E2BIG)
		return 5;
	return look((int)syscall(SYS_openat2, AT_FDCWD, "www/index", &how, 8)) == 100 + EINVAL ? 0 : 6;
}

static void openat2_is_taken_by_its_size(void **state)
{
	make_scratch();
	assert_int_equal(outcome(SYS_openat2, www, open_with_how), 0);
	remove_scratch();
}

static int create_with_umask(void)
{
	umask(027);
	return look((int)syscall(SYS_openat, AT_FDCWD, "out/masked", O_WRONLY | O_CREAT, 0777));
}

static void a_new_file_has_the_targets_mask(void **state)
{
	struct stat meaning;

	make_scratch();
	assert_int_equal(outcome(SYS_openat, www, create_with_umask), GOT_ALLOWED);
	assert_int_equal(stat("out/masked", &meaning), 0);
	assert_int_equal(meaning.st_mode & 07777, 0750);
	remove_scratch();
}

/* The supervisor's own folder in /proc is the parent's. */
static int open_proc(void)
{
	char name[64], text[4096] = "", wanted[32];
	int fd;

	snprintf(wanted, sizeof(wanted), "Pid:\t%d\n", (int)getpid());
	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "/proc/%d/status", (int)getppid());
		fd = (int)syscall(SYS_openat, AT_FDCWD, i ? name : "/proc/self/status", O_RDONLY, 0);
		if (fd < 0)
			return 100 + errno;
		if (read(fd, text, sizeof(text) - 1) <= 0 || !strstr(text, wanted))
			return BROKEN;
		close(fd);
	}
	snprintf(name, sizeof(name), "/proc/%d/root/etc/passwd", (int)getppid());
	return look((int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY, 0)) == 100 + ELOOP ? 0 : BROKEN;
}

static void the_supervisors_folder_in_proc_is_not_to_be_had(void **state)
{
	make_scratch();
	assert_int_equal(outcome(SYS_openat, "notify openat via files { read \"/proc/**\" }\n", open_proc), 0);
	remove_scratch();
}

/* What begins with this line: 0, 100 and an errno, or GOT_NEITHER. */
static int look_for(const char *name, const char *wanted)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY, 0);
	char text[4096] = "";

	if (fd < 0)
		return 100 + errno;
	if (read(fd, text, sizeof(text) - 1) <= 0)
		text[0] = '\0';
	close(fd);
	return strstr(text, wanted) ? 0 : GOT_NEITHER;
}

static sem_t kin_may_end;

static void *stand_by(void *argument)
{
	*(volatile pid_t *)argument = (pid_t)syscall(SYS_gettid);
	sem_wait(&kin_may_end);
	return NULL;
}

/* The names of one thing of this process, by way of all of its threads; what none of them gives is an errno. */
static int open_by_all_names(const char *thing)
{
	static const char *const forms[] = { "self",	       "thread-self",	 "%1$d",	   "%2$d",
					     "self/task/%1$d", "self/task/%2$d", "%1$d/task/%2$d", "%2$d/task/%1$d" };
	volatile pid_t other = 0;
	pthread_t thread;
	int result = -1;

	if (sem_init(&kin_may_end, 0, 0) || pthread_create(&thread, NULL, stand_by, (void *)&other))
		return BROKEN;
	while (!other)
		sched_yield();
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		char numbers[64], name[96];
		int got;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(numbers, sizeof(numbers), forms[i], (int)getpid(), (int)other);
#pragma GCC diagnostic pop
		snprintf(name, sizeof(name), "/proc/%s/%s", numbers, thing);
		got = look((int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY, 0));
		got = got == GOT_NEITHER ? 0 : got;
		if (result >= 0 && got != result)
			result = BROKEN + (int)i;
		else if (result < 0)
			result = got;
	}
	sem_post(&kin_may_end);
	pthread_join(thread, NULL);
	return result;
}

static int open_denied_thing(void)
{
	return open_by_all_names("maps");
}

static int open_other_thing(void)
{
	return open_by_all_names("stat");
}

static void what_is_denied_is_denied_by_all_its_names(void **state)
{
	static const char *const denied[] = { "self/maps", "thread-self/maps", "self/task/*/maps", "*/maps",
					      "*/task/*/maps" };

	make_scratch();
	for (size_t i = 0; i < sizeof(denied) / sizeof(*denied); i++) {
		char rules[256];

		snprintf(rules, sizeof(rules),
			 "notify openat via files { deny \"/proc/%s\" errno EPERM; read \"/proc/**\" }\n", denied[i]);
		assert_int_equal(outcome(SYS_openat, rules, open_denied_thing), 100 + EPERM);
		assert_int_equal(outcome(SYS_openat, rules, open_other_thing), 0);
	}
	remove_scratch();
}

static void what_is_permitted_of_oneself_is_by_number_too(void **state)
{
	static const char rules[] = "notify openat via files { read \"/proc/self/**\"; deny \"**\" errno EPERM }\n";

	make_scratch();
	assert_int_equal(outcome(SYS_openat, rules, open_other_thing), 0);
	remove_scratch();
}

static int open_links_of_proc(void)
{
	char wanted[32], name[64];

	snprintf(wanted, sizeof(wanted), "Pid:\t%d\n", (int)getpid());
	if (look_for("/proc/thread-self/status", wanted) || look_for("/proc/self/status", wanted))
		return 1;
	snprintf(name, sizeof(name), "/proc/self/task/%d/status", (int)getpid());
	if (look_for(name, wanted) || look_for("/dev/fd/../status", wanted))
		return 2;
	if (look_for("/proc/mounts", " / ") || look_for("/proc/net/dev", "lo:") || look_for("/etc/mtab", " / "))
		return 3;
	if (look((int)syscall(SYS_openat, AT_FDCWD, "/proc/self", O_RDONLY | O_DIRECTORY, 0)) != GOT_ALLOWED ||
	    look((int)syscall(SYS_openat, AT_FDCWD, "/proc/thread-self/", O_RDONLY, 0)) != GOT_ALLOWED)
		return 4;
	return look_for("/proc/self/fd/0", "") == 100 + ELOOP && look_for("/dev/fd/0", "") == 100 + ELOOP &&
			       look_for("/proc/thread-self/root/etc/passwd", "") == 100 + ELOOP
		       ? 0
		       : 5;
}

static void links_of_proc_that_say_a_path_are_followed(void **state)
{
	make_scratch();
	assert_int_equal(outcome(SYS_openat, "notify openat via files { read \"/**\" }\n", open_links_of_proc), 0);
	remove_scratch();
}

/* In namespaces of its own, with a procfs of its own: 77 where there are none to be had. */
static int act_in_namespaces(int (*act)(void))
{
	int more = geteuid() == 0 ? 0 : CLONE_NEWUSER;
	pid_t pid;

	if (unshare(CLONE_NEWPID | CLONE_NEWNS | more) < 0)
		return 77;
	pid = fork();
	if (pid == 0) {
		if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("proc", "/proc", "proc", 0, NULL) < 0)
			_exit(77);
		_exit(act());
	}
	return end_of(pid);
}

static pid_t supervisor;

static int open_as_anybody(void)
{
	char wanted[32], name[64];

	snprintf(wanted, sizeof(wanted), "Pid:\t%d\n", (int)getpid());
	snprintf(name, sizeof(name), "/proc/%d/status", (int)getpid());
	if (look_for("/proc/self/status", wanted) || look_for(name, wanted) ||
	    look_for("/proc/thread-self/status", wanted) || look_for("/proc/mounts", " /proc "))
		return 1;
	if (look_for("/dev/fd/0", "") != 100 + ELOOP || look_for("/dev/fd/../status", wanted))
		return 2;
	return look_for("/proc/self/maps", "") == 100 + EPERM ? 0 : 3;
}

/* Has the number in its namespace that its supervisor has in ours. */
static int open_as_namesake(void)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
			set_tid_size;
	} how = { .exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&supervisor, .set_tid_size = 1 };
	int first = open_as_anybody();
	pid_t pid;

	if (first)
		return first;
	pid = (pid_t)syscall(SYS_clone3, &how, sizeof(how));
	if (pid == 0)
		_exit(10 + open_as_anybody());
	if (pid < 0 && (errno == EPERM || errno == ENOSYS || errno == E2BIG))
		return 0;
	return pid == supervisor && end_of(pid) == 10 ? 0 : 4;
}

static int open_in_pid_namespace(void)
{
	return act_in_namespaces(open_as_namesake);
}

static void numbers_are_those_of_the_procfs_that_is_asked(void **state)
{
	int got;

	make_scratch();
	supervisor = getpid();
	got = outcome(SYS_openat, "notify openat via files { deny \"/proc/self/maps\" errno EPERM; read \"/**\" }\n",
		      open_in_pid_namespace);
	remove_scratch();
	skip_without(got, "no namespaces to be had");
	assert_int_equal(got, 0);
}

/* Lays what the supervisor has in our procfs, which is its own, where the rules let it read. */
static int open_what_is_bound(void)
{
	char folder[64], file[64], name[128];

	snprintf(folder, sizeof(folder), "/proc/%d", (int)supervisor);
	snprintf(file, sizeof(file), "/proc/%d/maps", (int)supervisor);
	if (unshare(CLONE_NEWNS | (geteuid() == 0 ? 0 : CLONE_NEWUSER)) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(file, "www/index", NULL, MS_BIND, NULL) < 0 || mount(file, "/proc/uptime", NULL, MS_BIND, NULL) < 0 ||
	    mount(folder, "www/sub", NULL, MS_BIND, NULL) < 0)
		return 77;
	snprintf(name, sizeof(name), "%s/www/sub/maps", scratch);
	if (look_for(name, "") != 100 + EACCES || look_for("www/sub/maps", "") != 100 + EACCES)
		return 1;
	snprintf(name, sizeof(name), "%s/www/index", scratch);
	if (look_for(name, "") != 100 + EACCES || look_for("www/index", "") != 100 + EACCES)
		return 2;
	return look_for("/proc/uptime", "") >= 100 && look_for("/proc/version", "Linux") == 0 ? 0 : 3;
}

static void what_is_the_supervisors_is_not_had_by_mounting_it(void **state)
{
	int got;

	make_scratch();
	supervisor = getpid();
	got = outcome(SYS_openat, "notify openat via files { read \"/**\" }\n", open_what_is_bound);
	remove_scratch();
	skip_without(got, "no namespaces to be had");
	assert_int_equal(got, 0);
}

/* One file fits in, and the folder itself. */
static int create_where_there_is_no_room(void)
{
	/* In a user namespace without users nobody could create anything. */
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "out", "tmpfs", 0, "nr_inodes=2,mode=777") < 0)
		return 77;
	if (look((int)syscall(SYS_openat, AT_FDCWD, "out/one", O_WRONLY | O_CREAT, 0600)) != GOT_ALLOWED)
		return 1;
	return look((int)syscall(SYS_openat, AT_FDCWD, "out/two", O_WRONLY | O_CREAT, 0600));
}

static void what_has_no_room_is_told(void **state)
{
	int got;

	make_scratch();
	got = outcome(SYS_openat, www, create_where_there_is_no_room);
	remove_scratch();
	skip_without(got, "no namespaces to be had");
	assert_int_equal(got, 100 + ENOSPC);
}

/* A thread of the supervisor's beside those that answer, and until when it lives. */
static volatile pid_t thread_beside;
static sem_t beside_may_end;

static void *stand_beside(void *argument)
{
	thread_beside = (pid_t)syscall(SYS_gettid);
	sem_wait(&beside_may_end);
	return NULL;
}

static int open_threads(void)
{
	static const char *const files[] = { "/mem", "/maps", "/environ", "/status", "" };
	const pid_t numbers[] = { getppid(), thread_beside };
	char name[96];

	/* What is said of the supervisor's own number is said of the target. */
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(name, sizeof(name), "/proc/%d%s", (int)thread_beside, files[i]);
		if (look((int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY, 0)) != 100 + EACCES)
			return 1 + (int)i;
		snprintf(name, sizeof(name), "/proc/%d/task/%d%s", (int)thread_beside, (int)thread_beside, files[i]);
		if (look((int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY, 0)) != 100 + EACCES)
			return 11 + (int)i;
	}
	for (size_t i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "/proc/%d/task/%d/maps", (int)getppid(), (int)numbers[i]);
		if (look((int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY, 0)) < 100)
			return 21 + (int)i;
	}
	return look((int)syscall(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY, 0)) == GOT_NEITHER ? 0 : BROKEN;
}

static void nor_are_its_threads(void **state)
{
	pthread_t thread;

	thread_beside = 0;
	assert_int_equal(sem_init(&beside_may_end, 0, 0), 0);
	assert_int_equal(pthread_create(&thread, NULL, stand_beside, NULL), 0);
	while (!thread_beside)
		sched_yield();
	assert_int_equal(outcome(SYS_openat, "notify openat via files { read \"/**\" }\n", open_threads), 0);
	sem_post(&beside_may_end);
	pthread_join(thread, NULL);
	sem_destroy(&beside_may_end);
}

/* With a root of its own: paths are its own, and nothing above is reached. */
static int open_in_jail(void)
{
	int outside = open(".", O_PATH | O_DIRECTORY);

	if (chroot("www") < 0)
		return 77;
	if (look((int)syscall(SYS_openat, AT_FDCWD, "/index", O_RDONLY, 0)) != GOT_ALLOWED ||
	    look((int)syscall(SYS_openat, AT_FDCWD, "/../../index", O_RDONLY, 0)) != GOT_ALLOWED ||
	    look((int)syscall(SYS_openat, AT_FDCWD, "/inner", O_RDONLY, 0)) != GOT_ALLOWED)
		return 1;
	/* Its link leads up, where its root is the top. */
	if (look((int)syscall(SYS_openat, AT_FDCWD, "/link", O_RDONLY, 0)) != 100 + ENOENT)
		return 2;
	/* It still stands outside, and holds a folder there: the rules know no name for it. */
	if (look((int)syscall(SYS_openat, AT_FDCWD, "secret", O_RDONLY, 0)) != 100 + EACCES)
		return 3;
	return look((int)syscall(SYS_openat, outside, "secret", O_RDONLY, 0)) == 100 + EACCES ? 0 : 4;
}

static void a_target_with_a_root_of_its_own_stays_in_it(void **state)
{
	int got;

	make_scratch();
	got = outcome(SYS_openat, "notify openat via files { read \"/*\"; read \"%\" }\n", open_in_jail);
	remove_scratch();
	if (got == 77) {
		print_message("skipped: only root may chroot\n");
		skip();
	}
	assert_int_equal(got, 0);
}

static int open_as_nobody(void)
{
	if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
		return 77;
	/* Another's memory is not to be read by whoever may not: it says that it may. */
	return look((int)syscall(SYS_openat, AT_FDCWD, "www/index", O_RDONLY, 0));
}

static void a_target_gets_no_more_than_its_own_rights(void **state)
{
	int before, after;

	if (getuid() != 0) {
		print_message("skipped: only root may become another\n");
		skip();
	}
	make_scratch();
	before = outcome(SYS_openat, www, open_as_nobody);
	assert_int_equal(chmod("www/index", 0600), 0);
	after = outcome(SYS_openat, www, open_as_nobody);
	remove_scratch();
	assert_int_equal(before, GOT_ALLOWED);
	assert_int_equal(after, 100 + EACCES);
}

static void *write_fifo(void *argument)
{
	int fd = open(argument, O_WRONLY);

	assert_int_equal(write(fd, "allowed", 7), 7);
	close(fd);
	return NULL;
}

static void a_fifo_is_waited_for(void **state)
{
	char name[] = "www/fifo", other[] = "out/fifo";
	pthread_t thread;
	int fd;

	make_scratch();
	assert_int_equal(mkfifo(name, 0644) | mkfifo(other, 0644), 0);
	path = name;
	flags = O_RDONLY;
	assert_int_equal(pthread_create(&thread, NULL, write_fifo, name), 0);
	assert_int_equal(outcome(SYS_openat, www, open_path), GOT_ALLOWED);
	pthread_join(thread, NULL);
	path = other;
	flags = O_WRONLY | O_NONBLOCK;
	assert_int_equal(outcome(SYS_openat, www, open_path), 100 + ENXIO);
	fd = open(other, O_RDONLY | O_NONBLOCK);
	flags = O_WRONLY;
	assert_int_equal(outcome(SYS_openat, www, open_path), GOT_ALLOWED);
	close(fd);
	remove_scratch();
}

/* Dies while it waits: nobody waits on. */
static int open_fifo_and_die(void)
{
	struct itimerval timer = { { 0, 0 }, { 0, 50000 } };

	setitimer(ITIMER_REAL, &timer, NULL);
	return open_path();
}

static void who_dies_at_a_fifo_is_forgotten(void **state)
{
	make_scratch();
	assert_int_equal(mkfifo("www/fifo", 0644), 0);
	path = "www/fifo";
	flags = O_RDONLY;
	assert_int_equal(outcome(SYS_openat, www, open_fifo_and_die), 128 + SIGALRM);
	remove_scratch();
}

static void a_supervisor_without_descriptors_refuses(void **state)
{
	make_scratch();
	path = "www/index";
	flags = O_RDONLY;
	is_exhausted = true;
	assert_int_equal(outcome(SYS_openat, www, open_path), 100 + EMFILE);
	is_exhausted = false;
	assert_int_equal(outcome(SYS_openat, www, open_path), GOT_ALLOWED);
	remove_scratch();
}

static uint16_t port_allowed, port_refused;

static int connect_to(int type, const char *host, uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, type, 0), result;

	inet_pton(AF_INET, host, &address.sin_addr);
	result = connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? 100 + errno : 0;
	close(fd);
	return result;
}

static int connect_6(const char *host, uint16_t port)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(AF_INET6, SOCK_STREAM, 0), result;

	if (fd < 0)
		return 77;
	inet_pton(AF_INET6, host, &address.sin6_addr);
	result = connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? 100 + errno : 0;
	close(fd);
	return result;
}

static int connect_oddly(void)
{
	int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port_allowed) };
	struct sockaddr_storage room = { .ss_family = AF_UNSPEC };

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(tcp, (struct sockaddr *)&address, 8) != -1 || errno != EINVAL)
		return 1;
	if (connect(tcp, (struct sockaddr *)&address, 1000) != -1 || errno != EINVAL)
		return 2;
	if (connect(tcp, NULL, sizeof(address)) != -1 || errno != EFAULT)
		return 3;
	if (connect(0, (struct sockaddr *)&address, sizeof(address)) != -1 || errno != ENOTSOCK)
		return 4;
	if (connect(999, (struct sockaddr *)&address, sizeof(address)) != -1 || errno != EBADF)
		return 5;
	/* A datagram to the port that TCP may have. */
	if (connect(udp, (struct sockaddr *)&address, sizeof(address)) != -1 || errno != EACCES)
		return 6;
	return connect(udp, (struct sockaddr *)&room, sizeof(room)) == 0 ? 0 : 7;
}

static int connect_as_ruled(void)
{
	int mapped = connect_6("::ffff:127.0.0.1", port_allowed);

	if (connect_to(SOCK_STREAM, "127.0.0.1", port_allowed) != 0)
		return 1;
	if (connect_to(SOCK_STREAM, "127.0.0.1", port_refused) != 100 + EPERM)
		return 2;
	if (connect_to(SOCK_STREAM, "127.0.0.2", port_allowed) != 100 + EPERM)
		return 3;
	if (mapped != 77 && (mapped != 0 || connect_6("::ffff:127.0.0.1", port_refused) != 100 + EPERM))
		return 4;
	return connect_oddly() ? 10 + connect_oddly() : 0;
}

static char network_rules[512];

static void make_network_rules(void)
{
	snprintf(network_rules, sizeof(network_rules),
		 "notify connect via network { allow tcp 127.0.0.1:%u; deny tcp *:* errno EPERM; }\n", port_allowed);
}

static void a_socket_is_connected_where_the_rules_say(void **state)
{
	int allowed = listen_tcp(&port_allowed), refused = listen_tcp(&port_refused);
	int input = open("/dev/null", O_RDONLY);

	dup2(input, 0);
	make_network_rules();
	assert_int_equal(outcome(SYS_connect, network_rules, connect_as_ruled), 0);
	close(input);
	close(allowed);
	close(refused);
}

static int connect_to_nobody(void)
{
	int any_6 = connect_6("::", port_refused), mapped = connect_6("::ffff:0.0.0.0", port_refused);

	if (connect_to(SOCK_STREAM, "0.0.0.0", port_refused) != 100 + EACCES)
		return 1;
	if (any_6 != 77 && (any_6 != 100 + EACCES || mapped != 100 + EACCES))
		return 2;
	return connect_to(SOCK_STREAM, "0.0.0.0", port_allowed) == 0 ? 0 : 3;
}

/* The kernel takes no address for the loopback's. */
static void no_address_is_this_machine(void **state)
{
	int allowed = listen_tcp(&port_allowed), refused = listen_tcp(&port_refused);

	snprintf(network_rules, sizeof(network_rules),
		 "notify connect via network { allow tcp 127.0.0.1:%u; deny tcp 127.0.0.0/8:*; deny tcp [::1]:*; "
		 "allow tcp *:* }\n",
		 port_allowed);
	assert_int_equal(outcome(SYS_connect, network_rules, connect_to_nobody), 0);
	close(allowed);
	close(refused);
}

static int connect_unix(const char *name, bool is_abstract)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), result;
	size_t length = strlen(name);

	memcpy(address.sun_path, name, length);
	if (is_abstract)
		address.sun_path[0] = '\0';
	result = connect(fd, (struct sockaddr *)&address,
			 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + !is_abstract)) < 0
			 ? 100 + errno
			 : 0;
	close(fd);
	return result;
}

static int connect_unix_as_ruled(void)
{
	char name[128];

	if (connect_unix("www/sock", false) != 0 || connect_unix("www/up/www/sock", false) != 0)
		return 1;
	snprintf(name, sizeof(name), "@%s", scratch);
	if (connect_unix(name, true) != 0)
		return 2;
	if (connect_unix("other", false) != 100 + EACCES || connect_unix("www/outside", false) != 100 + EACCES)
		return 3;
	name[1] = 'x';
	if (connect_unix(name, true) != 100 + EACCES)
		return 4;
	return connect_unix("www/index", false) == 100 + EACCES ? 0 : 5;
}

static void unix_sockets_are_found_by_their_place(void **state)
{
	char name[128];
	int fds[3];

	make_scratch();
	snprintf(name, sizeof(name), "@%s", scratch);
	fds[0] = listen_unix("www/sock");
	fds[1] = listen_unix("other");
	fds[2] = listen_unix(name);
	assert_int_equal(symlink("../other", "www/outside"), 0);
	assert_int_equal(outcome(SYS_connect,
				 "notify connect via network { allow unix \"%/www/sock\"; allow unix \"@%\" }\n",
				 connect_unix_as_ruled),
			 0);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	remove_scratch();
}

static const int kept_types[] = { SOCK_STREAM, SOCK_SEQPACKET };
static int queue_type;

static int connect_full(int fd)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "www/full" };

	return connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? 100 + errno : 0;
}

/* Connects until nobody else fits in: the last one's socket. */
static int fill_queue(void)
{
	int fd;

	do
		fd = socket(AF_UNIX, queue_type | SOCK_NONBLOCK, 0);
	while (connect_full(fd) == 0);
	fcntl(fd, F_SETFL, 0);
	return errno == EAGAIN ? fd : -1;
}

static int connect_and_die(void)
{
	struct itimerval timer = { { 0, 0 }, { 0, 50000 } };
	int fd = fill_queue();

	setitimer(ITIMER_REAL, &timer, NULL);
	return fd < 0 ? BROKEN : connect_full(fd);
}

static int full_queue;

/* Accepts once the other is seen to wait: its supervisor has set its patience. */
static void *accept_waiter(void *argument)
{
	struct timeval patience = { 0 };
	socklen_t size = sizeof(patience);

	while (!timerisset(&patience) && getsockopt(*(int *)argument, SOL_SOCKET, SO_SNDTIMEO, &patience, &size) == 0)
		sched_yield();
	close(accept(full_queue, NULL, NULL));
	return NULL;
}

static int connect_and_wait(void)
{
	struct timeval patience = { 0 };
	socklen_t size = sizeof(patience);
	int fd = fill_queue(), result;
	pthread_t thread;

	if (fd < 0 || pthread_create(&thread, NULL, accept_waiter, &fd))
		return BROKEN;
	result = connect_full(fd);
	pthread_join(thread, NULL);
	if (getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, &size) || timerisset(&patience))
		return BROKEN;
	/* The next waits no longer than it says. */
	patience.tv_usec = 30000;
	fd = socket(AF_UNIX, queue_type, 0);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return result ? result : connect_full(fd) == 100 + EAGAIN ? 0 : 1;
}

static void a_full_queue_holds_up_its_waiter_only(void **state)
{
	static const char rules[] = "notify connect via network { allow unix \"%/www/full\" }\n";

	make_scratch();
	for (size_t i = 0; i < sizeof(kept_types) / sizeof(*kept_types); i++) {
		const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "www/full" };

		queue_type = kept_types[i];
		full_queue = socket(AF_UNIX, queue_type | SOCK_CLOEXEC, 0);
		assert_int_equal(bind(full_queue, (const struct sockaddr *)&address, sizeof(address)), 0);
		assert_int_equal(listen(full_queue, 1), 0);
		assert_int_equal(outcome(SYS_connect, rules, connect_and_die), 128 + SIGALRM);
		close(accept(full_queue, NULL, NULL));
		assert_int_equal(outcome(SYS_connect, rules, connect_and_wait), 0);
		close(full_queue);
		assert_int_equal(unlink("www/full"), 0);
	}
	remove_scratch();
}

static int bind_as_ruled(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "bound" };
	int fd = socket(AF_INET, SOCK_STREAM, 0), other = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return 1;
	address.sin_addr.s_addr = htonl(INADDR_ANY);
	if (bind(other, (struct sockaddr *)&address, sizeof(address)) != -1 || errno != EACCES)
		return 2;
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	return bind(fd, (struct sockaddr *)&name, sizeof(name)) == -1 && errno == EACCES ? 0 : 3;
}

static void a_socket_is_bound_where_the_rules_say(void **state)
{
	make_scratch();
	assert_int_equal(outcome(SYS_bind, "notify bind via network { allow tcp 127.0.0.1:0 }\n", bind_as_ruled), 0);
	assert_int_equal(access("bound", F_OK), -1);
	remove_scratch();
}

static int execute_twice(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(100 + errno);
	}
	waitpid(pid, &status, 0);
	if (status != 0)
		return 1;
	execl("/bin/true", "true", (char *)NULL);
	return 100 + errno;
}

static void once_is_once(void **state)
{
	assert_int_equal(outcome(SYS_execve, "notify execve once\n", execute_twice), 100 + EACCES);
}

static void pause_for_ever(void)
{
	for (;;)
		pause();
}

static int signal_relatives(void)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		pause_for_ever();
	if (kill(getpid(), 0) != -1 || errno != EACCES || kill(getppid(), 0) != -1 || errno != EACCES)
		return 1;
	if (kill(0, 0) != -1 || errno != EACCES || kill(-1, 0) != -1 || errno != EACCES || kill(1, 0) != -1 ||
	    errno != EACCES)
		return 2;
	if (kill(child, 0) != 0 || kill(child, 1000) != -1 || errno != EINVAL)
		return 3;
	if (kill(child, SIGTERM) != 0 || waitpid(child, &status, 0) != child || WTERMSIG(status) != SIGTERM)
		return 4;
	return kill(child, SIGTERM) == -1 && errno == ESRCH ? 0 : 5;
}

static void own_children_are_signalled_and_nobody_else(void **state)
{
	assert_int_equal(outcome(SYS_kill, "notify kill own-children\n", signal_relatives), 0);
}

static void a_root_is_fixed_when_no_call_can_move_it(void **state)
{
	static const struct {
		const char *text;
		bool is_fixed;
	} cases[] = {
		{ "default kill-process\nallow read, clone3\n", true },
		{ "default errno EPERM\n", true },
		{ "default allow\n", false },
		{ "default kill-process\nnewer allow\n", false },
		{ "default kill-process\nallow chroot\n", false },
		{ "default kill-process\nallow unshare if flags == 0\n", false },
		{ "default kill-process\ntrap 1 setns\n", false },
		{ "default allow\nerrno EPERM chroot, pivot_root, setns, unshare, mount, umount2, umount, move_mount, "
		  "mount_setattr\n",
		  true },
		{ "default allow\nerrno EPERM chroot if path != NULL\n", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct callgate_policy *policy = NULL;
		char text[512];

		snprintf(text, sizeof(text), "kernel 6.1\n%s", cases[i].text);
		assert_int_equal(callgate_policy_parse("test", text, strlen(text), NULL, &policy, NULL), CALLGATE_OK);
		if (broker_fixes_root(policy->policy) != cases[i].is_fixed)
			fail_msg("%s", text);
		callgate_policy_free(policy);
	}
}

static void who_answers_must_be_said(void **state)
{
	static const char *const texts[] = { "notify openat\n",
					     "notify connect via network { allow tcp no.invalid:1 }\n" };
	static const int statuses[] = { CALLGATE_E_UNSUPPORTED, CALLGATE_E_UNKNOWN };

	for (size_t i = 0; i < 2; i++) {
		struct callgate_policy *policy = parse(texts[i]);
		struct broker *broker = NULL;
		struct callgate_error err;

		assert_int_equal(broker_new(policy->policy, &broker, &err), statuses[i]);
		assert_int_equal(err.line, 3);
		assert_null(broker);
		callgate_policy_free(policy);
	}
}

static void nothing_is_left_when_memory_fails(void **state)
{
	struct callgate_policy *policy = parse("allow openat if flags == 1\nnotify openat via files { read \"/a\" }\n"
					       "notify connect via network { allow tcp 1.2.3.4:5; deny \"**\" }\n");

	FOR_EACH_ALLOCATION({
		struct broker *broker;
		struct callgate_error err;

		if (broker_new(policy->policy, &broker, &err) == CALLGATE_OK)
			broker_free(broker);
		else
			assert_int_equal(err.status, CALLGATE_E_NOMEM);
	});
	callgate_policy_free(policy);
}

UNIT_TESTS(test_broker_kernel, THREE(paths_lead_where_the_kernel_says), THREE(links_of_proc_are_not_followed),
	   THREE(access_is_what_the_flags_ask_for), THREE(a_folder_is_where_a_relative_path_starts),
	   BOTH(a_descriptor_that_is_no_folder_is_refused), THREE(odd_buffers_are_refused_as_the_kernel_does),
	   BOTH(openat2_is_taken_by_its_size), BOTH(a_new_file_has_the_targets_mask),
	   BOTH(the_supervisors_folder_in_proc_is_not_to_be_had), BOTH(nor_are_its_threads),
	   BOTH(what_is_denied_is_denied_by_all_its_names), BOTH(what_is_permitted_of_oneself_is_by_number_too),
	   BOTH(links_of_proc_that_say_a_path_are_followed), BOTH(numbers_are_those_of_the_procfs_that_is_asked),
	   BOTH(what_is_the_supervisors_is_not_had_by_mounting_it), BOTH(what_has_no_room_is_told),
	   BOTH(a_target_with_a_root_of_its_own_stays_in_it), THREE(a_target_gets_no_more_than_its_own_rights),
	   THREE(a_fifo_is_waited_for), THREE(who_dies_at_a_fifo_is_forgotten),
	   cmocka_unit_test(a_supervisor_without_descriptors_refuses), BOTH(a_socket_is_connected_where_the_rules_say),
	   BOTH(no_address_is_this_machine), BOTH(unix_sockets_are_found_by_their_place),
	   BOTH(a_full_queue_holds_up_its_waiter_only), BOTH(a_socket_is_bound_where_the_rules_say),
	   cmocka_unit_test(once_is_once), BOTH(own_children_are_signalled_and_nobody_else),
	   cmocka_unit_test(a_root_is_fixed_when_no_call_can_move_it), cmocka_unit_test(who_answers_must_be_said),
	   cmocka_unit_test(nothing_is_left_when_memory_fails), )
