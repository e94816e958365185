/*
 * replay FOLDER: stands in for libFuzzer where there is none. Every file of the folder goes through the target whole,
 * cut short, and with single bytes changed; the changes are the same in every run, so that a failure can be repeated.
 * Each input lies in memory of exactly its size, so that AddressSanitizer sees the first byte that is read too far.
 */
#include "fuzz.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED_BYTES_MAX (1u << 20)
#define CUTS_MAX       150
#define CHANGES_MAX    300

static void try_copy(const uint8_t *bytes, size_t length)
{
	uint8_t *copy = malloc(length ? length : 1);

	if (!copy)
		abort();
	memcpy(copy, bytes, length);
	LLVMFuzzerTestOneInput(copy, length);
	free(copy);
}

static void try_cuts(const uint8_t *bytes, size_t length)
{
	size_t step = length / CUTS_MAX + 1;

	for (size_t cut = 0; cut < length; cut += step)
		try_copy(bytes, cut);
}

static void try_changes(uint8_t *bytes, size_t length)
{
	static const uint8_t replacements[] = { 0x00, 0xff, '\n', '"', '(', '{', '-', '9', 0x80, 'a' };
	uint32_t random = 1;

	for (unsigned i = 0; length && i < CHANGES_MAX; i++) {
		size_t at = (random = random * 1103515245 + 12345) % length;
		uint8_t saved = bytes[at];

		bytes[at] = replacements[i % sizeof(replacements)];
		try_copy(bytes, length);
		bytes[at] = saved;
	}
}

/* False when the file cannot be read whole. */
static int try_seed(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(SEED_BYTES_MAX);
	size_t length = file && bytes ? fread(bytes, 1, SEED_BYTES_MAX, file) : 0;
	int whole = file && bytes && feof(file);

	if (whole) {
		try_copy(bytes, length);
		try_cuts(bytes, length);
		try_changes(bytes, length);
	}
	free(bytes);
	if (file)
		fclose(file);
	return whole;
}

int main(int argc, char **argv)
{
	struct dirent **names = NULL;
	int count = argc == 2 ? scandir(argv[1], &names, NULL, alphasort) : -1;
	int tried = 0;
	int failed = 0;

	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", argv[1], names[i]->d_name);
		if (names[i]->d_name[0] != '.') {
			int whole = try_seed(path);

			printf("%s %d - %s, whole, cut and changed\n", whole ? "ok" : "not ok", ++tried,
			       names[i]->d_name);
			failed += !whole;
		}
		free(names[i]);
	}
	free(names);
	printf("1..%d\n", tried);
	return failed || tried == 0;
}
