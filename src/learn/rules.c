/*
 * Every syscall that was seen becomes a clause: its name, the condition that the evidence supports, what there is to
 * say about it. Clauses of one group without a condition share a rule, and so do those whose conditions read the same.
 */
#include "learn/rules.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "lang/print.h"
#include "learn/leave_out.h"
#include "learn/parts.h"
#include "learn/subjects.h"
#include "policy/terms.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* CLONE_NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, NEWNS (linux/sched.h); NEWTIME is clone3's alone. */
#define LEARN_NAMESPACES UINT64_C(0x7e020000)

struct clause {
	const struct abi_syscall *syscall;
	const struct subject *subject;	  /* NULL: not seen */
	const struct subject *twin;	  /* that was seen in its place, or NULL */
	const struct evidence_arg *could; /* six: what its arguments could be, of what was only read; or NULL */
	const struct policy_condition *condition;
	const char *text; /* the condition as it reads, "" for none */
	bool placed;	  /* stands in a rule already */
};

/* What is being written, and what it is made from. */
struct writer {
	const struct evidence *evidence;
	const struct learn_wishes *wishes;
	struct subjects subjects;
	struct learned learned;
	struct {
		VEC(struct clause);
	} clauses;
	struct leave_out out;	      /* runs that the rest would have refused, for whatever reason */
	struct buf widened;	      /* arguments that are not constrained because of it, a line each */
	const char *section;	      /* for the next rule */
	const struct subject *hidden; /* clone3, when only libc calls it; else NULL */
	struct callgate_error *err;
};

void learned_fini(struct learned *learned)
{
	policy_free(learned->policy);
	*learned = (struct learned){ 0 };
}

static void writer_fini(struct writer *writer)
{
	subjects_fini(&writer->subjects);
	leave_out_fini(&writer->out);
	buf_fini(&writer->widened);
	learned_fini(&writer->learned);
}

static struct arena *writer_arena(struct writer *writer)
{
	return &writer->learned.policy->arena;
}

static int writer_text(struct writer *writer, struct buf *text, const char **ret_copy)
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
static const struct policy_condition *no_namespaces(struct arena *arena)
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
static const struct evidence_arg *clause_arg(const struct clause *clause, unsigned position, const struct abi_arg *type)
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

static int writer_add(struct writer *writer, struct clause clause)
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

static int writer_add_clause(struct writer *writer, const struct abi_syscall *syscall, const struct subject *subject)
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

