/*
 * Paths against patterns, name by name. A `**` is tried with every number of names, of which there are as many as a
 * path has; only the last `**` is ever tried again, so that the work is at most the product of the two lengths.
 */
#include "policy/broker.h"

#include <string.h>

/* Where the next name begins, or the end. */
static const char *next_name(const char *name)
{
	name += strcspn(name, "/");
	return *name ? name + 1 : name;
}

/* One name, with `*` and `?` in its pattern; the last `*` is tried again. */
static bool name_matches(const char *pattern, size_t pattern_length, const char *name, size_t length)
{
	size_t at = 0, i = 0, star = SIZE_MAX, from = 0;

	while (i < length) {
		if (at < pattern_length && pattern[at] == '*') {
			star = at++;
			from = i;
		} else if (at < pattern_length && (pattern[at] == '?' || pattern[at] == name[i])) {
			at++;
			i++;
		} else if (star != SIZE_MAX) {
			at = star + 1;
			i = ++from;
		} else {
			return false;
		}
	}
	while (at < pattern_length && pattern[at] == '*')
		at++;
	return at == pattern_length;
}

static bool is_any(const char *pattern)
{
	return strncmp(pattern, "**", 2) == 0 && (pattern[2] == '/' || !pattern[2]);
}

bool policy_pattern_matches(const char *pattern, const char *path)
{
	const char *star = NULL, *from = NULL;

	if (strcmp(pattern, "**") == 0)
		return true;
	pattern++;
	path++;
	while (*path) {
		if (is_any(pattern)) {
			star = pattern = next_name(pattern);
			from = path;
			if (!*star)
				return true;
		} else if (*pattern && name_matches(pattern, strcspn(pattern, "/"), path, strcspn(path, "/"))) {
			pattern = next_name(pattern);
			path = next_name(path);
		} else if (star) {
			pattern = star;
			path = from = next_name(from);
		} else {
			return false;
		}
	}
	while (is_any(pattern))
		pattern = next_name(pattern);
	return !*pattern;
}
