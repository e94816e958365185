/*
 * A program that calls our libseccomp in any order, with anything: a letter a call, its operands behind it. Whatever
 * was called, a filter that comes out is one that the kernel would take and that was proved, a rule that was refused
 * has changed nothing, and a transaction that was rejected has not been.
 */
#include "fuzz.h"

#include "bpf/bpf.h"
#include "interface.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An export is the dear part. */
enum { CALLS_MAX = 60, EXPORTS_MAX = 12, OPEN_MAX = 4 };

struct image {
	size_t length; /* SIZE_MAX: none was taken */
	struct sock_filter insns[BPF_MAXINSNS];
};

struct script {
	const uint8_t *at, *end;
	struct context *context;
	unsigned exports;
	unsigned open; /* transactions */
};

static struct image images[OPEN_MAX + 1];

static uint8_t take(struct script *script)
{
	return script->at < script->end ? *script->at++ : 0;
}

static uint32_t take_arch(struct script *script)
{
	static const char *const names[] = { "x86_64", "x86",	      "x32",  "arm",   "aarch64",
					     "mips",   "mipsel64n32", "ppc",  "s390x", "s390",
					     "parisc", "riscv64",     "m68k", "sheb",  "native" };
	uint8_t index = take(script) % (sizeof(names) / sizeof(*names));

	return seccomp_arch_resolve_name(names[index]);
}

static uint32_t take_action(struct script *script)
{
	static const uint32_t actions[] = { SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_THREAD,	 SECCOMP_RET_KILL_PROCESS,
					    SECCOMP_RET_TRAP,  SECCOMP_RET_LOG,		 SECCOMP_RET_USER_NOTIF,
					    0x12340000,	       SECCOMP_RET_ERRNO | 5000, SECCOMP_RET_ERRNO };
	uint8_t byte = take(script);

	return byte < 128 ? actions[byte % (sizeof(actions) / sizeof(*actions))] : SECCOMP_RET_ERRNO | byte;
}

static uint64_t take_value(struct script *script)
{
	static const uint64_t edges[] = { 0,	      1,	   3,	       0x7fffffff,
					  UINT32_MAX, 0x100000000, UINT64_MAX, 0xffffffff00000000,
					  0x80000000 };
	uint8_t byte = take(script);

	return byte < 64 ? edges[byte % (sizeof(edges) / sizeof(*edges))] : (uint64_t)byte << (byte % 57);
}

static int take_number(struct script *script)
{
	static const char *const names[] = { "read", "openat", "socket", "shmat", "mmap2", "waitpid", "clone", "ipc" };
	uint8_t byte = take(script);

	return byte < 200 ? seccomp_syscall_resolve_name(names[byte % (sizeof(names) / sizeof(*names))])
			  : 150 - byte * 3;
}

/* No code has more than eight bits: they tell the order of the export. */
static void to_host_order(struct image *image)
{
	if (image->insns[0].code < 0x100)
		return;
	for (size_t i = 0; i < image->length; i++) {
		image->insns[i].code = __builtin_bswap16(image->insns[i].code);
		image->insns[i].k = __builtin_bswap32(image->insns[i].k);
	}
}

static void take_image(struct script *script, struct image *ret_image)
{
	size_t length = sizeof(ret_image->insns);
	int status;

	ret_image->length = SIZE_MAX;
	if (script->exports++ >= EXPORTS_MAX)
		return;
	status = seccomp_export_bpf_mem(script->context, ret_image->insns, &length);
	if (status == -EFAULT)
		abort(); /* not proved */
	if (status)
		return;
	ret_image->length = length / sizeof(*ret_image->insns);
	to_host_order(ret_image);
	if (bpf_check(ret_image->insns, ret_image->length, NULL))
		abort();
}

static void expect_same(struct script *script, const struct image *before)
{
	struct image *now = &images[OPEN_MAX];

	take_image(script, now);
	if (before->length == SIZE_MAX || now->length == SIZE_MAX)
		return;
	if (before->length != now->length || memcmp(before->insns, now->insns, now->length * sizeof(*now->insns)) != 0)
		abort();
}

static int call_rule(struct script *script)
{
	struct scmp_arg_cmp comparisons[7];
	uint32_t action = take_action(script);
	int number = take_number(script);
	unsigned count = take(script) % 8;

	for (unsigned i = 0; i < count; i++) {
		uint8_t kind = take(script);

		comparisons[i] =
			(struct scmp_arg_cmp){ kind % 7, (enum scmp_compare)(kind / 7 % 9), take_value(script), 0 };
		comparisons[i].datum_b = take_value(script);
	}
	if (take(script) & 1)
		return seccomp_rule_add_array(script->context, action, number, count, comparisons);
	return seccomp_rule_add_exact_array(script->context, action, number, count, comparisons);
}

/* A rule, looking at whether it was refused on the second arch after it was added to the first. */
static void call_careful_rule(struct script *script)
{
	static struct image before;

	take_image(script, &before);
	if (call_rule(script))
		expect_same(script, &before);
}

static void call_start(struct script *script)
{
	if (script->open == OPEN_MAX || seccomp_transaction_start(script->context))
		return;
	take_image(script, &images[script->open++]);
}

static void call_reject(struct script *script)
{
	seccomp_transaction_reject(script->context);
	if (script->open)
		expect_same(script, &images[--script->open]);
}

static void call_commit(struct script *script)
{
	seccomp_transaction_commit(script->context);
	script->open -= script->open > 0;
}

static void call_merge(struct script *script)
{
	struct context *other = seccomp_init(take_action(script));

	if (!other)
		return;
	seccomp_arch_remove(other, SCMP_ARCH_NATIVE);
	seccomp_arch_add(other, take_arch(script));
	seccomp_rule_add(other, take_action(script), take_number(script), 0);
	if (script->open || seccomp_merge(script->context, other))
		seccomp_release(other);
}

static void call(struct script *script)
{
	struct image *spare = &images[OPEN_MAX];
	uint8_t first, second;

	switch (take(script)) {
	case 'a':
		seccomp_arch_add(script->context, take_arch(script));
		break;
	case 'd':
		seccomp_arch_remove(script->context, take_arch(script));
		break;
	case 's':
		first = take(script);
		second = take(script);
		seccomp_attr_set(script->context, (enum scmp_filter_attr)(first % 12), second % 3);
		break;
	case 'r':
		call_rule(script);
		break;
	case 'f':
		call_careful_rule(script);
		break;
	case 'p':
		first = take(script);
		seccomp_syscall_priority(script->context, take_number(script), first);
		break;
	case 't':
		call_start(script);
		break;
	case 'j':
		call_reject(script);
		break;
	case 'c':
		call_commit(script);
		break;
	case 'm':
		call_merge(script);
		break;
	case 'P':
		seccomp_precompute(script->context);
		break;
	default:
		take_image(script, spare);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct script script = { .at = bytes, .end = bytes + length };

	seccomp_reset(NULL, 0);
	seccomp_api_set(7);
	script.context = seccomp_init(take_action(&script));
	if (!script.context)
		return 0;
	for (unsigned i = 0; i < CALLS_MAX && script.at < script.end; i++)
		call(&script);
	take_image(&script, &images[OPEN_MAX]);
	seccomp_release(script.context);
	return 0;
}