static int writer_add_rule(struct writer *writer, const struct policy_action *action, const struct policy_name *names,
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
static int writer_place_as(struct writer *writer, size_t first, const char *words, const struct policy_action *action)
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

static int writer_place(struct writer *writer, size_t first, const char *words)
{
	static const struct policy_action allow = { .kind = POLICY_ALLOW };

	return writer_place_as(writer, first, words, &allow);
}

static int writer_section(struct writer *writer, const char *heading, const char *words)
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

static int writer_leave_out(struct writer *writer)
{
	for (size_t i = 0; i < writer->subjects.list.length; i++) {
		const struct subject *subject = &writer->subjects.list.items[i];

		if (!subject_is_in_any_run(subject) && !leave_out_add(&writer->out, &subject->seen))
			return fail_nomem(writer->err);
	}
	return CALLGATE_OK;
}

static int writer_seen(struct writer *writer)
{
	static const struct {
		const char *heading, *words;
	} groups[] = {
#define GROUP(heading, words) { heading, words },
#include "learn/groups.def"
#undef GROUP
		{ "other", NULL },
	};
	int status = CALLGATE_OK;

	for (size_t i = 0; status == CALLGATE_OK && i < writer->subjects.list.length; i++)
		if (&writer->subjects.list.items[i] != writer->hidden)
			status = writer_add_clause(writer, writer->subjects.list.items[i].syscall,
						   &writer->subjects.list.items[i]);
	for (size_t i = 0; status == CALLGATE_OK && i < sizeof(groups) / sizeof(*groups); i++)
		status = writer_section(writer, groups[i].heading, groups[i].words);
	return status;
}

static bool writer_has_clause(const struct writer *writer, const char *name)
{
	for (size_t i = 0; i < writer->clauses.length; i++)
		if (strcmp(writer->clauses.items[i].syscall->name, name) == 0)
			return true;
	return false;
}

/* The syscall of the words' next one, which *at moves behind: NULL when the tables or the native arch lack it. */
static const struct abi_syscall *next_syscall(const char **at)
{
	const struct abi_syscall *syscall;
	size_t length = strcspn(*at, " ");
	char name[48];

	snprintf(name, sizeof(name), "%.*s", (int)length, *at);
	*at += length + ((*at)[length] == ' ');
	syscall = abi_syscall_by_name(name);
	return syscall && syscall->nr[abi_arch_native()->id] >= 0 ? syscall : NULL;
}

/* Those of one row that were not seen, as rules with the reason behind them. */
static int writer_companions_row(struct writer *writer, const char *words, const char *why)
{
	size_t first = writer->clauses.length;
	int status = CALLGATE_OK;

	for (const char *at = words; status == CALLGATE_OK && *at;) {
		const struct abi_syscall *syscall = next_syscall(&at);

		if (syscall && !writer_has_clause(writer, syscall->name))
			status = writer_add_clause(writer, syscall, NULL);
	}
	for (size_t i = first; status == CALLGATE_OK && i < writer->clauses.length; i++) {
		if (writer->clauses.items[i].placed)
			continue;
		status = writer_place(writer, i, NULL);
		if (status == CALLGATE_OK)
			writer->learned.notes.items[writer->learned.notes.length - 1].comment = why;
	}
	return status;
}

static int writer_companions(struct writer *writer)
{
	static const struct {
		const char *seen, *words, *why;
	} rows[] = {
#define COMPANIONS(seen, words, why) { #seen, words, why },
#include "learn/companions.def"
#undef COMPANIONS
	};
	int status = CALLGATE_OK;

	writer->section = "not seen, but any run may need them";
	for (size_t i = 0; status == CALLGATE_OK && i < sizeof(rows) / sizeof(*rows); i++)
		if (strcmp(rows[i].seen, "ALWAYS") == 0 || subjects_find(&writer->subjects, rows[i].seen))
			status = writer_companions_row(writer, rows[i].words, rows[i].why);
	return status;
}

/* Clauses that were added last become rules, those that read the same one rule. */
static int writer_place_rest(struct writer *writer, size_t first, const struct policy_action *action)
{
	int status = CALLGATE_OK;

	for (size_t i = first; status == CALLGATE_OK && i < writer->clauses.length; i++)
		if (!writer->clauses.items[i].placed)
			status = writer_place_as(writer, i, NULL, action);
	return status;
}

/* One row of twins, of which one was seen: the others. */
static int writer_twins_row(struct writer *writer, const char *words)
{
	const struct subject *seen = NULL;
	int status = CALLGATE_OK;

	for (const char *at = words; *at && !seen;) {
		const struct abi_syscall *syscall = next_syscall(&at);

		seen = syscall ? subjects_find(&writer->subjects, syscall->name) : NULL;
	}
	for (const char *at = words; seen && status == CALLGATE_OK && *at;) {
		const struct abi_syscall *syscall = next_syscall(&at);

		if (syscall && !writer_has_clause(writer, syscall->name))
			status = writer_add(writer, (struct clause){ .syscall = syscall, .twin = seen });
	}
	return status;
}

static int writer_twins(struct writer *writer)
{
	static const struct policy_action allow = { .kind = POLICY_ALLOW };
	static const char *const rows[] = {
#define TWINS(words) words,
#include "learn/twins.def"
#undef TWINS
	};
	size_t first = writer->clauses.length;
	int status = CALLGATE_OK;

	if (!writer->wishes->twins)
		return CALLGATE_OK;
	writer->section = "not seen; the same as another C library calls it";
	for (size_t i = 0; status == CALLGATE_OK && i < sizeof(rows) / sizeof(*rows); i++)
		status = writer_twins_row(writer, rows[i]);
	return status == CALLGATE_OK ? writer_place_rest(writer, first, &allow) : status;
}

/* Whether libraries do without it, so that ENOSYS is the better answer. */
static bool has_fallback(const struct abi_syscall *syscall)
{
	static const char *const fallbacks[] = {
#define FALLBACK(name) #name,
#include "learn/fallbacks.def"
#undef FALLBACK
	};

	for (size_t i = 0; i < sizeof(fallbacks) / sizeof(*fallbacks); i++)
		if (strcmp(fallbacks[i], syscall->name) == 0)
			return true;
	return false;
}

/* Whether a call is of this turn: those that no errno ends come by themselves where the rest gets one. */
static bool is_in_turn(const struct writer *writer, const struct abi_syscall *syscall, bool endless)
{
	static const char *const waits[] = {
#define ENDLESS(name) #name,
#include "learn/endless.def"
#undef ENDLESS
	};

	for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++)
		if (writer->wishes->reachable_action.kind == POLICY_ERRNO && strcmp(waits[i], syscall->name) == 0)
			return endless;
	return !endless;
}

