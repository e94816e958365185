/*
 * random SEED COUNT: that many random policies, the first from SEED, the next from SEED + 1, …
 *
 * For each: the naive evaluator, the diagram and the simulated program agree on many calls; what is printed or
 * formatted means the same; formatting twice changes nothing. A failure names its seed and shows the policy.
 */
#include "generate.h"
#include "table.h"

#include "base/cleanup.h"
#include "codegen/codegen.h"
#include "diagram/action.h"
#include "diagram/meaning.h"
#include "lang/print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CALLS = 300 };

struct trial {
	struct generator generator;
	struct buf text;
	struct callgate_policy *policy;
	struct table_subject subject;
	struct callgate_error err;
};

static void trial_fini(struct trial *trial)
{
	buf_fini(&trial->text);
	callgate_policy_free(trial->policy);
	free(trial->subject.program.insns);
	diagram_free(trial->subject.diagram);
}

static bool fail_trial(const struct trial *trial, const char *what)
{
	const char *line = buf_text(&trial->text);

	printf("# %s: %s:%u:%u: %s\n", what, trial->err.file, trial->err.line, trial->err.col, trial->err.message);
	while (*line) {
		size_t length = strcspn(line, "\n");

		printf("#   %.*s\n", (int)length, line);
		line += length + (line[length] == '\n');
	}
	return false;
}

static bool compile(struct trial *trial)
{
	struct codegen_options options = { 0 };
	struct table_subject *subject = &trial->subject;

	generate_policy(&trial->generator, &trial->text);
	if (callgate_policy_parse("random", trial->text.data, trial->text.length, NULL, &trial->policy, &trial->err))
		return fail_trial(trial, "does not parse");
	subject->policy = trial->policy->policy;
	subject->diagram = diagram_new(0);
	if (!subject->diagram || diagram_from_policy(subject->diagram, subject->policy, &subject->root, &trial->err))
		return fail_trial(trial, "has no diagram");
	if (codegen_program(subject->diagram, subject->root, &options, &subject->program, &trial->err))
		return trial->err.status == CALLGATE_E_LIMIT || fail_trial(trial, "has no program");
	return true;
}

static bool judges_agree(struct trial *trial)
{
	const struct table_subject *subject = &trial->subject;

	for (unsigned i = 0; i < CALLS; i++) {
		struct table_call call = { 0 };
		uint32_t rules, diagram, program;
		const char *why;

		generate_call(&trial->generator, &call.data);
		if (!judge_rules(subject, &call, &rules, &why) || !judge_diagram(subject, &call, &diagram, &why))
			return fail_trial(trial, "a judge gave no answer");
		program = diagram;
		if (subject->program.insns)
			judge_simulator(subject, &call, &program, &why);
		rules = diagram_action(rules);
		if (rules == diagram && diagram == program)
			continue;
		printf("# arch 0x%x nr %d args 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64
		       " 0x%" PRIx64 ": rules 0x%x, diagram 0x%x, program 0x%x\n",
		       call.data.arch, call.data.nr, (uint64_t)call.data.args[0], (uint64_t)call.data.args[1],
		       (uint64_t)call.data.args[2], (uint64_t)call.data.args[3], (uint64_t)call.data.args[4],
		       (uint64_t)call.data.args[5], rules, diagram, program);
		return fail_trial(trial, "the judges disagree");
	}
	return true;
}

static bool means_the_same(struct trial *trial, const char *text, const char *what)
{
	struct callgate_policy *again = NULL;
	uint32_t root = DIAGRAM_NONE;
	int status = callgate_policy_parse(what, text, strlen(text), NULL, &again, &trial->err);

	if (!status)
		status = diagram_from_policy(trial->subject.diagram, again->policy, &root, &trial->err);
	callgate_policy_free(again);
	if (!status && root == trial->subject.root)
		return true;
	printf("# as text:\n# %s\n", text);
	return fail_trial(trial, what);
}

static bool survives_printing(struct trial *trial)
{
	cleanup(buf_fini) struct buf printed = { 0 };

	print_policy(&printed, trial->policy->policy);
	return means_the_same(trial, buf_text(&printed), "means something else when printed");
}

static bool survives_formatting(struct trial *trial)
{
	cleanup_free char *once = NULL;
	cleanup_free char *twice = NULL;

	if (callgate_policy_format("random", trial->text.data, trial->text.length, &once, &trial->err) ||
	    callgate_policy_format("formatted", once, strlen(once), &twice, &trial->err))
		return fail_trial(trial, "cannot be formatted");
	if (strcmp(once, twice) != 0)
		return fail_trial(trial, "changes when it is formatted twice");
	return means_the_same(trial, once, "means something else when formatted");
}

static bool try_seed(uint64_t seed)
{
	cleanup(trial_fini) struct trial trial = { 0 };

	generator_init(&trial.generator, seed);
	return compile(&trial) && judges_agree(&trial) && survives_printing(&trial) && survives_formatting(&trial);
}

int main(int argc, char **argv)
{
	uint64_t seed, count;
	unsigned failed = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: random SEED COUNT\n");
		return 2;
	}
	seed = strtoull(argv[1], NULL, 0);
	count = strtoull(argv[2], NULL, 0);
	for (uint64_t i = 0; i < count; i++) {
		if (try_seed(seed + i))
			continue;
		failed++;
		printf("not ok %u - seed %" PRIu64 "\n", failed, seed + i);
	}
	if (!failed)
		printf("ok 1 - %" PRIu64 " policies from seed %" PRIu64 ", %d calls each\n", count, seed, CALLS);
	printf("1..%u\n", failed ? failed : 1);
	return failed != 0;
}
