/*
 * Policies of Minijail, as minijail0(5) has them and as its compile_seccomp_policy.py extends them: lines
 * `NAME: FILTER`, where the filters of a call are tried in order and the default stands behind them.
 *
 * The two readers differ in one line. `arg0 == 1; return EPERM` allows what the comparison holds for, and answers EPERM
 * otherwise, says the manual; the compiler takes EPERM for what it holds for. A line without braces, which both read,
 * is taken as the manual has it; `{ arg0 == 1; return EPERM }`, which only the compiler reads, as the compiler does.
 *
 * `kill` is left to options there and is kill-process here. Other arches are killed, and so are x32's numbers, which
 * Minijail takes for unknown ones.
 */
#include "import/minijail.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/nearest.h"

#include <stdlib.h>
#include <string.h>

enum {
	INCLUDES_MAX = 256,	  /* files that are included, each time one is */
	INCLUDE_DEPTH_MAX = 10,	  /* in each other */
	FILE_BYTES_MAX = 1 << 20, /* of one that is included */
	ATOMS_MAX = 4096,	  /* comparisons of one line: what bounds the depth of its condition */
	ERRNO_MAX = 4095,	  /* what the kernel hands on at most */
};

struct reading {
	struct import *import;
	struct minijail_lexer lexer;
	unsigned includes, depth, atoms;
	bool has_default;
	bool *decided; /* by place in abi's table: a filter without a condition ends those of the call */
};

/* The calls of a line, and where it stands. */
struct line {
	struct {
		VEC(struct policy_name);
	} names;
	struct policy_position position;
};

static const struct policy_condition always = { .kind = POLICY_ALWAYS };

static struct minijail_token *token(struct reading *reading)
{
	return &reading->lexer.token;
}

static int advance(struct reading *reading)
{
	return minijail_next(&reading->lexer);
}

static bool is(struct reading *reading, const char *text)
{
	return token(reading)->kind != MINIJAIL_END && strcmp(token(reading)->text, text) == 0;
}

static int fail_expected(struct reading *reading, const char *what)
{
	const struct minijail_token *found = token(reading);

	if (found->kind == MINIJAIL_END)
		return minijail_fail(&reading->lexer, CALLGATE_E_SYNTAX, "expected %s before the end of the line",
				     what);
	return minijail_fail(&reading->lexer, CALLGATE_E_SYNTAX, "expected %s, not '%s'", what, found->text);
}

static int expect(struct reading *reading, const char *text, const char *what)
{
	return is(reading, text) ? advance(reading) : fail_expected(reading, what);
}

static struct arena *arena(struct reading *reading)
{
	return &reading->import->policy->arena;
}

static const struct policy_value *new_value(struct reading *reading, struct policy_value value)
{
	struct policy_value *made = arena_alloc(arena(reading), sizeof(*made));

	value.position = token(reading)->position;
	if (made)
		*made = value;
	return made;
}

static int read_value(struct reading *reading, const struct policy_value **ret_value);

/* A name, a number, or a value in brackets. */
static int read_single(struct reading *reading, const struct policy_value **ret_value)
{
	const struct minijail_token *found = token(reading);
	const struct policy_value *value;
	const struct abi_constant_set *set;
	uint64_t number;
	int status;

	if (is(reading, "(")) {
		if (++reading->atoms > ATOMS_MAX)
			return minijail_fail(&reading->lexer, CALLGATE_E_LIMIT, "the line is too long");
		status = advance(reading);
		if (!status)
			status = read_value(reading, ret_value);
		return status ? status : expect(reading, ")", "')'");
	}
	if (found->kind == MINIJAIL_NUMBER) {
		value = new_value(reading,
				  (struct policy_value){ .kind = POLICY_VALUE_NUMBER, .number = found->number });
	} else if (found->kind == MINIJAIL_WORD) {
		if (!abi_constant_find_any(abi_arch_native()->id, found->text, &number, &set))
			return minijail_fail(&reading->lexer, CALLGATE_E_UNKNOWN, "unknown constant '%s'", found->text);
		value = new_value(reading, (struct policy_value){ .kind = POLICY_VALUE_NAME, .name = found->text });
	} else {
		return fail_expected(reading, "a constant");
	}
	if (!value)
		return fail_nomem(reading->import->err);
	*ret_value = value;
	return advance(reading);
}

