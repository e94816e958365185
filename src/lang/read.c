/*
 * Statements become rules here: names are looked up, other files are read in place. A policy is whole or it is not:
 * the handle leaves this file only after every condition of every rule was bound on every arch.
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/nearest.h"
#include "lang/lang.h"
#include "lang/syntax.h"
#include "policy/broker.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A file that is being read, and the one that includes it. */
struct frame {
	const struct frame *outer; /* NULL for the policy itself */
	const char *name;
	dev_t device; /* which file it is, whatever its name; 0 and 0 for text in memory */
	ino_t inode;
};

struct reader {
	struct callgate_policy *handle;
	struct policy *policy; /* the handle's */
	const char *group_folder;
	const char *wanted_phase; /* NULL: the policy itself */
	struct callgate_error *err;
	struct policy_phase *phase; /* whose braces we are in, or NULL */
	unsigned files;
	bool has_kernel, has_default, has_newer, has_foreign, has_arch;
};

static int fail_at(const struct reader *reader, const struct policy_position *position, int status)
{
	error_place(reader->err, position->file, position->line, position->col);
	return status;
}

static int fail_name(const struct reader *reader, const struct syntax_name *name, const char *what, const char *near)
{
	error_set(reader->err, CALLGATE_E_UNKNOWN, "unknown %s '%s'", what, name->text);
	if (near)
		error_hint(reader->err, "did you mean '%s'?", near);
	return fail_at(reader, &name->position, CALLGATE_E_UNKNOWN);
}

static int add_rule(struct reader *reader, const struct syntax_statement *statement)
{
	struct policy_rule rule = {
		.action = statement->action,
		.broker = statement->broker,
		.name_count = statement->names.length,
		.condition = statement->condition,
		.position = statement->position,
	};
	struct policy_name *names = arena_array(&reader->policy->arena, rule.name_count, sizeof(*names));
	int status;

	if (!names)
		return fail_nomem(reader->err);
	for (size_t i = 0; i < rule.name_count; i++) {
		const struct syntax_name *name = &statement->names.items[i];

		names[i] = (struct policy_name){ abi_syscall_by_name(name->text), name->position };
		if (!names[i].syscall)
			return fail_name(reader, name, "syscall", abi_syscall_nearest(name->text));
	}
	rule.names = names;
	status = policy_broker_check(&rule, reader->err);
	if (status)
		return status;
	if (reader->phase)
		return VEC_PUSH(&reader->policy->arena, &reader->phase->rules, rule) ? CALLGATE_OK
										     : fail_nomem(reader->err);
	status = policy_add_rule(reader->policy, &rule, reader->err);
	return status ? fail_at(reader, &statement->position, status) : CALLGATE_OK;
}

static int set_kernel(struct reader *reader, const struct syntax_statement *statement)
{
	uint16_t newest = ABI_KERNEL_NEWEST;

	if (statement->major > newest >> 8 || statement->minor > 255 ||
	    (statement->major == newest >> 8 && statement->minor > (newest & 0xff))) {
		error_set(reader->err, CALLGATE_E_UNKNOWN, "the tables end at Linux %u.%u", newest >> 8, newest & 0xff);
		error_hint(reader->err, "what a later kernel brought is not known here; name %u.%u or an earlier one",
			   newest >> 8, newest & 0xff);
		return fail_at(reader, &statement->position, CALLGATE_E_UNKNOWN);
	}
	reader->policy->kernel = ABI_KERNEL(statement->major, statement->minor);
	return CALLGATE_OK;
}

static int set_arches(struct reader *reader, const struct syntax_statement *statement)
{
	for (size_t i = 0; i < statement->names.length; i++) {
		const struct abi_arch *arch = abi_arch_by_name(statement->names.items[i].text);

		if (arch) {
			reader->policy->arches[arch->id] = true;
			continue;
		}
		fail_name(reader, &statement->names.items[i], "arch", NULL);
		error_hint(reader->err, "there are %s", abi_arch_names());
		return CALLGATE_E_UNKNOWN;
	}
	return CALLGATE_OK;
}

