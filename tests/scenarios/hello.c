/* A small program for gcc.sh to compile. */
#include <stdio.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int main(void)
{
	int numbers[] = { 3, 1, 2 };

	qsort(numbers, 3, sizeof(*numbers), ascending);
	printf("hello: %d %d %d\n", numbers[0], numbers[1], numbers[2]);
	return 0;
}
