/*
 * The one form of an event outside of a program. fields.def is walked in both directions, so that what is written is
 * also what is read. A line that is read may be anybody's: a key of another type than it should have is an error, one
 * that is missing leaves its field empty, one that nobody knows is left alone, since later versions write more.
 */
#include "event/event.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum field_kind { FIELD_TEXT, FIELD_NUMBER, FIELD_HEX, FIELD_CLAIM, FIELD_CHOICE };

struct field {
	const char *key;
	enum field_kind kind;
	size_t offset, size; /* of the member */
	const char *(*name)(int);
};

/* Any enumeration as an int: each has its own type of function. */
static const char *name_callgate_outcome_name(int value)
{
	return callgate_outcome_name((enum callgate_outcome)value);
}

static const char *name_callgate_seen_by_name(int value)
{
	return callgate_seen_by_name((enum callgate_seen_by)value);
}

/* 64 bits of nanoseconds end in the year 2262. */
#define SECONDS_MAX 9e9
#define SECOND_NS   INT64_C(1000000000)

#define MEMBER(member) offsetof(struct callgate_refusal, member), sizeof(((struct callgate_refusal *)NULL)->member)

static const struct field fields[] = {
#define TEXT(key, member)	   { #key, FIELD_TEXT, MEMBER(member), NULL },
#define NUMBER(key, member)	   { #key, FIELD_NUMBER, MEMBER(member), NULL },
#define HEX(key, member)	   { #key, FIELD_HEX, MEMBER(member), NULL },
#define CLAIM(key, member)	   { #key, FIELD_CLAIM, MEMBER(member), NULL },
#define CHOICE(key, member, namer) { #key, FIELD_CHOICE, MEMBER(member), name_##namer },
#include "event/fields.def"
#undef TEXT
#undef NUMBER
#undef HEX
#undef CLAIM
#undef CHOICE
};

/* Beside a plain member of four bytes these are the only widths. */
_Static_assert(sizeof(enum callgate_outcome) == sizeof(uint32_t) && sizeof(enum callgate_seen_by) == sizeof(uint32_t),
	       "a choice is read and written as a number of four bytes");

static const char *const event_kinds[] = {
	[CALLGATE_EVENT_REFUSED] = "refused", [CALLGATE_EVENT_SUPPRESSED] = "suppressed",
	[CALLGATE_EVENT_STARTED] = "started", [CALLGATE_EVENT_ENDED] = "ended",
	[CALLGATE_EVENT_GAP] = "gap",
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void json_free(json_t **object)
{
	json_decref(*object);
}

#define cleanup_json cleanup(json_free)

const char *callgate_outcome_name(enum callgate_outcome outcome)
{
	static const char *const names[] = { "ended", "failed", "let-through", "answered" };

	return (size_t)outcome < COUNT(names) ? names[outcome] : NULL;
}

const char *callgate_seen_by_name(enum callgate_seen_by seen_by)
{
	static const char *const names[] = { "exit", "listener", "audit", "core" };

	return (size_t)seen_by < COUNT(names) ? names[seen_by] : NULL;
}

/* A path may be any bytes. */
static json_t *json_any(const char *text)
{
	json_t *json = json_string(text);
	cleanup_free char *copy = json ? NULL : strdup(text);

	for (char *c = copy; c && *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	return json || !copy ? json : json_string(copy);
}

/* 64 bits do not fit JSON's numbers everywhere. */
static json_t *json_hex(uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, number);
	return json_string(text);
}

static uint32_t field_number(const struct field *field, const struct callgate_refusal *refusal)
{
	uint32_t number;

	memcpy(&number, (const char *)refusal + field->offset, sizeof(number));
	return number;
}

static json_t *field_json(const struct field *field, const struct callgate_refusal *refusal)
{
	const char *at = (const char *)refusal + field->offset;
	uint64_t wide;

	switch (field->kind) {
	case FIELD_TEXT:
		return json_any(at);
	case FIELD_HEX:
		memcpy(&wide, at, sizeof(wide));
		return json_hex(wide);
	case FIELD_CLAIM:
		return json_boolean(*(const bool *)at);
	case FIELD_CHOICE:
		return json_string(field->name((int)field_number(field, refusal)));
	default:
		return json_integer(field_number(field, refusal));
	}
}

static json_t *args_json(const struct callgate_refusal *refusal)
{
	json_t *args = json_array();

	for (size_t i = 0; i < 6 && refusal->has_args; i++)
		json_array_append_new(args, json_hex(refusal->args[i]));
	return args;
}

/* A text's lines. */
static json_t *lines_json(const char *text)
{
	json_t *lines = json_array();

	while (*text) {
		size_t length = strcspn(text, "\n");

		json_array_append_new(lines, json_stringn(text, length));
		text += length + (text[length] == '\n');
	}
	return lines;
}

static json_t *edit_json(const struct callgate_edit *edit)
{
	if (!edit->rule[0])
		return json_null();
	return json_pack("{so so sI so}", "rule", json_any(edit->rule), "file", json_any(edit->file), "line",
			 (json_int_t)edit->line, "opens", lines_json(edit->opens));
}

static json_t *frame_json(const struct callgate_frame *frame)
{
	return json_pack("{so so ss so so so so sI}", "address", json_hex(frame->address), "module",
			 json_any(frame->module), "build_id", frame->build_id, "offset", json_hex(frame->offset),
			 "symbol", json_any(frame->symbol), "symbol_offset", json_hex(frame->symbol_offset), "file",
			 json_any(frame->file), "line", (json_int_t)frame->line);
}

static json_t *frames_json(const struct callgate_frame *frames, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, frame_json(&frames[i]));
	return array;
}

