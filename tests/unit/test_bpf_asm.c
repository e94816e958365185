#include "unit.h"

#include "random_bpf.h"

#include "base/cleanup.h"

#include <string.h>

static int assemble(const char *text, struct bpf_program *program, struct callgate_error *err)
{
	return bpf_assemble("t.asm", text, strlen(text), program, err);
}

static void assert_wrong(const char *text, unsigned line, const char *message)
{
	struct bpf_program program = { 0 };
	struct callgate_error err = { 0 };

	assert_int_equal(assemble(text, &program, &err), CALLGATE_E_SYNTAX);
	assert_null(program.insns);
	assert_string_equal(err.message, message);
	assert_string_equal(err.file, "t.asm");
	assert_int_equal(err.line, line);
}

static void a_program_reads_as_bpf_asm_writes_it(void **state)
{
	static const struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4),	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xc000003e, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 28), BPF_STMT(BPF_JMP | BPF_JA, 0),
		BPF_STMT(BPF_RET | BPF_K, 0x7fff0000),
	};
	cleanup(buf_fini) struct buf text = { 0 };

	bpf_disassemble(insns, 5, &text);
	assert_string_equal(buf_text(&text), "   0  ld [4]\t; arch\n"
					     "   1  jeq 0xc000003e, 2, 4\n"
					     "   2  ld [28]\t; arg1+4\n"
					     "   3  jmp 4\n"
					     "   4  ret 0x7fff0000\n");
}

static void labels_and_comments_are_understood(void **state)
{
	struct bpf_program program = { 0 };

	assert_int_equal(assemble("; by hand\n\n\tld [0]\n\tjeq #59, deny\nallow: ret 0x7fff0000\ndeny:\n ret a\n",
				  &program, NULL),
			 CALLGATE_OK);
	assert_int_equal(program.length, 4);
	assert_int_equal(program.insns[1].jt, 1);
	assert_int_equal(program.insns[1].jf, 0);
	assert_int_equal(program.insns[3].code, BPF_RET | BPF_A);
	free(program.insns);
}

static void any_array_survives_the_way_to_text_and_back(void **state)
{
	struct random random = { 20 };
	struct sock_filter insns[40];

	for (unsigned i = 0; i < 2000; i++) {
		cleanup(buf_fini) struct buf text = { 0 };
		struct bpf_program back = { 0 };
		struct callgate_error err = { 0 };
		size_t length = 1 + random_below(&random, 40);

		random_program(&random, insns, length);
		if (i % 2)
			random_mutation(&random, insns, length);
		bpf_disassemble(insns, length, &text);
		bpf_assemble("t.asm", text.data, text.length, &back, &err);
		assert_string_equal(err.message, "");
		assert_int_equal(back.length, length);
		assert_memory_equal(back.insns, insns, length * sizeof(*insns));
		free(back.insns);
	}
}

static void what_is_wrong_is_refused_with_its_line(void **state)
{
	assert_wrong("ret 0\nopne 5\n", 2, "unknown instruction 'opne' with this operand");
	assert_wrong("add M[1]", 1, "unknown instruction 'add' with this operand");
	assert_wrong("jmp end", 1, "unknown label 'end'");
	assert_wrong("a: ret 0\njmp a", 2, "jumps backward, to instruction 0");
	assert_wrong("jeq 1", 1, "a jump's target is missing");
	assert_wrong("0 ret 0\n2 ret 0", 2, "the line says instruction 2 and is instruction 1");
	assert_wrong("ret 0 0", 1, "unexpected '0'");
	assert_wrong("ret 0x100000000", 1, "'ret' has an operand that is none");
	assert_wrong("jeq 1, 257, 1", 1, "jumps over 256 instructions, 255 are the most");
	assert_wrong("raw 1, 2, 3", 1, "raw needs its four numbers: code, jt, jf, k");
}

static void a_text_of_more_than_4096_instructions_is_refused(void **state)
{
	cleanup(buf_fini) struct buf text = { 0 };
	struct bpf_program program = { 0 };

	for (int i = 0; i <= BPF_MAXINSNS; i++)
		buf_puts(&text, "ret 0\n");
	assert_int_equal(bpf_assemble("t.asm", text.data, text.length, &program, NULL), CALLGATE_E_LIMIT);
}

static void every_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		struct bpf_program program = { 0 };
		int status = assemble("ld [0]\njeq 1, l\nl: ret 0\n", &program, NULL);

		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		free(program.insns);
	});
}

UNIT_TESTS(test_bpf_asm, cmocka_unit_test(a_program_reads_as_bpf_asm_writes_it),
	   cmocka_unit_test(labels_and_comments_are_understood),
	   cmocka_unit_test(any_array_survives_the_way_to_text_and_back),
	   cmocka_unit_test(what_is_wrong_is_refused_with_its_line),
	   cmocka_unit_test(a_text_of_more_than_4096_instructions_is_refused),
	   cmocka_unit_test(every_allocation_may_fail), )
