/*
 * Policies in Kafel, the language of nsjail: blocks of an action and its calls, in policies that use each other, of
 * which the first that matches decides. A policy is for one arch, here this machine's: every other is killed by the
 * thread. The numbers of x32 are numbers that no rule has, and get the default.
 *
 * Debian has neither Kafel nor nsjail: this is its README and its grammar, and what they leave open fails closed.
 */
#include "import/kafel.h"

#include "base/error.h"
#include "import/build.h"

#include <string.h>

#define ERRNO_MAX 4095 /* what the kernel hands on at most, and cuts to */

struct rules {
	VEC(struct policy_rule);
};

struct named {
	const char *name;
	struct rules rules;
};

struct reading {
	struct import *import;
	struct kafel_lexer lexer;
	struct kafel_constants constants;
	struct {
		VEC(struct named);
	} policies;
	struct rules main;	    /* what stands outside of policies */
	bool has_default, has_main; /* a DEFAULT, rules that are in force */
};

static struct arena *arena(struct reading *reading)
{
	return &reading->import->policy->arena;
}

static bool is(const struct reading *reading, const char *text)
{
	return kafel_is(&reading->lexer, text);
}

static int advance(struct reading *reading)
{
	return kafel_next(&reading->lexer);
}

static const struct {
	const char *word;
	enum policy_action_kind kind;
	bool has_number;
} actions[] = {
	{ "ALLOW", POLICY_ALLOW, false },
	{ "LOG", POLICY_LOG, false },
	{ "USER_NOTIF", POLICY_NOTIFY, false },
	{ "KILL", POLICY_KILL_THREAD, false },
	{ "KILL_THREAD", POLICY_KILL_THREAD, false },
	{ "DENY", POLICY_KILL_THREAD, false },
	{ "KILL_PROCESS", POLICY_KILL_PROCESS, false },
	{ "ERRNO", POLICY_ERRNO, true },
	{ "TRAP", POLICY_TRAP, true },
	{ "TRACE", POLICY_TRACE, true },
};

enum { ACTIONS = sizeof(actions) / sizeof(*actions) };

static bool is_action(const char *word)
{
	for (size_t i = 0; i < ACTIONS; i++)
		if (strcmp(actions[i].word, word) == 0)
			return true;
	return false;
}

static bool is_keyword(const char *word)
{
	static const char *const others[] = { "SYSCALL", "USE", "POLICY", "DEFAULT", "define" };

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (strcmp(others[i], word) == 0)
			return true;
	return is_action(word);
}

/* A name that somebody chose. */
static int read_identifier(struct reading *reading, const char *what, const char **ret_name)
{
	const struct kafel_token *found = &reading->lexer.token;

	if (found->kind != KAFEL_WORD || is_keyword(found->text))
		return kafel_fail_expected(&reading->lexer, what);
	*ret_name = found->text;
	return advance(reading);
}

/* "(7)", which the kernel cuts where it is an errno. */
static int read_data(struct reading *reading, struct policy_action *action)
{
	int status = kafel_expect(&reading->lexer, "(");
	uint64_t number = reading->lexer.token.number;

	if (status)
		return status;
	if (reading->lexer.token.kind != KAFEL_NUMBER)
		return kafel_fail_expected(&reading->lexer, "a number");
	if (number > UINT16_MAX)
		return kafel_fail(&reading->lexer, CALLGATE_E_SYNTAX, "%s is not from 0 to 65535",
				  reading->lexer.token.text);
	action->data = (uint16_t)(action->kind == POLICY_ERRNO && number > ERRNO_MAX ? ERRNO_MAX : number);
	if (action->kind == POLICY_ERRNO)
		action->errno_name = abi_errno_name(abi_arch_native()->id, action->data);
	status = advance(reading);
	return status ? status : kafel_expect(&reading->lexer, ")");
}

