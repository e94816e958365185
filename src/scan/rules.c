/*
 * From what programs can do to a policy. Calls stand in the groups that learned policies have, first those that are
 * allowed whatever their arguments, then one rule for each whose arguments are constants everywhere. What several
 * programs can do is the union: an argument that one of them leaves open is open.
 */
#include "scan/scan.h"

#include "abi/abi.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/probe.h"
#include "lang/print.h"
#include "policy/terms.h"
#include "policy/policy.h"

#include <callgate/policy.h>

#include <inttypes.h>
#include <string.h>

/* One call of all programs together. */
struct clause {
	const struct abi_syscall *syscall;
	uint32_t given[CALL_ARGUMENTS]; /* in writer->values; NO_VALUE where no program made it yet */
	size_t sites;
	bool placed;
};

struct writer {
	struct callgate_scan *const *scans;
	size_t scan_count;
	enum abi_arch_id abi; /* of all of them */
	struct values values;
	struct policy *policy; /* owned; for its arena and its header */
	struct {
		VEC(struct clause);
	} clauses; /* in values.arena */
	struct buf text;
	struct buf part; /* the rules of a phase */
	struct buf *out; /* of these two, where rules go */
	struct callgate_error *err;
};

static void writer_fini(struct writer *writer)
{
	value_table_fini(&writer->values);
	policy_free(writer->policy);
	buf_fini(&writer->text);
	buf_fini(&writer->part);
}

static struct clause *writer_clause(struct writer *writer, const struct abi_syscall *syscall)
{
	struct clause clause = { .syscall = syscall };

	for (size_t i = 0; i < writer->clauses.length; i++)
		if (writer->clauses.items[i].syscall == syscall)
			return &writer->clauses.items[i];
	for (unsigned i = 0; i < CALL_ARGUMENTS; i++)
		clause.given[i] = NO_VALUE;
	if (!VEC_PUSH(&writer->values.arena, &writer->clauses, clause))
		return NULL;
	return &writer->clauses.items[writer->clauses.length - 1];
}

/* A number that no table has a name for cannot be written, and no kernel that the tables know answers it. */
static int writer_add_call(struct writer *writer, const struct callgate_scan *scan, const struct call *call)
{
	const struct abi_syscall *syscall = abi_syscall_by_nr(writer->abi, call->nr);
	struct clause *clause = syscall ? writer_clause(writer, syscall) : NULL;

	if (!syscall)
		return CALLGATE_OK;
	if (!clause)
		return fail_nomem(writer->err);
	clause->sites += call->sites.length;
	for (unsigned i = 0; i < CALL_ARGUMENTS; i++) {
		const int64_t *numbers;
		size_t count = scan_numbers(scan, call, i, &numbers);

		clause->given[i] = value_join(&writer->values, clause->given[i],
					      count ? value_set(&writer->values, numbers, count) : UNKNOWN);
	}
	return writer->values.failed ? fail_nomem(writer->err) : CALLGATE_OK;
}

static int writer_add_allowed(struct writer *writer, const char *name)
{
	const struct abi_syscall *syscall = abi_syscall_by_name(name);
	const char *nearest = syscall ? NULL : abi_syscall_nearest(name);
	struct clause *clause;

	if (!syscall) {
		error_set(writer->err, CALLGATE_E_UNKNOWN, "unknown syscall '%s'", name);
		if (nearest)
			error_hint(writer->err, "did you mean '%s'?", nearest);
		return CALLGATE_E_UNKNOWN;
	}
	clause = writer_clause(writer, syscall);
	if (!clause)
		return fail_nomem(writer->err);
	for (unsigned i = 0; i < CALL_ARGUMENTS; i++)
		clause->given[i] = UNKNOWN;
	return CALLGATE_OK;
}

static int writer_refuse(struct writer *writer, const struct callgate_scan *scan, const struct call_unresolved *item)
{
	error_set(writer->err, CALLGATE_E_INVALID, "'%s' can make calls that are not known: %s+0x%" PRIx64 ": %s",
		  scan->program, scan->link->modules.items[item->module]->path, item->site, item->why);
	error_hint(writer->err, "look at the place, and say what it may ask for with --unresolved allow=NAME,… "
				"(or 'none')");
	return CALLGATE_E_INVALID;
}

/* Numbers and constants of one machine are not those of another. */
static int writer_refuse_mixture(struct writer *writer, const struct callgate_scan *scan)
{
	error_set(writer->err, CALLGATE_E_UNSUPPORTED, "'%s' is a program for %s, and '%s' is one for %s",
		  scan->program, abi_arch(scan->abi)->name, writer->scans[0]->program, abi_arch(writer->abi)->name);
	error_hint(writer->err, "scan the programs of each machine by themselves, for a policy each");
	return CALLGATE_E_UNSUPPORTED;
}

