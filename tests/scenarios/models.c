/* Ways into what the C library does only for whom asks: models.def says which of its functions ask. Each way is a
 * program of its own, -DWAY=NAME, so that nothing else in it could have asked. */
#define _FORTIFY_SOURCE 2 /* which longjmp is checked by */
#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UNUSED static __attribute__((unused))

#ifndef WAY
#define WAY group
#endif

static int spawn(const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes)
{
	char name[] = "true", *arguments[] = { name, NULL };
	pid_t child;

	if (posix_spawn(&child, "/bin/true", actions, attributes, arguments, NULL) == 0)
		waitpid(child, NULL, 0);
	return 0;
}

UNUSED int spawn_flags(short flags)
{
	struct sched_param parameters = { 0 };
	posix_spawnattr_t attributes;

	posix_spawnattr_init(&attributes);
	posix_spawnattr_setschedparam(&attributes, &parameters);
	posix_spawnattr_setflags(&attributes, flags);
	return spawn(NULL, &attributes);
}

UNUSED int spawn_session(void)
{
	return spawn_flags(POSIX_SPAWN_SETSID);
}

UNUSED int spawn_group(void)
{
	return spawn_flags(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_RESETIDS);
}

UNUSED int spawn_scheduler(void)
{
	return spawn_flags(POSIX_SPAWN_SETSCHEDULER) | spawn_flags(POSIX_SPAWN_SETSCHEDPARAM);
}

UNUSED int spawn_folder(void)
{
	posix_spawn_file_actions_t actions;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addchdir_np(&actions, "/");
	return spawn(&actions, NULL);
}

UNUSED int spawn_open_folder(void)
{
	posix_spawn_file_actions_t actions;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addfchdir_np(&actions, open("/", O_RDONLY));
	return spawn(&actions, NULL);
}

UNUSED int spawn_closed(void)
{
	posix_spawn_file_actions_t actions;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	return spawn(&actions, NULL);
}

UNUSED int spawn_terminal(void)
{
	posix_spawn_file_actions_t actions;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addtcsetpgrp_np(&actions, 0);
	return spawn(&actions, NULL);
}

UNUSED void *nothing(void *data)
{
	return data;
}

UNUSED int start_thread(pthread_attr_t *attributes)
{
	pthread_t thread;

	return pthread_create(&thread, attributes, nothing, NULL) || pthread_join(thread, NULL);
}

UNUSED int thread_scheduled(void)
{
	struct sched_param parameters = { 0 };
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attributes, SCHED_OTHER);
	pthread_attr_setschedparam(&attributes, &parameters);
	return start_thread(&attributes);
}

UNUSED int thread_placed(void)
{
	pthread_attr_t attributes;
	cpu_set_t cpus;

	sched_getaffinity(0, sizeof(cpus), &cpus);
	pthread_attr_init(&attributes);
	pthread_attr_setaffinity_np(&attributes, sizeof(cpus), &cpus);
	return start_thread(&attributes);
}

UNUSED int thread_placed_alike(void)
{
	pthread_attr_t attributes;

	pthread_getattr_np(pthread_self(), &attributes);
	pthread_attr_setstack(&attributes, aligned_alloc(4096, 1 << 20), 1 << 20);
	return start_thread(&attributes);
}

UNUSED int thread_by_default(void)
{
	pthread_attr_t attributes;

	pthread_getattr_default_np(&attributes);
	pthread_attr_setstacksize(&attributes, 1 << 20);
	return pthread_setattr_default_np(&attributes) != 0 || start_thread(NULL);
}

UNUSED int thread_priority(void)
{
	struct sched_param parameters;
	int policy;

	pthread_getschedparam(pthread_self(), &policy, &parameters);
	pthread_setschedprio(pthread_self(), 0);
	return pthread_setschedparam(pthread_self(), policy, &parameters);
}

/* Without the right to raise itself a thread does not get the lock. */
UNUSED int mutex_protected(void)
{
	pthread_mutexattr_t attributes;
	pthread_mutex_t mutex;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_PROTECT);
	pthread_mutex_init(&mutex, &attributes);
	if (pthread_mutex_lock(&mutex) == 0)
		pthread_mutex_unlock(&mutex);
	return 0;
}

