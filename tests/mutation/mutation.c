/*
 * mutation POLICY SEED COUNT REPLAYS: that many changes of one instruction each, made at random in the filter of a
 * policy (or of a list of libseccomp's rules), which was proved. What the kernel would not load is refused by
 * bpf_check; of every other, either the lifted meaning is the same, or it differs and the witness shows it: the
 * simulator answers the two programs as the two diagrams say, and, for REPLAYS of them, so does the running kernel.
 *
 * This is the proof's own test: a lifter that overlooks a change would call a wrong filter proved.
 */
#include "random_bpf.h"
#include "rules.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "diagram/action.h"
#include "filter/filter.h"
#include "kernel/replay.h"
#include "lang/lang.h"
#include "prove/prove.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	POLICY_MAX = 1 << 20,
	DIAGRAM_FULL = 1 << 19, /* nodes of past mutants beyond which a new diagram is begun */
	CALLS = 20,		/* that a mutant which is found equal must answer alike */
};

struct trial {
	struct callgate_filter *filter; /* proved */
	struct sock_filter *mutant;
	struct diagram *diagram;
	uint32_t root; /* of the filter, in diagram */
	struct random random;
	unsigned refused, different, equal, unknown, replayed, replays_wanted;
	uint64_t seed;
};

static const struct bpf_program *original(const struct trial *trial)
{
	return &trial->filter->program;
}

static void trial_fini(struct trial *trial)
{
	callgate_filter_free(trial->filter);
	free(trial->mutant);
	diagram_free(trial->diagram);
}

static bool fail_trial(const struct trial *trial, unsigned number, const char *what)
{
	printf("# seed %" PRIu64 ", mutant %u: %s\n", trial->seed, number, what);
	for (size_t i = 0; i < original(trial)->length; i++) {
		const struct sock_filter *a = &original(trial)->insns[i], *b = &trial->mutant[i];

		if (memcmp(a, b, sizeof(*a)))
			printf("#   instruction %zu: {0x%x, %u, %u, 0x%x} -> {0x%x, %u, %u, 0x%x}\n", i, a->code, a->jt,
			       a->jf, a->k, b->code, b->jt, b->jf, b->k);
	}
	return false;
}

/* A list of rules is compiled for x86-64 and i386; anything else is a policy. */
static bool read_policy(const char *path, struct buf *text)
{
	static const enum abi_arch_id arches[] = { ABI_X86_64, ABI_I386 };
	cleanup(arena_fini) struct arena arena = { 0 };
	struct rules rules;
	const char *end = strrchr(path, '.');

	if (!end || strcmp(end, ".rules"))
		return file_read(path, POLICY_MAX, text, NULL) == CALLGATE_OK;
	return rules_read(path, &arena, &rules) && rules_policy(&rules, arches, 2, text);
}

static bool compile(struct trial *trial, const char *path)
{
	cleanup(buf_fini) struct buf text = { 0 };
	struct callgate_policy *policy = NULL;
	struct callgate_error err = { 0 };
	int status;

	if (!read_policy(path, &text)) {
		printf("# cannot read %s\n", path);
		return false;
	}
	status = callgate_policy_parse(path, buf_text(&text), text.length, NULL, &policy, &err);
	if (!status)
		status = callgate_filter_compile(policy, NULL, &trial->filter, &err);
	callgate_policy_free(policy);
	if (status)
		printf("# %s:%u:%u: %s\n", err.file, err.line, err.col, err.message);
	return status == CALLGATE_OK;
}

/* Past mutants fill a diagram: a new one has room again. */
static bool renew_diagram(struct trial *trial)
{
	if (trial->diagram && diagram_size(trial->diagram) < DIAGRAM_FULL) {
		diagram_renew_steps(trial->diagram);
		return true;
	}
	diagram_free(trial->diagram);
	trial->diagram = diagram_new(0);
	return trial->diagram && prove_lift(trial->diagram, original(trial)->insns, original(trial)->length,
					    &trial->root, NULL) == CALLGATE_OK;
}

static bool mutate(struct trial *trial)
{
	size_t size = original(trial)->length * sizeof(*trial->mutant);

	if (!trial->mutant)
		trial->mutant = malloc(size);
	if (!trial->mutant)
		return false;
	do {
		memcpy(trial->mutant, original(trial)->insns, size);
		random_mutation(&trial->random, trial->mutant, original(trial)->length);
	} while (memcmp(trial->mutant, original(trial)->insns, size) == 0);
	return true;
}

static uint32_t simulated(const struct sock_filter *insns, const struct trial *trial, const struct seccomp_data *data)
{
	return diagram_action(bpf_simulate(insns, original(trial)->length, data, NULL));
}

/* The kernel is asked where the call is one of this machine's and the filter returns no computed value. */
static bool kernel_agrees(struct trial *trial, const struct sock_filter *insns, const struct seccomp_data *data,
			  uint32_t expected, bool *ret_asked)
{
	struct callgate_error err = { 0 };
	uint32_t value;
	int status = kernel_replay(insns, original(trial)->length, data, &value, &err);

	*ret_asked = status == CALLGATE_OK;
	if (status == CALLGATE_OK)
		return diagram_action(value) == expected;
	if (status == CALLGATE_E_UNSUPPORTED)
		return true;
	printf("# %s\n", err.message);
	return false;
}

