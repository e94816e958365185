/*
 * Which argument is it? The filter compares 64-bit words; the kernel reads 32 of them, or all, signed or not, or
 * takes them for an address.
 */
#include "check/check.h"

#include "prove/prove.h"

#include <callgate/action.h>

/* 1 where a lets through more than b: the kernel would let b's action win over a's. */
static uint32_t combine_weaker(uint32_t a, uint32_t b, void *context)
{
	(void)context;
	return callgate_action_overrides((struct callgate_action){ b }, (struct callgate_action){ a });
}

static uint32_t combine_differs(uint32_t a, uint32_t b, void *context)
{
	(void)context;
	return a != b;
}

struct argument {
	enum abi_arch_id arch;
	const struct abi_syscall *syscall;
	unsigned index;
	struct abi_arg arg;
	uint32_t function;
};

/* Asks a question of every argument that the function of its syscall rests on. */
static void for_each_argument(struct check *check, void (*ask)(struct check *check, const struct argument *argument))
{
	for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++) {
		for (size_t i = 0; i < abi_syscall_count(); i++) {
			struct argument argument = { arch, abi_syscall_at(i), 0, { 0 }, check->by_syscall[arch][i] };
			struct abi_arg args[6];
			unsigned count;

			if (argument.function == DIAGRAM_NONE ||
			    diagram_node(check->diagram, argument.function).variable == DIAGRAM_TERMINAL)
				continue;
			count = abi_syscall_args(argument.syscall, arch, args);
			for (argument.index = 0; argument.index < count; argument.index++) {
				argument.arg = args[argument.index];
				if (check_depends_on(check, argument.function, check_low(arch, argument.index)) ||
				    check_depends_on(check, argument.function, check_high(arch, argument.index)))
					ask(check, &argument);
			}
		}
	}
}

static void ask_truncated(struct check *check, const struct argument *argument)
{
	enum diagram_word high = check_high(argument->arch, argument->index);
	enum diagram_word low = check_low(argument->arch, argument->index);
	struct diagram *diagram = check->diagram;
	uint32_t canonical, weaker, negative;

	if (argument->arg.kind == ABI_ARG_POINTER || argument->arg.bits > 32 ||
	    abi_arch(argument->arch)->word_bits == 32)
		return;
	canonical = diagram_restrict(diagram, argument->function, high, 0);
	weaker = diagram_apply(diagram, combine_weaker, NULL, argument->function, canonical);
	if (argument->arg.is_signed) {
		/* A negative one may come with its sign above, or without. */
		negative = diagram_word_equals(diagram, low, 0x80000000, 0x80000000);
		canonical = diagram_restrict(diagram, argument->function, high, UINT32_MAX);
		weaker = diagram_if(
			diagram, negative,
			diagram_and(diagram, weaker,
				    diagram_apply(diagram, combine_weaker, NULL, argument->function, canonical)),
			weaker);
	}
	if (check_overlap(check, weaker, weaker))
		check_report(check, argument->arch, argument->syscall, 0, weaker,
			     "%s of %s is %u bits to the kernel, and a high bit changes the answer to a weaker one",
			     argument->arg.name, argument->syscall->name, argument->arg.bits);
}

void check_truncated_argument(struct check *check)
{
	for_each_argument(check, ask_truncated);
}

/* Some high word that no comparison singles out. */
enum { CHECK_GENERIC_HIGH = 0x2bad5eed };

static void ask_half(struct check *check, const struct argument *argument)
{
	enum diagram_word high = check_high(argument->arch, argument->index);
	enum diagram_word low = check_low(argument->arch, argument->index);
	bool on_high = check_depends_on(check, argument->function, high);
	uint32_t generic;

	if (argument->arg.bits != 64 || abi_arch(argument->arch)->word_bits == 32 ||
	    argument->arg.kind == ABI_ARG_POINTER || argument->arg.kind == ABI_ARG_FLAGS)
		return;
	generic = diagram_restrict(check->diagram, argument->function, high, CHECK_GENERIC_HIGH);
	if (!check_depends_on(check, generic, low))
		return;
	check_report(check, argument->arch, argument->syscall, 0, check_reaches(check, generic),
		     on_high ? "the low half of %s of %s decides although the high half has decided already"
			     : "only the low half of %s of %s is looked at",
		     argument->arg.name, argument->syscall->name);
}

void check_half_compared(struct check *check)
{
	for_each_argument(check, ask_half);
}

