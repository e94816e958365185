/*
 * The text of a line is taken as it stands, between fixed words: nothing is parsed that could be spelt in two ways.
 */
#include "monitor/chain.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

enum {
	LINK_DIGITS = 2 * SHA256_BYTES,
	CHAIN_LINE_MAX = 1 << 21, /* bytes: an event of the longest and its link */
	CHAIN_LINE_TOO_LONG = -2, /* in place of a length */
};

static const char chain_start[] = "0000000000000000000000000000000000000000000000000000000000000000";

static void chain_link(const struct chain *chain, const char *event, size_t length, char ret_link[LINK_DIGITS + 1])
{
	unsigned char digest[SHA256_BYTES];
	struct sha256 hash;
	char number[32];
	int digits = snprintf(number, sizeof(number), "%" PRIu64 " ", chain->lines + 1);

	sha256_hmac_init(&hash, chain->key, chain->key_length);
	sha256_add(&hash, chain->head, LINK_DIGITS);
	sha256_add(&hash, number, (size_t)digits);
	sha256_add(&hash, event, length);
	sha256_hmac_end(&hash, chain->key, chain->key_length, digest);
	for (size_t i = 0; i < SHA256_BYTES; i++)
		snprintf(ret_link + 2 * i, 3, "%02x", digest[i]);
}

/* What stands before an event, of the line that comes next. */
static int chain_prefix(const struct chain *chain, const char *link, char *text, size_t size)
{
	return snprintf(text, size, "{\"n\":%" PRIu64 ",\"link\":\"%s\",\"event\":", chain->lines + 1, link);
}

/* Whether the line, without its end, is the next one; then it is counted. */
static bool chain_follows(struct chain *chain, const char *line, size_t length)
{
	char prefix[160], link[LINK_DIGITS + 1];
	size_t before = (size_t)chain_prefix(chain, chain_start, prefix, sizeof(prefix));

	if (length < before + 1 || line[length - 1] != '}')
		return false;
	chain_link(chain, line + before, length - before - 1, link);
	chain_prefix(chain, link, prefix, sizeof(prefix));
	if (memcmp(line, prefix, before) != 0)
		return false;
	memcpy(chain->head, link, sizeof(chain->head));
	chain->lines++;
	return true;
}

/* As getline(3), but for a line longer than any event's. */
static ssize_t chain_line(char **line, size_t *size, FILE *from)
{
	size_t length = 0;
	int c;

	while ((c = getc(from)) != EOF) {
		if (length == CHAIN_LINE_MAX)
			return CHAIN_LINE_TOO_LONG;
		if (length + 1 >= *size) {
			size_t larger = *size ? 2 * *size : 512;
			char *grown = realloc(*line, larger);

			if (!grown)
				return -1;
			*line = grown;
			*size = larger;
		}
		(*line)[length++] = (char)c;
		if (c == '\n')
			break;
	}
	if (length)
		(*line)[length] = '\0';
	return (ssize_t)length;
}

/* Reads lines from where the descriptor is. */
static int chain_read(struct chain *chain, FILE *from, const char *path, struct callgate_error *err)
{
	cleanup_free char *line = NULL;
	size_t size = 0;
	ssize_t length;

	while ((length = chain_line(&line, &size, from)) > 0) {
		if (line[length - 1] == '\n' && chain_follows(chain, line, (size_t)length - 1))
			continue;
		error_set(err, CALLGATE_E_INVALID,
			  line[length - 1] == '\n' ? "this line does not follow from the one before"
						   : "this line is cut off");
		error_hint(err, "a line was changed, taken out or put in here, or another key is needed");
		error_place(err, path, (unsigned)chain->lines + 1, 0);
		return CALLGATE_E_INVALID;
	}
	if (length == CHAIN_LINE_TOO_LONG)
		return fail(err, CALLGATE_E_LIMIT, "'%s' is no chain: a line of it has more than %d bytes", path,
			    CHAIN_LINE_MAX);
	return feof(from) ? CALLGATE_OK : fail_errno(err, "cannot read '%s'", path);
}

static struct chain chain_empty(const void *key, size_t key_length)
{
	struct chain chain = { .fd = -1, .key = key, .key_length = key_length };

	memcpy(chain.head, chain_start, sizeof(chain.head));
	return chain;
}

int callgate_chain_verify(const char *path, const void *key, size_t key_length,
			  struct callgate_chain_report *ret_report, struct callgate_error *err)
{
	struct chain chain = chain_empty(key, key_length);
	cleanup_file FILE *from = fopen(path, "re");
	int status;

	if (!from)
		return fail_errno(err, "cannot open '%s'", path);
	status = chain_read(&chain, from, path, err);
	if (status != CALLGATE_OK)
		return status;
	*ret_report = (struct callgate_chain_report){ .lines = chain.lines };
	memcpy(ret_report->head, chain.head, sizeof(ret_report->head));
	return CALLGATE_OK;
}

int chain_open(const char *path, const void *key, size_t key_length, struct chain *ret_chain,
	       struct callgate_error *err)
{
	struct chain chain = chain_empty(key, key_length);
	cleanup_fd int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	cleanup_file FILE *from = NULL;
	int copy, status;

	if (fd < 0)
		return fail_errno(err, "cannot open '%s'", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return fail(err, CALLGATE_E_UNSUPPORTED, "another monitor writes '%s'", path);
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	from = copy < 0 ? NULL : fdopen(copy, "r");
	if (!from)
		return fail_errno(err, "cannot read '%s'", path);
	status = chain_read(&chain, from, path, err);
	if (status != CALLGATE_OK)
		return status;
	chain.fd = take_fd(fd);
	*ret_chain = chain;
	return CALLGATE_OK;
}

int chain_append(struct chain *chain, const char *event, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf line = { 0 };
	char prefix[160], link[LINK_DIGITS + 1];

	chain_link(chain, event, strlen(event), link);
	chain_prefix(chain, link, prefix, sizeof(prefix));
	buf_printf(&line, "%s%s}\n", prefix, event);
	if (line.failed)
		return fail_nomem(err);
	if (file_write_all(chain->fd, line.data, line.length) < 0)
		return fail_errno(err, "cannot write the chain");
	memcpy(chain->head, link, sizeof(chain->head));
	chain->lines++;
	return CALLGATE_OK;
}

void chain_close(struct chain *chain)
{
	if (chain->fd < 0)
		return;
	fdatasync(chain->fd);
	close(chain->fd);
	*chain = CHAIN_NONE;
}
