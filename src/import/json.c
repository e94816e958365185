/*
 * One pass over the bytes, one value at a time. Depth is counted, so that a hostile text costs no stack; what a text
 * costs in memory is bounded by its length.
 */
#include "import/json.h"

#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct parser {
	const char *name;
	const char *text;
	size_t length;
	size_t at;
	size_t line_start; /* of the line that `at` is in */
	unsigned line;
	unsigned depth;
	struct arena *arena;
	struct callgate_error *err;
};

const char *json_kind_name(enum json_kind kind)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",	     [JSON_FALSE] = "false",	 [JSON_TRUE] = "true",
		[JSON_NUMBER] = "a number",  [JSON_STRING] = "a string", [JSON_ARRAY] = "an array",
		[JSON_OBJECT] = "an object",
	};

	return names[kind];
}

static int peek(const struct parser *parser)
{
	return parser->at < parser->length ? (unsigned char)parser->text[parser->at] : -1;
}

static struct policy_position here(const struct parser *parser)
{
	return (struct policy_position){ parser->name, parser->line, (unsigned)(parser->at - parser->line_start) + 1 };
}

#define fail_here(parser, status, ...)                    \
	(error_set((parser)->err, (status), __VA_ARGS__), \
	 error_place((parser)->err, (parser)->name, (parser)->line, here(parser).col), (status))

static int fail_expected(const struct parser *parser, const char *what)
{
	int c = peek(parser);

	if (c < 0)
		return fail_here(parser, CALLGATE_E_SYNTAX, "expected %s, not the end of the text", what);
	if (c < ' ' || c > '~')
		return fail_here(parser, CALLGATE_E_SYNTAX, "expected %s, not the byte 0x%02x", what, (unsigned)c);
	return fail_here(parser, CALLGATE_E_SYNTAX, "expected %s, not '%c'", what, c);
}

static void skip_blanks(struct parser *parser)
{
	for (;; parser->at++) {
		int c = peek(parser);

		if (c == '\n') {
			parser->line++;
			parser->line_start = parser->at + 1;
		} else if (c != ' ' && c != '\t' && c != '\r') {
			return;
		}
	}
}

static int take_char(struct parser *parser, char c, const char *what)
{
	if (peek(parser) != c)
		return fail_expected(parser, what);
	parser->at++;
	return CALLGATE_OK;
}

static int hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four digits behind \u. */
static int take_unit(struct parser *parser, uint32_t *ret_unit)
{
	uint32_t unit = 0;

	for (int i = 0; i < 4; i++, parser->at++) {
		int digit = hex_digit(peek(parser));

		if (digit < 0)
			return fail_expected(parser, "four hexadecimal digits");
		unit = unit << 4 | (uint32_t)digit;
	}
	*ret_unit = unit;
	return CALLGATE_OK;
}

static char *put_utf8(char *out, uint32_t point)
{
	if (point < 0x80) {
		*out++ = (char)point;
	} else if (point < 0x800) {
		*out++ = (char)(0xc0 | point >> 6);
		*out++ = (char)(0x80 | (point & 0x3f));
	} else if (point < 0x10000) {
		*out++ = (char)(0xe0 | point >> 12);
		*out++ = (char)(0x80 | (point >> 6 & 0x3f));
		*out++ = (char)(0x80 | (point & 0x3f));
	} else {
		*out++ = (char)(0xf0 | point >> 18);
		*out++ = (char)(0x80 | (point >> 12 & 0x3f));
		*out++ = (char)(0x80 | (point >> 6 & 0x3f));
		*out++ = (char)(0x80 | (point & 0x3f));
	}
	return out;
}

/* Behind "\u": a character, maybe of two halves. */
static int take_point(struct parser *parser, char **out)
{
	uint32_t unit = 0, low = 0;
	int status = take_unit(parser, &unit);

	if (status)
		return status;
	if (unit >= 0xd800 && unit < 0xdc00 && parser->length - parser->at >= 2 &&
	    memcmp(parser->text + parser->at, "\\u", 2) == 0) {
		parser->at += 2;
		status = take_unit(parser, &low);
		if (status)
			return status;
		if (low < 0xdc00 || low > 0xdfff)
			return fail_here(parser, CALLGATE_E_SYNTAX, "half a character: no second half follows");
		unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
	} else if (unit >= 0xd800 && unit < 0xe000) {
		return fail_here(parser, CALLGATE_E_SYNTAX, "half a character");
	}
	if (unit == 0)
		return fail_here(parser, CALLGATE_E_SYNTAX, "a NUL in a string");
	*out = put_utf8(*out, unit);
	return CALLGATE_OK;
}