static int read_action(struct reading *reading, struct policy_action *ret_action)
{
	struct policy_action action = { .position = reading->lexer.token.position };
	int status;

	for (size_t i = 0; i < ACTIONS; i++) {
		if (!is(reading, actions[i].word))
			continue;
		action.kind = actions[i].kind;
		status = advance(reading);
		if (!status && actions[i].has_number)
			status = read_data(reading, &action);
		if (!status)
			*ret_action = action;
		return status;
	}
	return kafel_fail_expected(&reading->lexer, "an action: ALLOW, LOG, USER_NOTIF, ERRNO(…), TRAP(…), TRACE(…), "
						    "KILL or KILL_PROCESS");
}

/* A call of this arch by the kernel's name for it, which is not always the number's. */
static const struct abi_syscall *call_by_name(const char *name)
{
	static const char *const others[][2] = {
		{ "newstat", "stat" },	 { "newlstat", "lstat" },      { "newfstat", "fstat" },
		{ "newuname", "uname" }, { "sendfile64", "sendfile" }, { "umount", "umount2" },
	};
	const struct abi_syscall *syscall = abi_syscall_by_name(name);
	enum abi_arch_id arch = abi_arch_native()->id;

	for (size_t i = 0; i < sizeof(others) / sizeof(*others) && (!syscall || syscall->nr[arch] < 0); i++)
		/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): a name is never NULL */
		if (strcmp(others[i][0], name) == 0)
			syscall = abi_syscall_by_name(others[i][1]);
	return syscall && syscall->nr[arch] >= 0 ? syscall : NULL;
}

/* What a rule begins with. */
struct target {
	const struct abi_syscall *syscall; /* NULL where no call has the number or the name */
	const char *name;		   /* NULL of a number */
	enum abi_arch_id arch;		   /* x32's numbers are numbers too */
	struct policy_position position;
};

static int target_number(struct reading *reading, uint64_t number, struct target *target)
{
	const struct abi_arch *native = abi_arch_native();
	const struct abi_arch *arch = abi_arch_of_call(native->audit, (uint32_t)number);

	if (number != (uint64_t)(int64_t)(int32_t)number && number > UINT32_MAX)
		return kafel_fail(&reading->lexer, CALLGATE_E_SYNTAX, "the number of a syscall has 32 bits");
	target->arch = arch ? arch->id : native->id;
	target->syscall = abi_syscall_by_nr(target->arch, (uint32_t)number);
	if (!target->syscall)
		return kafel_fail(&reading->lexer, CALLGATE_E_UNSUPPORTED,
				  "no syscall that is known has this number, and policies name calls");
	return CALLGATE_OK;
}

static int read_target(struct reading *reading, struct target *ret_target)
{
	struct target target = { .arch = abi_arch_native()->id, .position = reading->lexer.token.position };
	bool is_number = is(reading, "SYSCALL");
	uint64_t number;
	int status;

	if (is_number) {
		status = advance(reading);
		if (!status)
			status = kafel_expect(&reading->lexer, "[");
		if (!status && reading->lexer.token.kind != KAFEL_NUMBER)
			status = kafel_fail_expected(&reading->lexer, "a number");
		if (!status)
			status = target_number(reading, reading->lexer.token.number, &target);
		if (!status)
			status = advance(reading);
		if (!status)
			status = kafel_expect(&reading->lexer, "]");
	} else if (kafel_constant_find(&reading->constants, reading->lexer.token.text, &number)) {
		status = target_number(reading, number, &target);
		if (!status)
			status = advance(reading);
	} else {
		status = read_identifier(reading, "the name of a syscall", &target.name);
		target.syscall = status ? NULL : call_by_name(target.name);
	}
	if (!status)
		*ret_target = target;
	return status;
}

static int fail_unknown_call(struct reading *reading, const struct target *target)
{
	const char *near = abi_syscall_by_name(target->name) ? NULL : abi_syscall_nearest(target->name);

	error_set(reading->import->err, CALLGATE_E_UNKNOWN, "there is no syscall '%s' on %s", target->name,
		  abi_arch_native()->name);
	if (near)
		error_hint(reading->import->err, "did you mean '%s'?", near);
	error_place(reading->import->err, target->position.file, target->position.line, target->position.col);
	return CALLGATE_E_UNKNOWN;
}

