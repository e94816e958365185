/*
 * A filter holds for all that a program starts, so a policy is about the tree of programs and not about each of them.
 */
#include "learn/subjects.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

static int subjects_compare(const void *a, const void *b)
{
	const struct subject *left = a, *right = b;

	return strcmp(left->syscall->name, right->syscall->name);
}

/* All entries as if one program had made the calls. Its runs are the most that one of them had. */
static int subjects_flatten(const struct evidence *evidence, struct evidence *total, struct callgate_error *err)
{
	struct evidence_program *all;
	int status = evidence_program(total, "", "", &all, err);

	for (size_t i = 0; status == CALLGATE_OK && i < evidence->entries.length; i++) {
		const struct evidence_entry *entry = evidence->entries.items[i];
		struct evidence_entry *sum;

		status = evidence_entry(total, all, entry->audit, entry->nr, &sum, err);
		if (status < 0)
			break;
		status = evidence_merge_entry(total, sum, entry, 0, err);
	}
	return status;
}

static struct subject *subjects_of(struct subjects *subjects, const struct abi_syscall *syscall)
{
	for (size_t i = 0; i < subjects->list.length; i++)
		if (subjects->list.items[i].syscall == syscall)
			return &subjects->list.items[i];
	if (!VEC_PUSH(&subjects->arena, &subjects->list, ((struct subject){ .syscall = syscall })))
		return NULL;
	return &subjects->list.items[subjects->list.length - 1];
}

static int subjects_add(struct subjects *subjects, const struct evidence_entry *entry, struct callgate_error *err)
{
	struct subject *subject;

	if (!entry->syscall)
		return VEC_PUSH(&subjects->arena, &subjects->unnamed, entry) ? CALLGATE_OK : fail_nomem(err);
	subject = subjects_of(subjects, entry->syscall);
	if (!subject)
		return fail_nomem(err);
	subject->count += entry->count;
	evidence_seen_add(&subject->seen, &entry->seen, 0);
	if (entry->arch == abi_arch_native())
		subject->native = entry;
	else
		subject->foreign = true;
	return CALLGATE_OK;
}

int subjects_make(const struct evidence *evidence, struct subjects *ret_subjects, struct callgate_error *err)
{
	struct subjects subjects = { .total = evidence_new() };
	int status = subjects.total ? subjects_flatten(evidence, subjects.total, err) : fail_nomem(err);

	for (size_t i = 0; status == CALLGATE_OK && i < subjects.total->entries.length; i++)
		status = subjects_add(&subjects, subjects.total->entries.items[i], err);
	if (status < 0) {
		subjects_fini(&subjects);
		return status;
	}
	if (subjects.list.length)
		qsort(subjects.list.items, subjects.list.length, sizeof(struct subject), subjects_compare);
	*ret_subjects = subjects;
	return CALLGATE_OK;
}

const struct subject *subjects_find(const struct subjects *subjects, const char *name)
{
	for (size_t i = 0; i < subjects->list.length; i++)
		if (strcmp(subjects->list.items[i].syscall->name, name) == 0)
			return &subjects->list.items[i];
	return NULL;
}

void subjects_fini(struct subjects *subjects)
{
	evidence_free(subjects->total);
	arena_fini(&subjects->arena);
	*subjects = (struct subjects){ 0 };
}

bool words_have(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += length)
		if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

/* What any run may have is in the policy without having been seen. */
bool subject_is_in_any_run(const struct subject *subject)
{
	static const char *const any[] = {
#define COMPANIONS(seen, words, why) #seen " " words,
#include "learn/companions.def"
#undef COMPANIONS
	};

	for (size_t i = 0; i < sizeof(any) / sizeof(*any); i++)
		if (strncmp(any[i], "ALWAYS ", strlen("ALWAYS ")) == 0 && words_have(any[i], subject->syscall->name))
			return true;
	return false;
}
