/*
 * Chained lines need a hash, and no library of ours has one. The constants are the first 32 bits of the fractional
 * parts of the cube roots of the first 64 primes, and of the square roots of the first eight.
 */
#include "base/sha256.h"

#include <string.h>

static const uint32_t sha256_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t value, unsigned bits)
{
	return value >> bits | value << (32 - bits);
}

static void sha256_schedule(const unsigned char *block, uint32_t words[64])
{
	for (unsigned i = 0; i < 16; i++)
		words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
			   (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (unsigned i = 16; i < 64; i++) {
		uint32_t s0 = rotate(words[i - 15], 7) ^ rotate(words[i - 15], 18) ^ words[i - 15] >> 3;
		uint32_t s1 = rotate(words[i - 2], 17) ^ rotate(words[i - 2], 19) ^ words[i - 2] >> 10;

		words[i] = words[i - 16] + s0 + words[i - 7] + s1;
	}
}

static void sha256_block(uint32_t state[8], const unsigned char *block)
{
	uint32_t words[64], v[8];

	sha256_schedule(block, words);
	memcpy(v, state, sizeof(v));
	for (unsigned i = 0; i < 64; i++) {
		uint32_t s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
		uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
		uint32_t first = v[7] + s1 + choice + sha256_constants[i] + words[i];
		uint32_t s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
		uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);

		memmove(v + 1, v, 7 * sizeof(*v));
		v[4] += first;
		v[0] = first + s0 + majority;
	}
	for (unsigned i = 0; i < 8; i++)
		state[i] += v[i];
}

void sha256_init(struct sha256 *hash)
{
	*hash = (struct sha256){ .state = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
					    0x1f83d9ab, 0x5be0cd19 } };
}

void sha256_add(struct sha256 *hash, const void *bytes, size_t length)
{
	const unsigned char *from = bytes;

	while (length) {
		size_t at = hash->length % SHA256_BLOCK, room = SHA256_BLOCK - at, step = length < room ? length : room;

		memcpy(hash->block + at, from, step);
		hash->length += step;
		from += step;
		length -= step;
		if (step == room)
			sha256_block(hash->state, hash->block);
	}
}

void sha256_end(struct sha256 *hash, unsigned char ret_digest[SHA256_BYTES])
{
	static const unsigned char padding[SHA256_BLOCK] = { 0x80 };
	uint64_t bits = hash->length * 8;
	size_t at = hash->length % SHA256_BLOCK;
	unsigned char length[8];

	for (unsigned i = 0; i < 8; i++)
		length[i] = (unsigned char)(bits >> (56 - 8 * i));
	sha256_add(hash, padding, at < 56 ? 56 - at : 120 - at);
	sha256_add(hash, length, sizeof(length));
	for (unsigned i = 0; i < SHA256_BYTES; i++)
		ret_digest[i] = (unsigned char)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}

/* The key, or its digest where it is longer than a block, with a pattern over it. */
static void hmac_pad(struct sha256 *hash, const void *key, size_t key_length, unsigned char pattern)
{
	unsigned char block[SHA256_BLOCK] = { 0 };

	sha256_init(hash);
	if (key_length > sizeof(block)) {
		sha256_add(hash, key, key_length);
		sha256_end(hash, block);
	} else if (key_length) {
		memcpy(block, key, key_length);
	}
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] ^= pattern;
	sha256_init(hash);
	sha256_add(hash, block, sizeof(block));
	explicit_bzero(block, sizeof(block));
}

void sha256_hmac_init(struct sha256 *hash, const void *key, size_t key_length)
{
	hmac_pad(hash, key, key_length, 0x36);
}

void sha256_hmac_end(struct sha256 *hash, const void *key, size_t key_length, unsigned char ret_digest[SHA256_BYTES])
{
	unsigned char inner[SHA256_BYTES];

	sha256_end(hash, inner);
	hmac_pad(hash, key, key_length, 0x5c);
	sha256_add(hash, inner, sizeof(inner));
	sha256_end(hash, ret_digest);
}
