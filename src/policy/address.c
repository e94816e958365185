/*
 * HOST:PORT. The port comes last, so that it is split off from the right; what is left is an address where inet_pton
 * takes it, and a name of the DNS where it has the letters of one.
 */
#include "policy/broker.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int fail_address(const char *text, const char *hint, struct callgate_error *err)
{
	int status = fail(err, CALLGATE_E_SYNTAX, "'%s' is not an address", text);

	error_hint(err, "%s", hint);
	return status;
}

/* Digits up to a limit; NULL when there are none, or more. */
static const char *parse_number(const char *text, unsigned limit, unsigned *ret_number)
{
	unsigned number = 0;
	const char *at = text;

	while (isdigit((unsigned char)*at) && number <= limit)
		number = number * 10 + (unsigned)(*at++ - '0');
	if (at == text || number > limit)
		return NULL;
	*ret_number = number;
	return at;
}

static bool parse_ports(const char *text, struct policy_address *address)
{
	unsigned low = 0, high;

	if (strcmp(text, "*") == 0) {
		address->port_low = 0;
		address->port_high = UINT16_MAX;
		return true;
	}
	text = parse_number(text, UINT16_MAX, &low);
	high = low;
	if (text && *text == '-')
		text = parse_number(text + 1, UINT16_MAX, &high);
	if (!text || *text || high < low)
		return false;
	address->port_low = (uint16_t)low;
	address->port_high = (uint16_t)high;
	return true;
}

/* The host without brackets and prefix length, of which the latter goes to *prefix; UINT_MAX when there is none. */
static bool split_host(char *host, unsigned *prefix)
{
	char *slash = strchr(host, '/');
	size_t length;
	const char *end;

	*prefix = UINT32_MAX;
	if (slash) {
		*slash = '\0';
		end = parse_number(slash + 1, 128, prefix);
		if (!end || *end)
			return false;
	}
	length = strlen(host);
	if (host[0] != '[')
		return true;
	if (length < 2 || host[length - 1] != ']')
		return false;
	memmove(host, host + 1, length - 2);
	host[length - 2] = '\0';
	return strchr(host, ':');
}

static bool is_name(const char *host)
{
	size_t length = strlen(host);

	for (const char *at = host; *at; at++)
		if (!isalnum((unsigned char)*at) && *at != '-' && *at != '.' && *at != '_')
			return false;
	/* What ends in a digit is an address with a slip in it. */
	return length > 0 && length <= POLICY_HOST_MAX && isalpha((unsigned char)host[length - 1]);
}

static bool parse_host(const char *host, unsigned prefix, struct policy_address *address)
{
	unsigned bits;

	if (strcmp(host, "*") == 0) {
		address->family = AF_UNSPEC;
		return prefix == UINT32_MAX;
	}
	address->family = strchr(host, ':') ? AF_INET6 : AF_INET;
	bits = address->family == AF_INET6 ? 128 : 32;
	if (inet_pton(address->family, host, address->bytes) == 1) {
		address->prefix = prefix == UINT32_MAX ? bits : prefix;
		return address->prefix <= bits;
	}
	address->family = AF_UNSPEC;
	if (!is_name(host) || prefix != UINT32_MAX)
		return false;
	memcpy(address->name, host, strlen(host) + 1);
	return true;
}

int policy_address_parse(const char *text, struct policy_address *ret_address, struct callgate_error *err)
{
	struct policy_address address = { 0 };
	char host[POLICY_HOST_MAX + 64];
	const char *colon = strrchr(text, ':');
	unsigned prefix;

	if (!colon || (size_t)(colon - text) >= sizeof(host))
		return fail_address(text, "an address is HOST:PORT; the port may be *", err);
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	if (!parse_ports(colon + 1, &address))
		return fail_address(text, "a port is a number up to 65535, LOW-HIGH or *", err);
	/* 2001:db8::1:80 could be cut anywhere. */
	if (strchr(host, ':') && host[0] != '[')
		return fail_address(text, "an IPv6 address stands in brackets: [::1]:80", err);
	if (!split_host(host, &prefix) || !parse_host(host, prefix, &address))
		return fail_address(text, "a host is an address, with or without /LENGTH, a name or *", err);
	*ret_address = address;
	return CALLGATE_OK;
}
