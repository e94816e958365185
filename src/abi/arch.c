/*
 * The arches, and which of them a call belongs to.
 *
 * arches.def is expanded into both tables here: the arches themselves, in the order of their ids, and every other
 * spelling that people and formats have for them.
 */
#include "abi/abi.h"

#include <string.h>

#define X32_BIT 0x40000000U
#define LITTLE	(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

static const struct abi_arch arches[ABI_ARCH_COUNT] = {
#define ARCH(id, name, audit, word_bits, pointer_bits, big_endian, nr_base) \
	[id] = { name, id, audit, nr_base, word_bits, pointer_bits, big_endian },
#define ARCH_BESIDE(id, other)
#define ARCH_SPELLING(spelling, id)
#include "abi/arches.def"
#undef ARCH
#undef ARCH_BESIDE
#undef ARCH_SPELLING
};

static const struct {
	char name[24];
	enum abi_arch_id id;
} spellings[] = {
#define ARCH(id, name, audit, word_bits, pointer_bits, big_endian, nr_base)
#define ARCH_BESIDE(id, other)
#define ARCH_SPELLING(spelling, id) { spelling, id },
#include "abi/arches.def"
#undef ARCH
#undef ARCH_BESIDE
#undef ARCH_SPELLING
};

static const struct {
	enum abi_arch_id id, other;
} besides[] = {
#define ARCH(id, name, audit, word_bits, pointer_bits, big_endian, nr_base)
#define ARCH_BESIDE(id, other) { id, other },
#define ARCH_SPELLING(spelling, id)
#include "abi/arches.def"
#undef ARCH
#undef ARCH_BESIDE
#undef ARCH_SPELLING
};

/* Each name behind a comma; the first comma is not shown. */
static const char arch_names[] =
#define ARCH(id, name, audit, word_bits, pointer_bits, big_endian, nr_base) ", " name
#define ARCH_BESIDE(id, other)
#define ARCH_SPELLING(spelling, id)
#include "abi/arches.def"
#undef ARCH
#undef ARCH_BESIDE
#undef ARCH_SPELLING
	;

const char *abi_arch_names(void)
{
	return arch_names + 2;
}

const struct abi_arch *abi_arch(enum abi_arch_id id)
{
	return (unsigned)id < ABI_ARCH_COUNT ? &arches[id] : NULL;
}

const struct abi_arch *abi_arch_by_name(const char *name)
{
	for (size_t i = 0; i < ABI_ARCH_COUNT; i++)
		if (strcmp(arches[i].name, name) == 0)
			return &arches[i];
	for (size_t i = 0; i < sizeof(spellings) / sizeof(*spellings); i++)
		if (strcmp(spellings[i].name, name) == 0)
			return &arches[spellings[i].id];
	return NULL;
}

const struct abi_arch *abi_arch_beside(enum abi_arch_id id, size_t index)
{
	for (size_t i = 0; i < sizeof(besides) / sizeof(*besides); i++)
		if (besides[i].id == id && index-- == 0)
			return &arches[besides[i].other];
	return NULL;
}

const struct abi_arch *abi_arch_native(void)
{
#if defined(__x86_64__) && defined(__ILP32__)
	return &arches[ABI_X32];
#elif defined(__x86_64__)
	return &arches[ABI_X86_64];
#elif defined(__i386__)
	return &arches[ABI_I386];
#elif defined(__aarch64__)
	return &arches[ABI_AARCH64];
#elif defined(__arm__)
	return &arches[ABI_ARM];
#elif defined(__riscv) && __riscv_xlen == 64
	return &arches[ABI_RISCV64];
#elif defined(__loongarch64)
	return &arches[ABI_LOONGARCH64];
#elif defined(__powerpc64__)
	return &arches[LITTLE ? ABI_PPC64LE : ABI_PPC64];
#elif defined(__powerpc__)
	return &arches[ABI_PPC];
#elif defined(__s390x__)
	return &arches[ABI_S390X];
#elif defined(__s390__)
	return &arches[ABI_S390];
#elif defined(__mips__) && _MIPS_SIM == _ABI64
	return &arches[LITTLE ? ABI_MIPS64EL : ABI_MIPS64];
#elif defined(__mips__) && _MIPS_SIM == _ABIN32
	return &arches[LITTLE ? ABI_MIPS64ELN32 : ABI_MIPS64N32];
#elif defined(__mips__)
	return &arches[LITTLE ? ABI_MIPSEL : ABI_MIPS];
#elif defined(__hppa__)
	return &arches[sizeof(long) == 8 ? ABI_PARISC64 : ABI_PARISC];
#elif defined(__m68k__)
	return &arches[ABI_M68K];
#elif defined(__sh__)
	return &arches[LITTLE ? ABI_SH : ABI_SHEB];
#else
	_Static_assert(false, "the arch of this build is not in arches.def");
#endif
}

const struct abi_arch *abi_arch_of_call(uint32_t audit, uint32_t nr)
{
	if (audit == arches[ABI_X86_64].audit)
		return &arches[nr & X32_BIT ? ABI_X32 : ABI_X86_64];
	for (size_t i = 0; i < ABI_ARCH_COUNT; i++)
		if (arches[i].audit == audit)
			return &arches[i];
	return NULL;
}