/* kernel, arch, default, newer and foreign: once each, before the rules, and never in an included file. */
static int check_place(const struct reader *reader, const struct syntax_statement *statement, const struct frame *frame,
		       bool seen)
{
	static const char *const words[] = {
		[SYNTAX_KERNEL] = "kernel", [SYNTAX_ARCH] = "arch",	  [SYNTAX_DEFAULT] = "default",
		[SYNTAX_NEWER] = "newer",   [SYNTAX_FOREIGN] = "foreign",
	};
	const char *word = words[statement->kind];

	if (frame->outer) {
		error_set(reader->err, CALLGATE_E_SYNTAX, "'%s' in an included file", word);
		error_hint(reader->err, "an included file holds rules only");
	} else if (seen) {
		error_set(reader->err, CALLGATE_E_SYNTAX, "a second '%s'", word);
	} else if (reader->policy->rules.length) {
		error_set(reader->err, CALLGATE_E_SYNTAX, "'%s' behind a rule", word);
		error_hint(reader->err, "it holds for the whole policy and stands before the first rule");
	} else {
		return CALLGATE_OK;
	}
	return fail_at(reader, &statement->position, CALLGATE_E_SYNTAX);
}

static int fail_phase(const struct reader *reader, const struct syntax_statement *statement, const char *message,
		      const char *hint)
{
	error_set(reader->err, CALLGATE_E_SYNTAX, "%s", message);
	error_hint(reader->err, "%s", hint);
	return fail_at(reader, &statement->position, CALLGATE_E_SYNTAX);
}

/* The mark's syscall; none stands for the first by which a program waits. */
static int set_mark(struct reader *reader, const struct syntax_statement *statement, struct policy_phase *phase)
{
	const char *mark = statement->mark.text;

	phase->at_marker = mark && strcmp(mark, "marker") == 0;
	phase->at_main = mark && strcmp(mark, "main") == 0;
	if (!mark || phase->at_marker || phase->at_main)
		return CALLGATE_OK;
	phase->at = abi_syscall_by_name(mark);
	return phase->at ? CALLGATE_OK : fail_name(reader, &statement->mark, "syscall", abi_syscall_nearest(mark));
}

static int begin_phase(struct reader *reader, const struct syntax_statement *statement, const struct frame *frame)
{
	struct policy_phase phase = { .name = statement->phase.text, .position = statement->position };
	int status = set_mark(reader, statement, &phase);

	phase.default_action.kind = POLICY_ALLOW;
	if (status)
		return status;
	if (frame->outer)
		return fail_phase(reader, statement, "'phase' in an included file",
				  "an included file holds rules only");
	if (reader->phase)
		return fail_phase(reader, statement, "a phase within a phase",
				  "each stands on its own, behind the rules");
	if (reader->policy->phases.length >= POLICY_PHASES_MAX)
		return fail_phase(reader, statement, "there are more than 8 phases", "each costs every call a filter");
	for (size_t i = 0; i < reader->policy->phases.length; i++)
		if (strcmp(reader->policy->phases.items[i].name, phase.name) == 0)
			return fail_phase(reader, statement, "a second phase of that name", "names tell phases apart");
	if (!VEC_PUSH(&reader->policy->arena, &reader->policy->phases, phase))
		return fail_nomem(reader->err);
	reader->phase = &reader->policy->phases.items[reader->policy->phases.length - 1];
	return CALLGATE_OK;
}

static int end_phase(struct reader *reader, const struct syntax_statement *statement, const struct frame *frame)
{
	if (!reader->phase || frame->outer)
		return fail_phase(reader, statement, "a '}' that closes nothing", "`phase NAME {` opens a phase");
	reader->phase = NULL;
	return CALLGATE_OK;
}

/* Of what stands in a policy's head a phase has but a default. */
static int set_phase_header(struct reader *reader, const struct syntax_statement *statement, const struct frame *frame)
{
	struct policy_phase *phase = reader->phase;

	if (statement->kind != SYNTAX_DEFAULT || frame->outer)
		return fail_phase(reader, statement, "this holds for the whole policy",
				  "it stands before the first rule, and not in a phase");
	if (phase->has_default || phase->rules.length)
		return fail_phase(reader, statement, "the default of a phase stands once, before its rules",
				  "what its rules do not decide gets it");
	phase->has_default = true;
	phase->default_action = statement->action;
	return CALLGATE_OK;
}

