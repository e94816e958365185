#include "unit.h"

#include "abi/tables.h"

#include <string.h>
#include <sys/syscall.h>

static void every_number_leads_back_to_its_name(void **state)
{
	for (size_t i = 0; i < abi_syscall_count(); i++) {
		const struct abi_syscall *syscall = abi_syscall_at(i);

		assert_ptr_equal(abi_syscall_by_name(syscall->name), syscall);
		for (int arch = 0; arch < ABI_ARCH_COUNT; arch++) {
			if (syscall->nr[arch] < 0 || strcmp(syscall->name, "arm_sync_file_range") == 0)
				continue;
			assert_ptr_equal(abi_syscall_by_nr((enum abi_arch_id)arch, (uint32_t)syscall->nr[arch]),
					 syscall);
		}
	}
}

static void calls_are_met_in_the_order_of_their_numbers(void **state)
{
	for (enum abi_arch_id arch = 0; arch < ABI_ARCH_COUNT; arch++) {
		const struct abi_syscall *syscall;
		size_t met = 0, there = 0;
		uint32_t next = 0;

		for (; (syscall = abi_syscall_from_nr(arch, next)); met++) {
			assert_true((uint32_t)syscall->nr[arch] >= next);
			next = (uint32_t)syscall->nr[arch] + 1;
		}
		for (size_t i = 0; i < abi_syscall_count(); i++) {
			syscall = abi_syscall_at(i);
			there += syscall->nr[arch] >= 0 &&
				 abi_syscall_by_nr(arch, (uint32_t)syscall->nr[arch]) == syscall;
		}
		assert_int_equal(met, there);
	}
	assert_null(abi_syscall_from_nr(ABI_X86_64, UINT32_MAX));
}

static void names_are_sorted(void **state)
{
	for (size_t i = 1; i < abi_syscall_count(); i++)
		assert_true(strcmp(abi_syscall_at(i - 1)->name, abi_syscall_at(i)->name) < 0);
	assert_null(abi_syscall_at(abi_syscall_count()));
}

static void a_number_that_an_arch_lacks_finds_nothing(void **state)
{
	assert_null(abi_syscall_by_nr(ABI_X86_64, 0xffffffff));
	assert_null(abi_syscall_by_nr(ABI_X86_64, 400));
	assert_null(abi_syscall_by_nr(ABI_X86_64, 0x40000000));
	assert_null(abi_syscall_by_nr(ABI_X32, 0));
	assert_null(abi_syscall_by_nr(ABI_MIPS64EL, 0));
	assert_null(abi_syscall_by_nr(ABI_ARM, 0xf0007));
	assert_null(abi_syscall_by_nr(ABI_ARCH_NONE, 0));
	assert_null(abi_syscall_by_name("opne"));
	assert_null(abi_syscall_by_name(""));
}

static void numbers_have_their_arch_s_base(void **state)
{
	const struct abi_syscall *read = abi_syscall_by_name("read");

	assert_int_equal(read->nr[ABI_X86_64], 0);
	assert_int_equal(read->nr[ABI_I386], 3);
	assert_int_equal(read->nr[ABI_X32], 0x40000000);
	assert_int_equal(read->nr[ABI_AARCH64], 63);
	assert_int_equal(read->nr[ABI_MIPS64EL], 5000);
	assert_int_equal(abi_syscall_by_name("set_tls")->nr[ABI_ARM], 0xf0005);
	assert_int_equal(abi_syscall_by_name("uprobe")->nr[ABI_X86_64], 336);
	assert_int_equal(abi_syscall_by_name("uprobe")->nr[ABI_AARCH64], -1);
	assert_int_equal(abi_syscall_by_name("map_shadow_stack")->nr[ABI_X32], -1);
	assert_int_equal(abi_syscall_by_name("waitpid")->nr[ABI_X86_64], -1);
	assert_int_equal(abi_syscall_by_name("waitpid")->nr[ABI_I386], 7);
}

static void new_calls_have_one_number_everywhere(void **state)
{
	const struct abi_syscall *newest = abi_syscall_by_name("rseq_slice_yield");

	for (int arch = 0; arch < ABI_ARCH_COUNT; arch++)
		assert_int_equal(newest->nr[arch] - (int)abi_arch((enum abi_arch_id)arch)->nr_base, 471);
	assert_int_equal(newest->since, ABI_KERNEL(7, 0));
}

static void the_numbers_are_those_of_this_build(void **state)
{
	assert_int_equal(abi_syscall_by_name("openat")->nr[abi_arch_native()->id], SYS_openat);
	assert_int_equal(abi_syscall_by_name("exit_group")->nr[abi_arch_native()->id], SYS_exit_group);
	assert_int_equal(abi_syscall_by_name("clone3")->nr[abi_arch_native()->id], SYS_clone3);
}

