/*
 * From a syscall that was seen, or could be, to a rule: its condition, what there is to say about it, and with which
 * others it shares the rule. An argument that would be constrained too tightly for a run that is left out is not.
 */
#include "learn/writer.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "lang/print.h"
#include "policy/terms.h"

#include <inttypes.h>
#include <string.h>

/* CLONE_NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, NEWNS (linux/sched.h); NEWTIME is clone3's alone. */
#define LEARN_NAMESPACES UINT64_C(0x7e020000)

struct arena *writer_arena(struct writer *writer)
{
	return &writer->learned.policy->arena;
}

int writer_text(struct writer *writer, struct buf *text, const char **ret_copy)
{
	*ret_copy = text->failed ? NULL : arena_strdup(writer_arena(writer), buf_text(text));
	return *ret_copy ? CALLGATE_OK : fail_nomem(writer->err);
}

/*
 * Whether too many runs have values of their own for a constraint to hold the next one. ret_tight says so; a constraint
 * that stays adds to what the rest of the runs would have refused.
 */
static int clause_leave_out(struct writer *writer, const struct clause *clause, const struct abi_arg *type,
			    const struct evidence_arg *seen, enum term_how how, bool *ret_tight)
{
	cleanup(leave_out_fini) struct leave_out out = { .run_count = writer->out.run_count };

	if (!leave_out_add_arg(&out, seen, type, how))
		return fail_nomem(writer->err);
	*ret_tight = leave_out_is_too_tight(&out);
	if (!clause->subject)
		return CALLGATE_OK;
	if (!*ret_tight)
		return leave_out_join(&writer->out, &out) ? CALLGATE_OK : fail_nomem(writer->err);
	buf_printf(&writer->widened, "%s's %s is %s: %zu of %zu runs had values that no other had.\n",
		   clause->syscall->name, type->name,
		   how == TERM_RANGE && seen->length <= TERM_VALUES_MAX ? "constrained by its ends at most"
									: "not constrained",
		   out.count, out.run_count);
	writer->learned.widened++;
	return writer->widened.failed ? fail_nomem(writer->err) : CALLGATE_OK;
}

/* flags & (the namespaces) == 0, of clone; NULL without memory. */
const struct policy_condition *no_namespaces(struct arena *arena)
{
	struct policy_condition *condition = arena_alloc(arena, sizeof(*condition));
	struct policy_value *zero = arena_alloc(arena, sizeof(*zero));
	const struct abi_arch *arch = abi_arch_native();
	struct abi_arg types[6];

	if (!condition || !zero)
		return NULL;
	abi_syscall_args(abi_syscall_by_name("clone"), arch->id, types);
	*condition = (struct policy_condition){
		.kind = POLICY_COMPARE,
		.arg = "flags",
		.mask = term_value(arena, arch, &types[0], LEARN_NAMESPACES),
		.op = POLICY_OP_EQ,
		.value = zero,
	};
	return condition->mask ? condition : NULL;
}

/* What was seen of the argument, or of the one of that name of the twin. */
const struct evidence_arg *clause_arg(const struct clause *clause, unsigned position, const struct abi_arg *type)
{
	static const struct evidence_arg nothing;
	const struct evidence_entry *twin = clause->twin ? clause->twin->native : NULL;

	if (clause->could)
		return &clause->could[position];
	if (clause->subject && clause->subject->native)
		return &clause->subject->native->args[position];
	for (unsigned i = 0; twin && i < twin->arg_count; i++)
		if (strcmp(twin->arg_types[i].name, type->name) == 0)
			return &twin->args[i];
	return &nothing;
}

/* What was seen of one argument, without how often. */
static int clause_seen(struct writer *writer, const struct evidence_arg *arg, struct term_seen *ret_seen)
{
	uint64_t *values = arena_array(writer_arena(writer), arg->length, sizeof(*values));

	if (!values)
		return fail_nomem(writer->err);
	for (size_t i = 0; i < arg->length; i++)
		values[i] = arg->items[i].value;
	*ret_seen = (struct term_seen){ values, arg->length, arg->many };
	return CALLGATE_OK;
}