/* What nobody saw and the programs could do. */
static int writer_unseen(struct writer *writer, bool endless, const struct policy_action *action)
{
	const struct learn_wishes *wishes = writer->wishes;
	size_t first = writer->clauses.length;
	int status = CALLGATE_OK;

	for (size_t i = 0; status == CALLGATE_OK && i < wishes->reachable_count; i++) {
		const struct learn_reachable *could = &wishes->reachable[i];

		if (!is_in_turn(writer, could->syscall, endless) || writer_has_clause(writer, could->syscall->name) ||
		    (writer->hidden && writer->hidden->syscall == could->syscall) || has_fallback(could->syscall))
			continue;
		status = writer_add(writer, (struct clause){ .syscall = could->syscall, .could = could->args });
		writer->learned.reachable++;
	}
	return status == CALLGATE_OK ? writer_place_rest(writer, first, action) : status;
}

/* The clause of what was seen, or of its twin; NULL when there is none, or it holds whatever the arguments are. */
static const struct clause *constrained_clause(const struct writer *writer, const struct abi_syscall *syscall)
{
	for (size_t i = 0; i < writer->clauses.length; i++)
		if (writer->clauses.items[i].syscall == syscall)
			return writer->clauses.items[i].condition ? &writer->clauses.items[i] : NULL;
	return NULL;
}

/*
 * Whether it is one of those arguments of which reading the program has to say what they are: memory that is written
 * and executed, and namespaces. That nobody knows them does not make them likely. clone is not among them: who has only
 * seen a fork has not seen the threads, and writer_add keeps the namespaces out of it.
 */
static bool argument_stays(const struct abi_syscall *syscall, unsigned position)
{
	static const char *const spaces[] = { "unshare", "setns" };
	const struct term_constraint *constraint;

	for (size_t i = 0; i < sizeof(spaces) / sizeof(*spaces); i++)
		if (strcmp(spaces[i], syscall->name) == 0)
			return true;
	for (size_t i = 0; (constraint = term_constraint_at(i)); i++)
		if (constraint->how == TERM_WX && constraint->position == position &&
		    strcmp(constraint->syscall, syscall->name) == 0)
			return true;
	return false;
}

/* What the arguments could be beyond what was seen of them: six. NULL without memory. */
static const struct evidence_arg *arguments_beyond(struct writer *writer, const struct clause *seen,
						   const struct learn_reachable *could)
{
	struct evidence_arg *args = arena_array(writer_arena(writer), 6, sizeof(*args));
	struct abi_arg types[6];
	unsigned count = abi_syscall_args(could->syscall, abi_arch_native()->id, types);

	for (unsigned i = 0; args && i < count; i++) {
		args[i] = could->args[i];
		if (args[i].many && argument_stays(could->syscall, i))
			args[i] = *clause_arg(seen, i, &types[i]);
	}
	return args;
}

