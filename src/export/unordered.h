/*
 * export/unordered.h - a subject as rules that have no order: what libseccomp takes, and profiles that it compiles
 *
 * What numbers without a name get is the default; every call that gets something else is named. Rules of one call are
 * disjoint, one for each way to an action.
 */
#ifndef CALLGATE_EXPORT_UNORDERED_H
#define CALLGATE_EXPORT_UNORDERED_H

#include "export/calls.h"

struct unordered_rule {
	uint32_t action;
	const struct run *const *calls; /* by name; several only where the rule has no tests */
	size_t call_count;
	const struct clause *clause; /* NULL: whatever the arguments */
	bool for_runtime;	     /* the subject refuses something of it, and a runtime needs it */
};

struct unordered {
	uint32_t default_action;
	struct {
		VEC(struct unordered_rule);
	} rules; /* first those without tests */
};

/*
 * In the export's arena. Rules of one call that compare different arguments are noted. Fails with E_UNSUPPORTED where a
 * number without a name has conditions or the instruction pointer counts, E_LIMIT, E_NOMEM.
 */
int unordered_of(struct export *export, struct unordered *ret_unordered);

/* "SCMP_ARCH_X86_64". */
const char *unordered_arch(enum abi_arch_id arch);

/* "ERRNO", behind SCMP_ACT_, and whether it has data, which is then given too. E_UNSUPPORTED when there is no word. */
int unordered_action(struct export *export, uint32_t action, const char **ret_word, bool *ret_has_data);

/* "MASKED_EQ", behind SCMP_CMP_: its two values are then the mask and the value, else the value alone. */
const char *unordered_comparison(const struct clause_test *test);

#endif
