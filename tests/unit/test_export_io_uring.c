/*
 * The filters of io_uring, run as the kernel would run them (io_uring/bpf_filter.c of Linux 7.0): over its context, for
 * requests whose calls are asked of the subject. What is let through could be called, and the other way round.
 */
#include "unit.h"

#include "base/cleanup.h"
#include "bpf/bpf.h"
#include "conversion.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* struct io_uring_bpf_ctx, which no installed header has. */
struct context {
	uint64_t user_data;
	uint8_t opcode, sqe_flags, pdu_size, pad[5];
	union {
		struct {
			uint32_t family, type, protocol;
		} socket;
		struct {
			uint64_t flags, mode, resolve;
		} open;
	};
};

_Static_assert(sizeof(struct context) == 40, "as the kernel has it");

enum { OPCODES = 65, SOCKET = 45, OPENAT = 18, OPENAT2 = 28 };

/* O_LARGEFILE, which libc defines as 0 where long has 64 bits. */
#if defined(__aarch64__) || defined(__arm__)
#define KERNEL_LARGEFILE 0400000
#elif defined(__powerpc64__)
#define KERNEL_LARGEFILE 0200000
#else
#define KERNEL_LARGEFILE 0100000
#endif

struct filters {
	struct sock_filter insns[OPCODES][64];
	size_t length[OPCODES]; /* 0: refused */
	unsigned pdu_size[OPCODES];
};

/* What the kernel's checker takes of what is written (io_uring_check_cbpf_filter). */
static bool kernel_takes(const struct sock_filter *insn)
{
	switch (insn->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return insn->k < sizeof(struct context) && insn->k % 4 == 0;
	case BPF_RET | BPF_K:
	case BPF_ALU | BPF_AND | BPF_K:
	case BPF_ALU | BPF_SUB | BPF_K:
	case BPF_JMP | BPF_JA:
	case BPF_JMP | BPF_JEQ | BPF_K:
	case BPF_JMP | BPF_JGE | BPF_K:
	case BPF_JMP | BPF_JGT | BPF_K:
	case BPF_JMP | BPF_JSET | BPF_K:
		return true;
	default:
		return false;
	}
}

static size_t read_array(const char *text, const char *name, struct sock_filter insns[64])
{
	char begins[128];
	const char *row;
	size_t length = 0;

	snprintf(begins, sizeof(begins), "static struct sock_filter callgate_op_%s[] = {\n", name);
	row = strstr(text, begins);
	assert_non_null(row);
	for (row += strlen(begins); *row == '\t'; row = strchr(row, '\n') + 1) {
		unsigned code, jt, jf, k;

		assert_int_equal(sscanf(row, "\t{ %x, %u, %u, %x }", &code, &jt, &jf, &k), 4);
		assert_true(length < 64);
		insns[length] = (struct sock_filter){ (uint16_t)code, (uint8_t)jt, (uint8_t)jf, k };
		assert_true(kernel_takes(&insns[length]));
		length++;
	}
	return length;
}

static void read_filters(const char *text, struct filters *filters)
{
	const char *row = strstr(text, "callgate_opcodes[] = {\n");

	memset(filters, 0, sizeof(*filters));
	assert_non_null(row);
	for (row = strchr(row, '\n') + 1; *row == '\t'; row = strchr(row, '\n') + 1) {
		unsigned number, pdu_size, length;
		char name[64];

		assert_int_equal(sscanf(row, "\t{ %u, %u, %u, callgate_op_%63[A-Z0-9_] }", &number, &pdu_size, &length,
					name),
				 4);
		assert_true(number < OPCODES);
		filters->pdu_size[number] = pdu_size;
		filters->length[number] = read_array(text, name, filters->insns[number]);
		assert_int_equal(filters->length[number], length);
		assert_int_equal(bpf_check(filters->insns[number], length, NULL), 0);
	}
}

static void convert(const struct callgate_subject *subject, struct filters *filters)
{
	cleanup(conversion_free) struct callgate_conversion *conversion = NULL;
	struct callgate_error err = { 0 };

	if (callgate_convert(subject, CALLGATE_TARGET_IO_URING, &conversion, &err))
		fail_msg("%s", err.message);
	assert_null(callgate_conversion_diff(conversion));
	read_filters(callgate_conversion_text(conversion), filters);
}

/* As the kernel: the opcode's filter, or the one of the rest. */
static bool is_let_through(const struct filters *filters, const struct context *context)
{
	struct seccomp_data memory;

	if (!filters->length[context->opcode])
		return false;
	memset(&memory, 0, sizeof(memory));
	memcpy(&memory, context, sizeof(*context));
	return bpf_simulate(filters->insns[context->opcode], filters->length[context->opcode], &memory, NULL) != 0;
}

static bool is_permitted(const struct callgate_subject *subject, const char *call)
{
	struct callgate_action action;

	assert_int_equal(callgate_subject_simulate(subject, call, &action, NULL), 0);
	return callgate_action_permits(action);
}

static const char policy[] = "kernel 7.1\ndefault errno EPERM\n"
			     "allow read, pread64, write, close, futex\n"
			     "allow openat if flags & O_ACCMODE == O_RDONLY and not flags & O_CREAT\n"
			     "allow openat if flags & O_ACCMODE == O_WRONLY and mode <= 0o644\n"
			     "errno EACCES socket if domain == AF_INET and protocol == 17\n"
			     "allow socket if domain in {AF_UNIX, AF_INET} and type & 0xf == SOCK_STREAM\n"
			     "allow socket if domain in 20..30\nlog fsync, fdatasync\n"
			     "allow sendmsg if flags == 0\nnotify connect\n";

