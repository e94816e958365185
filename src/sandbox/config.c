/*
 * A configuration is the command line in another spelling: each key is a setting, each value what would stand behind
 * the option, and they apply in the order in which they stand. So there is nothing here that knows what a setting
 * means. Where the same setting is said of different things, it takes a list; where the order between different
 * settings matters, a list of mappings keeps it, and that is also how a configuration is printed.
 */
#include "sandbox/config.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

#include <callgate/subject.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

struct config {
	struct callgate_sandbox *sandbox;
	const char *name;
	yaml_document_t *document;
	struct callgate_error *err;
};

static int fail_at(const struct config *config, const yaml_node_t *node, int status)
{
	error_place(config->err, config->name, (unsigned)node->start_mark.line + 1,
		    (unsigned)node->start_mark.column + 1);
	return status;
}

static const char *scalar_of(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

/* A scalar that a C string can hold. */
static bool is_text(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE && strlen(scalar_of(node)) == node->data.scalar.length;
}

static int config_flag(const struct config *config, const struct sandbox_field *field, const yaml_node_t *node)
{
	if (is_text(node) && strcmp(scalar_of(node), "false") == 0)
		return CALLGATE_OK;
	if (!is_text(node) || strcmp(scalar_of(node), "true") != 0)
		return fail_at(config, node,
			       fail(config->err, CALLGATE_E_INVALID, "'%s' is true or false", field->name));
	if (callgate_sandbox_set(config->sandbox, field->name, NULL, 0, config->err))
		return fail_at(config, node, config->err ? config->err->status : CALLGATE_E_INVALID);
	return CALLGATE_OK;
}

/* One setting: a value, which stands for all that it takes, or a list of them. */
static int config_setting(const struct config *config, const struct sandbox_field *field, yaml_node_t *node)
{
	const char *values[CALLGATE_SANDBOX_VALUES_MAX];
	bool is_list = node->type == YAML_SEQUENCE_NODE;
	size_t length = is_list ? (size_t)(node->data.sequence.items.top - node->data.sequence.items.start) : 0;
	int status;

	if (is_list && length != field->value_count)
		return fail_at(config, node,
			       fail(config->err, CALLGATE_E_INVALID, "'%s' takes %s", field->name, field->values));
	for (size_t i = 0; i < field->value_count; i++) {
		const yaml_node_t *value = node;

		if (is_list)
			value = yaml_document_get_node(config->document, node->data.sequence.items.start[i]);
		if (!is_text(value))
			return fail_at(config, value,
				       fail(config->err, CALLGATE_E_INVALID, "'%s' takes %s", field->name,
					    field->values));
		values[i] = scalar_of(value);
	}
	status = callgate_sandbox_set(config->sandbox, field->name, values, field->value_count, config->err);
	/* What a preset says of itself has its place already. */
	if (status != CALLGATE_OK && config->err && config->err->line == 0)
		return fail_at(config, node, status);
	return status;
}

static int config_values(const struct config *config, const struct sandbox_field *field, yaml_node_t *node)
{
	int status = CALLGATE_OK;

	if (field->value_count == 0)
		return config_flag(config, field, node);
	if (node->type != YAML_SEQUENCE_NODE)
		return config_setting(config, field, node);
	for (yaml_node_item_t *item = node->data.sequence.items.start;
	     status == CALLGATE_OK && item < node->data.sequence.items.top; item++)
		status = config_setting(config, field, yaml_document_get_node(config->document, *item));
	return status;
}

static int config_mapping(const struct config *config, yaml_node_t *node)
{
	int status = CALLGATE_OK;

	if (node->type != YAML_MAPPING_NODE)
		return fail_at(config, node, fail(config->err, CALLGATE_E_SYNTAX, "settings are written NAME: VALUE"));
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     status == CALLGATE_OK && pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = yaml_document_get_node(config->document, pair->key);
		const struct sandbox_field *field;

		if (!is_text(key))
			return fail_at(config, key, fail(config->err, CALLGATE_E_SYNTAX, "a setting has a name"));
		status = sandbox_field_find(scalar_of(key), &field, config->err);
		if (status != CALLGATE_OK)
			return fail_at(config, key, status);
		status = config_values(config, field, yaml_document_get_node(config->document, pair->value));
	}
	return status;
}