static void a_call_knows_the_kernel_that_brought_it(void **state)
{
	assert_int_equal(abi_syscall_by_name("read")->since, 0);
	assert_int_equal(abi_syscall_by_name("openat")->since, ABI_KERNEL(2, 16));
	assert_int_equal(abi_syscall_by_name("seccomp")->since, ABI_KERNEL(3, 17));
	assert_int_equal(abi_syscall_by_name("clone3")->since, ABI_KERNEL(5, 3));
	assert_int_equal(abi_syscall_by_name("futex_waitv")->since, ABI_KERNEL(5, 16));
	for (size_t i = 0; i < abi_syscall_count(); i++)
		assert_true(abi_syscall_at(i)->since <= ABI_KERNEL_NEWEST);
}

static void arguments_are_as_wide_as_the_kernel_reads_them(void **state)
{
	struct abi_arg args[6];

	assert_int_equal(abi_syscall_args(abi_syscall_by_name("openat"), ABI_X86_64, args), 4);
	assert_string_equal(args[0].name, "dirfd");
	assert_int_equal(args[0].bits, 32);
	assert_true(args[0].is_signed);
	assert_int_equal(args[0].kind, ABI_ARG_DESCRIPTOR);
	assert_string_equal(args[1].name, "pathname");
	assert_int_equal(args[1].kind, ABI_ARG_POINTER);
	assert_string_equal(abi_constant_set_name(args[2].constants), "open flags");
	assert_int_equal(args[3].bits, 16);
	assert_int_equal(abi_syscall_args(abi_syscall_by_name("ioctl"), ABI_X86_64, args), 3);
	assert_string_equal(args[1].name, "request");
	assert_int_equal(args[1].bits, 32);
	assert_int_equal(args[2].bits, 64);
	assert_int_equal(abi_syscall_args(abi_syscall_by_name("ioctl"), ABI_I386, args), 3);
	assert_int_equal(args[2].bits, 32);
}

static void assert_clone(enum abi_arch_id arch, unsigned flags, unsigned tls)
{
	struct abi_arg args[6];

	assert_int_equal(abi_syscall_args(abi_syscall_by_name("clone"), arch, args), 5);
	assert_string_equal(args[flags].name, "flags");
	assert_int_equal(args[flags].bits, 32);
	assert_int_equal(args[flags].kind, ABI_ARG_FLAGS);
	assert_string_equal(args[tls].name, "tls");
}

static void clone_s_order_is_the_arch_s(void **state)
{
	assert_clone(ABI_X86_64, 0, 4);
	assert_clone(ABI_X32, 0, 4);
	assert_clone(ABI_LOONGARCH64, 0, 4);
	assert_clone(ABI_I386, 0, 3);
	assert_clone(ABI_ARM, 0, 3);
	assert_clone(ABI_AARCH64, 0, 3);
	assert_clone(ABI_RISCV64, 0, 3);
	assert_clone(ABI_PPC64LE, 0, 3);
	assert_clone(ABI_MIPS64EL, 0, 3);
	assert_clone(ABI_S390X, 1, 4);
	assert_clone(ABI_S390, 1, 4);
	assert_clone(ABI_MIPS64N32, 0, 3);
	assert_clone(ABI_PARISC, 0, 3);
	assert_clone(ABI_M68K, 0, 4);
	assert_clone(ABI_SH, 0, 4);
}

static void a_64_bit_argument_is_two_on_a_32_bit_arch(void **state)
{
	const struct abi_syscall *pread = abi_syscall_by_name("pread64");
	struct abi_arg args[6];

	assert_int_equal(abi_syscall_args(pread, ABI_X86_64, args), 4);
	assert_int_equal(args[3].bits, 64);
	assert_int_equal(abi_syscall_args(pread, ABI_I386, args), 5);
	assert_string_equal(args[3].name, "offset_low");
	assert_string_equal(args[4].name, "offset_high");
	assert_int_equal(abi_syscall_args(pread, ABI_ARM, args), 6);
	assert_string_equal(args[3].name, "padding");
	assert_string_equal(args[4].name, "offset_low");
	assert_int_equal(abi_syscall_args(pread, ABI_MIPSEL, args), 6);
	assert_string_equal(args[4].name, "offset_low");
	assert_int_equal(abi_syscall_args(pread, ABI_MIPS, args), 6);
	assert_string_equal(args[4].name, "offset_high");
	assert_int_equal(abi_syscall_args(pread, ABI_S390, args), 5);
	assert_string_equal(args[3].name, "offset_high");
	assert_int_equal(abi_syscall_args(pread, ABI_MIPS64N32, args), 4);
	assert_int_equal(args[3].bits, 64);
}

static void n32_reads_some_calls_as_a_32_bit_program_s(void **state)
{
	struct abi_arg args[6];

	assert_int_equal(abi_syscall_args(abi_syscall_by_name("ioctl"), ABI_MIPS64N32, args), 3);
	assert_int_equal(args[2].bits, 32);
	assert_int_equal(abi_syscall_args(abi_syscall_by_name("recvmsg"), ABI_MIPS64ELN32, args), 3);
	assert_int_equal(args[1].bits, 32);
	assert_int_equal(abi_syscall_args(abi_syscall_by_name("write"), ABI_MIPS64ELN32, args), 3);
	assert_int_equal(args[2].bits, 64);
}

