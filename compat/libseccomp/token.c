/*
 * The arches by name and token. A filter may be for those whose numbers our tables have; the others can be named.
 */
#include "token.h"

#include "interface.h"

#include <string.h>

static const struct token tokens[] = {
#define TOKEN(name, token, id, bits, big_endian, multiplexes) { name, token, id, bits, big_endian, multiplexes },
#include "arches.def"
#undef TOKEN
};

#define TOKENS (sizeof(tokens) / sizeof(*tokens))

const struct token *token_native(void)
{
	const struct abi_arch *native = abi_arch_native();

	const struct token *token = tokens;

	while (token->id != native->id || token->big_endian != native->big_endian)
		token++;
	return token;
}

const struct token *token_find(uint32_t token)
{
	if (token == SCMP_ARCH_NATIVE)
		return token_native();
	for (size_t i = 0; i < TOKENS; i++)
		if (tokens[i].token == token)
			return &tokens[i];
	return NULL;
}

uint32_t token_audit(const struct token *token)
{
	return token->id == ABI_X32 ? abi_arch(ABI_X32)->audit : token->token;
}

uint32_t seccomp_arch_resolve_name(const char *name)
{
	for (size_t i = 0; name && i < TOKENS; i++)
		if (strcmp(tokens[i].name, name) == 0)
			return tokens[i].token;
	return 0;
}

uint32_t seccomp_arch_native(void)
{
	return token_native()->token;
}
