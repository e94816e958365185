/*
 * What somebody hands over is recognised by what it is, not by its name: a filter is whole instructions that the
 * kernel's checker takes, and no text is that. Text that another tool's reader knows is that tool's, else a policy.
 * Input that is neither text nor a filter is reported as a broken filter, with the checker's reason.
 */
#include "filter/subject.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "diagram/action.h"
#include "diagram/meaning.h"
#include "filter/filter.h"
#include "filter/record.h"
#include "import/import.h"
#include "filter/strict.h"
#include "kernel/filters.h"
#include "kernel/process.h"
#include "lang/lang.h"
#include "prove/prove.h"

#include <byteswap.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const kind_names[] = {
	[CALLGATE_SUBJECT_ANY] = NULL,
	[CALLGATE_SUBJECT_POLICY] = "policy",
	[CALLGATE_SUBJECT_BPF] = "bpf",
	[CALLGATE_SUBJECT_OCI] = "oci",
	[CALLGATE_SUBJECT_MINIJAIL] = "minijail",
	[CALLGATE_SUBJECT_SYSTEMD] = "systemd",
	[CALLGATE_SUBJECT_KAFEL] = "kafel",
	[CALLGATE_SUBJECT_FIREJAIL] = "firejail",
	[CALLGATE_SUBJECT_STRACE] = "strace",
	[CALLGATE_SUBJECT_AUDIT] = "audit",
	[CALLGATE_SUBJECT_PROCESS] = "process",
};

enum { KINDS = sizeof(kind_names) / sizeof(kind_names[0]) };

const char *callgate_subject_kind_name(enum callgate_subject_kind kind)
{
	return (unsigned)kind < KINDS ? kind_names[kind] : NULL;
}

int callgate_subject_kind_by_name(const char *name)
{
	for (int kind = 0; kind < KINDS; kind++)
		if (kind_names[kind] && strcmp(kind_names[kind], name) == 0)
			return kind;
	return -1;
}

void subject_diagram_free(struct diagram **diagram)
{
	diagram_free(*diagram);
}

static void subject_free_pointer(struct callgate_subject **subject)
{
	callgate_subject_free(*subject);
}

void callgate_subject_free(struct callgate_subject *subject)
{
	if (!subject)
		return;
	callgate_policy_free(subject->policy);
	diagram_free(subject->diagram);
	arena_fini(&subject->arena);
	free(subject->name);
	free(subject);
}

/* Policies are text: no byte below a tab, none that ends C's strings. */
static bool is_text(const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i] < '\t' || (bytes[i] > '\r' && bytes[i] < ' '))
			return false;
	return true;
}

static void swap_bytes(struct sock_filter *insns, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		insns[i].code = bswap_16(insns[i].code);
		insns[i].k = bswap_32(insns[i].k);
	}
}

static int keep_programs(struct callgate_subject *subject, size_t count, struct callgate_error *err)
{
	subject->programs = arena_array(&subject->arena, count, sizeof(*subject->programs));
	subject->program_count = count;
	return subject->programs ? CALLGATE_OK : fail_nomem(err);
}

static int read_program(struct callgate_subject *subject, const void *bytes, size_t length, struct callgate_error *err)
{
	struct bpf_program *program;
	int status;

	if (length == 0 || length % sizeof(*program->insns)) {
		error_set(err, CALLGATE_E_INVALID, "%zu bytes are no filter: an instruction has %zu", length,
			  sizeof(*program->insns));
		error_hint(err, "a raw filter is an array of struct sock_filter; is the file whole?");
		return CALLGATE_E_INVALID;
	}
	status = keep_programs(subject, 1, err);
	if (status)
		return status;
	program = &subject->programs[0];
	program->length = length / sizeof(*program->insns);
	program->insns = arena_array(&subject->arena, program->length, sizeof(*program->insns));
	if (!program->insns)
		return fail_nomem(err);
	memcpy(program->insns, bytes, length);
	status = bpf_check(program->insns, program->length, err);
	if (status != CALLGATE_E_INVALID)
		return status;
	swap_bytes(program->insns, program->length);
	return bpf_check(program->insns, program->length, NULL) ? status : CALLGATE_OK;
}