static int read_constant(struct reading *reading, const struct policy_value **ret_value)
{
	const struct policy_value *value = NULL;
	bool is_not = is(reading, "~");
	int status = is_not ? advance(reading) : CALLGATE_OK;

	if (!status)
		status = read_single(reading, &value);
	if (!status && is_not) {
		value = new_value(reading, (struct policy_value){ .kind = POLICY_VALUE_NOT, .left = value });
		status = value ? CALLGATE_OK : fail_nomem(reading->import->err);
	}
	if (!status)
		*ret_value = value;
	return status;
}

static int read_value(struct reading *reading, const struct policy_value **ret_value)
{
	const struct policy_value *all = NULL, *one;
	int status;

	do {
		status = all ? advance(reading) : CALLGATE_OK;
		if (!status)
			status = read_constant(reading, &one);
		if (status)
			return status;
		if (++reading->atoms > ATOMS_MAX)
			return minijail_fail(&reading->lexer, CALLGATE_E_LIMIT, "the line is too long");
		all = all ? new_value(reading,
				      (struct policy_value){ .kind = POLICY_VALUE_OR, .left = all, .right = one })
			  : one;
		if (!all)
			return fail_nomem(reading->import->err);
	} while (is(reading, "|"));
	*ret_value = all;
	return CALLGATE_OK;
}

/* `in` holds for what has no other bit than these. */
static int set_operation(struct reading *reading, const char *word, struct policy_condition *atom)
{
	static const struct {
		const char *word;
		enum policy_op op;
	} operators[] = {
		{ "==", POLICY_OP_EQ }, { "!=", POLICY_OP_NE }, { "<", POLICY_OP_LT },	{ "<=", POLICY_OP_LE },
		{ ">", POLICY_OP_GT },	{ ">=", POLICY_OP_GE }, { "&", POLICY_OP_ANY },
	};

	for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
		if (strcmp(operators[i].word, word) != 0)
			continue;
		atom->op = operators[i].op;
		return CALLGATE_OK;
	}
	atom->op = POLICY_OP_EQ;
	atom->mask =
		atom->value->kind == POLICY_VALUE_NOT
			? atom->value->left
			: new_value(reading, (struct policy_value){ .kind = POLICY_VALUE_NOT, .left = atom->value });
	atom->value = new_value(reading, (struct policy_value){ .kind = POLICY_VALUE_NUMBER });
	return atom->mask && atom->value ? CALLGATE_OK : fail_nomem(reading->import->err);
}

static bool is_argument(const struct minijail_token *found)
{
	return found->kind == MINIJAIL_WORD && strncmp(found->text, "arg", 3) == 0 && found->text[3] >= '0' &&
	       found->text[3] <= '9';
}

static int read_atom(struct reading *reading, const struct policy_condition **ret_atom)
{
	static const char *const words[] = { "word0", "word1", "word2", "word3", "word4", "word5" };
	struct policy_condition *atom = arena_alloc(arena(reading), sizeof(*atom));
	const char *operator;
	int status;

	if (!atom)
		return fail_nomem(reading->import->err);
	if (!is_argument(token(reading)) || token(reading)->text[3] > '5' || token(reading)->text[4])
		return fail_expected(reading, "arg0 to arg5");
	atom->kind = POLICY_COMPARE;
	atom->position = token(reading)->position;
	atom->arg = words[token(reading)->text[3] - '0'];
	status = advance(reading);
	operator= token(reading)->text;
	if (!status && token(reading)->kind != MINIJAIL_OPERATOR && !is(reading, "in"))
		return fail_expected(reading, "==, !=, <, <=, >, >=, & or in");
	if (!status)
		status = advance(reading);
	if (!status)
		status = read_value(reading, &atom->value);
	if (!status)
		status = set_operation(reading, operator, atom);
	*ret_atom = atom;
	return status;
}

/* Atoms joined by && when tight, else clauses joined by ||. */
static int read_joined(struct reading *reading, bool tight, const struct policy_condition **ret_condition)
{
	const struct policy_condition *all = NULL, *one;
	int status;

	do {
		struct policy_condition *both;

		status = all ? advance(reading) : CALLGATE_OK;
		if (!status)
			status = tight ? read_atom(reading, &one) : read_joined(reading, true, &one);
		if (status)
			return status;
		if (++reading->atoms > ATOMS_MAX)
			return minijail_fail(&reading->lexer, CALLGATE_E_LIMIT, "the line is too long");
		both = arena_alloc(arena(reading), sizeof(*both));
		if (!both)
			return fail_nomem(reading->import->err);
		*both = (struct policy_condition){
			.kind = tight ? POLICY_AND : POLICY_OR, .left = all, .right = one, .position = one->position
		};
		all = all ? both : one;
	} while (is(reading, tight ? "&&" : "||"));
	*ret_condition = all;
	return CALLGATE_OK;
}

