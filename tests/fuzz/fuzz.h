/*
 * fuzz.h - one file an untrusted input: bytes that somebody else wrote go in, and nothing but an answer may come out
 *
 * Each NAME.c defines the function below. Its seeds lie in seeds/NAME/. In an ordinary build replay.c calls it with
 * every seed and with deterministic damage done to each (test fuzz_NAME of the quick suite); with -Dfuzz=true, under
 * clang, libFuzzer calls it:
 *
 *	CC=clang-14 meson setup build-fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false
 *	ninja -C build-fuzz && build-fuzz/tests/fuzz/fuzz_policy -max_total_time=60 tests/fuzz/seeds/policy
 */
#ifndef CALLGATE_TESTS_FUZZ_H
#define CALLGATE_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Must not crash, hang, leak or read outside bytes[0..length), which do not end in NUL. Always gives 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

#endif
