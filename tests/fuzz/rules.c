/* What broker rules are held against: a path, an address of a clause, the status of a target, a line each but for the
 * last. What a pattern matches is also found by trying everything. */
#include "fuzz.h"

#include "broker/credentials.h"
#include "broker/path.h"
#include "policy/broker.h"

#include <stdlib.h>
#include <string.h>

enum { TRIED_MAX = 40, STARS_MAX = 5 }; /* bytes of what all ways are tried of, and how many there may be */

static bool try_name(const char *pattern, const char *name)
{
	bool is_over = !*pattern || *pattern == '/', is_out = !*name || *name == '/';

	if (is_over)
		return is_out;
	if (*pattern == '*')
		return try_name(pattern + 1, name) || (!is_out && try_name(pattern, name + 1));
	return !is_out && (*pattern == '?' || *pattern == *name) && try_name(pattern + 1, name + 1);
}

static const char *next_name(const char *text)
{
	text += strcspn(text, "/");
	return *text ? text + 1 : text;
}

static bool try_names(const char *pattern, const char *path)
{
	if (!*pattern)
		return !*path;
	if (strncmp(pattern, "**", 2) == 0 && (pattern[2] == '/' || !pattern[2]))
		return try_names(next_name(pattern), path) || (*path && try_names(pattern, next_name(path)));
	return *path && try_name(pattern, path) && try_names(next_name(pattern), next_name(path));
}

/* Absolute, of names that are there. */
static bool is_whole(const char *text)
{
	size_t length = strlen(text);

	return text[0] == '/' && !strstr(text, "//") && (length == 1 || text[length - 1] != '/');
}

static bool has_few_ways(const char *pattern, const char *path)
{
	size_t stars = 0;

	for (const char *at = pattern; *at; at++)
		stars += *at == '*';
	return stars <= STARS_MAX && strlen(pattern) <= TRIED_MAX && strlen(path) <= TRIED_MAX;
}

static void match(const char *pattern, const char *path)
{
	if (!is_whole(pattern) || !is_whole(path))
		return;
	if (!has_few_ways(pattern, path))
		(void)policy_pattern_matches(pattern, path);
	else if (policy_pattern_matches(pattern, path) != try_names(pattern + 1, path + 1))
		abort();
}

/* Another name of a place is a path too, and says what is behind the numbers. */
static bool is_path(const char *name, const void *behind)
{
	size_t length = strlen(name), rest = strlen(behind);

	if (name[0] != '/' || length < rest || strcmp(name + length - rest, behind) != 0)
		abort();
	return false;
}

static void name_anew(const char *path)
{
	struct proc_place place;

	if (!is_whole(path) || strlen(path) >= PATH_MAX)
		return;
	(void)path_is_plain(path);
	for (size_t mount = 0; mount < 6; mount += 5) {
		if (mount > strlen(path))
			return;
		place = proc_parse(path, mount);
		place.target = (struct proc_numbers){ 1, 12 };
		proc_any_name(path, &place, true, is_path, path + place.rest);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = strndup((const char *)bytes, length), *rest = text;
	static struct credentials credentials;
	struct policy_address address;
	const char *pattern, *path;

	if (!text)
		return 0;
	pattern = strsep(&rest, "\n");
	path = rest ? strsep(&rest, "\n") : "";
	match(pattern, path);
	name_anew(path);
	if (rest && policy_address_parse(strsep(&rest, "\n"), &address, NULL) == CALLGATE_OK &&
	    (address.prefix > 128 || address.port_low > address.port_high))
		abort();
	if (rest && credentials_parse(rest, &credentials) == 0 && credentials.group_count > CREDENTIALS_GROUPS_MAX)
		abort();
	free(text);
	return 0;
}