static int add_refusal(json_t *object, const struct callgate_event *event)
{
	const struct callgate_refusal *refusal = &event->refusal;
	char action[32];
	int failed = 0;

	callgate_action_format(refusal->explanation.action, action, sizeof(action));
	for (size_t i = 0; i < COUNT(fields); i++)
		failed |= json_object_set_new(object, fields[i].key, field_json(&fields[i], refusal));
	failed |= json_object_set_new(object, "args", args_json(refusal));
	failed |= json_object_set_new(object, "action", json_string(action));
	failed |= json_object_set_new(object, "edit", edit_json(&refusal->edit));
	failed |= json_object_set_new(object, "backtrace", frames_json(event->frames, event->frame_count));
	return failed;
}

static int add_rest(json_t *object, const struct callgate_event *event)
{
	const struct callgate_refusal *refusal = &event->refusal;
	int failed = 0;

	if (event->kind == CALLGATE_EVENT_GAP)
		failed |= json_object_set_new(object, "reason", json_any(refusal->explanation.reason));
	else
		failed |= json_object_set_new(object, "pid", json_integer(refusal->pid)) |
			  json_object_set_new(object, "program", json_any(refusal->program)) |
			  json_object_set_new(object, "policy", json_any(refusal->policy));
	if (event->kind == CALLGATE_EVENT_SUPPRESSED || event->kind == CALLGATE_EVENT_GAP)
		failed |= json_object_set_new(object, "count", json_integer((json_int_t)event->count));
	return failed;
}

/* A double holds a time of today to a quarter of a microsecond: what stands beside it makes it exact. */
static json_t *head_json(const struct callgate_event *event)
{
	int64_t time = event->refusal.time_ns;

	return json_pack("{ss sf sI}", "event", event_kinds[event->kind], "time", (double)time / 1e9, "nsec",
			 (json_int_t)(time % SECOND_NS));
}

json_t *event_json(const struct callgate_event *event)
{
	cleanup_json json_t *object = head_json(event);
	int failed = !object;

	if (!failed)
		failed = event->kind == CALLGATE_EVENT_REFUSED ? add_refusal(object, event) : add_rest(object, event);
	return failed ? NULL : take_ptr(object);
}

int callgate_event_format(const struct callgate_event *event, char **ret_line, struct callgate_error *err)
{
	cleanup_json json_t *object = event_json(event);
	char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;

	if (!line)
		return fail_nomem(err);
	*ret_line = line;
	return CALLGATE_OK;
}

char *callgate_frame_format(const struct callgate_frame *frame)
{
	cleanup_json json_t *object = frame_json(frame);

	return object ? json_dumps(object, JSON_COMPACT) : NULL;
}

static int fail_key(const char *key, struct callgate_error *err)
{
	return fail(err, CALLGATE_E_SYNTAX, "'%s' of an event is not what it should be", key);
}