static int config_document(const struct config *config)
{
	yaml_node_t *root = yaml_document_get_root_node(config->document);
	int status = CALLGATE_OK;

	if (!root)
		return CALLGATE_OK;
	if (root->type != YAML_SEQUENCE_NODE)
		return config_mapping(config, root);
	for (yaml_node_item_t *item = root->data.sequence.items.start;
	     status == CALLGATE_OK && item < root->data.sequence.items.top; item++)
		status = config_mapping(config, yaml_document_get_node(config->document, *item));
	return status;
}

static int fail_yaml(const yaml_parser_t *parser, const char *name, struct callgate_error *err)
{
	int status;

	if (parser->error == YAML_MEMORY_ERROR)
		return fail_nomem(err);
	status = fail(err, CALLGATE_E_SYNTAX, "no YAML: %s", parser->problem ? parser->problem : "cannot be read");
	error_place(err, name, (unsigned)parser->problem_mark.line + 1, (unsigned)parser->problem_mark.column + 1);
	return status;
}

/* Settings that nobody reads would be settings that nobody enforces. */
static int config_is_at_end(yaml_parser_t *parser, const char *name, struct callgate_error *err)
{
	yaml_document_t more;
	int status = CALLGATE_OK;

	if (!yaml_parser_load(parser, &more))
		return fail_yaml(parser, name, err);
	if (yaml_document_get_root_node(&more)) {
		status = fail(err, CALLGATE_E_SYNTAX, "a second document begins here");
		error_place(err, name, (unsigned)more.start_mark.line + 1, (unsigned)more.start_mark.column + 1);
		error_hint(err, "write the settings as one list, or in a file each");
	}
	yaml_document_delete(&more);
	return status;
}

int config_parse(struct callgate_sandbox *sandbox, const char *name, const char *text, size_t length,
		 struct callgate_error *err)
{
	struct callgate_error unheard;
	cleanup(yaml_parser_delete) yaml_parser_t parser = { 0 };
	yaml_document_t document;
	struct config config = { sandbox, name, &document, err ? err : &unheard };
	int status;

	if (!yaml_parser_initialize(&parser))
		return fail_nomem(err);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	if (!yaml_parser_load(&parser, &document))
		return fail_yaml(&parser, name, err);
	status = config_document(&config);
	yaml_document_delete(&document);
	return status == CALLGATE_OK ? config_is_at_end(&parser, name, config.err) : status;
}

static int config_read(struct callgate_sandbox *sandbox, const char *path, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf text = { 0 };
	int status = file_read(path, CONFIG_BYTES_MAX, &text, err);

	if (status == CALLGATE_E_OS)
		error_hint(err, "a file of settings is what --print-config prints");
	return status == CALLGATE_OK ? config_parse(sandbox, path, buf_text(&text), text.length, err) : status;
}

/* The folder that a file lies in, without a link in it; NULL for what is no file, and lies nowhere: a pipe, say. */
static int find_here(struct callgate_sandbox *sandbox, const char *path, const char **ret_here,
		     struct callgate_error *err)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	cleanup_free char *here = NULL;
	struct stat status;

	if (!folder)
		return fail_nomem(err);
	*ret_here = NULL;
	if (stat(path, &status) < 0 || !S_ISREG(status.st_mode))
		return CALLGATE_OK;
	here = realpath(folder, NULL);
	if (!here)
		return fail_errno(err, "cannot tell where '%s' lies", path);
	*ret_here = arena_strdup(&sandbox->arena, here);
	return *ret_here ? CALLGATE_OK : fail_nomem(err);
}

/* Relative paths count from the folder that the file lies in; those of a preset from where we are, whoever names it. */
int callgate_sandbox_read(struct callgate_sandbox *sandbox, const char *path, struct callgate_error *err)
{
	const char *here, *outer = sandbox->here;
	int status = find_here(sandbox, path, &here, err);

	if (status != CALLGATE_OK)
		return status;
	sandbox->here = here;
	status = config_read(sandbox, path, err);
	sandbox->here = outer;
	return status;
}

