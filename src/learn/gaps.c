/*
 * Evidence keeps values an argument at a time, so which of them came together is not known. A value is refused when no
 * choice among what was seen of the other arguments gets it through; what is reported missing is missing for certain.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "lang/lang.h"
#include "lang/print.h"
#include "learn/cover.h"
#include "learn/gaps.h"

#include <stdlib.h>
#include <string.h>

enum { GAPS_CHOICES_MAX = 4096 /* of values together that are tried; with more, arguments count as not known */ };

void callgate_gaps_free(struct callgate_gaps *gaps)
{
	if (gaps)
		arena_fini(&gaps->arena);
	free(gaps);
}

void gaps_discard(struct callgate_gaps **gaps)
{
	callgate_gaps_free(*gaps);
}

size_t callgate_gaps_count(const struct callgate_gaps *gaps)
{
	return gaps->list.length;
}

void callgate_gaps_at(const struct callgate_gaps *gaps, size_t index, struct callgate_profile_gap *ret_gap)
{
	*ret_gap = gaps->list.items[index];
}

/* A comparison of one entry with a policy. */
struct gap_search {
	const struct callgate_profile *profile;
	const struct policy *policy;
	const struct evidence_entry *entry;
	struct callgate_gaps *gaps;
	struct callgate_error *err;
	bool covered[6][EVIDENCE_VALUES_MAX]; /* each value, when some choice of the others gets it through */
	bool any;			      /* the call as a whole */
};

/* Where an entry came from most often, when it did so more often than most. */
static void gap_place_entry(const struct evidence_entry *entry, struct callgate_profile_gap *gap, uint64_t *most)
{
	for (size_t i = 0; i < entry->sites.length; i++) {
		if (entry->sites.items[i].count <= *most)
			continue;
		*most = entry->sites.items[i].count;
		gap->module = entry->sites.items[i].module;
		gap->offset = entry->sites.items[i].offset;
	}
}

/* The program and the place that made the call most often. */
static void gap_place(const struct evidence *evidence, const struct evidence_entry *call,
		      struct callgate_profile_gap *gap)
{
	const char *only = gap->program;
	uint64_t most = 0, most_site = 0;

	for (size_t i = 0; i < evidence->entries.length; i++) {
		const struct evidence_entry *entry = evidence->entries.items[i];

		if (entry->audit != call->audit || entry->nr != call->nr ||
		    (only && strcmp(only, entry->program->path) != 0))
			continue;
		gap_place_entry(entry, gap, &most_site);
		if (entry->count > most)
			gap->program = entry->program->path;
		most = entry->count > most ? entry->count : most;
	}
}

int gaps_add(struct callgate_gaps *gaps, const struct callgate_profile *profile, const struct evidence_entry *entry,
	     struct callgate_profile_gap gap, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf text = { 0 };
	char name[64];

	evidence_entry_name(entry, name, sizeof(name));
	gap.syscall = arena_strdup(&gaps->arena, name);
	gap_place(profile->evidence, entry, &gap);
	if (entry->syscall)
		profile_rule(profile, entry->syscall, &text);
	gap.rule = text.length ? arena_strdup(&gaps->arena, buf_text(&text)) : NULL;
	if (!gap.syscall || text.failed || (text.length && !gap.rule) || !VEC_PUSH(&gaps->arena, &gaps->list, gap))
		return fail_nomem(err);
	return CALLGATE_OK;
}

static int gap_add(struct gap_search *search, struct callgate_profile_gap gap)
{
	return gaps_add(search->gaps, search->profile, search->entry, gap, search->err);
}

static int gap_add_value(struct gap_search *search, unsigned position, const struct evidence_value *value)
{
	cleanup(buf_fini) struct buf text = { 0 };
	const struct abi_arg *type = &search->entry->arg_types[position];
	struct callgate_profile_gap gap = { .argument = type->name, .count = value->count, .runs = value->seen.runs };

	if (!profile_value(&search->gaps->arena, search->entry->arch, type, value->value, &text))
		return fail_nomem(search->err);
	gap.value = text.failed ? NULL : arena_strdup(&search->gaps->arena, buf_text(&text));
	return gap.value ? gap_add(search, gap) : fail_nomem(search->err);
}