/* What was seen, and the programs could do with other arguments. */
static int writer_beyond(struct writer *writer, bool endless, const struct policy_action *action)
{
	const struct learn_wishes *wishes = writer->wishes;
	size_t first = writer->clauses.length;
	int status = CALLGATE_OK;

	for (size_t i = 0; status == CALLGATE_OK && i < wishes->reachable_count; i++) {
		const struct learn_reachable *could = &wishes->reachable[i];
		const struct clause *seen = constrained_clause(writer, could->syscall);
		struct clause beyond = { .syscall = could->syscall };
		const char *text;

		if (!is_in_turn(writer, could->syscall, endless) || !seen || seen->could ||
		    has_fallback(could->syscall))
			continue;
		text = seen->text;
		beyond.could = arguments_beyond(writer, seen, could);
		status = beyond.could ? writer_add(writer, beyond) : fail_nomem(writer->err);
		if (status == CALLGATE_OK && strcmp(writer->clauses.items[writer->clauses.length - 1].text, text) == 0)
			writer->clauses.length--;
	}
	return status == CALLGATE_OK ? writer_place_rest(writer, first, action) : status;
}

static int writer_reachable(struct writer *writer)
{
	static const struct policy_action allow = { .kind = POLICY_ALLOW };
	const struct policy_action *action = &writer->wishes->reachable_action;
	int status;

	writer->section = "not seen; answered with an errno, the programs would wait for ever";
	status = writer_unseen(writer, true, &allow);
	if (status == CALLGATE_OK)
		status = writer_beyond(writer, true, &allow);
	writer->section = "not seen; the programs could do it";
	if (status == CALLGATE_OK)
		status = writer_unseen(writer, false, action);
	writer->section = "not seen with these arguments; the programs could do it";
	return status == CALLGATE_OK ? writer_beyond(writer, false, action) : status;
}

/*
 * clone3's flags lie in memory, where no filter sees them: allowed, it makes any namespace. The C library makes a clone
 * of the same flags when it is told that the kernel lacks it, and of clone a filter sees them.
 */
static int writer_hidden(struct writer *writer)
{
	static const struct policy_action enosys = { .kind = POLICY_ERRNO, .errno_name = "ENOSYS" };
	static const struct policy_action allow = { .kind = POLICY_ALLOW };
	struct policy_name *names = arena_array(writer_arena(writer), 2, sizeof(*names));
	const struct policy_condition *condition = no_namespaces(writer_arena(writer));
	int status;

	if (!names || !condition)
		return fail_nomem(writer->err);
	names[0].syscall = writer->hidden->syscall;
	names[1].syscall = abi_syscall_by_name("clone");
	writer->section = "clone3's flags lie in memory, unseen; libc makes a clone of the same flags instead";
	status = writer_add_rule(writer, &enosys, &names[0], 1, NULL, NULL);
	return status == CALLGATE_OK ? writer_add_rule(writer, &allow, &names[1], 1, condition, NULL) : status;
}

/* Whether every call of it came from the C library, which has another way. */
static bool subject_is_libcs(const struct subject *subject)
{
	const struct evidence_entry *entry = subject->native;

	if (subject->foreign || !entry || entry->sites_many || !entry->sites.length)
		return false;
	for (size_t i = 0; i < entry->sites.length; i++) {
		const char *slash = strrchr(entry->sites.items[i].module, '/');

		if (!slash || strncmp(slash, "/libc.so", strlen("/libc.so")) != 0)
			return false;
	}
	return true;
}

