/*
 * Filters that another compiler made. libseccomp lays the same rules out as a chain or as a tree, for several arches in
 * one program and for either byte order: the meaning must be one.
 */
#include "unit.h"

#include "base/cleanup.h"
#include "prove/prove.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

struct foreign_rule {
	uint32_t action;
	const char *syscall;
	unsigned count;
	struct scmp_arg_cmp compare[3];
};

/* What a container's profile and a monitor's thread ask for: plain calls, values, orders, masks, several arguments. */
static const char *const plain[] = {
	"accept4",	   "access",	      "bind",		"brk",		"capget",
	"chdir",	   "clock_gettime",   "close",		"connect",	"dup3",
	"epoll_ctl",	   "epoll_pwait",     "execve",		"exit",		"exit_group",
	"faccessat",	   "fchmod",	      "fcntl",		"fstat",	"fsync",
	"futex_waitv",	   "getcwd",	      "getdents64",	"getpid",	"getrandom",
	"getsockopt",	   "listen",	      "lseek",		"mkdirat",	"mprotect",
	"munmap",	   "nanosleep",	      "newfstatat",	"openat",	"pipe2",
	"ppoll",	   "pread64",	      "prlimit64",	"read",		"readlinkat",
	"recvmsg",	   "rt_sigaction",    "rt_sigprocmask", "rt_sigreturn", "sendmsg",
	"set_robust_list", "set_tid_address", "setsockopt",	"statx",	"sysinfo",
	"uname",	   "unlinkat",	      "wait4",		"write",	"writev",
};

static const struct foreign_rule rules[] = {
	{ SCMP_ACT_ALLOW, "socket", 1, { { 0, SCMP_CMP_LT, 38, 0 } } },
	{ SCMP_ACT_ALLOW, "socket", 1, { { 0, SCMP_CMP_EQ, 39, 0 } } },
	{ SCMP_ACT_ALLOW, "socket", 1, { { 0, SCMP_CMP_GT, 40, 0 } } },
	{ SCMP_ACT_ALLOW, "personality", 1, { { 0, SCMP_CMP_EQ, 0, 0 } } },
	{ SCMP_ACT_ALLOW, "personality", 1, { { 0, SCMP_CMP_EQ, 8, 0 } } },
	{ SCMP_ACT_ALLOW, "personality", 1, { { 0, SCMP_CMP_EQ, 0xffffffff, 0 } } },
	{ SCMP_ACT_ALLOW, "clone", 1, { { 0, SCMP_CMP_MASKED_EQ, 0x7e020000, 0 } } },
	{ SCMP_ACT_ERRNO(38), "clone3", 0, { { 0 } } },
	{ SCMP_ACT_ALLOW, "futex", 1, { { 1, SCMP_CMP_MASKED_EQ, 0xffffffff, 0 } } },
	{ SCMP_ACT_ALLOW, "futex", 1, { { 1, SCMP_CMP_MASKED_EQ, 0xffffffff, 129 } } },
	{ SCMP_ACT_ALLOW, "ioctl", 1, { { 1, SCMP_CMP_EQ, 0x5401, 0 } } },
	{ SCMP_ACT_ALLOW, "ioctl", 1, { { 1, SCMP_CMP_MASKED_EQ, 0xffffff00, 0xae00 } } },
	{ SCMP_ACT_ALLOW, "prctl", 2, { { 0, SCMP_CMP_EQ, 15, 0 }, { 1, SCMP_CMP_NE, 0, 0 } } },
	{ SCMP_ACT_ALLOW, "mmap", 2, { { 2, SCMP_CMP_MASKED_EQ, 4, 0 }, { 3, SCMP_CMP_LE, 0x8022, 0 } } },
	{ SCMP_ACT_TRACE(7), "madvise", 1, { { 2, SCMP_CMP_GE, UINT64_C(0x100000000), 0 } } },
	{ SCMP_ACT_KILL_PROCESS, "ptrace", 0, { { 0 } } },
};

static void release_filter(scmp_filter_ctx *filter)
{
	if (*filter)
		seccomp_release(*filter);
}

