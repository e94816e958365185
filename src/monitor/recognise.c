/*
 * A line that may be an event or a record: events begin with a brace, records have "audit(" in them, behind whatever
 * auditd, the kernel's log or a journal puts before it.
 */
#include "base/error.h"

#include <callgate/monitor.h>

#include <string.h>

int callgate_event_recognise(const char *line, size_t length, struct callgate_event **ret_event,
			     struct callgate_error *err)
{
	const char *record = memmem(line, length, "audit(", strlen("audit("));
	const char *type = memmem(line, length, "type=", strlen("type="));

	if (length && line[0] == '{')
		return callgate_event_parse(line, length, ret_event, err);
	if (!record)
		return fail(err, CALLGATE_E_SYNTAX, "neither an event nor a record of the audit log");
	if (type && type < record)
		record = type;
	return callgate_audit_parse(record, length - (size_t)(record - line), ret_event, err);
}