static int writer_fallbacks(struct writer *writer)
{
	static const char *const fallbacks[] = {
#define FALLBACK(name) #name,
#include "learn/fallbacks.def"
#undef FALLBACK
	};
	enum { FALLBACKS = sizeof(fallbacks) / sizeof(*fallbacks) };
	static const struct policy_action enosys = { .kind = POLICY_ERRNO, .errno_name = "ENOSYS" };
	struct policy_name *names = arena_array(writer_arena(writer), FALLBACKS, sizeof(*names));
	size_t count = 0;

	if (!names)
		return fail_nomem(writer->err);
	for (size_t i = 0; i < FALLBACKS; i++) {
		const char *at = fallbacks[i];
		const struct abi_syscall *syscall = next_syscall(&at);

		/* What the policy's kernel does not know is `newer`, whose answer is ENOSYS as it is. */
		if (syscall && syscall->since <= writer->evidence->kernel && !writer_has_clause(writer, fallbacks[i]) &&
		    !(writer->hidden && syscall == writer->hidden->syscall))
			names[count++].syscall = syscall;
	}
	writer->section = "not seen; libraries do without them when they are told that the kernel lacks them";
	return count ? writer_add_rule(writer, &enosys, names, count, NULL, NULL) : CALLGATE_OK;
}

/* A file's name may hold any byte but NUL; in a policy's comment none may be a control character. */
static void opening_name(struct buf *text, const char *name)
{
	for (; *name; name++)
		buf_printf(text, (unsigned char)*name < ' ' || *name == 0x7f ? "\\x%02x" : "%c", (unsigned char)*name);
	buf_putc(text, '\n');
}

static void opening_programs(const struct evidence *evidence, struct buf *text)
{
	buf_printf(text, "Learned from %zu run%s, %" PRIu64 " call%s, of:\n", evidence->run_list.length,
		   evidence->run_list.length == 1 ? "" : "s", evidence->calls, evidence->calls == 1 ? "" : "s");
	for (size_t i = 0; i < evidence->programs.length; i++) {
		bool again = false;

		for (size_t j = 0; j < i; j++)
			again |= strcmp(evidence->programs.items[j]->path, evidence->programs.items[i]->path) == 0;
		if (again)
			continue;
		buf_puts(text, "  ");
		opening_name(text, evidence->programs.items[i]->path);
	}
}

/* Whether no recording saw the program from its start. */
static bool evidence_is_attached_only(const struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->run_list.length; i++)
		if (!evidence->run_list.items[i].attached)
			return false;
	return evidence->run_list.length > 0;
}

static void opening_blind(const struct writer *writer, struct buf *text)
{
	if (evidence_is_attached_only(writer->evidence))
		buf_puts(text,
			 "It was attached to while it ran: what it did before, its start included, was not seen.\n");
	if (writer->evidence->blind.own_filters)
		buf_printf(text,
			   "The program loaded filters of its own (%" PRIu64
			   " attempts): what those refused was not seen.\n",
			   writer->evidence->blind.own_filters);
	if (subjects_find(&writer->subjects, "io_uring_setup"))
		buf_puts(text, "It uses io_uring, whose operations neither a recorder nor a filter sees.\n");
	for (size_t i = 0; i < writer->subjects.unnamed.length; i++) {
		const struct evidence_entry *entry = writer->subjects.unnamed.items[i];

		buf_printf(text, "Number %u, which no kernel known to Callgate has, was called: %" PRIu64 " call%s.\n",
			   entry->nr, entry->count, entry->count == 1 ? "" : "s");
	}
}

/* Whoever reads the arch line should know that it is what the program did, and what it opens. */
static void opening_foreign(const struct writer *writer, struct buf *text)
{
	const struct policy *policy = writer->learned.policy;
	const char *separator = "The kernel was also called as ";
	bool foreign = false;

	for (int id = 0; id < ABI_ARCH_COUNT; id++) {
		if (!policy->arches[id] || abi_arch((enum abi_arch_id)id) == abi_arch_native())
			continue;
		buf_printf(text, "%s%s", separator, abi_arch((enum abi_arch_id)id)->name);
		separator = ", ";
		foreign = true;
	}
	if (foreign)
		buf_puts(text,
			 ": what is allowed is allowed there too. Take it out of `arch` if that was only a try.\n");
}

