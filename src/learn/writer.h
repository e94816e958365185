/*
 * learn/writer.h - a policy while it is learned: clauses, one for each call, of which rules are made in sections
 *
 * Only this room's rules.c (which sections there are), twins.c (the same calls in other libraries' words), clause.c
 * (how a clause becomes a rule) and opening.c (what is said before all of them) know it. Memory is the policy's arena;
 * functions fail with E_NOMEM and with what the policy says.
 */
#ifndef CALLGATE_LEARN_WRITER_H
#define CALLGATE_LEARN_WRITER_H

#include "learn/leave_out.h"
#include "learn/rules.h"
#include "learn/subjects.h"

struct clause {
	const struct abi_syscall *syscall;
	const struct subject *subject;	  /* NULL: not seen */
	const struct subject *twin;	  /* that was seen in its place, or NULL */
	const struct evidence_arg *could; /* six: what its arguments could be, of what was only read; or NULL */
	const struct policy_condition *condition;
	const char *text; /* the condition as it reads, "" for none */
	bool placed;	  /* stands in a rule already */
};

/* What is being written, and what it is made from. */
struct writer {
	const struct evidence *evidence;
	const struct learn_wishes *wishes;
	struct subjects subjects;
	struct learned learned;
	struct {
		VEC(struct clause);
	} clauses;
	struct leave_out out;	      /* runs that the rest would have refused, for whatever reason */
	struct buf widened;	      /* arguments that are not constrained because of it, a line each */
	const char *section;	      /* for the next rule */
	const struct subject *hidden; /* clone3, when only libc calls it; else NULL */
	const char *hidden_text;      /* the condition of the clone that is allowed in its place */
	struct callgate_error *err;
};

struct arena *writer_arena(struct writer *writer);

/* A copy of the text in the arena. */
int writer_text(struct writer *writer, struct buf *text, const char **ret_copy);

/* flags & (the namespaces) == 0, of clone; NULL without memory. */
const struct policy_condition *no_namespaces(struct arena *arena);

/* What was seen of the argument, or of the one of that name of the twin. */
const struct evidence_arg *clause_arg(const struct clause *clause, unsigned position, const struct abi_arg *type);

/* Adds the clause, with the condition that its evidence supports. */
int writer_add(struct writer *writer, struct clause clause);
int writer_add_clause(struct writer *writer, const struct abi_syscall *syscall, const struct subject *subject);

/* Adds a rule, in the section that comes next where one has been named. */
int writer_add_rule(struct writer *writer, const struct policy_action *action, const struct policy_name *names,
		    size_t count, const struct policy_condition *condition, const char *comment);

/* One rule of all clauses from `first` on that belong to these words (NULL: any) and read the same. */
int writer_place_as(struct writer *writer, size_t first, const char *words, const struct policy_action *action);
/* One that allows. */
int writer_place(struct writer *writer, size_t first, const char *words);

/* Rules that allow what belongs to these words and is in none yet (NULL: any), below a heading with the count of calls.
 */
int writer_section(struct writer *writer, const char *heading, const char *words);

bool writer_has_clause(const struct writer *writer, const char *name);

/* Clauses from `first` on that are in none yet become rules, those that read the same one. */
int writer_place_rest(struct writer *writer, size_t first, const struct policy_action *action);

/* The syscall of the words' next one, which *at moves behind: NULL when the tables or the native arch lack it. */
const struct abi_syscall *writer_next_syscall(const char **at);

/* What was seen, as another C library, kernel or machine makes it. */
int writer_twins(struct writer *writer);

/* The comment before all; evidence_name may be NULL. */
int writer_opening(struct writer *writer, const char *evidence_name);

#endif
