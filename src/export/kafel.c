/*
 * A policy in Kafel, nsjail's language, for this machine. The first rule that matches decides there: conditions come
 * first, the clauses of different actions being disjoint, and behind them what holds whatever the arguments are. Rules
 * name the arguments themselves, which makes them words of 64 bits. A call that Kafel may not know, or knows by another
 * name, is written by its number.
 */
#include "export/calls.h"

#include "base/error.h"

#include <inttypes.h>
#include <linux/seccomp.h>
#include <string.h>

/* Kafel's table of names ends about here; what is newer goes by its number. */
#define NAMES_UP_TO ABI_KERNEL(5, 4)

/* One call under one action. */
struct entry {
	const struct run *run;
	uint32_t action;
	const struct clause *clauses; /* of this action, next to each other */
	size_t count;		      /* 0: whatever the arguments */
};

struct writing {
	struct export *export;
	uint32_t common; /* the action of what is not named */
	struct {
		VEC(struct entry);
	} entries;
	bool has_block;
};

static int write_action(struct writing *writing, uint32_t value)
{
	static const struct {
		uint32_t action;
		const char *word;
		bool has_data;
	} words[] = {
		{ SECCOMP_RET_ALLOW, "ALLOW", false },
		{ SECCOMP_RET_LOG, "LOG", false },
		{ SECCOMP_RET_USER_NOTIF, "USER_NOTIF", false },
		{ SECCOMP_RET_TRACE, "TRACE", true },
		{ SECCOMP_RET_ERRNO, "ERRNO", true },
		{ SECCOMP_RET_TRAP, "TRAP", true },
		{ SECCOMP_RET_KILL_THREAD, "KILL", false },
		{ SECCOMP_RET_KILL_PROCESS, "KILL_PROCESS", false },
	};
	char text[64];

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (words[i].action != (value & SECCOMP_RET_ACTION_FULL))
			continue;
		buf_puts(&writing->export->text, words[i].word);
		if (words[i].has_data)
			buf_printf(&writing->export->text, "(%" PRIu32 ")", value & SECCOMP_RET_DATA);
		return CALLGATE_OK;
	}
	callgate_action_format((struct callgate_action){ value }, text, sizeof(text));
	return fail(writing->export->err, CALLGATE_E_UNSUPPORTED, "Kafel has no words for '%s'", text);
}

static int add_entry(struct writing *writing, const struct run *run, uint32_t action, const struct clause *clauses,
		     size_t count)
{
	struct entry entry = { run, action, clauses, count };

	return VEC_PUSH(&writing->export->arena, &writing->entries, entry) ? CALLGATE_OK
									   : fail_nomem(writing->export->err);
}

/* Clauses of one action become one entry. */
static int add_call(struct writing *writing, const struct run *run)
{
	struct export *export = writing->export;
	struct cases cases;
	size_t first = 0;
	int status;

	if (outline_is_constant(export->subject, run->function))
		return add_entry(writing, run, diagram_node(export->subject->diagram, run->function).low, NULL, 0);
	status = calls_cases(export, run, writing->common, &cases);
	for (size_t i = 1; !status && i <= cases.clauses.length; i++) {
		const struct clause *clauses = cases.clauses.items;

		if (i < cases.clauses.length && clauses[i].action == clauses[first].action)
			continue;
		status = add_entry(writing, run, clauses[first].action, &clauses[first], i - first);
		first = i;
	}
	return !status && cases.has_rest ? add_entry(writing, run, cases.rest, NULL, 0) : status;
}

static void put_name(struct buf *text, const struct abi_syscall *syscall)
{
	/* Kafel has the kernel's names (newuname, umount), and none that begins with a sign. */
	static const char *const others[] = { "stat", "lstat", "fstat", "uname", "sendfile", "umount", "umount2" };
	bool by_number = syscall->since > NAMES_UP_TO || syscall->name[0] == '_';

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		by_number |= strcmp(others[i], syscall->name) == 0;
	if (by_number)
		buf_printf(text, "SYSCALL[%" PRId32 "] /* %s */", syscall->nr[abi_arch_native()->id], syscall->name);
	else
		buf_puts(text, syscall->name);
}

