/*
 * The forms in which other compilers write a filter, each beside the policy of the same meaning (tests/compilers):
 * written here, by knowledge of the form, since the compilers themselves are not at hand. A program is what the kernel
 * loads, it has the policy's very diagram, and what Callgate makes of it is no longer.
 */
#include "unit.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "codegen/codegen.h"
#include "filter/filter.h"
#include "lang/lang.h"
#include "prove/prove.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1 << 16 };

static void read_text(const char *name, struct buf *text)
{
	char path[512];
	struct callgate_error err;

	snprintf(path, sizeof(path), "%s/tests/compilers/%s", TEST_SOURCE_ROOT, name);
	if (file_read(path, TEXT_MAX, text, &err))
		fail_msg("%s: %s", path, err.message);
}

static uint32_t policy_root(struct diagram *diagram, const char *name)
{
	cleanup(buf_fini) struct buf text = { 0 };
	struct callgate_policy *policy = NULL;
	struct callgate_error err = { 0 };
	uint32_t root = DIAGRAM_NONE;

	read_text(name, &text);
	if (callgate_policy_parse(name, buf_text(&text), text.length, NULL, &policy, &err) ||
	    filter_meaning(policy->policy, NULL, diagram, &root, &err))
		fail_msg("%s:%u:%u: %s", name, err.line, err.col, err.message);
	callgate_policy_free(policy);
	return root;
}

static struct bpf_program assembled(const char *name, const char *text, size_t length)
{
	struct bpf_program program;
	struct callgate_error err = { 0 };

	if (bpf_assemble(name, text, length, &program, &err))
		fail_msg("%s:%u: %s", name, err.line, err.message);
	return program;
}

static uint32_t program_root(struct diagram *diagram, const char *name, size_t *length)
{
	cleanup(buf_fini) struct buf text = { 0 };
	struct bpf_program program;
	struct callgate_error err = { 0 };
	uint32_t root = DIAGRAM_NONE;

	read_text(name, &text);
	program = assembled(name, buf_text(&text), text.length);
	if (bpf_check(program.insns, program.length, &err) ||
	    prove_lift(diagram, program.insns, program.length, &root, &err))
		fail_msg("%s: %s", name, err.message);
	*length += program.length;
	free(program.insns);
	return root;
}

/* Equal roots; otherwise, a call that shows the difference. */
static void assert_meaning(struct diagram *diagram, const char *name, uint32_t root, uint32_t meant)
{
	cleanup(buf_fini) struct buf text = { 0 };
	struct diagram_input input;
	struct seccomp_data data;

	if (!prove_witness(diagram, root, meant, &input))
		return;
	prove_input_to_data(&input, &data);
	prove_format_call(&data, &text);
	fail_msg("%s: %s is 0x%x, meant is 0x%x", name, buf_text(&text), diagram_evaluate(diagram, root, &input),
		 diagram_evaluate(diagram, meant, &input));
}

static void assert_not_longer(struct diagram *diagram, const char *name, uint32_t root, size_t length)
{
	struct bpf_program program;
	struct callgate_error err;

	if (codegen_program(diagram, root, NULL, &program, &err) || bpf_check(program.insns, program.length, &err) ||
	    prove_equal(diagram, program.insns, program.length, root, &err))
		fail_msg("%s: %s", name, err.message);
	print_message("# %s: %zu instructions become %zu\n", name, length, program.length);
	assert_true(program.length <= length);
	free(program.insns);
}

/* Programs that are loaded one after the other, and what they mean together. */
static void assert_form(const char *policy, const char *const *programs, size_t count)
{
	struct diagram *diagram = diagram_new(0);
	size_t length = 0;
	uint32_t root = program_root(diagram, programs[0], &length);

	for (size_t i = 1; i < count; i++)
		root = diagram_stack(diagram, root, program_root(diagram, programs[i], &length));
	assert_meaning(diagram, programs[0], root, policy_root(diagram, policy));
	assert_not_longer(diagram, programs[0], root, length);
	diagram_free(diagram);
}

#define FORM(policy, ...)                                                               \
	do {                                                                            \
		static const char *const programs_[] = { __VA_ARGS__ };                 \
		assert_form(policy, programs_, sizeof(programs_) / sizeof(*programs_)); \
	} while (0)

