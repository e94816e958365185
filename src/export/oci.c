/*
 * A profile for OCI runtimes, which hand its rules to libseccomp. What other arches get cannot be said: libseccomp
 * kills them by the thread, x32's numbers with them. What is there for the runtime alone is marked by a comment, which
 * runtimes pass over.
 */
#include "export/unordered.h"

#include "base/error.h"

#include <inttypes.h>
#include <linux/seccomp.h>

struct writing {
	struct export *export;
	bool has_rule; /* one was written already */
};

/* "action": …, with the key's prefix: "" or "default". */
static int write_action(struct writing *writing, bool is_default, uint32_t value)
{
	struct buf *text = &writing->export->text;
	const char *word;
	bool has_data;
	int status = unordered_action(writing->export, value, &word, &has_data);

	if (status)
		return status;
	buf_printf(text, "\"%s\": \"SCMP_ACT_%s\"", is_default ? "defaultAction" : "action", word);
	if (has_data)
		buf_printf(text, ", \"%s\": %" PRIu32, is_default ? "defaultErrnoRet" : "errnoRet",
			   value & SECCOMP_RET_DATA);
	return CALLGATE_OK;
}

static void write_test(struct buf *text, const char *before, unsigned arg, const struct clause_test *test)
{
	buf_printf(text, "%s{\"index\": %u, \"op\": \"SCMP_CMP_%s\", \"value\": ", before, arg,
		   unordered_comparison(test));
	if (test->mask == UINT64_MAX)
		buf_printf(text, "%" PRIu64 "}", test->value);
	else
		buf_printf(text, "%" PRIu64 ", \"valueTwo\": %" PRIu64 "}", test->mask, test->value);
}

static void write_tests(struct buf *text, const struct clause *clause)
{
	const char *before = "";

	buf_puts(text, ",\n     \"args\": [");
	for (unsigned arg = 0; arg < 6; arg++) {
		if (clause->tests[arg].op == CLAUSE_NOTHING)
			continue;
		write_test(text, before, arg, &clause->tests[arg]);
		before = ", ";
	}
	buf_puts(text, "]");
}

static int write_rule(struct writing *writing, const struct unordered_rule *rule)
{
	struct buf *text = &writing->export->text;
	int status;

	buf_puts(text, writing->has_rule ? ",\n    {" : "\n    {");
	writing->has_rule = true;
	status = write_action(writing, false, rule->action);
	if (status)
		return status;
	buf_puts(text, rule->clause ? ", \"names\": [" : ",\n     \"names\": [");
	for (size_t i = 0; i < rule->call_count; i++)
		buf_printf(text, "%s\"%s\"", i ? ", " : "", rule->calls[i]->syscall->name);
	buf_puts(text, "]");
	if (rule->clause)
		write_tests(text, rule->clause);
	if (rule->for_runtime)
		buf_puts(text, ",\n     \"comment\": \"the container runtime's, before the program\"");
	buf_puts(text, "}");
	return CALLGATE_OK;
}

int export_oci(struct export *export)
{
	struct writing writing = { .export = export };
	struct unordered unordered;
	struct buf *text = &export->text;
	const char *before = "";
	int status = unordered_of(export, &unordered);

	if (status)
		return status;
	buf_puts(text, "{\n  ");
	status = write_action(&writing, true, unordered.default_action);
	if (status)
		return status;
	buf_puts(text, ",\n  \"architectures\": [");
	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++) {
		if (!export->outline.arches[arch])
			continue;
		buf_printf(text, "%s\"%s\"", before, unordered_arch(arch));
		before = ", ";
	}
	buf_puts(text, "],\n  \"syscalls\": [");
	for (size_t i = 0; !status && i < unordered.rules.length; i++)
		status = write_rule(&writing, &unordered.rules.items[i]);
	buf_puts(text, "\n  ]\n}\n");
	return status;
}