static void opcodes_follow_their_calls(void **state)
{
	static const struct {
		unsigned opcode;
		bool let_through;
	} cases[] = {
		{ 0, true },   /* NOP, which does nothing */
		{ 3, true },   /* FSYNC: both of its calls are logged */
		{ 9, false },  /* SENDMSG: only under a condition that no filter of rings can ask */
		{ 16, false }, /* CONNECT: a supervisor would decide */
		{ 19, true },  /* CLOSE */
		{ 22, true },  /* READ: read and pread64 */
		{ 23, false }, /* WRITE: no pwrite64 */
		{ 40, false }, /* MSG_RING */
		{ 46, false }, /* URING_CMD */
		{ 51, true },  /* FUTEX_WAIT: one of its calls is enough */
		{ 63, true },  /* NOP128 */
	};
	cleanup(conversion_free_subject) struct callgate_subject *subject = conversion_subject(policy);
	struct filters filters;

	convert(subject, &filters);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct context context = { .opcode = (uint8_t)cases[i].opcode };

		if (is_let_through(&filters, &context) != cases[i].let_through)
			fail_msg("opcode %u", cases[i].opcode);
	}
}

static void sockets_are_those_that_socket_makes(void **state)
{
	cleanup(conversion_free_subject) struct callgate_subject *subject = conversion_subject(policy);
	struct filters filters;
	unsigned count = 0;

	convert(subject, &filters);
	assert_int_equal(filters.pdu_size[SOCKET], 12);
	for (uint32_t family = 0; family < 34; family++) {
		for (uint32_t type = 0; type < 6; type++) {
			for (uint32_t protocol = 16; protocol < 19; protocol++) {
				struct context context = { .opcode = SOCKET,
							   .socket = { family, type | SOCK_CLOEXEC, protocol } };
				char call[96];

				snprintf(call, sizeof(call), "socket(%u, %u, %u)", family, type | SOCK_CLOEXEC,
					 protocol);
				count += is_let_through(&filters, &context);
				assert_int_equal(is_let_through(&filters, &context), is_permitted(subject, call));
			}
		}
	}
	assert_true(count > 100);
}

/* The kernel adds O_LARGEFILE to what a ring opens, which the policy's author never saw. */
static void files_are_those_that_openat_opens(void **state)
{
	static const unsigned modes[] = { 0, 0600, 0644, 0645, 07777 };
	static const unsigned flags[] = { O_RDONLY,
					  O_WRONLY,
					  O_RDWR,
					  O_RDONLY | O_CREAT,
					  O_WRONLY | O_CREAT,
					  O_RDWR | O_CREAT | O_TRUNC,
					  O_RDONLY | O_CLOEXEC,
					  O_WRONLY | O_NONBLOCK };
	cleanup(conversion_free_subject) struct callgate_subject *subject = conversion_subject(policy);
	struct filters filters;

	convert(subject, &filters);
	assert_int_equal(filters.pdu_size[OPENAT], 24);
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		for (size_t k = 0; k < sizeof(modes) / sizeof(*modes); k++) {
			struct context context = { .opcode = OPENAT,
						   .open = { flags[i] | KERNEL_LARGEFILE, modes[k], 0 } };
			bool permitted;
			char call[96];

			snprintf(call, sizeof(call), "openat(0, 0, %u, %u)", flags[i], modes[k]);
			permitted = is_permitted(subject, call);
			assert_int_equal(is_let_through(&filters, &context), permitted);
			/* openat2 can do what openat can, however it resolves names. */
			context.opcode = OPENAT2;
			context.open.resolve = 0x10;
			assert_int_equal(is_let_through(&filters, &context), permitted);
			context.open.flags |= UINT64_C(1) << 32;
			assert_false(is_let_through(&filters, &context));
		}
	}
}

static void without_the_machines_arch_there_is_nothing_to_write(void **state)
{
#ifdef __s390x__
	cleanup(conversion_free_subject) struct callgate_subject *subject =
		conversion_subject("kernel 7.1\narch x86_64\ndefault allow\n");
#else
	cleanup(conversion_free_subject) struct callgate_subject *subject =
		conversion_subject("kernel 7.1\narch s390x\ndefault allow\n");
#endif
	struct callgate_conversion *conversion = NULL;

	assert_int_equal(callgate_convert(subject, CALLGATE_TARGET_IO_URING, &conversion, NULL),
			 CALLGATE_E_UNSUPPORTED);
	assert_null(conversion);
}

static void a_failing_allocation_fails_the_conversion(void **state)
{
	cleanup(conversion_free_subject) struct callgate_subject *subject = conversion_subject(
		"kernel 7.1\ndefault errno EPERM\nallow read, pread64\nallow socket if domain == AF_UNIX\n");

	FOR_EACH_ALLOCATION({
		struct callgate_conversion *conversion = NULL;
		int status = callgate_convert(subject, CALLGATE_TARGET_IO_URING, &conversion, NULL);

		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		callgate_conversion_free(conversion);
	});
}

UNIT_TESTS(test_export_io_uring, cmocka_unit_test(opcodes_follow_their_calls),
	   cmocka_unit_test(sockets_are_those_that_socket_makes), cmocka_unit_test(files_are_those_that_openat_opens),
	   cmocka_unit_test(without_the_machines_arch_there_is_nothing_to_write),
	   cmocka_unit_test(a_failing_allocation_fails_the_conversion), )