/* Text of a stranger: what does not fit is cut. False when it is none. */
static bool take_text(const json_t *value, char *text, size_t size)
{
	const char *from = json_string_value(value);

	if (from)
		snprintf(text, size, "%s", from);
	return from || !value;
}

static bool take_number(const json_t *value, uint32_t *number)
{
	json_int_t wide = json_integer_value(value);

	if (!value)
		return true;
	*number = (uint32_t)wide;
	return json_is_integer(value) && wide >= 0 && wide <= UINT32_MAX;
}

static bool take_hex(const json_t *value, uint64_t *number)
{
	const char *text = json_string_value(value);
	char *end;

	if (!text)
		return !value;
	*number = strtoull(text, &end, 16);
	return text[0] == '0' && text[1] == 'x' && *end == '\0';
}

static bool take_choice(const struct field *field, const json_t *value, uint32_t *number)
{
	const char *text = json_string_value(value);

	for (uint32_t i = 0; text && field->name((int)i); i++)
		if (strcmp(text, field->name((int)i)) == 0) {
			*number = i;
			return true;
		}
	return !value;
}

static bool take_field(const struct field *field, const json_t *value, struct callgate_refusal *refusal)
{
	char *at = (char *)refusal + field->offset;
	uint32_t number = 0;
	uint64_t wide = 0;
	bool fits;

	switch (field->kind) {
	case FIELD_TEXT:
		return take_text(value, at, field->size);
	case FIELD_HEX:
		fits = take_hex(value, &wide);
		memcpy(at, &wide, sizeof(wide));
		return fits;
	case FIELD_CLAIM:
		*(bool *)at = json_is_true(value);
		return !value || json_is_boolean(value);
	case FIELD_CHOICE:
		fits = take_choice(field, value, &number);
		break;
	default:
		fits = take_number(value, &number);
		break;
	}
	memcpy(at, &number, sizeof(number));
	return fits;
}

static bool take_args(const json_t *array, struct callgate_refusal *refusal)
{
	size_t count = json_array_size(array);

	refusal->has_args = count == 6;
	for (size_t i = 0; i < count && count == 6; i++)
		if (!take_hex(json_array_get(array, i), &refusal->args[i]))
			return false;
	return !array || (json_is_array(array) && (count == 0 || count == 6));
}

static bool take_edit(const json_t *object, struct callgate_edit *edit)
{
	const json_t *opens = json_object_get(object, "opens");
	size_t length = 0;

	if (!object || json_is_null(object))
		return true;
	for (size_t i = 0; i < json_array_size(opens); i++) {
		const char *line = json_string_value(json_array_get(opens, i));

		if (!line)
			return false;
		if (length < sizeof(edit->opens))
			length += (size_t)snprintf(edit->opens + length, sizeof(edit->opens) - length, "%s%s",
						   i ? "\n" : "", line);
	}
	return json_is_object(object) && take_text(json_object_get(object, "rule"), edit->rule, sizeof(edit->rule)) &&
	       take_text(json_object_get(object, "file"), edit->file, sizeof(edit->file)) &&
	       take_number(json_object_get(object, "line"), &edit->line);
}

static bool take_frame(const json_t *object, struct callgate_frame *frame)
{
	return json_is_object(object) && take_hex(json_object_get(object, "address"), &frame->address) &&
	       take_text(json_object_get(object, "module"), frame->module, sizeof(frame->module)) &&
	       take_text(json_object_get(object, "build_id"), frame->build_id, sizeof(frame->build_id)) &&
	       take_hex(json_object_get(object, "offset"), &frame->offset) &&
	       take_text(json_object_get(object, "symbol"), frame->symbol, sizeof(frame->symbol)) &&
	       take_hex(json_object_get(object, "symbol_offset"), &frame->symbol_offset) &&
	       take_text(json_object_get(object, "file"), frame->file, sizeof(frame->file)) &&
	       take_number(json_object_get(object, "line"), &frame->line);
}

/* An event and the frames that it points to, in one piece. */
struct parsed {
	struct callgate_event event;
	struct callgate_frame frames[];
};

static struct parsed *parsed_new(const json_t *object)
{
	size_t count = json_array_size(json_object_get(object, "backtrace"));
	struct parsed *parsed;