/* "(fd, buffer)": names that the rule gives to the arguments. */
static int read_arguments(struct reading *reading, struct kafel_scope *scope)
{
	int status = advance(reading);

	scope->is_declared = true;
	while (!status && !is(reading, ")")) {
		const char *name = NULL;

		if (scope->count == 6)
			return kafel_fail(&reading->lexer, CALLGATE_E_SYNTAX, "more than six arguments");
		for (unsigned i = 0; i < scope->count; i++)
			if (is(reading, scope->names[i]))
				return kafel_fail(&reading->lexer, CALLGATE_E_SYNTAX, "argument '%s' a second time",
						  scope->names[i]);
		status = read_identifier(reading, "the name of an argument", &name);
		if (status)
			return status;
		scope->names[scope->count++] = name;
		if (!is(reading, ","))
			break;
		status = advance(reading);
		if (!status && is(reading, ")"))
			return kafel_fail_expected(&reading->lexer, "the name of an argument");
	}
	return status ? status : kafel_expect(&reading->lexer, ")");
}

/* "ON x86_64" or "ON { x86_64, arm }". */
static int read_guard(struct reading *reading, bool *ret_here)
{
	bool in_braces, here = false;
	const char *name = NULL;
	int status = advance(reading);

	in_braces = is(reading, "{");
	if (!status && in_braces)
		status = advance(reading);
	while (!status) {
		if (reading->lexer.token.kind == KAFEL_WORD && !abi_arch_by_name(reading->lexer.token.text)) {
			status = kafel_fail(&reading->lexer, CALLGATE_E_UNKNOWN, "unknown arch '%s'",
					    reading->lexer.token.text);
			error_hint(reading->import->err, "there are %s", abi_arch_names());
			return status;
		}
		status = read_identifier(reading, "the name of an arch", &name);
		if (!status)
			here |= abi_arch_by_name(name) == abi_arch_native();
		if (status || !in_braces || !is(reading, ","))
			break;
		status = advance(reading);
	}
	if (!status && in_braces)
		status = kafel_expect(&reading->lexer, "}");
	if (!status)
		*ret_here = here;
	return status;
}

static int add_rule(struct reading *reading, struct rules *rules, const struct policy_rule *rule)
{
	if (rules->length >= POLICY_RULES_MAX)
		return kafel_fail(&reading->lexer, CALLGATE_E_LIMIT, "more than %u rules", POLICY_RULES_MAX);
	return VEC_PUSH(arena(reading), rules, *rule) ? CALLGATE_OK : fail_nomem(reading->import->err);
}

/* The rule of one arch alone, x32 being named as one. */
static int keep_rule(struct reading *reading, struct rules *rules, const struct target *target,
		     const struct policy_action *action, const struct policy_condition *condition)
{
	struct policy_name *name = arena_alloc(arena(reading), sizeof(*name));
	struct policy_rule rule = {
		.action = *action,
		.names = name,
		.name_count = 1,
		.condition = condition,
		.not_on = ~(UINT32_C(1) << target->arch),
		.position = target->position,
	};

	if (!name)
		return fail_nomem(reading->import->err);
	*name = (struct policy_name){ target->syscall, target->position };
	return add_rule(reading, rules, &rule);
}

static int read_call(struct reading *reading, struct rules *rules, const struct policy_action *action)
{
	struct kafel_scope scope = { .constants = &reading->constants };
	const struct policy_condition *condition = &build_always;
	struct target target;
	bool here = true;
	int status = read_target(reading, &target);

	if (!status && is(reading, "("))
		status = read_arguments(reading, &scope);
	if (!status && is(reading, "ON"))
		status = read_guard(reading, &here);
	if (!status && here && !target.syscall)
		return fail_unknown_call(reading, &target);
	if (status)
		return status;
	scope.syscall = target.name ? target.syscall : NULL;
	if (is(reading, "{")) {
		status = advance(reading);
		if (!status && !is(reading, "}"))
			status = kafel_expression(&reading->lexer, &scope, &condition);
		if (!status)
			status = kafel_expect(&reading->lexer, "}");
	}
	return status || !here ? status : keep_rule(reading, rules, &target, action, condition);
}