static void add_rules(scmp_filter_ctx filter)
{
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		int nr = seccomp_syscall_resolve_name(plain[i]);

		if (nr != __NR_SCMP_ERROR)
			seccomp_rule_add(filter, SCMP_ACT_ALLOW, nr, 0);
	}
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		int nr = seccomp_syscall_resolve_name(rules[i].syscall);

		if (nr != __NR_SCMP_ERROR)
			seccomp_rule_add_array(filter, rules[i].action, nr, rules[i].count, rules[i].compare);
	}
}

/* libseccomp writes a program in its arch's byte order; the kernel that would run it sees ours. */
static void to_host_order(struct sock_filter *insns, size_t length, uint32_t arch)
{
	bool big_endian = arch == SCMP_ARCH_S390X || arch == SCMP_ARCH_PPC64 || arch == SCMP_ARCH_PPC;

	for (size_t i = 0; i < length && big_endian != abi_arch_native()->big_endian; i++) {
		insns[i].code = __builtin_bswap16(insns[i].code);
		insns[i].k = __builtin_bswap32(insns[i].k);
	}
}

/* The root of the rules as libseccomp compiles them for these arches (0 ends them). */
static uint32_t foreign_root(struct diagram *diagram, const uint32_t *arches, unsigned optimize, size_t *ret_length)
{
	cleanup(release_filter) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(1));
	cleanup_fd int fd = memfd_create("filter", MFD_CLOEXEC);
	struct sock_filter insns[BPF_MAXINSNS];
	struct callgate_error err;
	uint32_t root, arch = *arches;
	ssize_t size;

	assert_non_null(filter);
	assert_int_equal(seccomp_arch_remove(filter, SCMP_ARCH_NATIVE), 0);
	for (; *arches; arches++)
		assert_int_equal(seccomp_arch_add(filter, *arches), 0);
	assert_int_equal(seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, optimize), 0);
	add_rules(filter);
	assert_int_equal(seccomp_export_bpf(filter, fd), 0);
	size = pread(fd, insns, sizeof(insns), 0);
	assert_true(size > 0);
	*ret_length = (size_t)size / sizeof(*insns);
	to_host_order(insns, *ret_length, arch);
	if (prove_lift(diagram, insns, *ret_length, &root, &err) != CALLGATE_OK)
		fail_msg("%s", err.message);
	return root;
}

static void a_chain_and_a_tree_have_one_meaning(void **state)
{
	static const uint32_t sets[][4] = {
		{ SCMP_ARCH_X86_64 },
		{ SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32 },
		{ SCMP_ARCH_AARCH64, SCMP_ARCH_ARM },
		{ SCMP_ARCH_RISCV64 },
		{ SCMP_ARCH_PPC64LE },
		{ SCMP_ARCH_MIPSEL64 },
		{ SCMP_ARCH_S390X },
		{ SCMP_ARCH_PPC64, SCMP_ARCH_PPC },
	};

	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
		struct diagram *diagram = diagram_new(0);
		size_t chain_length, tree_length;
		uint32_t chain = foreign_root(diagram, sets[i], 1, &chain_length);
		uint32_t tree = foreign_root(diagram, sets[i], 2, &tree_length);

		assert_int_equal(chain, tree);
		print_message("# %zu and %zu instructions, %zu nodes\n", chain_length, tree_length,
			      diagram_count(diagram, chain));
		diagram_free(diagram);
	}
}

static void other_rules_have_another_meaning(void **state)
{
	static const uint32_t native[] = { SCMP_ARCH_X86_64, 0 }, foreign[] = { SCMP_ARCH_AARCH64, 0 };
	struct diagram *diagram = diagram_new(0);
	size_t length;

	assert_int_not_equal(foreign_root(diagram, native, 1, &length), foreign_root(diagram, foreign, 1, &length));
	diagram_free(diagram);
}

UNIT_TESTS(test_prove_foreign, cmocka_unit_test(a_chain_and_a_tree_have_one_meaning),
	   cmocka_unit_test(other_rules_have_another_meaning), )
