/*
 * policy/policy.h - what the author said: rules, by name, in order
 *
 * A front end makes a struct policy and nothing else. Rules are tried in order; the first that lists the syscall and
 * whose condition holds decides. Names are resolved to tables when they are added, values only when a rule is bound
 * to an arch and a syscall, since both the width of an argument and the value of a constant depend on them.
 */
#ifndef CALLGATE_POLICY_POLICY_H
#define CALLGATE_POLICY_POLICY_H

#include "abi/abi.h"
#include "base/arena.h"

#include <callgate/action.h>
#include <callgate/error.h>

/* More than anybody writes; a limit on what a hostile text can cost. */
#define POLICY_RULES_MAX 65536u

struct policy_position {
	const char *file; /* as the author named it; NULL for what was not read from text */
	unsigned line;	  /* from 1 */
	unsigned col;	  /* from 1, in bytes */
};

/* A constant expression: what stands right of a comparison, or is ANDed to an argument. */
enum policy_value_kind { POLICY_VALUE_NUMBER, POLICY_VALUE_NAME, POLICY_VALUE_NOT, POLICY_VALUE_AND, POLICY_VALUE_OR };

struct policy_value {
	enum policy_value_kind kind;
	uint64_t number;			 /* NUMBER: its magnitude */
	bool negative;				 /* NUMBER: a minus stood before it */
	const char *name;			 /* NAME: a C constant; NUMBER: as it was spelt, or NULL */
	const struct policy_value *left, *right; /* NOT has only left */
	struct policy_position position;
};

struct policy_range {
	const struct policy_value *low, *high; /* inclusive; the same value for a single one */
};

enum policy_op {
	POLICY_OP_EQ,
	POLICY_OP_NE,
	POLICY_OP_LT,
	POLICY_OP_LE,
	POLICY_OP_GT,
	POLICY_OP_GE,
	POLICY_OP_ANY, /* arg & value is not 0 */
	POLICY_OP_ALL, /* arg & value is value */
	POLICY_OP_IN,  /* in one of the ranges */
};

enum policy_condition_kind {
	POLICY_ALWAYS,
	POLICY_AND,
	POLICY_OR,
	POLICY_NOT,
	POLICY_COMPARE,
	POLICY_UNSEEN, /* only bound: it asks for an argument that this arch hides behind a pointer (mmap on i386) */
};

struct policy_condition {
	enum policy_condition_kind kind;
	const struct policy_condition *left, *right; /* AND, OR; NOT has only left */
	const char *arg;			     /* COMPARE: "flags"; "arg0" to "arg5" for the raw words; "word0" to
						      * "word5" for as much of them as a pointer of the arch has */
	const struct policy_value *mask;	     /* COMPARE: ANDed to the argument first, or NULL */
	enum policy_op op;
	const struct policy_value *value;  /* COMPARE: what it is compared with; NULL for IN */
	const struct policy_range *ranges; /* IN */
	size_t range_count;
	struct policy_position position;
};

enum policy_action_kind {
#define ACTION(name, ret, word, data, data_max) POLICY_##name,
#include "abi/actions.def"
#undef ACTION
};

/* An action before its errno is resolved, which differs between arches. */
struct policy_action {
	enum policy_action_kind kind;
	uint16_t data;			 /* of trace, trap, and of errno when errno_name is NULL */
	const char *errno_name;		 /* "EPERM", or NULL */
	struct policy_position position; /* zeroed where no text stood */
};

struct policy_name {
	const struct abi_syscall *syscall;
	struct policy_position position;
};

struct policy_broker;

struct policy_rule {
	struct policy_action action;
	const struct policy_broker *broker; /* of notify: what the supervisor does then (policy/broker.h), or NULL */
	const struct policy_name *names;
	size_t name_count;
	const struct policy_condition *condition; /* never NULL; POLICY_ALWAYS when no `if` stood */
	uint32_t not_on; /* the arches, a bit each, that it does not speak of: what other tools treat in another way
			  * there. The language has no word for it. */
	struct policy_position position;
};

/* Whether it stands in the rule's list. */
static inline bool policy_rule_lists(const struct policy_rule *rule, const struct abi_syscall *syscall)
{
	for (size_t i = 0; i < rule->name_count; i++)
		if (rule->names[i].syscall == syscall)
			return true;
	return false;
}

static inline bool policy_rule_is_on(const struct policy_rule *rule, enum abi_arch_id arch)
{
	return !(rule->not_on >> arch & 1);
}

/*
 * A second part of a policy, which holds from a mark on, stacked on the first: a call gets the stricter of both answers.
 * What its rules do not decide gets its default, which is allow unless stated, so that the first part decides alone.
 */
struct policy_phase {
	const char *name;
	const struct abi_syscall *at; /* the first such call is the mark; NULL: the first by which it waits for work */
	bool at_marker;		      /* the mark is CALLGATE_MARKER (callgate/launch.h) */
	bool at_main;		      /* the mark is the first instruction of the program's main */
	bool has_default;	      /* it is stated */
	struct policy_action default_action; /* for what its rules do not decide */
	struct {
		VEC(struct policy_rule);
	} rules; /* in the policy's arena */
	struct policy_position position;
};

enum { POLICY_PHASES_MAX = 8 };