/* What they all can do together: from their starts on, or of those that were asked for main from that on. */
static int writer_collect(struct writer *writer, bool whole, const char *const *allowed)
{
	int status = CALLGATE_OK;

	writer->clauses.length = 0;
	for (size_t i = 0; status == CALLGATE_OK && i < writer->scan_count; i++) {
		const struct callgate_scan *scan = writer->scans[i];
		const struct call_list *calls = whole ? scan_whole(scan) : &scan->calls;

		if (i == 0)
			writer->abi = scan->abi;
		if (scan->abi != writer->abi)
			return writer_refuse_mixture(writer, scan);
		if (!allowed && calls->unresolved.length > 0)
			return writer_refuse(writer, scan, &calls->unresolved.items[0]);
		for (size_t j = 0; status == CALLGATE_OK && j < calls->calls.length; j++)
			status = writer_add_call(writer, scan, &calls->calls.items[j]);
	}
	for (size_t i = 0; status == CALLGATE_OK && allowed && allowed[i]; i++)
		status = writer_add_allowed(writer, allowed[i]);
	return status;
}

static const struct policy_condition *clause_compare(struct writer *writer, const struct abi_arg *type, uint32_t given)
{
	struct arena *arena = &writer->policy->arena;
	const int64_t *numbers = value_numbers(&writer->values, given);
	uint8_t count = value_at(&writer->values, given)->count;
	struct policy_condition *condition = arena_alloc(arena, sizeof(*condition));
	struct policy_range *ranges = arena_array(arena, count, sizeof(*ranges));

	if (!condition || !ranges)
		return NULL;
	for (uint8_t i = 0; i < count; i++) {
		uint64_t low = type->bits >= 64 ? (uint64_t)numbers[i]
						: (uint64_t)numbers[i] & ((UINT64_C(1) << type->bits) - 1);

		ranges[i].low = ranges[i].high = term_value(arena, abi_arch(writer->abi), type, low);
		if (!ranges[i].low)
			return NULL;
	}
	*condition = (struct policy_condition){
		.kind = POLICY_COMPARE,
		.arg = type->name,
		.op = count == 1 ? POLICY_OP_EQ : POLICY_OP_IN,
		.value = count == 1 ? ranges[0].low : NULL,
		.ranges = count == 1 ? NULL : ranges,
		.range_count = count == 1 ? 0 : count,
	};
	return condition;
}

static bool is_constrained(const char *syscall, unsigned position)
{
	static const struct {
		const char *syscall;
		unsigned position;
	} rows[] = {
#define CONSTRAINT(syscall, position) { #syscall, position },
#include "scan/constraints.def"
#undef CONSTRAINT
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].position == position && strcmp(rows[i].syscall, syscall) == 0)
			return true;
	return false;
}

static int clause_condition(struct writer *writer, const struct clause *clause,
			    const struct policy_condition **ret_condition)
{
	struct abi_arg types[CALL_ARGUMENTS];
	unsigned count = clause->syscall->args_known ? abi_syscall_args(clause->syscall, writer->abi, types) : 0;
	int status = CALLGATE_OK;

	*ret_condition = NULL;
	for (unsigned i = 0; status == CALLGATE_OK && i < count; i++) {
		const struct policy_condition *one;

		if (value_kind(&writer->values, clause->given[i]) != VALUE_NUMBERS ||
		    !is_constrained(clause->syscall->name, i))
			continue;
		one = clause_compare(writer, &types[i], clause->given[i]);
		if (!one)
			return fail_nomem(writer->err);
		status = term_and(&writer->policy->arena, *ret_condition, one, ret_condition, writer->err);
	}
	return status;
}

static bool words_have(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += length)
		if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

static void writer_rule(struct writer *writer, const struct policy_name *names, size_t count,
			const struct policy_condition *condition)
{
	static const struct policy_condition always = { .kind = POLICY_ALWAYS };
	struct policy_rule rule = { .action = { .kind = POLICY_ALLOW },
				    .names = names,
				    .name_count = count,
				    .condition = condition ? condition : &always };

	print_rule(writer->out, &rule, NULL);
}

/* All clauses that belong to these words (NULL: any that are left). */
static int writer_section(struct writer *writer, const char *heading, const char *words)
{
	size_t count = writer->clauses.length, plain = 0, limited = 0;
	struct policy_name *names = arena_array(&writer->policy->arena, count, sizeof(*names));
	const struct policy_condition **conditions = arena_array(&writer->policy->arena, count, sizeof(*conditions));
	struct policy_name *limits = arena_array(&writer->policy->arena, count, sizeof(*limits));

	if (!names || !conditions || !limits)
		return fail_nomem(writer->err);
	for (size_t i = 0; i < count; i++) {
		struct clause *clause = &writer->clauses.items[i];
		const struct policy_condition *condition;
		int status;

		if (clause->placed || (words && !words_have(words, clause->syscall->name)))
			continue;
		clause->placed = true;
		status = clause_condition(writer, clause, &condition);
		if (status != CALLGATE_OK)
			return status;
		if (condition) {
			conditions[limited] = condition;
			limits[limited++].syscall = clause->syscall;
		} else {
			names[plain++].syscall = clause->syscall;
		}
	}
	if (plain + limited == 0)
		return CALLGATE_OK;
	buf_printf(writer->out, "\n# %s\n", heading);
	if (plain > 0)
		writer_rule(writer, names, plain, NULL);
	for (size_t i = 0; i < limited; i++)
		writer_rule(writer, &limits[i], 1, conditions[i]);
	return CALLGATE_OK;
}