/* Text that no other tool's is known by is a policy. */
static enum callgate_subject_kind kind_of(const void *bytes, size_t length)
{
	const struct import_dialect *dialect = record_recognise(bytes, length);

	if (!dialect && !is_text(bytes, length))
		return CALLGATE_SUBJECT_BPF;
	if (!dialect)
		dialect = import_recognise(bytes, length);
	return dialect ? (enum callgate_subject_kind)callgate_subject_kind_by_name(dialect->name)
		       : CALLGATE_SUBJECT_POLICY;
}

static int recognise(struct callgate_subject *subject, const void *bytes, size_t length,
		     const struct callgate_subject_options *options, struct callgate_error *err)
{
	subject->kind = options ? options->kind : CALLGATE_SUBJECT_ANY;
	if (subject->kind == CALLGATE_SUBJECT_ANY)
		subject->kind = kind_of(bytes, length);
	return subject->kind == CALLGATE_SUBJECT_BPF ? read_program(subject, bytes, length, err) : CALLGATE_OK;
}

static int keep_meaning(struct callgate_subject *subject, const struct callgate_subject_options *options,
			struct callgate_error *err)
{
	int status;

	subject->diagram = diagram_new(subject->nodes_max);
	if (!subject->diagram)
		return fail_nomem(err);
	status = subject_meaning(subject, NULL, subject->diagram, &subject->root, &subject->unknown);
	if (status == CALLGATE_E_LIMIT && subject->programs && options && options->may_be_unknown) {
		subject->root = DIAGRAM_NONE;
		return CALLGATE_OK;
	}
	if (status && err)
		*err = subject->unknown;
	return status;
}

/* One that has a name and nothing else; NULL without memory. */
static struct callgate_subject *subject_new(const char *name, const struct callgate_subject_options *options)
{
	struct callgate_subject *subject = calloc(1, sizeof(*subject));

	if (!subject)
		return NULL;
	subject->nodes_max = options ? options->nodes_max : 0;
	subject->name = strdup(name);
	if (subject->name)
		return subject;
	free(subject);
	return NULL;
}

static int read_policy(struct callgate_subject *subject, const char *path, const void *bytes, size_t length,
		       const struct callgate_subject_options *options, struct callgate_error *err)
{
	const struct callgate_policy_options *policy_options = options ? &options->policy : NULL;
	const struct import_dialect *dialect = import_dialect_by_name(kind_names[subject->kind]);
	struct import_source source = { .name = subject->name, .path = path, .text = bytes, .length = length };

	if (dialect && policy_options && policy_options->phase)
		return fail(err, CALLGATE_E_INVALID, "only a policy of Callgate's own has phases");
	if (!dialect)
		dialect = record_by_name(kind_names[subject->kind]);
	if (!dialect)
		return path ? callgate_policy_read(path, policy_options, &subject->policy, err)
			    : callgate_policy_parse(subject->name, bytes, length, policy_options, &subject->policy,
						    err);
	if (options) {
		source.capabilities = options->capabilities;
		source.capability_count = options->capability_count;
		source.kernel = options->kernel;
	}
	return import_read(dialect, &source, &subject->policy, err);
}

/* The path is one that a policy's includes are relative to, or NULL. */
static int subject_make(const char *name, const char *path, const void *bytes, size_t length,
			const struct callgate_subject_options *options, struct callgate_subject **ret_subject,
			struct callgate_error *err)
{
	cleanup(subject_free_pointer) struct callgate_subject *subject = subject_new(name, options);
	int status;

