/*
 * Reading a large program takes seconds, in which a person wonders. A file or a pipe gets none of it: there it would be
 * noise between lines that mean something.
 */
#include "cli/progress.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { PROGRESS_COLUMNS = 80 /* where the terminal does not say how many it has */ };

static bool is_shown;

static bool is_terminal(void)
{
	const char *terminal = getenv("TERM");

	return isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
}

static int columns(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : PROGRESS_COLUMNS;
}

void progress(const char *format, ...)
{
	char text[256];
	va_list args;

	if (!is_terminal())
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* A name may hold what a terminal takes for commands. */
	for (char *at = text; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = '?';
	fprintf(stderr, "\r\033[K%.*s", columns() - 1, text);
	fflush(stderr);
	is_shown = true;
}

/* What says the time beside whoever does the work. */
static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ends;
	const char *what;
	bool runs, is_over;
} ticker = { .lock = PTHREAD_MUTEX_INITIALIZER, .ends = PTHREAD_COND_INITIALIZER };

static void *ticker_run(void *unused)
{
	struct timespec until;
	unsigned long seconds = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	pthread_mutex_lock(&ticker.lock);
	while (!ticker.is_over) {
		until.tv_sec++;
		while (!ticker.is_over && pthread_cond_timedwait(&ticker.ends, &ticker.lock, &until) == 0)
			continue;
		if (!ticker.is_over)
			progress("%s: %lu s", ticker.what, ++seconds);
	}
	pthread_mutex_unlock(&ticker.lock);
	return NULL;
}

void progress_clock(const char *what)
{
	sigset_t all, old;

	if (!is_terminal() || ticker.runs)
		return;
	progress("%s: 0 s", what);
	ticker.what = what;
	ticker.is_over = false;
	/* Signals are for who does the work. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ticker.runs = pthread_create(&ticker.thread, NULL, ticker_run, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void ticker_end(void)
{
	if (!ticker.runs || pthread_equal(pthread_self(), ticker.thread))
		return;
	pthread_mutex_lock(&ticker.lock);
	ticker.is_over = true;
	pthread_cond_signal(&ticker.ends);
	pthread_mutex_unlock(&ticker.lock);
	pthread_join(ticker.thread, NULL);
	ticker.runs = false;
}

void progress_end(void)
{
	ticker_end();
	if (!is_shown)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	is_shown = false;
}