static int set_header(struct reader *reader, const struct syntax_statement *statement, const struct frame *frame)
{
	bool *seen = statement->kind == SYNTAX_KERNEL	 ? &reader->has_kernel
		     : statement->kind == SYNTAX_ARCH	 ? &reader->has_arch
		     : statement->kind == SYNTAX_DEFAULT ? &reader->has_default
		     : statement->kind == SYNTAX_NEWER	 ? &reader->has_newer
							 : &reader->has_foreign;
	int status = check_place(reader, statement, frame, *seen);

	if (status)
		return status;
	*seen = true;
	if (statement->kind == SYNTAX_KERNEL)
		return set_kernel(reader, statement);
	if (statement->kind == SYNTAX_ARCH)
		return set_arches(reader, statement);
	if (statement->kind == SYNTAX_DEFAULT) {
		reader->policy->default_action = statement->action;
		reader->policy->default_position = statement->position;
	} else if (statement->kind == SYNTAX_NEWER) {
		reader->policy->newer_action = statement->action;
		reader->policy->newer_position = statement->position;
	} else {
		reader->policy->has_foreign = true;
		reader->policy->foreign_action = statement->action;
		reader->policy->foreign_position = statement->position;
	}
	return CALLGATE_OK;
}

static int read_text(struct reader *reader, const struct frame *frame, const char *text, size_t length);

static int add_source(struct reader *reader, const char *name, const char *text, size_t length)
{
	struct lang_source source = { name, text, length };

	if (!VEC_PUSH(&reader->policy->arena, &reader->handle->sources, source))
		return fail_nomem(reader->err);
	return CALLGATE_OK;
}

static int open_source(struct reader *reader, const char *path, struct frame *frame, int *ret_fd)
{
	cleanup_fd int fd =
		strcmp(path, "-") == 0 ? fcntl(0, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat info;

	if (fd < 0 || fstat(fd, &info))
		return fail_errno(reader->err, "cannot read '%s'", path);
	frame->device = info.st_dev;
	frame->inode = info.st_ino;
	*ret_fd = take_fd(fd);
	return CALLGATE_OK;
}

static int check_cycle(const struct reader *reader, const struct frame *frame)
{
	unsigned depth = 0;

	for (const struct frame *outer = frame->outer; outer; outer = outer->outer) {
		if (outer->device == frame->device && outer->inode == frame->inode) {
			error_set(reader->err, CALLGATE_E_SYNTAX, "'%s' includes itself", frame->name);
			error_hint(reader->err, "it is being read already, as '%s'", outer->name);
			return CALLGATE_E_SYNTAX;
		}
		if (++depth > LANG_INCLUDE_DEPTH_MAX)
			return fail(reader->err, CALLGATE_E_LIMIT, "files include each other more than %d deep",
				    LANG_INCLUDE_DEPTH_MAX);
	}
	if (reader->files > LANG_FILES_MAX)
		return fail(reader->err, CALLGATE_E_LIMIT, "more than %d files are included", LANG_FILES_MAX);
	return CALLGATE_OK;
}

/* Reads a file whole and then its statements. at is where it is included, NULL for the policy itself. */
static int read_file(struct reader *reader, const char *path, const struct frame *outer,
		     const struct policy_position *at)
{
	cleanup(buf_fini) struct buf bytes = { 0 };
	cleanup_fd int fd = -1;
	struct frame frame = { .outer = outer };
	const char *text;
	int status;

	frame.name = arena_strdup(&reader->policy->arena, strcmp(path, "-") == 0 ? "<stdin>" : path);
	if (!frame.name)
		return fail_nomem(reader->err);
	reader->files++;
	status = open_source(reader, path, &frame, &fd);
	if (!status)
		status = check_cycle(reader, &frame);
	if (!status)
		status = file_read_fd(fd, frame.name, LEX_FILE_MAX, &bytes, reader->err);
	if (status && at)
		return fail_at(reader, at, status);
	if (status)
		return status;
	text = arena_strndup(&reader->policy->arena, buf_text(&bytes), bytes.length);
	if (!text)
		return fail_nomem(reader->err);
	return read_text(reader, &frame, text, bytes.length);
}

/* "@base" is a group; anything else a path from the folder of the file that includes it. */
static const char *include_path(struct reader *reader, const char *path, const struct frame *frame)
{
	const char *slash = strrchr(frame->name, '/');

	if (path[0] == '@')
		return arena_printf(&reader->policy->arena, "%s/%s.policy", reader->group_folder, path + 1);
	if (path[0] == '/' || !slash)
		return path;
	return arena_printf(&reader->policy->arena, "%.*s/%s", (int)(slash - frame->name), frame->name, path);
}

static void folder_close(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}

/* The group whose name is nearest to a wrong one, NULL when none is near or the folder cannot be read. */
static const char *nearest_group(struct reader *reader, const char *wrong)
{
	cleanup(folder_close) DIR *folder = opendir(reader->group_folder);
	struct nearest nearest = nearest_to(wrong);
	const struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		const char *end = strstr(entry->d_name, ".policy");
		const char *name =
			end ? arena_printf(&reader->policy->arena, "%.*s", (int)(end - entry->d_name), entry->d_name)
			    : NULL;

		if (name)
			nearest_try(&nearest, name);
	}
	return nearest.name;
}