	if (!subject)
		return fail_nomem(err);
	status = recognise(subject, bytes, length, options, err);
	if (status) {
		error_place(err, name, 0, 0);
		return status;
	}
	if (subject->kind == CALLGATE_SUBJECT_BPF && options && options->policy.phase)
		return fail(err, CALLGATE_E_INVALID, "a raw filter has no phases");
	if (subject->kind != CALLGATE_SUBJECT_BPF)
		status = read_policy(subject, path, bytes, length, options, err);
	if (!status)
		status = keep_meaning(subject, options, err);
	if (status)
		return status;
	*ret_subject = take_ptr(subject);
	return CALLGATE_OK;
}

int callgate_subject_parse(const char *name, const void *bytes, size_t length,
			   const struct callgate_subject_options *options, struct callgate_subject **ret_subject,
			   struct callgate_error *err)
{
	return subject_make(name, NULL, bytes, length, options, ret_subject, err);
}

/* A pipe can be read once only, so that its bytes are what is parsed. */
static bool can_be_read_again(const char *path)
{
	struct stat at_path;

	return stat(path, &at_path) == 0 && S_ISREG(at_path.st_mode);
}

/* "pid:12" names a process: *ret_pid. */
static bool names_process(const char *name, pid_t *ret_pid)
{
	char *end;
	long pid;

	if (strncmp(name, "pid:", 4) != 0)
		return false;
	errno = 0;
	pid = strtol(name + 4, &end, 10);
	*ret_pid = errno || *end || name[4] < '0' || name[4] > '9' || pid > INT_MAX ? 0 : (pid_t)pid;
	return true;
}

static int read_filters(struct callgate_subject *subject, pid_t pid, struct callgate_error *err)
{
	struct kernel_filters filters;
	int status = kernel_filters_read(pid, &subject->arena, &filters, err);

	if (!status)
		status = keep_programs(subject, filters.length, err);
	for (size_t i = 0; !status && i < filters.length; i++)
		subject->programs[i] = (struct bpf_program){ filters.items[i].insns, filters.items[i].length };
	return status;
}

/* Whether there are filters, everybody may know; only to read them takes a privilege. */
static int read_process(struct callgate_subject *subject, pid_t pid, struct callgate_error *err)
{
	struct kernel_process process;
	int status = kernel_process_read(pid, &process, err);

	subject->pid = pid;
	if (status || process.seccomp == KERNEL_SECCOMP_NONE)
		return status;
	if (process.seccomp == KERNEL_SECCOMP_FILTER)
		return read_filters(subject, pid, err);
	if (process.seccomp != KERNEL_SECCOMP_STRICT)
		return fail(err, CALLGATE_E_UNSUPPORTED, "process %d is in a seccomp mode that is not known", (int)pid);
	subject->is_strict = true;
	status = keep_programs(subject, 1, err);
	return status ? status : strict_program(&subject->arena, subject->programs, err);
}

static int open_process(const char *name, pid_t pid, const struct callgate_subject_options *options,
			struct callgate_subject **ret_subject, struct callgate_error *err)
{
	cleanup(subject_free_pointer) struct callgate_subject *subject = subject_new(name, options);
	int status;

	if (!subject)
		return fail_nomem(err);
	if (pid <= 0) {
		error_set(err, CALLGATE_E_SYNTAX, "'%s' names no process", name);
		error_hint(err, "a process is pid:1234; a file of this name is ./%s", name);
		return CALLGATE_E_SYNTAX;
	}
	subject->kind = CALLGATE_SUBJECT_PROCESS;
	status = read_process(subject, pid, err);
	if (!status)
		status = keep_meaning(subject, options, err);
	if (!status)
		*ret_subject = take_ptr(subject);
	return status;
}

int callgate_subject_open(const char *name, const struct callgate_subject_options *options,
			  struct callgate_subject **ret_subject, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf bytes = { 0 };
	bool is_stdin = strcmp(name, "-") == 0;
	pid_t pid;
	int status;

	if (names_process(name, &pid))
		return open_process(name, pid, options, ret_subject, err);
	status = file_read(name, SUBJECT_BYTES_MAX, &bytes, err);
	if (status)
		return status;
	return subject_make(is_stdin ? "standard input" : name, !is_stdin && can_be_read_again(name) ? name : NULL,
			    buf_text(&bytes), bytes.length, options, ret_subject, err);
}

