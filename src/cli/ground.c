/*
 * `run` and `learn` start their program in the same way, so that what was learned is what will be run: one set of
 * options, one reading of them.
 */
#include "cli/ground.h"

#include "cli/print.h"
#include "cli/verbs.h"

#include <stdlib.h>

static int ground_unpack(const char *folder, struct arguments *arguments, struct callgate_sandbox *sandbox,
			 struct callgate_error *err)
{
	struct callgate_bundle bundle;
	int status = callgate_sandbox_read_bundle(sandbox, folder, &bundle, err);

	if (status != CALLGATE_OK)
		return status;
	for (const char *const *said = bundle.notes; *said; said++)
		note("%s", *said);
	if (arguments->count == 0) {
		/* Nobody writes to them; main's words are only not const. */
		arguments->items = (char **)bundle.argv;
		while (arguments->items[arguments->count])
			arguments->count++;
	}
	return CALLGATE_OK;
}

static int ground_fill(const struct ground_options *options, struct arguments *arguments,
		       struct callgate_sandbox *sandbox, struct callgate_error *err)
{
	const char *folder = getenv("CALLGATE_PRESETS");
	int status = CALLGATE_OK;

	if (folder && *folder)
		status = callgate_sandbox_set_preset_folder(sandbox, folder, err);
	if (status == CALLGATE_OK && options->bundle)
		status = ground_unpack(options->bundle, arguments, sandbox, err);
	for (size_t i = 0; status == CALLGATE_OK && i < options->config.count; i++)
		status = callgate_sandbox_read(sandbox, options->config.items[i], err);
	for (size_t i = 0; status == CALLGATE_OK && i < options->settings.count; i++) {
		const struct option_setting *setting = &options->settings.items[i];

		status = callgate_sandbox_set(sandbox, setting->name, setting->values, setting->value_count, err);
	}
	return status;
}

int ground_prepare(const struct ground_options *options, struct arguments *arguments,
		   struct callgate_sandbox **ret_sandbox)
{
	struct callgate_error err;

	if (callgate_sandbox_new(ret_sandbox, &err) || ground_fill(options, arguments, *ret_sandbox, &err))
		return failure(&err);
	return STATUS_YES;
}

void ground_free(struct callgate_sandbox **sandbox)
{
	callgate_sandbox_free(*sandbox);
}

int ground_failure(const struct callgate_error *err)
{
	int status = failure(err);

	if (err->status == CALLGATE_E_NOT_FOUND)
		return GROUND_NOT_FOUND;
	return err->status == CALLGATE_E_NOT_EXECUTABLE ? GROUND_NOT_EXECUTABLE : status;
}
