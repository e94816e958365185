/*
 * The filters of io_uring that go with a subject, as C that registers them for the task: an array for each opcode whose
 * requests are let through, under a condition or whatever they ask for; all others are refused. The kernel's header is
 * newer than most machines', so that its structs stand in the text.
 *
 * It is proved by its arrays: what is written is taken out of the text, moved back to where seccomp has the arguments,
 * and lifted.
 */
#include "export/uring.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "codegen/codegen.h"
#include "prove/prove.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_BEGINS "static const struct callgate_opcode callgate_opcodes[] = {\n"
#define ARRAY_BEGINS "static struct sock_filter callgate_op_%s[] = {\n"
/* The array of all opcodes that are let through whatever they ask for. */
#define ANY	     "ANY"

static const char head[] =
	" *\n"
	" * callgate_confine_io_uring() registers them for the calling thread and what it starts, for good: on Linux "
	"7.0 and\n"
	" * later, before the first ring is made, since older rings stay as they are. A request that is refused "
	"completes\n"
	" * with EACCES. It takes no library. Load the seccomp filter of the same policy beside it.\n"
	" */\n"
	"#include <errno.h>\n"
	"#include <linux/filter.h>\n"
	"#include <stdint.h>\n"
	"#include <string.h>\n"
	"#include <sys/prctl.h>\n"
	"#include <sys/syscall.h>\n"
	"#ifdef __cplusplus\n"
	"#include <unistd.h>\n"
	"#else\n"
	"long syscall(long number, ...);\n"
	"#endif\n\n"
	"struct callgate_opcode {\n"
	"\tuint8_t number, pdu_size;\n"
	"\tuint16_t length;\n"
	"\tstruct sock_filter *insns;\n"
	"};\n\n"
	"/* struct io_uring_bpf of linux/io_uring/bpf_filter.h. */\n"
	"struct callgate_io_uring_bpf {\n"
	"\tuint16_t cmd_type, cmd_flags;\n"
	"\tuint32_t resv;\n"
	"\tuint32_t opcode, flags, filter_len;\n"
	"\tuint8_t pdu_size, resv1[3];\n"
	"\tuint64_t filter_ptr, resv2[5];\n"
	"};\n\n";

static const char loader[] =
	"static inline int callgate_register_opcode(const struct callgate_opcode *opcode, uint32_t flags)\n"
	"{\n"
	"\tstruct callgate_io_uring_bpf bpf;\n\n"
	"\tmemset(&bpf, 0, sizeof(bpf));\n"
	"\tbpf.cmd_type = 1; /* IO_URING_BPF_CMD_FILTER */\n"
	"\tbpf.opcode = opcode->number;\n"
	"\tbpf.flags = flags;\n"
	"\tbpf.filter_len = opcode->length;\n"
	"\tbpf.pdu_size = opcode->pdu_size;\n"
	"\tbpf.filter_ptr = (uint64_t)(uintptr_t)opcode->insns;\n"
	"\treturn syscall(SYS_io_uring_register, -1, 37 /* IORING_REGISTER_BPF_FILTER */, &bpf, 1) ? -1 : 0;\n"
	"}\n\n"
	"/* 0, or -1 with errno: EINVAL where the kernel has no such filters. An opcode that it does not take is "
	"refused with\n"
	" * those that are not named. The first one, which every kernel has, says both whether there are filters and, "
	"at the\n"
	" * end, that the rest is refused. */\n"
	"static inline int callgate_confine_io_uring(void)\n"
	"{\n"
	"\tif (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) || callgate_register_opcode(&callgate_opcodes[0], 0))\n"
	"\t\treturn -1;\n"
	"\tfor (unsigned i = 1; i < sizeof(callgate_opcodes) / sizeof(*callgate_opcodes); i++)\n"
	"\t\t(void)callgate_register_opcode(&callgate_opcodes[i], 0);\n"
	"\treturn callgate_register_opcode(&callgate_opcodes[0], 1 /* IO_URING_BPF_FILTER_DENY_REST */);\n"
	"}\n";

struct writing {
	struct export *export;
	struct buf arrays, table, refused;
	unsigned conditional, whole; /* opcodes that are let through */
};

