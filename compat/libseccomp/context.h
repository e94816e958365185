/*
 * compat/libseccomp/context.h - a filter while it is being made: for each arch its rules, and the attributes
 */
#ifndef CALLGATE_COMPAT_CONTEXT_H
#define CALLGATE_COMPAT_CONTEXT_H

#include "bpf/bpf.h"
#include "interface.h"
#include "token.h"

enum { ARGS = 6, CONTEXT_ARCHES_MAX = 24 };

struct comparison {
	enum scmp_compare op; /* 0: the argument is not looked at */
	uint64_t mask;
	uint64_t value; /* within mask */
};

struct rule {
	int number; /* of the rule's arch; -1: the call that a tracer has skipped */
	uint32_t action;
	struct comparison comparisons[ARGS]; /* all must hold */
};

enum { NUMBERS_SEEN = 1024 };

struct filter {
	const struct token *token;
	struct rule *rules; /* in the order in which they were added */
	size_t count, capacity;
	uint64_t seen[NUMBERS_SEEN / 64]; /* a bit for each number of a rule, by its remainder; some may be of no rule */
};

/* A hint: how much more often than others a call is made. */
struct priority {
	uint32_t audit;
	uint32_t number;
	uint8_t priority;
};

struct content {
	struct filter filters[CONTEXT_ARCHES_MAX];
	size_t filter_count;
	struct priority *priorities;
	size_t priority_count, priority_capacity;
	uint32_t attributes[SCMP_FLTATR_END]; /* by enum scmp_filter_attr */
};

struct snapshot;

struct context {
	uint32_t magic; /* CONTEXT_MAGIC while it lives */
	struct content content;
	struct snapshot *snapshots;	/* the newest first: what an open transaction goes back to */
	struct bpf_program precomputed; /* what load takes; insns NULL when there is none of the present content */
};

#define CONTEXT_MAGIC 0x63616c6cu

/* Whether it is one, of at least one arch. */
bool context_is_valid(const struct context *context);
bool context_is_alive(const struct context *context);
/* To be called before any change. */
void context_forget_program(struct context *context);
/* What the kernel refused: errno is set; the code to return. */
int context_kernel_error(const struct context *context, int error);

/* Each 0 or -ENOMEM. */
int content_copy(const struct content *from, struct content *ret_content);
void content_fini(struct content *content);
int content_push_priority(struct content *content, const struct priority *priority);
int filter_push(struct filter *filter, const struct rule *rule);
/* False: no rule has this number. */
bool filter_may_have(const struct filter *filter, int number);

const struct filter *context_filter(const struct context *context, const struct token *token);

/* Whether an action may be used at the present API level. */
bool action_is_valid(uint32_t action);
bool context_has_notify(const struct context *context);

#endif
