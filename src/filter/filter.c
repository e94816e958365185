/*
 * From a policy to a program that the kernel loads: meaning, synthesis, proof. Nothing leaves this file that was not
 * lifted back from its instructions and found to be the same function; the lifter shares no code with what wrote
 * them, so that a bug in one is seen by the other.
 */
#include "filter/filter.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "codegen/codegen.h"
#include "diagram/meaning.h"
#include "filter/frequency.h"
#include "lang/lang.h"
#include "prove/prove.h"

#include <stdlib.h>
#include <string.h>

/* An arch's name, and all of them in a list. */
#define ARCH_NAME_MAX 31

static void diagram_free_pointer(struct diagram **diagram)
{
	diagram_free(*diagram);
}

void filter_free_pointer(struct callgate_filter **filter)
{
	callgate_filter_free(*filter);
}

static int take_arch(const char *name, size_t length, bool arches[ABI_ARCH_COUNT], struct callgate_error *err)
{
	char copy[ARCH_NAME_MAX + 1] = "";
	const struct abi_arch *arch;

	if (length <= ARCH_NAME_MAX)
		memcpy(copy, name, length);
	arch = abi_arch_by_name(copy);
	if (!arch) {
		error_set(err, CALLGATE_E_UNKNOWN, "unknown arch '%.*s'", (int)length, name);
		error_hint(err, "there are %s", abi_arch_names());
		return CALLGATE_E_UNKNOWN;
	}
	arches[arch->id] = true;
	return CALLGATE_OK;
}

/* "x86_64, i386" */
static int take_arches(const char *names, bool ret_arches[ABI_ARCH_COUNT], struct callgate_error *err)
{
	bool arches[ABI_ARCH_COUNT] = { false };

	for (;;) {
		size_t blanks = strspn(names, " "), length = strcspn(names + blanks, ",");
		const char *end = names + blanks + length;
		int status;

		while (length && names[blanks + length - 1] == ' ')
			length--;
		status = take_arch(names + blanks, length, arches, err);
		if (status)
			return status;
		if (!*end)
			break;
		names = end + 1;
	}
	memcpy(ret_arches, arches, sizeof(arches));
	return CALLGATE_OK;
}

int filter_meaning(const struct policy *policy, const struct callgate_filter_options *options, struct diagram *diagram,
		   uint32_t *ret_root, struct callgate_error *err)
{
	struct policy as_asked = *policy; /* borrows all that the policy points to */
	int status;

	if (options && options->arches) {
		status = take_arches(options->arches, as_asked.arches, err);
		if (!status)
			status = policy_check(&as_asked, err);
		if (status)
			return status;
	}
	if (options && options->has_launch_secret)
		return diagram_from_policy_with_launch(diagram, &as_asked, options->launch_secret, ret_root, err);
	return diagram_from_policy(diagram, &as_asked, ret_root, err);
}

static int generate(struct diagram *diagram, uint32_t root, const struct callgate_filter_options *options,
		    struct bpf_program *ret_program, struct callgate_error *err)
{
	cleanup(arena_fini) struct arena arena = { 0 };
	struct codegen_options how = { 0 };
	struct codegen_weight *weights = NULL;

	if (options && options->frequency) {
		int status = frequency_weights(options->frequency, &arena, &weights, &how.weight_count, err);

		if (status)
			return status;
	}
	how.weights = weights;
	how.no_bitmap = options && options->no_bitmap;
	return codegen_program(diagram, root, &how, ret_program, err);
}

int filter_from_diagram(struct diagram *diagram, uint32_t root, const struct callgate_filter_options *options,
			struct callgate_filter **ret_filter, struct callgate_error *err)
{
	cleanup(filter_free_pointer) struct callgate_filter *filter = calloc(1, sizeof(*filter));
	int status;

	if (!filter)
		return fail_nomem(err);
	status = generate(diagram, root, options, &filter->program, err);
	if (!status)
		status = bpf_check(filter->program.insns, filter->program.length, err);
	if (!status)
		status = prove_equal(diagram, filter->program.insns, filter->program.length, root, err);
	if (status)
		return status;
	*ret_filter = take_ptr(filter);
	return CALLGATE_OK;
}

int filter_from_policy(const struct policy *policy, const struct callgate_filter_options *options,
		       struct callgate_filter **ret_filter, struct callgate_error *err)
{
	cleanup(diagram_free_pointer) struct diagram *diagram = diagram_new(0);
	uint32_t root;
	int status;

	if (!diagram)
		return fail_nomem(err);
	status = filter_meaning(policy, options, diagram, &root, err);
	return status ? status : filter_from_diagram(diagram, root, options, ret_filter, err);
}

int callgate_filter_compile(const struct callgate_policy *policy, const struct callgate_filter_options *options,
			    struct callgate_filter **ret_filter, struct callgate_error *err)
{
	return filter_from_policy(policy->policy, options, ret_filter, err);
}

void callgate_filter_free(struct callgate_filter *filter)
{
	if (filter)
		free(filter->program.insns);
	free(filter);
}

const struct sock_filter *callgate_filter_program(const struct callgate_filter *filter, size_t *ret_length)
{
	*ret_length = filter->program.length;
	return filter->program.insns;
}
