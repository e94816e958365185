/*
 * The token is compared by its digest, whose bytes are all looked at: how long that takes tells nothing of where a
 * guess was right.
 */
#include "monitor/door.h"

#include "base/sha256.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *path;
	enum door_answer answer;
} door_paths[] = {
	{ "/", DOOR_PAGE },	  { "/page.css", DOOR_STYLE }, { "/page.js", DOOR_SCRIPT },
	{ "/state", DOOR_STATE }, { "/events", DOOR_EVENTS },
};

static void digest_of(const char *text, unsigned char digest[SHA256_BYTES])
{
	struct sha256 hash;

	sha256_init(&hash);
	sha256_add(&hash, text, strlen(text));
	sha256_end(&hash, digest);
}

static bool token_is_right(const struct door *door, const char *authorization)
{
	static const char scheme[] = "Bearer ";
	unsigned char shown[SHA256_BYTES], right[SHA256_BYTES], difference = 0;

	if (!authorization || strncmp(authorization, scheme, strlen(scheme)) != 0)
		return false;
	digest_of(authorization + strlen(scheme), shown);
	digest_of(door->token, right);
	for (size_t i = 0; i < SHA256_BYTES; i++)
		difference |= shown[i] ^ right[i];
	return difference == 0;
}

static bool is_from_here(const struct door *door, const struct door_request *request)
{
	static const char scheme[] = "http://";

	if (!request->host || strcmp(request->host, door->address) != 0)
		return false;
	if (request->site && strcmp(request->site, "same-origin") != 0 && strcmp(request->site, "none") != 0)
		return false;
	return !request->origin || (strncmp(request->origin, scheme, strlen(scheme)) == 0 &&
				    strcmp(request->origin + strlen(scheme), door->address) == 0);
}

enum door_answer door_judge(const struct door *door, const struct door_request *request)
{
	enum door_answer answer = DOOR_NOT_FOUND;

	if (!is_from_here(door, request))
		return DOOR_FORBIDDEN;
	if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
		return DOOR_BAD_METHOD;
	for (size_t i = 0; i < sizeof(door_paths) / sizeof(*door_paths); i++)
		if (strcmp(door_paths[i].path, request->path) == 0)
			answer = door_paths[i].answer;
	if ((answer == DOOR_STATE || answer == DOOR_EVENTS) && !token_is_right(door, request->authorization))
		return DOOR_UNAUTHORIZED;
	return answer;
}