/* Ands what one constraint comes to, unless it would be too tight, as *ret_tight then says. */
static int clause_constrain_as(struct writer *writer, struct clause *clause, const struct evidence_arg *arg,
			       const struct abi_arg *type, enum term_how how, bool *ret_tight)
{
	const struct policy_condition *one = NULL;
	struct term_seen seen = { NULL, 0, false };
	const struct term_subject subject = { .arch = abi_arch_native(), .type = type, .seen = &seen };
	int status = clause_seen(writer, arg, &seen);

	if (!status)
		status = term_condition(writer_arena(writer), &subject, how, &one, writer->err);
	if (!status && one)
		status = clause_leave_out(writer, clause, type, arg, how, ret_tight);
	if (status || *ret_tight)
		return status;
	return term_and(writer_arena(writer), clause->condition, one, &clause->condition, writer->err);
}

static int clause_constrain_by(struct writer *writer, struct clause *clause, const struct term_constraint *constraint,
			       const struct abi_arg *type)
{
	const struct evidence_arg *arg = clause_arg(clause, constraint->position, type);
	bool is_tight = false;
	int status = clause_constrain_as(writer, clause, arg, type, constraint->how, &is_tight);

	if (status || !is_tight || constraint->how != TERM_RANGE || arg->length > TERM_VALUES_MAX)
		return status;
	is_tight = false;
	return clause_constrain_as(writer, clause, arg, type, TERM_SPAN, &is_tight);
}

static int clause_constrain(struct writer *writer, struct clause *clause)
{
	const struct term_constraint *constraint;
	struct abi_arg types[6];
	unsigned count = abi_syscall_args(clause->syscall, abi_arch_native()->id, types);
	int status = CALLGATE_OK;

	for (size_t i = 0; !status && (constraint = term_constraint_at(i)); i++)
		if (strcmp(constraint->syscall, clause->syscall->name) == 0 && constraint->position < count)
			status = clause_constrain_by(writer, clause, constraint, &types[constraint->position]);
	return status;
}

int writer_add(struct writer *writer, struct clause clause)
{
	const struct subject *subject = clause.subject;
	cleanup(buf_fini) struct buf text = { 0 };
	int status = CALLGATE_OK;

	/* Another arch has other values: what one of them supports, the other may not. */
	if (!subject || !subject->foreign)
		status = clause_constrain(writer, &clause);
	if (status < 0)
		return status;
	/* Nobody has shown that it needs a namespace. */
	if (clause.could && !clause.condition && strcmp(clause.syscall->name, "clone") == 0) {
		clause.condition = no_namespaces(writer_arena(writer));
		if (!clause.condition)
			return fail_nomem(writer->err);
	}
	if (clause.condition)
		print_condition(&text, clause.condition);
	status = writer_text(writer, &text, &clause.text);
	if (status < 0)
		return status;
	return VEC_PUSH(writer_arena(writer), &writer->clauses, clause) ? CALLGATE_OK : fail_nomem(writer->err);
}

int writer_add_clause(struct writer *writer, const struct abi_syscall *syscall, const struct subject *subject)
{
	return writer_add(writer, (struct clause){ .syscall = syscall, .subject = subject });
}

static void clause_describe(const struct writer *writer, const struct clause *clause, struct buf *text)
{
	const struct subject *subject = clause->subject;

	buf_printf(text, "%s%" PRIu64 " call%s", text->length ? ", " : "", subject->count,
		   subject->count == 1 ? "" : "s");
	if (writer->evidence->run_list.length > 1)
		buf_printf(text, " in %u of %zu runs", subject->seen.runs, writer->evidence->run_list.length);
}

