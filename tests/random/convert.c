/*
 * convert SEED COUNT: that many random policies, the first from SEED, the next from SEED + 1, …, written for every
 * target.
 *
 * What is written reads back as the policy, or says less only where the target has no words: on other arches and
 * numbers without a name, and for systemd by letting through less. The same is asked of the policy's filter, which has
 * no rules. A failure names its seed, the target and a call, and shows the policy.
 */
#include "policies.h"

#include "base/cleanup.h"

#include <callgate/convert.h>

#include <stdio.h>
#include <string.h>

/* How much of a policy a target can say, at the least. */
enum promise { EXACT, EXACT_HERE, STRICTER_HERE };

static const struct {
	enum callgate_target target;
	enum promise promise;
} targets[] = {
	{ CALLGATE_TARGET_POLICY, EXACT },
	{ CALLGATE_TARGET_BPF, EXACT },
	{ CALLGATE_TARGET_C, EXACT },
	{ CALLGATE_TARGET_ASM, EXACT },
	{ CALLGATE_TARGET_OCI, EXACT },
	{ CALLGATE_TARGET_LIBSECCOMP, EXACT },
	{ CALLGATE_TARGET_MINIJAIL, EXACT_HERE },
	{ CALLGATE_TARGET_KAFEL, EXACT_HERE },
	{ CALLGATE_TARGET_SYSTEMD, STRICTER_HERE },
};

enum { TARGETS = sizeof(targets) / sizeof(*targets) };

struct counts {
	unsigned written[TARGETS], unsayable[TARGETS];
};

static void free_subject(struct callgate_subject **subject)
{
	callgate_subject_free(*subject);
}

static void free_conversion(struct callgate_conversion **conversion)
{
	callgate_conversion_free(*conversion);
}

static void free_filter(struct callgate_filter **filter)
{
	callgate_filter_free(*filter);
}

static bool is_kept(enum promise promise, const struct callgate_difference *difference)
{
	if (promise == EXACT)
		return false;
	if (!difference->is_native || difference->syscall[0] == '#')
		return true;
	return promise == STRICTER_HERE &&
	       (callgate_action_refuses(difference->b) || !callgate_action_overrides(difference->a, difference->b));
}

static bool fail_trial(const char *what, size_t index, const char *detail)
{
	printf("# %s, to %s: %s\n", what, callgate_target_name(targets[index].target), detail);
	return false;
}

static bool try_target(const struct callgate_subject *subject, const char *what, size_t index, struct counts *counts)
{
	cleanup(free_conversion) struct callgate_conversion *conversion = NULL;
	const struct callgate_diff *diff;
	struct callgate_error err = { 0 };
	int status = callgate_convert(subject, targets[index].target, &conversion, &err);

	if (status == CALLGATE_E_UNSUPPORTED || status == CALLGATE_E_LIMIT) {
		counts->unsayable[index]++;
		return true;
	}
	if (status)
		return fail_trial(what, index, err.message);
	diff = callgate_conversion_diff(conversion);
	for (size_t i = 0; i < callgate_diff_count(diff); i++)
		if (!is_kept(targets[index].promise, callgate_diff_at(diff, i)))
			return fail_trial(what, index, callgate_diff_at(diff, i)->witness);
	counts->written[index]++;
	return true;
}

static bool try_policy(const char *text, void *context)
{
	cleanup(free_subject) struct callgate_subject *policy = NULL, *bare = NULL;
	cleanup(free_filter) struct callgate_filter *filter = NULL;
	struct counts *counts = context;
	const struct sock_filter *insns;
	struct callgate_error err = { 0 };
	size_t length;
	bool holds = true;

	if (callgate_subject_parse("random", text, strlen(text), NULL, &policy, &err)) {
		printf("# %u:%u: %s\n", err.line, err.col, err.message);
		return false;
	}
	if (callgate_subject_compile(policy, NULL, &filter, NULL))
		return true;
	insns = callgate_filter_program(filter, &length);
	if (callgate_subject_parse("filter", insns, length * sizeof(*insns), NULL, &bare, NULL))
		return true;
	for (size_t i = 0; holds && i < TARGETS; i++)
		holds = try_target(policy, "the policy", i, counts) && try_target(bare, "its filter", i, counts);
	return holds;
}

/* A target that nothing was written for was not tried. */
static bool finish(void *context)
{
	const struct counts *counts = context;
	bool all = true;

	for (size_t i = 0; i < TARGETS; i++) {
		printf("# %s: %u written, %u it has no words for\n", callgate_target_name(targets[i].target),
		       counts->written[i], counts->unsayable[i]);
		all &= counts->written[i] > 0;
	}
	return all;
}

int main(int argc, char **argv)
{
	struct counts counts = { 0 };

	return random_main(argc, argv, try_policy, finish, &counts);
}
