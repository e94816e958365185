/*
 * strace tells who made a call by a number, and of which program that is only by what came before: who was started by
 * whom, and what each executed. A child's first line may stand before the line that tells of its birth, and with -ff in
 * another file; so births are looked up in all of the text before anything is counted.
 *
 * What is not there shows in what is: a call that goes on without having begun, a process that ends without a call that
 * ends it (strace -e left calls out), a last line that stops short. Each counts as a call that is lost.
 */
#include "observe/log.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "observe/log_strace_line.h"
#include "observe/log_strace_thread.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400 };
#define SECOND_NS UINT64_C(1000000000)

/* "out.1234": the number of the process whose calls the file holds, of several files. */
static uint64_t strace_file_pid(const struct log *log, const struct log_text *text)
{
	const char *dot = strrchr(text->name, '.');
	char *end;
	uint64_t pid;

	if (log->count < 2 || !dot || !isdigit((unsigned char)dot[1]))
		return 0;
	pid = strtoull(dot + 1, &end, 10);
	return *end ? 0 : pid;
}

/* strace -t knows no days; -r tells what passed since the line before. */
static uint64_t strace_clock(struct strace *strace, const struct strace_line *line)
{
	bool is_relative;
	uint64_t ns;

	if (!line->time || !strace_time_parse(line->time, line->time_length, &ns, &is_relative))
		return 0;
	if (is_relative)
		ns += strace->clock_ns ? strace->clock_ns : SECOND_NS;
	else if (memchr(line->time, ':', line->time_length)) {
		ns += strace->days_ns;
		if (ns + DAY_S / 2 * SECOND_NS < strace->clock_ns) {
			ns += DAY_S * SECOND_NS;
			strace->days_ns += DAY_S * SECOND_NS;
		}
	}
	strace->clock_ns = ns > strace->clock_ns ? ns : strace->clock_ns;
	return ns;
}

static int strace_flush(struct strace *strace)
{
	struct strace_waiting *waiting = &strace->waiting;

	if (!waiting->is_there)
		return CALLGATE_OK;
	waiting->is_there = false;
	return log_count(strace->log, &waiting->call, &waiting->process->phase);
}

/* The first frame is the place of the call. */
static int strace_frame(struct strace *strace, const struct strace_line *line)
{
	struct strace_waiting *waiting = &strace->waiting;
	char name[PATH_MAX];

	if (!waiting->is_there || waiting->has_site || line->length >= sizeof(name))
		return CALLGATE_OK;
	memcpy(name, line->text, line->length);
	name[line->length] = '\0';
	waiting->has_site = true;
	waiting->call.offset = line->number;
	return evidence_module(strace->log->evidence, name, &waiting->call.module, strace->log->err);
}

/* "clone3({…}, 88" is clone3; of length bytes. */
static size_t strace_name_length(const char *text, size_t length)
{
	size_t at = 0;

	while (at < length && (isalnum((unsigned char)text[at]) || text[at] == '_'))
		at++;
	return at < length && text[at] == '(' ? at : 0;
}

static bool strace_is_named(const char *text, size_t length, const char *name)
{
	return strace_name_length(text, length) == strlen(name) && memcmp(text, name, strlen(name)) == 0;
}

/* Behind a call's closing bracket; length where there is none. The last " = " may stand in what the result shows. */
static size_t strace_result_at(const char *text, size_t length)
{
	for (size_t at = 1; at < length; at++) {
		size_t before = at;

		if (text[at] != '=' || text[at - 1] != ' ')
			continue;
		while (before && text[before - 1] == ' ')
			before--;
		if (before && text[before - 1] == ')' && (at + 1 == length || text[at + 1] == ' '))
			return before;
	}
	return length;
}

/*
 * What stands in the text in place of a call's name and arguments: "i386:" before it, "#331" for a number that strace
 * has no name for, nothing for arguments that it does not have either.
 */
static void strace_join(struct strace *strace, const struct strace_thread *thread, const char *text, size_t length)
{
	static const char nameless[] = "syscall_0x";
	static const char marks[][18] = { "<... resuming ", "<unfinished ...>" };

	strace->joined.length = 0;
	if (thread->process->arch != abi_arch_native())
		buf_printf(&strace->joined, "%s:", thread->process->arch->name);
	if (length > strlen(nameless) && memcmp(text, nameless, strlen(nameless)) == 0) {
		buf_puts(&strace->joined, "#0x");
		text += strlen(nameless);
		length -= strlen(nameless);
	}
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		const char *mark = memmem(text, length, marks[i], strlen(marks[i]));
		const char *end = mark ? memchr(mark, '>', (size_t)(text + length - mark)) : NULL;
		size_t kept = mark ? (size_t)(mark - text) : 0;

		if (!end)
			continue;
		while (kept && (text[kept - 1] == ' ' || text[kept - 1] == ','))
			kept--;
		buf_add(&strace->joined, text, kept);
		length -= (size_t)(end + 1 - text);
		text = end + 1;
	}
	buf_add(&strace->joined, text, length);
}

