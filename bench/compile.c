/*
 * One compilation of a policy by one side, for callgrind to count: bench/run collects inside measured_libseccomp or
 * measured_callgate only, so that start-up and reading the rules cost nothing. Each side has a process of its own, lest
 * it pay for the memory that the other left behind.
 *
 *	compile FOLDER POLICY ARCHES SIDE        (ARCHES 1, or 3: x86-64, i386, x32; SIDE libseccomp or callgate)
 *
 * libseccomp resolves names, takes rules and exports its program, as crun does. Ours reads the policy's text, makes
 * its meaning, generates the program, lifts it back and proves it.
 */
#include "base/cleanup.h"
#include "peer.h"

#include <callgate/callgate.h>
#include <callgate/filter.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const enum abi_arch_id arches[] = { ABI_X86_64, ABI_I386, ABI_X32 };

size_t measured_libseccomp(const struct rules *rules, size_t arch_count);
size_t measured_callgate(const struct buf *text);

/* The length of the program; 0 for failure. */
__attribute__((noinline)) size_t measured_libseccomp(const struct rules *rules, size_t arch_count)
{
	scmp_filter_ctx context = peer_libseccomp(rules, arches, arch_count, 1);
	struct bpf_program program = { 0 };

	if (context && peer_export(context, &program))
		free(program.insns);
	if (context)
		seccomp_release(context);
	return program.length;
}

__attribute__((noinline)) size_t measured_callgate(const struct buf *text)
{
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_error err = { 0 };
	size_t length = 0;

	if (callgate_policy_parse("bench", text->data, text->length, NULL, &policy, &err) == CALLGATE_OK &&
	    callgate_filter_compile(policy, NULL, &filter, &err) == CALLGATE_OK)
		callgate_filter_program(filter, &length);
	else
		fprintf(stderr, "callgate: %u: %s\n", err.line, err.message);
	callgate_filter_free(filter);
	callgate_policy_free(policy);
	return length;
}

int main(int argc, char **argv)
{
	cleanup(arena_fini) struct arena arena = { 0 };
	cleanup(buf_fini) struct buf text = { 0 };
	size_t arch_count = argc == 5 ? (size_t)atoi(argv[3]) : 0, length;
	struct rules rules;
	char path[512];

	if (arch_count != 1 && arch_count != 3)
		return 2;
	snprintf(path, sizeof(path), "%s/policies/%s.rules", argv[1], argv[2]);
	if (!rules_read(path, &arena, &rules) || !rules_policy(&rules, arches, arch_count, &text))
		return EXIT_FAILURE;
	length =
		strcmp(argv[4], "libseccomp") == 0 ? measured_libseccomp(&rules, arch_count) : measured_callgate(&text);
	printf("%zu\n", length);
	return length ? 0 : EXIT_FAILURE;
}
