#include <stdio.h>

int main(void)
{
	puts("callgate " CALLGATE_VERSION);
	return 0;
}
