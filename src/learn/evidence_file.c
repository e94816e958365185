/*
 * Numbers of 64 bits are hexadecimal strings: many readers of JSON have only doubles. An entry is known by its arch and
 * number; the syscall's name stands there for people.
 */
#include "learn/evidence_file.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "learn/evidence_digest.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVIDENCE_KERNEL_TEXT = 16 /* bytes of "6.18" at most */ };

static void evidence_json_free(json_t **object)
{
	json_decref(*object);
}

#define cleanup_json cleanup(evidence_json_free)

static json_t *evidence_hex(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	return json_string(text);
}

json_t *evidence_text(const char *text)
{
	cleanup(buf_fini) struct buf escaped = { 0 };
	json_t *string = json_string(text);

	if (string)
		return string;
	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		if (*at < 0x80)
			buf_putc(&escaped, (char)*at);
		else
			buf_printf(&escaped, "\\x%02x", *at);
	}
	return escaped.failed ? NULL : json_string(buf_text(&escaped));
}

static int evidence_write_line(struct buf *text, json_t *object_take, struct callgate_error *err)
{
	cleanup_json json_t *object = object_take;
	cleanup_free char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;

	if (!line)
		return fail_nomem(err);
	buf_puts(text, line);
	buf_putc(text, '\n');
	return text->failed ? fail_nomem(err) : CALLGATE_OK;
}

static json_t *evidence_phases_json(const struct evidence_entry *entry)
{
	json_t *phases = json_object();

	for (int i = 0; i < EVIDENCE_PHASE_COUNT; i++)
		if (entry->phases[i])
			json_object_set_new(phases, evidence_phase_names[i],
					    json_integer((json_int_t)entry->phases[i]));
	return phases;
}

/* [value, count, runs, first, other] */
static json_t *evidence_value_json(json_t *value, const struct evidence_value *seen)
{
	return json_pack("[o,I,i,i,i]", value, (json_int_t)seen->count, (int)seen->seen.runs, (int)seen->seen.first,
			 (int)seen->seen.other);
}

static json_t *evidence_errors_json(const struct evidence_entry *entry)
{
	json_t *errors = json_array();

	for (size_t i = 0; i < entry->errors.length; i++) {
		const struct evidence_value *error = &entry->errors.items[i];

		json_array_append_new(errors, evidence_value_json(json_integer((json_int_t)error->value), error));
	}
	return errors;
}

static json_t *evidence_arg_json(const struct abi_arg *type, unsigned position, const struct evidence_arg *arg)
{
	json_t *values = json_array();

	for (size_t i = 0; i < arg->length; i++)
		json_array_append_new(values, evidence_value_json(evidence_hex(arg->items[i].value), &arg->items[i]));
	return json_pack("{s:i,s:s,s:o,s:b}", "arg", (int)position, "name", type->name, "values", values, "many",
			 (int)arg->many);
}

static json_t *evidence_args_json(const struct evidence_entry *entry)
{
	json_t *args = json_array();

	for (unsigned i = 0; i < entry->arg_count; i++)
		if (entry->args[i].length || entry->args[i].many)
			json_array_append_new(args, evidence_arg_json(&entry->arg_types[i], i, &entry->args[i]));
	return args;
}

static json_t *evidence_sites_json(const struct evidence_entry *entry)
{
	json_t *sites = json_array();

	for (size_t i = 0; i < entry->sites.length; i++) {
		const struct evidence_site *site = &entry->sites.items[i];

		json_array_append_new(sites, json_pack("[o,o,I]", evidence_text(site->module),
						       evidence_hex(site->offset), (json_int_t)site->count));
	}
	return sites;
}

