/*
 * "audit(SECONDS.MILLIS:SERIAL): … pid=N comm="…" exe="…" sig=31 arch=HEX syscall=N compat=0 ip=0xHEX code=0xHEX", with
 * or without "type=SECCOMP msg=" before it (Linux's audit_seccomp() in kernel/auditsc.c). A value in quotes has no
 * quote in it; one that would is written in hexadecimal, without quotes.
 */
#include "abi/abi.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "event/event.h"

#include <callgate/monitor.h>

#include <inttypes.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_MAX = 8192 /* the kernel's MAX_AUDIT_MESSAGE_LENGTH is 8970, of records with many fields */ };

/* The value of a key, up to a blank or what an enriched log puts behind; NULL when there is none. */
static const char *find_value(const char *record, const char *key, size_t *ret_length)
{
	size_t length = strlen(key);

	for (const char *at = record; (at = strstr(at, key)); at += length) {
		if ((at != record && at[-1] != ' ' && at[-1] != '\x1d') || at[length] != '=')
			continue;
		*ret_length = strcspn(at + length + 1, " \x1d\r\n\t");
		return at + length + 1;
	}
	return NULL;
}

static bool take_number(const char *record, const char *key, int base, uint64_t *ret_number)
{
	size_t length;
	const char *value = find_value(record, key, &length);
	char *end;

	if (!value || length == 0 || value[0] == '-' || value[0] == '+')
		return false;
	*ret_number = strtoull(value, &end, base);
	return end == value + length;
}

static int digit_of(char c)
{
	const char *digits = "0123456789ABCDEF", *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* "/bin/x" in quotes, or its bytes in hexadecimal. */
static void take_program(const char *record, const char *key, char *text, size_t size)
{
	size_t length, done = 0;
	const char *value = find_value(record, key, &length);

	if (!value || length < 2)
		return;
	if (value[0] == '"') {
		length = strcspn(value + 1, "\"");
		snprintf(text, size, "%.*s", (int)length, value + 1);
	} else {
		for (; done + 1 < size && 2 * done + 1 < length; done++) {
			int high = digit_of(value[2 * done]), low = digit_of(value[2 * done + 1]);

			if (high < 0 || low < 0)
				break;
			text[done] = (char)(high << 4 | low);
		}
		text[done] = '\0';
	}
	event_clean(text);
}

/* "audit(1700000000.123:45):" */
static int64_t record_time(const char *record)
{
	const char *at = strstr(record, "audit(");
	uint64_t seconds, millis;

	if (!at || sscanf(at, "audit(%" SCNu64 ".%" SCNu64, &seconds, &millis) != 2 || seconds > INT32_MAX * 2LL ||
	    millis > 999)
		return 0;
	return (int64_t)(seconds * 1000000000 + millis * 1000000);
}

static bool is_seccomp(const char *record)
{
	size_t length;
	const char *type = find_value(record, "type", &length);

	if (!type)
		return strncmp(record, "audit(", strlen("audit(")) == 0;
	return (length == strlen("SECCOMP") && strncmp(type, "SECCOMP", length) == 0) ||
	       (length == strlen("1326") && strncmp(type, "1326", length) == 0);
}

static enum callgate_outcome outcome_of(uint32_t ret)
{
	switch (ret & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_KILL_PROCESS:
	case SECCOMP_RET_KILL_THREAD:
	case SECCOMP_RET_TRAP:
		return CALLGATE_OUTCOME_ENDED;
	/* Logged unless the supervisor lets it go on; what it answered is not. */
	case SECCOMP_RET_USER_NOTIF:
		return CALLGATE_OUTCOME_ANSWERED;
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_ALLOW:
		return CALLGATE_OUTCOME_LET_THROUGH;
	default:
		return CALLGATE_OUTCOME_FAILED;
	}
}

/* What the record tells of the call; false when it is cut or no such record. */
static bool take_call(const char *record, struct callgate_refusal *refusal)
{
	uint64_t pid, audit, nr, ip, ret;

	if (!take_number(record, "pid", 10, &pid) || !take_number(record, "arch", 16, &audit) ||
	    !take_number(record, "syscall", 10, &nr) || !take_number(record, "ip", 16, &ip) ||
	    !take_number(record, "code", 16, &ret) || pid > INT32_MAX || audit > UINT32_MAX || nr > UINT32_MAX ||
	    ret > UINT32_MAX)
		return false;
	/* The kernel logs a thread's number as pid. */
	refusal->pid = refusal->tid = (int)pid;
	refusal->ip = ip;
	refusal->explanation.action.ret = (uint32_t)ret;
	refusal->outcome = outcome_of((uint32_t)ret);
	event_name_call((uint32_t)audit, (uint32_t)nr, NULL, refusal);
	return true;
}

static void spell_call(struct callgate_refusal *refusal)
{
	if (refusal->syscall[0])
		snprintf(refusal->call, sizeof(refusal->call), "%s(...)", refusal->syscall);
	else
		snprintf(refusal->call, sizeof(refusal->call), "#%" PRIu32 "(...)", refusal->nr);
}

int callgate_audit_parse(const char *record, size_t length, struct callgate_event **ret_event,
			 struct callgate_error *err)
{
	cleanup_free struct callgate_event *event = NULL;
	cleanup_free char *text = NULL;

	if (length > RECORD_MAX || memchr(record, '\0', length))
		return fail(err, CALLGATE_E_SYNTAX, "not a record of the audit log");
	text = strndup(record, length);
	event = calloc(1, sizeof(*event));
	if (!text || !event)
		return fail_nomem(err);
	if (!is_seccomp(text))
		return fail(err, CALLGATE_E_UNKNOWN, "not a SECCOMP record");
	if (!take_call(text, &event->refusal))
		return fail(err, CALLGATE_E_SYNTAX, "a SECCOMP record without pid, arch, syscall, ip or code");
	event->refusal.time_ns = record_time(text);
	event->refusal.seen_by = CALLGATE_SEEN_IN_AUDIT;
	take_program(text, "exe", event->refusal.program, sizeof(event->refusal.program));
	spell_call(&event->refusal);
	*ret_event = take_ptr(event);
	return CALLGATE_OK;
}
