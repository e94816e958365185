/*
 * learn/subjects.h - the evidence of one syscall, over all programs and runs
 */
#ifndef CALLGATE_LEARN_SUBJECTS_H
#define CALLGATE_LEARN_SUBJECTS_H

#include "observe/evidence.h"

struct subject {
	const struct abi_syscall *syscall;
	uint64_t count;
	struct evidence_seen seen;
	const struct evidence_entry *native; /* all its calls on the native arch as one entry, or NULL */
	bool foreign;			     /* it was also called on another arch */
};

struct subjects {
	struct evidence *total; /* the same evidence as if one program had made all calls; owned */
	struct arena arena;
	struct {
		VEC(struct subject);
	} list; /* by name */
	struct {
		VEC(const struct evidence_entry *);
	} unnamed; /* numbers that the tables do not have */
};

/* Fails with E_NOMEM and E_LIMIT. */
int subjects_make(const struct evidence *evidence, struct subjects *ret_subjects, struct callgate_error *err);

const struct subject *subjects_find(const struct subjects *subjects, const char *name); /* NULL */

/* Whether every program needs it, seen or not (companions.def). */
bool subject_is_in_any_run(const struct subject *subject);

/* Whether a list of words, a blank between two, has one. */
bool words_have(const char *words, const char *word);

void subjects_fini(struct subjects *subjects);

#endif
