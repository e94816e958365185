/* A program that gives up what it does not need, in ten lines. */
#include <callgate/callgate.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	struct callgate_policy *policy;
	struct callgate_filter *filter;
	struct callgate_error err;

	if (callgate_policy_read("confine_yourself.policy", NULL, &policy, &err) ||
	    callgate_filter_compile(policy, NULL, &filter, &err) ||
	    callgate_filter_load(filter, CALLGATE_LOAD_THREADS, NULL, &err)) {
		fprintf(stderr, "%s:%u: %s\n", err.file, err.line, err.message);
		return 1;
	}
	execl("/bin/sh", "sh", "-c", "echo started", (char *)NULL);
	printf("confined; a shell: %s\n", strerror(errno));
	return 0;
}
