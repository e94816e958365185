/*
 * Names in addresses, looked up once, when the broker is made: what a rule permits does not change while the target
 * runs, and the target has no say in it.
 */
#include "base/error.h"
#include "broker/work.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

struct found {
	VEC(struct policy_address);
};

static bool add_found(const struct policy_address *named, const struct addrinfo *info, struct arena *arena,
		      struct found *found)
{
	struct policy_address address = *named;
	const void *bytes =
		info->ai_family == AF_INET
			? (const void *)&((const struct sockaddr_in *)(const void *)info->ai_addr)->sin_addr
			: (const void *)&((const struct sockaddr_in6 *)(const void *)info->ai_addr)->sin6_addr;
	size_t length = info->ai_family == AF_INET ? 4 : 16;

	address.family = info->ai_family;
	address.prefix = (unsigned)length * 8;
	memcpy(address.bytes, bytes, length);
	return VEC_PUSH(arena, found, address);
}

static int look_up(const struct policy_clause *clause, const struct policy_address *address, struct arena *arena,
		   struct found *found, struct callgate_error *err)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	int error = getaddrinfo(address->name, NULL, &hints, &list), status = CALLGATE_OK;

	for (const struct addrinfo *info = list; info && !status; info = info->ai_next)
		if ((info->ai_family == AF_INET || info->ai_family == AF_INET6) &&
		    !add_found(address, info, arena, found))
			status = fail_nomem(err);
	if (list)
		freeaddrinfo(list);
	if (!status && found->length == 0) {
		status = fail(err, CALLGATE_E_UNKNOWN, "'%s' has no address: %s", address->name,
			      error ? gai_strerror(error) : "none of the Internet");
		error_place(err, clause->position.file, clause->position.line, clause->position.col);
	}
	return status;
}

int broker_resolve(const struct policy_clause *clause, struct arena *arena, struct broker_addresses *ret_addresses,
		   struct callgate_error *err)
{
	struct policy_address address;
	struct found found = { 0 };
	int status;

	*ret_addresses = (struct broker_addresses){ 0 };
	if (clause->transport != POLICY_TRANSPORT_TCP && clause->transport != POLICY_TRANSPORT_UDP)
		return CALLGATE_OK;
	status = policy_address_parse(clause->text, &address, err);
	if (!status && address.name[0])
		status = look_up(clause, &address, arena, &found, err);
	else if (!status && !VEC_PUSH(arena, &found, address))
		status = fail_nomem(err);
	if (status)
		return status;
	*ret_addresses = (struct broker_addresses){ found.items, found.length };
	return CALLGATE_OK;
}
