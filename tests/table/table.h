/*
 * table.h - a table of calls and the actions that they must get, and the judges that must all agree
 *
 *	== a title
 *	kernel 6.1                          the policy, up to --
 *	default kill-process
 *	allow read if fd == 0
 *	--
 *	x86_64 read(0) -> allow             arch, name or number, arguments, action
 *	x86_64 0x40000000() -> kill-process
 *	0x1234 0() -> kill-process          an AUDIT_ARCH_* that no table has
 *
 * In place of calls, a policy may have the one line that says why it is refused, its place counted from the line behind
 * ==, and a part of the message, or of message and hint joined by " | ":
 *
 *	refused 3:7: unknown syscall 'opne' | did you mean 'open'?
 *
 * Arguments are 64-bit words: numbers, negative ones sign-extended, or constants by name; those that are missing are
 * 0. `# …` is a comment. One policy may be followed by many calls, one file hold many tables.
 */
#ifndef CALLGATE_TESTS_TABLE_H
#define CALLGATE_TESTS_TABLE_H

#include "bpf/bpf.h"
#include "diagram/diagram.h"
#include "lang/lang.h"

struct table_call {
	const char *text; /* the line, for messages */
	unsigned line;
	struct seccomp_data data;
	uint32_t expected; /* SECCOMP_RET_* with its data */
};

struct table_block {
	const char *title;
	unsigned line;	    /* of its title */
	const char *policy; /* its text, on as many lines as stand before it in the file, so that errors point there */
	struct {
		VEC(struct table_call);
	} calls;
	const char *refused; /* what the error must hold, or NULL */
};

struct table {
	struct arena arena;
	struct {
		VEC(struct table_block);
	} blocks;
};

/* What the judges look at. */
struct table_subject {
	const struct policy *policy;
	struct diagram *diagram;
	uint32_t root;
	struct bpf_program program;
	struct bpf_program harmless; /* the same with an errno in place of every action that lets a call run */
};

/* One judge's answer. False: it has none for this call, and ret_why says why; it is left alone where the call is none
 * that could come before this judge. */
struct table_judge {
	const char *name;
	bool (*judge)(const struct table_subject *subject, const struct table_call *call, uint32_t *ret_action,
		      const char **ret_why);
};

int table_read(const char *path, struct table *table, struct callgate_error *err);

bool judge_rules(const struct table_subject *subject, const struct table_call *call, uint32_t *ret_action,
		 const char **ret_why);
bool judge_diagram(const struct table_subject *subject, const struct table_call *call, uint32_t *ret_action,
		   const char **ret_why);
bool judge_simulator(const struct table_subject *subject, const struct table_call *call, uint32_t *ret_action,
		     const char **ret_why);
bool judge_kernel(const struct table_subject *subject, const struct table_call *call, uint32_t *ret_action,
		  const char **ret_why);

/* For the kernel's judge: an action as the harmless program has it. */
uint32_t harmless_action(uint32_t action, void *context);

#endif