static void put_test(struct buf *text, unsigned arg, const struct clause_test *test)
{
	if (test->mask == UINT64_MAX)
		buf_printf(text, "a%u %s 0x%" PRIx64, arg, clause_operator(test->op), test->value);
	else
		buf_printf(text, "(a%u & 0x%" PRIx64 ") == 0x%" PRIx64, arg, test->mask, test->value);
}

static void put_clause(struct buf *text, const struct clause *clause)
{
	const char *before = "";

	for (unsigned arg = 0; arg < 6; arg++) {
		if (clause->tests[arg].op == CLAUSE_NOTHING)
			continue;
		buf_puts(text, before);
		put_test(text, arg, &clause->tests[arg]);
		before = " && ";
	}
}

static void put_entry(struct buf *text, const struct entry *entry)
{
	put_name(text, entry->run->syscall);
	if (!entry->count)
		return;
	buf_puts(text, "(a0, a1, a2, a3, a4, a5) {\n\t\t\t");
	for (size_t i = 0; i < entry->count; i++) {
		buf_puts(text, i ? " ||\n\t\t\t(" : "(");
		put_clause(text, &entry->clauses[i]);
		buf_putc(text, ')');
	}
	buf_puts(text, "\n\t\t}");
}

/* One action's entries that have conditions, or those that have none, as a block. */
static int write_block(struct writing *writing, uint32_t action, bool conditional)
{
	struct buf *text = &writing->export->text;
	const char *before = " {\n\t\t";
	int status;

	buf_puts(text, writing->has_block ? ",\n\t" : "\t");
	writing->has_block = true;
	status = write_action(writing, action);
	if (status)
		return status;
	for (size_t i = 0; i < writing->entries.length; i++) {
		const struct entry *entry = &writing->entries.items[i];

		if (entry->action != action || !entry->count == conditional)
			continue;
		buf_puts(text, before);
		put_entry(text, entry);
		before = ",\n\t\t";
	}
	buf_puts(text, "\n\t}");
	return CALLGATE_OK;
}

static bool is_first_of_block(const struct writing *writing, size_t index)
{
	const struct entry *entry = &writing->entries.items[index];

	for (size_t i = 0; i < index; i++)
		if (writing->entries.items[i].action == entry->action &&
		    !writing->entries.items[i].count == !entry->count)
			return false;
	return true;
}

static int write_blocks(struct writing *writing)
{
	int status = CALLGATE_OK;

	for (int conditional = 1; conditional >= 0; conditional--)
		for (size_t i = 0; !status && i < writing->entries.length; i++)
			if ((writing->entries.items[i].count != 0) == conditional && is_first_of_block(writing, i))
				status = write_block(writing, writing->entries.items[i].action, conditional);
	return status;
}

int export_kafel(struct export *export)
{
	struct writing writing = { .export = export };
	struct calls calls = { 0 };
	int status;

	if (!outline_is_constant(export->subject, export->outline.unknown))
		return fail(export->err, CALLGATE_E_UNSUPPORTED,
			    "Kafel has no words for a filter that looks at the arguments of numbers without a name");
	writing.common = diagram_node(export->subject->diagram, export->outline.unknown).low;
	status = calls_collect_native(export, &calls);
	for (size_t i = 0; !status && i < calls.length; i++)
		status = add_call(&writing, calls.items[i]);
	if (status)
		return status;
	buf_puts(&export->text, "POLICY callgate {\n");
	status = write_blocks(&writing);
	buf_puts(&export->text, "\n}\n\nUSE callgate DEFAULT ");
	if (!status)
		status = write_action(&writing, writing.common);
	buf_putc(&export->text, '\n');
	return status;
}
