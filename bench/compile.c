/*
 * One compilation, for callgrind to count: bench/run starts it with --toggle-collect on one of the functions named
 * measured_*, so that start-up and reading the rules cost nothing.
 *
 *	compile FOLDER POLICY ARCHES        (1, or 3: x86-64, i386, x32)
 */
#include "codegen/codegen.h"
#include "peer.h"
#include "prove/prove.h"

#include <stdio.h>
#include <stdlib.h>

static const enum abi_arch_id arches[] = { ABI_X86_64, ABI_I386, ABI_X32 };

#define MEASURED __attribute__((noinline))

bool measured_libseccomp(const struct rules *rules, size_t arch_count, struct bpf_program *ret_program);
struct diagram *measured_diagram(const struct rules *rules, size_t arch_count, uint32_t *ret_root);
int measured_codegen(struct diagram *diagram, uint32_t root, struct bpf_program *ret_program);
int measured_proof(struct diagram *diagram, const struct bpf_program *program, uint32_t root);

/* Names, rules, filter and its program, as crun does. */
MEASURED bool measured_libseccomp(const struct rules *rules, size_t arch_count, struct bpf_program *ret_program)
{
	scmp_filter_ctx context = peer_libseccomp(rules, arches, arch_count, 1);
	bool ok = context && peer_export(context, ret_program);

	if (context)
		seccomp_release(context);
	return ok;
}

MEASURED struct diagram *measured_diagram(const struct rules *rules, size_t arch_count, uint32_t *ret_root)
{
	struct diagram *diagram = diagram_new(0);

	if (diagram)
		*ret_root = rules_diagram(rules, diagram, arches, arch_count);
	return diagram;
}

MEASURED int measured_codegen(struct diagram *diagram, uint32_t root, struct bpf_program *ret_program)
{
	return codegen_program(diagram, root, NULL, ret_program, NULL);
}

MEASURED int measured_proof(struct diagram *diagram, const struct bpf_program *program, uint32_t root)
{
	uint32_t lifted;
	int status = prove_lift(diagram, program->insns, program->length, &lifted, NULL);

	return status == CALLGATE_OK && lifted == root ? CALLGATE_OK : CALLGATE_E_UNPROVED;
}

int main(int argc, char **argv)
{
	struct arena arena = { 0 };
	struct bpf_program peer, ours;
	struct diagram *diagram;
	struct rules rules;
	size_t arch_count = argc == 4 ? (size_t)atoi(argv[3]) : 0;
	uint32_t root = DIAGRAM_NONE;
	char path[512];

	if (arch_count != 1 && arch_count != 3)
		return 2;
	snprintf(path, sizeof(path), "%s/policies/%s.rules", argv[1], argv[2]);
	if (!rules_read(path, &arena, &rules) || !measured_libseccomp(&rules, arch_count, &peer))
		return EXIT_FAILURE;
	diagram = measured_diagram(&rules, arch_count, &root);
	if (!diagram || root == DIAGRAM_NONE || measured_codegen(diagram, root, &ours) ||
	    measured_proof(diagram, &ours, root))
		return EXIT_FAILURE;
	printf("%zu %zu\n", peer.length, ours.length);
	free(peer.insns);
	free(ours.insns);
	diagram_free(diagram);
	arena_fini(&arena);
	return 0;
}
