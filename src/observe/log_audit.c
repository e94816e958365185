/*
 * The audit log names the program with each call, and who made it by the process's number. What it holds is what the
 * kernel's rules asked for: a call that is not there may have been made all the same, which is nothing that is lost.
 * Lost is what the kernel wanted to tell and could not, and it says so itself.
 *
 * One call can have two records, by a filter and by a rule, in one event; and the end of one file is often the
 * beginning of the next. So the calls are put in order first, and those of one event are one.
 */
#include "filter/audit.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "observe/log.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { AUDIT_BUCKETS = 1024 };

/* A record, in the order of events. */
struct audit_call {
	struct call call;
	enum audit_record record;
	uint64_t at_ns;	 /* of its event; 0: in words that we do not read */
	uint64_t serial; /* of its event */
	uint64_t event;	 /* both, as they stand there, mixed into a number */
	size_t place;	 /* among all */
	size_t text;	 /* the log that it stands in */
	uint64_t pid, parent;
	const char *exe; /* NULL: not told */
	bool has_result;
	int error;
	uint8_t unknown_args;
};

struct audit_process {
	struct audit_process *next; /* in its bucket */
	uint64_t pid;
	struct evidence_program *program;
	enum evidence_phase phase;
};

struct audit {
	struct log *log;
	struct {
		VEC(struct audit_call);
	} calls;
	struct audit_process *buckets[AUDIT_BUCKETS];
	size_t alive;
};

static uint64_t audit_number(const struct audit_line *line, const char *key)
{
	const char *value;
	size_t length;

	/* What strtoull reads ends within the text: a line's end is no digit. */
	return audit_field(line, key, &value, &length) && length && isdigit((unsigned char)*value)
		       ? strtoull(value, NULL, 10)
		       : 0;
}

/* `"/usr/bin/cat"`, or in hexadecimal where a byte of it could not stand there, or bare (ausearch -i). NULL: not told. */
static int audit_exe(struct audit *audit, const struct audit_line *line, const char **ret_exe)
{
	char path[PATH_MAX];
	const char *value;
	size_t length;

	*ret_exe = NULL;
	if (!audit_field(line, "exe", &value, &length) || length < 2 || length / 2 >= sizeof(path))
		return CALLGATE_OK;
	if (*value == '"' || *value == '/') {
		size_t quotes = *value == '"';

		if (length - 2 * quotes >= sizeof(path))
			return CALLGATE_OK;
		memcpy(path, value + quotes, length - 2 * quotes);
		path[length - 2 * quotes] = '\0';
	} else {
		for (size_t i = 0; i < length / 2; i++) {
			char two[3] = { value[2 * i], value[2 * i + 1], '\0' };
			char *end;

			path[i] = (char)strtoul(two, &end, 16);
			if (*end || !path[i])
				return CALLGATE_OK;
		}
		path[length / 2] = '\0';
	}
	*ret_exe = arena_strdup(&audit->log->arena, path);
	return *ret_exe ? CALLGATE_OK : fail_nomem(audit->log->err);
}

/* "exit=-13", "exit=EACCES(Permission denied)" (ausearch -i), "exit=3". */
static void audit_result(const struct audit_line *line, struct audit_call *call)
{
	const struct abi_arch *arch = call->call.arch ? call->call.arch : abi_arch_native();
	char name[32] = "";
	const char *value;
	size_t length;
	long number;

	call->has_result = audit_field(line, "exit", &value, &length) && length;
	if (!call->has_result)
		return;
	for (size_t i = 0; i < length && i + 1 < sizeof(name) && (isalnum((unsigned char)value[i]) || value[i] == '-');
	     i++)
		name[i] = value[i];
	number = strtol(name, NULL, 10);
	if (number < 0 && number >= -EVIDENCE_ERRNO_MAX)
		call->error = (int)-number;
	else if (isalpha((unsigned char)name[0]))
		call->error = abi_errno_by_name(arch->id, name);
	call->has_result = call->error >= 0;
	call->error = call->has_result ? call->error : 0;
}