static int take_escape(struct parser *parser, char **out)
{
	static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
	int c = peek(parser);

	if (c == 'u') {
		parser->at++;
		return take_point(parser, out);
	}
	for (size_t i = 0; c >= 0 && i < sizeof(escapes) - 1; i += 2) {
		if (escapes[i] != c)
			continue;
		*(*out)++ = escapes[i + 1];
		parser->at++;
		return CALLGATE_OK;
	}
	return fail_expected(parser, "one of \"\\/bfnrtu behind a backslash");
}

/* The length of the well-formed sequence here (RFC 3629), 0 when it is none. */
static size_t utf8_length(const struct parser *parser)
{
	const unsigned char *s = (const unsigned char *)parser->text + parser->at;
	size_t left = parser->length - parser->at;
	size_t length = s[0] < 0x80		      ? 1
			: s[0] >= 0xc2 && s[0] < 0xe0 ? 2
			: (s[0] & 0xf0) == 0xe0	      ? 3
			: s[0] >= 0xf0 && s[0] < 0xf5 ? 4
						      : 0;

	if (!length || length > left)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return length;
}

/* Where the string ends that begins here, so that its room is known. */
static size_t string_room(const struct parser *parser)
{
	size_t at = parser->at;

	while (at < parser->length && parser->text[at] != '"')
		at += parser->text[at] == '\\' ? 2 : 1;
	return at - parser->at;
}

static int take_string(struct parser *parser, const char **ret_text)
{
	int status = take_char(parser, '"', "a string");
	char *text, *out;

	if (status)
		return status;
	/* An escape is never shorter than what it stands for. */
	text = out = arena_alloc(parser->arena, string_room(parser) + 1);
	if (!text)
		return fail_nomem(parser->err);
	while (!status && peek(parser) != '"') {
		size_t length;

		if (peek(parser) < ' ')
			return fail_expected(parser, "the end of the string");
		if (peek(parser) == '\\') {
			parser->at++;
			status = take_escape(parser, &out);
			continue;
		}
		length = utf8_length(parser);
		if (!length)
			return fail_here(parser, CALLGATE_E_SYNTAX, "the text is not UTF-8");
		memcpy(out, parser->text + parser->at, length);
		out += length;
		parser->at += length;
	}
	if (status)
		return status;
	parser->at++;
	*ret_text = text;
	return CALLGATE_OK;
}

static size_t skip_digits(struct parser *parser)
{
	size_t start = parser->at;

	while (peek(parser) >= '0' && peek(parser) <= '9')
		parser->at++;
	return parser->at - start;
}

/* RFC 8259's grammar; the spelling is kept. */
static int take_number(struct parser *parser, const char **ret_text)
{
	size_t start = parser->at, digits;
	int first;

	if (peek(parser) == '-')
		parser->at++;
	first = peek(parser);
	digits = skip_digits(parser);
	if (!digits)
		return fail_expected(parser, "a value");
	if (first == '0' && digits > 1)
		return fail_here(parser, CALLGATE_E_SYNTAX, "a number with a 0 before it");
	if (peek(parser) == '.') {
		parser->at++;
		if (!skip_digits(parser))
			return fail_expected(parser, "a digit");
	}
	if (peek(parser) == 'e' || peek(parser) == 'E') {
		parser->at++;
		if (peek(parser) == '+' || peek(parser) == '-')
			parser->at++;
		if (!skip_digits(parser))
			return fail_expected(parser, "a digit");
	}
	*ret_text = arena_strndup(parser->arena, parser->text + start, parser->at - start);
	return *ret_text ? CALLGATE_OK : fail_nomem(parser->err);
}

static int take_word(struct parser *parser, struct json_value *value)
{
	static const struct {
		const char *word;
		enum json_kind kind;
	} words[] = { { "null", JSON_NULL }, { "false", JSON_FALSE }, { "true", JSON_TRUE } };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t length = strlen(words[i].word);

		if (parser->length - parser->at < length ||
		    memcmp(parser->text + parser->at, words[i].word, length) != 0)
			continue;
		parser->at += length;
		value->kind = words[i].kind;
		return CALLGATE_OK;
	}
	value->kind = JSON_NUMBER;
	return take_number(parser, &value->text);
}

static uint32_t hash(const char *text)
{
	uint32_t sum = 2166136261u;

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 16777619u;
	return sum;
}

static void append(struct json_value *parent, struct json_value *value)
{
	if (parent->last)
		parent->last->next = value;
	else
		parent->first = value;
	parent->last = value;
	parent->count++;
}

static int take_value(struct parser *parser, struct json_value *value);