/* An action and its calls in braces. */
static int read_block(struct reading *reading, struct rules *rules)
{
	struct policy_action action;
	int status = read_action(reading, &action);

	if (!status)
		status = kafel_expect(&reading->lexer, "{");
	if (!status && is(reading, "}"))
		return advance(reading);
	while (!status) {
		status = read_call(reading, rules, &action);
		if (status || !is(reading, ","))
			break;
		status = advance(reading);
	}
	return status ? status : kafel_expect(&reading->lexer, "}");
}

static const struct named *policy_by_name(const struct reading *reading, const char *name)
{
	for (size_t i = 0; i < reading->policies.length; i++)
		if (strcmp(reading->policies.items[i].name, name) == 0)
			return &reading->policies.items[i];
	return NULL;
}

/* As if what it uses stood in its place. */
static int read_use(struct reading *reading, struct rules *rules)
{
	const struct named *used;
	int status = advance(reading);

	if (status)
		return status;
	used = policy_by_name(reading, reading->lexer.token.text);
	if (!used)
		return reading->lexer.token.kind == KAFEL_WORD && !is_keyword(reading->lexer.token.text)
			       ? kafel_fail(&reading->lexer, CALLGATE_E_UNKNOWN, "there is no policy '%s' above",
					    reading->lexer.token.text)
			       : kafel_fail_expected(&reading->lexer, "the name of a policy");
	for (size_t i = 0; !status && i < used->rules.length; i++)
		status = add_rule(reading, rules, &used->rules.items[i]);
	return status ? status : advance(reading);
}

/* Uses and blocks, with commas between them. */
static int read_statements(struct reading *reading, struct rules *rules)
{
	for (;;) {
		int status = is(reading, "USE") ? read_use(reading, rules) : read_block(reading, rules);

		if (status || !is(reading, ","))
			return status;
		status = advance(reading);
		if (status)
			return status;
	}
}

static int read_policy(struct reading *reading)
{
	struct named made = { 0 };
	int status = advance(reading);

	if (!status && policy_by_name(reading, reading->lexer.token.text))
		return kafel_fail(&reading->lexer, CALLGATE_E_SYNTAX, "policy '%s' a second time",
				  reading->lexer.token.text);
	if (!status)
		status = read_identifier(reading, "the name of a policy", &made.name);
	if (!status)
		status = kafel_expect(&reading->lexer, "{");
	if (!status && !is(reading, "}"))
		status = read_statements(reading, &made.rules);
	if (!status)
		status = kafel_expect(&reading->lexer, "}");
	if (status)
		return status;
	return VEC_PUSH(arena(reading), &reading->policies, made) ? CALLGATE_OK : fail_nomem(reading->import->err);
}

/* "#define NAME NUMBER"; the same number again is no harm. */
static int read_define(struct reading *reading)
{
	struct kafel_constant made = { 0 };
	uint64_t before;
	int status = advance(reading);

	if (!status)
		status = kafel_expect(&reading->lexer, "define");
	if (!status)
		status = read_identifier(reading, "the name of a constant", &made.name);
	if (status)
		return status;
	if (reading->lexer.token.kind != KAFEL_NUMBER)
		return kafel_fail_expected(&reading->lexer, "a number");
	made.value = reading->lexer.token.number;
	if (kafel_constant_find(&reading->constants, made.name, &before)) {
		if (before != made.value)
			return kafel_fail(&reading->lexer, CALLGATE_E_SYNTAX, "'%s' is defined otherwise above",
					  made.name);
	} else if (!VEC_PUSH(arena(reading), &reading->constants, made)) {
		return fail_nomem(reading->import->err);
	}
	return advance(reading);
}

