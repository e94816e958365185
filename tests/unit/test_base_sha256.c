#include "unit.h"

#include "base/sha256.h"

#include <stdio.h>
#include <string.h>

static void assert_digest(const unsigned char digest[SHA256_BYTES], const char *wanted)
{
	char text[2 * SHA256_BYTES + 1];

	for (unsigned i = 0; i < SHA256_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(text, wanted);
}

static void assert_hash(const char *text, size_t repeat, const char *wanted)
{
	unsigned char digest[SHA256_BYTES];
	struct sha256 hash;

	sha256_init(&hash);
	for (size_t i = 0; i < repeat; i++)
		sha256_add(&hash, text, strlen(text));
	sha256_end(&hash, digest);
	assert_digest(digest, wanted);
}

/* FIPS 180-4's examples. */
static void known_texts_have_their_digests(void **state)
{
	assert_hash("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_hash("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	assert_hash("a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void assert_hmac(const char *key, const char *text, const char *wanted)
{
	unsigned char digest[SHA256_BYTES];
	struct sha256 hash;

	sha256_hmac_init(&hash, key, strlen(key));
	sha256_add(&hash, text, strlen(text));
	sha256_hmac_end(&hash, key, strlen(key), digest);
	assert_digest(digest, wanted);
}

/* RFC 4231, cases 2 and 6. */
static void a_key_is_part_of_it(void **state)
{
	char large[132] = "";

	memset(large, 0xaa, 131);
	assert_hmac("Jefe", "what do ya want for nothing?",
		    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	assert_hmac(large, "Test Using Larger Than Block-Size Key - Hash Key First",
		    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

UNIT_TESTS(test_base_sha256, cmocka_unit_test(known_texts_have_their_digests), cmocka_unit_test(a_key_is_part_of_it), )