/* "audit(1364481363.243:24287)": seconds, and the event's number; false for none. */
static bool audit_event(const struct audit_line *line, struct audit_call *call)
{
	static const char begin[] = "audit(";
	const char *at = memmem(line->text, line->length, begin, strlen(begin));
	const char *end = at ? memchr(at, ')', (size_t)(line->text + line->length - at)) : NULL;
	const char *colon;
	uint64_t seconds, part, hash = 0xcbf29ce484222325u;
	char *behind;

	if (!end)
		return false;
	at += strlen(begin);
	colon = memrchr(at, ':', (size_t)(end - at));
	if (!colon || !isdigit((unsigned char)colon[1]))
		return false;
	for (const char *byte = at; byte < end; byte++)
		hash = (hash ^ (unsigned char)*byte) * 0x100000001b3u;
	call->event = hash;
	call->serial = strtoull(colon + 1, NULL, 10);
	seconds = strtoull(at, &behind, 10);
	if (*behind != '.' || seconds > UINT32_MAX || !isdigit((unsigned char)behind[1]))
		return true;
	part = strtoull(behind + 1, &behind, 10);
	if (behind == colon && part < 1000)
		call->at_ns = (seconds * 1000 + part) * 1000000;
	return true;
}

/* "audit_lost=3 audit_rate_limit=0", "kauditd_printk_skb: 12 callbacks suppressed": whether the kernel lost records. */
static bool audit_tells_loss(const struct audit_line *line)
{
	static const char suppressed[] = " callbacks suppressed";

	if (audit_number(line, "audit_lost"))
		return true;
	if (memmem(line->text, line->length, suppressed, strlen(suppressed)) &&
	    memmem(line->text, line->length, "audit", strlen("audit")))
		return true;
	/* auditctl --reset-lost tells what the count was. */
	return audit_number(line, "old") && memmem(line->text, line->length, "op=set lost=", strlen("op=set lost="));
}

static int audit_take_line(struct audit *audit, size_t text, const struct audit_line *line)
{
	struct audit_call call = { .text = text, .place = audit->calls.length };
	struct log *log = audit->log;
	struct callgate_error *err = line->err;
	int status;

	if (audit_tells_loss(line)) {
		log_lose(log, &log->texts[text], line->number, "the kernel lost records, as it says here");
		return CALLGATE_OK;
	}
	status = audit_line_call(line, &call.call, &call.record);
	if (status == CALLGATE_E_NOMEM)
		return fail_nomem(log->err);
	if (status < 0) {
		log_lose(log, &log->texts[text], line->number, "%s", err->message);
		return CALLGATE_OK;
	}
	if (call.record == AUDIT_RECORD_OTHER)
		return CALLGATE_OK;
	if (!audit_event(line, &call)) {
		log_lose(log, &log->texts[text], line->number, "a record without the number of its event");
		return CALLGATE_OK;
	}
	if (audit->calls.length >= LOG_CALLS_MAX)
		return fail(log->err, CALLGATE_E_LIMIT, "more than %d records", LOG_CALLS_MAX);
	call.unknown_args = (uint8_t)~call.call.given;
	call.pid = audit_number(line, "pid");
	call.parent = audit_number(line, "ppid");
	audit_result(line, &call);
	status = audit_exe(audit, line, &call.exe);
	if (status < 0)
		return status;
	return VEC_PUSH(&log->arena, &audit->calls, call) ? CALLGATE_OK : fail_nomem(log->err);
}

static int audit_take_text(struct audit *audit, size_t index)
{
	const struct log_text *text = &audit->log->texts[index];
	struct callgate_error err;
	struct audit_line line = { .name = text->name, .err = &err };
	int status = CALLGATE_OK;

	for (size_t at = 0; status == CALLGATE_OK && at < text->length;) {
		const char *end = memchr(text->text + at, '\n', text->length - at);

		line.number++;
		if (!end) {
			log_lose(audit->log, text, line.number, "the last line is cut off");
			break;
		}
		line.text = text->text + at;
		line.length = (size_t)(end - line.text);
		status = audit_take_line(audit, index, &line);
		at += line.length + 1;
	}
	return status;
}