/* How many choices there are of one value for each argument that is known; choices[i] is 1 where it is not. */
static size_t gap_choices(const struct evidence_entry *entry, size_t choices[6])
{
	size_t product = 1;

	for (int i = 0; i < 6; i++) {
		const struct evidence_arg *arg = &entry->args[i];
		bool known = arg->length > 0 && !arg->many && product * arg->length <= GAPS_CHOICES_MAX;

		choices[i] = known ? arg->length : 1;
		product *= choices[i];
	}
	return product;
}

static int gap_try(struct gap_search *search, size_t choice, const size_t choices[6])
{
	const struct evidence_entry *entry = search->entry;
	struct cover_call call = { .syscall = entry->syscall, .arch = entry->arch };
	size_t at[6] = { 0 };
	enum cover cover;
	int status;

	for (int i = 0; i < 6; i++) {
		at[i] = choice % choices[i];
		choice /= choices[i];
		call.known[i] = entry->args[i].length == choices[i] && !entry->args[i].many;
		call.args[i] = call.known[i] ? entry->args[i].items[at[i]].value : 0;
	}
	status = cover_call(search->policy, &call, &cover, search->err);
	if (status < 0 || cover == COVER_NO)
		return status;
	search->any = true;
	for (int i = 0; i < 6; i++)
		search->covered[i][at[i]] = true;
	return status;
}

/* Values that are known one by one and not together, or beside others that were not kept, are tried alone. */
static int gap_try_alone(struct gap_search *search, unsigned position)
{
	const struct evidence_entry *entry = search->entry;
	struct cover_call call = { .syscall = entry->syscall, .arch = entry->arch };

	call.known[position] = true;
	for (size_t i = 0; i < entry->args[position].length; i++) {
		enum cover cover;
		int status;

		call.args[position] = entry->args[position].items[i].value;
		status = cover_call(search->policy, &call, &cover, search->err);
		if (status < 0)
			return status;
		search->covered[position][i] = cover != COVER_NO;
	}
	return CALLGATE_OK;
}

static int gap_search_values(struct gap_search *search)
{
	const struct evidence_entry *entry = search->entry;
	size_t choices[6];
	size_t count = gap_choices(entry, choices);
	int status = CALLGATE_OK;

	for (size_t i = 0; status == CALLGATE_OK && i < count; i++)
		status = gap_try(search, i, choices);
	for (unsigned i = 0; status == CALLGATE_OK && i < 6; i++)
		if (entry->args[i].length && (entry->args[i].many || choices[i] != entry->args[i].length))
			status = gap_try_alone(search, i);
	return status;
}

static int gap_search_entry(struct gap_search *search)
{
	const struct evidence_entry *entry = search->entry;
	struct callgate_profile_gap whole = { .count = entry->count, .runs = entry->seen.runs };
	int status;

	if (!entry->syscall)
		return gap_add(search, whole);
	status = gap_search_values(search);
	if (status < 0)
		return status;
	if (!search->any)
		return gap_add(search, whole);
	for (unsigned i = 0; i < entry->arg_count; i++)
		for (size_t j = 0; status == CALLGATE_OK && j < entry->args[i].length; j++)
			if (!search->covered[i][j])
				status = gap_add_value(search, i, &entry->args[i].items[j]);
	return status;
}

static int gap_compare(const void *a, const void *b)
{
	const struct callgate_profile_gap *left = a, *right = b;
	int names = strcmp(left->syscall, right->syscall);
	int arguments = strcmp(left->argument ? left->argument : "", right->argument ? right->argument : "");

	if (names || arguments)
		return names ? names : arguments;
	return strcmp(left->value ? left->value : "", right->value ? right->value : "");
}

void gaps_sort(struct callgate_gaps *gaps)
{
	if (gaps->list.length)
		qsort(gaps->list.items, gaps->list.length, sizeof(*gaps->list.items), gap_compare);
}

