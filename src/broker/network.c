/*
 * Connecting and binding in the target's place: the address is copied once, and the copy is what is judged and what
 * the kernel gets, on the target's own socket, which we hold by a descriptor. A path of a Unix socket is resolved as
 * any other, and the socket that is connected to is the one that was judged, whatever the path leads to by then.
 */
#include "base/cleanup.h"
#include "broker/credentials.h"
#include "broker/path.h"
#include "broker/work.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

enum { NETWORK_LOOK_MS = 20 /* between two looks whether a call that waits for a Unix peer still does */ };

struct network_request {
	const struct broker_call *work;
	int socket; /* the target's, a copy of the descriptor */
	int domain, type, protocol;
	struct path_base base; /* of a Unix socket's path */
	socklen_t length;
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
		struct sockaddr_storage room;
	} address;
	char path[sizeof(struct sockaddr_un) + 1]; /* of a Unix socket, "@name" of an abstract one; "" else */
};

/* An Internet address as the rules see it: IPv4 that is written as IPv6 is IPv4. */
struct network_endpoint {
	int family;
	unsigned char bytes[16];
	uint16_t port;
};

static int socket_option(int socket, int option, int *ret_value)
{
	socklen_t length = sizeof(*ret_value);

	return getsockopt(socket, SOL_SOCKET, option, ret_value, &length) < 0 ? errno : 0;
}

/* To connect to no address is to connect to this machine: it is written out, so that rules see whom the kernel means. */
static void name_loopback(struct network_request *request)
{
	static const struct in6_addr mapped_any = { .s6_addr = { [10] = 0xff, [11] = 0xff } };
	struct sockaddr_in6 *in6 = &request->address.in6;
	struct sockaddr_in *in = &request->address.in;

	if (request->address.any.sa_family == AF_INET && in->sin_addr.s_addr == htonl(INADDR_ANY))
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (request->address.any.sa_family != AF_INET6)
		return;
	if (IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr))
		in6->sin6_addr = in6addr_loopback;
	else if (memcmp(&in6->sin6_addr, &mapped_any, sizeof(mapped_any)) == 0)
		in6->sin6_addr.s6_addr32[3] = htonl(INADDR_LOOPBACK);
}

static int read_request(struct network_request *request)
{
	const struct broker_call *work = request->work;
	uint32_t length = (uint32_t)work->call->args[2];
	int error = callgate_notify_fetch(work->target, (int)work->call->args[0], &request->socket);

	if (!error)
		error = socket_option(request->socket, SO_DOMAIN, &request->domain);
	if (!error)
		error = socket_option(request->socket, SO_TYPE, &request->type);
	if (!error)
		error = socket_option(request->socket, SO_PROTOCOL, &request->protocol);
	if (!error && (length > sizeof(request->address) || length < sizeof(sa_family_t)))
		error = EINVAL;
	if (!error)
		error = callgate_notify_read(work->target, work->call->args[1], &request->address, length);
	request->length = length;
	if (!error && strcmp(work->syscall->name, "connect") == 0)
		name_loopback(request);
	if (!error && request->domain == AF_UNIX)
		error = path_base_open(work->target, AT_FDCWD, "", &request->base);
	return error;
}

/* Whether the socket is of the transport that a clause names. */
static bool is_transport(const struct network_request *request, enum policy_transport transport)
{
	bool is_inet = request->domain == AF_INET || request->domain == AF_INET6;

	if (transport == POLICY_TRANSPORT_UNIX)
		return request->domain == AF_UNIX;
	if (transport == POLICY_TRANSPORT_TCP)
		return is_inet && request->type == SOCK_STREAM &&
		       (request->protocol == IPPROTO_TCP || request->protocol == IPPROTO_MPTCP);
	return is_inet && request->type == SOCK_DGRAM && request->protocol == IPPROTO_UDP;
}

/* False for what is not an Internet address of its socket's family and whole. */
static bool read_endpoint(const struct network_request *request, struct network_endpoint *endpoint)
{
	static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	const struct sockaddr_in6 *in6 = &request->address.in6;
	const struct sockaddr_in *in = &request->address.in;

	*endpoint = (struct network_endpoint){ .family = request->address.any.sa_family };
	if (endpoint->family == AF_INET && request->length >= sizeof(*in)) {
		memcpy(endpoint->bytes, &in->sin_addr, 4);
		endpoint->port = ntohs(in->sin_port);
		return true;
	}
	/* Without its last word too, as the kernel has it. */
	if (endpoint->family != AF_INET6 || request->domain != AF_INET6 ||
	    request->length < offsetof(struct sockaddr_in6, sin6_scope_id))
		return false;
	endpoint->port = ntohs(in6->sin6_port);
	memcpy(endpoint->bytes, &in6->sin6_addr, 16);
	if (memcmp(endpoint->bytes, mapped, sizeof(mapped)) != 0)
		return true;
	endpoint->family = AF_INET;
	memmove(endpoint->bytes, endpoint->bytes + 12, 4);
	return true;
}

