#include "unit.h"

#include "prove/prove.h"

#include <linux/audit.h>
#include <stdio.h>

static void assert_format(struct seccomp_data data, const char *expected)
{
	struct buf text = { 0 };

	prove_format_call(&data, &text);
	assert_string_equal(buf_text(&text), expected);
	buf_fini(&text);
}

/* The arch's name stands before the call only where it is not this machine's. */
static void assert_x86_64(struct seccomp_data data, const char *expected)
{
	char text[200];

	data.arch = AUDIT_ARCH_X86_64;
	snprintf(text, sizeof(text), "%s%s", abi_arch_native()->id == ABI_X86_64 ? "" : "x86_64 ", expected);
	assert_format(data, text);
}

static void arguments_have_their_constants_names(void **state)
{
	assert_x86_64((struct seccomp_data){ .nr = 257, .args = { 0xffffff9c, 0, 0 } },
		      "openat(AT_FDCWD, 0x0, O_RDONLY, 0)");
	assert_x86_64((struct seccomp_data){ .nr = 257, .args = { 3, 0x1000, 0x80041, 420 } },
		      "openat(3, 0x1000, O_CLOEXEC | O_CREAT | O_WRONLY, 0o644)");
	assert_x86_64((struct seccomp_data){ .nr = 41, .args = { 1, 1, 0 } }, "socket(AF_UNIX, SOCK_STREAM, 0)");
}

static void what_the_kernel_would_not_read_is_shown(void **state)
{
	assert_x86_64((struct seccomp_data){ .nr = 3, .args = { 0x100000003 } }, "close(0x100000003)");
	assert_x86_64((struct seccomp_data){ .nr = 39, .args = { 0, 0, 7 } }, "getpid(0, 0, 0x7)");
	assert_x86_64((struct seccomp_data){ .nr = 39, .instruction_pointer = 0x4000 }, "getpid() at 0x4000");
}

static void numbers_stand_for_what_has_no_name(void **state)
{
	assert_x86_64((struct seccomp_data){ .nr = 5000 }, "#5000()");
	assert_format((struct seccomp_data){ .nr = -1, .arch = AUDIT_ARCH_X86_64 }, "x32:#4294967295()");
	assert_format((struct seccomp_data){ .nr = 5, .arch = 0x1234 }, "0x00001234:#5()");
}

static void foreign_arches_are_named_and_read_in_their_byte_order(void **state)
{
	assert_format((struct seccomp_data){ .nr = 5, .arch = AUDIT_ARCH_S390X, .args = { 0, UINT64_C(577) << 32 } },
		      "s390x:open(0x0, O_CREAT | O_TRUNC | O_WRONLY, 0)");
	assert_format((struct seccomp_data){ .nr = 5, .arch = AUDIT_ARCH_I386, .args = { 0, 2 } },
		      "i386:open(0x0, O_RDWR, 0)");
}

UNIT_TESTS(test_prove_format, cmocka_unit_test(arguments_have_their_constants_names),
	   cmocka_unit_test(what_the_kernel_would_not_read_is_shown),
	   cmocka_unit_test(numbers_stand_for_what_has_no_name),
	   cmocka_unit_test(foreign_arches_are_named_and_read_in_their_byte_order), )
