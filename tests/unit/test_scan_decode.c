#include "unit.h"

#include "base/cleanup.h"
#include "elf/module.h"
#include "scan/insn.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void free_module(struct module **module)
{
	module_free(*module);
}

static bool is_flow(const struct insn *insn)
{
	return insn->op == INSN_CALL || insn->op == INSN_JUMP || insn->op == INSN_BRANCH || insn->op == INSN_RETURN ||
	       insn->op == INSN_SYSCALL || insn->op == INSN_INT80 || insn->op == INSN_TRAP ||
	       insn->op == INSN_CALL_INDIRECT || insn->op == INSN_JUMP_INDIRECT || insn->op == INSN_INVALID;
}

static bool is_same(const struct insn *quick, const struct insn *whole)
{
	if (quick->length != whole->length || is_flow(quick) != is_flow(whole))
		return false;
	if (is_flow(quick) && (quick->op != whole->op || quick->imm != whole->imm || quick->source != whole->source))
		return false;
	if (is_flow(quick) && quick->op != INSN_JUMP_INDIRECT && quick->op != INSN_CALL_INDIRECT)
		return true;
	if (quick->op == INSN_NOP && whole->op == INSN_NOP)
		return true;
	if (quick->has_memory &&
	    (!whole->has_memory || quick->base != whole->base || quick->index != whole->index ||
	     quick->displacement != whole->displacement || quick->is_absolute != whole->is_absolute ||
	     (quick->index != REGISTER_NONE && quick->scale != whole->scale)))
		return false;
	if (quick->op != INSN_PUSH && quick->op != INSN_POP && quick->op != INSN_LEAVE && quick->op != INSN_LEA &&
	    (quick->has_memory != whole->has_memory || quick->reads_memory != whole->reads_memory ||
	     quick->writes_memory != whole->writes_memory))
		return false;
	if (is_flow(quick))
		return true; /* what a call does to the stack is not in its masks */
	/* xor of a register with itself reads it in name only; flags are not compared. */
	return quick->writes == whole->writes && (whole->reads & ~quick->reads) == 0;
}

static void compare_code(const struct module *module, size_t *ret_quick, size_t *ret_all)
{
	for (size_t i = 0; i < module->frames.length; i++) {
		const struct module_frame *frame = &module->frames.items[i];
		size_t room = module_room(module, frame->start);
		const uint8_t *code = module_bytes(module, frame->start, room);

		for (uint64_t at = frame->start; at < frame->end && at - frame->start < room;) {
			uint64_t past = at - frame->start;
			struct insn quick, whole;

			insn_decode_any(code + past, room - past, at, &whole);
			if (insn_decode_common(code + past, room - past, at, &quick)) {
				if (!is_same(&quick, &whole))
					fail_msg("%s: %#" PRIx64 ": op %u/%u length %u/%u reads %x/%x writes %x/%x",
						 module->path, at, quick.op, whole.op, quick.length, whole.length,
						 quick.reads, whole.reads, quick.writes, whole.writes);
				++*ret_quick;
			}
			++*ret_all;
			at += whole.length;
		}
	}
}

static void the_quick_decoder_says_what_zydis_says(void **state)
{
	static const char *const paths[] = { "/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2",
					     "/bin/true", "/lib/x86_64-linux-gnu/libm.so.6" };
	size_t quick = 0, all = 0;

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		cleanup(free_module) struct module *module = NULL;

		assert_int_equal(module_open(paths[i], &module, NULL), CALLGATE_OK);
		compare_code(module, &quick, &all);
	}
	assert_true(all > 200000);
	assert_true(quick > all / 10 * 7);
}

static void an_instruction_cut_off_by_its_segment_is_invalid(void **state)
{
	static const uint8_t move[] = { 0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8 };
	struct insn insn;

	insn_decode(move, sizeof(move), 0x1000, &insn);
	assert_int_equal(insn.op, INSN_MOVE);
	assert_int_equal(insn.imm, 0x0807060504030201);
	for (size_t room = 1; room < sizeof(move); room++) {
		insn_decode(move, room, 0x1000, &insn);
		assert_int_equal(insn.op, INSN_INVALID);
		assert_int_equal(insn.length, 1);
	}
}

static void a_call_of_another_arch_is_told(void **state)
{
	static const uint8_t int80[] = { 0xcd, 0x80 }, sysenter[] = { 0x0f, 0x34 }, breakpoint[] = { 0xcd, 0x03 };
	struct insn insn;

	insn_decode(int80, sizeof(int80), 0, &insn);
	assert_int_equal(insn.op, INSN_INT80);
	insn_decode(sysenter, sizeof(sysenter), 0, &insn);
	assert_int_equal(insn.op, INSN_INT80);
	insn_decode(breakpoint, sizeof(breakpoint), 0, &insn);
	assert_int_equal(insn.op, INSN_OTHER);
}

UNIT_TESTS(test_scan_decode, cmocka_unit_test(the_quick_decoder_says_what_zydis_says),
	   cmocka_unit_test(an_instruction_cut_off_by_its_segment_is_invalid),
	   cmocka_unit_test(a_call_of_another_arch_is_told))