static bool address_matches(const struct policy_address *address, const struct network_endpoint *endpoint)
{
	unsigned whole = address->prefix / 8, rest = address->prefix % 8;

	if (endpoint->port < address->port_low || endpoint->port > address->port_high)
		return false;
	if (address->family == AF_UNSPEC)
		return true;
	if (address->family != endpoint->family || memcmp(address->bytes, endpoint->bytes, whole) != 0)
		return false;
	return rest == 0 || (address->bytes[whole] ^ endpoint->bytes[whole]) >> (8 - rest) == 0;
}

static bool clause_matches(const struct network_request *request, size_t index, const struct network_endpoint *endpoint)
{
	const struct policy_clause *clause = &request->work->rule->broker->clauses[index];
	const struct broker_addresses *addresses = &request->work->rule->addresses[index];

	if (clause->transport == POLICY_TRANSPORT_ANY)
		return true;
	if (!is_transport(request, clause->transport))
		return false;
	if (clause->transport == POLICY_TRANSPORT_UNIX)
		return clause->text[0] == '@' || request->path[0] == '@'
			       ? strcmp(clause->text, request->path) == 0
			       : request->path[0] && policy_pattern_matches(clause->text, request->path);
	for (size_t i = 0; endpoint && i < addresses->count; i++)
		if (address_matches(&addresses->items[i], endpoint))
			return true;
	return false;
}

/* endpoint is NULL for what is no Internet address. */
static const struct policy_clause *find_clause(const struct network_request *request,
					       const struct network_endpoint *endpoint)
{
	const struct policy_broker *broker = request->work->rule->broker;

	for (size_t i = 0; i < broker->clause_count; i++)
		if (clause_matches(request, i, endpoint))
			return &broker->clauses[i];
	return NULL;
}

static bool permits(const struct policy_clause *clause)
{
	return clause && !policy_clause_denies(clause->kind);
}

/* Whether a connect of it may sleep: datagrams are sent to whom it may concern. */
static bool may_sleep(const struct network_request *request)
{
	int flags = fcntl(request->socket, F_GETFL);

	return request->type != SOCK_DGRAM && flags >= 0 && !(flags & O_NONBLOCK);
}

static int set_patience(int socket, struct timeval patience)
{
	return setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ? errno : 0;
}

static bool has_passed(const struct timeval *patience, long looks)
{
	return timerisset(patience) && looks * NETWORK_LOOK_MS >= patience->tv_sec * 1000 + patience->tv_usec / 1000;
}

/*
 * Who waits for room in a Unix listener's queue is woken by that peer or a signal, not by shutting its socket down: it
 * sleeps for a look at a time, by the socket's own limit, which is put back. 0 or an errno.
 */
static int connect_unix_patiently(const struct network_request *request, const struct sockaddr *address,
				  socklen_t length)
{
	const struct timeval look = { .tv_usec = NETWORK_LOOK_MS * 1000 };
	struct timeval theirs;
	socklen_t size = sizeof(theirs);
	int error = getsockopt(request->socket, SOL_SOCKET, SO_SNDTIMEO, &theirs, &size) < 0 ? errno : 0;

	if (!error)
		error = set_patience(request->socket, look);
	if (error)
		return error;
	for (long looks = 1; connect(request->socket, address, length) < 0; looks++) {
		error = errno;
		if (error != EAGAIN || has_passed(&theirs, looks))
			break;
		error = callgate_notify_is_waiting(request->work->target) ? 0 : ESRCH;
		if (error)
			break;
	}
	set_patience(request->socket, theirs);
	return error;
}

static int connect_for(const struct network_request *request, const struct sockaddr *address, socklen_t length)
{
	bool sleeps = may_sleep(request);

	if (sleeps)
		callgate_notify_will_block(request->work->target, request->socket);
	if (sleeps && request->domain == AF_UNIX)
		return connect_unix_patiently(request, address, length);
	return connect(request->socket, address, length) < 0 ? errno : 0;
}

/* The call itself, with our copy of the address. */
static struct callgate_notify_answer carry_out(const struct network_request *request, const struct sockaddr *address,
					       socklen_t length)
{
	bool binds = strcmp(request->work->syscall->name, "bind") == 0;
	int error;

	if (!callgate_notify_is_waiting(request->work->target))
		return broker_refuse(ESRCH);
	if (binds)
		error = bind(request->socket, address, length) < 0 ? errno : 0;
	else
		error = connect_for(request, address, length);
	if (error)
		return broker_refuse(error);
	return (struct callgate_notify_answer){ .kind = CALLGATE_NOTIFY_VALUE };
}