static int writer_opening(struct writer *writer, const char *evidence_name)
{
	cleanup(buf_fini) struct buf text = { 0 };

	opening_programs(writer->evidence, &text);
	opening_blind(writer, &text);
	opening_foreign(writer, &text);
	buf_puts(&text, buf_text(&writer->widened));
	if (evidence_name) {
		buf_puts(&text, "Values, call sites and phases: ");
		opening_name(&text, evidence_name);
	}
	if (text.length)
		text.data[--text.length] = '\0';
	return writer_text(writer, &text, &writer->learned.opening);
}

static void writer_head(struct writer *writer)
{
	struct policy *policy = writer->learned.policy;

	policy->kernel = writer->evidence->kernel;
	policy->default_action.kind = POLICY_KILL_PROCESS;
	policy->arches[abi_arch_native()->id] = true;
	for (size_t i = 0; i < writer->evidence->entries.length; i++)
		if (writer->evidence->entries.items[i]->arch)
			policy->arches[writer->evidence->entries.items[i]->arch->id] = true;
}

int learn_rules_with(const struct evidence *evidence, const struct learn_wishes *wishes, struct learned *ret_learned,
		     struct callgate_error *err)
{
	cleanup(writer_fini) struct writer writer = { .evidence = evidence, .wishes = wishes, .err = err };
	int status;

	if (evidence->calls == 0)
		return fail(err, CALLGATE_E_INVALID, "there is nothing to learn from: not one call was seen");
	writer.learned.policy = policy_new();
	if (!writer.learned.policy)
		return fail_nomem(err);
	status = subjects_make(evidence, &writer.subjects, err);
	if (status < 0)
		return status;
	writer.hidden = subjects_find(&writer.subjects, "clone3");
	if (writer.hidden && !subject_is_libcs(writer.hidden))
		writer.hidden = NULL;
	writer_head(&writer);
	writer.out.run_count = evidence->run_list.length;
	status = writer_leave_out(&writer);
	if (status == CALLGATE_OK)
		status = writer_seen(&writer);
	if (status == CALLGATE_OK && writer.hidden)
		status = writer_hidden(&writer);
	if (status == CALLGATE_OK)
		status = writer_companions(&writer);
	if (status == CALLGATE_OK)
		status = writer_twins(&writer);
	if (status == CALLGATE_OK)
		status = writer_reachable(&writer);
	if (status == CALLGATE_OK)
		status = writer_fallbacks(&writer);
	if (status == CALLGATE_OK && wishes->phases)
		status = parts_add(&writer.subjects, evidence, writer.learned.policy, err);
	if (status == CALLGATE_OK)
		status = writer_opening(&writer, wishes->evidence_name);
	if (status < 0)
		return status;
	writer.learned.one_out = writer.out.count;
	*ret_learned = writer.learned;
	writer.learned = (struct learned){ 0 };
	return CALLGATE_OK;
}

int learn_rules(const struct evidence *evidence, const char *evidence_name, struct learned *ret_learned,
		struct callgate_error *err)
{
	const struct learn_wishes wishes = { .evidence_name = evidence_name };

	return learn_rules_with(evidence, &wishes, ret_learned, err);
}

void learned_print(const struct learned *learned, struct buf *ret_text)
{
	const struct policy *policy = learned->policy;

	print_comment(ret_text, learned->opening);
	buf_putc(ret_text, '\n');
	print_header(ret_text, policy);
	for (size_t i = 0; i < policy->rules.length; i++) {
		if (learned->notes.items[i].section) {
			buf_putc(ret_text, '\n');
			print_comment(ret_text, learned->notes.items[i].section);
		}
		print_rule(ret_text, &policy->rules.items[i], learned->notes.items[i].comment);
	}
	for (size_t i = 0; i < policy->phases.length; i++)
		print_phase(ret_text, &policy->phases.items[i]);
}
