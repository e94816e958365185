/*
 * A line that may be an event or a record: events begin with a brace, or stand in a chain's line, records have "audit("
 * in them, behind whatever auditd, the kernel's log or a journal puts before it.
 */
#include "base/error.h"

#include <callgate/monitor.h>

#include <string.h>

/* Bytes before what a chain's line holds: a number, a link, words. */
enum { CHAIN_HEAD_MAX = 128 };

/* Where the text of a chain's line begins (monitor/chain.h), whose last brace is taken from *length; NULL of others. */
static const char *chained(const char *line, size_t *length)
{
	static const char *const words[] = { "\",\"event\":", "\",\"gap\":" };

	if (*length < 2 || memcmp(line, "{\"n\":", 5 < *length ? 5 : *length) != 0 || line[*length - 1] != '}')
		return NULL;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		const char *at =
			memmem(line, *length < CHAIN_HEAD_MAX ? *length : CHAIN_HEAD_MAX, words[i], strlen(words[i]));

		if (at) {
			at += strlen(words[i]);
			*length -= (size_t)(at - line) + 1;
			return at;
		}
	}
	return NULL;
}

int callgate_event_recognise(const char *line, size_t length, struct callgate_event **ret_event,
			     struct callgate_error *err)
{
	const char *inside = chained(line, &length);
	const char *record = memmem(line, length, "audit(", strlen("audit("));
	const char *type = memmem(line, length, "type=", strlen("type="));

	if (inside)
		return callgate_event_parse(inside, length, ret_event, err);
	if (length && line[0] == '{')
		return callgate_event_parse(line, length, ret_event, err);
	if (!record)
		return fail(err, CALLGATE_E_SYNTAX, "neither an event nor a record of the audit log");
	if (type && type < record)
		record = type;
	return callgate_audit_parse(record, length - (size_t)(record - line), ret_event, err);
}