int writer_add_rule(struct writer *writer, const struct policy_action *action, const struct policy_name *names,
		    size_t count, const struct policy_condition *condition, const char *comment)
{
	static const struct policy_condition always = { .kind = POLICY_ALWAYS };
	struct policy_rule rule = {
		.action = *action,
		.names = names,
		.name_count = count,
		.condition = condition ? condition : &always,
	};
	struct learned_note note = { .section = writer->section, .comment = comment };
	int status = policy_add_rule(writer->learned.policy, &rule, writer->err);

	if (status < 0)
		return status;
	writer->section = NULL;
	return VEC_PUSH(writer_arena(writer), &writer->learned.notes, note) ? CALLGATE_OK : fail_nomem(writer->err);
}

/* One rule of all clauses from `first` on that belong to these words (NULL: any) and read the same. */
int writer_place_as(struct writer *writer, size_t first, const char *words, const struct policy_action *action)
{
	cleanup(buf_fini) struct buf text = { 0 };
	struct clause *clauses = writer->clauses.items;
	struct policy_name *names = arena_array(writer_arena(writer), writer->clauses.length - first, sizeof(*names));
	const char *comment = NULL;
	size_t count = 0;

	if (!names)
		return fail_nomem(writer->err);
	for (size_t i = first; i < writer->clauses.length; i++) {
		if (clauses[i].placed || strcmp(clauses[i].text, clauses[first].text) != 0 ||
		    (words && !words_have(words, clauses[i].syscall->name)))
			continue;
		clauses[i].placed = true;
		names[count++] = (struct policy_name){ .syscall = clauses[i].syscall };
		if (clauses[i].condition && clauses[i].subject)
			clause_describe(writer, &clauses[i], &text);
	}
	if ((text.length || text.failed) && writer_text(writer, &text, &comment) < 0)
		return CALLGATE_E_NOMEM;
	return writer_add_rule(writer, action, names, count, clauses[first].condition, comment);
}

int writer_place(struct writer *writer, size_t first, const char *words)
{
	static const struct policy_action allow = { .kind = POLICY_ALLOW };

	return writer_place_as(writer, first, words, &allow);
}

int writer_section(struct writer *writer, const char *heading, const char *words)
{
	uint64_t calls = 0;
	int status = CALLGATE_OK;

	for (size_t i = 0; i < writer->clauses.length; i++) {
		const struct clause *clause = &writer->clauses.items[i];

		if (!clause->placed && clause->subject && (!words || words_have(words, clause->syscall->name)))
			calls += clause->subject->count;
	}
	writer->section =
		arena_printf(writer_arena(writer), "%s: %" PRIu64 " call%s", heading, calls, calls == 1 ? "" : "s");
	if (!writer->section)
		return fail_nomem(writer->err);
	/* First what has no condition. */
	for (int conditional = 0; conditional < 2; conditional++)
		for (size_t i = 0; status == CALLGATE_OK && i < writer->clauses.length; i++) {
			const struct clause *clause = &writer->clauses.items[i];

			if (!clause->placed && (clause->text[0] != '\0') == conditional &&
			    (!words || words_have(words, clause->syscall->name)))
				status = writer_place(writer, i, words);
		}
	return status;
}

bool writer_has_clause(const struct writer *writer, const char *name)
{
	for (size_t i = 0; i < writer->clauses.length; i++)
		if (strcmp(writer->clauses.items[i].syscall->name, name) == 0)
			return true;
	return false;
}

int writer_place_rest(struct writer *writer, size_t first, const struct policy_action *action)
{
	int status = CALLGATE_OK;

	for (size_t i = first; status == CALLGATE_OK && i < writer->clauses.length; i++)
		if (!writer->clauses.items[i].placed)
			status = writer_place_as(writer, i, NULL, action);
	return status;
}

const struct abi_syscall *writer_next_syscall(const char **at)
{
	const struct abi_syscall *syscall;
	size_t length = strcspn(*at, " ");
	char name[48];

	snprintf(name, sizeof(name), "%.*s", (int)length, *at);
	*at += length + ((*at)[length] == ' ');
	syscall = abi_syscall_by_name(name);
	return syscall && syscall->nr[abi_arch_native()->id] >= 0 ? syscall : NULL;
}
