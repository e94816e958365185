/*
 * check/check.h - the holes that real filters had, as questions to the diagram
 *
 * A rule is one row of rules.def and one function. The function asks the subject's diagram and reports a finding for
 * each hole, with a call that goes through it. An exact rule neither misses nor alarms falsely; a heuristic says so
 * in its row.
 */
#ifndef CALLGATE_CHECK_CHECK_H
#define CALLGATE_CHECK_CHECK_H

#include "abi/abi.h"
#include "base/arena.h"
#include "bpf/bpf.h"
#include "diagram/diagram.h"
#include "kernel/process.h"
#include "policy/policy.h"

#include <callgate/check.h>

/* What is asked. */
struct check_subject {
	const struct policy *policy;	    /* NULL when there is only a program */
	const struct bpf_program *programs; /* given or compiled, the oldest first */
	size_t program_count;		    /* 0 when it cannot be compiled, or of a process without filters */
	bool compiled;			    /* they are Callgate's own: what they hold is no one's mistake */
	struct diagram *diagram;
	uint32_t root;
	const struct kernel_process *process;	      /* whose filters they are; NULL when they are nobody's */
	const struct kernel_descriptors *descriptors; /* that this process holds */
};

/* One question's worth of state: the subject, cut by arch and number so that every rule need not. */
struct check {
	const struct check_subject *subject;
	struct diagram *diagram;
	struct arena arena;		      /* of the findings */
	uint16_t kernel;		      /* that the policy knows, or the newest of the tables */
	bool declared[ABI_ARCH_COUNT];	      /* arches that the subject means to let through */
	uint32_t by_arch[ABI_ARCH_COUNT];     /* function of nr and arguments; shared by x86-64 and x32 */
	uint32_t *by_syscall[ABI_ARCH_COUNT]; /* function of the arguments, by abi_syscall_at's index */
	uint32_t unknown[ABI_ARCH_COUNT];     /* function of a number that no kernel has defined */
	uint32_t unlisted[ABI_ARCH_COUNT];    /* function of a known call that the author did not list */
	struct check_share *shares;	      /* what each rule of the policy comes to; NULL until asked */
	const struct check_rule *rule;	      /* that is being asked */
	int status;			      /* the first failure; sticky */
	struct {
		VEC(struct callgate_finding);
	} findings;
};

struct check_rule {
	const char *name;
	enum callgate_severity severity;
	bool heuristic;
	void (*ask)(struct check *check);
	const char *reason; /* one sentence: why this is a hole */
	const char *remedy; /* as a policy edit */
	const char *where;  /* where it bit somebody */
};

extern const struct check_rule check_rules[];
extern const size_t check_rule_count;

/* Questions about functions of the arguments. */

/* Where the call goes through: a condition. ALLOW and LOG pass. */
uint32_t check_passes(struct check *check, uint32_t function);
/* Where it is not decided against: passes, or somebody else is asked (NOTIFY, TRACE). */
uint32_t check_reaches(struct check *check, uint32_t function);
/* Where the terminal is this SECCOMP_RET_* (its data aside). */
uint32_t check_is(struct check *check, uint32_t function, uint32_t ret_action);
/* Where the terminal is exactly this. */
uint32_t check_is_value(struct check *check, uint32_t function, uint32_t value);
/* Where it is refused in a way that libc takes for "this kernel lacks it". */
uint32_t check_is_enosys(struct check *check, uint32_t function);
bool check_always_passes(struct check *check, uint32_t function);
bool check_may_pass(struct check *check, uint32_t function);
/* Whether the function tells values of this word apart. */
bool check_depends_on(struct check *check, uint32_t function, enum diagram_word word);

/* The function of a syscall by name on this arch; DIAGRAM_NONE when the arch lacks it. */
uint32_t check_syscall(struct check *check, enum abi_arch_id arch, const char *name);
/* The words of an argument on this arch. */
enum diagram_word check_low(enum abi_arch_id arch, unsigned arg);
enum diagram_word check_high(enum abi_arch_id arch, unsigned arg);
/* (the argument's low word & mask) == value, as a condition. */
uint32_t check_arg_is(struct check *check, enum abi_arch_id arch, unsigned arg, uint32_t mask, uint32_t value);
/* Whether some input satisfies a and b. */
bool check_overlap(struct check *check, uint32_t a, uint32_t b);

/* The first input under a condition; false when there is none (or no memory). */
bool check_find(struct check *check, uint32_t condition, struct diagram_input *ret_input);

/* Iterating: `for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++)`. */
bool check_next_arch(const struct check *check, enum abi_arch_id *arch);

/*
 * Reports a finding of the rule that is being asked. The witness is the first input under `condition` (a function of
 * the arguments) of this call; syscall may be NULL, then nr counts. detail is one sentence about this very finding.
 */
__attribute__((format(printf, 6, 7))) void check_report(struct check *check, enum abi_arch_id arch,
							const struct abi_syscall *syscall, uint32_t nr,
							uint32_t condition, const char *detail, ...);
/* The same for a call whose audit number no arch of the tables has, or for no call at all (witness NULL). */
__attribute__((format(printf, 4, 5))) void check_report_at(struct check *check, const struct diagram_input *witness,
							   const struct policy_position *position, const char *detail,
							   ...);

/* The question of every rule that doors.def has rows for. */
void check_doors(struct check *check);
/* Each other rule's question; one row of rules.def names it. */
#define DOOR_RULE(name, severity, reason, remedy, where)
#define RULE(name, severity, kind, function, reason, remedy, where) void function(struct check *check);
#include "check/rules.def"

/* Asks every rule. The findings live in check->arena until check_fini. */
int check_ask(const struct check_subject *subject, struct check *ret_check, struct callgate_error *err);
void check_fini(struct check *check);

/* The same as the public report, for a subject that is at hand in parts. */
int check_report_new(const struct check_subject *subject, struct callgate_report **ret_report,
		     struct callgate_error *err);

#endif
