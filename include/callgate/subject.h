/*
 * callgate/subject.h - anything that has a meaning, and the questions that can be asked of it
 *
 * A policy and a raw BPF filter are both total functions from a call to an action. A subject is one of them, whoever
 * wrote it; every answer below is computed on that function, never on text or instructions.
 */
#ifndef CALLGATE_SUBJECT_H
#define CALLGATE_SUBJECT_H

#include <callgate/action.h>
#include <callgate/error.h>
#include <callgate/filter.h>
#include <callgate/policy.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct callgate_subject; /* never changes after it was opened */

enum callgate_subject_kind {
	CALLGATE_SUBJECT_ANY,	   /* for options: recognise it */
	CALLGATE_SUBJECT_POLICY,   /* text in the language of callgate-policy(5) */
	CALLGATE_SUBJECT_BPF,	   /* an array of struct sock_filter, in this machine's byte order or the other */
	CALLGATE_SUBJECT_OCI,	   /* an OCI runtime configuration, or a profile of Docker, Podman or containerd */
	CALLGATE_SUBJECT_MINIJAIL, /* a policy of minijail0(5), for this machine */
	CALLGATE_SUBJECT_PROCESS,  /* the filters that a live process carries; named pid:N, never recognised */
	CALLGATE_SUBJECT_SYSTEMD,  /* a unit of systemd, with its drop-ins, for this machine */
	CALLGATE_SUBJECT_KAFEL,	   /* a policy in Kafel, nsjail's language, for this machine */
	CALLGATE_SUBJECT_FIREJAIL, /* a profile of firejail, for x86-64 */
	CALLGATE_SUBJECT_STRACE,   /* what strace wrote: the policy that lets these calls pass */
	CALLGATE_SUBJECT_AUDIT,	   /* an audit log's SYSCALL and SECCOMP records, as the same */
};

struct callgate_subject_options {
	enum callgate_subject_kind kind;
	struct callgate_policy_options policy;
	/* What OCI profiles ask: which capabilities the process will hold ("CAP_NET_ADMIN", "net_admin", "all"), and the
	 * kernel that it will run on, the major number in the high byte and the minor one in the low (0: this one). */
	const char *const *capabilities;
	size_t capability_count;
	uint16_t kernel;
	bool may_be_unknown; /* a raw filter whose meaning is beyond the budget is opened all the same: see below */
	size_t nodes_max;    /* what a meaning may cost, in nodes of its diagram of 16 bytes; 0: 4194304 */
};

/*
 * Reads and understands a subject: name is a file, "-" standard input, or "pid:N" a process (its main thread; N may be
 * any thread's). The caller frees *ret_subject.
 *
 * Fails with E_OS, with a policy's errors, with E_INVALID when the kernel would not load the filter (the message has
 * its reason), E_UNSUPPORTED (this kernel, or somebody without CAP_SYS_ADMIN, cannot read a process's filters; whether
 * there are any, everybody may ask), E_LIMIT,
 * E_NOMEM.
 *
 * A subject that may be unknown, and is, answers callgate_subject_simulate, callgate_subject_replay and
 * CALLGATE_FORM_ASM, which ask its instructions; every other question fails with the E_LIMIT that names the one which
 * exceeds the budget.
 */
CALLGATE_PUBLIC int callgate_subject_open(const char *name, const struct callgate_subject_options *options,
					  struct callgate_subject **ret_subject, struct callgate_error *err);

/* The same for length bytes in memory; name is for messages. */
CALLGATE_PUBLIC int callgate_subject_parse(const char *name, const void *bytes, size_t length,
					   const struct callgate_subject_options *options,
					   struct callgate_subject **ret_subject, struct callgate_error *err);

CALLGATE_PUBLIC void callgate_subject_free(struct callgate_subject *subject);

