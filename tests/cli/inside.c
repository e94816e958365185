/*
 * What a program in a sandbox tries. Each question is one that only a system call answers; the answer is a word on
 * standard output, and status 0. It is linked statically, so that it runs in a root that holds nothing else.
 *
 *	inside QUESTION [ARGUMENT...]
 */
#include "ways.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/random.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

/* A result, or the errno's name as most have it. */
static int answer(long result)
{
	puts(result >= 0 ? "yes" : strerrorname_np(errno));
	return 0;
}

/* keyring NAME: whether a key of that description can be found from here. */
static int ask_keyring(char **arguments)
{
	return answer(syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", arguments[0], 0));
}

/* user-keyring NAME: the same of its user's. */
static int ask_user_keyring(char **arguments)
{
	return answer(syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", arguments[0], 0));
}

/* user-key NAME: puts one into its user's keyring, for a minute, and becomes the program that the rest names. */
static int ask_user_key(char **arguments)
{
	long key = syscall(SYS_add_key, "user", arguments[0], "x", 1, KEY_SPEC_USER_KEYRING);

	if (key < 0 || syscall(SYS_keyctl, KEYCTL_SET_TIMEOUT, key, 60) < 0)
		return answer(-1);
	execv(arguments[1], arguments + 1);
	return 1;
}

/* key NAME: puts one into the session keyring, and becomes the program that the rest names. */
static int ask_key(char **arguments)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0) < 0 ||
	    syscall(SYS_add_key, "user", arguments[0], "x", 1, KEY_SPEC_SESSION_KEYRING) < 0)
		return answer(-1);
	execv(arguments[1], arguments + 1);
	return 1;
}

static int abstract_socket(const char *name, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1, "%s", name);
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static socklen_t abstract_length(const char *name)
{
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}

/* abstract NAME: connects to a socket of the abstract namespace. */
static int ask_abstract(char **arguments)
{
	struct sockaddr_un address;
	int fd = abstract_socket(arguments[0], &address);

	return answer(connect(fd, (struct sockaddr *)&address, abstract_length(arguments[0])));
}

/* listen NAME: an abstract socket and a TCP port, whose number is printed; until standard input ends. */
static int ask_listen(char **arguments)
{
	struct sockaddr_in inet = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un address;
	int local = abstract_socket(arguments[0], &address), tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t length = sizeof(inet);
	char byte;

	if (bind(local, (struct sockaddr *)&address, abstract_length(arguments[0])) < 0 || listen(local, 8) < 0 ||
	    bind(tcp, (struct sockaddr *)&inet, sizeof(inet)) < 0 || listen(tcp, 8) < 0 ||
	    getsockname(tcp, (struct sockaddr *)&inet, &length) < 0)
		return answer(-1);
	printf("%d\n", ntohs(inet.sin_port));
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}

/* connect PORT */
static int ask_connect(char **arguments)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)atoi(arguments[0])),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return answer(connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof(address)));
}

/* bind PORT */
static int ask_bind(char **arguments)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)atoi(arguments[0])),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return answer(bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof(address)));
}

/* Whether somebody listens there. A socket that asks from the very port that it asks for is connected with itself. */
static bool is_open(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in own = { 0 };
	socklen_t length = sizeof(own);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool connected = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

	getsockname(fd, (struct sockaddr *)&own, &length);
	close(fd);
	return connected && own.sin_port != address.sin_port;
}

/* scan: how many TCP ports of the loopback can be connected to. */
static int ask_scan(char **arguments)
{
	int open_ports = 0;

	for (int port = 1; port < 65536; port++) {
		open_ports += is_open(port);
	}
	printf("%d\n", open_ports);
	return 0;
}

/* shm-make KEY, shm-find KEY: a System V segment that outlives its maker. */
static int ask_shm_make(char **arguments)
{
	return answer(shmget(atoi(arguments[0]), 4096, IPC_CREAT | IPC_EXCL | 0666));
}

static int ask_shm_find(char **arguments)
{
	return answer(shmget(atoi(arguments[0]), 0, 0));
}

static int ask_shm_remove(char **arguments)
{
	return answer(shmctl(shmget(atoi(arguments[0]), 0, 0), IPC_RMID, NULL));
}

/* kill PID: whether a process can be signalled. */
static int ask_kill(char **arguments)
{
	return answer(kill(atoi(arguments[0]), 0));
}

/* tiocsti: types into the terminal on standard input. */
static int ask_tiocsti(char **arguments)
{
	char byte = 'x';

	return answer(ioctl(STDIN_FILENO, TIOCSTI, &byte));
}

/* write FILE: opens it for writing, and changes nothing. */
static int ask_write(char **arguments)
{
	return answer(open(arguments[0], O_WRONLY | O_CLOEXEC));
}

