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

/* Whether the policy asks a supervisor about anything. */
bool broker_is_needed(const struct policy *policy);

/*
 * A broker for the policy, which must outlive it. Resolves the names in its addresses. Fails with E_UNSUPPORTED at a
 * `notify` that does not say who answers, with E_UNKNOWN at a name that has no address, E_NOMEM.
 */
int broker_new(const struct policy *policy, struct broker **ret_broker, struct callgate_error *err);
void broker_free(struct broker *broker);

/* For callgate_notify_add(); it lives as long as the broker, which several loops may share. */
struct callgate_notify_handler broker_handler(struct broker *broker);

#endif