/* "policy", "bpf" and back; NULL and -1 when there is no such kind. */
CALLGATE_PUBLIC const char *callgate_subject_kind_name(enum callgate_subject_kind kind);
CALLGATE_PUBLIC int callgate_subject_kind_by_name(const char *name);

CALLGATE_PUBLIC enum callgate_subject_kind callgate_subject_kind(const struct callgate_subject *subject);
CALLGATE_PUBLIC const char *callgate_subject_name(const struct callgate_subject *subject);

/* What its reader has to say that is no error ("3 names that no syscall has"), from index 0; NULL behind the last. */
CALLGATE_PUBLIC const char *callgate_subject_note(const struct callgate_subject *subject, size_t index);

/* The policy that it is; NULL when it is none. Lives as long as the subject. */
CALLGATE_PUBLIC const struct callgate_policy *callgate_subject_policy(const struct callgate_subject *subject);

/* How many further parts a policy has, which hold from a mark on and are not part of what it means here; 0 for all
 * else. */
CALLGATE_PUBLIC size_t callgate_subject_phases(const struct callgate_subject *subject);

/* How many instructions it has: a raw filter's, all that a process carries; 0 for a policy, which has none yet. */
CALLGATE_PUBLIC size_t callgate_subject_length(const struct callgate_subject *subject);

/* How many raw filters it is: 1 of BPF, any number of a process (strict mode counts as one), 0 of a policy. */
CALLGATE_PUBLIC size_t callgate_subject_filters(const struct callgate_subject *subject);

/* One of them, 0 the oldest; it lives as long as the subject. */
CALLGATE_PUBLIC const struct sock_filter *callgate_subject_filter(const struct callgate_subject *subject, size_t index,
								  size_t *ret_length);

/*
 * A new filter of the same meaning, for a policy and for a raw filter alike; fails as callgate_filter_compile does.
 * options.arches is for policies only: E_INVALID otherwise.
 */
CALLGATE_PUBLIC int callgate_subject_compile(const struct callgate_subject *subject,
					     const struct callgate_filter_options *options,
					     struct callgate_filter **ret_filter, struct callgate_error *err);

/* The same for what the kernel does when all of them are installed, subjects[0] first: one filter in place of count. */
CALLGATE_PUBLIC int callgate_subject_merge(const struct callgate_subject *const *subjects, size_t count,
					   const struct callgate_filter_options *options,
					   struct callgate_filter **ret_filter, struct callgate_error *err);

/*
 * A call is written as a C call: `openat(AT_FDCWD, 0, O_RDONLY|O_CLOEXEC)`, `i386:open(0)`, `#462(1, 2)`. What is not
 * given is 0; `flags=O_RDONLY` names its argument; a string, `{…}` or `[…]` is the address of something; `= 3` and what
 * else strace writes behind the call is skipped. The arch is this machine's unless one stands before it.
 */
struct callgate_explanation {
	struct callgate_action action;
	char call[512];	   /* the call as it was understood */
	bool by_rule;	   /* a rule decided; else `default`, `newer` or the arch did */
	bool listed;	   /* no rule decided, though some list the call: their conditions did not hold */
	char file[256];	   /* of the line that decided, "" when there is none */
	unsigned line;	   /* of it, from 1; 0 when there is none */
	unsigned filter;   /* of raw filters, the one that decided, from 1, the oldest; 0 of a policy, or without any */
	unsigned insn;	   /* of it: the index of the instruction at which it returned */
	char rule[512];	   /* the text of that line or instruction */
	char reason[1024]; /* one sentence: which condition held, or which default decided and why */
};

/* What the kernel would do with this call. Fails with E_SYNTAX and E_UNKNOWN (col is a place in call), E_NOMEM. */
CALLGATE_PUBLIC int callgate_subject_simulate(const struct callgate_subject *subject, const char *call,
					      struct callgate_action *ret_action, struct callgate_error *err);

