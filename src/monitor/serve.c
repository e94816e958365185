/*
 * libmicrohttpd reads requests and gives each connection a thread; the door judges them; what they get is made here. A
 * reader of events has a place in a ring of the latest lines, and is told how many he missed when he was too slow:
 * nobody waits for him.
 */
#include "monitor/serve.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "monitor/filters.h"
#include "monitor/guests.h"
#include "monitor/page_html.h"
#include "monitor/page_script.h"
#include "monitor/page_style.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	LINES_MAX = 256, /* that a reader may be behind, and that a new one gets */
	/* With those who were sent away and are not gone yet: on a busy machine that takes their threads a while, and
	 * who comes meanwhile would be turned away. */
	CONNECTIONS_MAX = GUESTS_MAX + READERS_MAX + 216,
	CONNECTION_STACK = 512 << 10,
	CONNECTION_MEMORY = 32 << 10,
	PATIENCE_S = 10, /* with a connection on which nothing comes or goes */
	TOKEN_BYTES_MIN = 16,
	BLOCK = 16 << 10,
};

struct serve {
	struct MHD_Daemon *daemon;
	struct counts *counts;
	struct door door;
	struct guests guests;
	int listener; /* −1 once it is the daemon's */
	pthread_mutex_t lock;
	pthread_cond_t told;
	char *lines[LINES_MAX]; /* a ring */
	uint64_t end;		/* how many lines there ever were */
	bool is_stopping;
};

/* Who reads events. */
struct reader {
	struct serve *serve;
	uint64_t next;	 /* line */
	struct buf text; /* on its way… */
	size_t sent;	 /* …as far as here */
};

static uint64_t serve_first(const struct serve *serve)
{
	return serve->end > LINES_MAX ? serve->end - LINES_MAX : 0;
}

static void add_totals(const struct serve *serve, struct buf *text)
{
	const struct callgate_monitor_report *report = &serve->counts->report;

	pthread_mutex_lock(&serve->counts->lock);
	buf_printf(text,
		   "{\"refused\":%" PRIu64 ",\"suppressed\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"unread\":%" PRIu64
		   ",\"journal_lost\":%" PRIu64 ",\"chain_lost\":%" PRIu64 "}",
		   report->refused, report->suppressed, __atomic_load_n(&report->lost, __ATOMIC_RELAXED),
		   __atomic_load_n(&report->unread, __ATOMIC_RELAXED),
		   __atomic_load_n(&report->journal_lost, __ATOMIC_RELAXED),
		   __atomic_load_n(&report->chain_lost, __ATOMIC_RELAXED));
	pthread_mutex_unlock(&serve->counts->lock);
}

static void add_json(struct buf *text, json_t *value_take)
{
	cleanup_free char *dumped = value_take ? json_dumps(value_take, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

	json_decref(value_take);
	text->failed |= !dumped;
	buf_puts(text, dumped ? dumped : "null");
}

static void serve_state(struct serve *serve, struct buf *text)
{
	buf_puts(text, "{\"counts\":");
	add_json(text, counts_json(serve->counts));
	buf_puts(text, ",\"seconds\":");
	add_json(text, counts_recent_json(serve->counts));
	buf_puts(text, ",\"filters\":");
	add_json(text, filters_in_force());
	buf_puts(text, ",\"totals\":");
	add_totals(serve, text);
	buf_puts(text, "}");
}

/* Server-sent events: what is new, how many were missed, and every second the totals, by which a reader also learns
 * that the connection holds. */
static void reader_compose(struct reader *reader)
{
	struct serve *serve = reader->serve;
	uint64_t first = serve_first(serve);

	reader->text.length = 0;
	reader->sent = 0;
	if (reader->next < first) {
		buf_printf(&reader->text, "event: missed\ndata: %" PRIu64 "\n\n", first - reader->next);
		reader->next = first;
	}
	for (; reader->next < serve->end && reader->text.length < BLOCK; reader->next++)
		buf_printf(&reader->text, "data: %s\n\n", serve->lines[reader->next % LINES_MAX]);
	if (reader->next == serve->end) {
		buf_puts(&reader->text, "event: totals\ndata: ");
		add_totals(serve, &reader->text);
		buf_puts(&reader->text, "\n\n");
	}
}

/* Until there is a line, or a second has passed; the lock is held. */
static void reader_wait(struct reader *reader)
{
	struct serve *serve = reader->serve;
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	while (!serve->is_stopping && reader->next == serve->end)
		if (pthread_cond_timedwait(&serve->told, &serve->lock, &until) == ETIMEDOUT)
			break;
}

static ssize_t reader_read(void *context, uint64_t position, char *bytes, size_t size)
{
	struct reader *reader = context;
	struct serve *serve = reader->serve;
	size_t left;

	if (reader->sent == reader->text.length) {
		pthread_mutex_lock(&serve->lock);
		if (position)
			reader_wait(reader);
		reader_compose(reader);
		pthread_mutex_unlock(&serve->lock);
	}
	if (serve->is_stopping || reader->text.failed)
		return MHD_CONTENT_READER_END_OF_STREAM;
	left = reader->text.length - reader->sent;
	left = left < size ? left : size;
	memcpy(bytes, reader->text.data + reader->sent, left);
	reader->sent += left;
	return (ssize_t)left;
}

static void reader_free(void *context)
{
	struct reader *reader = context;

	buf_fini(&reader->text);
	free(reader);
}

static struct MHD_Response *respond_events(struct serve *serve)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	struct MHD_Response *response;

	if (!reader)
		return NULL;
	reader->serve = serve;
	pthread_mutex_lock(&serve->lock);
	reader->next = serve_first(serve);
	pthread_mutex_unlock(&serve->lock);
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, reader_read, reader, reader_free);
	if (!response)
		reader_free(reader);
	return response;
}