/* Whether evidence would keep an argument that stands there and is not understood. */
static bool strace_lacks(const struct call *call)
{
	struct abi_arg types[6];
	unsigned count = call->syscall ? abi_syscall_args(call->syscall, call->arch->id, types) : 0;

	for (unsigned i = 0; i < count; i++)
		if (!(call->given >> i & 1) && (types[i].kind == ABI_ARG_FLAGS || types[i].kind == ABI_ARG_ENUM))
			return true;
	return false;
}

/* Reads strace->joined: a call, and its result where it has one. */
static int strace_read_call(struct strace *strace, const struct strace_thread *thread, struct log_call *call,
			    struct strace_result *ret_result)
{
	const char *text = buf_text(&strace->joined);
	size_t length = strace->joined.length, used = 0;
	struct callgate_error why = { 0 };
	int status;

	if (strace->joined.failed)
		return fail_nomem(strace->log->err);
	status = call_parse_told(text, length, &call->call, &used, &why);
	if (status == CALLGATE_E_NOMEM)
		return fail_nomem(strace->log->err);
	if (status == CALLGATE_OK &&
	    !strace_result_parse(text + used, length - used, thread->process->arch, ret_result))
		status = fail(&why, CALLGATE_E_SYNTAX, "what came of this call is not told");
	if (status < 0) {
		log_lose(strace->log, strace->text, strace->line, "%s", why.message);
		return CALLGATE_E_SYNTAX;
	}
	call->unknown_args = (uint8_t)~call->call.given;
	if (why.status != CALLGATE_OK && strace_lacks(&call->call))
		log_untold(strace->log, strace->text, strace->line, &why);
	return CALLGATE_OK;
}

/* A call of another program now. What it was is found where execve's path is written, or execveat's. */
static int strace_execute(struct strace *strace, struct strace_thread *thread, const char *text, size_t length)
{
	struct strace_process *process = thread->process;
	static const char itself[] = "/proc/self/exe";
	const char *quote = memchr(text, '"', length);
	char path[PATH_MAX];
	bool is_known =
		quote && strace_string_parse(quote, (size_t)(text + length - quote), path, sizeof(path)) && path[0];

	struct log_program program = { .program = process->program, .arch = process->arch };
	int status = is_known && strcmp(path, itself) == 0
			     ? CALLGATE_OK
			     : log_program(strace->log, strace->text, is_known ? path : NULL, &program);

	if (status < 0)
		return status;
	process->program = program.program;
	process->arch = program.arch;
	process->phase = EVIDENCE_LOAD;
	process->is_whole = true;
	return CALLGATE_OK;
}

/* The child that a call made is what its parent is now. */
static void strace_give_birth(struct strace *strace, const struct strace_thread *thread, uint64_t child)
{
	while (strace->known < strace->births.length && strace->births.items[strace->known].is_known)
		strace->known++;
	for (size_t i = strace->known; i < strace->births.length; i++) {
		struct strace_birth *birth = &strace->births.items[i];

		if (birth->child != child || birth->is_known)
			continue;
		birth->is_known = true;
		birth->as = *thread->process;
		birth->of = thread->process;
		return;
	}
}

static bool strace_makes_thread(const char *text, size_t length)
{
	static const char flag[] = "CLONE_THREAD";

	return memmem(text, length, flag, strlen(flag));
}

static bool strace_forks(const char *text, size_t length)
{
	static const char *const names[] = { "clone", "clone3", "fork", "vfork" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strace_is_named(text, length, names[i]))
			return true;
	return false;
}

