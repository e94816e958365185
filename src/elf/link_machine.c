/*
 * A program of another machine is read as that machine would load it, as far as that is known here: glibc has folders
 * for levels of x86-64's processors only.
 */
#include "elf/link_machine.h"

#include <elf.h>

#if defined(__x86_64__)
static unsigned level_of_x86_64(void)
{
	__builtin_cpu_init();
	if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("popcnt"))
		return 1;
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("fma"))
		return 2;
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
			       __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
			       __builtin_cpu_supports("avx512vl")
		       ? 4
		       : 3;
}
#else
static unsigned level_of_x86_64(void)
{
	return 1;
}
#endif

static unsigned level_of_others(void)
{
	return 1;
}

static const struct link_machine machines[] = {
	{
		.machine = EM_X86_64,
		.name = "x86_64",
		.triplet = "x86_64-linux-gnu",
		.folders = { "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib",
			     "/usr/lib" },
		.libs = { "lib/x86_64-linux-gnu", "lib64" },
		.musl_path = "/etc/ld-musl-x86_64.path",
		.cache_flags = 0x0303, /* FLAG_X8664_LIB64 | FLAG_ELF_LIBC6 */
		.level = level_of_x86_64,
		.level_name = "x86-64-v",
	},
	{
		.machine = EM_AARCH64,
		.name = "aarch64",
		.triplet = "aarch64-linux-gnu",
		.folders = { "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/lib",
			     "/usr/lib" },
		.libs = { "lib/aarch64-linux-gnu", "lib64" },
		.musl_path = "/etc/ld-musl-aarch64.path",
		.cache_flags = 0x0a03, /* FLAG_AARCH64_LIB64 | FLAG_ELF_LIBC6 */
		.level = level_of_others,
		.level_name = "aarch64-v",
	},
};

const struct link_machine *link_machine(const struct link *link)
{
	uint16_t machine = link->modules.length ? link->modules.items[0]->module->machine : EM_X86_64;

	for (size_t i = 1; i < sizeof(machines) / sizeof(*machines); i++)
		if (machines[i].machine == machine)
			return &machines[i];
	return &machines[0];
}