static int read_errno(struct reading *reading, struct policy_action *action)
{
	const struct minijail_token *found = token(reading);

	action->kind = POLICY_ERRNO;
	if (found->kind == MINIJAIL_NUMBER && found->number <= ERRNO_MAX)
		action->data = (uint16_t)found->number;
	else if (found->kind == MINIJAIL_WORD && abi_errno_by_name(abi_arch_native()->id, found->text) >= 0)
		action->errno_name = found->text;
	else
		return fail_expected(reading, "an errno");
	return advance(reading);
}

static int read_action(struct reading *reading, struct policy_action *ret_action)
{
	static const struct {
		const char *word;
		enum policy_action_kind kind;
	} words[] = {
		{ "allow", POLICY_ALLOW },
		{ "kill", POLICY_KILL_PROCESS },
		{ "kill-process", POLICY_KILL_PROCESS },
		{ "kill-thread", POLICY_KILL_THREAD },
		{ "log", POLICY_LOG },
		{ "trace", POLICY_TRACE },
		{ "trap", POLICY_TRAP },
		{ "user-notify", POLICY_NOTIFY },
		{ "1", POLICY_ALLOW },
	};
	struct policy_action action = { .position = token(reading)->position };
	int status;

	if (is(reading, "return")) {
		status = advance(reading);
		if (!status)
			status = read_errno(reading, &action);
		if (!status)
			*ret_action = action;
		return status;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!is(reading, words[i].word))
			continue;
		action.kind = words[i].kind;
		*ret_action = action;
		return advance(reading);
	}
	return fail_expected(reading, "an action: 1, allow, return ERRNO, kill, trap, trace, log or user-notify");
}

static int add_rule(struct reading *reading, const struct line *line, const struct policy_condition *condition,
		    const struct policy_action *action)
{
	struct policy_rule rule = {
		.action = *action,
		.names = line->names.items,
		.name_count = line->names.length,
		.condition = condition,
		.position = line->position,
	};

	for (size_t i = 0; i < rule.name_count; i++) {
		bool *decided = &reading->decided[rule.names[i].syscall - abi_syscall_at(0)];

		if (*decided) {
			error_set(reading->import->err, CALLGATE_E_SYNTAX,
				  "a filter of %s behind one that always holds", rule.names[i].syscall->name);
			error_place(reading->import->err, line->position.file, line->position.line, line->position.col);
			return CALLGATE_E_SYNTAX;
		}
		*decided = condition->kind == POLICY_ALWAYS;
	}
	return rule.name_count ? policy_add_rule(reading->import->policy, &rule, reading->import->err) : CALLGATE_OK;
}

/* One filter; in_braces it is the compiler's alone. */
static int read_filter(struct reading *reading, const struct line *line, bool in_braces)
{
	struct policy_action action = { .kind = POLICY_ALLOW, .position = token(reading)->position };
	const struct policy_condition *condition = &always;
	bool has_action = false;
	int status;

	if (!is_argument(token(reading))) {
		status = read_action(reading, &action);
		return status ? status : add_rule(reading, line, condition, &action);
	}
	status = read_joined(reading, false, &condition);
	if (!status && is(reading, ";")) {
		status = advance(reading);
		if (!status)
			status = read_action(reading, &action);
		has_action = true;
	}
	if (status)
		return status;
	if (has_action && !in_braces && action.kind == POLICY_ERRNO) {
		struct policy_action allow = { .kind = POLICY_ALLOW, .position = condition->position };

		status = add_rule(reading, line, condition, &allow);
		condition = &always;
	}
	return status ? status : add_rule(reading, line, condition, &action);
}

static int read_filters(struct reading *reading, const struct line *line)
{
	int status;

	if (!is(reading, "{"))
		return read_filter(reading, line, false);
	do {
		status = advance(reading);
		if (!status)
			status = read_filter(reading, line, true);
		if (status)
			return status;
	} while (is(reading, ","));
	return expect(reading, "}", "',' or '}'");
}

