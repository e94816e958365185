/*
 * hook EVENT: runs a script for a DHCP client that has heard from a server. udhcpc -s starts it, with what the server
 * said in the environment.
 *
 * What a server says comes from whoever answers first on that network. Where it meets a shell it has been a hole more
 * than once. So what has to be done with rights is done here, from values that are parsed as numbers: the interface
 * gets its address. Everything else is a script's, which is executed directly and can neither execute nor fork
 * anything: a string that a careless script takes for a command finds nothing to be run.
 *
 * HOOK_POLICY and HOOK_SCRIPT say which policy and script; no server can set them, since all its names are the
 * client's.
 */
#include <callgate/callgate.h>

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TEXT_MAX = 1024 };

/* What the script is told, in the client's words; all else that the environment holds stays here. */
static const char *const told[] = {
	"interface", "ip",    "mask",	  "router",   "dns",	  "domain",
	"hostname",  "lease", "serverid", "rootpath", "bootfile", "wpad",
};

static const char *const events[] = { "deconfig", "bound", "renew", "nak", "leasefail" };

static bool is_event(const char *word)
{
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
		if (strcmp(word, events[i]) == 0)
			return true;
	return false;
}

/* One line of ASCII. What is not could be a second line of a file that a script writes. */
static bool is_text(const char *value)
{
	size_t length = 0;

	for (; value[length]; length++)
		if (value[length] < ' ' || value[length] > '~')
			return false;
	return length <= TEXT_MAX;
}

/* One variable for the script; a value that is no text is left out. */
static int add_variable(struct callgate_sandbox *sandbox, const char *name, struct callgate_error *err)
{
	const char *value = getenv(name);
	char setting[TEXT_MAX + 32];
	const char *values[] = { setting };

	if (!value)
		return CALLGATE_OK;
	if (!is_text(value)) {
		fprintf(stderr, "hook: %s is no text and is left out\n", name);
		return CALLGATE_OK;
	}
	snprintf(setting, sizeof(setting), "%s=%s", name, value);
	return callgate_sandbox_set(sandbox, "setenv", values, 1, err);
}

static int make_sandbox(struct callgate_sandbox **ret_sandbox, struct callgate_error *err)
{
	int status = callgate_sandbox_new(ret_sandbox, err);

	if (status == CALLGATE_OK)
		status = callgate_sandbox_set(*ret_sandbox, "clearenv", NULL, 0, err);
	for (size_t i = 0; i < sizeof(told) / sizeof(*told) && status == CALLGATE_OK; i++)
		status = add_variable(*ret_sandbox, told[i], err);
	return status;
}

/* Says one address of the interface to the kernel: 0 or an errno. */
static int set_address(int fd, struct ifreq *request, unsigned long what, const char *text)
{
	struct sockaddr_in address = { .sin_family = AF_INET };

	if (!text || inet_pton(AF_INET, text, &address.sin_addr) != 1)
		return EINVAL;
	memcpy(&request->ifr_addr, &address, sizeof(address));
	return ioctl(fd, what, request) < 0 ? errno : 0;
}

/* The part that takes rights: numbers only. 0 or an errno. */
static int configure(const char *event)
{
	const char *interface = getenv("interface");
	bool has_lease = strcmp(event, "bound") == 0 || strcmp(event, "renew") == 0;
	struct ifreq request = { 0 };
	int fd, error;

	if (!interface || strlen(interface) >= sizeof(request.ifr_name))
		return EINVAL;
	if (!has_lease && strcmp(event, "deconfig") != 0)
		return 0;
	strcpy(request.ifr_name, interface);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	error = set_address(fd, &request, SIOCSIFADDR, has_lease ? getenv("ip") : "0.0.0.0");
	if (!error && has_lease)
		error = set_address(fd, &request, SIOCSIFNETMASK, getenv("subnet"));
	close(fd);
	return error;
}

static void tell(const struct callgate_refusal *refusal, void *context)
{
	(void)context;
	fprintf(stderr, "hook: the script was ended for %s\n", refusal->syscall);
}

static int run_script(const char *event, struct callgate_error *err)
{
	const char *const argv[] = { getenv("HOOK_SCRIPT"), event, NULL }, *const none[] = { NULL };
	const char *policy = getenv("HOOK_POLICY");
	struct callgate_sandbox *sandbox = NULL;
	struct callgate_subject *subject = NULL;
	struct callgate_run_options options = { .argv = argv, .environment = none, .refused = tell };
	struct callgate_run_report report = { 0 };
	int status = policy && argv[0] ? make_sandbox(&sandbox, err) : CALLGATE_E_NOT_FOUND;

	if (status == CALLGATE_OK)
		status = callgate_subject_open(policy, NULL, &subject, err);
	options.sandbox = sandbox;
	if (status == CALLGATE_OK)
		status = callgate_run(subject, &options, &report, err);
	callgate_subject_free(subject);
	callgate_sandbox_free(sandbox);
	return status == CALLGATE_OK ? report.exit_status : status;
}

int main(int argc, char **argv)
{
	struct callgate_error err = { .message = "HOOK_SCRIPT and HOOK_POLICY have to be set" };
	int error, status;

	if (argc != 2 || !is_event(argv[1])) {
		fprintf(stderr, "usage: hook deconfig|bound|renew|nak|leasefail\n");
		return 2;
	}
	error = configure(argv[1]);
	if (error) {
		fprintf(stderr, "hook: the interface cannot be set up: %s\n", strerror(error));
		return 1;
	}
	status = run_script(argv[1], &err);
	if (status < 0)
		fprintf(stderr, "hook: %s\n", err.message);
	return status < 0 ? 1 : status;
}