/* A call that is whole; text is what stands in the log. */
static int strace_take_call(struct strace *strace, struct strace_thread *thread, const char *text, size_t length,
			    uint64_t at_ns)
{
	struct strace_process *process = thread->process;
	bool is_first = !process->is_whole && !process->has_called;
	struct log_call call = { .program = process->program, .phase = process->phase, .at_ns = at_ns };
	struct strace_result result = { 0 };
	enum evidence_effect effect;
	int status;

	strace_join(strace, thread, text, length);
	status = strace_read_call(strace, thread, &call, &result);
	if (status < 0)
		return status == CALLGATE_E_SYNTAX ? CALLGATE_OK : status;
	effect = call.call.syscall ? evidence_effect(call.call.syscall) : EVIDENCE_NO_EFFECT;
	call.has_result = result.is_known;
	call.error = result.error;
	process->group->ends |= effect == EVIDENCE_EXIT_THREAD || effect == EVIDENCE_EXIT_PROCESS;
	strace->has_end |= process->group->ends && !process->is_whole;
	/* The first of all, an execve of a process that nobody started, is strace's own. */
	if (is_first && effect == EVIDENCE_EXEC)
		return result.returned && !result.error ? strace_execute(strace, thread, text, length) : CALLGATE_OK;
	strace->log->end.attached |= is_first;
	process->has_called = true;
	if (!call.program) {
		status = evidence_program(strace->log->evidence, "?", "", &call.program, strace->log->err);
		if (status < 0)
			return status;
	}
	if (result.returned && !result.error && result.value && strace_forks(text, length))
		strace_give_birth(strace, thread, result.value);
	if (effect != EVIDENCE_EXEC || !result.returned || result.error) {
		strace->waiting = (struct strace_waiting){ true, call, process, false };
		return CALLGATE_OK;
	}
	/* The place that is shown behind it is where the new program begins. */
	status = log_count(strace->log, &call, &process->phase);
	return status == CALLGATE_OK ? strace_execute(strace, thread, text, length) : status;
}

/* A call that was begun and is not gone on with: it was made, and what came of it nobody saw. */
static int strace_end_call(struct strace *strace, struct strace_thread *thread)
{
	int status;

	if (!thread->begun)
		return CALLGATE_OK;
	strace->line = thread->begun_line;
	strace->whole.length = 0;
	buf_add(&strace->whole, thread->begun, thread->begun_length);
	while (strace->whole.length && strchr(" ,", strace->whole.data[strace->whole.length - 1]))
		strace->whole.length--;
	buf_puts(&strace->whole, ") = ?");
	thread->begun = NULL;
	if (strace->whole.failed)
		return fail_nomem(strace->log->err);
	status = strace_take_call(strace, thread, strace->whole.data, strace->whole.length, thread->begun_ns);
	return status == CALLGATE_OK ? strace_flush(strace) : status;
}

static int strace_resume(struct strace *strace, struct strace_thread *thread, const struct strace_line *line)
{
	if (!thread->begun) {
		log_lose(strace->log, strace->text, strace->line, "a call goes on here whose beginning is not there");
		return CALLGATE_OK;
	}
	strace->whole.length = 0;
	buf_add(&strace->whole, thread->begun, thread->begun_length);
	buf_add(&strace->whole, line->text, line->length);
	thread->begun = NULL;
	if (strace->whole.failed)
		return fail_nomem(strace->log->err);
	return strace_take_call(strace, thread, strace->whole.data, strace->whole.length, thread->begun_ns);
}

/* "???()": a process that is killed at that moment can no longer be asked. It carries no call out then; one that lives
 * on has made a call that nobody knows. */
static bool strace_is_blind(struct strace *strace, struct strace_thread *thread, const struct strace_line *line)
{
	if (line->length >= 3 && memcmp(line->text, "???", 3) == 0) {
		thread->blind_line = strace->line;
		thread->begun = NULL;
		return true;
	}
	if (thread->blind_line && line->kind == STRACE_RESUMED && !thread->begun)
		return true;
	if (thread->blind_line)
		log_lose(strace->log, strace->text, thread->blind_line, "strace could not see which call this was");
	thread->blind_line = 0;
	return false;
}

static int strace_begin(struct strace *strace, struct strace_thread *thread, const struct strace_line *line,
			uint64_t at_ns)
{
	int status = CALLGATE_OK;

	if (thread->begun) {
		log_lose(strace->log, strace->text, strace->line, "a call is made here before the last one has ended");
		thread->begun = NULL;
	}
	if (line->kind == STRACE_CALL)
		return strace_take_call(strace, thread, line->text, line->length, at_ns);
	thread->begun = line->text;
	thread->begun_length = line->length;
	thread->begun_line = strace->line;
	thread->begun_ns = at_ns;
	return status;
}

static int strace_exit(struct strace *strace, struct strace_thread *thread, enum strace_line_kind kind)
{
	struct strace_exit ended = { thread->process->group, strace->text, strace->line };
	int status = strace_end_call(strace, thread);

	if (status == CALLGATE_OK && kind == STRACE_EXITED && !ended.group->ends &&
	    !VEC_PUSH(&strace->log->arena, &strace->exits, ended))
		status = fail_nomem(strace->log->err);
	strace_drop(strace, thread);
	return status;
}

