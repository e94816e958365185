/*
 * Evidence keeps values an argument at a time, so which of them came together is not known. A value is refused when no
 * choice among what was seen of the other arguments gets it through; what is reported missing is missing for certain.
 *
 * A policy's second parts are compared with what came behind their marks. Of a call that came before and behind, the
 * values are not known apart: only its being refused whatever they are is certain then.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "lang/lang.h"
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

size_t callgate_gaps_untimed(const struct callgate_gaps *gaps)
{
	return gaps->untimed;
}

size_t callgate_gaps_count(const struct callgate_gaps *gaps)
{
	return gaps->list.length;
}

void callgate_gaps_at(const struct callgate_gaps *gaps, size_t index, struct callgate_profile_gap *ret_gap)
{
	*ret_gap = gaps->list.items[index];
}

/* Whether some choice of the other values gets a value through, and some choice of all of them the call. */
struct gap_cover {
	bool values[6][EVIDENCE_VALUES_MAX];
	bool any;
};

/* A comparison of one entry with a policy. */
struct gap_search {
	const struct callgate_profile *profile;
	const struct policy *policy;
	const struct policy_phase *phase; /* of which policy is a view, or NULL */
	const struct evidence_entry *entry;
	uint64_t count; /* of its calls that the policy holds for */
	struct callgate_gaps *gaps;
	struct callgate_error *err;
	struct gap_cover carried;  /* carried out, or sent another way by ENOSYS */
	struct gap_cover answered; /* or answered with whichever errno a rule has */
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
	if (search->phase)
		gap.phase = arena_strdup(&search->gaps->arena, search->phase->name);
	if (search->phase && !gap.phase)
		return fail_nomem(search->err);
	return gaps_add(search->gaps, search->profile, search->entry, gap, search->err);
}

static int gap_add_value(struct gap_search *search, unsigned position, size_t index)
{
	cleanup(buf_fini) struct buf text = { 0 };
	const struct evidence_value *value = &search->entry->args[position].items[index];
	const struct abi_arg *type = &search->entry->arg_types[position];
	struct callgate_profile_gap gap = { .argument = type->name,
					    .count = value->count,
					    .runs = value->seen.runs,
					    .answered = search->answered.values[position][index] };

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

/* Notes in ret_cover what gets these values through, each at its place. */
static int gap_try_as(struct gap_search *search, const struct cover_call *call, const size_t at[6],
		      struct gap_cover *ret_cover)
{
	enum cover cover;
	int status = cover_call(search->policy, call, &cover, search->err);

	if (status < 0 || cover == COVER_NO)
		return status;
	ret_cover->any = true;
	for (int i = 0; i < 6; i++)
		ret_cover->values[i][at[i]] = true;
	return status;
}

static int gap_try(struct gap_search *search, size_t choice, const size_t choices[6])
{
	const struct evidence_entry *entry = search->entry;
	struct cover_call call = { .syscall = entry->syscall, .arch = entry->arch };
	size_t at[6] = { 0 };
	int status;

	for (int i = 0; i < 6; i++) {
		at[i] = choice % choices[i];
		choice /= choices[i];
		call.known[i] = entry->args[i].length == choices[i] && !entry->args[i].many;
		call.args[i] = call.known[i] ? entry->args[i].items[at[i]].value : 0;
	}
	status = gap_try_as(search, &call, at, &search->answered);
	call.falls_back = true;
	return status == CALLGATE_OK ? gap_try_as(search, &call, at, &search->carried) : status;
}

/* Values that are known one by one and not together, or beside others that were not kept, are tried alone. */
static int gap_try_alone(struct gap_search *search, unsigned position)
{
	const struct evidence_entry *entry = search->entry;
	struct cover_call call = { .syscall = entry->syscall, .arch = entry->arch };
	int status = CALLGATE_OK;

	call.known[position] = true;
	for (size_t i = 0; status == CALLGATE_OK && i < entry->args[position].length; i++) {
		enum cover answered, carried = COVER_NO;

		call.args[position] = entry->args[position].items[i].value;
		call.falls_back = false;
		status = cover_call(search->policy, &call, &answered, search->err);
		call.falls_back = true;
		if (status == CALLGATE_OK)
			status = cover_call(search->policy, &call, &carried, search->err);
		if (status < 0)
			return status;
		search->answered.values[position][i] = answered != COVER_NO;
		search->carried.values[position][i] = carried != COVER_NO;
	}
	return status;
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
	bool is_all = search->count == entry->count;
	struct callgate_profile_gap whole = { .count = search->count, .runs = is_all ? entry->seen.runs : 1 };
	int status;

	if (!entry->syscall)
		return search->phase ? CALLGATE_OK : gap_add(search, whole);
	status = gap_search_values(search);
	if (status < 0)
		return status;
	whole.answered = search->answered.any;
	if (!search->carried.any)
		return gap_add(search, whole);
	for (unsigned i = 0; is_all && i < entry->arg_count; i++)
		for (size_t j = 0; status == CALLGATE_OK && j < entry->args[i].length; j++)
			if (!search->carried.values[i][j])
				status = gap_add_value(search, i, j);
	return status;
}

/* How many of an entry's calls came behind a phase's mark. */
static uint64_t gap_behind(const struct evidence_entry *entry, const struct policy_phase *phase)
{
	uint64_t count = 0;

	for (unsigned i = phase->at_main ? EVIDENCE_MAIN : EVIDENCE_SERVE; i < EVIDENCE_PHASE_COUNT; i++)
		count += entry->phases[i];
	return count;
}

/* Compares all that was seen with a policy, or what came behind its mark with a phase, of which policy is the view. */
static int gaps_search(struct callgate_gaps *gaps, const struct callgate_profile *profile, const struct policy *policy,
		       const struct policy_phase *phase, struct callgate_error *err)
{
	const struct evidence *total = profile->subjects.total;
	int status = CALLGATE_OK;

	for (size_t i = 0; status == CALLGATE_OK && i < total->entries.length; i++) {
		struct gap_search search = {
			.profile = profile,
			.policy = policy,
			.phase = phase,
			.entry = total->entries.items[i],
			.gaps = gaps,
			.err = err,
		};

		search.count = phase ? gap_behind(search.entry, phase) : search.entry->count;
		if (search.count)
			status = gap_search_entry(&search);
	}
	return status;
}

static int gap_compare(const void *a, const void *b)
{
	const struct callgate_profile_gap *left = a, *right = b;
	int names = strcmp(left->syscall, right->syscall);
	int arguments = strcmp(left->argument ? left->argument : "", right->argument ? right->argument : "");

	int values = strcmp(left->value ? left->value : "", right->value ? right->value : "");

	if (names || arguments || values)
		return names ? names : arguments ? arguments : values;
	return strcmp(left->phase ? left->phase : "", right->phase ? right->phase : "");
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
	int status = gaps ? gaps_search(gaps, profile, policy->policy, NULL, err) : fail_nomem(err);

	for (size_t i = 0; status == CALLGATE_OK && i < policy->policy->phases.length; i++) {
		const struct policy_phase *phase = &policy->policy->phases.items[i];
		const struct policy view = policy_of_phase(policy->policy, phase);

		if (phase->at || phase->at_marker)
			gaps->untimed++;
		else
			status = gaps_search(gaps, profile, &view, phase, err);
	}
	if (status < 0)
		return status;
	gaps_sort(gaps);
	*ret_gaps = take_ptr(gaps);
	return CALLGATE_OK;
}
