/* The filter was compiled ahead of time: no library at run time, no file, nothing that could fail to parse. */
#include "no_library.h" /* callgate convert --to c -o no_library.h no_library.policy */

#include <stdio.h>

int main(void)
{
	FILE *file;

	if (callgate_confine()) {
		perror("callgate_confine");
		return 1;
	}
	file = fopen("/etc/passwd", "r");
	puts(file ? "opened" : "confined: /etc/passwd cannot be opened");
	return 0;
}
