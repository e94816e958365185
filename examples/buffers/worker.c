/* worker [ATTACK]: doubles the numbers of a large buffer that it was handed as descriptor 9, in place. It stands for a
 * codec or a model: code that works on much that others sent. With ATTACK it is what such code becomes when it is taken
 * over and wants to execute what was put into the buffer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 9, PAGE = 4096 };

static const void *by_mprotect(void *buffer)
{
	return mprotect(buffer, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) ? MAP_FAILED : buffer;
}

static const void *by_second_mapping(void *buffer)
{
	return mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, BUFFER, 0);
}

/* As the loader maps a library. */
static const void *by_private_mapping(void *buffer)
{
	return mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, BUFFER, 0);
}

static const void *by_anonymous_copy(void *buffer)
{
	return mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static const void *by_memfd(void *buffer)
{
	int fd = memfd_create("copy", MFD_CLOEXEC);

	if (fd < 0 || write(fd, buffer, PAGE) != PAGE)
		return MAP_FAILED;
	return mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
}

static const void *by_file(void *buffer)
{
	int fd = open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0700);

	if (fd < 0 || write(fd, buffer, PAGE) != PAGE)
		return MAP_FAILED;
	return mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
}

static const struct attack {
	const char *name;
	const void *(*executable)(void *buffer);
} attacks[] = {
	{ "mprotect", by_mprotect },
	{ "a second mapping", by_second_mapping },
	{ "a private mapping", by_private_mapping },
	{ "an anonymous copy", by_anonymous_copy },
	{ "a memfd", by_memfd },
	{ "a file", by_file },
};

static void attack(void *buffer)
{
	const struct attack *one;

	for (one = attacks; one < attacks + sizeof(attacks) / sizeof(*attacks); one++) {
		const void *code = one->executable(buffer);
		printf("%s: %s\n", one->name, code == MAP_FAILED ? strerror(errno) : "executable");
	}
}

int main(int argc, char **argv)
{
	struct stat about;
	uint32_t *numbers;
	size_t i;

	if (fstat(BUFFER, &about) || about.st_size < PAGE)
		return 2;
	numbers = mmap(NULL, about.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, BUFFER, 0);
	if (numbers == MAP_FAILED)
		return 2;
	if (argc > 1)
		attack(numbers);
	for (i = 0; i < about.st_size / sizeof(*numbers); i++)
		numbers[i] *= 2;
	return 0;
}
