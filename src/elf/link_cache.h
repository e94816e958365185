/*
 * elf/link_cache.h - /etc/ld.so.cache: the libraries of the system by name, as ldconfig found them
 *
 * The format is glibc's (dl-cache.h): "glibc-ld.so.cache1.1", perhaps behind an older table, little-endian.
 */
#ifndef CALLGATE_ELF_LINK_CACHE_H
#define CALLGATE_ELF_LINK_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A library that the cache has under a name. */
struct link_cached {
	const char *path;
	const char *hwcap; /* "x86-64-v3" of a glibc-hwcaps folder, NULL for one that any processor takes */
};

/*
 * The next library of that name and of a machine (struct link_machine has its flags), for a walk that begins with *at =
 * 0; false after the last one. Nothing in the bytes is trusted: what leaves them is not there.
 */
bool link_cache_next(const uint8_t *bytes, size_t size, uint32_t flags, const char *name, size_t *at,
		     struct link_cached *ret_cached);

#endif
