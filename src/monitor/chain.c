/*
 * The text of a line is taken as it stands, between fixed words: nothing is parsed that could be spelt in two ways.
 */
#include "monitor/chain.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "event/event.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LINK_DIGITS = 2 * SHA256_BYTES,
	CHAIN_LINE_MAX = 1 << 21, /* bytes: an event of the longest and its link */
	ASIDE_MAX = 1000,	  /* damaged files beside one */
};

static void spell_digest(const unsigned char digest[SHA256_BYTES], char ret_text[LINK_DIGITS + 1])
{
	for (size_t i = 0; i < SHA256_BYTES; i++)
		snprintf(ret_text + 2 * i, 3, "%02x", digest[i]);
}

static const char chain_start[] = "0000000000000000000000000000000000000000000000000000000000000000";

/* What a line holds: the word that stands before it, and what the link is made of before its text. */
enum line_kind { LINE_EVENT, LINE_GAP };

static const struct {
	const char *word, *mark;
} line_kinds[] = { [LINE_EVENT] = { "event", "" }, [LINE_GAP] = { "gap", "gap:" } };

static void chain_link(const struct chain *chain, enum line_kind kind, const char *text, size_t length,
		       char ret_link[LINK_DIGITS + 1])
{
	unsigned char digest[SHA256_BYTES];
	struct sha256 hash;
	char before[32];
	int digits = snprintf(before, sizeof(before), "%" PRIu64 " %s", chain->lines + 1, line_kinds[kind].mark);

	sha256_hmac_init(&hash, chain->key, chain->key_length);
	sha256_add(&hash, chain->head, LINK_DIGITS);
	sha256_add(&hash, before, (size_t)digits);
	sha256_add(&hash, text, length);
	sha256_hmac_end(&hash, chain->key, chain->key_length, digest);
	spell_digest(digest, ret_link);
}

/* What stands before the text, of the line that comes next. */
static size_t chain_prefix(const struct chain *chain, enum line_kind kind, const char *link, char *text, size_t size)
{
	return (size_t)snprintf(text, size, "{\"n\":%" PRIu64 ",\"link\":\"%s\",\"%s\":", chain->lines + 1, link,
				line_kinds[kind].word);
}

/* The line, which now stands whole in the file. */
static void chain_count(struct chain *chain, const char *link, size_t length)
{
	memcpy(chain->head, link, sizeof(chain->head));
	chain->lines++;
	chain->end += (off_t)length;
}

/* Whether the line, with its end, is the next one and of this kind; then it is counted. */
static bool chain_follows(struct chain *chain, enum line_kind kind, const char *line, size_t length)
{
	char prefix[160], link[LINK_DIGITS + 1];
	size_t before = chain_prefix(chain, kind, chain_start, prefix, sizeof(prefix));

	if (length < before + 2 || memcmp(line + length - 2, "}\n", 2) != 0)
		return false;
	chain_link(chain, kind, line + before, length - before - 2, link);
	chain_prefix(chain, kind, link, prefix, sizeof(prefix));
	if (memcmp(line, prefix, before) != 0)
		return false;
	chain_count(chain, link, length);
	return true;
}

/* A line that does not follow, or the rest of the file that is none. */
static int fail_line(const struct chain *chain, const char *line, size_t length, const char *path,
		     struct callgate_error *err)
{
	bool has_end = line[length - 1] == '\n';

	if (!has_end && length == CHAIN_LINE_MAX)
		return fail(err, CALLGATE_E_LIMIT, "'%s' is no chain: a line of it has more than %d bytes", path,
			    CHAIN_LINE_MAX);
	error_set(err, CALLGATE_E_INVALID,
		  has_end ? "this line does not follow from the one before" : "this line is cut off");
	error_hint(err,
		   "a line was changed, taken out or put in here, or another key is needed; what holds ends with %s",
		   chain->lines ? chain->head : "nothing");
	error_place(err, path, (unsigned)chain->lines + 1, 0);
	return CALLGATE_E_INVALID;
}

/* Reads lines from the file's start; those that are gaps are counted. */
static int chain_read(struct chain *chain, FILE *from, const char *path, struct callgate_chain_report *report,
		      struct callgate_error *err)
{
	cleanup_free char *line = NULL;
	size_t size = 0;
	ssize_t length;

