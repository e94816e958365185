/*
 * launch/environment.h - the variables that a target gets
 */
#ifndef CALLGATE_LAUNCH_ENVIRONMENT_H
#define CALLGATE_LAUNCH_ENVIRONMENT_H

#include <callgate/launch.h>

/*
 * The target's environment out of options->environment as options->sandbox says, ending in NULL. The array is the
 * caller's to free; its strings are the options'. Fails with E_NOMEM.
 */
int environment_choose(const struct callgate_run_options *options, const char ***ret_environment,
		       struct callgate_error *err);

#endif
