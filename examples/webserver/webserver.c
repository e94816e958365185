/*
 * webserver FOLDER PORT: serves the files of a folder on 127.0.0.1, and reads requests where it can do no harm.
 *
 * To bind a low port and to open files takes rights; to take apart what browsers send takes none, and is where servers
 * are broken into. So the supervisor listens, and opens what it is asked for, beneath the folder; the worker has the
 * listening socket, the files that it was given, and a filter that leaves it what reading, sending and asking take.
 * When it dies another takes its place, a few times.
 *
 * `X-Take-Over: CALL` in a request is what somebody who has taken the worker over tries: a call (mount, reboot, execve,
 * open, socket, fork, kill), `ask` for what is in no table, or `outside` for files that are none of the folder. It is
 * there to be tried, in the place of a hole that nobody knows yet.
 */
#include "../taken.h"

#include <callgate/filter.h>
#include <callgate/policy.h>
#include <callgate/privsep.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	OPEN_FILE = 1,
	NO_QUESTION = 99,
	REQUEST_MAX = 8192,
	NAME_MAX_BYTES = 1024,
	SILENCE_SECONDS = 20, /* for so long a browser may say nothing */
	DEATHS_MAX = 16,      /* each is a guess that somebody may have had */
};

static const char worker_policy[] = "kernel 6.1\n"
				    "default kill-process\n"
				    "allow accept4, read, write, sendfile, close, sendmsg, recvmsg, exit_group\n";

struct server {
	int folder, listener;
};

/* A regular file beneath the folder, which no link leads out of; its length is the reply. */
static int open_file(struct callgate_privsep_exchange *exchange, void *context)
{
	const struct server *server = context;
	struct open_how how = { .flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	char name[NAME_MAX_BYTES];
	struct stat meaning;
	int fd;

	if (exchange->asked_length >= sizeof(name) || memchr(exchange->asked, '\0', exchange->asked_length))
		return EINVAL;
	memcpy(name, exchange->asked, exchange->asked_length);
	name[exchange->asked_length] = '\0';
	fd = (int)syscall(SYS_openat2, server->folder, name, &how, sizeof(how));
	if (fd < 0)
		return errno;
	if (fstat(fd, &meaning) < 0 || !S_ISREG(meaning.st_mode)) {
		close(fd);
		return EACCES;
	}
	memcpy(exchange->reply, &meaning.st_size, sizeof(meaning.st_size));
	exchange->reply_length = sizeof(meaning.st_size);
	exchange->reply_fds[0] = fd;
	exchange->reply_fd_count = 1;
	return 0;
}

/* Asks for a file: 0 or an errno. */
static int ask_for(struct callgate_privsep *worker, const char *name, int *ret_fd, off_t *ret_length)
{
	size_t size = sizeof(*ret_length), count = 1;

	return callgate_privsep_ask(worker, OPEN_FILE, name, strlen(name), NULL, 0, ret_length, &size, ret_fd, &count);
}

static void say(int browser, const char *text)
{
	if (write(browser, text, strlen(text)) < 0)
		return; /* it has gone */
}

static void send_file(struct callgate_privsep *worker, int browser, const char *name)
{
	char head[128];
	off_t length = 0;
	int fd = -1;

	if (ask_for(worker, name, &fd, &length)) {
		say(browser, "HTTP/1.0 404 Not Found\r\nContent-Length: 10\r\n\r\nnot found\n");
		return;
	}
	snprintf(head, sizeof(head), "HTTP/1.0 200 OK\r\nContent-Length: %lld\r\n\r\n", (long long)length);
	say(browser, head);
	while (length > 0) {
		ssize_t sent = sendfile(browser, fd, NULL, (size_t)length);

		if (sent <= 0)
			break;
		length -= sent;
	}
	close(fd);
}

/* Files that are none of the folder. What the supervisor says is told to the browser. */
static void try_outside(struct callgate_privsep *worker, int browser)
{
	static const char *const names[] = { "../secret", "/etc/passwd", "link", "fifo", "/proc/self/root/etc/passwd" };
	char line[160];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		off_t length;
		int fd = -1, error = ask_for(worker, names[i], &fd, &length);

		snprintf(line, sizeof(line), "%s: %s\n", names[i], error ? "refused" : "opened");
		say(browser, line);
	}
}

static void try_call(struct callgate_privsep *worker, int browser, const char *call)
{
	if (strcmp(call, "mount") == 0)
		mount("none", "/mnt", "tmpfs", 0, NULL);
	if (strcmp(call, "reboot") == 0)
		syscall(SYS_reboot, 0, 0, RB_AUTOBOOT, NULL); /* with the wrong magic, should it ever be let through */
	if (strcmp(call, "ask") == 0)
		callgate_privsep_ask(worker, NO_QUESTION, NULL, 0, NULL, 0, NULL, NULL, NULL, NULL);
	if (strcmp(call, "outside") == 0)
		try_outside(worker, browser);
	taken_try(call);
}

