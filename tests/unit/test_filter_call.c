#include "unit.h"

#include "filter/call.h"

#include <string.h>

static struct call parsed(const char *text)
{
	struct callgate_error err = { 0 };
	struct call call;

	if (call_parse(text, strlen(text), &call, NULL, &err))
		fail_msg("%s: col %u: %s", text, err.col, err.message);
	return call;
}

static void assert_refused(const char *text, int status, unsigned col)
{
	struct callgate_error err = { 0 };
	struct call call = { .data = { .nr = 77 } };

	assert_int_equal(call_parse(text, strlen(text), &call, NULL, &err), status);
	assert_int_equal(err.col, col);
	assert_int_equal(call.data.nr, 77);
	assert_true(err.message[0]);
}

static void a_call_has_its_number_and_arch(void **state)
{
	struct call call = parsed("x86_64:openat(1, 2, 3)");

	assert_int_equal(call.data.nr, 257);
	assert_int_equal(call.data.arch, abi_arch(ABI_X86_64)->audit);
	assert_int_equal(call.data.args[0], 1);
	assert_int_equal(call.data.args[2], 3);
	assert_int_equal(call.data.args[3], 0);
	assert_int_equal(parsed("i386:open()").data.nr, 5);
	assert_int_equal(parsed("i386:open()").data.arch, abi_arch(ABI_I386)->audit);
	assert_int_equal(parsed("x32:read").data.nr, 0x40000000);
}

static void a_number_stands_for_a_call(void **state)
{
	assert_int_equal(parsed("x86_64:#257(7)").data.nr, 257);
	assert_ptr_equal(parsed("x86_64:#257").syscall, abi_syscall_by_name("openat"));
	assert_null(parsed("x86_64:#99999(7)").syscall);
	assert_int_equal(parsed("x86_64:#0xffffffff").data.nr, -1);
}

static void a_number_tells_more_of_its_arch_than_a_name(void **state)
{
	assert_ptr_equal(parsed("x86_64:#0x40000000").arch, abi_arch(ABI_X32));
	assert_ptr_equal(parsed("x32:#0").arch, abi_arch(ABI_X86_64));
	assert_ptr_equal(parsed("0xc000003e:#0(1)").arch, abi_arch(ABI_X86_64));
	assert_null(parsed("0x12345678:#7(1)").arch);
	assert_int_equal(parsed("0x12345678:#7(1)").data.arch, 0x12345678);
	assert_true(parsed("x86_64:read(1) at 0x7f00").data.instruction_pointer == 0x7f00);
}

static void constants_are_joined_and_negatives_fill_their_width(void **state)
{
	struct call call = parsed("x86_64:openat(AT_FDCWD, 0x10, O_WRONLY | O_CREAT|O_CLOEXEC, 0644)");

	assert_true(call.data.args[0] == 0xffffff9c);
	assert_int_equal(call.data.args[2], 01 | 0100 | 02000000);
	assert_int_equal(call.data.args[3], 0644);
	assert_true(parsed("x86_64:lseek(0, -1, SEEK_SET)").data.args[1] == UINT64_MAX);
	assert_true(parsed("x86_64:dup(-1)").data.args[0] == 0xffffffff);
	assert_true(parsed("x86_64:dup(0xffffffffffffffff)").data.args[0] == UINT64_MAX);
	assert_true(parsed("i386:dup(-1)").data.args[0] == 0xffffffff);
	assert_int_equal(parsed("x86_64:dup(0o17)").data.args[0], 15);
}

static void arguments_may_be_named(void **state)
{
	assert_int_equal(parsed("x86_64:openat(flags=O_RDWR)").data.args[2], 2);
	assert_int_equal(parsed("x86_64:openat(arg3=7)").data.args[3], 7);
}

