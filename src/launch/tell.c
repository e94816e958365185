/*
 * The line that decided, the edit that would change it, the count. Edits are dear, and a target repeats itself: they
 * are looked for once for each kind of call, by the line that decided and all that the filter sees of it but addresses
 * and counts.
 */
#include "launch/tell.h"

#include "abi/abi.h"
#include "base/error.h"
#include "event/event.h"
#include "launch/why.h"

#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tell_edit {
	const struct abi_arch *arch;
	const struct abi_syscall *syscall;
	uint64_t words[6]; /* constants as they were, 0 for the rest */
	unsigned line;	   /* that decided… */
	char file[256];	   /* …of this file */
	struct callgate_edit edit;
};

int tell_init(struct tell *tell, struct callgate_error *err)
{
	pthread_mutex_init(&tell->lock, NULL);
	if (tell->options->wants_edits) {
		tell->edits = calloc(TELL_EDITS_MAX, sizeof(*tell->edits));
		if (!tell->edits)
			return fail_nomem(err);
	}
	return CALLGATE_OK;
}

void tell_fini(struct tell *tell)
{
	free(tell->edits);
	tell->edits = NULL;
}

static void tell_explain(const struct tell *tell, struct callgate_refusal *refusal)
{
	const struct abi_arch *arch = abi_arch_by_name(refusal->arch);
	struct tracer_call call = { .audit = arch ? arch->audit : 0, .nr = refusal->nr, .ip = refusal->ip };
	struct callgate_explanation why;

	memcpy(call.args, refusal->args, sizeof(call.args));
	if (refusal->explanation.reason[0] || !arch || why_call(tell->subject, &call, &why, NULL) != CALLGATE_OK)
		return;
	refusal->explanation = why;
}

static void tell_key(const struct callgate_refusal *refusal, struct tell_edit *ret_key)
{
	const struct abi_arch *arch = abi_arch_by_name(refusal->arch);
	struct abi_arg types[6];
	unsigned count;

	*ret_key = (struct tell_edit){ .arch = arch,
				       .syscall = abi_syscall_by_name(refusal->syscall),
				       .line = refusal->explanation.line };
	snprintf(ret_key->file, sizeof(ret_key->file), "%s", refusal->explanation.file);
	count = arch && ret_key->syscall ? abi_syscall_args(ret_key->syscall, arch->id, types) : 0;
	for (unsigned i = 0; i < count; i++)
		if (types[i].constants)
			ret_key->words[i] = refusal->args[i];
}

static bool tell_is_like(const struct tell_edit *edit, const struct tell_edit *key)
{
	return edit->arch == key->arch && edit->syscall == key->syscall && edit->line == key->line &&
	       strcmp(edit->file, key->file) == 0 && memcmp(edit->words, key->words, sizeof(key->words)) == 0;
}

static void tell_find_edit(struct tell *tell, struct callgate_refusal *refusal)
{
	struct tell_edit key;

	tell_key(refusal, &key);
	if (!tell->edits || !key.syscall || refusal->edit.rule[0])
		return;
	for (size_t i = 0; i < tell->edit_count; i++)
		if (tell_is_like(&tell->edits[i], &key)) {
			refusal->edit = tell->edits[i].edit;
			return;
		}
	if (tell->edit_count == TELL_EDITS_MAX ||
	    callgate_edit_find(tell->subject, refusal, &refusal->edit, NULL) != CALLGATE_OK)
		return;
	key.edit = refusal->edit;
	tell->edits[tell->edit_count++] = key;
}

static void tell_refusal(struct tell *tell, const struct callgate_refusal *seen)
{
	struct callgate_refusal refusal = *seen;

	snprintf(refusal.policy, sizeof(refusal.policy), "%s", callgate_subject_name(tell->subject));
	tell_explain(tell, &refusal);
	tell_find_edit(tell, &refusal);
	snprintf(refusal.explanation.call, sizeof(refusal.explanation.call), "%.*s",
		 (int)sizeof(refusal.explanation.call) - 1, refusal.call);
	if (refusal.outcome == CALLGATE_OUTCOME_ENDED)
		tell->report->refused++;
	else
		tell->report->watched++;
	if (tell->options->refused)
		tell->options->refused(&refusal, tell->options->context);
}

void tell_event(struct tell *tell, const struct callgate_event *event)
{
	pthread_mutex_lock(&tell->lock);
	if (event->kind == CALLGATE_EVENT_REFUSED) {
		tell_refusal(tell, &event->refusal);
	} else {
		tell->report->suppressed += event->count;
		if (tell->options->suppressed)
			tell->options->suppressed(&event->refusal, event->count, tell->options->context);
	}
	pthread_mutex_unlock(&tell->lock);
}