static void writing_fini(struct writing *writing)
{
	buf_fini(&writing->arrays);
	buf_fini(&writing->table);
	buf_fini(&writing->refused);
}

static void program_fini(struct bpf_program *program)
{
	free(program->insns);
}

static uint32_t as_action(uint32_t value, void *context)
{
	(void)context;
	return value == DIAGRAM_TRUE ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_THREAD;
}

/* What the opcode's filter returns: 0 refuses, and is seccomp's kill-thread; all else lets through. */
static int root_of(struct export *export, uint32_t condition, uint32_t *ret_root)
{
	*ret_root = diagram_map(export->subject->diagram, as_action, NULL, condition);
	return *ret_root == DIAGRAM_NONE ? diagram_fail(export->subject->diagram, export->err) : CALLGATE_OK;
}

/* Loads of arguments become loads of the context. */
static int move_loads(struct export *export, const struct uring_opcode *opcode, struct bpf_program *program, bool back)
{
	for (size_t i = 0; i < program->length; i++) {
		struct sock_filter *insn = &program->insns[i];
		int offset;

		if (insn->code != (BPF_LD | BPF_W | BPF_ABS))
			continue;
		offset = back ? uring_offset_back(opcode->context, insn->k) : uring_offset(opcode->context, insn->k);
		if (offset < 0)
			return fail(export->err, CALLGATE_E_UNPROVED,
				    "the filter of %s looks at what its context has not", opcode->name);
		insn->k = (uint32_t)offset;
	}
	return CALLGATE_OK;
}

static void write_array(struct buf *text, const char *name, const struct sock_filter *insns, size_t length)
{
	buf_printf(text, ARRAY_BEGINS, name);
	for (size_t i = 0; i < length; i++)
		buf_printf(text, "\t{ 0x%02x, %u, %u, 0x%08x },\n", insns[i].code, insns[i].jt, insns[i].jf,
			   insns[i].k);
	buf_puts(text, "};\n\n");
}

static int write_conditional(struct writing *writing, const struct uring_opcode *opcode, uint32_t condition)
{
	struct export *export = writing->export;
	cleanup(program_fini) struct bpf_program program = { 0 };
	struct codegen_options options = { 0 };
	uint32_t root;
	int status = root_of(export, condition, &root);

	if (!status)
		status = codegen_program(export->subject->diagram, root, &options, &program, export->err);
	if (!status)
		status = move_loads(export, opcode, &program, false);
	if (status)
		return status;
	write_array(&writing->arrays, opcode->name, program.insns, program.length);
	buf_printf(&writing->table, "\t{ %u, %u, %zu, callgate_op_%s },\n", opcode->number,
		   uring_pdu_size(opcode->context), program.length, opcode->name);
	writing->conditional++;
	return CALLGATE_OK;
}

static int write_opcode(struct writing *writing, const struct uring_opcode *opcode)
{
	struct diagram *diagram = writing->export->subject->diagram;
	uint32_t condition;
	const char *refused;
	int status = uring_condition(writing->export, opcode, &condition, &refused, writing->export->err);

	if (status)
		return status;
	if (condition == diagram_terminal(diagram, DIAGRAM_FALSE)) {
		buf_printf(&writing->refused, " *\t%s: %s\n", opcode->name, refused ? refused : opcode->calls);
	} else if (condition == diagram_terminal(diagram, DIAGRAM_TRUE)) {
		buf_printf(&writing->table, "\t{ %u, 0, 1, callgate_op_" ANY " }, /* %s */\n", opcode->number,
			   opcode->name);
		writing->whole++;
	} else {
		return write_conditional(writing, opcode, condition);
	}
	return CALLGATE_OK;
}