static struct MHD_Response *respond_state(struct serve *serve)
{
	cleanup(buf_fini) struct buf text = { 0 };

	serve_state(serve, &text);
	if (text.failed)
		return NULL;
	return MHD_create_response_from_buffer(text.length, text.data, MHD_RESPMEM_MUST_COPY);
}

static struct MHD_Response *respond_fixed(const void *bytes, size_t length)
{
	return MHD_create_response_from_buffer(length, (void *)bytes, MHD_RESPMEM_PERSISTENT);
}

/* What a browser is told of every answer. Nothing is loaded from elsewhere, framed, kept or run that is not a file of
 * ours. */
static const char *const serve_headers[][2] = {
	{ "Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
				     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Cache-Control", "no-store" },
};

static const struct {
	unsigned status;
	const char *type;
} serve_answers[] = {
	[DOOR_PAGE] = { MHD_HTTP_OK, "text/html; charset=utf-8" },
	[DOOR_STYLE] = { MHD_HTTP_OK, "text/css; charset=utf-8" },
	[DOOR_SCRIPT] = { MHD_HTTP_OK, "text/javascript; charset=utf-8" },
	[DOOR_STATE] = { MHD_HTTP_OK, "application/json" },
	[DOOR_EVENTS] = { MHD_HTTP_OK, "text/event-stream" },
	[DOOR_UNAUTHORIZED] = { MHD_HTTP_UNAUTHORIZED, "text/plain" },
	[DOOR_FORBIDDEN] = { MHD_HTTP_FORBIDDEN, "text/plain" },
	[DOOR_NOT_FOUND] = { MHD_HTTP_NOT_FOUND, "text/plain" },
	[DOOR_BAD_METHOD] = { MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain" },
	[DOOR_FULL] = { MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain" },
};

static struct MHD_Response *respond(struct serve *serve, enum door_answer answer)
{
	switch (answer) {
	case DOOR_PAGE:
		return respond_fixed(page_html, sizeof(page_html));
	case DOOR_STYLE:
		return respond_fixed(page_style, sizeof(page_style));
	case DOOR_SCRIPT:
		return respond_fixed(page_script, sizeof(page_script));
	case DOOR_STATE:
		return respond_state(serve);
	case DOOR_EVENTS:
		return respond_events(serve);
	default:
		return respond_fixed("refused\n", strlen("refused\n"));
	}
}

static const char *header_of(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static struct guest *guest_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* As each connection begins, and before its socket is closed. */
static void serve_notice(void *context, struct MHD_Connection *connection, void **guest,
			 enum MHD_ConnectionNotificationCode code)
{
	struct serve *serve = context;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		*guest = info ? guests_come(&serve->guests, info->connect_fd) : NULL;
	else if (*guest)
		guests_go(&serve->guests, *guest);
}

static enum MHD_Result serve_request(void *context, struct MHD_Connection *connection, const char *path,
				     const char *method, const char *version, const char *upload, size_t *upload_size,
				     void **state)
{
	const struct door_request request = { .method = method,
					      .path = path,
					      .host = header_of(connection, "Host"),
					      .origin = header_of(connection, "Origin"),
					      .site = header_of(connection, "Sec-Fetch-Site"),
					      .authorization = header_of(connection, "Authorization") };
	struct serve *serve = context;
	enum door_answer answer = door_judge(&serve->door, &request);
	struct MHD_Response *response;
	enum MHD_Result result;

	(void)version;
	(void)upload;
	(void)upload_size;
	(void)state;
	if (answer == DOOR_EVENTS && !guests_read(&serve->guests, guest_of(connection)))
		answer = DOOR_FULL;
	response = respond(serve, answer);
	if (!response)
		return MHD_NO;
	/* A place is nobody's for longer than a request. */
	MHD_add_response_header(response, "Connection", "close");
	for (size_t i = 0; i < sizeof(serve_headers) / sizeof(*serve_headers); i++)
		MHD_add_response_header(response, serve_headers[i][0], serve_headers[i][1]);
	MHD_add_response_header(response, "Content-Type", serve_answers[answer].type);
	result = MHD_queue_response(connection, serve_answers[answer].status, response);
	MHD_destroy_response(response);
	return result;
}

union socket_address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* Only the machine's own addresses: what is told is for nobody else, and nothing is encrypted. */
static int parse_address(const char *text, union socket_address *ret_address, struct callgate_error *err)
{
	const char *port = strrchr(text, ':');
	char *end = NULL;
	unsigned long number = port && port[1] ? strtoul(port + 1, &end, 10) : 0;

	*ret_address = (union socket_address){ 0 };
	if (end && *end == '\0' && number <= UINT16_MAX && port[1] >= '0' && port[1] <= '9') {
		if (strncmp(text, "127.0.0.1:", 10) == 0 && port == text + 9) {
			ret_address->in = (struct sockaddr_in){ .sin_family = AF_INET,
								.sin_port = htons((uint16_t)number),
								.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
			return CALLGATE_OK;
		}
		if (strncmp(text, "[::1]:", 6) == 0 && port == text + 5) {
			ret_address->in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
								  .sin6_port = htons((uint16_t)number),
								  .sin6_addr = IN6ADDR_LOOPBACK_INIT };
			return CALLGATE_OK;
		}
	}
	error_set(err, CALLGATE_E_INVALID, "'%s' is no address to serve a page at", text);
	error_hint(err, "127.0.0.1:PORT or [::1]:PORT; a tunnel, as ssh -L, leads there from elsewhere");
	return CALLGATE_E_INVALID;
}

static int listen_at(struct serve *serve, union socket_address *address, struct callgate_error *err)
{
	bool is_wide = address->any.sa_family == AF_INET6;
	socklen_t length = is_wide ? sizeof(address->in6) : sizeof(address->in);
	const int yes = 1;

	serve->listener = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (serve->listener < 0 || setsockopt(serve->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
	    bind(serve->listener, &address->any, length) < 0 || listen(serve->listener, SOMAXCONN) < 0 ||
	    getsockname(serve->listener, &address->any, &length) < 0)
		return fail_errno(err, "cannot serve a page");
	snprintf(serve->door.address, sizeof(serve->door.address), is_wide ? "[::1]:%u" : "127.0.0.1:%u",
		 ntohs(is_wide ? address->in6.sin6_port : address->in.sin_port));
	return CALLGATE_OK;
}

int serve_open(const char *address, const char *token, struct counts *counts, struct serve **ret_serve,
	       struct callgate_error *err)
{
	union socket_address at;
	struct serve *serve;
	int status = parse_address(address, &at, err);

	if (status == CALLGATE_OK && (!token || strlen(token) < TOKEN_BYTES_MIN))
		status =
			fail(err, CALLGATE_E_INVALID, "a token of fewer than %d bytes can be guessed", TOKEN_BYTES_MIN);
	if (status != CALLGATE_OK)
		return status;
	serve = calloc(1, sizeof(*serve));
	if (!serve)
		return fail_nomem(err);
	pthread_mutex_init(&serve->lock, NULL);
	pthread_cond_init(&serve->told, NULL);
	guests_init(&serve->guests);
	serve->counts = counts;
	serve->door.token = token;
	status = listen_at(serve, &at, err);
	if (status == CALLGATE_OK)
		*ret_serve = serve;
	else
		serve_stop(serve);
	return status;
}

int serve_start(struct serve *serve, struct callgate_error *err)
{
	serve->daemon =
		MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_ITC, 0, NULL,
				 NULL, serve_request, serve, MHD_OPTION_LISTEN_SOCKET, serve->listener,
				 MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
				 (unsigned)PATIENCE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
				 MHD_OPTION_THREAD_STACK_SIZE, (size_t)CONNECTION_STACK, MHD_OPTION_NOTIFY_CONNECTION,
				 serve_notice, serve, MHD_OPTION_END);
	if (!serve->daemon)
		return fail_errno(err, "cannot serve a page");
	serve->listener = -1;
	return CALLGATE_OK;
}

const char *serve_address(const struct serve *serve)
{
	return serve->door.address;
}

void serve_tell(struct serve *serve, const char *line)
{
	char *copy = strdup(line);

	/* Who reads learns of one that is missing by the totals. */
	if (!copy)
		return;
	pthread_mutex_lock(&serve->lock);
	free(serve->lines[serve->end % LINES_MAX]);
	serve->lines[serve->end++ % LINES_MAX] = copy;
	pthread_cond_broadcast(&serve->told);
	pthread_mutex_unlock(&serve->lock);
}

void serve_stop(struct serve *serve)
{
	if (!serve)
		return;
	pthread_mutex_lock(&serve->lock);
	serve->is_stopping = true;
	pthread_cond_broadcast(&serve->told);
	pthread_mutex_unlock(&serve->lock);
	if (serve->daemon)
		MHD_stop_daemon(serve->daemon);
	if (serve->listener >= 0)
		close(serve->listener);
	guests_fini(&serve->guests);
	for (size_t i = 0; i < LINES_MAX; i++)
		free(serve->lines[i]);
	pthread_mutex_destroy(&serve->lock);
	pthread_cond_destroy(&serve->told);
	free(serve);
}
