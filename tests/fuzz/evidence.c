/*
 * A file of evidence, as `learn` reads it again when runs are merged; what can be read can be written. A digest that is
 * never right would keep everything behind it from being tried: the end is sealed anew.
 */
#include "fuzz.h"

#include "base/buf.h"
#include "learn/evidence_digest.h"
#include "learn/evidence_file.h"

#include <string.h>

static void read_and_write(const char *text, size_t length)
{
	struct evidence *evidence = NULL;
	struct buf written = { 0 };

	if (evidence_parse("fuzz.evidence", text, length, &evidence, NULL) == CALLGATE_OK) {
		evidence_write(evidence, &written, NULL);
		evidence_free(evidence);
	}
	buf_fini(&written);
}

static size_t number(const char *text, const char *end)
{
	size_t value = 0;

	for (; text < end && *text >= '0' && *text <= '9' && value < 100000; text++)
		value = value * 10 + (size_t)(*text - '0');
	return value;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const char end[] = "{\"end\":";
	const char *text = (const char *)bytes;
	size_t line = length && bytes[length - 1] == '\n' ? length - 1 : length;
	struct buf sealed = { 0 };

	read_and_write(text, length);
	while (line && text[line - 1] != '\n')
		line--;
	if (length - line > sizeof(end) && memcmp(text + line, end, sizeof(end) - 1) == 0) {
		buf_add(&sealed, text, line);
		evidence_seal(&sealed, number(text + line + sizeof(end) - 1, text + length), NULL);
		read_and_write(buf_text(&sealed), sealed.length);
	}
	buf_fini(&sealed);
	return 0;
}