static void hint_group(struct reader *reader, const char *wrong)
{
	const char *near = nearest_group(reader, wrong);

	if (near)
		error_hint(reader->err, "did you mean \"@%s\"? The groups lie in %s", near, reader->group_folder);
	else
		error_hint(reader->err, "'@%s' names a group that comes with Callgate, looked for in %s", wrong,
			   reader->group_folder);
}

static int include(struct reader *reader, const struct syntax_statement *statement, const struct frame *frame)
{
	const char *path = include_path(reader, statement->path, frame);
	bool group = statement->path[0] == '@';
	int status;

	if (!path)
		return fail_nomem(reader->err);
	if (group && (strchr(statement->path, '/') || !statement->path[1])) {
		error_set(reader->err, CALLGATE_E_SYNTAX, "'%s' is not the name of a group", statement->path);
		error_hint(reader->err, "a group is one word behind @, as in \"@base\"");
		return fail_at(reader, &statement->position, CALLGATE_E_SYNTAX);
	}
	status = read_file(reader, path, frame, &statement->position);
	if (group && status == CALLGATE_E_OS && reader->err && !reader->err->hint[0])
		hint_group(reader, statement->path + 1);
	return status;
}

static int read_statement(struct reader *reader, const struct syntax_statement *statement, const struct frame *frame)
{
	if (statement->kind == SYNTAX_PHASE)
		return begin_phase(reader, statement, frame);
	if (statement->kind == SYNTAX_PHASE_END)
		return end_phase(reader, statement, frame);
	if (!reader->phase && reader->policy->phases.length)
		return fail_phase(reader, statement, "this stands behind a phase", "phases stand last");
	if (reader->phase && statement->action.kind == POLICY_NOTIFY)
		return fail_phase(reader, statement, "a phase cannot ask a supervisor",
				  "a listener is had when a program is started, by a rule of the first part");
	if (statement->kind == SYNTAX_RULE)
		return add_rule(reader, statement);
	if (statement->kind == SYNTAX_INCLUDE)
		return include(reader, statement, frame);
	return reader->phase ? set_phase_header(reader, statement, frame) : set_header(reader, statement, frame);
}

static int read_text(struct reader *reader, const struct frame *frame, const char *text, size_t length)
{
	struct syntax_parser parser;
	int status = add_source(reader, frame->name, text, length);

	if (status)
		return status;
	status = syntax_init(&parser, frame->name, text, length, &reader->policy->arena, false, reader->err);
	while (!status) {
		struct syntax_statement statement;
		bool end;

		status = syntax_next(&parser, &statement, &end);
		if (!status && end)
			break;
		if (!status)
			status = read_statement(reader, &statement, frame);
	}
	return status;
}

static int fail_missing(const struct reader *reader, const char *word, const char *hint)
{
	error_set(reader->err, CALLGATE_E_SYNTAX, "the policy does not say its '%s'", word);
	error_hint(reader->err, "add a line like %s", hint);
	error_place(reader->err, reader->handle->sources.items[0].name, 1, 1);
	return CALLGATE_E_SYNTAX;
}