	if (count > CALLGATE_EVENT_FRAMES_MAX)
		count = CALLGATE_EVENT_FRAMES_MAX;
	parsed = calloc(1, sizeof(*parsed) + count * sizeof(*parsed->frames));
	if (parsed) {
		parsed->event.frames = parsed->frames;
		parsed->event.frame_count = count;
	}
	return parsed;
}

static int take_kind(const json_t *object, enum callgate_event_kind *kind, struct callgate_error *err)
{
	const char *name = json_string_value(json_object_get(object, "event"));

	for (size_t i = 0; name && i < COUNT(event_kinds); i++)
		if (strcmp(event_kinds[i], name) == 0) {
			*kind = (enum callgate_event_kind)i;
			return CALLGATE_OK;
		}
	if (name)
		return fail(err, CALLGATE_E_UNKNOWN, "an event of an unknown kind");
	return fail(err, CALLGATE_E_SYNTAX, "an object without 'event'");
}

static bool take_time(const json_t *object, int64_t *time_ns)
{
	const json_t *value = json_object_get(object, "time"), *exact = json_object_get(object, "nsec");
	double seconds = json_number_value(value);
	json_int_t nsec = json_integer_value(exact);

	if (!value)
		return true;
	if (!json_is_number(value) || !(seconds >= 0 && seconds < SECONDS_MAX))
		return false;
	*time_ns = (int64_t)(seconds * 1e9 + 0.5);
	if (!exact)
		return true;
	/* The second that is meant is the one in which both come closest. */
	*time_ns = (*time_ns - nsec + SECOND_NS / 2) / SECOND_NS * SECOND_NS + nsec;
	return json_is_integer(exact) && nsec >= 0 && nsec < SECOND_NS;
}

static int take_refusal(const json_t *object, struct parsed *parsed, struct callgate_error *err)
{
	struct callgate_refusal *refusal = &parsed->event.refusal;

	for (size_t i = 0; i < COUNT(fields); i++)
		if (!take_field(&fields[i], json_object_get(object, fields[i].key), refusal))
			return fail_key(fields[i].key, err);
	if (!take_args(json_object_get(object, "args"), refusal))
		return fail_key("args", err);
	if (!take_edit(json_object_get(object, "edit"), &refusal->edit))
		return fail_key("edit", err);
	for (size_t i = 0; i < parsed->event.frame_count; i++)
		if (!take_frame(json_array_get(json_object_get(object, "backtrace"), i), &parsed->frames[i]))
			return fail_key("backtrace", err);
	return CALLGATE_OK;
}

static int take_rest(const json_t *object, struct callgate_event *event, struct callgate_error *err)
{
	const json_t *count = json_object_get(object, "count");
	uint32_t pid = 0;

	if (!take_number(json_object_get(object, "pid"), &pid))
		return fail_key("pid", err);
	event->refusal.pid = (int)pid;
	if (!take_text(json_object_get(object, "program"), event->refusal.program, sizeof(event->refusal.program)))
		return fail_key("program", err);
	if (!take_text(json_object_get(object, "policy"), event->refusal.policy, sizeof(event->refusal.policy)))
		return fail_key("policy", err);
	if (!take_text(json_object_get(object, "reason"), event->refusal.explanation.reason,
		       sizeof(event->refusal.explanation.reason)))
		return fail_key("reason", err);
	if (count && (!json_is_integer(count) || json_integer_value(count) < 0))
		return fail_key("count", err);
	event->count = (uint64_t)json_integer_value(count);
	return CALLGATE_OK;
}

int callgate_event_parse(const char *line, size_t length, struct callgate_event **ret_event, struct callgate_error *err)
{
	cleanup_json json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
	cleanup_free struct parsed *parsed = NULL;
	int status;

	if (!json_is_object(object))
		return fail(err, CALLGATE_E_SYNTAX, "not a JSON object");
	parsed = parsed_new(object);
	if (!parsed)
		return fail_nomem(err);
	status = take_kind(object, &parsed->event.kind, err);
	if (status)
		return status;
	if (!take_time(object, &parsed->event.refusal.time_ns))
		return fail_key("time", err);
	status = parsed->event.kind == CALLGATE_EVENT_REFUSED ? take_refusal(object, parsed, err)
							      : take_rest(object, &parsed->event, err);
	if (status)
		return status;
	*ret_event = &take_ptr(parsed)->event;
	return CALLGATE_OK;
}

void callgate_event_free(struct callgate_event *event)
{
	free(event);
}
