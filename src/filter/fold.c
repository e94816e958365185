/*
 * Differences for a person to read. A new default, or an arch more, changes hundreds of calls in one way: that is one
 * line, with the calls as stretches of numbers (`uretprobe..#423, cachestat`), or "*" in place of the longest such
 * line where every call of an arch changes. What depends on arguments keeps its own line, and so do a few calls.
 */
#include "filter/diff.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <inttypes.h>
#include <string.h>

enum {
	FOLD_LEAST = 12,   /* fewer lines than this are all written */
	STRETCH_LEAST = 4, /* fewer calls than this are all named */
};

struct fold {
	struct callgate_diff *diff;
	const struct abi_arch *arch;
	const char **names; /* of a difference, instead of its own; NULL: its own, GONE: another says it */
};

static const char GONE[] = "";

/* Whether the difference is of the arch, and one whatever the arguments. */
static bool is_plain(const struct fold *fold, const struct difference *difference)
{
	return difference->arch == fold->arch && !difference->said.condition;
}

static bool is_alike(const struct fold *fold, const struct difference *difference, const struct difference *like)
{
	return is_plain(fold, difference) && difference->said.a.ret == like->said.a.ret &&
	       difference->said.b.ret == like->said.b.ret;
}

/* The next that is alike, from index on; the number of differences when there is none. */
static size_t next_alike(const struct fold *fold, size_t index, const struct difference *like)
{
	while (index < fold->diff->differences.length && !is_alike(fold, &fold->diff->differences.items[index], like))
		index++;
	return index;
}

static size_t count_alike(const struct fold *fold, size_t first)
{
	const struct difference *like = &fold->diff->differences.items[first];
	size_t count = 0;

	for (size_t i = first; i < fold->diff->differences.length; i = next_alike(fold, i + 1, like))
		count++;
	return count;
}

/* Whether every number of the arch has a difference. */
static bool is_whole(const struct fold *fold)
{
	bool is_half = fold->arch->id == ABI_X86_64 || fold->arch->id == ABI_X32;
	uint64_t numbers = 0, next = 0;

	for (size_t i = 0; i < fold->diff->differences.length; i++) {
		const struct difference *difference = &fold->diff->differences.items[i];

		if (difference->arch != fold->arch || difference->low < next)
			continue;
		numbers += (uint64_t)difference->high - difference->low + 1;
		next = (uint64_t)difference->high + 1;
	}
	return numbers == UINT64_C(1) << (is_half ? 31 : 32);
}

static void write_end(const struct difference *difference, uint32_t number, struct buf *text)
{
	if (difference->low == difference->high)
		buf_puts(text, difference->said.syscall);
	else
		buf_printf(text, "#%" PRIu32, number);
}

/* The differences from first to last, whose numbers follow each other. */
static void write_stretch(const struct fold *fold, const size_t *members, size_t count, struct buf *text)
{
	const struct difference *items = fold->diff->differences.items;
	const struct difference *first = &items[members[0]], *last = &items[members[count - 1]];

	for (size_t i = 0; count < STRETCH_LEAST && i < count; i++)
		buf_printf(text, "%s%s", text->length ? ", " : "", items[members[i]].said.syscall);
	if (count < STRETCH_LEAST)
		return;
	buf_puts(text, text->length ? ", " : "");
	write_end(first, first->low, text);
	buf_puts(text, "..");
	write_end(last, last->high, text);
}

/* All that are alike, as stretches; members has room for them. */
static void write_stretches(const struct fold *fold, size_t first, size_t *members, struct buf *text)
{
	const struct difference *items = fold->diff->differences.items, *like = &items[first];
	size_t count = 0;

	for (size_t i = first; i < fold->diff->differences.length; i = next_alike(fold, i + 1, like)) {
		if (count && items[members[count - 1]].high + UINT64_C(1) != items[i].low) {
			write_stretch(fold, members, count, text);
			count = 0;
		}
		members[count++] = i;
	}
	write_stretch(fold, members, count, text);
}

/* The first of those that are alike speaks for all. */
static int join(struct fold *fold, size_t first, const char *name, struct callgate_error *err)
{
	const struct difference *like = &fold->diff->differences.items[first];

	name = arena_strdup(&fold->diff->arena, name);
	if (!name)
		return fail_nomem(err);
	for (size_t i = next_alike(fold, first + 1, like); i < fold->diff->differences.length;
	     i = next_alike(fold, i + 1, like))
		fold->names[i] = GONE;
	fold->names[first] = name;
	return CALLGATE_OK;
}

static int join_stretches(struct fold *fold, size_t first, struct callgate_error *err)
{
	cleanup_free size_t *members = calloc(fold->diff->differences.length, sizeof(*members));
	cleanup(buf_fini) struct buf text = { 0 };

	if (!members)
		return fail_nomem(err);
	write_stretches(fold, first, members, &text);
	return text.failed ? fail_nomem(err) : join(fold, first, buf_text(&text), err);
}

/* "*" spares the reader the longest of the lines. */
static int fold_arch(struct fold *fold, struct callgate_error *err)
{
	size_t count = fold->diff->differences.length, longest = count;
	int status = CALLGATE_OK;

	for (size_t i = 0; !status && i < count; i++) {
		if (fold->names[i] || !is_plain(fold, &fold->diff->differences.items[i]) ||
		    count_alike(fold, i) < FOLD_LEAST)
			continue;
		status = join_stretches(fold, i, err);
		if (!status && (longest == count || strlen(fold->names[i]) > strlen(fold->names[longest])))
			longest = i;
	}
	if (!status && longest < count && is_whole(fold))
		fold->names[longest] = "*";
	return status;
}

static void rename_all(struct callgate_diff *diff, const char *const *names)
{
	size_t kept = 0;

	for (size_t i = 0; i < diff->differences.length; i++) {
		struct difference difference = diff->differences.items[i];

		if (names[i])
			difference.said.syscall = names[i];
		if (names[i] != GONE)
			diff->differences.items[kept++] = difference;
	}
	diff->differences.length = kept;
}

int callgate_diff_fold(struct callgate_diff *diff, struct callgate_error *err)
{
	cleanup_free const char **names = calloc(diff->differences.length + 1, sizeof(*names));
	int status = CALLGATE_OK;

	if (!names)
		return fail_nomem(err);
	for (int id = 0; !status && id < ABI_ARCH_COUNT; id++)
		status = fold_arch(&(struct fold){ diff, abi_arch(id), names }, err);
	if (!status)
		rename_all(diff, names);
	return status;
}