static json_t *evidence_entry_json(const struct evidence_entry *entry)
{
	char name[64];
	json_t *object;

	evidence_entry_name(entry, name, sizeof(name));
	object = json_pack("{s:o,s:s,s:s,s:o,s:I,s:s,s:I,s:[i,i,i],s:o,s:o,s:o,s:b}", "program",
			   evidence_text(entry->program->path), "build_id", entry->program->build_id, "arch",
			   entry->arch ? entry->arch->name : "unknown", "audit", evidence_hex(entry->audit), "nr",
			   (json_int_t)entry->nr, "syscall", name, "count", (json_int_t)entry->count, "runs",
			   (int)entry->seen.runs, (int)entry->seen.first, (int)entry->seen.other, "phases",
			   evidence_phases_json(entry), "args", evidence_args_json(entry), "sites",
			   evidence_sites_json(entry), "sites_many", (int)entry->sites_many);
	if (!object)
		return NULL;
	json_object_set_new(object, "answered", json_integer((json_int_t)entry->answered));
	json_object_set_new(object, "errors", entry->answered ? evidence_errors_json(entry) : json_string("unknown"));
	return object;
}

static void evidence_kernel_text(uint16_t kernel, char text[EVIDENCE_KERNEL_TEXT])
{
	snprintf(text, EVIDENCE_KERNEL_TEXT, "%d.%d", kernel >> 8, kernel & 0xff);
}

/* "openat": [0, 3, 1], up to the last that is not 0. */
static json_t *evidence_times_json(const struct evidence_times *times)
{
	json_t *object = json_object();

	for (size_t i = 0; i < times->length; i++) {
		json_t *counts = json_array();
		unsigned length = EVIDENCE_TIMES;

		while (length && !times->items[i].counts[length - 1])
			length--;
		for (unsigned j = 0; j < length; j++)
			json_array_append_new(counts, json_integer((json_int_t)times->items[i].counts[j]));
		json_object_set_new(object, times->items[i].syscall->name, counts);
	}
	return object;
}

static json_t *evidence_run_json(const struct evidence_run *run)
{
	char kernel[EVIDENCE_KERNEL_TEXT];
	json_t *object;

	evidence_kernel_text(run->kernel, kernel);
	object = json_pack("{s:s,s:s,s:o,s:o,s:s,s:I,s:b,s:b}", "run", run->id, "kernel", kernel, "host",
			   evidence_text(run->host), "libc", evidence_text(run->libc), "recorder", run->recorder,
			   "calls", (json_int_t)run->calls, "attached", (int)run->attached, "main", (int)run->has_main);
	if (object && run->times.length)
		json_object_set_new(object, "times", evidence_times_json(&run->times));
	return object;
}

int evidence_write(const struct evidence *evidence, struct buf *ret_text, struct callgate_error *err)
{
	char kernel[EVIDENCE_KERNEL_TEXT];
	int status;

	evidence_kernel_text(evidence->kernel, kernel);
	status = evidence_write_line(ret_text,
				     json_pack("{s:s,s:i,s:I,s:s,s:I,s:I}", "callgate", "evidence", "version",
					       EVIDENCE_FILE_VERSION, "runs", (json_int_t)evidence->run_list.length,
					       "kernel", kernel, "calls", (json_int_t)evidence->calls, "own_filters",
					       (json_int_t)evidence->blind.own_filters),
				     err);
	for (size_t i = 0; status == CALLGATE_OK && i < evidence->run_list.length; i++)
		status = evidence_write_line(ret_text, evidence_run_json(&evidence->run_list.items[i]), err);
	for (size_t i = 0; status == CALLGATE_OK && i < evidence->entries.length; i++)
		status = evidence_write_line(ret_text, evidence_entry_json(evidence->entries.items[i]), err);
	return status == CALLGATE_OK ? evidence_seal(ret_text, evidence->entries.length, err) : status;
}

/* A file that is being read. */
struct evidence_reader {
	const char *name;
	const char *text; /* all of it */
	unsigned line;
	struct evidence *evidence;
	uint64_t runs; /* that the head promises */
	bool ended;
	struct callgate_error *err;
};