static int read_default(struct reading *reading)
{
	struct policy *policy = reading->import->policy;
	int status;

	if (reading->has_default)
		return kafel_fail(&reading->lexer, CALLGATE_E_SYNTAX, "DEFAULT a second time");
	reading->has_default = true;
	status = advance(reading);
	if (!status)
		status = read_action(reading, &policy->default_action);
	policy->default_position = policy->default_action.position;
	return status;
}

static int read_all(struct reading *reading)
{
	int status = advance(reading);

	while (!status && reading->lexer.token.kind != KAFEL_END) {
		if (is(reading, "#"))
			status = read_define(reading);
		else if (is(reading, "POLICY"))
			status = read_policy(reading);
		else if (is(reading, "DEFAULT"))
			status = read_default(reading);
		else if (is(reading, "USE") || is_action(reading->lexer.token.text))
			reading->has_main = true, status = read_statements(reading, &reading->main);
		else
			status = kafel_fail_expected(&reading->lexer, "POLICY, USE, DEFAULT, #define or an action");
	}
	return status;
}

/* Policies of which none is in use have no effect: where the DEFAULT lets calls through, that is no filter at all. */
static int check_use(struct reading *reading)
{
	enum policy_action_kind kind = reading->import->policy->default_action.kind;

	if (reading->has_main || !reading->policies.length || (kind != POLICY_ALLOW && kind != POLICY_LOG))
		return CALLGATE_OK;
	(void)kafel_fail(&reading->lexer, CALLGATE_E_SYNTAX, "no policy is in use");
	error_hint(reading->import->err, "add a line like `USE %s DEFAULT KILL`", reading->policies.items[0].name);
	return CALLGATE_E_SYNTAX;
}

int kafel_read(struct import *import)
{
	struct policy *policy = import->policy;
	struct reading reading = { .import = import };
	int status;

	policy->default_action = (struct policy_action){ .kind = POLICY_KILL_THREAD };
	policy->arches[abi_arch_native()->id] = true;
	policy->arches[ABI_X32] = abi_arch_native()->id == ABI_X86_64;
	policy->has_foreign = true;
	policy->foreign_action = (struct policy_action){ .kind = POLICY_KILL_THREAD };
	kafel_lexer_init(&reading.lexer, import);
	status = read_all(&reading);
	if (!status)
		status = check_use(&reading);
	policy->newer_action = policy->default_action;
	policy->newer_position = policy->default_position;
	for (size_t i = 0; !status && i < reading.main.length; i++)
		status = policy_add_rule(policy, &reading.main.items[i], import->err);
	return status;
}

static bool begins_with(const char *text, size_t length, const char *prefix)
{
	return length >= strlen(prefix) && memcmp(text, prefix, strlen(prefix)) == 0;
}

/* Where the first word of its own stands: behind comments, #defines and #includes. */
static size_t skip_preamble(const char *text, size_t length)
{
	size_t at = 0;

	while (at < length) {
		const char *rest = text + at, *end = NULL;
		size_t left = length - at;

		if (*rest == ' ' || (*rest >= '\t' && *rest <= '\r')) {
			at++;
			continue;
		}
		if (begins_with(rest, left, "/*"))
			end = memmem(rest + 2, left - 2, "*/", 2);
		else if (begins_with(rest, left, "//") || begins_with(rest, left, "#define ") ||
			 begins_with(rest, left, "#include \""))
			end = memchr(rest, '\n', left);
		else
			return at;
		at = end ? (size_t)(end - text) + 1 + (*end == '*') : length;
	}
	return at;
}

bool kafel_recognise(const char *text, size_t length)
{
	size_t at = skip_preamble(text, length), end = at;
	char word[16] = "";

	while (end < length && ((text[end] >= 'A' && text[end] <= 'Z') || text[end] == '_'))
		end++;
	if (end == at || end - at >= sizeof(word))
		return false;
	memcpy(word, text + at, end - at);
	return is_keyword(word) && (end == length || strchr(" \t\r\n({/", text[end]));
}
