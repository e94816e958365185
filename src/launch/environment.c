/*
 * A variable can make a program load a library, run a command or trust a file, and which ones do so no list can tell.
 * So the environment is a list of what passes: the few that every program may see, and what the user names.
 */
#include "launch/environment.h"

#include "base/error.h"
#include "sandbox/sandbox.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A name that ends in '*' stands for all that begin so. */
static const char *const environment_safe[] = {
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "TZ", "LANG", "LC_*",
};

static bool environment_matches(const char *pattern, const char *name, size_t length)
{
	size_t pattern_length = strlen(pattern);

	if (pattern_length > 0 && pattern[pattern_length - 1] == '*')
		return length >= pattern_length - 1 && memcmp(pattern, name, pattern_length - 1) == 0;
	return length == pattern_length && memcmp(pattern, name, length) == 0;
}

static bool environment_has(const char *const *names, size_t count, const char *name, size_t length)
{
	for (size_t i = 0; i < count; i++)
		if (environment_matches(names[i], name, length))
			return true;
	return false;
}

static bool environment_safe_has(const char *name, size_t length)
{
	return environment_has(environment_safe, sizeof(environment_safe) / sizeof(*environment_safe), name, length);
}

bool callgate_environment_is_safe(const char *name)
{
	return environment_safe_has(name, strlen(name));
}

/* Whether one of the settings, from the given one on, gives this variable a value. */
static bool environment_is_set(const struct callgate_sandbox *sandbox, size_t from, const char *name, size_t length)
{
	for (size_t i = from; i < sandbox->setenv.length; i++)
		if (strcspn(sandbox->setenv.items[i], "=") == length &&
		    memcmp(sandbox->setenv.items[i], name, length) == 0)
			return true;
	return false;
}

static bool environment_passes(const struct callgate_sandbox *sandbox, const char *variable)
{
	size_t length = strcspn(variable, "=");

	if (environment_is_set(sandbox, 0, variable, length))
		return false;
	return (!sandbox->clearenv && environment_safe_has(variable, length)) ||
	       environment_has(sandbox->env.items, sandbox->env.length, variable, length);
}

int environment_choose(const struct callgate_run_options *options, const char ***ret_environment,
		       struct callgate_error *err)
{
	static const struct callgate_sandbox nothing_set = { 0 };
	const struct callgate_sandbox *sandbox = options->sandbox ? options->sandbox : &nothing_set;
	size_t count = sandbox->setenv.length + 1;
	const char **chosen;

	for (const char *const *variable = options->environment; variable && *variable; variable++)
		count++;
	chosen = calloc(count, sizeof(*chosen));
	if (!chosen)
		return fail_nomem(err);
	count = 0;
	for (const char *const *variable = options->environment; variable && *variable; variable++)
		if (environment_passes(sandbox, *variable))
			chosen[count++] = *variable;
	for (size_t i = 0; i < sandbox->setenv.length; i++) {
		const char *set = sandbox->setenv.items[i];

		if (!environment_is_set(sandbox, i + 1, set, strcspn(set, "=")))
			chosen[count++] = set;
	}
	*ret_environment = chosen;
	return CALLGATE_OK;
}

void callgate_environment_clear(const char *const *keep, size_t keep_count)
{
	char **kept = environ;

	for (char **variable = environ; variable && *variable; variable++) {
		size_t length = strcspn(*variable, "=");

		if (environment_safe_has(*variable, length) || environment_has(keep, keep_count, *variable, length))
			*kept++ = *variable;
	}
	if (kept)
		*kept = NULL;
}
