/* What aarch64's instructions do to values, function by function: each is a few words of code and what a summary says. */
#include "unit.h"

#include "base/cleanup.h"
#include "scan/code.h"
#include "scan/summary.h"

#include <elf.h>
#include <string.h>

enum { CODE_AT = 0x10000, DATA_AT = 0x20000, DATA_SIZE = 0x2000, TABLE = 0x20 };

/* A library of one function and some data. */
struct small {
	struct module module;
	struct module_segment segments[2];
	struct module_range code;
	struct pointers pointers;
	struct summary *summary;
	uint8_t bytes[0x1000 + DATA_SIZE];
};

static void small_init(struct small *small, const uint32_t *words, size_t size)
{
	static const uint8_t table[] = { 0, 2, 4 };

	memset(small, 0, sizeof(*small));
	memcpy(small->bytes, words, size);
	memcpy(small->bytes + 0x1000 + TABLE, table, sizeof(table));
	small->code = (struct module_range){ CODE_AT, CODE_AT + size };
	small->segments[0] = (struct module_segment){ PT_LOAD, PF_R | PF_X, CODE_AT, size, size, 0 };
	small->segments[1] = (struct module_segment){ PT_LOAD, PF_R, DATA_AT, DATA_SIZE, DATA_SIZE, 0x1000 };
	small->module = (struct module){
		.path = "small",
		.bytes = small->bytes,
		.size = sizeof(small->bytes),
		.machine = EM_AARCH64,
		.is_position_free = true,
		.entry = CODE_AT,
		.segments = { .items = small->segments, .length = 2, .capacity = 2 },
		.code = { .items = &small->code, .length = 1, .capacity = 1 },
	};
}

static void small_fini(struct small *small)
{
	summary_free(small->summary);
	pointers_fini(&small->pointers);
	arena_fini(&small->module.arena);
}

static int small_read(struct small *small)
{
	if (!pointers_init(&small->pointers, &small->module))
		return CALLGATE_E_NOMEM;
	return summary_make(&small->module, &small->pointers, &small->summary, NULL);
}

/* The nth effect of a kind, in the order of functions; NULL. */
static const struct effect *effect_of(const struct small *small, enum effect_kind kind, size_t nth)
{
	for (size_t i = 0; i < small->summary->functions.length; i++) {
		const struct summary_function *function = &small->summary->functions.items[i];

		for (uint32_t j = 0; j < function->effect_count; j++) {
			const struct effect *effect = &small->summary->effects.items[function->first_effect + j];

			if (effect->kind == kind && nth-- == 0)
				return effect;
		}
	}
	return NULL;
}

static bool has_effect(const struct small *small, enum effect_kind kind, uint64_t target)
{
	const struct effect *effect;

	for (size_t i = 0; (effect = effect_of(small, kind, i)); i++)
		if (effect->target == target)
			return true;
	return false;
}

static const struct value *number_of(const struct small *small, size_t nth)
{
	const struct effect *effect = effect_of(small, EFFECT_SYSCALL, nth);
	const struct values *values = &small->summary->values;

	assert_non_null(effect);
	return value_at(values, values->arguments.items[effect->arguments].values[VALUE_NUMBER]);
}

