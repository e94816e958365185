/*
 * libseccomp's rules are a union, so that what is tried in order has to be taken apart: the clauses of a call never
 * overlap. Those that compare different arguments are merged by libseccomp in ways that its manual does not tell, which
 * is noted.
 */
#include "export/unordered.h"

#include "base/error.h"
#include "export/runtime.h"

#include <linux/seccomp.h>

static const char *const arch_names[ABI_ARCH_COUNT] = {
	[ABI_X86_64] = "SCMP_ARCH_X86_64",
	[ABI_I386] = "SCMP_ARCH_X86",
	[ABI_X32] = "SCMP_ARCH_X32",
	[ABI_ARM] = "SCMP_ARCH_ARM",
	[ABI_AARCH64] = "SCMP_ARCH_AARCH64",
	[ABI_RISCV64] = "SCMP_ARCH_RISCV64",
	[ABI_LOONGARCH64] = "SCMP_ARCH_LOONGARCH64",
	[ABI_PPC64LE] = "SCMP_ARCH_PPC64LE",
	[ABI_S390X] = "SCMP_ARCH_S390X",
	[ABI_MIPS64EL] = "SCMP_ARCH_MIPSEL64",
	[ABI_MIPS64] = "SCMP_ARCH_MIPS64",
	[ABI_MIPS64ELN32] = "SCMP_ARCH_MIPSEL64N32",
	[ABI_MIPS64N32] = "SCMP_ARCH_MIPS64N32",
	[ABI_MIPSEL] = "SCMP_ARCH_MIPSEL",
	[ABI_MIPS] = "SCMP_ARCH_MIPS",
	[ABI_PPC64] = "SCMP_ARCH_PPC64",
	[ABI_PPC] = "SCMP_ARCH_PPC",
	[ABI_S390] = "SCMP_ARCH_S390",
	[ABI_PARISC] = "SCMP_ARCH_PARISC",
	[ABI_PARISC64] = "SCMP_ARCH_PARISC64",
	[ABI_M68K] = "SCMP_ARCH_M68K",
	[ABI_SH] = "SCMP_ARCH_SH",
	[ABI_SHEB] = "SCMP_ARCH_SHEB",
};

const char *unordered_arch(enum abi_arch_id arch)
{
	return arch_names[arch];
}

int unordered_action(struct export *export, uint32_t value, const char **ret_word, bool *ret_has_data)
{
	static const struct {
		uint32_t action;
		const char *word;
	} words[] = {
		{ SECCOMP_RET_ALLOW, "ALLOW" },
		{ SECCOMP_RET_ERRNO, "ERRNO" },
		{ SECCOMP_RET_KILL_PROCESS, "KILL_PROCESS" },
		{ SECCOMP_RET_KILL_THREAD, "KILL_THREAD" },
		{ SECCOMP_RET_LOG, "LOG" },
		{ SECCOMP_RET_TRACE, "TRACE" },
		{ SECCOMP_RET_TRAP, "TRAP" },
		{ SECCOMP_RET_USER_NOTIF, "NOTIFY" },
	};
	uint32_t action = value & SECCOMP_RET_ACTION_FULL;
	bool has_data = action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRACE;
	char text[64];

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (words[i].action != action || (!has_data && (value & SECCOMP_RET_DATA)))
			continue;
		*ret_word = words[i].word;
		*ret_has_data = has_data;
		return CALLGATE_OK;
	}
	callgate_action_format((struct callgate_action){ value }, text, sizeof(text));
	return fail(export->err, CALLGATE_E_UNSUPPORTED, "libseccomp has no words for '%s'", text);
}

const char *unordered_comparison(const struct clause_test *test)
{
	static const char *const words[] = {
		[CLAUSE_EQ] = "EQ", [CLAUSE_NE] = "NE", [CLAUSE_LT] = "LT",
		[CLAUSE_LE] = "LE", [CLAUSE_GT] = "GT", [CLAUSE_GE] = "GE",
	};

	return test->mask == UINT64_MAX ? words[test->op] : "MASKED_EQ";
}

static int add_rule(struct export *export, struct unordered *unordered, const struct unordered_rule *rule)
{
	return VEC_PUSH(&export->arena, &unordered->rules, *rule) ? CALLGATE_OK : fail_nomem(export->err);
}

/* Whether one rule says both. */
static bool is_same_rule(const struct export *export, const struct run *a, const struct run *b)
{
	return a->function == b->function && runtime_needs(export, a->syscall) == runtime_needs(export, b->syscall);
}

/* Calls that get one action whatever their arguments are. */
static int add_plain(struct export *export, const struct calls *calls, const struct run *like,
		     struct unordered *unordered)
{
	struct unordered_rule rule = { .action = diagram_node(export->subject->diagram, like->function).low,
				       .for_runtime = runtime_needs(export, like->syscall) };
	struct calls same = { 0 };

	for (size_t i = 0; i < calls->length; i++)
		if (is_same_rule(export, calls->items[i], like) && !VEC_PUSH(&export->arena, &same, calls->items[i]))
			return fail_nomem(export->err);
	rule.calls = same.items;
	rule.call_count = same.length;
	return add_rule(export, unordered, &rule);
}

static unsigned args_of(const struct clause *clause)
{
	unsigned args = 0;

	for (unsigned arg = 0; arg < 6; arg++)
		args |= (clause->tests[arg].op != CLAUSE_NOTHING) << arg;
	return args;
}

static int add_clauses(struct export *export, const struct run **call, struct unordered *unordered)
{
	struct clauses clauses = { 0 };
	bool differs = false;
	int status = calls_clauses(export, *call, unordered->default_action, &clauses);

	for (size_t i = 0; !status && i < clauses.length; i++) {
		differs |= args_of(&clauses.items[0]) != args_of(&clauses.items[i]);
		status = add_rule(export, unordered,
				  &(struct unordered_rule){ .action = clauses.items[i].action,
							    .calls = call,
							    .call_count = 1,
							    .clause = &clauses.items[i],
							    .for_runtime = runtime_needs(export, (*call)->syscall) });
	}
	if (!status && differs)
		status = export_note(
			export,
			"%s has rules that compare different arguments, which libseccomp merges in its own way: "
			"compare the filter that is loaded (callgate show -- ...)",
			(*call)->syscall->name);
	return status;
}

static bool is_first_of_rule(const struct export *export, const struct calls *calls, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (is_same_rule(export, calls->items[i], calls->items[index]))
			return false;
	return true;
}

int unordered_of(struct export *export, struct unordered *ret_unordered)
{
	const struct callgate_subject *subject = export->subject;
	struct unordered unordered = { 0 };
	struct calls calls = { 0 };
	int status;

	if (!outline_is_constant(subject, export->outline.unknown))
		return fail(export->err, CALLGATE_E_UNSUPPORTED,
			    "libseccomp has no words for a filter that looks at the arguments of numbers without a "
			    "name");
	unordered.default_action = diagram_node(subject->diagram, export->outline.unknown).low;
	status = calls_collect(export, &calls);
	for (size_t i = 0; !status && i < calls.length; i++)
		if (outline_is_constant(subject, calls.items[i]->function) && is_first_of_rule(export, &calls, i))
			status = add_plain(export, &calls, calls.items[i], &unordered);
	for (size_t i = 0; !status && i < calls.length; i++)
		if (!outline_is_constant(subject, calls.items[i]->function))
			status = add_clauses(export, &calls.items[i], &unordered);
	if (!status)
		*ret_unordered = unordered;
	return status;
}
