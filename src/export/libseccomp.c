/*
 * A program in C that asks libseccomp for the filter: the rules as a table, and a function that adds them. Unlike a
 * profile it can say what other arches get.
 *
 * It is proved by its tables: they are taken out of the text again and read as the profile that they are, since the
 * reader of profiles knows what libseccomp makes of rules.
 */
#include "export/unordered.h"

#include "base/error.h"
#include "lang/lang.h"

#include <inttypes.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

/* What stands before the tables' contents; the decoder looks for it. */
#define DEFAULT_BEGINS "static const uint32_t callgate_default = "
#define FOREIGN_BEGINS "static const uint32_t callgate_other_arches = "
#define ARCHES_BEGIN   "static const uint32_t callgate_arches[] = { "
#define RULES_BEGIN    "static const struct callgate_rule callgate_rules[] = {\n"
#define RULES_END      "};"

static const char head[] =
	"/*\n"
	" * A filter by libseccomp, written by Callgate. callgate_libseccomp() makes it; the caller loads\n"
	" * and releases it. Compiled with -DCALLGATE_MAIN, this is a program that writes it as BPF to\n"
	" * standard output: cc -DCALLGATE_MAIN FILE.c -lseccomp\n"
	" */\n"
	"#include <errno.h>\n"
	"#include <seccomp.h>\n"
	"#include <stddef.h>\n"
	"#include <stdint.h>\n"
	"#include <stdio.h>\n\n"
	"struct callgate_rule {\n"
	"\tuint32_t action;\n"
	"\tconst char *name;\n"
	"\tint nr;         /* on the arch, where there is but one; else -1 */\n"
	"\tunsigned count; /* of tests, which must all hold */\n"
	"\tstruct scmp_arg_cmp tests[6];\n"
	"};\n\n";

static const char maker[] =
	"\n"
	"static inline int callgate_add_arches(scmp_filter_ctx filter)\n"
	"{\n"
	"\tint status = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, callgate_other_arches);\n\n"
	"\tif (!status)\n"
	"\t\tstatus = seccomp_arch_remove(filter, SCMP_ARCH_NATIVE);\n"
	"\tfor (size_t i = 0; !status && i < sizeof(callgate_arches) / sizeof(*callgate_arches); i++)\n"
	"\t\tstatus = seccomp_arch_add(filter, callgate_arches[i]);\n"
	"\treturn status;\n"
	"}\n\n"
	"/* A call that this libseccomp does not know goes by its number, where that can be told to it. Fails closed: "
	"else it\n"
	" * is an error, and no rule is left out. */\n"
	"static inline int callgate_add_rule(scmp_filter_ctx filter, const struct callgate_rule *rule)\n"
	"{\n"
	"\tint nr = seccomp_syscall_resolve_name(rule->name);\n\n"
	"\tif (nr == __NR_SCMP_ERROR && seccomp_arch_native() == callgate_arches[0])\n"
	"\t\tnr = rule->nr;\n"
	"\tif (nr == __NR_SCMP_ERROR) {\n"
	"\t\tfprintf(stderr, \"this libseccomp does not know %s\\n\", rule->name);\n"
	"\t\treturn -EOPNOTSUPP;\n"
	"\t}\n"
	"\treturn seccomp_rule_add_array(filter, rule->action, nr, rule->count, rule->tests);\n"
	"}\n\n"
	"/* The filter, or NULL with errno. */\n"
	"static inline scmp_filter_ctx callgate_libseccomp(void)\n"
	"{\n"
	"\tscmp_filter_ctx filter = seccomp_init(callgate_default);\n"
	"\tint status = filter ? callgate_add_arches(filter) : -ENOMEM;\n\n"
	"\tfor (size_t i = 0; !status && callgate_rules[i].name; i++)\n"
	"\t\tstatus = callgate_add_rule(filter, &callgate_rules[i]);\n"
	"\tif (!status)\n"
	"\t\treturn filter;\n"
	"\tif (filter)\n"
	"\t\tseccomp_release(filter);\n"
	"\terrno = -status;\n"
	"\treturn NULL;\n"
	"}\n\n"
	"#ifdef CALLGATE_MAIN\n"
	"int main(void)\n"
	"{\n"
	"\tscmp_filter_ctx filter = callgate_libseccomp();\n\n"
	"\tif (!filter || seccomp_export_bpf(filter, 1)) {\n"
	"\t\tperror(\"libseccomp\");\n"
	"\t\treturn 1;\n"
	"\t}\n"
	"\tseccomp_release(filter);\n"
	"\treturn 0;\n"
	"}\n"
	"#endif\n";

static int write_action(struct export *export, uint32_t value)
{
	const char *word;
	bool has_data;
	int status = unordered_action(export, value, &word, &has_data);

	if (status)
		return status;
	buf_printf(&export->text, "SCMP_ACT_%s", word);
	if (has_data)
		buf_printf(&export->text, "(%" PRIu32 ")", value & SECCOMP_RET_DATA);
	return CALLGATE_OK;
}