/* In place of the whole policy what is stacked on it at a phase's mark. */
static int choose_phase(struct reader *reader)
{
	struct policy *policy = reader->policy;

	for (size_t i = 0; i < policy->phases.length; i++) {
		struct policy view = policy_of_phase(policy, &policy->phases.items[i]);

		if (strcmp(policy->phases.items[i].name, reader->wanted_phase) != 0)
			continue;
		view.arena = policy->arena;
		*policy = view;
		return CALLGATE_OK;
	}
	error_set(reader->err, CALLGATE_E_UNKNOWN, "the policy has no phase '%s'", reader->wanted_phase);
	error_place(reader->err, reader->handle->sources.items[0].name, 0, 0);
	return CALLGATE_E_UNKNOWN;
}

static int finish(struct reader *reader)
{
	int status;

	if (reader->phase) {
		error_set(reader->err, CALLGATE_E_SYNTAX, "the phase '%s' is not closed", reader->phase->name);
		error_hint(reader->err, "a line with } ends it");
		return fail_at(reader, &reader->phase->position, CALLGATE_E_SYNTAX);
	}
	if (!reader->has_kernel)
		return fail_missing(reader, "kernel", "`kernel 6.1`: the release whose calls the author knew");
	if (!reader->has_default)
		return fail_missing(reader, "default",
				    "`default kill-process`: what happens to a call that no rule lists");
	if (!reader->has_arch)
		reader->policy->arches[abi_arch_native()->id] = true;
	status = policy_check(reader->policy, reader->err);
	return status || !reader->wanted_phase ? status : choose_phase(reader);
}

static int reader_init(struct reader *reader, const struct callgate_policy_options *options, struct callgate_error *err)
{
	struct policy *policy = policy_new();

	*reader = (struct reader){ .err = err, .group_folder = CALLGATE_DATADIR "/policies" };
	if (options && options->group_folder)
		reader->group_folder = options->group_folder;
	reader->wanted_phase = options ? options->phase : NULL;
	reader->handle = policy ? lang_take(policy) : NULL;
	if (!reader->handle)
		return fail_nomem(err);
	reader->policy = reader->handle->policy;
	return CALLGATE_OK;
}

/* Hands the policy over, or frees it when status or the whole of it is bad. */
static int reader_result(struct reader *reader, int status, struct callgate_policy **ret_policy)
{
	if (!status)
		status = finish(reader);
	if (status)
		callgate_policy_free(reader->handle);
	else
		*ret_policy = reader->handle;
	return status;
}

struct callgate_policy *lang_take(struct policy *policy)
{
	struct callgate_policy *handle = calloc(1, sizeof(*handle));

	if (!handle) {
		policy_free(policy);
		return NULL;
	}
	handle->policy = policy;
	return handle;
}

void callgate_policy_free(struct callgate_policy *policy)
{
	if (!policy)
		return;
	policy_free(policy->policy);
	free(policy);
}

int callgate_policy_read(const char *path, const struct callgate_policy_options *options,
			 struct callgate_policy **ret_policy, struct callgate_error *err)
{
	struct reader reader;
	int status = reader_init(&reader, options, err);

	if (status)
		return status;
	return reader_result(&reader, read_file(&reader, path, NULL, NULL), ret_policy);
}

int callgate_policy_parse(const char *name, const char *text, size_t length,
			  const struct callgate_policy_options *options, struct callgate_policy **ret_policy,
			  struct callgate_error *err)
{
	struct reader reader;
	struct frame frame = { 0 };
	const char *copy;
	int status = reader_init(&reader, options, err);

	if (status)
		return status;
	if (length > LEX_FILE_MAX) {
		callgate_policy_free(reader.handle);
		return fail(err, CALLGATE_E_LIMIT, "'%s' is larger than %d bytes", name, LEX_FILE_MAX);
	}
	frame.name = arena_strdup(&reader.policy->arena, name);
	copy = arena_strndup(&reader.policy->arena, text, length);
	status = frame.name && copy ? read_text(&reader, &frame, copy, length) : fail_nomem(err);
	return reader_result(&reader, status, ret_policy);
}
