/*
 * filter/subject.h - a subject from the inside: what was read, and its meaning
 *
 * A subject keeps its diagram: every question but those about two subjects is asked of it. Questions about several
 * build all their meanings in one new diagram, where equal functions are equal roots.
 */
#ifndef CALLGATE_FILTER_SUBJECT_H
#define CALLGATE_FILTER_SUBJECT_H

#include "base/arena.h"
#include "bpf/bpf.h"
#include "diagram/diagram.h"
#include "filter/call.h"
#include "policy/policy.h"

#include <callgate/subject.h>

#include <sys/types.h>

/* Larger inputs are refused: the longest filter has 32 KiB, and nobody writes a policy of this size. */
#define SUBJECT_BYTES_MAX (16u << 20)

struct callgate_subject {
	enum callgate_subject_kind kind;
	char *name;			/* as it was asked for */
	struct callgate_policy *policy; /* POLICY, and what other tools' text says; else NULL */
	struct bpf_program *programs;	/* BPF and PROCESS, in this machine's byte order, oldest first; else NULL */
	size_t program_count;		/* 1 for BPF; a process may have none */
	pid_t pid;			/* PROCESS, else 0 */
	bool is_strict;			/* PROCESS: it carries no filter; the program is what its strict mode means */
	struct arena arena;		/* the programs and their instructions */
	struct callgate_error unknown;	/* why root is DIAGRAM_NONE, when it is */
	size_t nodes_max; /* the budget of its diagram, and of those that it is compared in; 0: the default */
	struct diagram *diagram;
	uint32_t root; /* its meaning in diagram */
};

/* The subject's meaning in another diagram. */
int subject_meaning(const struct callgate_subject *subject, const struct callgate_filter_options *options,
		    struct diagram *diagram, uint32_t *ret_root, struct callgate_error *err);

/* What the kernel runs for a call, oldest first: a raw filter, a process's filters, or a compiled policy. */
struct subject_stack {
	const struct bpf_program *programs; /* the subject's own, or compiled */
	size_t count;
	struct bpf_program compiled;	/* what filter owns, for programs to point to */
	struct callgate_filter *filter; /* a policy's; else NULL */
};

/* Compiles a policy for it; the caller releases *ret_stack, which must not be moved, with subject_stack_fini. */
int subject_stack_init(const struct callgate_subject *subject, const struct callgate_filter_options *options,
		       struct subject_stack *ret_stack, struct callgate_error *err);
void subject_stack_fini(struct subject_stack *stack);

/* How many instructions run for this call, as it lies in memory; and whether the kernel's bitmap answers it. */
unsigned subject_stack_executed(const struct subject_stack *stack, const struct seccomp_data *data);
bool subject_stack_is_cacheable(const struct subject_stack *stack, uint32_t audit, uint32_t nr);

/* What it says to a call, whose arguments are values (call->data is such): by its diagram, or by its instructions where
 * the meaning is not known. */
struct callgate_action subject_action(const struct callgate_subject *subject, const struct seccomp_data *data);

/* CALLGATE_OK, or what was beyond the budget when it was opened: for every question that needs the meaning. */
int subject_known(const struct callgate_subject *subject, struct callgate_error *err);

/* Reads a whole text as a call; errors have their place in it. */
int subject_parse_call(const char *text, struct call *ret_call, struct callgate_error *err);

/* As callgate_subject_explain, for a call that was read already. */
int explain_call(const struct callgate_subject *subject, const struct call *call,
		 struct callgate_explanation *ret_explanation, struct callgate_error *err);

/* The line of a policy's source on which position is, without blanks around it, into text (cut to size); "" when the
 * policy has no sources. */
void subject_quote(const struct callgate_subject *subject, const struct policy_position *position, char *text,
		   size_t size);

/* For the cleanup attribute. */
void subject_diagram_free(struct diagram **diagram);

#endif