UNUSED int read_later(void)
{
	char byte;
	struct aiocb block = { .aio_fildes = open("/bin/true", O_RDONLY), .aio_buf = &byte, .aio_nbytes = 1 };
	const struct aiocb *const blocks[] = { &block };

	return aio_read(&block) != 0 || aio_suspend(blocks, 1, NULL) != 0;
}

UNUSED int user_and_group(void)
{
	return setegid(getegid()) != 0 || seteuid(geteuid()) != 0;
}

UNUSED int group(void)
{
	setpgrp();
	return 0;
}

UNUSED int background(void)
{
	return daemon(1, 1);
}

UNUSED int closed_all(void)
{
	closefrom(3);
	return 0;
}

UNUSED int visit(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)path, (void)status, (void)kind, (void)where;
	return 0;
}

UNUSED int walk(void)
{
	return nftw(".", visit, 4, FTW_CHDIR);
}

UNUSED int walk_open(void)
{
	char here[] = ".", *const paths[] = { here, NULL };
	FTS *walk = fts_open(paths, FTS_PHYSICAL, NULL);

	while (walk && fts_read(walk))
		;
	return !walk || fts_close(walk);
}

/* Each thread's memory is one of its own, as long as there are few threads, or many processors. */
UNUSED void *allocate(void *data)
{
	free(malloc(1000));
	pthread_barrier_wait(data);
	return data;
}

UNUSED int threads_allocate(void)
{
	enum { THREADS = 12 };
	static pthread_barrier_t have_all;
	pthread_t threads[THREADS];

	pthread_barrier_init(&have_all, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, allocate, &have_all) != 0)
			abort();
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

UNUSED int processors_online(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN) < 1;
}

UNUSED int processors_counted(void)
{
	return get_nprocs() < 1;
}

/* What ends the program waits a while for a stream that a thread keeps. */
UNUSED void *keep_stream(void *data)
{
	puts("one line");
	flockfile(stdout);
	sem_post(data);
	for (;;)
		pause();
}

UNUSED int stream_kept(void)
{
	static sem_t is_kept;
	pthread_t thread;

	sem_init(&is_kept, 0, 0);
	if (pthread_create(&thread, NULL, keep_stream, &is_kept) != 0)
		return 1;
	while (sem_wait(&is_kept) != 0)
		;
	return 0;
}

/* From a stack for signals that lies above the frame. */
static sigjmp_buf back;

UNUSED void go_back(int number)
{
	(void)number;
	siglongjmp(back, 1);
}

UNUSED int jump_from_stack(void)
{
	static char below[1 << 16];
	char above[1 << 16];
	stack_t stack = { .ss_sp = above, .ss_size = sizeof(above) };
	struct sigaction action = { .sa_handler = go_back, .sa_flags = SA_ONSTACK };

	if (sigaltstack(&stack, NULL) != 0 || sigaction(SIGUSR1, &action, NULL) != 0)
		return 1;
	if (sigsetjmp(back, 1) == 0)
		raise(SIGUSR1);
	stack.ss_sp = below;
	if (sigaltstack(&stack, NULL) != 0)
		return 1;
	return sigsetjmp(back, 1) == 0 && raise(SIGUSR1) != 0;
}

UNUSED void expire(union sigval value)
{
	sem_post(value.sival_ptr);
}

UNUSED int timer_thread(void)
{
	static sem_t is_over;
	struct sigevent event = { .sigev_notify = SIGEV_THREAD, .sigev_value.sival_ptr = &is_over };
	struct itimerspec soon = { .it_value.tv_nsec = 1000000 };
	timer_t timer;

	event.sigev_notify_function = expire;
	sem_init(&is_over, 0, 0);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 || timer_settime(timer, 0, &soon, NULL) != 0)
		return 1;
	while (sem_wait(&is_over) != 0)
		;
	return 0;
}

UNUSED int name_later(void)
{
	struct gaicb request = { .ar_name = "127.0.0.1" }, *requests[] = { &request };

	return getaddrinfo_a(GAI_WAIT, requests, 1, NULL);
}

UNUSED int random_numbers(void)
{
	return arc4random_uniform(10) > 9;
}

int main(void)
{
	return WAY();
}