/* By event; of one event the record that tells more comes first. */
static int audit_compare(const void *one, const void *other)
{
	const struct audit_call *a = one, *b = other;

	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns ? -1 : 1;
	if (a->serial != b->serial)
		return a->serial < b->serial ? -1 : 1;
	if (a->event != b->event)
		return a->event < b->event ? -1 : 1;
	if (a->record != b->record)
		return a->record == AUDIT_RECORD_SYSCALL ? -1 : 1;
	return a->place < b->place ? -1 : a->place > b->place;
}

static struct audit_process **audit_slot(struct audit *audit, uint64_t pid)
{
	struct audit_process **slot = &audit->buckets[pid % AUDIT_BUCKETS];

	while (*slot && (*slot)->pid != pid)
		slot = &(*slot)->next;
	return slot;
}

/* A process that is seen for the first time goes on where its parent stands, if that runs the same program. */
static int audit_process(struct audit *audit, const struct audit_call *call, struct evidence_program *program,
			 struct audit_process **ret_process)
{
	struct audit_process **slot = audit_slot(audit, call->pid);
	const struct audit_process *parent = *audit_slot(audit, call->parent);
	struct audit_process *process = *slot;

	if (!process) {
		if (audit->alive >= LOG_THREADS_MAX)
			return fail(audit->log->err, CALLGATE_E_LIMIT, "more than %d processes are alive at once",
				    LOG_THREADS_MAX);
		process = arena_alloc(&audit->log->arena, sizeof(*process));
		if (!process)
			return fail_nomem(audit->log->err);
		process->pid = call->pid;
		process->phase = EVIDENCE_START;
		if (parent) {
			process->program = parent->program;
			process->phase = parent->phase;
		}
		*slot = process;
		audit->alive++;
	}
	if (!process->program || (process->program != program && program))
		process->phase = EVIDENCE_START;
	*ret_process = process;
	return CALLGATE_OK;
}

/* An execve that succeeded is told when its process is the new program already: it was made by the one before. */
static int audit_count(struct audit *audit, const struct audit_call *call)
{
	struct log *log = audit->log;
	enum evidence_effect effect = call->call.syscall ? evidence_effect(call->call.syscall) : EVIDENCE_NO_EFFECT;
	bool executed = effect == EVIDENCE_EXEC && call->has_result && !call->error;
	struct log_call counted = { .call = call->call,
				    .unknown_args = call->unknown_args,
				    .has_result = call->has_result,
				    .error = call->error,
				    .at_ns = call->at_ns };
	struct log_program told;
	struct audit_process *process = NULL;
	int status = log_program(log, &log->texts[call->text], call->exe, &told);

	if (status == CALLGATE_OK)
		status = audit_process(audit, call, executed ? NULL : told.program, &process);
	if (!process)
		return status;
	if (!executed)
		process->program = told.program;
	if (!process->program)
		status = evidence_program(log->evidence, "?", "", &process->program, log->err);
	if (status < 0)
		return status;
	counted.program = process->program;
	counted.phase = process->phase;
	status = log_count(log, &counted, &process->phase);
	if (executed) {
		process->program = told.program;
		process->phase = EVIDENCE_LOAD;
	}
	if (effect == EVIDENCE_EXIT_PROCESS) {
		*audit_slot(audit, call->pid) = process->next;
		audit->alive--;
	}
	return status;
}

int audit_log_read(struct log *log)
{
	struct audit audit = { .log = log };
	int status = CALLGATE_OK;

	for (size_t i = 0; status == CALLGATE_OK && i < log->count; i++)
		status = audit_take_text(&audit, i);
	if (audit.calls.length)
		qsort(audit.calls.items, audit.calls.length, sizeof(*audit.calls.items), audit_compare);
	for (size_t i = 0; status == CALLGATE_OK && i < audit.calls.length; i++)
		if (i == 0 || audit.calls.items[i].event != audit.calls.items[i - 1].event ||
		    audit.calls.items[i].at_ns != audit.calls.items[i - 1].at_ns)
			status = audit_count(&audit, &audit.calls.items[i]);
	log->end.attached = true;
	log->end.cut_off = audit.alive > 0;
	log->end.untimed = audit.calls.length && !audit.calls.items[0].at_ns;
	return status;
}
