/*
 * The policy stands in the program, so that no file can be missing or exchanged. A worker does it properly: it closes
 * what it does not need, clears its environment, loads the filter for all threads, and only then reads what it was
 * given. An expression is summed up here, in place of whatever might be hostile.
 */
#include <callgate/callgate.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char policy_text[] = "kernel 6.1\n"
				  "default kill-process\n"
				  "allow read if fd == 0\n"
				  "allow write if fd in 1..2\n"
				  "allow exit_group\n";

static int confine(struct callgate_error *err)
{
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	int status = callgate_policy_parse("built in", policy_text, strlen(policy_text), NULL, &policy, err);

	if (status == CALLGATE_OK)
		status = callgate_filter_compile(policy, NULL, &filter, err);
	if (status == CALLGATE_OK)
		status = callgate_descriptors_close(NULL, 0, err);
	if (status == CALLGATE_OK) {
		callgate_environment_clear(NULL, 0);
		status = callgate_filter_load(filter, CALLGATE_LOAD_THREADS, NULL, err);
	}
	callgate_filter_free(filter);
	callgate_policy_free(policy);
	return status;
}

int main(void)
{
	struct callgate_error err;
	char text[256], answer[32];
	ssize_t length;
	long sum = 0, number = 0;

	if (confine(&err) != CALLGATE_OK) {
		fprintf(stderr, "%s:%u:%u: %s\n%s\n", err.file, err.line, err.col, err.message, err.hint);
		return 1;
	}
	length = read(STDIN_FILENO, text, sizeof(text));
	for (ssize_t i = 0; i < length; i++) {
		number = text[i] >= '0' && text[i] <= '9' ? (number * 10 + text[i] - '0') % 100000 : 0;
		if (i + 1 == length || text[i + 1] < '0' || text[i + 1] > '9')
			sum += number;
	}
	length = snprintf(answer, sizeof(answer), "%ld\n", sum);
	_exit(write(STDOUT_FILENO, answer, (size_t)length) != length);
}
