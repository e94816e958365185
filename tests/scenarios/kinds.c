/* A little of everything that a C program does: files, memory, threads, signals, processes, sockets, time, pointers to
 * functions, and the C library's indirect call. -DSTILL leaves out what a static program cannot do. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int steps;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static sigjmp_buf back;

static void count(int signal)
{
	(void)signal;
	steps++;
}

static void leap(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

static void *thread(void *data)
{
	pthread_mutex_lock(&lock);
	*(int *)data = 1;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	return data;
}

static int by_value(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int work_files(void)
{
	char text[] = "ab\n";
	struct iovec parts[2] = { { text, 1 }, { text + 1, 2 } };
	struct stat status;
	int fd = open("kinds.file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	FILE *file;
	DIR *folder;

	if (fd < 0 || writev(fd, parts, 2) != 3 || lseek(fd, 0, SEEK_SET) != 0 || fstat(fd, &status) != 0 ||
	    ftruncate(fd, 100) != 0 || fsync(fd) != 0 || fchmod(fd, 0644) != 0 || pwrite(fd, "c", 1, 5) != 1)
		return 1;
	close(dup2(dup(fd), 100));
	close(fd);
	rename("kinds.file", "kinds.other");
	symlink("kinds.other", "kinds.link");
	file = fopen("kinds.link", "r");
	if (!file || fgetc(file) != 'a' || fclose(file) != 0)
		return 1;
	folder = opendir(".");
	while (folder && readdir(folder))
		;
	closedir(folder);
	mkdir("kinds.folder", 0700);
	rmdir("kinds.folder");
	unlink("kinds.link");
	unlink("kinds.other");
	return access("kinds.other", F_OK) == 0;
}

static int work_memory(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *large = malloc(1 << 20);

	if (page == MAP_FAILED || !large)
		return 1;
	large = realloc(large, 4 << 20);
	page = mremap(page, 8192, 16384, MREMAP_MAYMOVE);
	if (page == MAP_FAILED || mprotect(page, 4096, PROT_READ) != 0 || madvise(page, 4096, MADV_DONTNEED) != 0)
		return 1;
	free(large);
	return munmap(page, 16384);
}

static int work_threads(void)
{
	pthread_t threads[3];
	int done[3] = { 0 };

	for (int i = 0; i < 3; i++)
		if (pthread_create(&threads[i], NULL, thread, &done[i]) != 0)
			return 1;
	pthread_mutex_lock(&lock);
	while (!done[0])
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	return !(done[0] && done[1] && done[2]);
}

static int work_signals(void)
{
	struct sigaction action = { .sa_handler = count, .sa_flags = SA_RESTART };
	sigset_t set;

	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGUSR1);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	action.sa_handler = leap;
	sigaction(SIGSEGV, &action, NULL);
	if (sigsetjmp(back, 1) == 0)
		raise(SIGSEGV);
	alarm(100);
	alarm(0);
	return steps != 2;
}

static int work_processes(void)
{
	int ends[2], status;
	char byte;
	pid_t child;

	if (pipe(ends) != 0)
		return 1;
	child = fork();
	if (child == 0) {
		close(ends[0]);
		_exit(write(ends[1], "x", 1) == 1 ? 7 : 8);
	}
	if (child < 0 || read(ends[0], &byte, 1) != 1 || waitpid(child, &status, 0) != child ||
	    WEXITSTATUS(status) != 7)
		return 1;
	return system("true");
}

static int work_sockets(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct timespec soon = { 0, 1000000 };
	struct itimerspec timer = { { 0, 0 }, { 0, 1000000 } };
	struct pollfd polled;
	fd_set set;
	int pair[2], epoll = epoll_create1(EPOLL_CLOEXEC), clock = timerfd_create(CLOCK_MONOTONIC, 0),
		     events = eventfd(0, 0);
	char text[8];
	uint64_t ticks;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 || send(pair[0], "hello", 5, MSG_NOSIGNAL) != 5)
		return 1;
	epoll_ctl(epoll, EPOLL_CTL_ADD, pair[1], &event);
	if (epoll_wait(epoll, &event, 1, 1000) != 1)
		return 1;
	polled = (struct pollfd){ pair[1], POLLIN, 0 };
	FD_ZERO(&set);
	FD_SET(pair[1], &set);
	if (poll(&polled, 1, 1000) != 1 || select(pair[1] + 1, &set, NULL, NULL, NULL) != 1)
		return 1;
	timerfd_settime(clock, 0, &timer, NULL);
	nanosleep(&soon, NULL);
	if (read(clock, &ticks, sizeof(ticks)) != sizeof(ticks) ||
	    write(events, &ticks, sizeof(ticks)) != sizeof(ticks))
		return 1;
	shutdown(pair[0], SHUT_WR);
	return recv(pair[1], text, sizeof(text), 0) != 5;
}

static int work_raw(void)
{
	struct rlimit limit;

	if (syscall(SYS_getppid) < 0 || syscall(SYS_gettid) < 0)
		return 1;
	return getrlimit(RLIMIT_NOFILE, &limit) != 0 || getpriority(PRIO_PROCESS, 0) < -20;
}

static int work_libraries(void)
{
#ifndef STILL
	void *library = dlopen("libkinds-nothing.so", RTLD_NOW);

	return library != NULL || !dlsym(RTLD_DEFAULT, "getpid");
#else
	return 0;
#endif
}

int main(void)
{
	static int (*const works[])(void) = { work_files,     work_memory,  work_threads, work_signals,
					      work_processes, work_sockets, work_raw,	  work_libraries };
	int numbers[] = { 3, 1, 2 };
	time_t now = time(NULL);

	qsort(numbers, 3, sizeof(*numbers), by_value);
	printf("%d %d %s\n", numbers[0], localtime(&now) != NULL, getenv("HOME") ? "home" : "none");
	for (unsigned i = 0; i < sizeof(works) / sizeof(*works); i++) {
		if (works[i]() != 0) {
			fprintf(stderr, "work %u failed: %s\n", i, strerror(errno));
			return 1;
		}
	}
	return 0;
}