static int reader_wrong(struct evidence_reader *reader, const char *what)
{
	int status = fail(reader->err, CALLGATE_E_SYNTAX, "this is not evidence: %s", what);

	error_place(reader->err, reader->name, reader->line, 0);
	return status;
}

static bool reader_hex(const json_t *value, uint64_t *ret_number)
{
	const char *text = json_string_value(value);
	char *end;

	if (!text || strncmp(text, "0x", 2) != 0 || !text[2])
		return false;
	errno = 0;
	*ret_number = strtoull(text + 2, &end, 16);
	return !*end && errno == 0;
}

/* A count is not negative, and leaves room for adding many of them. */
static bool reader_count(const json_t *value, uint64_t *ret_count)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > INT64_MAX / 1024)
		return false;
	*ret_count = (uint64_t)json_integer_value(value);
	return true;
}

/* "6.1" */
static bool reader_kernel(const char *text, uint16_t *ret_kernel)
{
	unsigned long major, minor;
	char *end;

	if (!text)
		return false;
	major = strtoul(text, &end, 10);
	if (end == text || *end != '.' || major > UINT8_MAX)
		return false;
	text = end + 1;
	minor = strtoul(text, &end, 10);
	if (end == text || *end || minor > UINT8_MAX)
		return false;
	*ret_kernel = ABI_KERNEL(major, minor);
	return true;
}

static int reader_head(struct evidence_reader *reader, const json_t *head)
{
	const char *magic = json_string_value(json_object_get(head, "callgate"));
	const char *kernel = json_string_value(json_object_get(head, "kernel"));
	uint64_t runs;

	if (!magic || strcmp(magic, "evidence") != 0)
		return reader_wrong(reader, "its first line is no head");
	if (json_integer_value(json_object_get(head, "version")) != EVIDENCE_FILE_VERSION) {
		int status = fail(reader->err, CALLGATE_E_UNKNOWN, "this evidence is of another version than %d",
				  EVIDENCE_FILE_VERSION);

		error_hint(reader->err, "record again, or merge with a callgate that knows it; callgate-evidence(5)");
		error_place(reader->err, reader->name, reader->line, 0);
		return status;
	}
	if (!reader_count(json_object_get(head, "runs"), &runs) || runs > EVIDENCE_RUNS_MAX ||
	    !reader_count(json_object_get(head, "calls"), &reader->evidence->calls) ||
	    !reader_count(json_object_get(head, "own_filters"), &reader->evidence->blind.own_filters) ||
	    !reader_kernel(kernel, &reader->evidence->kernel))
		return reader_wrong(reader, "its head is incomplete");
	reader->runs = runs;
	return CALLGATE_OK;
}

/* How many runs, one and another of them: what stands in the list from `at` on. */
static int reader_seen(struct evidence_reader *reader, const json_t *list, size_t at, struct evidence_seen *ret_seen)
{
	uint64_t numbers[3];

	for (size_t i = 0; i < 3; i++)
		if (!reader_count(json_array_get(list, at + i), &numbers[i]))
			return reader_wrong(reader, "it is not said in which runs something was seen");
	if (numbers[0] == 0 || numbers[0] > reader->runs || numbers[1] >= reader->runs || numbers[2] >= reader->runs ||
	    (numbers[0] == 1 && numbers[1] != numbers[2]))
		return reader_wrong(reader, "something was seen in runs that there are not");
	*ret_seen = (struct evidence_seen){ (unsigned)numbers[0], (unsigned)numbers[1], (unsigned)numbers[2] };
	return CALLGATE_OK;
}

