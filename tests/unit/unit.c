/*
 * Runs the tests of one file, and stands between the library and malloc so that each allocation can be made to fail
 * in turn (the linker's --wrap).
 */
#include "unit.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct unit_file *files;
static long allocations_left = -1;
static int allocation_failed;

void unit_register(struct unit_file *file)
{
	file->next = files;
	files = file;
}

void unit_fail_allocation(long count)
{
	allocations_left = count;
	allocation_failed = 0;
}

int unit_allocation_failed(void)
{
	return allocation_failed;
}

static int allocation_fails(void)
{
	if (allocations_left < 0 || allocations_left-- > 0)
		return 0;
	allocation_failed = 1;
	return 1;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
	return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return allocation_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return allocation_fails() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = __wrap_malloc(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

/* cmocka calls a skipped test `not ok N # SKIP`, which everybody else takes for a failure. */
static ssize_t write_tap(void *cookie, const char *text, size_t size)
{
	bool skipped = size > 7 && memcmp(text, "not ok ", 7) == 0 && memmem(text, size, "# SKIP", 6);
	size_t begin = skipped ? 4 : 0;

	while (begin < size) {
		ssize_t written = write(1, text + begin, size - begin);

		if (written < 0)
			return 0;
		begin += (size_t)written;
	}
	return (ssize_t)size;
}

static void correct_tap(void)
{
	FILE *corrected = fopencookie(NULL, "w", (cookie_io_functions_t){ .write = write_tap });

	if (!corrected)
		abort();
	setvbuf(corrected, NULL, _IOLBF, BUFSIZ); /* a line a write */
	stdout = corrected;
}

int main(int argc, char **argv)
{
	/* Under nohup(1) a target would inherit that hang-ups are ignored. */
	signal(SIGHUP, SIG_DFL);
	correct_tap();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	for (const struct unit_file *file = files; file; file = file->next)
		if (argc > 1 && strcmp(file->name, argv[1]) == 0)
			return _cmocka_run_group_tests(file->name, file->tests, file->count, NULL, NULL);
	fprintf(stderr, "usage: unit FILE, one of:\n");
	for (const struct unit_file *file = files; file; file = file->next)
		fprintf(stderr, "  %s\n", file->name);
	return 2;
}
