/*
 * A program is compiled with one number for each call's name: the native one, or a pseudo number where the native arch
 * has no such call. By it the library finds the name and with that the number on another arch. Where socketcall or ipc
 * can carry a call, its number is always a pseudo one, for two numbers lead to it.
 */
#include "syscall.h"

#include "interface.h"

#include <stdlib.h>
#include <string.h>

/* The carried calls' pseudo numbers: these, less the number that the multiplexer has for it. */
#define PSEUDO_SOCKETCALL (-100)
#define PSEUDO_IPC	  (-200)

static const struct pseudo {
	const char *name;
	int number;
} pseudos[] = {
#define PSEUDO(name, number) { name, number },
#include "pseudo.def"
#undef PSEUDO
};

static int carried_pseudo(const struct policy_multiplexed *carried)
{
	int base = strcmp(carried->multiplexer, "ipc") == 0 ? PSEUDO_IPC : PSEUDO_SOCKETCALL;

	return base - (int)carried->number;
}

/* Most names differ in their first letter. */
static bool same_name(const char *a, const char *b)
{
	return a[0] == b[0] && strcmp(a, b) == 0;
}

static const struct policy_multiplexed *carried_by_name(const char *name)
{
	const struct policy_multiplexed *carried;

	for (size_t i = 0; (carried = policy_multiplexed_at(i)); i++)
		if (same_name(carried->carried, name))
			return carried;
	return NULL;
}

const struct policy_multiplexed *syscall_carried(const struct token *token, const char *name)
{
	return token->multiplexes ? carried_by_name(name) : NULL;
}

int syscall_direct_number(const struct token *token, const char *name)
{
	const struct abi_syscall *syscall = abi_syscall_by_name(name);

	return syscall ? syscall->nr[token->id] : -1;
}

static int pseudo_number(const char *name)
{
	const struct policy_multiplexed *carried = carried_by_name(name);

	if (carried)
		return carried_pseudo(carried);
	for (size_t i = 0; i < sizeof(pseudos) / sizeof(*pseudos); i++)
		if (same_name(pseudos[i].name, name))
			return pseudos[i].number;
	return SCMP_SYS_ERROR;
}

int syscall_number(const struct token *token, const char *name)
{
	int direct = syscall_carried(token, name) ? -1 : syscall_direct_number(token, name);

	return direct >= 0 ? direct : pseudo_number(name);
}

static const char *pseudo_name(int number)
{
	const struct policy_multiplexed *carried;

	for (size_t i = 0; (carried = policy_multiplexed_at(i)); i++)
		if (carried_pseudo(carried) == number)
			return carried->carried;
	for (size_t i = 0; i < sizeof(pseudos) / sizeof(*pseudos); i++)
		if (pseudos[i].number == number)
			return pseudos[i].name;
	return NULL;
}

const char *syscall_name(const struct token *token, int number)
{
	const struct abi_syscall *syscall;
	const char *name;

	if (number < 0) {
		name = pseudo_name(number);
		return name && syscall_number(token, name) == number ? name : NULL;
	}
	syscall = abi_syscall_by_nr(token->id, (uint32_t)number);
	if (!syscall && (uint32_t)number < abi_arch(token->id)->nr_base)
		syscall = abi_syscall_by_nr(token->id, (uint32_t)number + abi_arch(token->id)->nr_base);
	return syscall ? syscall->name : NULL;
}

int seccomp_syscall_resolve_name_arch(uint32_t token, const char *name)
{
	const struct token *arch = token_find(token);

	return arch && name ? syscall_number(arch, name) : SCMP_SYS_ERROR;
}

int seccomp_syscall_resolve_name(const char *name)
{
	return seccomp_syscall_resolve_name_arch(SCMP_ARCH_NATIVE, name);
}

/* Whoever asks for the rewritten number wants what the kernel sees: the multiplexer's. */
int seccomp_syscall_resolve_name_rewrite(uint32_t token, const char *name)
{
	const struct token *arch = token_find(token);
	const struct policy_multiplexed *carried;

	if (!arch || !name)
		return SCMP_SYS_ERROR;
	carried = syscall_carried(arch, name);
	return carried ? syscall_direct_number(arch, carried->multiplexer) : syscall_number(arch, name);
}

char *seccomp_syscall_resolve_num_arch(uint32_t token, int number)
{
	const struct token *arch = token_find(token);
	const char *name = arch ? syscall_name(arch, number) : NULL;

	return name ? strdup(name) : NULL;
}
