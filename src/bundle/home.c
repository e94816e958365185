/*
 * What a runtime gives a program without being asked: the variables of the bundle and no others, a HOME, files that
 * others may read. An image counts on that. HOME is what /etc/passwd of the bundle says of the user; that file is the
 * image's, so it is looked for within its root, and whatever it says is a text.
 */
#include "bundle/bundle.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of an /etc/passwd; of a longer one nothing is believed. */
#define PASSWD_BYTES_MAX (1 << 20)

/* Fields of passwd(5), from 0 on. */
enum { PASSWD_UID = 2, PASSWD_HOME = 5 };

/* The beginning of a field of a line that ends at end; NULL when it has fewer. */
static const char *field_of(const char *line, const char *end, int number, size_t *ret_length)
{
	const char *colon;

	for (; number > 0; number--) {
		colon = memchr(line, ':', (size_t)(end - line));
		if (!colon)
			return NULL;
		line = colon + 1;
	}
	colon = memchr(line, ':', (size_t)(end - line));
	*ret_length = (size_t)((colon ? colon : end) - line);
	return line;
}

static bool is_user(const char *line, const char *end, const char *uid)
{
	size_t length;
	const char *field = field_of(line, end, PASSWD_UID, &length);

	return field && length == strlen(uid) && memcmp(field, uid, length) == 0;
}

const char *bundle_home_in(const char *text, size_t length, const char *uid, size_t *ret_length)
{
	const char *end = text + length;

	for (const char *line = text; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *stop = newline ? newline : end;
		const char *home = is_user(line, stop, uid) ? field_of(line, stop, PASSWD_HOME, ret_length) : NULL;

		if (home && *ret_length && *home == '/' && !memchr(home, '\0', *ret_length))
			return home;
		line = stop + 1;
	}
	*ret_length = 1;
	return "/";
}

/* −1 when there is none. */
static int open_users(const char *root)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	cleanup_fd int folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int fd = folder < 0 ? -1 : (int)syscall(SYS_openat2, folder, "etc/passwd", &how, sizeof(how));
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return -1;
	return take_fd(fd);
}

static int set_home(struct bundle *bundle)
{
	cleanup_fd int fd = bundle->root ? open_users(bundle->root) : -1;
	cleanup(buf_fini) struct buf text = { 0 };
	const char *home, *variable;
	size_t length;
	int status = fd < 0 ? CALLGATE_OK : file_read_fd(fd, "etc/passwd", PASSWD_BYTES_MAX, &text, NULL);

	if (status == CALLGATE_E_NOMEM)
		return fail_nomem(bundle->err);
	home = bundle_home_in(status == CALLGATE_OK ? buf_text(&text) : "", status == CALLGATE_OK ? text.length : 0,
			      bundle->uid ? bundle->uid : "", &length);
	variable = arena_printf(bundle->arena, "HOME=%.*s", (int)length, home);
	return variable ? bundle_set(bundle, NULL, "setenv", variable) : fail_nomem(bundle->err);
}

int bundle_complete(struct bundle *bundle)
{
	int status = CALLGATE_OK;

	if (!bundle->has_program)
		return CALLGATE_OK;
	if (!bundle->has_variables)
		status = bundle_set(bundle, NULL, "clearenv");
	if (status == CALLGATE_OK && !bundle->has_home)
		status = set_home(bundle);
	if (status == CALLGATE_OK && !bundle->has_umask)
		status = bundle_set(bundle, NULL, "umask", "0022");
	return status;
}
