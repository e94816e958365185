/*
 * import/systemd.h - a unit's lines, and what its settings that become filters come to
 */
#ifndef CALLGATE_IMPORT_SYSTEMD_H
#define CALLGATE_IMPORT_SYSTEMD_H

#include "import/import.h"

struct systemd_word {
	const char *text;
	struct policy_position position;
};

/* `Key=word word` of one section; a backslash at its end lets a line go on. */
struct systemd_line {
	const char *section; /* "Service" */
	const char *key;
	struct policy_position position; /* of the key */
	struct systemd_word *words;
	size_t word_count;
};

/* A unit file or a drop-in on its way. */
struct systemd_lexer {
	const char *name, *text; /* both in the arena */
	size_t length, at, line_start;
	unsigned line;
	const char *section; /* NULL before the first */
	struct arena *arena;
	struct callgate_error *err;
};

void systemd_lexer_init(struct systemd_lexer *lexer, const char *name, const char *text, size_t length,
			struct arena *arena, struct callgate_error *err);

/* The next assignment; *ret_end when there is none. E_SYNTAX, E_NOMEM. */
int systemd_next(struct systemd_lexer *lexer, struct systemd_line *ret_line, bool *ret_end);

/* Fails at a place. */
#define systemd_fail(err, position, status, ...)  \
	(error_set((err), (status), __VA_ARGS__), \
	 error_place((err), (position)->file, (position)->line, (position)->col), (status))

/* The members of a group, "@clock", with blanks between them; NULL when there is none. */
const char *systemd_group(const char *name);
const char *systemd_group_nearest(const char *name);

/* What one word says of the calls that it names. */
struct systemd_call {
	struct policy_action action;
	bool takes_refusal; /* in place of action: SystemCallErrorNumber=, which may stand further down */
};

/* SystemCallFilter= and SystemCallLog=: a list of calls, whose first line says whether of those that are let through. */
struct systemd_calls {
	bool is_set;
	bool is_allow_list;
	struct systemd_call **calls;	 /* by place in abi's table; NULL for what is not listed */
	struct policy_position position; /* of the first line that counts */
};

/* RestrictAddressFamilies=; linux/socket.h ends below 64. */
struct systemd_families {
	bool is_allow_list;
	uint64_t listed;
	struct policy_position position;
};

/* What stands for itself: a place, of line 0 where it is not set. */
enum systemd_switch {
	SYSTEMD_HOSTNAME, /* in the order in which systemd loads their filters */
	SYSTEMD_FAMILIES,
	SYSTEMD_WRITE_EXECUTE,
	SYSTEMD_REALTIME,
	SYSTEMD_SUID,
	SYSTEMD_NAMESPACES,
	SYSTEMD_TUNABLES,
	SYSTEMD_MODULES,
	SYSTEMD_LOGS,
	SYSTEMD_CLOCK,
	SYSTEMD_DEVICES,
	SYSTEMD_ARCHES,
	SYSTEMD_PERSONALITY,
	SYSTEMD_DYNAMIC_USER, /* has the filter of SUID */
	SYSTEMD_SWITCHES,
};

struct systemd_settings {
	struct systemd_calls filter, log;
	struct policy_action refusal; /* SystemCallErrorNumber= */
	struct systemd_families families;
	struct policy_position on[SYSTEMD_SWITCHES]; /* FAMILIES and NAMESPACES: their last line */
	uint32_t arches;			     /* that SystemCallArchitectures= lists, a bit each */
	uint64_t namespaces;			     /* that RestrictNamespaces= leaves, as CLONE_NEW* */
	uint64_t personality;			     /* the one that the process starts with */
};

/* All that one can be left. CLONE_NEWTIME is none of them: whatever is restricted, it is left only where it is named. */
#define SYSTEMD_NAMESPACES_ALL 0x7e020000u
#define SYSTEMD_NAMESPACE_TIME 0x00000080u

/* Reads one line of a section whose processes have filters. */
int systemd_set(struct import *import, struct systemd_settings *settings, const struct systemd_line *line);

/* The filters, in the order in which systemd loads them, as the policy's rules. */
int systemd_stack(struct import *import, const struct systemd_settings *settings);

/* The unit and the drop-ins beside it: their names in the order in which they are read, the unit's own left out. */
struct systemd_dropins {
	VEC(const char *);
};
int systemd_find_dropins(struct import *import, struct systemd_dropins *ret_dropins);

#endif