enum callgate_subject_kind callgate_subject_kind(const struct callgate_subject *subject)
{
	return subject->kind;
}

const char *callgate_subject_name(const struct callgate_subject *subject)
{
	return subject->name;
}

const char *callgate_subject_note(const struct callgate_subject *subject, size_t index)
{
	return subject->policy && index < subject->policy->notes.length ? subject->policy->notes.items[index] : NULL;
}

const struct callgate_policy *callgate_subject_policy(const struct callgate_subject *subject)
{
	return subject->policy;
}

size_t callgate_subject_phases(const struct callgate_subject *subject)
{
	const struct callgate_policy *policy = callgate_subject_policy(subject);

	return policy ? policy->policy->phases.length : 0;
}

size_t callgate_subject_length(const struct callgate_subject *subject)
{
	size_t length = 0;

	for (size_t i = 0; i < subject->program_count; i++)
		length += subject->programs[i].length;
	return length;
}

size_t callgate_subject_filters(const struct callgate_subject *subject)
{
	return subject->program_count;
}

const struct sock_filter *callgate_subject_filter(const struct callgate_subject *subject, size_t index,
						  size_t *ret_length)
{
	*ret_length = subject->programs[index].length;
	return subject->programs[index].insns;
}

/* What the kernel does with all of them; with none, it allows. */
static int stack_meaning(const struct callgate_subject *subject, struct diagram *diagram, uint32_t *ret_root,
			 struct callgate_error *err)
{
	uint32_t root = diagram_terminal(diagram, SECCOMP_RET_ALLOW);

	for (size_t i = 0; i < subject->program_count; i++) {
		const struct bpf_program *program = &subject->programs[i];
		uint32_t newer;
		int status = prove_lift(diagram, program->insns, program->length, &newer, err);

		if (status)
			return status;
		root = i ? diagram_stack(diagram, root, newer) : newer;
	}
	if (root == DIAGRAM_NONE)
		return fail(err, diagram_status(diagram), "the filters together have a meaning beyond the budget");
	*ret_root = root;
	return CALLGATE_OK;
}

/* A failure without a line of its own is the whole subject's. */
static int place_failure(const struct callgate_subject *subject, int status, struct callgate_error *err)
{
	if (status && err && !err->file[0])
		error_place(err, subject->name, 0, 0);
	return status;
}

int subject_meaning(const struct callgate_subject *subject, const struct callgate_filter_options *options,
		    struct diagram *diagram, uint32_t *ret_root, struct callgate_error *err)
{
	uint32_t root = DIAGRAM_NONE;
	int status;

	if (subject->policy)
		return place_failure(subject, filter_meaning(subject->policy->policy, options, diagram, ret_root, err),
				     err);
	if (options && options->arches)
		return place_failure(
			subject, fail(err, CALLGATE_E_INVALID, "the arches of a raw filter are part of its meaning"),
			err);
	status = stack_meaning(subject, diagram, &root, err);
	if (!status && options && options->has_launch_secret)
		status = diagram_with_launch(diagram, root, options->launch_secret, &root, err);
	if (!status)
		*ret_root = root;
	return place_failure(subject, status, err);
}

int subject_known(const struct callgate_subject *subject, struct callgate_error *err)
{
	if (subject->root != DIAGRAM_NONE)
		return CALLGATE_OK;
	if (err)
		*err = subject->unknown;
	return CALLGATE_E_LIMIT;
}

/* As the kernel runs a stack: from the newest, and an older filter's action counts where it overrides. */
static struct callgate_action simulate_stack(const struct callgate_subject *subject, const struct seccomp_data *data)
{
	struct callgate_action action = { SECCOMP_RET_ALLOW };

	for (size_t i = subject->program_count; i-- > 0;) {
		const struct bpf_program *program = &subject->programs[i];
		struct callgate_action returned = { diagram_action(
			bpf_simulate(program->insns, program->length, data, NULL)) };

		if (i + 1 == subject->program_count || callgate_action_overrides(returned, action))
			action = returned;
	}
	return action;
}