/* Says no to an Internet address, and by which clause a policy would have said yes. */
static struct callgate_notify_answer deny_endpoint(const struct network_request *request,
						   const struct network_endpoint *endpoint,
						   const struct policy_clause *clause)
{
	char address[INET6_ADDRSTRLEN] = "", text[sizeof(address) + 16];
	bool is_wide = endpoint->family == AF_INET6;

	inet_ntop(endpoint->family, endpoint->bytes, address, sizeof(address));
	snprintf(text, sizeof(text), is_wide ? "[%s]:%u" : "%s:%u", address, endpoint->port);
	for (enum policy_transport transport = 0; transport < POLICY_TRANSPORT_ANY; transport++)
		if (transport != POLICY_TRANSPORT_UNIX && is_transport(request, transport))
			broker_want(request->work, POLICY_CLAUSE_ALLOW, policy_transport_word(transport), text);
	return broker_deny(request->work, clause);
}

/* The same to the Unix socket of request->path. */
static struct callgate_notify_answer deny_unix(const struct network_request *request,
					       const struct policy_clause *clause)
{
	broker_want(request->work, POLICY_CLAUSE_ALLOW, policy_transport_word(POLICY_TRANSPORT_UNIX), request->path);
	return broker_deny(request->work, clause);
}

static struct callgate_notify_answer inet_call(const struct network_request *request)
{
	struct network_endpoint endpoint;
	bool is_whole = read_endpoint(request, &endpoint);
	const struct policy_clause *clause;

	/* Without a family it names nobody: a socket is let go of its peer. */
	if (request->address.any.sa_family == AF_UNSPEC && strcmp(request->work->syscall->name, "connect") == 0)
		return carry_out(request, &request->address.any, request->length);
	if (!is_whole)
		return broker_refuse(EINVAL);
	clause = find_clause(request, &endpoint);
	if (!permits(clause))
		return deny_endpoint(request, &endpoint, clause);
	return carry_out(request, &request->address.any, request->length);
}

/* The socket at a place, by a descriptor that nothing can exchange any more. */
static struct callgate_notify_answer connect_place(const struct network_request *request,
						   const struct path_place *place)
{
	cleanup_fd int fd =
		path_openat2(place->folder, place->name, O_PATH | O_NOFOLLOW, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat meaning;

	if (fd < 0)
		return broker_refuse(errno);
	if (fstat(fd, &meaning) < 0 || !S_ISSOCK(meaning.st_mode))
		return broker_refuse(ECONNREFUSED);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", fd);
	return carry_out(request, (const struct sockaddr *)&address, sizeof(address));
}

static struct callgate_notify_answer path_call(struct network_request *request, const char *path)
{
	struct path_query query = { .target = request->work->target, .base = &request->base, .text = path };
	cleanup(path_place_fini) struct path_place place = PATH_PLACE_NONE;
	const struct policy_clause *clause;
	int error;

	/* A name that the kernel would write down is the one that it is given: ours would not be the target's. */
	if (strcmp(request->work->syscall->name, "bind") == 0)
		return broker_deny(request->work, NULL);
	error = path_find(&query, &place);
	if (error == ESRCH || (error && !place.text[0]))
		return broker_refuse(error);
	if (strlen(place.text) >= sizeof(request->path))
		return broker_deny(request->work, NULL);
	memcpy(request->path, place.text, strlen(place.text) + 1);
	clause = find_clause(request, NULL);
	/* What is missing is told to whom it would be shown. */
	if (!permits(clause))
		return deny_unix(request, clause);
	return error ? broker_refuse(error) : connect_place(request, &place);
}

static struct callgate_notify_answer unix_call(struct network_request *request)
{
	size_t room = request->length - offsetof(struct sockaddr_un, sun_path);
	const char *name = request->address.un.sun_path;
	char path[sizeof(request->address.un.sun_path) + 1] = "";
	const struct policy_clause *clause;

	if (request->address.any.sa_family != AF_UNIX || request->length <= offsetof(struct sockaddr_un, sun_path) ||
	    request->length > sizeof(struct sockaddr_un))
		return broker_refuse(EINVAL);
	memcpy(path, name, room);
	if (name[0])
		return path_call(request, path);
	/* An abstract name may hold any byte; one with a NUL in it is in no rule. */
	if (memchr(name + 1, '\0', room - 1))
		return broker_deny(request->work, NULL);
	path[0] = '@';
	memcpy(request->path, path, room);
	clause = find_clause(request, NULL);
	if (!permits(clause))
		return deny_unix(request, clause);
	return carry_out(request, &request->address.any, request->length);
}

struct callgate_notify_answer broker_network(const struct broker_call *work)
{
	struct network_request request = { .work = work, .socket = -1, .base = PATH_BASE_NONE };
	struct credentials_saved saved = { .is_other = false };
	struct callgate_notify_answer answer;
	int error = read_request(&request);

	if (!error)
		error = credentials_assume(work->target, &saved);
	if (error)
		answer = broker_refuse(error);
	else if (request.domain == AF_UNIX)
		answer = unix_call(&request);
	else if (request.domain == AF_INET || request.domain == AF_INET6)
		answer = inet_call(&request);
	else
		answer = broker_deny(work, NULL);
	credentials_restore(&saved);
	path_base_fini(&request.base);
	if (request.socket >= 0)
		close(request.socket);
	return answer;
}
