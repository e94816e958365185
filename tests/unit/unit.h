/*
 * unit.h - how a file of unit tests says what it holds
 *
 *	static void an_empty_policy_is_refused(void **state) { … }
 *
 *	UNIT_TESTS(test_lang_read,
 *		cmocka_unit_test(an_empty_policy_is_refused),
 *	)
 *
 * Case names read as a specification. Every file is linked into one program, which runs the file that its first
 * argument names.
 */
#ifndef CALLGATE_TESTS_UNIT_H
#define CALLGATE_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct unit_file {
	const char *name;
	const struct CMUnitTest *tests;
	size_t count;
	struct unit_file *next;
};

void unit_register(struct unit_file *file);

#define UNIT_TESTS(file_name, ...)                                                                               \
	static const struct CMUnitTest file_name##_tests[] = { __VA_ARGS__ };                                    \
	__attribute__((constructor)) static void file_name##_register(void)                                      \
	{                                                                                                        \
		static struct unit_file file = { #file_name, file_name##_tests,                                  \
						 sizeof(file_name##_tests) / sizeof(*file_name##_tests), NULL }; \
		unit_register(&file);                                                                            \
	}

/*
 * Makes the allocation after the next `count` ones fail, once: malloc, calloc, realloc and strdup of the library
 * under test. A negative count never fails (the default). unit_allocation_failed tells whether that point was reached.
 *
 * FOR_EACH_ALLOCATION runs its block with the first allocation failing, then the second, until none fails any more.
 */
void unit_fail_allocation(long count);
int unit_allocation_failed(void);

#define FOR_EACH_ALLOCATION(body)                       \
	for (long nth_ = 0, more_ = 1; more_; nth_++) { \
		unit_fail_allocation(nth_);             \
		body;                                   \
		more_ = unit_allocation_failed();       \
		unit_fail_allocation(-1);               \
	}

#endif
