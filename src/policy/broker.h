/*
 * policy/broker.h - what a supervisor is to do with the calls that a `notify` rule leaves to it
 *
 * The filter knows nothing of this: to it the rule says `notify`. Clauses are tried in order; the first that matches
 * what the call wants decides, and where none does the call fails with EACCES.
 */
#ifndef CALLGATE_POLICY_BROKER_H
#define CALLGATE_POLICY_BROKER_H

#include "policy/policy.h"

#include <netinet/in.h>

enum {
	POLICY_PATTERN_MAX = 4096, /* bytes of a path with its wildcards */
	POLICY_HOST_MAX = 253,	   /* bytes of a name in the DNS */
	POLICY_SOCKET_PATH_MAX = 108,
};

enum policy_broker_kind {
#define BROKER(name, word, has_clauses) POLICY_BROKER_##name,
#include "policy/brokers.def"
#undef BROKER
	POLICY_BROKER_COUNT,
};

enum policy_clause_kind {
#define CLAUSE(name, word, broker) POLICY_CLAUSE_##name,
#include "policy/brokers.def"
#undef CLAUSE
	POLICY_CLAUSE_COUNT,
};

enum policy_transport {
#define TRANSPORT(name, word) POLICY_TRANSPORT_##name,
#include "policy/brokers.def"
#undef TRANSPORT
	POLICY_TRANSPORT_ANY, /* "**": whatever the address */
};

struct policy_clause {
	enum policy_clause_kind kind;
	enum policy_transport transport; /* of an address */
	const char *text;		 /* the path or the address, as it was spelt */
	struct policy_action denial;	 /* of deny: errno or kill-process */
	struct policy_position position; /* of the text */
};

struct policy_broker {
	enum policy_broker_kind kind;
	const struct policy_clause *clauses; /* none for one without */
	size_t clause_count;
	struct policy_position position; /* of its word */
};

/* An Internet address of a clause: HOST:PORT, where HOST is an address with an optional /LENGTH, [IPv6], a name or *,
 * and PORT a number, a range LOW-HIGH or *. */
struct policy_address {
	char name[POLICY_HOST_MAX + 1]; /* to be resolved; "" where the rest says it */
	int family;			/* AF_INET, AF_INET6, or AF_UNSPEC for any */
	unsigned char bytes[16];	/* in network order */
	unsigned prefix;		/* how many bits of them count */
	uint16_t port_low, port_high;
};

/* Fails with E_SYNTAX, without a place. */
int policy_address_parse(const char *text, struct policy_address *ret_address, struct callgate_error *err);

/*
 * Whether path, which is absolute and has neither `.` nor `..`, is of the pattern: `*` stands for any part of one name,
 * `?` for one byte of it, a whole `**` for any number of names, none included.
 */
bool policy_pattern_matches(const char *pattern, const char *path);

/* The broker whose word this is; false when there is none. And the other way round. */
bool policy_broker_by_word(const char *word, enum policy_broker_kind *ret_kind);
const char *policy_broker_word(enum policy_broker_kind kind);
bool policy_broker_has_clauses(enum policy_broker_kind kind);

/* The clause of this broker that the word starts; false when there is none. And its word. */
bool policy_clause_by_word(enum policy_broker_kind broker, const char *word, enum policy_clause_kind *ret_kind);
const char *policy_clause_word(enum policy_clause_kind kind);
bool policy_clause_denies(enum policy_clause_kind kind);

bool policy_transport_by_word(const char *word, enum policy_transport *ret_transport);
const char *policy_transport_word(enum policy_transport transport);

/*
 * Whether the rule's broker can carry out what the rule lists, and its clauses mean something: E_UNKNOWN or E_SYNTAX at
 * the place that is wrong. For a rule without a broker there is nothing to say.
 */
int policy_broker_check(const struct policy_rule *rule, struct callgate_error *err);

#endif