	while ((length = file_line(from, CHAIN_LINE_MAX, &line, &size)) > 0) {
		bool is_gap = chain_follows(chain, LINE_GAP, line, (size_t)length);

		if (!is_gap && !chain_follows(chain, LINE_EVENT, line, (size_t)length))
			return fail_line(chain, line, (size_t)length, path, err);
		report->gaps += is_gap;
	}
	return length == 0 ? CALLGATE_OK : fail_errno(err, "cannot read '%s'", path);
}

static struct chain chain_empty(const char *path, const void *key, size_t key_length)
{
	struct chain chain = { .fd = -1, .path = path, .key = key, .key_length = key_length };

	memcpy(chain.head, chain_start, sizeof(chain.head));
	return chain;
}

int callgate_chain_verify(const char *path, const void *key, size_t key_length,
			  struct callgate_chain_report *ret_report, struct callgate_error *err)
{
	struct chain chain = chain_empty(path, key, key_length);
	struct callgate_chain_report report = { 0 };
	cleanup_file FILE *from = fopen(path, "re");
	int status;

	if (!from)
		return fail_errno(err, "cannot open '%s'", path);
	status = chain_read(&chain, from, path, &report, err);
	if (status != CALLGATE_OK)
		return status;
	report.lines = chain.lines;
	memcpy(report.head, chain.head, sizeof(report.head));
	*ret_report = report;
	return CALLGATE_OK;
}

/* What a gap's line says. NULL without memory. */
static char *spell_gap(uint64_t missed, const char *reason)
{
	struct callgate_event event = { .kind = CALLGATE_EVENT_GAP, .count = missed };
	char *text = NULL;

	event.refusal.time_ns = event_now();
	snprintf(event.refusal.explanation.reason, sizeof(event.refusal.explanation.reason), "%s", reason);
	return callgate_event_format(&event, &text, NULL) == CALLGATE_OK ? text : NULL;
}

/* Writes one line whole, or takes back what of it was written. */
static int chain_write(struct chain *chain, enum line_kind kind, const char *text, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf line = { 0 };
	char prefix[160], link[LINK_DIGITS + 1];

	chain_link(chain, kind, text, strlen(text), link);
	chain_prefix(chain, kind, link, prefix, sizeof(prefix));
	buf_printf(&line, "%s%s}\n", prefix, text);
	if (line.failed)
		return fail_nomem(err);
	if (file_write_all(chain->fd, line.data, line.length) == 0) {
		chain_count(chain, link, line.length);
		return CALLGATE_OK;
	}
	error_set_errno(err, "cannot write the chain '%s'", chain->path);
	if (ftruncate(chain->fd, chain->end) == 0)
		return CALLGATE_E_OS;
	error_set_errno(err, "the chain '%s' ends in half a line, which cannot be taken back", chain->path);
	if (err)
		err->status = CALLGATE_E_INVALID;
	return CALLGATE_E_INVALID;
}

/* A name beside the file's own that nothing has. */
static int put_aside(const char *path, char *ret_name, size_t size, struct callgate_error *err)
{
	for (unsigned i = 1; i <= ASIDE_MAX; i++) {
		if ((size_t)snprintf(ret_name, size, "%s.%u", path, i) >= size)
			return fail(err, CALLGATE_E_LIMIT, "'%s' is too long a name to put it aside", path);
		if (renameat2(AT_FDCWD, path, AT_FDCWD, ret_name, RENAME_NOREPLACE) == 0)
			return CALLGATE_OK;
		if (errno != EEXIST)
			return fail_errno(err, "cannot put '%s' aside as '%s'", path, ret_name);
	}
	return fail(err, CALLGATE_E_LIMIT, "'%s' was put aside %d times already", path, ASIDE_MAX);
}

/* How many bytes stand behind what holds, and their digest. */
static int digest_rest(const struct chain *chain, off_t *ret_length, char ret_digest[LINK_DIGITS + 1],
		       struct callgate_error *err)
{
	unsigned char bytes[1 << 14], digest[SHA256_BYTES];
	struct sha256 hash;
	off_t at = chain->end;
	ssize_t got;

	sha256_init(&hash);
	while ((got = pread(chain->fd, bytes, sizeof(bytes), at)) > 0) {
		sha256_add(&hash, bytes, (size_t)got);
		at += got;
	}
	if (got < 0)
		return fail_errno(err, "cannot read '%s'", chain->path);
	sha256_end(&hash, digest);
	spell_digest(digest, ret_digest);
	*ret_length = at - chain->end;
	return CALLGATE_OK;
}

