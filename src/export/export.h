/*
 * export/export.h - a meaning written in the words of another tool
 *
 * A target is a file and a row of the table in export.c. Its writer need not be right about everything: what it wrote
 * is read back and compared, and the differences are the caller's to judge.
 */
#ifndef CALLGATE_EXPORT_EXPORT_H
#define CALLGATE_EXPORT_EXPORT_H

#include "base/buf.h"
#include "filter/runs.h"
#include "filter/subject.h"

/* What most of a subject does, which targets say once. */
struct outline {
	struct runs runs;	     /* of the subject, in its diagram */
	bool arches[ABI_ARCH_COUNT]; /* that it treats otherwise than those that it does not know */
	uint32_t foreign;	     /* the function of the others */
	uint32_t unknown;	     /* of numbers without a name on the first of the arches */
	uint32_t common;	     /* the action without conditions that most of its named calls have; else unknown */
};

/* Fails with E_LIMIT and E_NOMEM. */
int outline_of(const struct callgate_subject *subject, struct arena *arena, struct outline *ret_outline,
	       struct callgate_error *err);

/* Whether a pointer has 64 bits there. libseccomp, and word0 to word5, cut what is said of whole words on the others. */
bool outline_is_wide(enum abi_arch_id arch);

bool outline_is_constant(const struct callgate_subject *subject, uint32_t function);

/* A writing on its way. */
struct export
{
	const struct callgate_subject *subject; /* with a runtime's calls, where one was named */
	const struct callgate_diff *runtime;	/* what is let through for it, a line a call; or NULL */
	struct outline outline;
	struct arena arena; /* dies with the writing */
	struct buf text;
	struct {
		VEC(const char *);
	} notes; /* in arena */
	struct callgate_error *err;
};

__attribute__((format(printf, 2, 3))) int export_note(struct export *export, const char *format, ...);

/*
 * The targets' rows. A writer fills export->text. A decoder makes of that text, and of nothing else, what the kind of
 * subject that it is read back as is read from; without one it is the text. What that kind has no words for, and the
 * target has, is completed in the subject. A target that is no subject again has a check of its own.
 */
int export_policy(struct export *export);
int export_oci(struct export *export);
int export_minijail(struct export *export);
int export_systemd(struct export *export);
int export_kafel(struct export *export);
int export_libseccomp(struct export *export);
int decode_libseccomp(struct export *export, struct buf *ret_bytes);
int complete_libseccomp(struct export *export, struct callgate_subject *again);
int export_io_uring(struct export *export);
int check_io_uring(struct export *export);
int export_bpf(struct export *export);
int export_c(struct export *export);
int decode_c(struct export *export, struct buf *ret_bytes);
int export_asm(struct export *export);
int decode_asm(struct export *export, struct buf *ret_bytes);

#endif