/* Whether the low word's values from 0x40000000 to 0xbfffffff all pass while 0 is refused. */
static void ask_sign(struct check *check, const struct argument *argument)
{
	enum diagram_word high = check_high(argument->arch, argument->index);
	enum diagram_word low = check_low(argument->arch, argument->index);
	struct diagram *diagram = check->diagram;
	uint32_t function, zero, positive, negative;

	if (!argument->arg.is_signed || argument->arg.bits != 32)
		return;
	function = diagram_restrict(diagram, argument->function, high, 0);
	zero = diagram_restrict(diagram, function, low, 0);
	positive = diagram_restrict(diagram, function, low, INT32_MAX);
	negative = diagram_restrict(diagram, function, low, (uint32_t)INT32_MIN);
	if (!check_may_pass(check, zero) && check_may_pass(check, positive) && check_may_pass(check, negative))
		check_report(check, argument->arch, argument->syscall, 0,
			     diagram_and(diagram, check_passes(check, negative),
					 diagram_word_equals(diagram, low, UINT32_MAX, (uint32_t)INT32_MIN)),
			     "0 is refused as %s of %s, and the most negative number passes", argument->arg.name,
			     argument->syscall->name);
}

void check_sign_confused(struct check *check)
{
	for_each_argument(check, ask_sign);
}

/* Whether a refused value passes with any of most other flags added: it is refused by equality, not by its bit. */
static uint32_t passing_neighbour(struct check *check, uint32_t passes, enum diagram_word low, uint32_t value)
{
	uint32_t truth = diagram_terminal(check->diagram, DIAGRAM_TRUE), found = 0;
	unsigned passing = 0;

	for (unsigned bit = 0; bit < 32; bit++) {
		uint32_t neighbour = value | (1u << bit);

		if (neighbour == value || diagram_restrict(check->diagram, passes, low, neighbour) != truth)
			continue;
		found = neighbour;
		passing++;
	}
	return passing > 16 ? found : 0;
}

static void ask_mask(struct check *check, const struct argument *argument)
{
	enum diagram_word low = check_low(argument->arch, argument->index);
	uint32_t passes, neighbour;

	if (argument->arg.kind != ABI_ARG_FLAGS || !argument->arg.constants)
		return;
	passes = check_passes(check, diagram_restrict(check->diagram, argument->function,
						      check_high(argument->arch, argument->index), 0));
	for (size_t i = 0; i < abi_constant_count(argument->arg.constants); i++) {
		struct abi_constant flag = abi_constant_at(argument->arg.constants, argument->arch, i);
		uint32_t never = diagram_terminal(check->diagram, DIAGRAM_FALSE);

		if (!flag.name || !flag.value ||
		    diagram_restrict(check->diagram, passes, low, (uint32_t)flag.value) != never)
			continue;
		neighbour = passing_neighbour(check, passes, low, (uint32_t)flag.value);
		if (!neighbour)
			continue;
		check_report(check, argument->arch, argument->syscall, 0,
			     diagram_word_equals(check->diagram, low, UINT32_MAX, neighbour),
			     "%s as %s of %s is refused alone, and passes with one more flag", flag.name,
			     argument->arg.name, argument->syscall->name);
		return;
	}
}

void check_masked_wrongly(struct check *check)
{
	for_each_argument(check, ask_mask);
}

static void ask_pointer(struct check *check, const struct argument *argument)
{
	enum diagram_word high = check_high(argument->arch, argument->index);
	enum diagram_word low = check_low(argument->arch, argument->index);
	struct diagram *diagram = check->diagram;
	uint32_t null, other, expected;

	if (argument->arg.kind != ABI_ARG_POINTER)
		return;
	null = diagram_restrict(diagram, diagram_restrict(diagram, argument->function, high, 0), low, 0);
	other = diagram_restrict(diagram, diagram_restrict(diagram, argument->function, high, CHECK_GENERIC_HIGH), low,
				 CHECK_GENERIC_HIGH);
	expected = diagram_if(diagram,
			      diagram_and(diagram, diagram_word_equals(diagram, high, UINT32_MAX, 0),
					  diagram_word_equals(diagram, low, UINT32_MAX, 0)),
			      null, other);
	if (expected != argument->function)
		check_report(check, argument->arch, argument->syscall, 0,
			     diagram_apply(diagram, combine_differs, NULL, expected, argument->function),
			     "the address in %s of %s decides", argument->arg.name, argument->syscall->name);
}

void check_pointer_compared(struct check *check)
{
	for_each_argument(check, ask_pointer);
}

void check_ip_compared(struct check *check)
{
	for (enum abi_arch_id arch = 0; check_next_arch(check, &arch); arch++) {
		for (size_t i = 0; i < abi_syscall_count(); i++) {
			uint32_t function = check->by_syscall[arch][i];

			if (!check_depends_on(check, function, DIAGRAM_IP_20) &&
			    !check_depends_on(check, function, DIAGRAM_IP_10))
				continue;
			check_report(check, arch, abi_syscall_at(i), 0, check_passes(check, function),
				     "%s passes from some addresses and not from others", abi_syscall_at(i)->name);
			return;
		}
	}
}
