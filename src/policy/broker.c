/*
 * The words of broker rules, and what is wrong with a rule before any call comes: a call that no supervisor can carry
 * out, a pattern that matches nothing, an address that is none.
 */
#include "policy/broker.h"

#include "base/error.h"

#include <string.h>

static const struct {
	const char *word;
	bool has_clauses;
} brokers[] = {
#define BROKER(name, word, has_clauses) { word, has_clauses },
#include "policy/brokers.def"
#undef BROKER
};

static const struct {
	const char *word;
	enum policy_broker_kind broker;
} clauses[] = {
#define CLAUSE(name, word, broker) { word, POLICY_BROKER_##broker },
#include "policy/brokers.def"
#undef CLAUSE
};

static const struct {
	const char *syscall;
	enum policy_broker_kind broker;
} brokered[] = {
#define BROKERED(syscall, broker) { syscall, POLICY_BROKER_##broker },
#include "policy/brokers.def"
#undef BROKERED
};

static const char *const transports[] = {
#define TRANSPORT(name, word) word,
#include "policy/brokers.def"
#undef TRANSPORT
};

bool policy_broker_by_word(const char *word, enum policy_broker_kind *ret_kind)
{
	for (size_t i = 0; i < POLICY_BROKER_COUNT; i++) {
		if (strcmp(brokers[i].word, word) != 0)
			continue;
		*ret_kind = (enum policy_broker_kind)i;
		return true;
	}
	return false;
}

const char *policy_broker_word(enum policy_broker_kind kind)
{
	return brokers[kind].word;
}

bool policy_broker_has_clauses(enum policy_broker_kind kind)
{
	return brokers[kind].has_clauses;
}

bool policy_clause_by_word(enum policy_broker_kind broker, const char *word, enum policy_clause_kind *ret_kind)
{
	for (size_t i = 0; i < POLICY_CLAUSE_COUNT; i++) {
		if (clauses[i].broker != broker || strcmp(clauses[i].word, word) != 0)
			continue;
		*ret_kind = (enum policy_clause_kind)i;
		return true;
	}
	return false;
}

const char *policy_clause_word(enum policy_clause_kind kind)
{
	return clauses[kind].word;
}

bool policy_clause_denies(enum policy_clause_kind kind)
{
	return kind == POLICY_CLAUSE_DENY_FILES || kind == POLICY_CLAUSE_DENY_ADDRESS;
}

bool policy_transport_by_word(const char *word, enum policy_transport *ret_transport)
{
	for (size_t i = 0; i < POLICY_TRANSPORT_ANY; i++) {
		if (strcmp(transports[i], word) != 0)
			continue;
		*ret_transport = (enum policy_transport)i;
		return true;
	}
	return false;
}

const char *policy_transport_word(enum policy_transport transport)
{
	return transports[transport];
}

/* A pattern is absolute and clean, or it would never match; "**" alone is every path. */
static int check_pattern(const char *text, struct callgate_error *err)
{
	int status;

	if (strcmp(text, "**") == 0)
		return CALLGATE_OK;
	if (strlen(text) > POLICY_PATTERN_MAX)
		return fail(err, CALLGATE_E_LIMIT, "a path of more than %d bytes", POLICY_PATTERN_MAX);
	if (text[0] != '/') {
		status = fail(err, CALLGATE_E_SYNTAX, "'%s' is not an absolute path", text);
		error_hint(err, "paths are matched from the root on; \"**\" is every path");
		return status;
	}
	for (const char *name = text + 1; *name; name += strspn(name, "/")) {
		size_t length = strcspn(name, "/");

		if (length == 0 || (length == 1 && name[0] == '.') || (length == 2 && memcmp(name, "..", 2) == 0)) {
			status = fail(err, CALLGATE_E_SYNTAX, "'%s' names no file", text);
			error_hint(err, "a path is matched when '.', '..' and '//' are resolved, and has none");
			return status;
		}
		if (length > 2 && memmem(name, length, "**", 2)) {
			status = fail(err, CALLGATE_E_SYNTAX, "'**' beside other characters in '%s'", text);
			error_hint(err, "** stands for whole names, * for a part of one");
			return status;
		}
		name += length;
		if (name[0] == '/' && (name[1] == '/' || name[1] == '\0')) {
			status = fail(err, CALLGATE_E_SYNTAX, "'%s' names no file", text);
			error_hint(err, "a path has one slash between two names, and none at its end");
			return status;
		}
	}
	return CALLGATE_OK;
}

static int check_socket_path(const char *text, struct callgate_error *err)
{
	int status;

	if (text[0] != '/' && text[0] != '@') {
		status = fail(err, CALLGATE_E_SYNTAX, "'%s' is neither an absolute path nor an abstract name", text);
		error_hint(err, "an abstract name starts with @");
		return status;
	}
	if (strlen(text) > POLICY_SOCKET_PATH_MAX)
		return fail(err, CALLGATE_E_LIMIT, "a socket's name has at most %d bytes", POLICY_SOCKET_PATH_MAX);
	return text[0] == '@' ? CALLGATE_OK : check_pattern(text, err);
}

static int check_clause(const struct policy_broker *broker, const struct policy_clause *clause,
			struct callgate_error *err)
{
	struct policy_address address;
	int status;

	if (broker->kind == POLICY_BROKER_FILES)
		status = check_pattern(clause->text, err);
	else if (clause->transport == POLICY_TRANSPORT_ANY)
		status = CALLGATE_OK;
	else if (clause->transport == POLICY_TRANSPORT_UNIX)
		status = check_socket_path(clause->text, err);
	else
		status = policy_address_parse(clause->text, &address, err);
	if (status)
		error_place(err, clause->position.file, clause->position.line, clause->position.col);
	return status;
}

static void hint_brokered(enum policy_broker_kind broker, struct callgate_error *err)
{
	char names[128] = "";

	for (size_t i = 0; i < sizeof(brokered) / sizeof(*brokered); i++) {
		if (brokered[i].broker != broker)
			continue;
		if (names[0])
			strncat(names, ", ", sizeof(names) - strlen(names) - 1);
		strncat(names, brokered[i].syscall, sizeof(names) - strlen(names) - 1);
	}
	error_hint(err, "'%s' carries out %s", brokers[broker].word, names);
}

static int check_call(const struct policy_broker *broker, const struct policy_name *name, struct callgate_error *err)
{
	if (broker->kind == POLICY_BROKER_ONCE)
		return CALLGATE_OK;
	for (size_t i = 0; i < sizeof(brokered) / sizeof(*brokered); i++)
		if (brokered[i].broker == broker->kind && strcmp(brokered[i].syscall, name->syscall->name) == 0)
			return CALLGATE_OK;
	error_set(err, CALLGATE_E_UNKNOWN, "no supervisor can carry out '%s' as '%s' asks", name->syscall->name,
		  brokers[broker->kind].word);
	hint_brokered(broker->kind, err);
	error_place(err, name->position.file, name->position.line, name->position.col);
	return CALLGATE_E_UNKNOWN;
}

int policy_broker_check(const struct policy_rule *rule, struct callgate_error *err)
{
	const struct policy_broker *broker = rule->broker;
	int status = CALLGATE_OK;

	if (!broker)
		return CALLGATE_OK;
	for (size_t i = 0; i < rule->name_count && !status; i++)
		status = check_call(broker, &rule->names[i], err);
	for (size_t i = 0; i < broker->clause_count && !status; i++)
		status = check_clause(broker, &broker->clauses[i], err);
	return status;
}