/* The same, and why. */
CALLGATE_PUBLIC int callgate_subject_explain(const struct callgate_subject *subject, const char *call,
					     struct callgate_explanation *ret_explanation, struct callgate_error *err);

/*
 * What the running kernel answers, asked in a forked child in which every action is an errno, so that nothing runs.
 * Fails as callgate_subject_simulate does, with E_UNSUPPORTED where this machine cannot make the call or the filter
 * computes what it returns, with E_OS, and with E_UNPROVED when the kernel's answer is not the filter's meaning: a
 * bug in Callgate or in the kernel.
 */
CALLGATE_PUBLIC int callgate_subject_replay(const struct callgate_subject *subject, const char *call,
					    struct callgate_action *ret_action, struct callgate_error *err);

enum callgate_form {
	CALLGATE_FORM_TABLE,   /* every call that is not like the rest, with its action and conditions */
	CALLGATE_FORM_ASM,     /* instructions: a raw filter's own, a policy's compiled ones */
	CALLGATE_FORM_DIAGRAM, /* the decision diagram, in Graphviz's language */
};

/* The subject as text, which the caller frees. */
CALLGATE_PUBLIC int callgate_subject_show(const struct callgate_subject *subject, enum callgate_form form,
					  char **ret_text, struct callgate_error *err);

/* One set of calls of one number that two subjects answer differently, each always in the same way. */
struct callgate_difference {
	const char *arch; /* "x86_64"; "0x…" for one that the tables lack; "other" for what is not told apart, "any" for
			     all */
	bool is_native;	  /* the arch is this machine's, so that its name need not be said */
	const char *syscall;   /* "openat"; "#462..#500" for numbers without a name; folded: "read, pipe..dup2", "*" */
	const char *condition; /* in the policy language; NULL: whatever the arguments */
	struct callgate_action a; /* what the first one does */
	struct callgate_action b;
	const char *witness; /* one such call, as callgate_subject_simulate reads it */
	/* Of callgate_diff_add_brokers: what each says of it ("notify via files { read "/srv/page" }"); else NULL. */
	const char *a_rules, *b_rules;
};

struct callgate_diff; /* differences in the order of arch and number */

/* Compares two meanings. The caller frees *ret_diff, which holds nothing when they are equal. E_LIMIT, E_NOMEM. */
CALLGATE_PUBLIC int callgate_diff_new(const struct callgate_subject *a, const struct callgate_subject *b,
				      struct callgate_diff **ret_diff, struct callgate_error *err);
CALLGATE_PUBLIC void callgate_diff_free(struct callgate_diff *diff);
CALLGATE_PUBLIC size_t callgate_diff_count(const struct callgate_diff *diff);
CALLGATE_PUBLIC const struct callgate_difference *callgate_diff_at(const struct callgate_diff *diff, size_t index);

/*
 * What the meanings of two policies do not hold: calls that both leave to a supervisor, by other rules. Each becomes
 * one more difference, with equal actions. For what is not a policy nothing is added. Fails with E_NOMEM.
 */
CALLGATE_PUBLIC int callgate_diff_add_brokers(struct callgate_diff *diff, const struct callgate_subject *a,
					      const struct callgate_subject *b, struct callgate_error *err);

/*
 * For a person to read: where many calls of one arch change in one way whatever their arguments, one difference speaks
 * for them, with the first of their witnesses. "pipe..dup2" are all from the one's number to the other's, "*" all calls
 * of the arch that no other difference names. Fails with E_NOMEM; the differences are then as complete as before.
 */
CALLGATE_PUBLIC int callgate_diff_fold(struct callgate_diff *diff, struct callgate_error *err);

/* Keeps only those in which b is looser than a: it allows, or answers with lower precedence, what a does not. What a
 * supervisor would do cannot be ordered, so that other rules for it count as looser. */
CALLGATE_PUBLIC void callgate_diff_keep_looser(struct callgate_diff *diff);

#ifdef __cplusplus
}
#endif

#endif
