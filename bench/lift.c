/*
 * What it costs to understand a filter: libseccomp's for Docker's profile, lifted into a diagram that was empty. Beside
 * it stands what libseccomp needed to make that filter from its rules; the two take turns.
 *
 *	lift FOLDER        prints a line a filter: arches, optimize, length, nodes, both medians in microseconds
 */
#include "base/cleanup.h"
#include "peer.h"
#include "prove/prove.h"
#include "times.h"

#include <stdio.h>
#include <stdlib.h>

static const enum abi_arch_id arches[] = { ABI_X86_64, ABI_I386, ABI_X32 };

enum { ROUNDS = 51 };

/* libseccomp's program, and how long it took; false after a message. */
static bool make(const struct rules *rules, size_t arch_count, unsigned optimize, struct bpf_program *ret_program,
		 double *ret_took)
{
	double before = times_now();
	scmp_filter_ctx context = peer_libseccomp(rules, arches, arch_count, optimize);
	bool made = context && peer_export(context, ret_program);

	*ret_took = times_now() - before;
	if (context)
		seccomp_release(context);
	return made;
}

/* The nodes of its meaning, 0 for failure, and how long it took to find. */
static size_t lift(const struct bpf_program *program, double *ret_took)
{
	double before = times_now();
	struct diagram *diagram = diagram_new(0);
	uint32_t root;
	bool lifted = diagram && prove_lift(diagram, program->insns, program->length, &root, NULL) == CALLGATE_OK;
	size_t nodes;

	*ret_took = times_now() - before;
	nodes = lifted ? diagram_count(diagram, root) : 0;
	diagram_free(diagram);
	return nodes;
}

static bool print_lift(const struct rules *rules, size_t arch_count, unsigned optimize)
{
	double made[ROUNDS], lifted[ROUNDS];
	size_t length = 0, nodes = 0;

	for (size_t i = 0; i < ROUNDS; i++) {
		struct bpf_program program;

		if (!make(rules, arch_count, optimize, &program, &made[i]))
			return false;
		length = program.length;
		nodes = lift(&program, &lifted[i]);
		free(program.insns);
		if (!nodes)
			return false;
	}
	printf("lift\t%zu\t%u\t%zu\t%zu\t%.1f\t%.1f\n", arch_count, optimize, length, nodes,
	       times_median(lifted, ROUNDS), times_median(made, ROUNDS));
	return true;
}

int main(int argc, char **argv)
{
	cleanup(arena_fini) struct arena arena = { 0 };
	struct rules rules;
	char path[512];

	if (argc != 2)
		return 2;
	snprintf(path, sizeof(path), "%s/policies/docker.rules", argv[1]);
	if (!rules_read(path, &arena, &rules))
		return EXIT_FAILURE;
	for (size_t arch_count = 1; arch_count <= 3; arch_count += 2)
		for (unsigned optimize = 1; optimize <= 2; optimize++)
			if (!print_lift(&rules, arch_count, optimize))
				return EXIT_FAILURE;
	return 0;
}
