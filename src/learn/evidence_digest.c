/*
 * A digit that a bad disk, a bad copy or an editor changed in a count or a value leaves JSON that reads well, and makes
 * another policy. So the end of the file holds a digest of all bytes before its own line: `head -n -1 FILE | sha256sum`.
 * That shows damage; whoever wants to lie can make the digest anew, and whose word evidence is, it does not say.
 */
#include "learn/evidence_digest.h"

#include "base/error.h"
#include "base/sha256.h"

#include <stdio.h>

void evidence_digest(const char *text, size_t length, char ret_digest[EVIDENCE_DIGEST_SIZE])
{
	unsigned char digest[SHA256_BYTES];
	struct sha256 hash;

	sha256_init(&hash);
	sha256_add(&hash, text, length);
	sha256_end(&hash, digest);
	for (size_t i = 0; i < SHA256_BYTES; i++)
		snprintf(&ret_digest[2 * i], 3, "%02x", digest[i]);
}

int evidence_seal(struct buf *text, size_t entries, struct callgate_error *err)
{
	char digest[EVIDENCE_DIGEST_SIZE];

	if (text->failed)
		return fail_nomem(err);
	evidence_digest(buf_text(text), text->length, digest);
	buf_printf(text, "{\"end\":%zu,\"sha256\":\"%s\"}\n", entries, digest);
	return text->failed ? fail_nomem(err) : CALLGATE_OK;
}
