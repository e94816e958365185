/* A program that does itself, first in its main, what `callgate run` does to others: it loads a phase of its policy. */
#include <callgate/callgate.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	const struct callgate_policy_options phase = { .phase = "running" };
	struct callgate_policy *policy;
	struct callgate_filter *filter;
	struct callgate_error err;

	if (callgate_policy_read("at_main.policy", &phase, &policy, &err) ||
	    callgate_filter_compile(policy, NULL, &filter, &err) ||
	    callgate_filter_load(filter, CALLGATE_LOAD_THREADS, NULL, &err)) {
		fprintf(stderr, "%s:%u: %s\n", err.file, err.line, err.message);
		return 1;
	}
	execl("/bin/sh", "sh", "-c", "echo started", (char *)NULL);
	printf("in main; a shell: %s\n", strerror(errno));
	return 0;
}