/* Of strace -ff the call is begun in the thread's own file, as its last line. */
static void strace_begin_elsewhere(struct strace *strace, struct strace_thread *thread, uint64_t by)
{
	static const char moved[] = "<pid changed to ";
	const struct log *log = strace->log;

	for (size_t i = 0; strace->file_pid && i < log->count; i++) {
		const struct log_text *text = &log->texts[i];
		size_t length = text->length ? text->length - 1 : 0;
		const char *newline = strace_file_pid(log, text) == by ? memrchr(text->text, '\n', length) : NULL;
		const char *line = newline ? newline + 1 : NULL;
		const char *end =
			line ? memmem(line, (size_t)(text->text + length - line), moved, strlen(moved)) : NULL;

		if (!end)
			continue;
		thread->begun = line;
		thread->begun_length = (size_t)(end - line);
		thread->begun_line = strace->line;
		thread->begun_ns = 0;
	}
}

/* A thread has executed a program: the first thread's number is now its own, and all others are gone. */
static int strace_supersede(struct strace *strace, struct strace_thread *thread, uint64_t by)
{
	struct strace_thread *other = *strace_slot(strace, by);
	int status = strace_end_call(strace, thread);

	if (!other)
		strace_begin_elsewhere(strace, thread, by);
	if (!other || other == thread)
		return status;
	thread->begun = other->begun;
	thread->begun_length = other->begun_length;
	thread->begun_line = other->begun_line;
	thread->begun_ns = other->begun_ns;
	strace_drop(strace, other);
	return status;
}

/* "32 bit": what a processor of this kind runs beside its own. */
static int strace_change_mode(struct strace *strace, struct strace_thread *thread, const struct strace_line *line)
{
	static const struct {
		const char *native, *mode, *arch;
	} modes[] = {
		{ "x86_64", "64 bit", "x86_64" },   { "x86_64", "32 bit", "i386" }, { "x86_64", "x32", "x32" },
		{ "aarch64", "64 bit", "aarch64" }, { "aarch64", "32 bit", "arm" },
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (strcmp(abi_arch_native()->name, modes[i].native) != 0 || line->length != strlen(modes[i].mode) ||
		    memcmp(line->text, modes[i].mode, line->length) != 0)
			continue;
		thread->process->arch = abi_arch_by_name(modes[i].arch);
		return CALLGATE_OK;
	}
	log_lose(strace->log, strace->text, strace->line, "a process changes to an arch that is not known");
	return CALLGATE_OK;
}

static int strace_take_line(struct strace *strace, const struct strace_line *line)
{
	struct strace_thread *thread = NULL;
	int status = strace_flush(strace);

	if (status == CALLGATE_OK)
		status = strace_find(strace, line->pid, &thread);
	if (status < 0 || !thread)
		return status;
	if (line->kind <= STRACE_RESUMED && strace_is_blind(strace, thread, line))
		return CALLGATE_OK;
	switch (line->kind) {
	case STRACE_CALL:
	case STRACE_UNFINISHED:
		return strace_begin(strace, thread, line, strace_clock(strace, line));
	case STRACE_RESUMED:
		strace_clock(strace, line);
		return strace_resume(strace, thread, line);
	case STRACE_EXITED:
	case STRACE_KILLED:
		return strace_exit(strace, thread, line->kind);
	case STRACE_MOVED:
		strace_drop(strace, thread);
		return CALLGATE_OK;
	case STRACE_SUPERSEDED:
		return strace_supersede(strace, thread, line->number);
	case STRACE_MODE:
		return strace_change_mode(strace, thread, line);
	case STRACE_NOTHING:
	case STRACE_FRAME:
	case STRACE_SUMMARY:
		break;
	}
	return CALLGATE_OK;
}

/* Shows every line of a text that is whole. */
static int strace_each_line(struct strace *strace, const struct log_text *text,
			    int (*take)(struct strace *strace, const struct strace_line *line))
{
	int status = CALLGATE_OK;

	strace->text = text;
	strace->line = 0;
	for (size_t at = 0; status == CALLGATE_OK && at < text->length;) {
		const char *begin = text->text + at, *end = memchr(begin, '\n', text->length - at);
		struct strace_line line;

		strace->line++;
		if (!end)
			break;
		strace_line_parse(begin, (size_t)(end - begin), &line);
		at += (size_t)(end - begin) + 1;
		/* strace -C writes its summary behind all that happened. */
		if (line.kind == STRACE_SUMMARY && strace->line > 1)
			return CALLGATE_OK;
		status = take(strace, &line);
	}
	return status;
}