static bool replay(struct trial *trial, const struct seccomp_data *data, uint32_t before, uint32_t after)
{
	bool asked;

	if (trial->replayed == trial->replays_wanted)
		return true;
	if (!kernel_agrees(trial, original(trial)->insns, data, before, &asked))
		return false;
	if (!asked)
		return true;
	if (!kernel_agrees(trial, trial->mutant, data, after, &asked))
		return false;
	trial->replayed += asked;
	return true;
}

/* The difference is real: the simulator sees it, and the kernel. */
static bool check_different(struct trial *trial, uint32_t root, unsigned number)
{
	struct diagram_input input = { 0 };
	struct seccomp_data data;
	uint32_t before, after;

	trial->different++;
	if (!prove_witness(trial->diagram, trial->root, root, &input))
		return fail_trial(trial, number, "differs and has no witness");
	prove_input_to_data(&input, &data);
	before = simulated(original(trial)->insns, trial, &data);
	after = simulated(trial->mutant, trial, &data);
	if (before == after)
		return fail_trial(trial, number, "the witness shows no difference");
	if (before != diagram_evaluate(trial->diagram, trial->root, &input) ||
	    after != diagram_evaluate(trial->diagram, root, &input))
		return fail_trial(trial, number, "the simulator answers the witness as neither meaning does");
	if (!replay(trial, &data, before, after))
		return fail_trial(trial, number, "the kernel answers the witness otherwise");
	return true;
}

/* A call that is near one of the filter's own constants. */
static void draw_call(struct trial *trial, struct seccomp_data *data)
{
	const struct sock_filter *near =
		&original(trial)->insns[random_below(&trial->random, (uint32_t)original(trial)->length)];

	random_data(&trial->random, data);
	data->arch = random_below(&trial->random, 4) ? 0xc000003e : 0x40000003;
	data->nr = (int)(near->k + random_below(&trial->random, 3) - 1);
}

static bool check_equal(struct trial *trial, unsigned number)
{
	trial->equal++;
	for (unsigned i = 0; i < CALLS; i++) {
		struct seccomp_data data;

		draw_call(trial, &data);
		if (simulated(original(trial)->insns, trial, &data) != simulated(trial->mutant, trial, &data))
			return fail_trial(trial, number, "is found equal and answers a call otherwise");
	}
	return true;
}

static bool try_mutant(struct trial *trial, unsigned number)
{
	struct callgate_error err = { 0 };
	uint32_t root;
	int status;

	if (!renew_diagram(trial) || !mutate(trial))
		return fail_trial(trial, number, "no memory");
	if (bpf_check(trial->mutant, original(trial)->length, NULL) != CALLGATE_OK) {
		trial->refused++;
		return true;
	}
	status = prove_lift(trial->diagram, trial->mutant, original(trial)->length, &root, &err);
	if (status == CALLGATE_E_LIMIT) {
		/* Unknown is never equal: the proof refuses it. */
		trial->unknown++;
		diagram_free(trial->diagram);
		trial->diagram = NULL;
		return true;
	}
	if (status)
		return fail_trial(trial, number, err.message);
	return root == trial->root ? check_equal(trial, number) : check_different(trial, root, number);
}

int main(int argc, char **argv)
{
	cleanup(trial_fini) struct trial trial = { 0 };
	unsigned count;

	if (argc != 5)
		return 2;
	trial.seed = strtoull(argv[2], NULL, 0);
	trial.random.state = trial.seed * 0x9e3779b97f4a7c15ull + 1;
	count = (unsigned)strtoul(argv[3], NULL, 0);
	trial.replays_wanted = (unsigned)strtoul(argv[4], NULL, 0);
	printf("1..3\n");
	if (!compile(&trial, argv[1])) {
		printf("not ok 1 - the filter compiles\n");
		return 1;
	}
	printf("ok 1 - the filter compiles\n");
	for (unsigned i = 0; i < count; i++)
		if (!try_mutant(&trial, i)) {
			printf("not ok 2 - mutant %u is found out\n", i);
			return 1;
		}
	printf("# %zu instructions, %u mutants: %u refused, %u different (%u replayed), %u equal, %u unknown\n",
	       original(&trial)->length, count, trial.refused, trial.different, trial.replayed, trial.equal,
	       trial.unknown);
	printf("%sok 2 - every mutant is found out, and hardly one is beyond the budget\n",
	       trial.different && trial.unknown <= count / 100 ? "" : "not ");
#ifdef __x86_64__
	printf("%sok 3 - the kernel agrees with witnesses\n", trial.replayed == trial.replays_wanted ? "" : "not ");
#else
	printf("ok 3 - the kernel agrees with witnesses # SKIP the filter is for another arch\n");
#endif
	return 0;
}
