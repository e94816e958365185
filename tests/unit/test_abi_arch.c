#include "unit.h"

#include "abi/abi.h"

#include <linux/audit.h>

static void an_arch_has_its_audit_number(void **state)
{
	assert_int_equal(abi_arch(ABI_X86_64)->audit, AUDIT_ARCH_X86_64);
	assert_int_equal(abi_arch(ABI_I386)->audit, AUDIT_ARCH_I386);
	assert_int_equal(abi_arch(ABI_X32)->audit, AUDIT_ARCH_X86_64);
	assert_int_equal(abi_arch(ABI_ARM)->audit, AUDIT_ARCH_ARM);
	assert_int_equal(abi_arch(ABI_AARCH64)->audit, AUDIT_ARCH_AARCH64);
	assert_int_equal(abi_arch(ABI_RISCV64)->audit, AUDIT_ARCH_RISCV64);
	assert_int_equal(abi_arch(ABI_LOONGARCH64)->audit, AUDIT_ARCH_LOONGARCH64);
	assert_int_equal(abi_arch(ABI_PPC64LE)->audit, AUDIT_ARCH_PPC64LE);
	assert_int_equal(abi_arch(ABI_S390X)->audit, AUDIT_ARCH_S390X);
	assert_int_equal(abi_arch(ABI_MIPS64EL)->audit, AUDIT_ARCH_MIPSEL64);
	assert_int_equal(abi_arch(ABI_MIPS64)->audit, AUDIT_ARCH_MIPS64);
	assert_int_equal(abi_arch(ABI_MIPS64ELN32)->audit, AUDIT_ARCH_MIPSEL64N32);
	assert_int_equal(abi_arch(ABI_MIPS64N32)->audit, AUDIT_ARCH_MIPS64N32);
	assert_int_equal(abi_arch(ABI_MIPSEL)->audit, AUDIT_ARCH_MIPSEL);
	assert_int_equal(abi_arch(ABI_MIPS)->audit, AUDIT_ARCH_MIPS);
	assert_int_equal(abi_arch(ABI_PPC64)->audit, AUDIT_ARCH_PPC64);
	assert_int_equal(abi_arch(ABI_PPC)->audit, AUDIT_ARCH_PPC);
	assert_int_equal(abi_arch(ABI_S390)->audit, AUDIT_ARCH_S390);
	assert_int_equal(abi_arch(ABI_PARISC)->audit, AUDIT_ARCH_PARISC);
	assert_int_equal(abi_arch(ABI_PARISC64)->audit, AUDIT_ARCH_PARISC64);
	assert_int_equal(abi_arch(ABI_M68K)->audit, AUDIT_ARCH_M68K);
	assert_int_equal(abi_arch(ABI_SH)->audit, AUDIT_ARCH_SHEL);
	assert_int_equal(abi_arch(ABI_SHEB)->audit, AUDIT_ARCH_SH);
}

/* Bit 30 of an audit number is little-endian, bit 31 is 64 bits. */
static void an_audit_number_says_the_byte_order(void **state)
{
	for (int id = 0; id < ABI_ARCH_COUNT; id++) {
		const struct abi_arch *arch = abi_arch((enum abi_arch_id)id);

		assert_int_equal(arch->big_endian, !(arch->audit & __AUDIT_ARCH_LE));
		assert_int_equal(arch->word_bits, arch->audit & __AUDIT_ARCH_64BIT ? 64 : 32);
		assert_true(arch->pointer_bits <= arch->word_bits);
	}
}

static void an_arch_is_found_by_every_spelling(void **state)
{
	for (int id = 0; id < ABI_ARCH_COUNT; id++)
		assert_ptr_equal(abi_arch_by_name(abi_arch((enum abi_arch_id)id)->name),
				 abi_arch((enum abi_arch_id)id));
	assert_ptr_equal(abi_arch_by_name("amd64"), abi_arch(ABI_X86_64));
	assert_ptr_equal(abi_arch_by_name("SCMP_ARCH_AARCH64"), abi_arch(ABI_AARCH64));
	assert_ptr_equal(abi_arch_by_name("i686"), abi_arch(ABI_I386));
	assert_null(abi_arch_by_name("vax"));
	assert_null(abi_arch(ABI_ARCH_NONE));
	assert_null(abi_arch(ABI_ARCH_COUNT));
}

static void a_kernel_runs_narrower_programs_of_its_byte_order(void **state)
{
	const struct abi_arch *beside;
	unsigned pairs = 0;

	assert_ptr_equal(abi_arch_beside(ABI_X86_64, 0), abi_arch(ABI_I386));
	assert_ptr_equal(abi_arch_beside(ABI_X86_64, 1), abi_arch(ABI_X32));
	assert_null(abi_arch_beside(ABI_X86_64, 2));
	assert_null(abi_arch_beside(ABI_I386, 0));
	for (int id = 0; id < ABI_ARCH_COUNT; id++) {
		for (size_t i = 0; (beside = abi_arch_beside((enum abi_arch_id)id, i)); i++, pairs++) {
			assert_int_equal(beside->pointer_bits, 32);
			assert_int_equal(abi_arch((enum abi_arch_id)id)->pointer_bits, 64);
			assert_int_equal(beside->big_endian, abi_arch((enum abi_arch_id)id)->big_endian);
		}
	}
	assert_int_equal(pairs, 10);
}

static void bit_30_of_the_number_tells_x32(void **state)
{
	assert_ptr_equal(abi_arch_of_call(AUDIT_ARCH_X86_64, 0), abi_arch(ABI_X86_64));
	assert_ptr_equal(abi_arch_of_call(AUDIT_ARCH_X86_64, 0x40000000), abi_arch(ABI_X32));
	assert_ptr_equal(abi_arch_of_call(AUDIT_ARCH_X86_64, 0xffffffff), abi_arch(ABI_X32));
	assert_ptr_equal(abi_arch_of_call(AUDIT_ARCH_I386, 0x40000000), abi_arch(ABI_I386));
	assert_ptr_equal(abi_arch_of_call(AUDIT_ARCH_S390X, 4), abi_arch(ABI_S390X));
	assert_null(abi_arch_of_call(0, 0));
}

UNIT_TESTS(test_abi_arch, cmocka_unit_test(an_arch_has_its_audit_number),
	   cmocka_unit_test(an_audit_number_says_the_byte_order), cmocka_unit_test(an_arch_is_found_by_every_spelling),
	   cmocka_unit_test(a_kernel_runs_narrower_programs_of_its_byte_order),
	   cmocka_unit_test(bit_30_of_the_number_tells_x32), )
