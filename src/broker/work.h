/*
 * broker/work.h - a call at the broker that its rule names
 */
#ifndef CALLGATE_BROKER_WORK_H
#define CALLGATE_BROKER_WORK_H

#include "broker/broker.h"
#include "policy/broker.h"

/* What a clause's address came to: one for a number, several or none for a name. */
struct broker_addresses {
	const struct policy_address *items;
	size_t count;
};

struct broker_rule {
	const struct policy_broker *broker;
	const struct broker_addresses *addresses; /* NETWORK: one for each clause */
	int spent;				  /* ONCE, atomic */
};

struct broker_call {
	struct callgate_notify_target *target;
	const struct callgate_notify_call *call;
	const struct abi_syscall *syscall;
	const struct broker_rule *rule;
	bool has_fixed_root; /* no target can change its root */
	struct broker_verdict *verdict;
};

/* ERRNO with this error, which is positive. */
static inline struct callgate_notify_answer broker_refuse(int error)
{
	return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_ERRNO, .error = error };
}

/* Whether the policy leaves its targets no call by which their root, or what is mounted below it, could become another
 * than it was at the start. */
bool broker_fixes_root(const struct policy *policy);

/* Notes the clause that would permit what is wanted: its word, a transport or "", and a text, which is put in quotes if
 * it is a path. Before broker_deny. */
void broker_want(const struct broker_call *work, enum policy_clause_kind kind, const char *transport, const char *text);

/* What a clause that denies says, on the arch of the call; EACCES where clause is NULL: none matched. */
struct callgate_notify_answer broker_deny(const struct broker_call *work, const struct policy_clause *clause);

/*
 * What one kind of broker answers to a call that is waiting: a descriptor that it opened itself, the result of what it
 * did, or an errno. Each may block for as long as the call itself would, and none leaves anything open when it refuses.
 * `execve once` needs no such: it is broker_rule.spent.
 */
struct callgate_notify_answer broker_files(const struct broker_call *work);
struct callgate_notify_answer broker_network(const struct broker_call *work);
struct callgate_notify_answer broker_own_children(const struct broker_call *work);

/* All addresses of a clause, with names resolved; memory comes from arena. Fails with E_UNKNOWN and E_NOMEM. */
int broker_resolve(const struct policy_clause *clause, struct arena *arena, struct broker_addresses *ret_addresses,
		   struct callgate_error *err);

#endif
