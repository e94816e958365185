/*
 * What a program sees of being watched: how long a call takes that its policy allows, and one that it refuses with an
 *errno. It also makes refused calls at a rate, so that what was told of them can be counted.
 *
 *	watched calls ROUNDS         prints the median of nanoseconds a call, of getppid and of mkdir
 *	watched forks COUNT          prints the milliseconds that so many forks take
 *	watched rate PER_SECOND SECONDS   makes that many refused calls in each, and prints how many it made
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BATCHES = 21, STEPS = 100 /* of a second */ };

static long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static void allowed(void)
{
	syscall(SYS_getppid);
}

static void refused(void)
{
	mkdir("/no/such/folder", 0700);
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double median_of(void (*call)(void), long rounds)
{
	double taken[BATCHES];

	for (int i = 0; i < BATCHES; i++) {
		long start = now_ns();

		for (long j = 0; j < rounds; j++)
			call();
		taken[i] = (double)(now_ns() - start) / (double)rounds;
	}
	qsort(taken, BATCHES, sizeof(*taken), compare);
	return taken[BATCHES / 2];
}

static void fork_often(long count)
{
	long start = now_ns();

	for (long i = 0; i < count; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		waitpid(child, NULL, 0);
	}
	printf("forks\t%.0f\n", (double)(now_ns() - start) / 1e6);
}

static void make_at_rate(long rate, long seconds)
{
	struct timespec next;
	long made = 0;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (long step = 0; step < seconds * STEPS; step++) {
		for (long i = 0; i < rate / STEPS; i++, made++)
			refused();
		next.tv_nsec += 1000000000L / STEPS;
		next.tv_sec += next.tv_nsec / 1000000000L;
		next.tv_nsec %= 1000000000L;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	printf("made\t%ld\n", made);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "calls") == 0)
		printf("allowed\t%.0f\nrefused\t%.0f\n", median_of(allowed, atol(argv[2])),
		       median_of(refused, atol(argv[2]) / 100));
	else if (argc == 3 && strcmp(argv[1], "forks") == 0)
		fork_often(atol(argv[2]));
	else if (argc == 4 && strcmp(argv[1], "rate") == 0)
		make_at_rate(atol(argv[2]), atol(argv[3]));
	else
		return 2;
	return 0;
}
