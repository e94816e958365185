#include "unit.h"

#include "abi/abi.h"
#include "base/cleanup.h"
#include "launch/decode.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

/* Our own memory stands for the target's. */
static void decodes(const char *name, const uint64_t args[6], const char *wanted)
{
	const struct abi_arch *arch = abi_arch_native();
	const struct abi_syscall *syscall = abi_syscall_by_name(name);
	cleanup(buf_fini) struct buf text = { 0 };
	struct tracer_call call = { .audit = arch->audit };

	assert_non_null(syscall);
	call.nr = (uint32_t)syscall->nr[arch->id];
	memcpy(call.args, args, sizeof(call.args));
	decode_call(&text, getpid(), &call);
	assert_string_equal(buf_text(&text), wanted);
}

#define ARGS(...)   ((const uint64_t[6]){ __VA_ARGS__ })
#define AT(pointer) ((uint64_t)(uintptr_t)(pointer))

static void constants_have_their_names(void **state)
{
	decodes("socket", ARGS(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP),
		"socket(AF_INET, SOCK_RAW|SOCK_CLOEXEC, 1)");
	decodes("openat", ARGS((uint64_t)AT_FDCWD, AT("/etc/passwd"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600),
		"openat(AT_FDCWD, \"/etc/passwd\", O_CLOEXEC|O_CREAT|O_WRONLY, S_IRUSR|S_IWUSR)");
}

static void only_the_bits_that_the_kernel_reads_count(void **state)
{
	decodes("close", ARGS(0xdeadbeef00000003), "close(3)");
	decodes("kill", ARGS(0xffffffff, 9), "kill(-1, SIGKILL)");
}

/* Who reads such a page waits for whoever holds the descriptor, which is us. */
static void a_page_that_is_never_handed_in_is_not_waited_for(void **state)
{
	cleanup_fd int faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char wanted[48];
	char *page;

	if (faults < 0 || ioctl(faults, UFFDIO_API, &api) < 0) {
		print_message("# userfaultfd: %s\n", strerror(errno));
		skip();
	}
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(page, MAP_FAILED);
	range.range = (struct uffdio_range){ .start = AT(page), .len = 4096 };
	assert_int_equal(ioctl(faults, UFFDIO_REGISTER, &range), 0);
	snprintf(wanted, sizeof(wanted), "chdir(0x%llx)", (unsigned long long)AT(page));
	decodes("chdir", ARGS(AT(page)), wanted);
	munmap(page, 4096);
}

static void an_argument_list_is_shown(void **state)
{
	const char *argv[] = { "sh", "-c", "echo \"a\\b\"\n\033[1m", NULL };
	const char *many[16] = { "1", "2", "3", "4", "5", "6", "7", "8", "9", NULL };

	decodes("execve", ARGS(AT("/bin/sh"), AT(argv), 0),
		"execve(\"/bin/sh\", [\"sh\", \"-c\", \"echo \\\"a\\\\b\\\"\\n\\x1b[1m\"], NULL)");
	decodes("execve", ARGS(AT("/bin/sh"), AT(many), 0x10),
		"execve(\"/bin/sh\", [\"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\", ...], 0x10)");
}

static void an_address_of_a_socket_is_shown(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(80), .sin_addr = { htonl(0x7f000001) } };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(443),
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/run/x.sock" };
	struct sockaddr_un abstract = { .sun_family = AF_UNIX, .sun_path = "\0name" };
	sa_family_t netlink = AF_NETLINK;

	decodes("connect", ARGS(3, AT(&in), sizeof(in)), "connect(3, {AF_INET, 127.0.0.1:80}, 16)");
	decodes("connect", ARGS(3, AT(&in6), sizeof(in6)), "connect(3, {AF_INET6, [::1]:443}, 28)");
	decodes("connect", ARGS(3, AT(&un), sizeof(un)), "connect(3, {AF_UNIX, \"/run/x.sock\"}, 110)");
	decodes("connect", ARGS(3, AT(&abstract), 7), "connect(3, {AF_UNIX, \"\\x00name\"}, 7)");
	decodes("connect", ARGS(3, AT(&netlink), 2), "connect(3, {family 16, 2 bytes}, 2)");
	decodes("connect", ARGS(3, AT(&in), 4), "connect(3, {family 2, 4 bytes}, 4)");
}

/* A length, an address, a string without an end: none leads outside of what is there. */
static void what_cannot_be_read_is_an_address(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char long_path[4096], wanted[256];

	assert_ptr_not_equal(memory, MAP_FAILED);
	assert_int_equal(mprotect(memory + page, page, PROT_NONE), 0);
	memcpy(memory + page - 4, "/abc", 4);
	decodes("chdir", ARGS(AT(memory + page - 4)), "chdir(\"/abc\"...)");
	decodes("chdir", ARGS(8), "chdir(0x8)");
	decodes("chdir", ARGS(0), "chdir(NULL)");
	decodes("connect", ARGS(3, 8, UINT64_MAX), "connect(3, 0x8, -1)");
	decodes("execve", ARGS(8, 8, 8), "execve(0x8, 0x8, 0x8)");
	munmap(memory, 2 * page);
	memset(long_path, 'a', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	snprintf(wanted, sizeof(wanted), "chdir(\"%.128s\"...)", long_path);
	decodes("chdir", ARGS(AT(long_path)), wanted);
}

static void other_arches_and_numbers_without_a_name_are_said(void **state)
{
	cleanup(buf_fini) struct buf text = { 0 };

	decode_call(&text, getpid(),
		    &(struct tracer_call){ .audit = abi_arch(ABI_X86_64)->audit, .nr = 0x40000000 | 110 });
	buf_puts(&text, " ");
	decode_call(&text, getpid(), &(struct tracer_call){ .audit = 0x1234, .nr = 1 });
	buf_puts(&text, " ");
	decode_call(&text, getpid(), &(struct tracer_call){ .audit = abi_arch(ABI_X86_64)->audit, .nr = 9999 });
	assert_string_equal(buf_text(&text), "x32:getppid() call 1 of an unknown arch 0x1234 "
					     "#9999(0x0, 0x0, 0x0, 0x0, 0x0, 0x0)");
}

UNIT_TESTS(test_launch_decode, cmocka_unit_test(constants_have_their_names),
	   cmocka_unit_test(only_the_bits_that_the_kernel_reads_count),
	   cmocka_unit_test(a_page_that_is_never_handed_in_is_not_waited_for),
	   cmocka_unit_test(an_argument_list_is_shown), cmocka_unit_test(an_address_of_a_socket_is_shown),
	   cmocka_unit_test(what_cannot_be_read_is_an_address),
	   cmocka_unit_test(other_arches_and_numbers_without_a_name_are_said), )
