/*
 * sandbox/config.h - settings from files and presets
 */
#ifndef CALLGATE_SANDBOX_CONFIG_H
#define CALLGATE_SANDBOX_CONFIG_H

#include "sandbox/sandbox.h"

/* More is no configuration. */
#define CONFIG_BYTES_MAX 65536

/* The settings of a text; name is for messages. Fails as callgate_sandbox_read does. */
int config_parse(struct callgate_sandbox *sandbox, const char *name, const char *text, size_t length,
		 struct callgate_error *err);

/* The settings of a preset: NAME.yaml in the preset folder, else the one that is built in. */
int config_read_preset(struct callgate_sandbox *sandbox, const char *name, struct callgate_error *err);

#endif