static void x32_reads_some_calls_as_a_32_bit_program_s(void **state)
{
	struct abi_arg args[6];

	assert_int_equal(abi_syscall_args(abi_syscall_by_name("ioctl"), ABI_X32, args), 3);
	assert_int_equal(args[2].bits, 32);
	assert_int_equal(abi_syscall_args(abi_syscall_by_name("recvmsg"), ABI_X32, args), 3);
	assert_int_equal(args[1].bits, 32);
	assert_int_equal(args[1].kind, ABI_ARG_POINTER);
	assert_int_equal(abi_syscall_args(abi_syscall_by_name("write"), ABI_X32, args), 3);
	assert_int_equal(args[2].bits, 64);
}

static void no_argument_is_without_a_name_or_wider_than_its_arch(void **state)
{
	for (size_t i = 0; i < abi_syscall_count(); i++) {
		for (int id = 0; id < ABI_ARCH_COUNT; id++) {
			const struct abi_arch *arch = abi_arch((enum abi_arch_id)id);
			struct abi_arg args[6];
			unsigned count = abi_syscall_args(abi_syscall_at(i), arch->id, args);

			assert_true(count <= 6);
			for (unsigned j = 0; j < count && abi_syscall_at(i)->nr[id] >= 0; j++) {
				assert_true(strlen(args[j].name) > 0);
				assert_true(args[j].bits <= arch->word_bits && args[j].bits >= 16);
				if (args[j].kind == ABI_ARG_FLAGS || args[j].kind == ABI_ARG_ENUM)
					assert_non_null(args[j].constants);
				for (unsigned k = 0; k < j; k++)
					assert_string_not_equal(args[j].name, args[k].name);
			}
		}
	}
}

static void the_nearest_name_is_what_was_meant(void **state)
{
	assert_string_equal(abi_syscall_nearest("opne"), "open");
	assert_string_equal(abi_syscall_nearest("clsoe_range"), "close_range");
	assert_string_equal(abi_syscall_nearest("recvmgs"), "recvmsg");
	assert_string_equal(abi_syscall_nearest("epoll_wiat"), "epoll_wait");
	assert_null(abi_syscall_nearest("zzzzzzzzzz"));
	assert_null(abi_syscall_nearest(""));
}

static void a_name_of_any_length_can_be_asked_for(void **state)
{
	char name[5000];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_null(abi_syscall_nearest(name));
	assert_null(abi_syscall_by_name(name));
}

static void parameters_are_named_as_the_kernel_declares_them(void **state)
{
	const struct abi_syscall *clone = abi_syscall_by_name("clone"), *chmod = abi_syscall_by_name("chmod");
	uint8_t bits;

	assert_string_equal(abi_syscall_parameter(clone, ABI_X86_64, 0, &bits), "clone_flags");
	assert_int_equal(bits, 64);
	assert_string_equal(abi_syscall_parameter(clone, ABI_I386, 0, &bits), "clone_flags");
	assert_int_equal(bits, 32);
	assert_string_equal(abi_syscall_parameter(chmod, ABI_X86_64, 1, &bits), "mode");
	assert_int_equal(bits, 16);
	assert_null(abi_syscall_parameter(chmod, ABI_X86_64, 2, &bits));
	assert_null(abi_syscall_parameter(abi_syscall_by_name("getpid"), ABI_X86_64, 0, &bits));
}

UNIT_TESTS(test_abi_syscall, cmocka_unit_test(every_number_leads_back_to_its_name),
	   cmocka_unit_test(calls_are_met_in_the_order_of_their_numbers), cmocka_unit_test(names_are_sorted),
	   cmocka_unit_test(a_number_that_an_arch_lacks_finds_nothing),
	   cmocka_unit_test(numbers_have_their_arch_s_base), cmocka_unit_test(new_calls_have_one_number_everywhere),
	   cmocka_unit_test(the_numbers_are_those_of_this_build),
	   cmocka_unit_test(a_call_knows_the_kernel_that_brought_it),
	   cmocka_unit_test(arguments_are_as_wide_as_the_kernel_reads_them),
	   cmocka_unit_test(clone_s_order_is_the_arch_s), cmocka_unit_test(a_64_bit_argument_is_two_on_a_32_bit_arch),
	   cmocka_unit_test(n32_reads_some_calls_as_a_32_bit_program_s),
	   cmocka_unit_test(x32_reads_some_calls_as_a_32_bit_program_s),
	   cmocka_unit_test(no_argument_is_without_a_name_or_wider_than_its_arch),
	   cmocka_unit_test(the_nearest_name_is_what_was_meant),
	   cmocka_unit_test(parameters_are_named_as_the_kernel_declares_them),
	   cmocka_unit_test(a_name_of_any_length_can_be_asked_for), )