int export_io_uring(struct export *export)
{
	static const struct sock_filter always = { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };
	cleanup(writing_fini) struct writing writing = { .export = export };
	struct buf *text = &export->text;
	int status = CALLGATE_OK;

	if (!export->outline.arches[abi_arch_native()->id])
		return fail(export->err, CALLGATE_E_UNSUPPORTED, "it says nothing of this machine's arch, %s",
			    abi_arch_native()->name);
	write_array(&writing.arrays, ANY, &always, 1);
	for (size_t i = 0; !status && i < URING_OPCODES; i++)
		status = write_opcode(&writing, uring_opcode(i));
	if (status)
		return status;
	if (writing.arrays.failed || writing.table.failed || writing.refused.failed)
		return fail_nomem(export->err);
	buf_printf(text, "/*\n * Filters of io_uring, written by Callgate for %s.\n%s%s" TABLE_BEGINS "%s};\n\n",
		   abi_arch_native()->name, head, buf_text(&writing.arrays), buf_text(&writing.table));
	if (writing.refused.length)
		buf_printf(text, "/*\n * Refused, and for which of the calls that it stands for:\n%s */\n\n",
			   buf_text(&writing.refused));
	buf_puts(text, loader);
	return export_note(export, "%u opcodes of io_uring are let through, %u under conditions, %u are refused",
			   writing.whole + writing.conditional, writing.conditional,
			   URING_OPCODES - writing.whole - writing.conditional);
}

/* The array of this name in the text. */
static int decode_array(struct export *export, const char *name, struct buf *ret_insns)
{
	char begins[96];
	const char *row;

	snprintf(begins, sizeof(begins), ARRAY_BEGINS, name);
	row = strstr(buf_text(&export->text), begins);
	row = row ? row + strlen(begins) : "};";
	while (strncmp(row, "};", 2) != 0) {
		unsigned code, jt, jf, k;
		struct sock_filter insn;

		if (sscanf(row, "\t{ %x, %u, %u, %x },", &code, &jt, &jf, &k) != 4)
			return fail(export->err, CALLGATE_E_UNPROVED, "no instruction: %.40s", row);
		insn = (struct sock_filter){ (uint16_t)code, (uint8_t)jt, (uint8_t)jf, k };
		buf_add(ret_insns, &insn, sizeof(insn));
		row = strchr(row, '\n') + 1;
	}
	return ret_insns->failed ? fail_nomem(export->err) : CALLGATE_OK;
}

/* What the text says of an opcode: the name of its array, "" when it has no row. */
static int find_row(struct export *export, unsigned number, char ret_name[64], size_t *ret_length)
{
	const char *row = strstr(buf_text(&export->text), TABLE_BEGINS) + strlen(TABLE_BEGINS);
	unsigned found, pdu_size;

	ret_name[0] = '\0';
	for (; strncmp(row, "};", 2) != 0; row = strchr(row, '\n') + 1) {
		if (sscanf(row, "\t{ %u, %u, %zu, callgate_op_%63[A-Z0-9_] }", &found, &pdu_size, ret_length,
			   ret_name) != 4)
			return fail(export->err, CALLGATE_E_UNPROVED, "no opcode: %.40s", row);
		if (found == number)
			return CALLGATE_OK;
		ret_name[0] = '\0';
	}
	return CALLGATE_OK;
}

static int check_opcode(struct export *export, const struct uring_opcode *opcode)
{
	cleanup(buf_fini) struct buf insns = { 0 };
	struct bpf_program program;
	const char *refused;
	uint32_t condition, root;
	char name[64];
	size_t length = 0;
	int status = find_row(export, opcode->number, name, &length);

	if (!status)
		status = uring_condition(export, opcode, &condition, &refused, export->err);
	if (!status)
		status = root_of(export, condition, &root);
	if (status)
		return status;
	if (!*name)
		return condition == diagram_terminal(export->subject->diagram, DIAGRAM_FALSE)
			       ? CALLGATE_OK
			       : fail(export->err, CALLGATE_E_UNPROVED, "%s has no filter", opcode->name);
	status = decode_array(export, name, &insns);
	if (status)
		return status;
	program =
		(struct bpf_program){ (struct sock_filter *)(void *)insns.data, insns.length / sizeof(*program.insns) };
	if (program.length != length)
		return fail(export->err, CALLGATE_E_UNPROVED, "the filter of %s has another length", opcode->name);
	status = move_loads(export, opcode, &program, true);
	if (!status)
		status = bpf_check(program.insns, program.length, export->err);
	return status ? status
		      : prove_equal(export->subject->diagram, program.insns, program.length, root, export->err);
}

int check_io_uring(struct export *export)
{
	int status = CALLGATE_OK;

	for (size_t i = 0; !status && i < URING_OPCODES; i++)
		status = check_opcode(export, uring_opcode(i));
	return status;
}