static int strace_look_for_birth(struct strace *strace, const struct strace_line *line)
{
	uint64_t pid = line->pid ? line->pid : strace->file_pid;
	struct strace_birth birth = { .parent = pid };
	struct strace_begun *begun = NULL;
	struct strace_result result;
	size_t at;

	for (size_t i = 0; line->kind == STRACE_RESUMED && i < strace->begun.length; i++)
		begun = strace->begun.items[i].pid == pid ? &strace->begun.items[i] : begun;
	if (!begun && !strace_forks(line->text, line->length))
		return CALLGATE_OK;
	birth.is_thread = strace_makes_thread(line->text, line->length) || (begun && begun->is_thread);
	if (line->kind == STRACE_UNFINISHED)
		return VEC_PUSH(&strace->log->arena, &strace->begun, ((struct strace_begun){ pid, birth.is_thread }))
			       ? CALLGATE_OK
			       : fail_nomem(strace->log->err);
	if (begun)
		*begun = strace->begun.items[--strace->begun.length];
	at = strace_result_at(line->text, line->length);
	if (!strace_result_parse(line->text + at, line->length - at, abi_arch_native(), &result) || !result.returned ||
	    result.error || !result.value)
		return CALLGATE_OK;
	birth.child = result.value;
	return VEC_PUSH(&strace->log->arena, &strace->births, birth) ? CALLGATE_OK : fail_nomem(strace->log->err);
}

static int strace_count_line(struct strace *strace, const struct strace_line *line)
{
	if (line->kind == STRACE_FRAME)
		return strace_frame(strace, line);
	if (line->kind == STRACE_SUMMARY)
		log_lose(strace->log, strace->text, strace->line,
			 "this is a summary (strace -c), which has neither programs nor arguments");
	return line->kind == STRACE_NOTHING || line->kind == STRACE_SUMMARY ? CALLGATE_OK
									    : strace_take_line(strace, line);
}

static int strace_read_text(struct strace *strace, const struct log_text *text)
{
	int status;

	strace->clock_ns = strace->days_ns = 0;
	strace->file_pid = strace_file_pid(strace->log, text);
	status = strace_each_line(strace, text, strace_count_line);
	if (status == CALLGATE_OK)
		status = strace_flush(strace);
	if (text->length && text->text[text->length - 1] != '\n')
		log_lose(strace->log, text, strace->line, "the last line is cut off");
	return status;
}

/* Reads a text behind that of its parent, from which it has what its process was. */
static int strace_read_in_turn(struct strace *strace, bool *is_read, size_t index)
{
	const struct log *log = strace->log;
	const struct strace_birth *birth = strace_birth_of(strace, strace_file_pid(log, &log->texts[index]));
	int status = CALLGATE_OK;

	is_read[index] = true;
	for (size_t i = 0; birth && birth->parent && status == CALLGATE_OK && i < log->count; i++)
		if (!is_read[i] && strace_file_pid(log, &log->texts[i]) == birth->parent)
			status = strace_read_in_turn(strace, is_read, i);
	return status == CALLGATE_OK ? strace_read_text(strace, &log->texts[index]) : status;
}

/* What is alive at the end was not followed to its own. */
static int strace_end(struct strace *strace)
{
	int status = CALLGATE_OK;

	strace->log->end.cut_off = strace->alive > 0;
	for (size_t i = 0; i < strace->exits.length; i++) {
		const struct strace_exit *ended = &strace->exits.items[i];

		if (!ended->group->ends && (ended->group->is_whole || !strace->has_end))
			log_lose(strace->log, ended->text, ended->line,
				 "a process ends, and no call of it that ends it is there: calls were left out (strace "
				 "-e)");
	}
	for (size_t i = 0; i < STRACE_BUCKETS; i++)
		for (struct strace_thread *thread = strace->buckets[i]; status == CALLGATE_OK && thread;
		     thread = thread->next)
			status = strace_end_call(strace, thread);
	return status;
}

int strace_log_read(struct log *log)
{
	struct strace strace = { .log = log };
	bool *is_read = arena_array(&log->arena, log->count, sizeof(*is_read));
	int status = is_read ? CALLGATE_OK : fail_nomem(log->err);

	for (size_t i = 0; status == CALLGATE_OK && i < log->count; i++) {
		strace.file_pid = strace_file_pid(log, &log->texts[i]);
		status = strace_each_line(&strace, &log->texts[i], strace_look_for_birth);
	}
	for (size_t i = 0; status == CALLGATE_OK && i < log->count; i++)
		if (!is_read[i])
			status = strace_read_in_turn(&strace, is_read, i);
	if (status == CALLGATE_OK)
		status = strace_end(&strace);
	buf_fini(&strace.whole);
	buf_fini(&strace.joined);
	return status;
}
