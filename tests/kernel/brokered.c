#include "brokered.h"

#include "unit.h"

#include "asked.h"
#include "broker/broker.h"
#include "lang/lang.h"

#include <callgate/trap.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

char scratch[64];

const char www[] = "notify openat, openat2 via files {\n"
		   "read \"%/www/**\"; write \"%/out/*\"; read-write \"%/out/both\"; deny \"**\" errno EACCES }\n";

void make_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

void make_scratch(void)
{
	strcpy(scratch, "/tmp/callgate-broker-XXXXXX");
	assert_non_null(mkdtemp(scratch));
	assert_int_equal(chmod(scratch, 0755), 0);
	assert_int_equal(chdir(scratch), 0);
	assert_int_equal(mkdir("www", 0755) | mkdir("www/sub", 0755) | mkdir("out", 0777), 0);
	make_file("www/index", "allowed");
	make_file("www/sub/deep", "allowed");
	make_file("secret", "secret");
	assert_int_equal(symlink("../secret", "www/link") | symlink("index", "www/inner") | symlink("..", "www/up") |
				 symlink("loop", "www/loop") | symlink("nowhere", "www/dangling") |
				 symlink("/proc/self/cwd/secret", "www/jump") | symlink("../nothing/at/all", "www/out"),
			 0);
}

void remove_scratch(void)
{
	char command[128];

	assert_int_equal(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -rf %s", scratch);
	assert_int_equal(system(command), 0);
}

/* What the policy says of all other calls. The filter is another for which it is `allow`, and the broker believes that
 * the targets cannot change their root where it is not. */
static const char *others = "allow";

/* The broker of rules in which every % stands for the scratch folder. */
struct callgate_policy *parse(const char *rules)
{
	char text[2048];
	struct callgate_policy *policy = NULL;
	struct callgate_error err = { 0 };

	snprintf(text, sizeof(text), "kernel 6.1\ndefault %s\n", others);
	for (size_t i = strlen(text); *rules; rules++)
		i += (size_t)snprintf(text + i, sizeof(text) - i, *rules == '%' ? "%s" : "%.1s",
				      *rules == '%' ? scratch : rules);
	if (callgate_policy_parse("test", text, strlen(text), NULL, &policy, &err) != CALLGATE_OK)
		fail_msg("%s: %u:%u: %s", text, err.line, err.col, err.message);
	return policy;
}

bool is_exhausted;

/* Lets nobody in this process open anything more; gives what the limit was. */
static struct rlimit exhaust(void)
{
	struct rlimit old, none;
	int fd = dup(STDERR_FILENO);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = (rlim_t)fd;
	close(fd);
	if (is_exhausted)
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	return old;
}

bool by_trap;
void (*before_answering)(void);

int use_trap(void **state)
{
	by_trap = true;
	return 0;
}

int use_fixed_root(void **state)
{
	others = "kill-process";
	return 0;
}

int use_listener(void **state)
{
	by_trap = false;
	others = "allow";
	before_answering = NULL;
	return 0;
}

/* Whoever leaves by exit runs what was not his. */
static void __attribute__((noreturn)) enter_and_act(struct callgate_trap *trap, int (*act)(void))
{
	struct callgate_error err;

	if (callgate_trap_enter(trap, &err) == CALLGATE_OK)
		_exit(act());
	fprintf(stderr, "# %s\n", err.message);
	_exit(99);
}

/* Answers until nobody is left to ask, and frees the loop. */
static void answer_all(struct callgate_notify *notify)
{
	struct rlimit limit;

	if (before_answering)
		before_answering();
	limit = exhaust();
	assert_int_equal(callgate_notify_run(notify, NULL), CALLGATE_OK);
	setrlimit(RLIMIT_NOFILE, &limit);
	callgate_notify_free(notify);
}

static int outcome_by_trap(const char *rules, int (*act)(void))
{
	struct callgate_policy *policy = parse(rules);
	struct asked asked = { .listener = -1 };
	struct callgate_notify *notify;
	struct callgate_trap *trap;

	assert_int_equal(callgate_trap_new(policy, &trap, NULL), CALLGATE_OK);
	asked.pid = fork();
	if (asked.pid == 0)
		enter_and_act(trap, act);
	assert_int_equal(callgate_notify_new(NULL, &notify, NULL), CALLGATE_OK);
	assert_int_equal(callgate_trap_answer(trap, notify, NULL), CALLGATE_OK);
	answer_all(notify);
	callgate_trap_free(trap);
	callgate_policy_free(policy);
	return asked_end(&asked);
}

int outcome(unsigned nr, const char *rules, int (*act)(void))
{
	struct callgate_policy *policy = parse(rules);
	struct callgate_notify_handler handler;
	struct callgate_notify *notify;
	struct broker *broker;
	struct asked asked;

	if (by_trap) {
		callgate_policy_free(policy);
		return outcome_by_trap(rules, act);
	}
	assert_int_equal(broker_new(policy->policy, &broker, NULL), CALLGATE_OK);
	handler = broker_handler(broker);
	asked = asked_start(nr, act);
	assert_int_equal(callgate_notify_new(NULL, &notify, NULL), CALLGATE_OK);
	assert_int_equal(callgate_notify_add(notify, asked.listener, &handler, NULL), CALLGATE_OK);
	answer_all(notify);
	broker_free(broker);
	callgate_policy_free(policy);
	return asked_end(&asked);
}

int look(int fd)
{
	char text[8] = { 0 };

	if (fd < 0)
		return 100 + errno;
	if (read(fd, text, sizeof(text) - 1) < 0)
		return errno == EISDIR || errno == EBADF ? GOT_ALLOWED : BROKEN;
	close(fd);
	return strncmp(text, "secret", 6) == 0 ? GOT_SECRET : strcmp(text, "allowed") == 0 ? GOT_ALLOWED : GOT_NEITHER;
}

int end_of(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return BROKEN;
	return WIFEXITED(status) ? WEXITSTATUS(status) : BROKEN;
}

void skip_without(int got, const char *why)
{
	if (got != NOT_HERE)
		return;
	print_message("skipped: %s\n", why);
	skip();
}

int listen_tcp(uint16_t *ret_port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(fd, 4096), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

int listen_unix(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_abstract = name[0] == '@';
	size_t length = strlen(name);

	memcpy(address.sun_path, name, length);
	if (is_abstract)
		address.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + !is_abstract)),
			 0);
	assert_int_equal(listen(fd, 4096), 0);
	return fd;
}