static void what_strace_writes_is_read(void **state)
{
	struct call call =
		parsed("x86_64:openat(AT_FDCWD</root>, \"/etc/pa\\\"ss,wd\", O_RDONLY|O_CLOEXEC) = 3</etc/passwd>");

	assert_int_equal(call.data.args[2], 02000000);
	assert_true(call.data.args[1] != 0);
	assert_true(parsed("x86_64:execve(\"/bin/ls\"..., [\"ls\", \"-l\"], 0x7ffd /* 20 vars */) = 0").data.args[2] ==
		    0x7ffd);
	assert_true(parsed("x86_64:newfstatat(3, \"\", {st_mode=S_IFREG|0644, st_size=1, ...}, AT_EMPTY_PATH) = 0")
			    .data.args[3] == 0x1000);
	assert_int_equal(parsed("x86_64:close(3<socket:[1234]>) = 0").data.args[0], 3);
	assert_int_equal(parsed("x86_64:fcntl(255, F_SETFD, FD_CLOEXEC) = 0").data.args[2], 1);
	assert_int_equal(parsed("x86_64:rt_sigaction(SIGRT_1, NULL, {sa_handler=SIG_DFL}, 8) = 0").data.args[0], 33);
	assert_int_equal(parsed("x86_64:prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN) = 1").data.args[1], 21);
	assert_int_equal(parsed("x86_64:setsockopt(3, SOL_NETLINK, NETLINK_EXT_ACK, [1], 4) = 0").data.args[2], 11);
	assert_int_equal(parsed("x86_64:ioctl(4, FS_IOC_FIEMAP, {fm_start=0} => {fm_flags=0, ...}) = 0").data.args[0],
			 4);
}

static void what_is_wrong_has_its_place(void **state)
{
	assert_refused("", CALLGATE_E_SYNTAX, 1);
	assert_refused("x86_64:opne()", CALLGATE_E_UNKNOWN, 8);
	assert_refused("x87:open()", CALLGATE_E_UNKNOWN, 1);
	assert_refused("aarch64:open()", CALLGATE_E_UNKNOWN, 9);
	assert_refused("x86_64:read(1", CALLGATE_E_SYNTAX, 12);
	assert_refused("x86_64:read(1 2)", CALLGATE_E_SYNTAX, 15);
	assert_refused("x86_64:read(\"abc)", CALLGATE_E_SYNTAX, 13);
	assert_refused("x86_64:read({[)", CALLGATE_E_SYNTAX, 13);
	assert_refused("x86_64:read(1,2,3,4,5,6,7)", CALLGATE_E_SYNTAX, 25);
	assert_refused("x86_64:read(0x)", CALLGATE_E_SYNTAX, 13);
	assert_refused("x86_64:read({a} => {b", CALLGATE_E_SYNTAX, 20);
	assert_refused("x86_64:kill(1, SIGRT_33)", CALLGATE_E_UNKNOWN, 16);
	assert_refused("x86_64:read(99999999999999999999)", CALLGATE_E_SYNTAX, 13);
	assert_refused("x86_64:read(fd) more", CALLGATE_E_UNKNOWN, 13);
	assert_refused("x86_64:read(1) more", CALLGATE_E_SYNTAX, 16);
	assert_refused("x86_64:openat(0, 0, O_RDONYL)", CALLGATE_E_UNKNOWN, 21);
	assert_refused("x86_64:openat(flag=1)", CALLGATE_E_UNKNOWN, 15);
	assert_refused("i386:dup(0x100000000)", CALLGATE_E_SYNTAX, 10);
	assert_refused("x86_64:#0x100000000", CALLGATE_E_SYNTAX, 8);
	assert_refused("0x12345678:read()", CALLGATE_E_UNKNOWN, 12);
	assert_refused("0x123456789:#7()", CALLGATE_E_SYNTAX, 1);
	assert_refused("x86_64:read(1) at", CALLGATE_E_SYNTAX, 16);
}

static void no_depth_of_signs_reaches_the_stack(void **state)
{
	char text[100000] = "x86_64:read(";
	size_t length = strlen(text);
	struct callgate_error err;
	struct call call;

	memset(text + length, '~', sizeof(text) - length);
	assert_int_equal(call_parse(text, sizeof(text), &call, NULL, &err), CALLGATE_E_LIMIT);
}

UNIT_TESTS(test_filter_call, cmocka_unit_test(a_call_has_its_number_and_arch),
	   cmocka_unit_test(a_number_stands_for_a_call), cmocka_unit_test(a_number_tells_more_of_its_arch_than_a_name),
	   cmocka_unit_test(constants_are_joined_and_negatives_fill_their_width),
	   cmocka_unit_test(arguments_may_be_named), cmocka_unit_test(what_strace_writes_is_read),
	   cmocka_unit_test(what_is_wrong_has_its_place), cmocka_unit_test(no_depth_of_signs_reaches_the_stack), )