/* chmod FILE, chown FILE: to what it would not have by itself. */
static int ask_chmod(char **arguments)
{
	return answer(chmod(arguments[0], 0777));
}

static int ask_chown(char **arguments)
{
	return answer(chown(arguments[0], getuid(), getgid()));
}

/* What openat2 is told. */
struct open_how_of_ours {
	uint64_t flags, mode, resolve;
};

/* setuid FOLDER: by how many ways a set-user-ID file comes to be in it. */
static int ask_setuid(char **arguments)
{
	static const char *const names[] = { "chmod", "fchmodat2", "open", "openat2", "mknod" };
	struct open_how_of_ours how = { O_CREAT | O_WRONLY, 04755, 0 };
	struct stat found;
	int made = 0;

	if (chdir(arguments[0]) < 0)
		return answer(-1);
	close(open("chmod", O_CREAT | O_WRONLY, 0755));
	close(open("fchmodat2", O_CREAT | O_WRONLY, 0755));
	chmod("chmod", 04755);
	syscall(452, AT_FDCWD, "fchmodat2", 04755, 0);
	close(open("open", O_CREAT | O_WRONLY, 04755));
	close((int)syscall(437, AT_FDCWD, "openat2", &how, sizeof(how)));
	mknod("mknod", S_IFREG | 04755, 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		made += stat(names[i], &found) == 0 && found.st_mode & S_ISUID;
	printf("%d\n", made);
	return 0;
}

/* ioctl DEVICE: one that whoever may read it may ask it. */
static int ask_ioctl(char **arguments)
{
	int fd = open(arguments[0], O_RDONLY | O_CLOEXEC), bits;

	if (fd < 0)
		return answer(-1);
	return answer(ioctl(fd, RNDGETENTCNT, &bits));
}

/* memory PID: looks into a process's memory. */
static int ask_memory(char **arguments)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/mem", arguments[0]);
	return answer(open(path, O_RDONLY | O_CLOEXEC));
}

/* first: what can be done to the first process, which is no part of the target. */
static int ask_first(char **arguments)
{
	char bytes[8];
	struct iovec here = { bytes, sizeof(bytes) }, there = { (void *)0x400000, sizeof(bytes) };
	int pidfd = (int)syscall(SYS_pidfd_open, 1, 0);
	const struct {
		const char *name;
		long result;
	} tried[] = {
		{ "ptrace", syscall(SYS_ptrace, 16 /* PTRACE_ATTACH */, 1, 0, 0) },
		{ "process_vm_readv", syscall(SYS_process_vm_readv, 1, &here, 1, &there, 1, 0) },
		{ "process_vm_writev", syscall(SYS_process_vm_writev, 1, &here, 1, &there, 1, 0) },
		{ "kcmp", syscall(SYS_kcmp, 1, getpid(), 0, 0, 0) },
		{ "move_pages", syscall(SYS_move_pages, 1, 0L, NULL, NULL, NULL, 0) },
		{ "pidfd_getfd", syscall(SYS_pidfd_getfd, pidfd, 0, 0) },
		{ "setns", syscall(SYS_setns, pidfd, CLONE_NEWNS) },
		{ "root", open("/proc/1/root/inside", O_RDONLY | O_CLOEXEC) },
		{ "environ", open("/proc/1/environ", O_RDONLY | O_CLOEXEC) },
		{ "descriptor", open("/proc/1/fd/0", O_RDONLY | O_CLOEXEC) },
	};

	for (size_t i = 0; i < sizeof(tried) / sizeof(*tried); i++)
		if (tried[i].result >= 0)
			puts(tried[i].name);
	return 0;
}

/* escape: whether any descriptor, or the working folder, is of another root: its own "/.." is not ours. */
static int ask_escape(char **arguments)
{
	struct stat root, found;
	bool escaped = false;

	if (stat("/", &root) < 0)
		return answer(-1);
	for (int fd = -1; fd < 1024; fd++) {
		if (fd >= 0 && fchdir(fd) < 0)
			continue;
		for (int up = 0; up < 64; up++)
			if (chdir("..") < 0)
				break;
		escaped |= stat(".", &found) == 0 && (found.st_dev != root.st_dev || found.st_ino != root.st_ino);
	}
	puts(escaped ? "escaped" : "contained");
	return 0;
}

/* folder: whether ".." leads from the working folder out of the root. */
static int ask_folder(char **arguments)
{
	struct stat root, found;

	if (stat("/", &root) < 0)
		return answer(-1);
	for (int up = 0; up < 64; up++)
		if (chdir("..") < 0)
			break;
	if (stat(".", &found) < 0)
		return answer(-1);
	puts(found.st_dev == root.st_dev && found.st_ino == root.st_ino ? "contained" : "escaped");
	return 0;
}