static void write_tests(struct buf *text, const struct clause *clause)
{
	const char *before = "{ ";
	unsigned count = 0;

	for (unsigned arg = 0; clause && arg < 6; arg++)
		count += clause->tests[arg].op != CLAUSE_NOTHING;
	buf_printf(text, ", %u, ", count);
	for (unsigned arg = 0; clause && arg < 6; arg++) {
		const struct clause_test *test = &clause->tests[arg];
		bool is_masked = test->mask != UINT64_MAX;

		if (test->op == CLAUSE_NOTHING)
			continue;
		buf_printf(text, "%s{ %u, SCMP_CMP_%s, 0x%" PRIx64 ", 0x%" PRIx64 " }", before, arg,
			   unordered_comparison(test), is_masked ? test->mask : test->value,
			   is_masked ? test->value : 0);
		before = ", ";
	}
	buf_puts(text, count ? " } },\n" : "{ { 0, SCMP_CMP_EQ, 0x0, 0x0 } } },\n");
}

/* The number of a call on the only arch; -1, which libseccomp takes for none, where there are several. */
static int32_t only_number(const struct export *export, const struct abi_syscall *syscall)
{
	int32_t number = -1;
	unsigned count = 0;

	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++) {
		if (!export->outline.arches[arch])
			continue;
		number = syscall->nr[arch];
		count++;
	}
	return count == 1 ? number : -1;
}

static int write_rule(struct export *export, const struct unordered_rule *rule)
{
	int status = CALLGATE_OK;

	for (size_t i = 0; !status && i < rule->call_count; i++) {
		buf_puts(&export->text, "\t{ ");
		status = write_action(export, rule->action);
		buf_printf(&export->text, ", \"%s\", %" PRId32, rule->calls[i]->syscall->name,
			   only_number(export, rule->calls[i]->syscall));
		write_tests(&export->text, rule->clause);
	}
	return status;
}

static int write_head(struct export *export, uint32_t default_action)
{
	struct buf *text = &export->text;
	int status;

	buf_printf(text, "%s" DEFAULT_BEGINS, head);
	status = write_action(export, default_action);
	buf_puts(text, ";\n" FOREIGN_BEGINS);
	if (!status)
		status = write_action(export, diagram_node(export->subject->diagram, export->outline.foreign).low);
	buf_puts(text, ";\n" ARCHES_BEGIN);
	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++)
		if (export->outline.arches[arch])
			buf_printf(text, "%s, ", unordered_arch(arch));
	buf_puts(text, "};\n\n");
	return status;
}

int export_libseccomp(struct export *export)
{
	struct unordered unordered;
	int status = unordered_of(export, &unordered);

	if (!status && !outline_is_constant(export->subject, export->outline.foreign))
		return fail(export->err, CALLGATE_E_UNSUPPORTED,
			    "libseccomp has no words for a filter that looks at the arguments of other arches");
	if (!status)
		status = write_head(export, unordered.default_action);
	if (status)
		return status;
	buf_puts(&export->text, RULES_BEGIN);
	for (size_t i = 0; !status && i < unordered.rules.length; i++)
		status = write_rule(export, &unordered.rules.items[i]);
	buf_printf(&export->text, "\t{ 0, NULL, -1, 0, { { 0, SCMP_CMP_EQ, 0x0, 0x0 } } },\n" RULES_END "\n%s", maker);
	return status;
}

static int fail_row(struct export *export, const char *row)
{
	return fail(export->err, CALLGATE_E_SYNTAX, "no row of the tables: %.60s", row);
}

/* Behind these words of the text; "" when they are not there. */
static const char *behind(struct export *export, const char *words)
{
	const char *found = strstr(buf_text(&export->text), words);

	return found ? found + strlen(words) : "";
}

/* SCMP_ACT_ERRNO(5), as the keys of a profile. Gives what stands behind it; NULL when it is none. */
static const char *decode_action(const char *text, const char *key, const char *data_key, struct buf *json)
{
	char word[24];
	unsigned data;
	int end = 0;

	if (sscanf(text, "SCMP_ACT_%23[A-Z_]%n", word, &end) != 1 || !end)
		return NULL;
	buf_printf(json, "\"%s\": \"SCMP_ACT_%s\"", key, word);
	text += end;
	if (*text != '(')
		return text;
	end = 0;
	if (sscanf(text, "(%u)%n", &data, &end) != 1 || !end)
		return NULL;
	buf_printf(json, ", \"%s\": %u", data_key, data);
	return text + end;
}