/* "key": before a value of an object. */
static int take_key(struct parser *parser, struct json_value *parent, struct json_value *value)
{
	struct policy_position position = here(parser);
	int status = take_string(parser, &value->key);

	if (status)
		return status;
	value->key_hash = hash(value->key);
	for (const struct json_value *other = parent->first; other; other = other->next) {
		if (other->key_hash != value->key_hash || strcmp(other->key, value->key) != 0)
			continue;
		error_set(parser->err, CALLGATE_E_SYNTAX, "\"%s\" for the second time in one object", value->key);
		error_hint(parser->err, "the first one is on line %u; readers differ in which they take",
			   other->position.line);
		error_place(parser->err, parser->name, position.line, position.col);
		return CALLGATE_E_SYNTAX;
	}
	if (parent->count >= JSON_KEYS_MAX)
		return fail_here(parser, CALLGATE_E_LIMIT, "an object of more than %d members", JSON_KEYS_MAX);
	skip_blanks(parser);
	status = take_char(parser, ':', "':'");
	skip_blanks(parser);
	return status;
}

static int take_items(struct parser *parser, struct json_value *parent, char end)
{
	skip_blanks(parser);
	if (peek(parser) == end) {
		parser->at++;
		return CALLGATE_OK;
	}
	for (;;) {
		struct json_value *value = arena_alloc(parser->arena, sizeof(*value));
		int status = value ? CALLGATE_OK : fail_nomem(parser->err);

		if (!status && end == '}')
			status = take_key(parser, parent, value);
		if (!status)
			status = take_value(parser, value);
		if (status)
			return status;
		append(parent, value);
		skip_blanks(parser);
		if (peek(parser) == end) {
			parser->at++;
			return CALLGATE_OK;
		}
		status = take_char(parser, ',', end == '}' ? "',' or '}'" : "',' or ']'");
		if (status)
			return status;
		skip_blanks(parser);
	}
}

static int take_value(struct parser *parser, struct json_value *value)
{
	int c = peek(parser), status;

	value->position = here(parser);
	if (c == '"') {
		value->kind = JSON_STRING;
		return take_string(parser, &value->text);
	}
	if (c != '{' && c != '[')
		return take_word(parser, value);
	if (parser->depth >= JSON_DEPTH_MAX)
		return fail_here(parser, CALLGATE_E_LIMIT, "arrays and objects lie in each other more than %d deep",
				 JSON_DEPTH_MAX);
	value->kind = c == '{' ? JSON_OBJECT : JSON_ARRAY;
	parser->at++;
	parser->depth++;
	status = take_items(parser, value, c == '{' ? '}' : ']');
	parser->depth--;
	return status;
}

int json_parse(const char *name, const char *text, size_t length, struct arena *arena,
	       const struct json_value **ret_value, struct callgate_error *err)
{
	struct parser parser = { .name = name, .text = text, .length = length, .line = 1, .arena = arena, .err = err };
	struct json_value *value = arena_alloc(arena, sizeof(*value));
	int status;

	if (!value)
		return fail_nomem(err);
	skip_blanks(&parser);
	status = take_value(&parser, value);
	if (status)
		return status;
	skip_blanks(&parser);
	if (parser.at < length)
		return fail_expected(&parser, "the end of the text");
	*ret_value = value;
	return CALLGATE_OK;
}

void json_error(const struct json_value *value, struct callgate_error *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_set_v(err, CALLGATE_E_SYNTAX, format, args);
	va_end(args);
	error_place(err, value->position.file, value->position.line, value->position.col);
}

const struct json_value *json_member(const struct json_value *object, const char *key)
{
	for (const struct json_value *value = object->first; value; value = value->next)
		if (strcmp(value->key, key) == 0)
			return value->kind == JSON_NULL ? NULL : value;
	return NULL;
}

int json_member_of_kind(const struct json_value *object, const char *key, enum json_kind kind,
			const struct json_value **ret_value, struct callgate_error *err)
{
	const struct json_value *value = json_member(object, key);

	if (value && value->kind != kind)
		return json_fail(value, err, "\"%s\" must be %s, not %s", key, json_kind_name(kind),
				 json_kind_name(value->kind));
	*ret_value = value;
	return CALLGATE_OK;
}

int json_member_text(const struct json_value *object, const char *key, const char **ret_text,
		     struct callgate_error *err)
{
	const struct json_value *value;
	int status = json_member_of_kind(object, key, JSON_STRING, &value, err);

	if (!status)
		*ret_text = value ? value->text : NULL;
	return status;
}

int json_number(const struct json_value *value, uint64_t max, uint64_t *ret_number, struct callgate_error *err)
{
	uint64_t number = 0;

	if (value->kind != JSON_NUMBER)
		return json_fail(value, err, "\"%s\" must be a number, not %s", value->key ? value->key : "",
				 json_kind_name(value->kind));
	for (const char *digit = value->text; *digit; digit++) {
		if (*digit < '0' || *digit > '9')
			return json_fail(value, err, "%s is not a whole number from 0 up", value->text);
		if (__builtin_mul_overflow(number, 10u, &number) ||
		    __builtin_add_overflow(number, (unsigned)(*digit - '0'), &number) || number > max)
			return json_fail(value, err, "%s is more than %llu", value->text, (unsigned long long)max);
	}
	*ret_number = number;
	return CALLGATE_OK;
}