/* A file's name may hold any byte; in a comment none may be a control character. */
static void writer_name(struct buf *text, const char *name)
{
	for (; *name; name++)
		buf_printf(text, (unsigned char)*name < ' ' || *name == 0x7f ? "\\x%02x" : "%c", (unsigned char)*name);
	buf_putc(text, '\n');
}

static void writer_doubt(struct buf *text, size_t count, const char *what)
{
	if (count > 0)
		buf_printf(text, "    %zu place%s of it %s\n", count, count == 1 ? "" : "s", what);
}

/* What a program can do beyond what was read. */
static void writer_doubts(struct buf *text, const struct callgate_scan *scan, const char *const *allowed)
{
	size_t starts = 0;

	for (size_t i = 0; i < scan->starts.starts.length; i++)
		starts += !scan->starts.starts.items[i].path;
	writer_doubt(text, scan_whole(scan)->unresolved.length,
		     allowed && allowed[0] ? "could ask for anything: what the user said is allowed for that"
					   : "could ask for anything: nothing is allowed for that");
	writer_doubt(text, scan->reach->opens.length,
		     "open libraries by names that are not known: read was what the user named, if anything");
	writer_doubt(text, callgate_scan_lookups_count(scan),
		     "look up functions by names that are not known: those of what it opened count");
	writer_doubt(text, starts, "start programs that are not known: what those do counts where they stand here");
}

static int writer_opening(struct writer *writer, const char *const *allowed)
{
	cleanup(buf_fini) struct buf opening = { 0 }, doubts = { 0 };
	uint16_t kernel = probe_kernel_version();

	for (size_t i = 0; i < writer->scan_count; i++) {
		buf_puts(&doubts, "  ");
		writer_name(&doubts, writer->scans[i]->program);
		writer_doubts(&doubts, writer->scans[i], allowed);
	}
	buf_puts(&opening,
		 strstr(buf_text(&doubts), "\n    ")
			 ? "Scanned, not run: what these programs could do, but for what is said under them:\n"
			 : "Scanned, not run: all that these programs could do:\n");
	buf_puts(&opening, buf_text(&doubts));
	opening.failed |= doubts.failed;
	print_comment(&writer->text, buf_text(&opening));
	writer->policy->kernel = kernel && kernel < ABI_KERNEL_NEWEST ? kernel : ABI_KERNEL_NEWEST;
	writer->policy->arches[writer->abi] = true;
	writer->policy->default_action.kind = POLICY_KILL_PROCESS;
	print_header(&writer->text, writer->policy);
	return opening.failed ? fail_nomem(writer->err) : CALLGATE_OK;
}

static int writer_sections(struct writer *writer)
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

	for (size_t i = 0; status == CALLGATE_OK && i < sizeof(groups) / sizeof(*groups); i++)
		status = writer_section(writer, groups[i].heading, groups[i].words);
	return status;
}

static bool writer_has_phase(const struct writer *writer)
{
	for (size_t i = 0; i < writer->scan_count; i++)
		if (writer->scans[i]->after_main)
			return true;
	return false;
}

/* The second part: what is left when a program has come to its main, and all of what that starts. */
static int writer_phase(struct writer *writer, const char *const *allowed)
{
	int status = writer_collect(writer, false, allowed);

	writer->out = &writer->part;
	if (status == CALLGATE_OK)
		status = writer_sections(writer);
	if (status != CALLGATE_OK)
		return status;
	buf_putc(&writer->text, '\n');
	print_phase_name(&writer->text, "running", "main");
	buf_puts(&writer->text, "\n\tdefault kill-process\n");
	print_indented(&writer->text, buf_text(&writer->part));
	buf_puts(&writer->text, "}\n");
	return writer->part.failed ? fail_nomem(writer->err) : CALLGATE_OK;
}

int callgate_scan_policy(struct callgate_scan *const *scans, size_t count, const char *const *allowed, char **ret_text,
			 struct callgate_error *err)
{
	cleanup(writer_fini) struct writer writer = { .scans = scans, .scan_count = count, .err = err };
	char *text;
	int status;

	value_table_init(&writer.values);
	writer.policy = policy_new();
	if (!writer.policy || writer.values.failed)
		return fail_nomem(err);
	writer.out = &writer.text;
	status = writer_collect(&writer, true, allowed);
	if (status == CALLGATE_OK)
		status = writer_opening(&writer, allowed);
	if (status == CALLGATE_OK)
		status = writer_sections(&writer);
	if (status == CALLGATE_OK && writer_has_phase(&writer))
		status = writer_phase(&writer, allowed);
	if (status != CALLGATE_OK)
		return status;
	text = buf_take(&writer.text);
	if (!text)
		return fail_nomem(err);
	*ret_text = text;
	return CALLGATE_OK;
}
