#include "unit.h"

#include "base/cleanup.h"
#include "scan/aarch64.h"

#include <inttypes.h>
#include <string.h>

static struct insn decode(uint32_t word)
{
	uint8_t bytes[4];
	struct insn insn;

	memcpy(bytes, &word, sizeof(bytes));
	aarch64_decode(bytes, sizeof(bytes), 0x10000, &insn);
	assert_int_equal(insn.length, 4);
	return insn;
}

static void control_is_told_with_its_target(void **state)
{
	static const struct {
		uint32_t word;
		enum insn_op op;
		int64_t target;
	} rows[] = {
		{ 0x94000002, INSN_CALL, 0x10008 },    /* bl */
		{ 0x17ffffff, INSN_JUMP, 0xfffc },     /* b */
		{ 0x54000041, INSN_BRANCH, 0x10008 },  /* b.ne */
		{ 0x5400004e, INSN_JUMP, 0x10008 },    /* b.al */
		{ 0xb4000040, INSN_BRANCH, 0x10008 },  /* cbz x0 */
		{ 0x36180041, INSN_BRANCH, 0x10008 },  /* tbz w1, #3 */
		{ 0xb400005f, INSN_JUMP, 0x10008 },    /* cbz xzr */
		{ 0xb500005f, INSN_NOP, 0 },	       /* cbnz xzr */
		{ 0xd63f0100, INSN_CALL_INDIRECT, 0 }, /* blr x8 */
		{ 0xd61f0220, INSN_JUMP_INDIRECT, 0 }, /* br x17 */
		{ 0xd73f0862, INSN_CALL_INDIRECT, 0 }, /* blraa x3, x2 */
		{ 0xd65f03c0, INSN_RETURN, 0 },	       /* ret */
		{ 0xd65f0020, INSN_JUMP_INDIRECT, 0 }, /* ret x1 */
		{ 0xd65f0bff, INSN_RETURN, 0 },	       /* retaa */
		{ 0xd4000001, INSN_SYSCALL, 0 },       /* svc #0 */
		{ 0xd4001001, INSN_SYSCALL, 0 },       /* svc #0x80 */
		{ 0xd4200000, INSN_TRAP, 0 },	       /* brk */
		{ 0x00000000, INSN_TRAP, 0 },	       /* udf */
		{ 0xd503245f, INSN_NOP, 0 },	       /* bti c */
		{ 0xd503233f, INSN_NOP, 0 },	       /* paciasp */
		{ 0xd5033bbf, INSN_NOP, 0 },	       /* dmb ish */
		{ 0x02000000, INSN_INVALID, 0 },       { 0x06000000, INSN_INVALID, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct insn insn = decode(rows[i].word);

		assert_int_equal(insn.op, rows[i].op);
		assert_int_equal(insn.imm, rows[i].target);
	}
	assert_int_equal(decode(0x36180041).displacement, 8);
	assert_int_equal(decode(0xd61f0220).source, 17);
}

static void constants_and_addresses_are_made(void **state)
{
	struct insn insn = decode(0xd2800ba8); /* mov x8, #93 */

	assert_int_equal(insn.op, INSN_MOVE);
	assert_int_equal(insn.destination, 8);
	assert_int_equal(insn.imm, 93);
	insn = decode(0x12800000); /* mov w0, #-1 */
	assert_int_equal(insn.imm, 0xffffffff);
	insn = decode(0x92800000); /* mov x0, #-1 */
	assert_int_equal(insn.imm, -1);
	insn = decode(0xf2bfffe1); /* movk x1, #0xffff, lsl #16 */
	assert_int_equal(insn.op, INSN_INSERT);
	assert_int_equal(insn.imm, 0xffff0000);
	assert_int_equal(insn.displacement, 0xffff0000);
	insn = decode(0xb201f3e2); /* mov x2, #0xaaaaaaaaaaaaaaaa */
	assert_int_equal(insn.op, INSN_MOVE);
	assert_int_equal(insn.imm, (int64_t)0xaaaaaaaaaaaaaaaa);
	insn = decode(0xb0000003); /* adrp x3, one page on */
	assert_int_equal(insn.op, INSN_PAGE);
	assert_int_equal(insn.displacement, 0x11000);
	insn = decode(0x10000044); /* adr x4, 8 bytes on */
	assert_int_equal(insn.op, INSN_LEA);
	assert_true(insn.is_absolute);
	assert_int_equal(insn.displacement, 0x10008);
	insn = decode(0x58000045); /* ldr x5, 8 bytes on */
	assert_int_equal(insn.op, INSN_MOVE);
	assert_int_equal(insn.displacement, 0x10008);
}

static void the_zero_register_is_no_register(void **state)
{
	struct insn insn = decode(0xaa1f03e0); /* mov x0, xzr */

	assert_int_equal(insn.op, INSN_MOVE);
	assert_int_equal(insn.operand, OPERAND_IMMEDIATE);
	assert_int_equal(insn.imm, 0);
	insn = decode(0xcb0103e0); /* neg x0, x1 */
	assert_int_equal(insn.op, INSN_RECKON);
	assert_int_equal(insn.base, REGISTER_NONE);
	assert_int_equal(insn.source, 1);
	insn = decode(0x910003e0); /* mov x0, sp */
	assert_int_equal(insn.op, INSN_LEA);
	assert_int_equal(insn.base, SP);
	insn = decode(0xf900001f); /* str xzr, [x0] */
	assert_int_equal(insn.op, INSN_STORE);
	assert_int_equal(insn.operand, OPERAND_IMMEDIATE);
	insn = decode(0xa9007c1f); /* stp xzr, xzr, [x0] */
	assert_int_equal(insn.source, REGISTER_ZERO);
	assert_int_equal(insn.second, REGISTER_ZERO);
	insn = decode(0x1a9f17e0); /* cset w0, eq */
	assert_int_equal(insn.op, INSN_SELECT);
	assert_int_equal(insn.imm, 1);
}

static void a_base_that_moves_is_written(void **state)
{
	struct insn insn = decode(0xa9be7bfd); /* stp x29, x30, [sp, #-32]! */

	assert_int_equal(insn.op, INSN_STORE_PAIR);
	assert_int_equal(insn.displacement, -32);
	assert_int_equal(insn.imm, -32);
	assert_int_equal(insn.writes, UINT32_C(1) << SP);
	insn = decode(0xa8c27bfd); /* ldp x29, x30, [sp], #32 */
	assert_int_equal(insn.op, INSN_LOAD_PAIR);
	assert_int_equal(insn.displacement, 0);
	assert_int_equal(insn.imm, 32);
	assert_int_equal(insn.writes, UINT32_C(7) << X29);
	insn = decode(0x38401401); /* ldrb w1, [x0], #1 */
	assert_int_equal(insn.op, INSN_LOAD_PAIR);
	assert_int_equal(insn.second, REGISTER_NONE);
	assert_int_equal(insn.writes, 3);
}

static void an_index_says_how_much_of_it_counts(void **state)
{
	struct insn insn = decode(0x38604821); /* ldrb w1, [x1, w0, uxtw] */

	assert_int_equal(insn.index, 0);
	assert_int_equal(insn.scale & SCALE_FACTOR, 1);
	assert_int_equal(insn.scale >> SCALE_PART, 3);
	assert_false(insn.scale & SCALE_SIGNED);
	insn = decode(0x8b218801); /* add x1, x0, w1, sxtb #2 */
	assert_int_equal(insn.op, INSN_LEA);
	assert_int_equal(insn.scale & SCALE_FACTOR, 4);
	assert_int_equal(insn.scale >> SCALE_PART, 1);
	assert_true(insn.scale & SCALE_SIGNED);
	insn = decode(0xf8637842); /* ldr x2, [x2, x3, lsl #3] */
	assert_int_equal(insn.scale, 8);
}

static void a_word_that_is_not_whole_or_aligned_is_invalid(void **state)
{
	static const uint8_t nop[] = { 0x1f, 0x20, 0x03, 0xd5 };
	struct insn insn;

	aarch64_decode(nop, sizeof(nop), 0x1000, &insn);
	assert_int_equal(insn.op, INSN_NOP);
	aarch64_decode(nop, 3, 0x1000, &insn);
	assert_int_equal(insn.op, INSN_INVALID);
	aarch64_decode(nop, sizeof(nop), 0x1002, &insn);
	assert_int_equal(insn.op, INSN_INVALID);
	assert_int_equal(insn.length, 1);
}

#ifdef HAVE_CAPSTONE
#include "elf/module.h"

#include <capstone/capstone.h>
#include <unistd.h>

static void free_module(struct module **module)
{
	module_free(*module);
}

static uint32_t mask_of(uint16_t name)
{
	if (name >= ARM64_REG_X0 && name <= ARM64_REG_X28)
		return UINT32_C(1) << (name - ARM64_REG_X0);
	if (name >= ARM64_REG_W0 && name <= ARM64_REG_W30)
		return UINT32_C(1) << (name - ARM64_REG_W0);
	if (name == ARM64_REG_X29 || name == ARM64_REG_X30)
		return UINT32_C(1) << (name == ARM64_REG_X29 ? X29 : X30);
	return name == ARM64_REG_SP || name == ARM64_REG_WSP ? UINT32_C(1) << SP : 0;
}

static uint32_t masks_of(const uint16_t *names, uint8_t count)
{
	uint32_t mask = 0;

	for (uint8_t i = 0; i < count; i++)
		mask |= mask_of(names[i]);
	return mask;
}

struct comparison {
	csh handle;
	cs_insn *theirs;
	size_t all, known;
};

/* Version 4 of Capstone takes the first register of a comparison, and of what goes to the system, to be written, the
 * one of an addition with flags not to be, and has nothing to say of what calls change. */
static bool masks_are_doubtful(unsigned id)
{
	static const unsigned doubtful[] = {
		ARM64_INS_CMP, ARM64_INS_CMN, ARM64_INS_TST, ARM64_INS_MSR, ARM64_INS_SYS,
		ARM64_INS_ADD, ARM64_INS_BL,  ARM64_INS_BLR, ARM64_INS_SVC, ARM64_INS_PRFM
	};

	for (size_t i = 0; i < sizeof(doubtful) / sizeof(*doubtful); i++)
		if (doubtful[i] == id)
			return true;
	return false;
}

static bool masks_agree(const struct comparison *comparison, const struct insn *ours)
{
	cs_regs reads, writes;
	uint8_t read_count, write_count;
	uint32_t read, written;

	if (cs_regs_access(comparison->handle, comparison->theirs, reads, &read_count, writes, &write_count) !=
	    CS_ERR_OK)
		return false;
	read = masks_of(reads, read_count);
	written = masks_of(writes, write_count);
	if (masks_are_doubtful(comparison->theirs->id))
		return true;
	/* Where it spells an instruction otherwise it has the destination read, too. */
	return written == ours->writes && (read & ~ours->reads & ~written) == 0;
}

static bool target_agrees(const cs_arm64 *theirs, const struct insn *ours)
{
	switch (ours->op) {
	case INSN_CALL:
	case INSN_JUMP:
	case INSN_BRANCH:
		return theirs->op_count > 0 && theirs->operands[theirs->op_count - 1].type == ARM64_OP_IMM &&
		       theirs->operands[theirs->op_count - 1].imm == ours->imm;
	case INSN_PAGE:
		return theirs->operands[1].imm == ours->displacement;
	default:
		return true;
	}
}

static bool memory_agrees(const cs_arm64 *theirs, const struct insn *ours)
{
	for (uint8_t i = 0; i < theirs->op_count; i++) {
		const arm64_op_mem *memory = &theirs->operands[i].mem;
		bool has_index =
			ours->op != INSN_LOAD_PAIR && ours->op != INSN_STORE_PAIR && ours->index != REGISTER_NONE;

		if (theirs->operands[i].type != ARM64_OP_MEM || ours->op == INSN_NOP)
			continue;
		return ours->has_memory && mask_of((uint16_t)memory->base) == register_mask(ours->base) &&
		       (has_index ? mask_of((uint16_t)memory->index) == register_mask(ours->index)
				  : memory->disp == ours->displacement);
	}
	return true;
}

static void compare(struct comparison *comparison, const uint8_t *bytes, uint64_t address)
{
	size_t size = 4;
	uint64_t at = address;
	struct insn ours;

	aarch64_decode(bytes, size, address, &ours);
	comparison->all++;
	if (!cs_disasm_iter(comparison->handle, &bytes, &size, &at, comparison->theirs))
		return;
	comparison->known++;
	if (ours.op == INSN_INVALID || !masks_agree(comparison, &ours) ||
	    !target_agrees(&comparison->theirs->detail->arm64, &ours) ||
	    !memory_agrees(&comparison->theirs->detail->arm64, &ours))
		fail_msg("%#" PRIx64 ": %s %s: op %u reads %x writes %x", address, comparison->theirs->mnemonic,
			 comparison->theirs->op_str, ours.op, ours.reads, ours.writes);
}

static void compare_module(struct comparison *comparison, const struct module *module)
{
	for (size_t i = 0; i < module->frames.length; i++) {
		const struct module_frame *frame = &module->frames.items[i];

		for (uint64_t at = frame->start; at + 4 <= frame->end && module_bytes(module, at, 4); at += 4)
			compare(comparison, module_bytes(module, at, 4), at);
	}
}

static void capstone_says_the_same_of_whole_libraries(void **state)
{
	static const char *const paths[] = { "/usr/aarch64-linux-gnu/lib/libc.so.6",
					     "/usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1",
					     "/usr/aarch64-linux-gnu/lib/libm.so.6" };
	struct comparison comparison = { 0 };

	if (access(paths[0], R_OK) != 0)
		skip(); /* the libraries of libc6-arm64-cross are not there */
	assert_int_equal(cs_open(CS_ARCH_ARM64, CS_MODE_ARM, &comparison.handle), CS_ERR_OK);
	assert_int_equal(cs_option(comparison.handle, CS_OPT_DETAIL, CS_OPT_ON), CS_ERR_OK);
	comparison.theirs = cs_malloc(comparison.handle);
	assert_non_null(comparison.theirs);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		cleanup(free_module) struct module *module = NULL;

		assert_int_equal(module_open(paths[i], &module, NULL), CALLGATE_OK);
		compare_module(&comparison, module);
	}
	assert_true(comparison.all > 200000);
	assert_true(comparison.known > comparison.all / 100 * 99);
	cs_free(comparison.theirs, 1);
	cs_close(&comparison.handle);
}
#else
static void capstone_says_the_same_of_whole_libraries(void **state)
{
	skip(); /* built without libcapstone-dev */
}
#endif

UNIT_TESTS(test_scan_aarch64, cmocka_unit_test(control_is_told_with_its_target),
	   cmocka_unit_test(constants_and_addresses_are_made), cmocka_unit_test(the_zero_register_is_no_register),
	   cmocka_unit_test(a_base_that_moves_is_written), cmocka_unit_test(an_index_says_how_much_of_it_counts),
	   cmocka_unit_test(a_word_that_is_not_whole_or_aligned_is_invalid),
	   cmocka_unit_test(capstone_says_the_same_of_whole_libraries))