static int preset_read(struct callgate_sandbox *sandbox, const char *name, const char *path, const char *text,
		       struct callgate_error *err)
{
	const char *outer = sandbox->here;
	int status;

	sandbox->here = NULL;
	status = path ? config_read(sandbox, path, err) : config_parse(sandbox, name, text, strlen(text), err);
	sandbox->here = outer;
	return status;
}

/* "strict" */
static bool is_name(const char *name)
{
	return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

/* FOLDER/NAME.SUFFIX if it is there, else NULL and the text that is built in, which may be NULL too. Both NULL and a
 * status when memory is out. */
static int find_file(const struct callgate_sandbox *sandbox, const char *name, const char *suffix, struct arena *arena,
		     const char **ret_path, const char **ret_text, struct callgate_error *err)
{
	const char *folder = sandbox->preset_folder ? sandbox->preset_folder : CALLGATE_DATADIR "/presets";
	const char *file = arena_printf(arena, "%s.%s", name, suffix);
	const char *path = file ? arena_printf(arena, "%s/%s", folder, file) : NULL;

	if (!path)
		return fail_nomem(err);
	*ret_path = is_name(name) && access(path, F_OK) == 0 ? path : NULL;
	*ret_text = *ret_path ? NULL : sandbox_builtin(file);
	return CALLGATE_OK;
}

int config_read_preset(struct callgate_sandbox *sandbox, const char *name, struct callgate_error *err)
{
	const char *path, *text;
	int status = find_file(sandbox, name, "yaml", &sandbox->arena, &path, &text, err);

	if (status != CALLGATE_OK)
		return status;
	if (path || text)
		return preset_read(sandbox, name, path, text, err);
	status = fail(err, CALLGATE_E_UNKNOWN, "there is no preset '%s'", name);
	error_hint(err, "strict, read-only, workspace, network, judge; --config takes a file");
	return status;
}

const char *callgate_sandbox_policy(const struct callgate_sandbox *sandbox)
{
	return sandbox->policy;
}

int callgate_sandbox_open_policy(const struct callgate_sandbox *sandbox, const struct callgate_subject_options *options,
				 struct callgate_subject **ret_subject, struct callgate_error *err)
{
	cleanup(arena_fini) struct arena arena = { 0 };
	const char *path = sandbox->policy, *text = NULL;
	int status = CALLGATE_OK;

	if (!path)
		return fail(err, CALLGATE_E_INVALID, "the settings name no policy");
	if (*path == '@')
		status = find_file(sandbox, sandbox->policy + 1, "policy", &arena, &path, &text, err);
	if (status != CALLGATE_OK)
		return status;
	if (text)
		return callgate_subject_parse(sandbox->policy, text, strlen(text), options, ret_subject, err);
	return callgate_subject_open(path ? path : sandbox->policy, options, ret_subject, err);
}

/* In double quotes, as YAML and JSON have it. */
static void print_quoted(struct buf *out, const char *text)
{
	buf_puts(out, "\"");
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\u%04x", c);
		else
			buf_printf(out, "%c", c);
	}
	buf_puts(out, "\"");
}

static void print_setting(struct buf *out, const struct sandbox_setting *setting)
{
	buf_printf(out, "- %s: ", setting->field->name);
	if (setting->value_count == 0)
		buf_puts(out, "true");
	else if (setting->value_count > 1)
		buf_puts(out, "[[");
	for (size_t i = 0; i < setting->value_count; i++) {
		buf_puts(out, i ? ", " : "");
		print_quoted(out, setting->values[i]);
	}
	buf_puts(out, setting->value_count > 1 ? "]]\n" : "\n");
}

int callgate_sandbox_print(const struct callgate_sandbox *sandbox, char **ret_text, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf out = { 0 };
	char *text;

	buf_puts(&out, "# callgate run --config\n");
	for (size_t i = 0; i < sandbox->settings.length; i++)
		print_setting(&out, &sandbox->settings.items[i]);
	text = buf_take(&out);
	if (!text)
		return fail_nomem(err);
	*ret_text = text;
	return CALLGATE_OK;
}