/* "[arch=arm,arm64]": whether the name is for this machine. */
static int read_arches(struct reading *reading, bool *ret_here)
{
	int status = advance(reading);

	*ret_here = false;
	if (!status)
		status = expect(reading, "arch", "'arch'");
	if (!status && !is(reading, "="))
		return fail_expected(reading, "'='");
	do {
		if (!status)
			status = advance(reading);
		if (status)
			return status;
		if (token(reading)->kind != MINIJAIL_WORD)
			return fail_expected(reading, "the name of an arch");
		if (!abi_arch_by_name(token(reading)->text)) {
			status = minijail_fail(&reading->lexer, CALLGATE_E_UNKNOWN, "unknown arch '%s'",
					       token(reading)->text);
			error_hint(reading->import->err, "there are %s", abi_arch_names());
			return status;
		}
		*ret_here |= abi_arch_by_name(token(reading)->text) == abi_arch_native();
		status = advance(reading);
	} while (!status && is(reading, ","));
	return status ? status : expect(reading, "]", "',' or ']'");
}

static int read_name(struct reading *reading, struct line *line)
{
	struct policy_name name = { .position = token(reading)->position };
	const struct minijail_token found = *token(reading);
	bool here = true;
	int status;

	if (found.kind == MINIJAIL_WORD)
		name.syscall = abi_syscall_by_name(found.text);
	else if (found.kind == MINIJAIL_NUMBER && found.number <= UINT32_MAX)
		name.syscall = abi_syscall_by_nr(abi_arch_native()->id, (uint32_t)found.number);
	else
		return fail_expected(reading, "the name of a syscall");
	status = advance(reading);
	if (!status && is(reading, "["))
		status = read_arches(reading, &here);
	if (status || !here)
		return status;
	if (!name.syscall || name.syscall->nr[abi_arch_native()->id] < 0) {
		const char *near = name.syscall ? NULL : abi_syscall_nearest(found.text);

		error_set(reading->import->err, CALLGATE_E_UNKNOWN, "there is no syscall '%s' on %s", found.text,
			  abi_arch_native()->name);
		if (near)
			error_hint(reading->import->err, "did you mean '%s'?", near);
		error_place(reading->import->err, name.position.file, name.position.line, name.position.col);
		return CALLGATE_E_UNKNOWN;
	}
	return VEC_PUSH(arena(reading), &line->names, name) ? CALLGATE_OK : fail_nomem(reading->import->err);
}

static int read_names(struct reading *reading, struct line *line)
{
	int status;

	line->position = token(reading)->position;
	if (!is(reading, "{"))
		return read_name(reading, line);
	do {
		status = advance(reading);
		if (!status)
			status = read_name(reading, line);
		if (status)
			return status;
	} while (is(reading, ","));
	return expect(reading, "}", "',' or '}'");
}

/* Of two defaults one would be lost without a word. */
static int start_default(struct reading *reading)
{
	if (reading->has_default)
		return minijail_fail(&reading->lexer, CALLGATE_E_SYNTAX, "a default for the second time");
	reading->has_default = true;
	return advance(reading);
}

static int read_default(struct reading *reading)
{
	struct policy *policy = reading->import->policy;
	struct policy_action action;
	int status = read_action(reading, &action);

	if (status)
		return status;
	if (action.kind == POLICY_ALLOW || action.kind == POLICY_LOG || action.kind == POLICY_TRACE) {
		error_set(reading->import->err, CALLGATE_E_SYNTAX, "a default that lets calls through");
		error_place(reading->import->err, action.position.file, action.position.line, action.position.col);
		return CALLGATE_E_SYNTAX;
	}
	policy->default_action = action;
	policy->default_position = action.position;
	return CALLGATE_OK;
}

static int read_lines(struct reading *reading, const char *name, const char *text, size_t length);

