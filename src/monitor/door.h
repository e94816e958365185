/*
 * monitor/door.h - who gets what from the page's server
 *
 * It listens on the machine's own address, where every user and every page in a browser can reach it. So a request must
 * name that address itself (a name that was made to lead here is another Host), must not come from another page (Origin,
 * Sec-Fetch-Site), and to see data must show the token. Only GET and HEAD are answered: nothing can be changed.
 */
#ifndef CALLGATE_MONITOR_DOOR_H
#define CALLGATE_MONITOR_DOOR_H

#include <stdbool.h>

enum door_answer {
	DOOR_PAGE, /* nothing of these three is secret… */
	DOOR_STYLE,
	DOOR_SCRIPT,
	DOOR_STATE, /* …and all of these two is */
	DOOR_EVENTS,
	DOOR_UNAUTHORIZED, /* 401: no token, or a wrong one */
	DOOR_FORBIDDEN,	   /* 403: from somewhere else */
	DOOR_NOT_FOUND,	   /* 404 */
	DOOR_BAD_METHOD,   /* 405 */
	DOOR_FULL,	   /* 503: too many read events; the door itself does not count */
};

/* What a request says; NULL where it does not. */
struct door_request {
	const char *method, *path;
	const char *host, *origin, *site, *authorization;
};

struct door {
	char address[32]; /* "127.0.0.1:8080", "[::1]:8080" */
	const char *token;
};

enum door_answer door_judge(const struct door *door, const struct door_request *request);

#endif
