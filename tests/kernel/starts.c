/*
 * Starts, says so, and ends: by itself, by abort(), or by a call that @base does not hold. It is compiled against glibc
 * and against musl.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char name[] = "true";
	char *program[] = { name, NULL };
	char *none[] = { NULL };
	char *memory = malloc(1 << 20);

	if (!memory)
		return 2;
	memset(memory, 'x', 1 << 20);
	puts("# started");
	fflush(stdout);
	free(memory);
	if (argc < 2)
		return 7;
	if (strcmp(argv[1], "abort") == 0)
		abort();
	if (strcmp(argv[1], "socket") == 0)
		return socket(AF_INET, SOCK_STREAM, 0) < 0;
	if (strcmp(argv[1], "create") == 0)
		return fopen("/tmp/callgate-starts", "w") == NULL;
	execve("/bin/true", program, none);
	return 1;
}