/* Another file in the place of one that does not hold; *broken stays the caller's. */
static int chain_begin_anew(const struct chain *broken, struct chain *ret_chain, struct callgate_error *err)
{
	struct chain chain = chain_empty(broken->path, broken->key, broken->key_length);
	char digest[LINK_DIGITS + 1], name[PATH_MAX];
	cleanup_free char *text = NULL;
	cleanup_fd int fd = -1;
	off_t rest;
	int status = digest_rest(broken, &rest, digest, err);

	if (status == CALLGATE_OK)
		status = put_aside(broken->path, name, sizeof(name), err);
	if (status != CALLGATE_OK)
		return status;
	chain.fd = fd = open(broken->path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return fail_errno(err, "cannot begin '%s' anew", broken->path);
	snprintf(chain.gap, sizeof(chain.gap),
		 "the chain before this one, put aside as '%.160s', holds up to line %" PRIu64
		 ", whose link is %s; the %jd bytes behind do not follow, their SHA-256 is %s",
		 name, broken->lines, broken->head, (intmax_t)rest, digest);
	text = spell_gap(0, chain.gap);
	status = text ? chain_write(&chain, LINE_GAP, text, err) : fail_nomem(err);
	if (status != CALLGATE_OK)
		return status;
	chain.fd = take_fd(fd);
	*ret_chain = chain;
	return CALLGATE_OK;
}

/* Its own name, so that nobody who may change a link leads it elsewhere, and a file: no pipe keeps what it was given. */
static int open_file(const char *path, int *ret_fd, struct callgate_error *err)
{
	cleanup_fd int fd =
		open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK, 0600);
	struct stat meaning;

	if (fd < 0 && errno == ELOOP) {
		error_set(err, CALLGATE_E_INVALID, "'%s' is a symbolic link, and a chain is not written through one",
			  path);
		error_hint(err, "name the file itself");
		return CALLGATE_E_INVALID;
	}
	if (fd < 0 || fstat(fd, &meaning) < 0)
		return fail_errno(err, "cannot open '%s'", path);
	if (!S_ISREG(meaning.st_mode))
		return fail(err, CALLGATE_E_INVALID, "'%s' is no file, which a chain is", path);
	*ret_fd = take_fd(fd);
	return CALLGATE_OK;
}

int chain_open(const char *path, const void *key, size_t key_length, bool anew, struct chain *ret_chain,
	       struct callgate_error *err)
{
	struct chain chain = chain_empty(path, key, key_length);
	struct callgate_chain_report report = { 0 };
	cleanup_file FILE *from = NULL;
	cleanup_fd int fd = -1;
	int copy, status = open_file(path, &fd, err);

	if (status != CALLGATE_OK)
		return status;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return fail(err, CALLGATE_E_UNSUPPORTED, "another monitor writes '%s'", path);
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	from = copy < 0 ? NULL : fdopen(copy, "r");
	if (!from)
		return fail_errno(err, "cannot read '%s'", path);
	chain.fd = fd;
	status = chain_read(&chain, from, path, &report, err);
	if (anew && (status == CALLGATE_E_INVALID || status == CALLGATE_E_LIMIT))
		return chain_begin_anew(&chain, ret_chain, err);
	if (status != CALLGATE_OK)
		return status;
	chain.fd = take_fd(fd);
	*ret_chain = chain;
	return CALLGATE_OK;
}

int chain_settle(struct chain *chain, struct callgate_error *err)
{
	cleanup_free char *text = NULL;
	int status;

	if (!chain->missed)
		return CALLGATE_OK;
	text = spell_gap(chain->missed, "these could not be written here");
	status = text ? chain_write(chain, LINE_GAP, text, err) : fail_nomem(err);
	if (status == CALLGATE_OK)
		chain->missed = 0;
	return status;
}

int chain_append(struct chain *chain, const char *event, struct callgate_error *err)
{
	int status = chain_settle(chain, err);

	if (status == CALLGATE_OK)
		status = chain_write(chain, LINE_EVENT, event, err);
	chain->missed += status == CALLGATE_E_OS;
	return status;
}

void chain_close(struct chain *chain)
{
	if (chain->fd < 0)
		return;
	fdatasync(chain->fd);
	close(chain->fd);
	*chain = CHAIN_NONE;
}
