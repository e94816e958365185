/*
 * The cache is sorted, but it is short (some hundred names) and not to be trusted: every entry is looked at.
 */
#include "elf/link_cache.h"

#include <string.h>

#define CACHE_MAGIC	"glibc-ld.so.cache1.1"
#define CACHE_OLD_MAGIC "ld.so-1.7.0"

enum {
	CACHE_OLD_HEADER = 16, /* magic, padded, and the number of entries */
	CACHE_OLD_ENTRY = 12,  /* flags, key, value */
	CACHE_HWCAPS_TAG = 1,  /* cache_extension_tag_glibc_hwcaps */
	CACHE_SECTIONS_MAX = 64,
};

#define CACHE_EXTENSION_MAGIC 0xeaa42174u
#define CACHE_HWCAP_EXTENSION (UINT64_C(1) << 62) /* DL_CACHE_HWCAP_EXTENSION: the low word numbers a folder's name */

struct cache_header {
	char magic[20]; /* with the version */
	uint32_t count;
	uint32_t strings_size;
	uint8_t flags;
	uint8_t padding[3];
	uint32_t extension; /* offset, 0 for none */
	uint32_t unused[3];
};

struct cache_entry {
	uint32_t flags;
	uint32_t key, value; /* offsets of the name and the path, from the header on */
	uint32_t unused;
	uint64_t hwcap;
};

struct cache_section {
	uint32_t tag, flags, offset, size;
};

struct cache {
	const uint8_t *bytes; /* from the header on */
	size_t size;
	struct cache_header header;
};

static bool cache_load(const struct cache *cache, uint64_t offset, void *value, size_t size)
{
	if (offset > cache->size || size > cache->size - offset)
		return false;
	memcpy(value, cache->bytes + offset, size);
	return true;
}

static const char *cache_text(const struct cache *cache, uint64_t offset)
{
	if (offset >= cache->size || !memchr(cache->bytes + offset, 0, cache->size - offset))
		return NULL;
	return (const char *)cache->bytes + offset;
}

/* Finds the header; an older table before it is stepped over. */
static bool cache_open(const uint8_t *bytes, size_t size, struct cache *ret_cache)
{
	struct cache cache = { bytes, size, { { 0 }, 0, 0, 0, { 0 }, 0, { 0 } } };
	uint32_t old;

	if (size >= CACHE_OLD_HEADER && memcmp(bytes, CACHE_OLD_MAGIC, strlen(CACHE_OLD_MAGIC)) == 0) {
		uint64_t skip;

		memcpy(&old, bytes + CACHE_OLD_HEADER - sizeof(old), sizeof(old));
		skip = (CACHE_OLD_HEADER + (uint64_t)old * CACHE_OLD_ENTRY + 7) / 8 * 8;
		if (skip > size)
			return false;
		cache.bytes += skip;
		cache.size -= skip;
	}
	if (!cache_load(&cache, 0, &cache.header, sizeof(cache.header)) ||
	    memcmp(cache.header.magic, CACHE_MAGIC, sizeof(cache.header.magic)) != 0)
		return false;
	*ret_cache = cache;
	return true;
}

/* The name of a glibc-hwcaps folder by its number; NULL when the cache does not say. */
static const char *cache_hwcap(const struct cache *cache, uint32_t number)
{
	uint32_t head[2];

	if (cache->header.extension == 0 || !cache_load(cache, cache->header.extension, head, sizeof(head)) ||
	    head[0] != CACHE_EXTENSION_MAGIC)
		return NULL;
	for (uint32_t i = 0; i < head[1] && i < CACHE_SECTIONS_MAX; i++) {
		struct cache_section section;
		uint32_t name;

		if (!cache_load(cache, cache->header.extension + sizeof(head) + (uint64_t)i * sizeof(section), &section,
				sizeof(section)))
			return NULL;
		if (section.tag == CACHE_HWCAPS_TAG && number < section.size / sizeof(name) &&
		    cache_load(cache, section.offset + (uint64_t)number * sizeof(name), &name, sizeof(name)))
			return cache_text(cache, name);
	}
	return NULL;
}

bool link_cache_next(const uint8_t *bytes, size_t size, uint32_t flags, const char *name, size_t *at,
		     struct link_cached *ret_cached)
{
	struct cache cache;
	struct cache_entry entry;

	if (!bytes || !cache_open(bytes, size, &cache))
		return false;
	while (*at < cache.header.count &&
	       cache_load(&cache, sizeof(cache.header) + (uint64_t)*at * sizeof(entry), &entry, sizeof(entry))) {
		const char *key = cache_text(&cache, entry.key);
		struct link_cached cached = { cache_text(&cache, entry.value), NULL };

		++*at;
		if (entry.flags != flags || !key || !cached.path || strcmp(key, name) != 0)
			continue;
		if (entry.hwcap & CACHE_HWCAP_EXTENSION)
			cached.hwcap = cache_hwcap(&cache, (uint32_t)entry.hwcap);
		else if (entry.hwcap != 0)
			continue; /* an older scheme, which glibc has given up */
		if ((entry.hwcap & CACHE_HWCAP_EXTENSION) && !cached.hwcap)
			continue;
		*ret_cached = cached;
		return true;
	}
	return false;
}
