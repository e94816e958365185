/*
 * Which registers matter where. An address that a register holds escapes when paths join that disagree about it, but
 * only if somebody reads that register later: without this, every leftover would count, and with it the functions of
 * whole tables that nobody looks at.
 */
#include "scan/code.h"

static void insn_masks(const struct arch *arch, const struct code_insn *item, uint32_t *ret_reads, uint32_t *ret_writes)
{
	*ret_reads = item->insn.reads;
	*ret_writes = item->insn.writes;
	switch (item->insn.op) {
	case INSN_CALL:
	case INSN_CALL_INDIRECT:
		*ret_reads |= arch->call_reads;
		*ret_writes |= arch->call_changes;
		break;
	case INSN_SYSCALL:
	case INSN_INT80:
		*ret_reads |= arch->syscall_reads;
		*ret_writes |= arch->syscall_changes;
		break;
	case INSN_RETURN:
		*ret_reads |= arch->return_reads;
		break;
	case INSN_JUMP_INDIRECT:
		*ret_reads = arch->registers;
		break;
	default:
		break;
	}
	if (item->is_tail)
		*ret_reads = arch->registers;
}

static void block_masks(const struct code_function *function, struct code_block *block)
{
	const struct arch *arch = function->map->arch;

	block->uses = block->defines = 0;
	for (uint32_t i = block->first; i < block->end; i++) {
		const struct code_insn *item = &function->insns.items[i];
		uint32_t reads = item->insn.reads, writes = item->insn.writes;

		if (item->is_tail || item->insn.op >= INSN_CALL)
			insn_masks(arch, item, &reads, &writes);
		block->uses |= reads & ~block->defines;
		block->defines |= writes;
	}
	block->live_in = block->uses;
}

static uint32_t block_live_in(const struct code_function *function, uint32_t block)
{
	return block == CODE_NONE ? 0 : function->blocks.items[block].live_in;
}

void code_function_liveness(struct code_function *function)
{
	bool changed = true;

	for (size_t i = 0; i < function->blocks.length; i++)
		block_masks(function, &function->blocks.items[i]);
	while (changed) {
		changed = false;
		for (size_t i = function->order.length; i-- > 0;) {
			struct code_block *block = &function->blocks.items[function->order.items[i]];
			uint32_t out = block_live_in(function, block->next) | block_live_in(function, block->target);
			uint32_t in = block->uses | (out & ~block->defines);

			changed |= in != block->live_in;
			block->live_in = in;
		}
	}
	function->entries_live = 0;
	for (size_t i = 1; i < function->blocks.length; i++)
		if (function->blocks.items[i].is_entry)
			function->entries_live |= function->blocks.items[i].live_in;
}
