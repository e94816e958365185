/*
 * broker/broker.h - carries out what a policy's broker rules permit, in the place of targets that may not
 *
 * The filter asks about a call; the rule that asked is found again, by the same words that the filter saw, and its
 * broker does the call itself: opens the file and hands over the descriptor, connects the target's socket. What lies
 * behind a pointer is copied once, judged and used from that copy. Doubt refuses.
 */
#ifndef CALLGATE_BROKER_BROKER_H
#define CALLGATE_BROKER_BROKER_H

#include "policy/policy.h"

#include <callgate/notify.h>

struct broker;

enum { BROKER_WANTED_MAX = 512 /* bytes of a clause that is proposed */ };

/* Whether the policy asks a supervisor about anything. */
bool broker_is_needed(const struct policy *policy);

/*
 * A broker for the policy, which must outlive it. Resolves the names in its addresses. Fails with E_UNSUPPORTED at a
 * `notify` that does not say who answers, with E_UNKNOWN at a name that has no address, E_NOMEM.
 */
int broker_new(const struct policy *policy, struct broker **ret_broker, struct callgate_error *err);
void broker_free(struct broker *broker);

/* Why a call was refused by a rule, and not by the kernel that was asked to carry it out. */
struct broker_verdict {
	bool denies;
	const struct policy_rule *rule;	    /* that asked; NULL: none was found */
	const struct policy_clause *clause; /* that denies; NULL: none matches */
	char wanted[BROKER_WANTED_MAX];	    /* the clause that would permit just this; "" where none could be spelt */
};

/* The two halves of the handler below, for who tells of what they refuse; *ret_verdict is filled in any case. */
struct callgate_notify_decision broker_decide(struct broker *broker, const struct callgate_notify_call *call,
					      struct broker_verdict *ret_verdict);
struct callgate_notify_answer broker_examine(struct broker *broker, struct callgate_notify_target *target,
					     struct broker_verdict *ret_verdict);

/* For callgate_notify_add(); it lives as long as the broker, which several loops may share. */
struct callgate_notify_handler broker_handler(struct broker *broker);

#endif