struct policy {
	struct arena arena;		     /* owns all that the policy points to */
	uint16_t kernel;		     /* ABI_KERNEL() that the author knew */
	bool arches[ABI_ARCH_COUNT];	     /* the ones named; the others are killed */
	struct policy_action default_action; /* for what `kernel` knows and no rule decides */
	struct policy_action newer_action;   /* for what `kernel` does not know; errno ENOSYS unless stated */
	/* By arch, what it gets in place of default and newer; NULL as a rule: the language has no word for it. Of x32
	 * it speaks of every number from bit 30 up. */
	const struct policy_action *own[ABI_ARCH_COUNT];
	bool is_phase;			     /* it is a view by policy_of_phase */
	bool has_foreign;		     /* `foreign` is stated: see policy_is_foreign() */
	struct policy_action foreign_action; /* for arches that are not named; kill-process unless stated */
	struct policy_position default_position, newer_position; /* line 0 where the text does not state it */
	struct policy_position foreign_position;
	struct {
		VEC(struct policy_rule);
	} rules;
	struct {
		VEC(struct policy_phase);
	} phases; /* in the order of the text */
};

/* A phase as a policy of its own, which borrows all from policy and is not to be freed: what is stacked at its mark. */
struct policy policy_of_phase(const struct policy *policy, const struct policy_phase *phase);

/* An empty policy: no arch, kernel 0, kill-process by default, errno ENOSYS for what is newer. NULL without memory. */
struct policy *policy_new(void);
void policy_free(struct policy *policy);

/* Whether it treats all arches that it names alike, as everything does that the language can say. */
bool policy_is_uniform(const struct policy *policy);

/* Copies nothing: what rule points to must be in policy->arena (or be constant). E_LIMIT beyond POLICY_RULES_MAX. */
int policy_add_rule(struct policy *policy, const struct policy_rule *rule, struct callgate_error *err);

/*
 * Whether a call of this audit number and nr is of an arch that the policy does not name, so that it gets
 * policy_foreign_value(). x86-64 and x32 share an audit number: bit 30 of nr tells them apart. Where `foreign` is
 * stated and x32 is not named, all numbers from bit 30 up are foreign but -1, which is newer, as libseccomp has it.
 */
bool policy_is_foreign(const struct policy *policy, uint32_t audit, uint32_t nr);
struct callgate_action policy_foreign_value(const struct policy *policy);

/* What a call of a named arch gets, in place of default and newer, that no rule decides; NULL when it is these. */
const struct policy_action *policy_own_action(const struct policy *policy, enum abi_arch_id arch, uint32_t nr);

/* SECCOMP_RET_* with its data, on this arch; kill-process for an errno that the arch lacks (policy_check refuses it). */
struct callgate_action policy_action_value(const struct policy_action *action, enum abi_arch_id arch);

/*
 * One comparison bound to an arch and a syscall: what the kernel would read, and numbers only. The argument is its
 * low `bits` bits (sign-extended for the order when is_signed), ANDed with mask.
 */
struct policy_test {
	uint8_t arg;  /* 0 to 5 */
	uint8_t bits; /* 8, 16, 32 or 64 */
	bool is_signed;
	enum policy_op op;
	uint64_t mask;				 /* within bits; all of them when no mask stood */
	uint64_t value;				 /* within bits (a negative one as two's complement of that width) */
	const struct policy_bound_range *ranges; /* IN */
	size_t range_count;
};

struct policy_bound_range {
	uint64_t low, high; /* inclusive, within bits; ordered as is_signed says */
};

struct policy_bound {
	enum policy_condition_kind kind;
	const struct policy_bound *left, *right;
	struct policy_test test; /* COMPARE */
};

/*
 * Binds a condition to a call: names to argument words, constants to values. Memory comes from arena.
 *
 * A condition on an argument that the call has on another arch and not on this one (mmap's are behind a pointer on
 * i386 and s390x) is POLICY_UNSEEN as a whole. Nobody can tell whether it holds, so the call gets the stricter of the
 * rule's action and what the rules behind it say.
 *
 * Fails with E_UNKNOWN (an argument that the syscall lacks, a constant that nothing has) or E_SYNTAX (a literal that
 * does not fit the type, a constant of another enumeration, a pointer compared with anything but NULL, an order on
 * flags with a mask), at the condition's position, with a hint.
 */
int policy_bind(const struct policy_condition *condition, const struct abi_syscall *syscall, enum abi_arch_id arch,
		struct arena *arena, const struct policy_bound **ret_bound, struct callgate_error *err);

/* Whether a comparison holds of these words. */
bool policy_test_holds(const struct policy_test *test, const uint64_t args[6]);

/* Whether a bound condition holds for these words; POLICY_UNSEEN never does. */
bool policy_bound_holds(const struct policy_bound *bound, const uint64_t args[6]);

/* Whether two bound conditions compare the same words with the same numbers in the same way, which those of a call on
 * two arches mostly do. */
bool policy_bound_equals(const struct policy_bound *a, const struct policy_bound *b);

/* Binds every condition to every one of its calls on every arch of the policy, so that a policy that passes can be
 * compiled: the errors of policy_bind, at the first place. */
int policy_check(const struct policy *policy, struct callgate_error *err);

/* A call as the kernel presents it. */
struct policy_call {
	uint32_t audit; /* AUDIT_ARCH_* */
	uint32_t nr;	/* with x32's bit */
	uint64_t ip;
	uint64_t args[6];
};

/*
 * The naive evaluator: rule by rule, as the man page tells it, sharing nothing with the diagram. ret_rule is the rule
 * that decided, or NULL when default, newer or the arch did. For explain, and as the tests' first judge.
 */
int policy_evaluate(const struct policy *policy, const struct policy_call *call, struct callgate_action *ret_action,
		    const struct policy_rule **ret_rule, struct callgate_error *err);

#endif
