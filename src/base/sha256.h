/*
 * base/sha256.h - SHA-256 and its HMAC (FIPS 180-4, FIPS 198-1)
 */
#ifndef CALLGATE_BASE_SHA256_H
#define CALLGATE_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
#define SHA256_BLOCK 64

struct sha256 {
	uint32_t state[8];
	uint64_t length; /* bytes so far */
	unsigned char block[SHA256_BLOCK];
};

void sha256_init(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *bytes, size_t length);
void sha256_end(struct sha256 *hash, unsigned char ret_digest[SHA256_BYTES]);

/* Begins a hash that a key is part of; hmac_end ends it with the same key. */
void sha256_hmac_init(struct sha256 *hash, const void *key, size_t key_length);
void sha256_hmac_end(struct sha256 *hash, const void *key, size_t key_length, unsigned char ret_digest[SHA256_BYTES]);

#endif