static void chromium_searches_ranges_and_looks_at_high_halves(void **state)
{
	FORM("chromium.policy", "chromium.asm");
}

static void gvisor_factors_what_rules_have_in_common(void **state)
{
	FORM("gvisor.policy", "gvisor.asm");
}

static void openssh_writes_each_call_by_hand(void **state)
{
	FORM("openssh.policy", "openssh.asm");
}

static void minijail_has_two_layouts_of_one_meaning(void **state)
{
	FORM("minijail.policy", "minijail-linear.asm");
	FORM("minijail.policy", "minijail-bst.asm");
}

static void kafel_makes_a_tree_of_ranges(void **state)
{
	FORM("kafel.policy", "kafel.asm");
}

static void systemd_loads_a_filter_an_arch(void **state)
{
	FORM("systemd.policy", "systemd-x86_64.asm", "systemd-i386.asm", "systemd-arches.asm");
}

static void a_bitmap_of_numbers_is_read_through_x_and_scratch_memory(void **state)
{
	FORM("bitmap.policy", "bitmap.asm");
}

static void arithmetic_stands_for_comparisons(void **state)
{
	FORM("arithmetic.policy", "arithmetic.asm");
}

/* What packet filters may and seccomp may not, and what nobody may; the reasons are the kernel's rules. */
static void what_no_kernel_loads_is_not_lifted(void **state)
{
	static const struct {
		const char *text, *reason;
	} refused[] = {
		{ "ld [0xfffff000]\nret a\n", "instruction 0 loads from beyond the end of struct seccomp_data" },
		{ "ld [0xffffffff]\nret a\n", "instruction 0 loads from beyond the end of struct seccomp_data" },
		{ "ld [64]\nret a\n", "instruction 0 loads from beyond the end of struct seccomp_data" },
		{ "ld [2]\nret a\n", "instruction 0 loads from an offset that is not a multiple of 4" },
		{ "ldh [0]\nret a\n", "instruction 0 is not allowed in a seccomp filter" },
		{ "ldb [0]\nret a\n", "instruction 0 is not allowed in a seccomp filter" },
		{ "ld [x + 0]\nret a\n", "instruction 0 is not allowed in a seccomp filter" },
		{ "ldxb 4*([14]&0xf)\nret a\n", "instruction 0 is not allowed in a seccomp filter" },
		{ "ld #7\nmod #4\nret a\n", "instruction 1 is not allowed in a seccomp filter" },
		{ "ld #7\ndiv #0\nret a\n", "instruction 1 divides by zero" },
		{ "ld #7\nlsh #32\nret a\n", "instruction 1 shifts by 32 bits or more" },
		{ "ld M[0]\nret a\n", "instruction 0 reads scratch memory that was not written" },
		{ "st M[16]\nret a\n", "instruction 0 uses scratch memory beyond its 16 words" },
		{ "ld [0]\njeq #1, 2, 3\nret a\n", "instruction 1 jumps beyond the end of the program" },
		{ "ret a\nld [0]\n", "instruction 1 is the last and does not return" },
	};
	struct diagram *diagram = diagram_new(0);

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		struct bpf_program program = assembled("refused", refused[i].text, strlen(refused[i].text));
		struct callgate_error err = { 0 };
		uint32_t root = 42;

		assert_int_equal(prove_lift(diagram, program.insns, program.length, &root, &err), CALLGATE_E_INVALID);
		assert_string_equal(err.message, refused[i].reason);
		assert_int_equal(root, 42);
		free(program.insns);
	}
	diagram_free(diagram);
}

UNIT_TESTS(test_prove_compilers, cmocka_unit_test(chromium_searches_ranges_and_looks_at_high_halves),
	   cmocka_unit_test(gvisor_factors_what_rules_have_in_common),
	   cmocka_unit_test(openssh_writes_each_call_by_hand),
	   cmocka_unit_test(minijail_has_two_layouts_of_one_meaning), cmocka_unit_test(kafel_makes_a_tree_of_ranges),
	   cmocka_unit_test(systemd_loads_a_filter_an_arch),
	   cmocka_unit_test(a_bitmap_of_numbers_is_read_through_x_and_scratch_memory),
	   cmocka_unit_test(arithmetic_stands_for_comparisons), cmocka_unit_test(what_no_kernel_loads_is_not_lifted), )