/* namespaces: in which it is. */
static int ask_namespaces(char **arguments)
{
	static const char *const names[] = { "pid", "mnt", "net", "ipc", "uts" };
	char path[32], link[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		ssize_t length = readlink(path, link, sizeof(link));
		printf("%.*s\n", length > 0 ? (int)length : 0, link);
	}
	return 0;
}

/* list FOLDER: what is in it. */
static int ask_list(char **arguments)
{
	DIR *folder = opendir(arguments[0]);
	struct dirent *entry;

	if (!folder)
		return answer(-1);
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			puts(entry->d_name);
	closedir(folder);
	return 0;
}

/* read FILE: whether anything can be read of it. */
static int ask_read(char **arguments)
{
	int fd = open(arguments[0], O_RDONLY | O_CLOEXEC);
	ssize_t length;
	char byte;

	if (fd < 0)
		return answer(-1);
	length = read(fd, &byte, 1);
	close(fd);
	return length == 0 ? puts("nothing"), 0 : answer(length);
}

/* exec PROGRAM ARGUMENT...: becomes it. */
static int ask_exec(char **arguments)
{
	execv(arguments[0], arguments);
	return answer(-1);
}

/* variable NAME: whether the environment has it. */
static int ask_variable(char **arguments)
{
	puts(getenv(arguments[0]) ? "yes" : "no");
	return 0;
}

/* hostname */
static int ask_hostname(char **arguments)
{
	char name[256] = "";

	gethostname(name, sizeof(name) - 1);
	puts(name);
	return 0;
}

/* files: how many descriptors it may have. */
static int ask_files(char **arguments)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return answer(-1);
	printf("%llu\n", (unsigned long long)limit.rlim_cur);
	return 0;
}

/* processes: how many it can start beside itself, up to a hundred. */
static int ask_processes(char **arguments)
{
	pid_t children[100];
	int count = 0;

	while (count < 100 && (children[count] = fork()) >= 0)
		if (children[count++] == 0)
			for (;;)
				pause();
	printf("%d\n", count);
	while (count--)
		kill(children[count], SIGKILL);
	return 0;
}

/* descriptors: those that are open. */
static int ask_descriptors(char **arguments)
{
	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf("%d ", fd);
	puts("");
	return 0;
}

/* covered: whether something is mounted over the root, which ".." of it leads to. */
static int ask_covered(char **arguments)
{
	struct statx root, above;

	if (statx(AT_FDCWD, "/", 0, STATX_MNT_ID, &root) < 0 || statx(AT_FDCWD, "/..", 0, STATX_MNT_ID, &above) < 0)
		return answer(-1);
	puts(root.stx_mnt_id == above.stx_mnt_id ? "no" : "yes");
	return 0;
}

/* userns: becomes root of a user namespace and a mount namespace in the sandbox, and tries to undo what it is in. */
static int ask_userns(char **arguments)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return answer(-1);
	for (char **path = arguments; *path; path++) {
		if (umount2(*path, MNT_DETACH) == 0)
			printf("unmounted %s\n", *path);
		if (mount(NULL, *path, NULL, MS_REMOUNT | MS_BIND, NULL) == 0)
			printf("writable %s\n", *path);
	}
	puts("done");
	return 0;
}

/* mmap: memory that is writable and executable. mprotect: that becomes executable when it has been written. */
static int ask_mmap(char **arguments)
{
	return answer(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
				      MAP_FAILED
			      ? -1
			      : 0);
}

static int ask_mprotect(char **arguments)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return answer(mprotect(memory, 4096, PROT_READ | PROT_EXEC));
}

/* tsc: reads the time stamp counter. */
static int ask_tsc(char **arguments)
{
#ifdef __x86_64__
	printf("%s\n", __builtin_ia32_rdtsc() ? "yes" : "no");
#else
	puts("yes");
#endif
	return 0;
}

/* tsc-again: turns it on again, where it was turned off. */
static int ask_tsc_again(char **arguments)
{
	return answer(prctl(PR_SET_TSC, PR_TSC_ENABLE));
}

/* speculation: what the kernel says of it. */
static int ask_speculation(char **arguments)
{
	char line[256];
	FILE *status = fopen("/proc/self/status", "re");

	while (status && fgets(line, sizeof(line), status))
		if (strncmp(line, "Speculation", strlen("Speculation")) == 0)
			fputs(line, stdout);
	return 0;
}

/* speculation-on: turns on what can be. */
static int ask_speculation_on(char **arguments)
{
	bool is_on = prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, PR_SPEC_ENABLE, 0, 0) == 0;

	is_on |= prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH, PR_SPEC_ENABLE, 0, 0) == 0;
	puts(is_on ? "yes" : "no");
	return 0;
}

/* filter FLAGS: loads a filter that allows everything. */
static int ask_filter(char **arguments)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { 1, &allow };

	return answer(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, atoi(arguments[0]), &program));
}