/* Times are to be looked at: a syscall that these tables lack is passed over. */
static int reader_times(struct evidence_reader *reader, const json_t *object, struct evidence_times *times)
{
	const char *name;
	json_t *counts;

	json_object_foreach((json_t *)(uintptr_t)object, name, counts)
	{
		const struct abi_syscall *syscall = abi_syscall_by_name(name);

		if (!json_is_array(counts) || json_array_size(counts) > EVIDENCE_TIMES)
			return reader_wrong(reader, "a run's times are no list of counts");
		for (size_t i = 0; i < json_array_size(counts); i++) {
			uint64_t count;
			int status;

			if (!reader_count(json_array_get(counts, i), &count))
				return reader_wrong(reader, "a run's times are no list of counts");
			if (!syscall || !count)
				continue;
			status = evidence_add_time(reader->evidence, times, syscall, (unsigned)i, count, reader->err);
			if (status < 0)
				return status;
		}
	}
	return CALLGATE_OK;
}

static int reader_run(struct evidence_reader *reader, const json_t *object)
{
	struct evidence *evidence = reader->evidence;
	const char *id = json_string_value(json_object_get(object, "run"));
	const char *host = json_string_value(json_object_get(object, "host"));
	const char *libc = json_string_value(json_object_get(object, "libc"));
	const char *recorder = json_string_value(json_object_get(object, "recorder"));
	struct evidence_run run = { .attached = json_is_true(json_object_get(object, "attached")),
				    .has_main = json_is_true(json_object_get(object, "main")) };
	int status;

	if (!id || strlen(id) != EVIDENCE_ID_SIZE - 1 || !host || !libc || !recorder ||
	    !reader_count(json_object_get(object, "calls"), &run.calls) ||
	    !reader_kernel(json_string_value(json_object_get(object, "kernel")), &run.kernel))
		return reader_wrong(reader, "a run is incomplete");
	if (evidence->entries.length || evidence->run_list.length >= reader->runs)
		return reader_wrong(reader, "there are more runs than it says, or they stand in the wrong place");
	status = reader_times(reader, json_object_get(object, "times"), &run.times);
	if (status < 0)
		return status;
	memcpy(run.id, id, sizeof(run.id));
	run.host = arena_strdup(&evidence->arena, host);
	run.libc = arena_strdup(&evidence->arena, libc);
	run.recorder = arena_strdup(&evidence->arena, recorder);
	if (!run.host || !run.libc || !run.recorder || !VEC_PUSH(&evidence->arena, &evidence->run_list, run))
		return fail_nomem(reader->err);
	return CALLGATE_OK;
}

static int reader_values(struct evidence_reader *reader, struct evidence_arg *arg, const json_t *values)
{
	for (size_t i = 0; i < json_array_size(values); i++) {
		const json_t *list = json_array_get(values, i);
		struct evidence_value seen;
		int status;

		if (!reader_hex(json_array_get(list, 0), &seen.value) ||
		    !reader_count(json_array_get(list, 1), &seen.count))
			return reader_wrong(reader, "a value is no [\"0x…\", count, runs, first, other]");
		status = reader_seen(reader, list, 2, &seen.seen);
		if (status == CALLGATE_OK)
			status = evidence_add_seen(reader->evidence, arg, &seen, reader->err);
		if (status < 0)
			return status;
	}
	return CALLGATE_OK;
}

static int reader_args(struct evidence_reader *reader, struct evidence_entry *entry, const json_t *args)
{
	for (size_t i = 0; i < json_array_size(args); i++) {
		const json_t *arg = json_array_get(args, i);
		const json_t *values = json_object_get(arg, "values"), *many = json_object_get(arg, "many");
		uint64_t position;
		int status;

		/* What is not there would be taken for an argument that was anything. */
		if (!json_is_array(values) || !json_is_boolean(many))
			return reader_wrong(reader, "an argument lacks its \"values\" or its \"many\"");
		if (!reader_count(json_object_get(arg, "arg"), &position) || position > 5)
			return reader_wrong(reader, "an argument has no place from 0 to 5");
		if (json_is_true(many))
			entry->args[position].many = true;
		status = reader_values(reader, &entry->args[position], values);
		if (status < 0)
			return status;
	}
	return CALLGATE_OK;
}

