/*
 * What each filter of a stack is for: what changes when it alone is taken away. A filter of which nothing changes costs
 * every call its instructions and decides nothing. That is asked of meanings, not of who returned first: two filters
 * that refuse the same call are each spare beside the other, and the one that the kernel names is chance.
 *
 * The rest of a stack without one filter is what is older and what is newer, stacked: both sides are computed once.
 */
#include "filter/show.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "filter/diff.h"
#include "prove/prove.h"

#include <linux/seccomp.h>
#include <string.h>

/* Of one filter; whoever wants all compares with `callgate diff`. */
enum { SHARE_LINES_MAX = 24, SHARE_CALLS_MAX = 160 };

struct share {
	const struct callgate_subject *subject;
	uint32_t *newer; /* newer[i]: the filters behind i, stacked */
	uint32_t older;	 /* those before the one that is looked at */
	struct arena arena;
	struct buf *text;
	struct callgate_error *err;
};

static void share_fini(struct share *share)
{
	arena_fini(&share->arena);
}

static int fail_budget(const struct share *share)
{
	return fail(share->err, diagram_status(share->subject->diagram),
		    "the filters' meaning is beyond the diagram's budget");
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Whether two differences are told in one line, which names both calls. */
static bool is_same_change(const struct callgate_difference *a, const struct callgate_difference *b)
{
	return a->a.ret == b->a.ret && a->b.ret == b->b.ret && same_text(a->arch, b->arch) &&
	       same_text(a->condition, b->condition);
}

static bool is_first_of_change(const struct callgate_diff *diff, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (is_same_change(callgate_diff_at(diff, i), callgate_diff_at(diff, index)))
			return false;
	return true;
}

/* "mount, umount2: allow -> errno EPERM" */
static void add_change(struct buf *text, const struct callgate_diff *diff, size_t first)
{
	const struct callgate_difference *difference = callgate_diff_at(diff, first);
	char before[64], after[64];
	size_t start = text->length, left_out = 0;

	callgate_action_format(difference->a, before, sizeof(before));
	callgate_action_format(difference->b, after, sizeof(after));
	buf_puts(text, "       ");
	if (!difference->is_native)
		buf_printf(text, "%s:", difference->arch);
	buf_puts(text, difference->syscall);
	for (size_t i = first + 1; i < callgate_diff_count(diff); i++) {
		if (!is_same_change(difference, callgate_diff_at(diff, i)))
			continue;
		if (text->length - start < SHARE_CALLS_MAX)
			buf_printf(text, ", %s", callgate_diff_at(diff, i)->syscall);
		else
			left_out++;
	}
	if (left_out)
		buf_printf(text, " and %zu more", left_out);
	if (difference->condition)
		buf_printf(text, " if %s", difference->condition);
	buf_printf(text, ": %s -> %s\n", before, after);
}

static void add_changes(struct buf *text, const struct callgate_diff *diff)
{
	size_t lines = 0;

	if (callgate_diff_count(diff) == 0) {
		buf_puts(text, ", decides nothing: without it every call gets the same\n");
		return;
	}
	buf_puts(text, ", without it -> with it:\n");
	for (size_t i = 0; i < callgate_diff_count(diff); i++)
		if (is_first_of_change(diff, i) && lines++ < SHARE_LINES_MAX)
			add_change(text, diff, i);
	if (lines > SHARE_LINES_MAX)
		buf_printf(text, "       and %zu more\n", lines - SHARE_LINES_MAX);
}

static int add_share(struct share *share, size_t index)
{
	struct diagram *diagram = share->subject->diagram;
	cleanup(diff_free_pointer) struct callgate_diff *diff = NULL;
	uint32_t without = diagram_stack(diagram, share->older, share->newer[index]);
	int status;

	if (without == DIAGRAM_NONE)
		return fail_budget(share);
	status = diff_meanings(diagram, without, share->subject->root, &diff, share->err);
	if (!status)
		status = callgate_diff_fold(diff, share->err);
	if (status)
		return status;
	buf_printf(share->text, "  %zu: %zu instructions", index + 1, share->subject->programs[index].length);
	if (share->subject->program_count == 1 && callgate_diff_count(diff))
		buf_putc(share->text, '\n');
	else
		add_changes(share->text, diff);
	return CALLGATE_OK;
}

/* From the newest filter back: what is loaded after each. */
static int stack_newer(struct share *share, const uint32_t *alone)
{
	struct diagram *diagram = share->subject->diagram;
	size_t last = share->subject->program_count - 1;

	share->newer[last] = diagram_terminal(diagram, SECCOMP_RET_ALLOW);
	for (size_t i = last; i > 0; i--) {
		share->newer[i - 1] = diagram_stack(diagram, alone[i], share->newer[i]);
		if (share->newer[i - 1] == DIAGRAM_NONE)
			return fail_budget(share);
	}
	return CALLGATE_OK;
}

static int add_shares(struct share *share)
{
	struct diagram *diagram = share->subject->diagram;
	size_t count = share->subject->program_count;
	uint32_t *alone = arena_array(&share->arena, count, sizeof(*alone));
	int status = CALLGATE_OK;

	share->newer = arena_array(&share->arena, count, sizeof(*share->newer));
	if (!alone || !share->newer)
		return fail_nomem(share->err);
	for (size_t i = 0; !status && i < count; i++)
		status = prove_lift(diagram, share->subject->programs[i].insns, share->subject->programs[i].length,
				    &alone[i], share->err);
	if (!status)
		status = stack_newer(share, alone);
	share->older = diagram_terminal(diagram, SECCOMP_RET_ALLOW);
	for (size_t i = 0; !status && i < count; i++) {
		status = add_share(share, i);
		share->older = diagram_stack(diagram, share->older, alone[i]);
	}
	return status;
}

int show_stack(const struct callgate_subject *subject, struct buf *text, struct callgate_error *err)
{
	cleanup(share_fini) struct share share = { .subject = subject, .text = text, .err = err };

	if (subject->is_strict) {
		buf_puts(text, "strict mode, and no filters\n");
		return CALLGATE_OK;
	}
	if (!subject->program_count) {
		buf_puts(text, "no filters\n");
		return CALLGATE_OK;
	}
	buf_printf(text, "%zu filter%s, 1 is the oldest\n", subject->program_count,
		   subject->program_count == 1 ? "" : "s");
	return add_shares(&share);
}
