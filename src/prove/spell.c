/*
 * A value of an enumeration has one name; a set of flags is taken apart, the constants with most bits first, and what
 * no constant names stays a number.
 */
#include "prove/spell.h"

enum { DECIMAL_MAX = 9999, FLAGS_MAX = 12 };

static uint64_t type_mask(const struct abi_arg *type)
{
	return type->bits >= 64 ? UINT64_MAX : (UINT64_C(1) << type->bits) - 1;
}

void spell_number(struct buf *text, uint64_t number)
{
	buf_printf(text, number <= DECIMAL_MAX ? "%llu" : "0x%llx", (unsigned long long)number);
}

/* The name of a value of this type; the tables have negative constants in 64 bits. */
static const char *constant_name(const struct abi_arg *type, enum abi_arch_id arch, uint64_t value)
{
	const char *name = type->constants ? abi_constant_name(type->constants, arch, value) : NULL;

	if (!name && type->constants && value >> (type->bits - 1) & 1)
		name = abi_constant_name(type->constants, arch, value | ~type_mask(type));
	return name;
}

/* The constant that names most of these bits and no others. */
static const char *largest_flag(const struct abi_arg *type, enum abi_arch_id arch, uint64_t bits, uint64_t *ret_flag)
{
	uint64_t largest = 0;

	for (size_t i = 0; i < abi_constant_count(type->constants); i++) {
		struct abi_constant constant = abi_constant_at(type->constants, arch, i);
		uint64_t flag = constant.value & type_mask(type);

		if (constant.name && !constant.is_alias && (flag & ~bits) == 0 &&
		    __builtin_popcountll(flag) > __builtin_popcountll(largest))
			largest = flag;
	}
	*ret_flag = largest;
	return largest ? constant_name(type, arch, largest) : NULL;
}

/* Permissions are flags that everybody reads in octal: umode_t is the only type of 16 bits that flags have. */
static bool is_mode(const struct abi_arg *type)
{
	return type->kind == ABI_ARG_FLAGS && type->bits == 16;
}

/* Gives the number of parts. */
static unsigned spell_flags(struct buf *text, const struct abi_arg *type, enum abi_arch_id arch, uint64_t bits)
{
	unsigned parts = 0;

	if (is_mode(type)) {
		buf_printf(text, bits ? "0o%llo" : "%llo", (unsigned long long)bits);
		return 1;
	}
	if (__builtin_popcountll(bits) > FLAGS_MAX) {
		spell_number(text, bits);
		return 1;
	}
	for (;;) {
		uint64_t flag = 0;
		const char *name = type->constants ? largest_flag(type, arch, bits, &flag) : NULL;

		if (!name && !bits && parts)
			return parts;
		if (parts++)
			buf_puts(text, " | ");
		if (!name) {
			spell_number(text, bits);
			return parts;
		}
		buf_puts(text, name);
		bits &= ~flag;
	}
}

void spell_value(struct buf *text, const struct abi_arg *type, enum abi_arch_id arch, uint64_t value)
{
	uint64_t sign = UINT64_C(1) << (type->bits - 1);
	const char *name = constant_name(type, arch, value);

	if (name && !is_mode(type))
		buf_puts(text, name);
	else if (type->kind == ABI_ARG_FLAGS)
		spell_flags(text, type, arch, value);
	else if (type->is_signed && value & sign)
		buf_printf(text, "-%llu", (unsigned long long)(-value & type_mask(type)));
	else
		spell_number(text, value);
}

void spell_mask(struct buf *text, const struct abi_arg *type, enum abi_arch_id arch, uint64_t mask)
{
	struct buf flags = { 0 };
	bool is_flags = type->kind == ABI_ARG_FLAGS;
	/* A number with the sign's bit would not fit a signed argument: of the mask and its inverse one has none. */
	bool inverse = type->is_signed && !is_flags ? mask >> (type->bits - 1) & 1
						    : __builtin_popcountll(mask) > type->bits / 2;
	unsigned parts = 1;

	if (inverse)
		mask = ~mask & type_mask(type);
	if (is_flags)
		parts = spell_flags(&flags, type, arch, mask);
	else
		spell_number(&flags, mask);
	buf_printf(text, parts > 1 ? "%s(%s)" : "%s%s", inverse ? "~" : "", buf_text(&flags));
	text->failed |= flags.failed;
	buf_fini(&flags);
}
