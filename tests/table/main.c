/*
 * table FILE.case: every call of every table before every judge, as TAP: one result for a table and a judge, whose
 * message names each call that was judged otherwise.
 */
#include "table.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "codegen/codegen.h"
#include "diagram/meaning.h"
#include "prove/prove.h"

#include <inttypes.h>
#include <string.h>

static const struct table_judge judges[] = {
	{ "rules", judge_rules },
	{ "diagram", judge_diagram },
	{ "simulator", judge_simulator },
	{ "kernel", judge_kernel },
};

static unsigned results;
static bool failed;

static void print_error(const char *what, const struct callgate_error *err)
{
	printf("# %s: %s:%u:%u: %s\n", what, err->file, err->line, err->col, err->message);
	if (err->hint[0])
		printf("# hint: %s\n", err->hint);
}

static void result(bool passed, const char *title, const char *judge, const char *skip)
{
	printf("%s %u - %s: %s", passed ? "ok" : "not ok", ++results, title, judge);
	if (skip)
		printf(" # SKIP %s", skip);
	putchar('\n');
	failed |= !passed;
}

static void print_difference(const struct table_call *call, uint32_t action)
{
	char expected[32], given[32];

	callgate_action_format((struct callgate_action){ call->expected }, expected, sizeof(expected));
	callgate_action_format((struct callgate_action){ action }, given, sizeof(given));
	printf("# line %u: %s: expected %s, is %s\n", call->line, call->text, expected, given);
}

static void ask(const struct table_judge *judge, const struct table_subject *subject, const struct table_block *block)
{
	const char *why = NULL;
	size_t judged = 0;
	bool passed = true;

	for (size_t i = 0; i < block->calls.length; i++) {
		const struct table_call *call = &block->calls.items[i];
		uint32_t action;

		if (!judge->judge(subject, call, &action, &why))
			continue;
		judged++;
		if (action == call->expected)
			continue;
		passed = false;
		print_difference(call, action);
	}
	if (judged || why)
		result(passed, block->title, judge->name, judged ? NULL : why);
}

static void subject_fini(struct table_subject *subject)
{
	free(subject->program.insns);
	free(subject->harmless.insns);
	diagram_free(subject->diagram);
}

static int compile(struct table_subject *subject, struct callgate_error *err)
{
	struct codegen_options options = { 0 };
	uint32_t harmless;
	int status;

	subject->diagram = diagram_new(0);
	if (!subject->diagram)
		return fail_nomem(err);
	status = diagram_from_policy(subject->diagram, subject->policy, &subject->root, err);
	if (!status)
		status = codegen_program(subject->diagram, subject->root, &options, &subject->program, err);
	if (status)
		return status;
	harmless = diagram_map(subject->diagram, harmless_action, NULL, subject->root);
	if (harmless == DIAGRAM_NONE)
		return fail_nomem(err);
	return codegen_program(subject->diagram, harmless, &options, &subject->harmless, err);
}

/* "line:col: message | hint", the line counted from the one behind the title. */
static void check_refusal(const struct table_block *block, int status, const struct callgate_error *err)
{
	char said[1024];
	bool passed;

	snprintf(said, sizeof(said), "%u:%u: %s | %s", err->line > block->line ? err->line - block->line : 0, err->col,
		 err->message, err->hint);
	passed = status && strncmp(said, block->refused, strlen(block->refused)) == 0;
	if (!passed)
		printf("# line %u: expected refusal: %s\n# %s\n", block->line, block->refused,
		       status ? said : "it was accepted");
	result(passed, block->title, "refused", NULL);
}

static void try_block(const char *path, const char *groups, const struct table_block *block)
{
	struct callgate_policy_options options = { .group_folder = groups };
	cleanup(subject_fini) struct table_subject subject = { 0 };
	struct callgate_policy *policy = NULL;
	struct callgate_error err = { 0 };
	int status = callgate_policy_parse(path, block->policy, strlen(block->policy), &options, &policy, &err);

	if (!status) {
		subject.policy = policy->policy;
		status = compile(&subject, &err);
	}
	if (block->refused) {
		check_refusal(block, status, &err);
	} else if (status) {
		print_error(block->title, &err);
		result(false, block->title, "compiles", NULL);
	} else {
		for (size_t i = 0; i < sizeof(judges) / sizeof(*judges); i++)
			ask(&judges[i], &subject, block);
	}
	callgate_policy_free(policy);
}

int main(int argc, char **argv)
{
	struct table table = { 0 };
	struct callgate_error err = { 0 };

	if (argc != 3) {
		fprintf(stderr, "usage: table FILE.case GROUPS\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (table_read(argv[1], &table, &err)) {
		print_error("cannot read the table", &err);
		result(false, argv[1], "reads", NULL);
		table.blocks.length = 0;
	}
	for (size_t i = 0; i < table.blocks.length; i++)
		try_block(argv[1], argv[2], &table.blocks.items[i]);
	printf("1..%u\n", results);
	arena_fini(&table.arena);
	return failed;
}