int callgate_profile_missing(const struct callgate_profile *profile, const struct callgate_policy *policy,
			     struct callgate_gaps **ret_gaps, struct callgate_error *err)
{
	cleanup(gaps_discard) struct callgate_gaps *gaps = calloc(1, sizeof(*gaps));
	const struct evidence *total = profile->subjects.total;
	int status = CALLGATE_OK;

	if (!gaps)
		return fail_nomem(err);
	for (size_t i = 0; status == CALLGATE_OK && i < total->entries.length; i++) {
		struct gap_search search = {
			.profile = profile,
			.policy = policy->policy,
			.entry = total->entries.items[i],
			.gaps = gaps,
			.err = err,
		};

		status = gap_search_entry(&search);
	}
	if (status < 0)
		return status;
	gaps_sort(gaps);
	*ret_gaps = take_ptr(gaps);
	return CALLGATE_OK;
}

/* Whether a rule for it would be there without its having been seen: what any run may need. */
static bool gap_is_expected(const struct callgate_profile *profile, const struct abi_syscall *syscall)
{
	const struct policy *learned = profile->learned.policy;

	for (size_t i = 0; i < learned->rules.length; i++)
		if (learned->rules.items[i].action.kind == POLICY_ALLOW &&
		    policy_rule_lists(&learned->rules.items[i], syscall))
			return true;
	return false;
}

static bool gap_lets_through(const struct policy_action *action)
{
	return cover_permits(action) && action->kind != POLICY_ERRNO;
}

/* Adds those names of a rule that nobody needed; ret_rule is the rule without them. */
static int idle_rule(struct callgate_gaps *gaps, const struct callgate_profile *profile, const struct policy_rule *rule,
		     struct policy_rule *ret_rule, struct callgate_error *err)
{
	struct policy_name *names = arena_array(&gaps->arena, rule->name_count ? rule->name_count : 1, sizeof(*names));

	*ret_rule = *rule;
	if (!names)
		return fail_nomem(err);
	ret_rule->names = names;
	ret_rule->name_count = 0;
	for (size_t i = 0; i < rule->name_count; i++) {
		const struct abi_syscall *syscall = rule->names[i].syscall;
		struct callgate_profile_gap gap = {
			.syscall = syscall->name,
			.file = rule->names[i].position.file ? rule->names[i].position.file : rule->position.file,
			.line = rule->names[i].position.line ? rule->names[i].position.line : rule->position.line,
		};

		if (!gap_lets_through(&rule->action) || subjects_find(&profile->subjects, syscall->name) ||
		    gap_is_expected(profile, syscall)) {
			names[ret_rule->name_count++] = rule->names[i];
			continue;
		}
		if (gap.file)
			gap.file = arena_strdup(&gaps->arena, gap.file);
		if ((gap.line && !gap.file) || !VEC_PUSH(&gaps->arena, &gaps->list, gap))
			return fail_nomem(err);
	}
	return CALLGATE_OK;
}

int callgate_profile_idle(const struct callgate_profile *profile, const struct callgate_policy *policy,
			  struct callgate_gaps **ret_gaps, char **ret_policy, struct callgate_error *err)
{
	cleanup(gaps_discard) struct callgate_gaps *gaps = calloc(1, sizeof(*gaps));
	cleanup(buf_fini) struct buf text = { 0 };
	int status = CALLGATE_OK;

	if (!gaps)
		return fail_nomem(err);
	print_header(&text, policy->policy);
	for (size_t i = 0; status == CALLGATE_OK && i < policy->policy->rules.length; i++) {
		struct policy_rule rest;

		status = idle_rule(gaps, profile, &policy->policy->rules.items[i], &rest, err);
		if (status == CALLGATE_OK && rest.name_count)
			print_rule(&text, &rest, NULL);
	}
	if (status == CALLGATE_OK && text.failed)
		status = fail_nomem(err);
	if (status == CALLGATE_OK && ret_policy) {
		*ret_policy = buf_take(&text);
		status = *ret_policy ? CALLGATE_OK : fail_nomem(err);
	}
	if (status == CALLGATE_OK)
		*ret_gaps = take_ptr(gaps);
	return status;
}
