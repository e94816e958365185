/*
 * The subject's meaning with other terminals: where it refuses, it asks. It is compiled and proved like any meaning, so
 * that what is asked is exactly what was meant to be. An errno of ENOSYS stays as it is: it is how libc is told to take
 * an older call, and no refusal worth waking somebody for; but of a policy whose `default` it is, it is the refusal.
 */
#include "filter/watch.h"

#include "base/error.h"
#include "diagram/meaning.h"
#include "filter/filter.h"
#include "lang/lang.h"

#include <errno.h>
#include <linux/seccomp.h>

enum filter_watched filter_watched(const struct filter_watch *watch, struct callgate_action action,
				   struct callgate_action before)
{
	uint32_t kind = action.ret & SECCOMP_RET_ACTION_FULL;
	bool is_fallback = kind == SECCOMP_RET_ERRNO && (action.ret & SECCOMP_RET_DATA) == ENOSYS && !watch->enosys;

	if (!callgate_action_refuses(action) || is_fallback)
		return FILTER_UNWATCHED;
	if (watch->observe || (watch->since && callgate_action_permits(before)))
		return FILTER_LET_THROUGH;
	if (kind == SECCOMP_RET_ERRNO || (kind == SECCOMP_RET_KILL_PROCESS && watch->ends))
		return FILTER_ANSWERED;
	return FILTER_UNWATCHED;
}

static uint32_t watch_combine(uint32_t action, uint32_t before, void *context)
{
	enum filter_watched watched =
		filter_watched(context, (struct callgate_action){ action }, (struct callgate_action){ before });

	return watched == FILTER_UNWATCHED ? action : SECCOMP_RET_USER_NOTIF;
}

static int watch_meaning(const struct callgate_subject *subject, const struct filter_watch *watch, uint32_t *ret_root,
			 struct callgate_error *err)
{
	struct diagram *diagram = subject->diagram;
	uint32_t before = diagram_terminal(diagram, SECCOMP_RET_KILL_PROCESS);
	int status = CALLGATE_OK;

	if (watch->since)
		status = subject_meaning(watch->since, NULL, diagram, &before, err);
	if (status)
		return status;
	*ret_root = diagram_apply(diagram, watch_combine, (void *)watch, subject->root, before);
	return *ret_root == DIAGRAM_NONE ? diagram_fail(diagram, err) : CALLGATE_OK;
}

int filter_compile_watched(const struct callgate_subject *subject, const struct callgate_filter_options *options,
			   const struct filter_watch *watch, struct callgate_filter **ret_filter,
			   struct callgate_error *err)
{
	uint32_t root = DIAGRAM_NONE;
	int status = subject_known(subject, err);

	if (!status)
		status = watch_meaning(subject, watch, &root, err);
	if (!status && options->has_launch_secret && subject->policy)
		status = diagram_with_doors(subject->diagram, root, subject->policy->policy, options->launch_secret,
					    &root, err);
	else if (!status && options->has_launch_secret)
		status = diagram_with_launch(subject->diagram, root, options->launch_secret, &root, err);
	if (!status)
		status = filter_from_diagram(subject->diagram, root, options, ret_filter, err);
	if (status)
		diagram_clear_status(subject->diagram);
	return status;
}