/* From the folder of the file that includes it, as the compiler has it. */
static int include(struct reading *reading)
{
	const struct minijail_lexer outer = reading->lexer;
	const char *path = token(reading)->text, *slash = strrchr(outer.name, '/');
	cleanup(buf_fini) struct buf bytes = { 0 };
	const char *name = path;
	int status;

	if (token(reading)->kind != MINIJAIL_PATH)
		return fail_expected(reading, "a path");
	if (reading->depth >= INCLUDE_DEPTH_MAX || ++reading->includes > INCLUDES_MAX)
		return minijail_fail(&reading->lexer, CALLGATE_E_LIMIT,
				     "files include each other more than %d deep, or more than %d", INCLUDE_DEPTH_MAX,
				     INCLUDES_MAX);
	if (path[0] != '/' && slash)
		name = arena_printf(arena(reading), "%.*s/%s", (int)(slash - outer.name), outer.name, path);
	if (!name)
		return fail_nomem(reading->import->err);
	status = file_read(name, FILE_BYTES_MAX, &bytes, reading->import->err);
	if (status) {
		error_place(reading->import->err, token(reading)->position.file, token(reading)->position.line,
			    token(reading)->position.col);
		return status;
	}
	reading->depth++;
	status = import_keep_source(reading->import, name, buf_text(&bytes), bytes.length, &name, &path);
	if (!status)
		status = read_lines(reading, name, path, bytes.length);
	reading->depth--;
	if (status)
		return status;
	reading->lexer = outer;
	return advance(reading);
}

/* Orders by frequency do not change what a policy means. */
static int skip_frequency(struct reading *reading)
{
	int status;

	if (token(reading)->kind != MINIJAIL_PATH)
		return fail_expected(reading, "a path");
	status = import_note(reading->import,
			     "%s: frequencies are no part of what a policy means; --frequency takes them",
			     token(reading)->text);
	return status ? status : advance(reading);
}

static int fail_directive(struct reading *reading)
{
	static const char *const known[] = { "@include", "@frequency", "@default", "@denylist" };
	struct nearest nearest = nearest_to(token(reading)->text);

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		nearest_try(&nearest, known[i]);
	return import_suggest(reading->import,
			      minijail_fail(&reading->lexer, CALLGATE_E_UNKNOWN, "unknown directive '%s'",
					    token(reading)->text),
			      nearest.name);
}

static int read_line(struct reading *reading)
{
	struct line line = { 0 };
	bool is_include = is(reading, "@include"), is_frequency = is(reading, "@frequency");
	bool is_default = is(reading, "@default");
	int status;

	reading->atoms = 0;
	if (is(reading, "@denylist")) {
		reading->import->policy->default_action.kind = POLICY_ALLOW;
		return start_default(reading);
	}
	if (is_include || is_frequency || is_default) {
		status = is_default ? start_default(reading) : advance(reading);
		if (status)
			return status;
		return is_include ? include(reading) : is_frequency ? skip_frequency(reading) : read_default(reading);
	}
	if (token(reading)->text[0] == '@')
		return fail_directive(reading);
	status = read_names(reading, &line);
	if (!status)
		status = expect(reading, ":", "':'");
	return status ? status : read_filters(reading, &line);
}

static int read_lines(struct reading *reading, const char *name, const char *text, size_t length)
{
	int status = CALLGATE_OK;

	minijail_lexer_init(&reading->lexer, name, text, length, arena(reading), reading->import->err);
	while (!status) {
		bool end;

		status = minijail_next_line(&reading->lexer, &end);
		if (status || end)
			return status;
		status = read_line(reading);
		if (!status && token(reading)->kind != MINIJAIL_END)
			status = fail_expected(reading, "the end of the line");
	}
	return status;
}

/* A line of its own kind: a name, or several in braces, a filter behind a colon; or a directive. */
bool minijail_recognise(const char *text, size_t length)
{
	size_t at = 0, start;

	while (at < length && (text[at] <= ' ' || text[at] == '#')) {
		if (text[at] == '#')
			while (at < length && text[at] != '\n')
				at++;
		else
			at++;
	}
	if (at < length && (text[at] == '@' || text[at] == '{'))
		return true;
	start = at;
	while (at < length &&
	       ((text[at] >= 'a' && text[at] <= 'z') || (text[at] >= '0' && text[at] <= '9') || text[at] == '_'))
		at++;
	while (at > start && at < length && (text[at] == ' ' || text[at] == '\t'))
		at++;
	return at > start && at < length && (text[at] == ':' || text[at] == '[');
}

int minijail_read(struct import *import)
{
	struct policy *policy = import->policy;
	struct reading reading = { .import = import };
	int status;

	reading.decided = arena_array(&policy->arena, abi_syscall_count(), sizeof(*reading.decided));
	if (!reading.decided)
		return fail_nomem(import->err);
	policy->arches[abi_arch_native()->id] = true;
	status = read_lines(&reading, import->name, import->source->text, import->source->length);
	policy->newer_action = policy->default_action;
	policy->newer_position = policy->default_position;
	return status;
}
