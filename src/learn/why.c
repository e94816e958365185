/*
 * Why a rule is there: what was seen of its syscall, over all programs and runs, most often first.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "learn/profile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WHY_SHOWN = 8 /* values, programs and places of each kind; how many more there are is said */ };

static void why_runs(const struct callgate_profile *profile, const struct evidence_seen *seen, struct buf *text)
{
	if (profile->evidence->run_list.length > 1)
		buf_printf(text, " in %u of %zu runs", seen->runs, profile->evidence->run_list.length);
}

static void why_more(size_t count, struct buf *text)
{
	if (count > WHY_SHOWN)
		buf_printf(text, "    and %zu more\n", count - WHY_SHOWN);
}

static bool why_args(const struct callgate_profile *profile, const struct evidence_entry *entry, struct arena *arena,
		     struct buf *text)
{
	for (unsigned i = 0; i < entry->arg_count; i++) {
		const struct evidence_arg *arg = &entry->args[i];

		if (!arg->length && !arg->many)
			continue;
		buf_printf(text, "  %s%s:\n", entry->arg_types[i].name, arg->many ? ", others too" : "");
		for (size_t j = 0; j < arg->length && j < WHY_SHOWN; j++) {
			buf_puts(text, "    ");
			if (!profile_value(arena, entry->arch, &entry->arg_types[i], arg->items[j].value, text))
				return false;
			buf_printf(text, ": %" PRIu64, arg->items[j].count);
			why_runs(profile, &arg->items[j].seen, text);
			buf_putc(text, '\n');
		}
		why_more(arg->length, text);
	}
	return true;
}

static void why_programs(const struct callgate_profile *profile, const struct abi_syscall *syscall, struct buf *text)
{
	size_t shown = 0;

	buf_puts(text, "  programs:\n");
	for (size_t i = 0; i < profile->evidence->entries.length; i++) {
		const struct evidence_entry *entry = profile->evidence->entries.items[i];

		if (entry->syscall != syscall || shown++ >= WHY_SHOWN)
			continue;
		buf_printf(text, "    %s%s%.12s: %" PRIu64, entry->program->path, *entry->program->build_id ? " " : "",
			   entry->program->build_id, entry->count);
		why_runs(profile, &entry->seen, text);
		buf_putc(text, '\n');
	}
	why_more(shown, text);
}

static void why_sites(const struct evidence_entry *entry, struct buf *text)
{
	if (!entry->sites.length)
		return;
	buf_printf(text, "  from%s:\n", entry->sites_many ? ", and other places" : "");
	for (size_t i = 0; i < entry->sites.length && i < WHY_SHOWN; i++)
		buf_printf(text, "    %s+0x%" PRIx64 ": %" PRIu64 "\n", entry->sites.items[i].module,
			   entry->sites.items[i].offset, entry->sites.items[i].count);
	why_more(entry->sites.length, text);
}

static void why_phases(const struct evidence_entry *entry, struct buf *text)
{
	const char *separator = "  phases: ";

	for (int i = 0; i < EVIDENCE_PHASE_COUNT; i++) {
		if (!entry->phases[i])
			continue;
		buf_printf(text, "%s%s %" PRIu64, separator, evidence_phase_names[i], entry->phases[i]);
		separator = ", ";
	}
	buf_putc(text, '\n');
}

static void why_errors(const struct evidence_entry *entry, struct buf *text)
{
	const char *separator = "  failed: ";

	for (size_t i = 0; i < entry->errors.length; i++) {
		int number = (int)entry->errors.items[i].value;
		const char *name = entry->arch ? abi_errno_name(entry->arch->id, number) : NULL;

		if (name)
			buf_printf(text, "%s%s %" PRIu64, separator, name, entry->errors.items[i].count);
		else
			buf_printf(text, "%s%d %" PRIu64, separator, number, entry->errors.items[i].count);
		separator = ", ";
	}
	if (entry->errors.length)
		buf_putc(text, '\n');
	if (entry->answered < entry->count)
		buf_printf(text, "  of %" PRIu64 " it is not known what came of them\n",
			   entry->count - entry->answered);
}

/* What the learned policy says of the rule: its own comment, or the heading that it stands under. */
static const char *why_reason(const struct learned *learned, size_t rule)
{
	if (learned->notes.items[rule].comment)
		return learned->notes.items[rule].comment;
	while (rule > 0 && !learned->notes.items[rule].section)
		rule--;
	return learned->notes.items[rule].section;
}

/* Each rule of a syscall; of those that what was seen does not explain, the reason too. False: there is none. */
static bool why_rules(const struct callgate_profile *profile, const struct abi_syscall *syscall, bool is_seen,
		      struct buf *text)
{
	const struct policy *policy = profile->learned.policy;
	bool any = false;

	for (size_t i = 0; i < policy->rules.length; i++) {
		const char *reason = why_reason(&profile->learned, i);

		if (!policy_rule_lists(&policy->rules.items[i], syscall))
			continue;
		buf_puts(text, "  rule: ");
		profile_rule_for(&policy->rules.items[i], syscall, text);
		buf_putc(text, '\n');
		/* What was seen and is allowed is explained by what follows. */
		if (reason && (!is_seen || any || policy->rules.items[i].action.kind != POLICY_ALLOW))
			buf_printf(text, "  reason: %s\n", reason);
		any = true;
	}
	return any;
}

static bool why_subject(const struct callgate_profile *profile, const struct subject *subject, struct arena *arena,
			struct buf *text)
{
	buf_printf(text, "%s: %" PRIu64 " call%s", subject->syscall->name, subject->count,
		   subject->count == 1 ? "" : "s");
	why_runs(profile, &subject->seen, text);
	buf_putc(text, '\n');
	why_rules(profile, subject->syscall, true, text);
	if (subject->native && !why_args(profile, subject->native, arena, text))
		return false;
	why_programs(profile, subject->syscall, text);
	if (!subject->native)
		return true;
	why_sites(subject->native, text);
	why_phases(subject->native, text);
	why_errors(subject->native, text);
	return true;
}

/* What was not seen and has a rule all the same has it for a reason; nothing where it has none. */
static void why_unseen(const struct callgate_profile *profile, const struct abi_syscall *syscall, struct buf *text)
{
	cleanup(buf_fini) struct buf rules = { 0 };

	if (why_rules(profile, syscall, false, &rules))
		buf_printf(text, "%s: not seen\n%s", syscall->name, buf_text(&rules));
	text->failed |= rules.failed;
}

int callgate_profile_why(const struct callgate_profile *profile, const char *name, char **ret_text,
			 struct callgate_error *err)
{
	cleanup(arena_fini) struct arena arena = { 0 };
	cleanup(buf_fini) struct buf text = { 0 };
	const struct abi_syscall *syscall = abi_syscall_by_name(name);
	const struct subject *subject = syscall ? subjects_find(&profile->subjects, name) : NULL;
	const char *nearest = syscall ? NULL : abi_syscall_nearest(name);
	int status;

	if (!syscall) {
		status = fail(err, CALLGATE_E_UNKNOWN, "unknown syscall '%s'", name);
		if (nearest)
			error_hint(err, "did you mean '%s'?", nearest);
		return status;
	}
	if (subject && !why_subject(profile, subject, &arena, &text))
		return fail_nomem(err);
	if (!subject)
		why_unseen(profile, syscall, &text);
	if (!text.length && !text.failed)
		return fail(err, CALLGATE_E_UNKNOWN, "%s was not seen, and has no rule", name);
	*ret_text = buf_take(&text);
	return *ret_text ? CALLGATE_OK : fail_nomem(err);
}
