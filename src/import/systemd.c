/*
 * Units of systemd: what the filters that it loads for a service (a socket, a mount, a swap) mean together. A unit is
 * its file and the drop-ins beside it, read as one text. Where systemd looks for both elsewhere too, this reader has
 * only what it is given.
 */
#include "import/systemd.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

#include <string.h>

#define FILE_BYTES_MAX (1 << 20) /* of a drop-in */

static int read_text(struct import *import, struct systemd_settings *settings, const char *name, const char *text,
		     size_t length)
{
	struct systemd_lexer lexer;
	struct systemd_line line;
	bool end;

	systemd_lexer_init(&lexer, name, text, length, &import->policy->arena, import->err);
	for (;;) {
		int status = systemd_next(&lexer, &line, &end);

		if (status || end)
			return status;
		status = systemd_set(import, settings, &line);
		if (status)
			return status;
	}
}

static int read_dropin(struct import *import, struct systemd_settings *settings, const char *path)
{
	cleanup(buf_fini) struct buf bytes = { 0 };
	const char *name, *text;
	int status = file_read(path, FILE_BYTES_MAX, &bytes, import->err);

	if (status)
		return status;
	status = import_keep_source(import, path, buf_text(&bytes), bytes.length, &name, &text);
	if (!status)
		status = import_note(import, "a part of it is %s", path);
	return status ? status : read_text(import, settings, name, text, bytes.length);
}

int systemd_read(struct import *import)
{
	struct systemd_settings settings = {
		.refusal = { .kind = POLICY_KILL_PROCESS },
		.namespaces = SYSTEMD_NAMESPACES_ALL,
	};
	struct systemd_dropins dropins = { NULL, 0, 0 };
	int status = read_text(import, &settings, import->name, import->source->text, import->source->length);

	if (!status)
		status = systemd_find_dropins(import, &dropins);
	for (size_t i = 0; !status && i < dropins.length; i++)
		status = read_dropin(import, &settings, dropins.items[i]);
	return status ? status : systemd_stack(import, &settings);
}

/* The first line that is no comment is a section's. */
bool systemd_recognise(const char *text, size_t length)
{
	size_t at = 0, start;

	while (at < length && (text[at] <= ' ' || text[at] == '#' || text[at] == ';')) {
		if (text[at] == '#' || text[at] == ';')
			while (at < length && text[at] != '\n')
				at++;
		else
			at++;
	}
	if (at == length || text[at] != '[')
		return false;
	for (start = ++at; at < length && text[at] != ']' && text[at] != '\n'; at++)
		;
	return at > start && at < length && text[at] == ']' && text[start] >= 'A' && text[start] <= 'Z';
}