/* Whether a line of /proc/self/status is there. */
static bool has_status(const char *line)
{
	static char text[8192];
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t length = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[length > 0 ? length : 0] = '\0';
	return strstr(text, line);
}

/* capabilities: whether it has one, in any of the five sets. */
static int ask_capabilities(char **arguments)
{
	static const char *const sets[] = { "Inh", "Prm", "Eff", "Bnd", "Amb" };
	char line[64];

	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
		snprintf(line, sizeof(line), "\nCap%s:\t0000000000000000\n", sets[i]);
		if (!has_status(line))
			return puts("some"), 0;
	}
	puts("none");
	return 0;
}

static int not_confined(const char *why)
{
	printf("not confined: %s\n", why);
	return 1;
}

/* confined: whether all stands that `callgate run` promises in namespaces of its own and a root that holds this. */
static int ask_confined(char **arguments)
{
	static const char *const lines[] = { "\nNoNewPrivs:\t1\n",
					     "\nSeccomp:\t2\n",
					     "\nCapInh:\t0000000000000000\n",
					     "\nCapPrm:\t0000000000000000\n",
					     "\nCapEff:\t0000000000000000\n",
					     "\nCapBnd:\t0000000000000000\n",
					     "\nCapAmb:\t0000000000000000\n" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		if (!has_status(lines[i]))
			return not_confined(lines[i]);
	if (getpid() > 2 || getsid(0) != getpid() || access("/etc", F_OK) == 0 || access("/proc/3", F_OK) == 0)
		return not_confined("it is outside");
	for (int fd = 3; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return not_confined("it has a descriptor");
	puts("confined");
	return 0;
}

/* ids: real, effective and saved user and group, and how many more groups. */
static int ask_ids(char **arguments)
{
	uid_t user[3];
	gid_t group[3];

	if (getresuid(&user[0], &user[1], &user[2]) < 0 || getresgid(&group[0], &group[1], &group[2]) < 0)
		return answer(-1);
	printf("%d %d %d %d %d %d %d\n", user[0], user[1], user[2], group[0], group[1], group[2], getgroups(0, NULL));
	return 0;
}

/* securebits */
static int ask_securebits(char **arguments)
{
	printf("0x%x\n", prctl(PR_GET_SECUREBITS));
	return 0;
}

struct question {
	const char *name;
	int (*ask)(char **arguments);
	int arguments;
};

static const struct question questions[] = {
	{ "abstract", ask_abstract, 1 },
	{ "bind", ask_bind, 1 },
	{ "capabilities", ask_capabilities, 0 },
	{ "chmod", ask_chmod, 1 },
	{ "chown", ask_chown, 1 },
	{ "confined", ask_confined, 0 },
	{ "connect", ask_connect, 1 },
	{ "covered", ask_covered, 0 },
	{ "descriptors", ask_descriptors, 0 },
	{ "escape", ask_escape, 0 },
	{ "exec", ask_exec, 1 },
	{ "first", ask_first, 0 },
	{ "files", ask_files, 0 },
	{ "filter", ask_filter, 1 },
	{ "folder", ask_folder, 0 },
	{ "hostname", ask_hostname, 0 },
	{ "ids", ask_ids, 0 },
	{ "ioctl", ask_ioctl, 1 },
	{ "key", ask_key, 2 },
	{ "keyring", ask_keyring, 1 },
	{ "kill", ask_kill, 1 },
	{ "list", ask_list, 1 },
	{ "listen", ask_listen, 1 },
	{ "memory", ask_memory, 1 },
	{ "mmap", ask_mmap, 0 },
	{ "mprotect", ask_mprotect, 0 },
	{ "namespaces", ask_namespaces, 0 },
	{ "processes", ask_processes, 0 },
	{ "read", ask_read, 1 },
	{ "scan", ask_scan, 0 },
	{ "securebits", ask_securebits, 0 },
	{ "setuid", ask_setuid, 1 },
	{ "shm-find", ask_shm_find, 1 },
	{ "shm-make", ask_shm_make, 1 },
	{ "shm-remove", ask_shm_remove, 1 },
	{ "speculation", ask_speculation, 0 },
	{ "speculation-on", ask_speculation_on, 0 },
	{ "tiocsti", ask_tiocsti, 0 },
	{ "tsc", ask_tsc, 0 },
	{ "tsc-again", ask_tsc_again, 0 },
	{ "user-key", ask_user_key, 2 },
	{ "user-keyring", ask_user_keyring, 1 },
	{ "userns", ask_userns, 0 },
	{ "variable", ask_variable, 1 },
	{ "ways", ask_ways, 1 },
	{ "write", ask_write, 1 },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(questions) / sizeof(*questions); i++)
		if (strcmp(questions[i].name, argv[1]) == 0 && argc >= 2 + questions[i].arguments)
			return questions[i].ask(argv + 2);
	return 2;
}
