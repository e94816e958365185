/*
 * import/stack.h - filters that the kernel runs together, as the rules of one policy
 *
 * systemd and firejail load a filter for each of their settings. Of what all of them say to a call the kernel takes the
 * action of the highest precedence, and of equal ones the newest filter's (seccomp(2)). A policy is tried in order, so
 * rules that could override go first.
 */
#ifndef CALLGATE_IMPORT_STACK_H
#define CALLGATE_IMPORT_STACK_H

#include "import/import.h"

struct stack_filter {
	struct policy_action otherwise;	     /* for calls that it does not list */
	const struct policy_action **listed; /* by place in abi's table; NULL for what it does not list */
	struct {
		VEC(struct policy_rule);
	} rules; /* stricter than both, for what they list: under a condition, or on some arches only */
};

/* A zeroed one but for import is empty: it allows. */
struct stack {
	struct import *import;
	uint32_t arches; /* that its filters are for, a bit each, which no other stack is for; 0: all of the policy */
	bool by_number;	 /* its filters ask for numbers alone: a carrier is a call like any other */
	struct {
		VEC(struct stack_filter *);
	} filters; /* the oldest first */
};

/* A filter on top of the others, which lives in the policy's arena. NULL without memory, which is said. */
struct stack_filter *stack_push(struct stack *stack, const struct policy_action *otherwise);

/* One call, whatever its arguments; action must live as long as the policy. The last one that is said counts. */
void stack_list(struct stack_filter *filter, const struct abi_syscall *syscall, const struct policy_action *action);

/* What the rule points to must live as long as the policy. E_NOMEM. */
int stack_add_rule(struct stack *stack, struct stack_filter *filter, const struct policy_rule *rule);

/*
 * Makes the policy's default (of its arches, what they get) and rules; the policy's arches are set. socketcall and ipc,
 * where a filter does not list them itself, say what it lists for the calls that they carry, as libseccomp has it.
 * E_LIMIT, E_NOMEM.
 */
int stack_finish(struct stack *stack);

#endif