static void numbers_are(const struct small *small, size_t nth, const int64_t *numbers, size_t count)
{
	const struct value *value = number_of(small, nth);
	const struct values *values = &small->summary->values;

	assert_int_equal(value->kind, VALUE_NUMBERS);
	assert_int_equal(value->count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal((count == 1 ? &value->number : values->sets.items[value->number].numbers)[i],
				 numbers[i]);
}

#define SMALL(name, ...)                                    \
	static const uint32_t name##_words[] = __VA_ARGS__; \
	cleanup(small_fini) struct small name;              \
	small_init(&name, name##_words, sizeof(name##_words))

static void numbers_come_in_pieces(void **state)
{
	SMALL(small, {
			     0xd28007e8, /* mov x8, #63 */
			     0xd4000001, /* svc #0 */
			     0xd2a00148, /* mov x8, #0xa0000 */
			     0xf2801588, /* movk x8, #172 */
			     0x92403d08, /* and x8, x8, #0xffff */
			     0xd4000001, /* svc #0 */
			     0xd65f03c0, /* ret */
		     });

	assert_int_equal(small_read(&small), CALLGATE_OK);
	numbers_are(&small, 0, (int64_t[]){ 63 }, 1);
	numbers_are(&small, 1, (int64_t[]){ 172 }, 1);
}

static void an_exit_ends_the_path(void **state)
{
	SMALL(small, {
			     0xd2800ba8, /* mov x8, #93: exit */
			     0xd4000001, /* svc #0 */
			     0xd2801588, /* mov x8, #172 */
			     0xd4000001, /* svc #0 */
			     0xd65f03c0, /* ret */
		     });

	assert_int_equal(small_read(&small), CALLGATE_OK);
	numbers_are(&small, 0, (int64_t[]){ 93 }, 1);
	assert_null(effect_of(&small, EFFECT_SYSCALL, 1));
	assert_false(small.summary->functions.items[0].flags & FUNCTION_RETURNS);
}

static void a_choice_is_both(void **state)
{
	SMALL(small, {
			     0xd28007e1, /* mov x1, #63 */
			     0xd2800802, /* mov x2, #64 */
			     0x7100041f, /* cmp w0, #1 */
			     0x9a820028, /* csel x8, x1, x2, eq */
			     0xd4000001, /* svc #0 */
			     0xb4000045, /* cbz x5, two on */
			     0x52800728, /* mov w8, #57 */
			     0xd4000001, /* svc #0 */
			     0xd65f03c0, /* ret */
		     });

	assert_int_equal(small_read(&small), CALLGATE_OK);
	numbers_are(&small, 0, (int64_t[]){ 63, 64 }, 2);
	numbers_are(&small, 1, (int64_t[]){ 57, 63, 64 }, 3);
}

static void a_page_is_kept_on_the_stack(void **state)
{
	SMALL(small, {
			     0xa9be7bfd, /* stp x29, x30, [sp, #-32]! */
			     0x90000082, /* adrp x2, DATA_AT */
			     0xf9000be2, /* str x2, [sp, #16] */
			     0x94000005, /* bl the ret */
			     0xf9400be2, /* ldr x2, [sp, #16] */
			     0xf9400841, /* ldr x1, [x2, #16] */
			     0xd63f0020, /* blr x1 */
			     0xa8c27bfd, /* ldp x29, x30, [sp], #32 */
			     0xd65f03c0, /* ret */
		     });

	assert_int_equal(small_read(&small), CALLGATE_OK);
	assert_true(has_effect(&small, EFFECT_CALL_SLOT, DATA_AT + 16));
	assert_null(effect_of(&small, EFFECT_ESCAPE_SLOT, 0));
	assert_null(effect_of(&small, EFFECT_CALL_UNKNOWN, 0));
}

static void a_page_outlives_a_call(void **state)
{
	SMALL(small, {
			     0xf81f0ffe, /* str x30, [sp, #-16]! */
			     0x90000082, /* adrp x2, DATA_AT */
			     0x94000004, /* bl the ret */
			     0xf9400841, /* ldr x1, [x2, #16] */
			     0xd63f0020, /* blr x1 */
			     0xf84107fe, /* ldr x30, [sp], #16 */
			     0xd65f03c0, /* ret */
		     });

	assert_int_equal(small_read(&small), CALLGATE_OK);
	assert_true(has_effect(&small, EFFECT_CALL_SLOT, DATA_AT + 16));
}

static void what_a_lost_page_may_become_escapes(void **state)
{
	SMALL(small, {
			     0xf81f0ffe, /* str x30, [sp, #-16]! */
			     0x90000082, /* adrp x2, DATA_AT */
			     0xb4000040, /* cbz x0, two on */
			     0xb0000082, /* adrp x2, the page behind that */
			     0xf9400841, /* ldr x1, [x2, #16] */
			     0xd63f0020, /* blr x1 */
			     0xf84107fe, /* ldr x30, [sp], #16 */
			     0xd65f03c0, /* ret */
		     });

	assert_int_equal(small_read(&small), CALLGATE_OK);
	assert_non_null(effect_of(&small, EFFECT_CALL_UNKNOWN, 0));
	assert_true(has_effect(&small, EFFECT_ESCAPE_SLOT, DATA_AT + 16));
	assert_true(has_effect(&small, EFFECT_ESCAPE_SLOT, DATA_AT + 0x1000 + 16));
}

static const uint32_t switch_words[] = {
	0x7100081f, /* cmp w0, #2 */
	0x540001a8, /* b.hi the ret */
	0x90000081, /* adrp x1, DATA_AT */
	0x91008021, /* add x1, x1, #TABLE */
	0x38604821, /* ldrb w1, [x1, w0, uxtw] */
	0x10000062, /* adr x2, three on */
	0x8b218841, /* add x1, x2, w1, sxtb #2 */
	0xd61f0020, /* br x1 */
	0xd2801588, /* mov x8, #172 */
	0x14000004, /* b the svc */
	0xd28015a8, /* mov x8, #173 */
	0x14000002, /* b the svc */
	0xd28015c8, /* mov x8, #174 */
	0xd4000001, /* svc #0 */
	0xd65f03c0, /* ret */
};

static void a_table_of_bytes_is_followed(void **state)
{
	cleanup(small_fini) struct small small;

	small_init(&small, switch_words, sizeof(switch_words));
	assert_int_equal(small_read(&small), CALLGATE_OK);
	numbers_are(&small, 0, (int64_t[]){ 172, 173, 174 }, 3);
	assert_null(effect_of(&small, EFFECT_CALL_UNKNOWN, 0));
}

static void a_wrapper_is_given_its_number(void **state)
{
	SMALL(small, {
			     0x2a0003e8, /* mov w8, w0 */
			     0xaa0103e0, /* mov x0, x1 */
			     0xd4000001, /* svc #0 */
			     0xd65f03c0, /* ret */
		     });
	const struct value *number;

	assert_int_equal(small_read(&small), CALLGATE_OK);
	number = number_of(&small, 0);
	assert_int_equal(number->kind, VALUE_PARAM);
	assert_int_equal(number->param, 0);
	assert_int_equal(number->width, 4);
	assert_int_equal(small.summary->functions.items[0].interest & 3, 3);
}

static void an_instruction_of_a_later_processor_ends_nothing(void **state)
{
	SMALL(small, {
			     0xd2800ba8, /* mov x8, #93 */
			     0x2518e3e0, /* ptrue p0.b */
			     0x1e2f1000, /* fmov s0, #1.5 */
			     0xd4000001, /* svc #0 */
			     0xd65f03c0, /* ret */
		     });

	assert_int_equal(small_read(&small), CALLGATE_OK);
	numbers_are(&small, 0, (int64_t[]){ 93 }, 1);
}

static void a_stub_is_known_by_its_slot(void **state)
{
	SMALL(small, {
			     0xd503245f, /* bti c */
			     0x90000090, /* adrp x16, DATA_AT */
			     0xf9400a11, /* ldr x17, [x16, #16] */
			     0x91004210, /* add x16, x16, #16 */
			     0xd61f0220, /* br x17 */
		     });
	struct code_map map;
	uint64_t slot = 0;

	assert_true(code_map_init(&map, &small.module));
	assert_true(code_is_stub(&map, CODE_AT, &slot));
	assert_int_equal(slot, DATA_AT + 16);
	code_map_fini(&map);
	assert_int_equal(small_read(&small), CALLGATE_OK);
	assert_int_equal(small.summary->functions.items[0].effect_count, 1);
	assert_true(has_effect(&small, EFFECT_CALL_SLOT, DATA_AT + 16));
}

static void every_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		cleanup(small_fini) struct small small;
		int status;

		small_init(&small, switch_words, sizeof(switch_words));
		status = small_read(&small);
		assert_true(status == CALLGATE_OK || (status == CALLGATE_E_NOMEM && !small.summary));
		assert_true(status == CALLGATE_OK || unit_allocation_failed());
	});
}

UNIT_TESTS(test_scan_three, cmocka_unit_test(numbers_come_in_pieces), cmocka_unit_test(an_exit_ends_the_path),
	   cmocka_unit_test(a_choice_is_both), cmocka_unit_test(a_page_is_kept_on_the_stack),
	   cmocka_unit_test(a_page_outlives_a_call), cmocka_unit_test(what_a_lost_page_may_become_escapes),
	   cmocka_unit_test(a_table_of_bytes_is_followed), cmocka_unit_test(a_wrapper_is_given_its_number),
	   cmocka_unit_test(an_instruction_of_a_later_processor_ends_nothing),
	   cmocka_unit_test(a_stub_is_known_by_its_slot), cmocka_unit_test(every_allocation_may_fail))
