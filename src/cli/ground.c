/*
 * `run` and `learn` start their program in the same way, so that what was learned is what will be run: one set of
 * options, one reading of them.
 */
#include "cli/ground.h"

#include "base/error.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

static int parse_fds(struct ground_options *options)
{
	struct callgate_error err;

	for (size_t i = 0; i < options->pass_fd.count; i++) {
		const char *text = options->pass_fd.items[i];
		char *end;
		long fd = strtol(text, &end, 10);

		if (text[0] < '0' || text[0] > '9' || *end || fd > INT_MAX)
			return misuse("'--pass-fd' takes the number of a descriptor, not '%s'", text);
		options->fds[i] = (int)fd;
		/* Before we open any ourselves, which must not be handed on. */
		if (fcntl(options->fds[i], F_GETFD) < 0) {
			error_set_errno(&err, "cannot keep descriptor %d", options->fds[i]);
			return failure(&err);
		}
	}
	return STATUS_YES;
}

int ground_prepare(struct ground_options *options, char **argv, struct callgate_run_options *ret_run)
{
	int status = parse_fds(options);

	if (status != STATUS_YES)
		return status;
	*ret_run = (struct callgate_run_options){
		.argv = (const char *const *)argv,
		.environment = (const char *const *)environ,
		.keep = options->env.items,
		.keep_count = options->env.count,
		.set = options->setenv.items,
		.set_count = options->setenv.count,
		.clear = options->clearenv,
		.pass_fds = options->fds,
		.pass_fd_count = options->pass_fd.count,
		.folder = options->chdir,
		.lingers = options->linger,
	};
	return STATUS_YES;
}

int ground_failure(const struct callgate_error *err)
{
	int status = failure(err);

	if (err->status == CALLGATE_E_NOT_FOUND)
		return GROUND_NOT_FOUND;
	return err->status == CALLGATE_E_NOT_EXECUTABLE ? GROUND_NOT_EXECUTABLE : status;
}