/* One comparison; NULL when it is none. */
static const char *decode_test(const char *text, const char *before, struct buf *json)
{
	uint64_t a, b;
	char op[16];
	unsigned arg;
	int end = 0;

	if (sscanf(text, "{ %u, SCMP_CMP_%15[A-Z_], %" SCNx64 ", %" SCNx64 " }%n", &arg, op, &a, &b, &end) != 4 || !end)
		return NULL;
	buf_printf(json,
		   "%s{\"index\": %u, \"op\": \"SCMP_CMP_%s\", \"value\": %" PRIu64 ", \"valueTwo\": %" PRIu64 "}",
		   before, arg, op, a, b);
	text += end;
	return strncmp(text, ", ", 2) == 0 ? text + 2 : text;
}

static int decode_rule(struct export *export, const char *row, const char *before, struct buf *json)
{
	const char *text = row;
	unsigned count = 0;
	char name[64];
	int end = 0;

	buf_printf(json, "%s{", before);
	text = decode_action(text + strlen("\t{ "), "action", "errnoRet", json);
	if (!text || sscanf(text, ", \"%63[a-z0-9_]\", %*d, %u, { %n", name, &count, &end) != 2 || !end || count > 6)
		return fail_row(export, row);
	buf_printf(json, ", \"names\": [\"%s\"], \"args\": [", name);
	text += end;
	for (unsigned i = 0; i < count; i++) {
		text = decode_test(text, i ? ", " : "", json);
		if (!text)
			return fail_row(export, row);
	}
	buf_puts(json, "]}\n");
	return CALLGATE_OK;
}

static int decode_arches(struct export *export, struct buf *json)
{
	const char *text = behind(export, ARCHES_BEGIN), *before = "";
	char name[40];
	int end = 0;

	buf_puts(json, ", \"architectures\": [");
	for (; sscanf(text, "SCMP_ARCH_%39[A-Z0-9_], %n", name, &end) == 1 && end; text += end, end = 0) {
		buf_printf(json, "%s\"SCMP_ARCH_%s\"", before, name);
		before = ", ";
	}
	buf_puts(json, "], \"syscalls\": [\n");
	return *text == '}' ? CALLGATE_OK : fail_row(export, text);
}

int decode_libseccomp(struct export *export, struct buf *ret_bytes)
{
	const char *row = behind(export, RULES_BEGIN), *before = "";
	int status;

	buf_puts(ret_bytes, "{");
	if (!decode_action(behind(export, DEFAULT_BEGINS), "defaultAction", "defaultErrnoRet", ret_bytes))
		return fail_row(export, "the default");
	status = decode_arches(export, ret_bytes);
	while (!status && strncmp(row, "\t{ SCMP", 7) == 0) {
		status = decode_rule(export, row, before, ret_bytes);
		row = strchr(row, '\n') + 1;
		before = ", ";
	}
	buf_puts(ret_bytes, "]}\n");
	return status;
}

static bool has_arch(const char *arches, enum abi_arch_id arch)
{
	const char *name = unordered_arch(arch), *found = strstr(arches, name);

	/* SCMP_ARCH_X86 begins SCMP_ARCH_X86_64 too. */
	while (found && found[strlen(name)] != ',')
		found = strstr(found + 1, name);
	return found && found < strchr(arches, '}');
}

/* What no profile says (runtimes always add the machine's own arch): it is read of the text, and put into the policy
 * that the rules were read as. */
int complete_libseccomp(struct export *export, struct callgate_subject *again)
{
	static const struct {
		const char *word;
		enum policy_action_kind kind;
	} words[] = {
		{ "ALLOW", POLICY_ALLOW }, { "KILL_PROCESS", POLICY_KILL_PROCESS },
		{ "ERRNO", POLICY_ERRNO }, { "KILL_THREAD", POLICY_KILL_THREAD },
		{ "LOG", POLICY_LOG },	   { "NOTIFY", POLICY_NOTIFY },
		{ "TRACE", POLICY_TRACE }, { "TRAP", POLICY_TRAP },
	};
	const char *foreign = behind(export, FOREIGN_BEGINS);
	struct policy *policy = again->policy->policy;
	char word[24] = "";
	unsigned data = 0;
	size_t i = 0;

	if (sscanf(foreign, "SCMP_ACT_%23[A-Z_](%u)", word, &data) < 1)
		return fail_row(export, foreign);
	while (i < sizeof(words) / sizeof(*words) && strcmp(words[i].word, word) != 0)
		i++;
	if (i == sizeof(words) / sizeof(*words))
		return fail_row(export, foreign);
	policy->foreign_action = (struct policy_action){ .kind = words[i].kind, .data = (uint16_t)data };
	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++)
		policy->arches[arch] = has_arch(behind(export, ARCHES_BEGIN), arch);
	diagram_renew_steps(again->diagram);
	return subject_meaning(again, NULL, again->diagram, &again->root, export->err);
}
