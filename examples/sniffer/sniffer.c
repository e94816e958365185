/*
 * sniffer INTERFACE COUNT [CALL]: prints so many packets of an interface, and parses them where it can do no harm.
 *
 * To open a packet socket takes CAP_NET_RAW; to take apart what strangers send takes no right at all, and is where
 * sniffers are broken into. So the supervisor opens the socket, once, and the worker has that descriptor, its standard
 * output, and a filter that leaves it read, write and what asking takes.
 *
 * CALL is what somebody who has taken over the parser tries after the first packet: open, execve, socket, fork or kill.
 * It is there to be tried, in the place of a hole that nobody knows yet.
 */
#include "../taken.h"

#include <callgate/filter.h>
#include <callgate/policy.h>
#include <callgate/privsep.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { OPEN_INTERFACE = 1, PACKET_MAX = 65536 };

struct sniffer {
	const char *interface;
	long count;
	const char *call;
};

static const char worker_policy[] = "kernel 6.1\n"
				    "default kill-process\n"
				    "allow read, write, close, sendmsg, recvmsg, exit_group\n";

/* The supervisor's only answer. The worker says nothing that it would have to believe. */
static int open_interface(struct callgate_privsep_exchange *exchange, void *context)
{
	const struct sniffer *sniffer = context;
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP) };
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP));

	address.sll_ifindex = (int)if_nametoindex(sniffer->interface);
	if (fd < 0 || address.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int error = errno;

		close(fd);
		return error ? error : ENODEV;
	}
	exchange->reply_fds[0] = fd;
	exchange->reply_fd_count = 1;
	return 0;
}

static unsigned word_at(const unsigned char *bytes)
{
	return (unsigned)bytes[0] << 8 | bytes[1];
}

/* One IPv4 packet as a line. Whatever is wrong here is wrong in the worker. */
static void print_packet(const unsigned char *packet, size_t length)
{
	static const char *const names[256] = { [1] = "icmp", [6] = "tcp", [17] = "udp" };
	size_t header = length ? (size_t)(packet[0] & 15) * 4 : 0;
	const char *name;
	char line[160];
	int size;

	if (length < 20 || packet[0] >> 4 != 4 || header < 20 || header > length) {
		size = snprintf(line, sizeof(line), "%zu bytes that are no IPv4\n", length);
	} else {
		const unsigned char *from = packet + 12, *to = packet + 16, *rest = packet + header;
		bool has_ports = (packet[9] == 6 || packet[9] == 17) && length - header >= 4;

		name = names[packet[9]] ? names[packet[9]] : "other";
		size = snprintf(line, sizeof(line), "%s %u.%u.%u.%u:%u > %u.%u.%u.%u:%u %zu bytes\n", name, from[0],
				from[1], from[2], from[3], has_ports ? word_at(rest) : 0, to[0], to[1], to[2], to[3],
				has_ports ? word_at(rest + 2) : 0, length);
	}
	if (size > 0 && write(STDOUT_FILENO, line, (size_t)size) < 0)
		_exit(1);
}

static int parse(struct callgate_privsep *worker, void *context)
{
	static unsigned char packet[PACKET_MAX];
	const struct sniffer *sniffer = context;
	size_t count = 1;
	int fd = -1, error;

	error = callgate_privsep_ask(worker, OPEN_INTERFACE, NULL, 0, NULL, 0, NULL, NULL, &fd, &count);
	if (error)
		return error;
	for (long i = 0; i < sniffer->count; i++) {
		ssize_t got = read(fd, packet, sizeof(packet));

		if (got < 0)
			return errno;
		print_packet(packet, (size_t)got);
		if (sniffer->call)
			taken_try(sniffer->call);
	}
	return 0;
}

static int run(struct sniffer *sniffer, const struct callgate_filter *filter, struct callgate_error *err)
{
	const struct callgate_privsep_request table[] = {
		{ .number = OPEN_INTERFACE, .once = true, .answer = open_interface },
	};
	const struct callgate_privsep_options options = {
		.requests = table, .request_count = 1, .work = parse, .context = sniffer, .filter = filter
	};
	struct callgate_privsep_end end;
	int status = callgate_privsep_run(&options, &end, err);

	if (status != CALLGATE_OK)
		return status;
	if (end.how == CALLGATE_PRIVSEP_EXITED && end.status)
		fprintf(stderr, "sniffer: %s: %s\n", sniffer->interface, strerror(end.status));
	if (end.how == CALLGATE_PRIVSEP_SIGNALLED)
		fprintf(stderr, "sniffer: the parser was ended: %s\n", strsignal(end.status));
	if (end.how == CALLGATE_PRIVSEP_VIOLATED)
		fprintf(stderr, "sniffer: the parser asked for %u\n", end.number);
	return end.how == CALLGATE_PRIVSEP_EXITED && end.status == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_error err = { 0 };
	struct sniffer sniffer;
	int status;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: sniffer INTERFACE COUNT [open|execve|socket|fork|kill]\n");
		return 2;
	}
	sniffer = (struct sniffer){ argv[1], atol(argv[2]), argv[3] };
	status = callgate_policy_parse("worker", worker_policy, strlen(worker_policy), NULL, &policy, &err);
	if (status == CALLGATE_OK)
		status = callgate_filter_compile(policy, NULL, &filter, &err);
	if (status == CALLGATE_OK)
		status = run(&sniffer, filter, &err);
	if (status < 0)
		fprintf(stderr, "sniffer: %s\n", err.message);
	callgate_filter_free(filter);
	callgate_policy_free(policy);
	return status < 0 ? 1 : status;
}