struct callgate_action subject_action(const struct callgate_subject *subject, const struct seccomp_data *data)
{
	struct seccomp_data in_memory = *data;
	struct diagram_input input;

	prove_exchange_halves(&in_memory);
	if (subject->root == DIAGRAM_NONE)
		return simulate_stack(subject, &in_memory);
	prove_data_to_input(&in_memory, &input);
	return (struct callgate_action){ diagram_evaluate(subject->diagram, subject->root, &input) };
}

int subject_parse_call(const char *text, struct call *ret_call, struct callgate_error *err)
{
	int status = call_parse(text, strlen(text), ret_call, NULL, err);

	if (status && err)
		error_place(err, "call", 1, err->col);
	return status;
}

int callgate_subject_simulate(const struct callgate_subject *subject, const char *call,
			      struct callgate_action *ret_action, struct callgate_error *err)
{
	struct call parsed;
	int status = subject_parse_call(call, &parsed, err);

	if (!status)
		*ret_action = subject_action(subject, &parsed.data);
	return status;
}

static const char *source_text(const struct callgate_policy *policy, const char *file)
{
	for (size_t i = 0; i < policy->sources.length; i++)
		if (strcmp(policy->sources.items[i].name, file) == 0)
			return policy->sources.items[i].text;
	return NULL;
}

static const char *line_of(const char *text, unsigned line)
{
	while (text && --line) {
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return text;
}

void subject_quote(const struct callgate_subject *subject, const struct policy_position *position, char *text,
		   size_t size)
{
	const char *start = line_of(source_text(subject->policy, position->file), position->line);
	size_t length;

	text[0] = '\0';
	if (!start)
		return;
	start += strspn(start, " \t");
	length = strcspn(start, "\r\n");
	while (length && (start[length - 1] == ' ' || start[length - 1] == '\t'))
		length--;
	snprintf(text, size, "%.*s", (int)length, start);
}

int callgate_subject_compile(const struct callgate_subject *subject, const struct callgate_filter_options *options,
			     struct callgate_filter **ret_filter, struct callgate_error *err)
{
	uint32_t root = subject->root;
	int status = subject_known(subject, err);

	if (status)
		return status;
	if (options && options->arches)
		return callgate_subject_merge(&subject, 1, options, ret_filter, err);
	/* Its meaning is there already. */
	if (options && options->has_launch_secret && subject->policy)
		status = diagram_with_doors(subject->diagram, root, subject->policy->policy, options->launch_secret,
					    &root, err);
	else if (options && options->has_launch_secret)
		status = diagram_with_launch(subject->diagram, root, options->launch_secret, &root, err);
	if (!status)
		status = filter_from_diagram(subject->diagram, root, options, ret_filter, err);
	if (status)
		diagram_clear_status(subject->diagram);
	return place_failure(subject, status, err);
}

int callgate_subject_merge(const struct callgate_subject *const *subjects, size_t count,
			   const struct callgate_filter_options *options, struct callgate_filter **ret_filter,
			   struct callgate_error *err)
{
	cleanup(subject_diagram_free) struct diagram *diagram = NULL;
	uint32_t root = DIAGRAM_NONE;

	if (!count)
		return fail(err, CALLGATE_E_INVALID, "nothing to merge");
	diagram = diagram_new(subjects[0]->nodes_max);
	if (!diagram)
		return fail_nomem(err);
	for (size_t i = 0; i < count; i++) {
		uint32_t newer;
		int status = subject_meaning(subjects[i], options, diagram, &newer, err);

		if (status)
			return status;
		root = i ? diagram_stack(diagram, root, newer) : newer;
	}
	if (root == DIAGRAM_NONE)
		return fail(err, diagram_status(diagram), "the filters together have a meaning beyond the budget");
	return filter_from_diagram(diagram, root, options, ret_filter, err);
}
