/*
 * callgate/convert.h - a subject written for another tool, and proof of what became of its meaning
 *
 * What was written is read back as the other tool's, and the two meanings are compared. A target may not be able to say
 * everything: then the differences are there to be looked at, and to be refused.
 */
#ifndef CALLGATE_CONVERT_H
#define CALLGATE_CONVERT_H

#include <callgate/error.h>
#include <callgate/subject.h>

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct callgate_conversion;

enum callgate_target {
	CALLGATE_TARGET_POLICY,	    /* the language of callgate-policy(5) */
	CALLGATE_TARGET_OCI,	    /* a profile of Docker, Podman, containerd */
	CALLGATE_TARGET_MINIJAIL,   /* a policy of minijail0(5), for this machine */
	CALLGATE_TARGET_SYSTEMD,    /* lines for a unit of systemd, for this machine */
	CALLGATE_TARGET_KAFEL,	    /* a policy in Kafel, for this machine */
	CALLGATE_TARGET_LIBSECCOMP, /* a program in C that makes the filter by libseccomp */
	CALLGATE_TARGET_BPF,	    /* an array of struct sock_filter, in this machine's byte order */
	CALLGATE_TARGET_C,	    /* the same as C, with a function that loads it */
	CALLGATE_TARGET_ASM,	    /* the same as instructions to read */
	CALLGATE_TARGET_IO_URING,   /* C that registers filters of io_uring (Linux 7.0), for this machine */
};

/* Who executes the program of a profile, under the filter that the profile makes. */
enum callgate_runtime {
	CALLGATE_RUNTIME_NONE, /* the profile says what the subject says, and no more */
	CALLGATE_RUNTIME_ANY,  /* all of the following */
	CALLGATE_RUNTIME_CRUN,
	CALLGATE_RUNTIME_RUNC,
};

/* Zeroed: nothing of this. */
struct callgate_convert_options {
	/* CALLGATE_TARGET_OCI: what the subject refuses of the calls that this runtime makes behind the filter and
	 * before the program, execve among them, is let through. A filter cannot tell the two apart: the program may
	 * make them too. */
	enum callgate_runtime runtime;
	bool no_new_privileges; /* only those that it makes with `noNewPrivileges: true`, which are few */
};

/* "policy", "oci" and back; NULL and -1 when there is no such target. */
CALLGATE_PUBLIC const char *callgate_target_name(enum callgate_target target);
CALLGATE_PUBLIC int callgate_target_by_name(const char *name);

/*
 * Writes the subject for a target. The caller frees *ret_conversion.
 *
 * Fails with E_UNSUPPORTED when the target has no words for it (the message says for what), with E_LIMIT when it would
 * need too many, E_INVALID when there is no such target, E_NOMEM.
 */
CALLGATE_PUBLIC int callgate_convert(const struct callgate_subject *subject, enum callgate_target target,
				     struct callgate_conversion **ret_conversion, struct callgate_error *err);

/* The same with options. E_INVALID for a runtime of another target than a profile; E_LIMIT too when the subject and the
 * runtime's calls are too much for one filter. */
CALLGATE_PUBLIC int callgate_convert_with(const struct callgate_subject *subject, enum callgate_target target,
					  const struct callgate_convert_options *options,
					  struct callgate_conversion **ret_conversion, struct callgate_error *err);

CALLGATE_PUBLIC void callgate_conversion_free(struct callgate_conversion *conversion);

/* All of these live as long as the conversion. The text ends in NUL; BPF has such bytes in it too. */
CALLGATE_PUBLIC const char *callgate_conversion_text(const struct callgate_conversion *conversion);
CALLGATE_PUBLIC size_t callgate_conversion_length(const struct callgate_conversion *conversion); /* without that NUL */

/* What is let through for the runtime: from the subject (a) to the subject with its calls (b). NULL when no runtime was
 * named, empty when the subject lets through all that it needs. */
CALLGATE_PUBLIC const struct callgate_diff *callgate_conversion_runtime(const struct callgate_conversion *conversion);

/* From the subject, with a runtime's calls (a), to what was written (b): empty when the two were proved equal. NULL of
 * filters of io_uring, which speak of requests: those were proved to let through none whose calls the subject refuses. */
CALLGATE_PUBLIC const struct callgate_diff *callgate_conversion_diff(const struct callgate_conversion *conversion);

/* What of the subject is not part of its meaning and was left out, from index 0; NULL behind the last. */
CALLGATE_PUBLIC const char *callgate_conversion_note(const struct callgate_conversion *conversion, size_t index);

#ifdef __cplusplus
}
#endif

#endif
