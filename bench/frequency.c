/*
 * Names to numbers, so that both sides are weighed by the same calls.
 */
#include "frequency.h"

#include "abi/abi.h"

#include <stdio.h>

bool frequency_read(const char *path, struct arena *arena, struct frequency *ret_frequency)
{
	FILE *file = fopen(path, "re");
	struct frequency frequency = { 0 };
	char name[64];
	double count;

	if (!file) {
		perror(path);
		return false;
	}
	while (fscanf(file, "%63s %lf", name, &count) == 2) {
		const struct abi_syscall *syscall = abi_syscall_by_name(name);
		struct codegen_weight weight = { .audit = abi_arch(ABI_X86_64)->audit, .count = count };

		if (!syscall || syscall->nr[ABI_X86_64] < 0) {
			fprintf(stderr, "%s: unknown call '%s'\n", path, name);
			fclose(file);
			return false;
		}
		weight.nr = (uint32_t)syscall->nr[ABI_X86_64];
		frequency.total += count;
		if (!VEC_PUSH(arena, &frequency, weight))
			return false;
	}
	fclose(file);
	*ret_frequency = frequency;
	return frequency.length;
}