/* Reads up to the empty line; false when that does not come. */
static bool read_request(int browser, char request[REQUEST_MAX])
{
	size_t length = 0;

	while (length < REQUEST_MAX - 1) {
		ssize_t got = read(browser, request + length, REQUEST_MAX - 1 - length);

		if (got <= 0)
			return false;
		length += (size_t)got;
		request[length] = '\0';
		if (strstr(request, "\r\n\r\n"))
			return true;
	}
	return false;
}

static void answer_browser(struct callgate_privsep *worker, int browser)
{
	static const char mark[] = "\r\nX-Take-Over: ";
	static char request[REQUEST_MAX];
	char name[NAME_MAX_BYTES], call[32];
	const char *taken;

	if (!read_request(browser, request))
		return;
	taken = strstr(request, mark);
	if (taken && sscanf(taken + strlen(mark), "%31[a-z]", call) == 1)
		try_call(worker, browser, call);
	else if (sscanf(request, "GET /%1023[^ \r\n] HTTP/", name) == 1)
		send_file(worker, browser, name);
	else
		say(browser, "HTTP/1.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
}

static int work(struct callgate_privsep *worker, void *context)
{
	const struct server *server = context;

	for (;;) {
		int browser = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);

		if (browser < 0 && errno != EINTR && errno != ECONNABORTED)
			return errno;
		if (browser < 0)
			continue;
		answer_browser(worker, browser);
		close(browser);
	}
}

static void tell(const struct callgate_privsep_end *end)
{
	if (end->how == CALLGATE_PRIVSEP_SIGNALLED)
		fprintf(stderr, "webserver: the worker was ended: %s\n", strsignal(end->status));
	else if (end->how == CALLGATE_PRIVSEP_VIOLATED)
		fprintf(stderr, "webserver: the worker was ended: it asked for %u\n", end->number);
	else
		fprintf(stderr, "webserver: the worker has ended: %s\n", strerror(end->status));
}

static int run(struct server *server, const struct callgate_filter *filter, struct callgate_error *err)
{
	const struct callgate_privsep_request table[] = { { .number = OPEN_FILE, .answer = open_file } };
	const struct callgate_privsep_options options = { .requests = table,
							  .request_count = 1,
							  .work = work,
							  .context = server,
							  .keep_fds = &server->listener,
							  .keep_fd_count = 1,
							  .filter = filter };

	for (int deaths = 0; deaths < DEATHS_MAX; deaths++) {
		struct callgate_privsep_end end;
		int status = callgate_privsep_run(&options, &end, err);

		if (status != CALLGATE_OK)
			return status;
		tell(&end);
		if (end.how == CALLGATE_PRIVSEP_EXITED)
			return 1;
	}
	fprintf(stderr, "webserver: the worker has died %d times: somebody is trying\n", DEATHS_MAX);
	return 1;
}

/* Both −1 when it cannot be had. What is accepted later is as patient as the listening socket. */
static struct server open_server(const char *folder, long port)
{
	const struct timeval silence = { .tv_sec = SILENCE_SECONDS };
	const struct sockaddr_in address = { .sin_family = AF_INET,
					     .sin_port = htons((uint16_t)port),
					     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int on = 1;
	struct server server = { -1, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };

	server.folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (server.folder < 0 || setsockopt(server.listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    setsockopt(server.listener, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence)) < 0 ||
	    setsockopt(server.listener, SOL_SOCKET, SO_SNDTIMEO, &silence, sizeof(silence)) < 0 ||
	    bind(server.listener, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(server.listener, SOMAXCONN) < 0)
		return (struct server){ -1, -1 };
	return server;
}

int main(int argc, char **argv)
{
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_error err = { 0 };
	struct server server;
	int status;

	if (argc != 3) {
		fprintf(stderr, "usage: webserver FOLDER PORT\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	server = open_server(argv[1], atol(argv[2]));
	if (server.folder < 0) {
		fprintf(stderr, "webserver: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	status = callgate_policy_parse("worker", worker_policy, strlen(worker_policy), NULL, &policy, &err);
	if (status == CALLGATE_OK)
		status = callgate_filter_compile(policy, NULL, &filter, &err);
	if (status == CALLGATE_OK)
		status = run(&server, filter, &err);
	if (status < 0)
		fprintf(stderr, "webserver: %s\n", err.message);
	callgate_filter_free(filter);
	callgate_policy_free(policy);
	return status < 0 ? 1 : status;
}