static int reader_sites(struct evidence_reader *reader, struct evidence_entry *entry, const json_t *sites)
{
	for (size_t i = 0; i < json_array_size(sites); i++) {
		const json_t *site = json_array_get(sites, i);
		const char *name = json_string_value(json_array_get(site, 0));
		const char *module;
		uint64_t offset, count;
		int status;

		if (!name || !reader_hex(json_array_get(site, 1), &offset) ||
		    !reader_count(json_array_get(site, 2), &count))
			return reader_wrong(reader, "a site is no [\"module\", \"0x…\", count]");
		status = evidence_module(reader->evidence, name, &module, reader->err);
		if (status == CALLGATE_OK)
			status = evidence_add_site(reader->evidence, entry, module, offset, count, reader->err);
		if (status < 0)
			return status;
	}
	return CALLGATE_OK;
}

static int reader_errors(struct evidence_reader *reader, struct evidence_entry *entry, const json_t *object)
{
	const json_t *answered = json_object_get(object, "answered");
	const json_t *errors = json_object_get(object, "errors");

	if (answered && (!reader_count(answered, &entry->answered) || entry->answered > entry->count))
		return reader_wrong(reader, "an entry's \"answered\" is no count of its calls");
	if (json_is_string(errors) && (entry->answered || strcmp(json_string_value(errors), "unknown") != 0))
		return reader_wrong(reader, "an entry's \"errors\" are no list");
	for (size_t i = 0; i < json_array_size(errors); i++) {
		const json_t *list = json_array_get(errors, i);
		struct evidence_value seen;
		int status;

		if (!reader_count(json_array_get(list, 0), &seen.value) || seen.value > EVIDENCE_ERRNO_MAX ||
		    !reader_count(json_array_get(list, 1), &seen.count))
			return reader_wrong(reader, "an error is no [errno, count, runs, first, other]");
		status = reader_seen(reader, list, 2, &seen.seen);
		if (status == CALLGATE_OK)
			status = evidence_add_seen(reader->evidence, &entry->errors, &seen, reader->err);
		if (status < 0)
			return status;
	}
	return CALLGATE_OK;
}

static int reader_phases(struct evidence_reader *reader, struct evidence_entry *entry, const json_t *phases)
{
	for (int i = 0; i < EVIDENCE_PHASE_COUNT; i++) {
		const json_t *count = json_object_get(phases, evidence_phase_names[i]);

		if (count && !reader_count(count, &entry->phases[i]))
			return reader_wrong(reader, "a phase has no count");
	}
	return CALLGATE_OK;
}

static int reader_entry_fields(struct evidence_reader *reader, struct evidence_entry *entry, const json_t *object)
{
	const json_t *args = json_object_get(object, "args"), *sites = json_object_get(object, "sites");
	const json_t *phases = json_object_get(object, "phases"), *sites_many = json_object_get(object, "sites_many");
	int status;

	if (entry->count || entry->seen.runs)
		return reader_wrong(reader, "an entry stands there twice");
	if (!reader_count(json_object_get(object, "count"), &entry->count))
		return reader_wrong(reader, "an entry lacks its count");
	if (!json_is_array(args) || !json_is_array(sites) || !json_is_object(phases) || !json_is_boolean(sites_many))
		return reader_wrong(reader, "an entry lacks its \"args\", \"sites\", \"sites_many\" or \"phases\"");
	status = reader_seen(reader, json_object_get(object, "runs"), 0, &entry->seen);
	if (status < 0)
		return status;
	entry->sites_many = json_is_true(sites_many);
	status = reader_phases(reader, entry, phases);
	if (status == CALLGATE_OK)
		status = reader_errors(reader, entry, object);
	if (status == CALLGATE_OK)
		status = reader_args(reader, entry, args);
	if (status == CALLGATE_OK)
		status = reader_sites(reader, entry, sites);
	return status;
}

