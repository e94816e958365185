/*
 * Every syscall that was seen becomes a clause: its name, the condition that the evidence supports, what there is to
 * say about it. Here is which sections there are, and what a policy holds beside what was seen.
 */
#include "learn/rules.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "lang/print.h"
#include "learn/parts.h"
#include "learn/writer.h"
#include "policy/terms.h"

#include <stdio.h>
#include <string.h>

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

/* Those of one row that were not seen, as rules with the reason behind them. */
static int writer_companions_row(struct writer *writer, const char *words, const char *why)
{
	size_t first = writer->clauses.length;
	int status = CALLGATE_OK;

	for (const char *at = words; status == CALLGATE_OK && *at;) {
		const struct abi_syscall *syscall = writer_next_syscall(&at);

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

/* Takes the last clause back where the clone that stands for clone3 is let through by the same condition already. */
static bool writer_drop_hidden(struct writer *writer)
{
	const struct clause *last = &writer->clauses.items[writer->clauses.length - 1];

	if (!writer->hidden || strcmp(last->syscall->name, "clone") != 0 ||
	    strcmp(last->text, writer->hidden_text) != 0)
		return false;
	writer->clauses.length--;
	return true;
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
		if (status == CALLGATE_OK && !writer_drop_hidden(writer))
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

		if (!is_in_turn(writer, could->syscall, endless) || !seen || (seen->could && !seen->twin) ||
		    has_fallback(could->syscall))
			continue;
		text = seen->text;
		beyond.could = arguments_beyond(writer, seen, could);
		status = beyond.could ? writer_add(writer, beyond) : fail_nomem(writer->err);
		if (status == CALLGATE_OK && strcmp(writer->clauses.items[writer->clauses.length - 1].text, text) == 0)
			writer->clauses.length--;
		else if (status == CALLGATE_OK)
			writer_drop_hidden(writer);
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
	cleanup(buf_fini) struct buf text = { 0 };
	int status;

	if (!names || !condition)
		return fail_nomem(writer->err);
	print_condition(&text, condition);
	status = writer_text(writer, &text, &writer->hidden_text);
	if (status < 0)
		return status;
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
		const struct abi_syscall *syscall = writer_next_syscall(&at);

		/* What the policy's kernel does not know is `newer`, whose answer is ENOSYS as it is. */
		if (syscall && syscall->since <= writer->evidence->kernel && !writer_has_clause(writer, fallbacks[i]) &&
		    !(writer->hidden && syscall == writer->hidden->syscall))
			names[count++].syscall = syscall;
	}
	writer->section = "not seen; libraries do without them when they are told that the kernel lacks them";
	return count ? writer_add_rule(writer, &enosys, names, count, NULL, NULL) : CALLGATE_OK;
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