static int reader_entry(struct evidence_reader *reader, const json_t *object)
{
	const char *path = json_string_value(json_object_get(object, "program"));
	const char *build_id = json_string_value(json_object_get(object, "build_id"));
	struct evidence_program *program;
	struct evidence_entry *entry;
	uint64_t audit, nr;
	int status;

	if (!path || !build_id || !reader_hex(json_object_get(object, "audit"), &audit) || audit > UINT32_MAX ||
	    !reader_count(json_object_get(object, "nr"), &nr) || nr > UINT32_MAX)
		return reader_wrong(reader, "an entry lacks its program, audit or nr");
	status = evidence_program(reader->evidence, path, build_id, &program, reader->err);
	if (status == CALLGATE_OK)
		status = evidence_entry(reader->evidence, program, (uint32_t)audit, (uint32_t)nr, &entry, reader->err);
	return status == CALLGATE_OK ? reader_entry_fields(reader, entry, object) : status;
}

/* The last line: what was there to be read, and that it is what was written. */
static int reader_end(struct evidence_reader *reader, const json_t *object, const char *line)
{
	const char *said = json_string_value(json_object_get(object, "sha256"));
	char digest[EVIDENCE_DIGEST_SIZE];
	int status;

	reader->ended =
		json_integer_value(json_object_get(object, "end")) == (json_int_t)reader->evidence->entries.length &&
		reader->evidence->run_list.length == reader->runs;
	if (!reader->ended)
		return reader_wrong(reader, "entries or runs are missing");
	if (!said)
		return reader_wrong(reader, "its end lacks \"sha256\", the digest of the lines before it");
	evidence_digest(reader->text, (size_t)(line - reader->text), digest);
	if (strcmp(said, digest) == 0)
		return CALLGATE_OK;
	status = fail(reader->err, CALLGATE_E_SYNTAX,
		      "this evidence is damaged: its lines are not those whose digest stands at its end");
	error_hint(reader->err,
		   "copy it anew from where it is whole, or record again; who edited it puts into \"sha256\" "
		   "what `head -n -1 FILE | sha256sum` prints");
	error_place(reader->err, reader->name, reader->line, 0);
	return status;
}

static int reader_line(struct evidence_reader *reader, const char *text, size_t length)
{
	json_error_t wrong;
	cleanup_json json_t *object = json_loadb(text, length, JSON_REJECT_DUPLICATES, &wrong);
	const json_t *end = json_object_get(object, "end");

	if (!json_is_object(object))
		return reader_wrong(reader, "the line is no JSON object");
	if (reader->ended)
		return reader_wrong(reader, "it goes on behind its end");
	if (reader->line == 1)
		return reader_head(reader, object);
	if (json_object_get(object, "run"))
		return reader_run(reader, object);
	return end ? reader_end(reader, object, text) : reader_entry(reader, object);
}

static void evidence_discard(struct evidence **evidence)
{
	evidence_free(*evidence);
}

int evidence_parse(const char *name, const char *text, size_t length, struct evidence **ret_evidence,
		   struct callgate_error *err)
{
	cleanup(evidence_discard) struct evidence *evidence = evidence_new();
	struct evidence_reader reader = { .name = name, .text = text, .evidence = evidence, .err = err };
	const char *end = text + length;

	if (!evidence)
		return fail_nomem(err);
	for (const char *at = text; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *line_end = newline ? newline : end;
		int status;

		reader.line++;
		status = reader_line(&reader, at, (size_t)(line_end - at));
		if (status < 0)
			return status;
		at = line_end + 1;
	}
	if (!reader.ended)
		return reader_wrong(&reader, "it is cut off");
	*ret_evidence = take_ptr(evidence);
	return CALLGATE_OK;
}

int evidence_read(const char *path, struct evidence **ret_evidence, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf text = { 0 };
	int status = file_read(path, EVIDENCE_FILE_MAX, &text, err);

	return status < 0 ? status : evidence_parse(path, buf_text(&text), text.length, ret_evidence, err);
}
