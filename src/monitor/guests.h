/*
 * monitor/guests.h - who is connected to the page's server, and who has to go when there is no more room
 *
 * Everybody on this machine can connect, and whoever has shown no token yet costs a place. Where all are taken the one
 * who came first goes: who asks at once is answered before that, and who only holds a connection keeps nobody out.
 */
#ifndef CALLGATE_MONITOR_GUESTS_H
#define CALLGATE_MONITOR_GUESTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	GUESTS_MAX = 24,  /* connections that read no events */
	READERS_MAX = 16, /* that do, each of whom has shown the token */
};

struct guest {
	int socket; /* not ours */
	bool is_reader;
	bool is_sent_away;
	uint64_t number; /* in the order in which they came */
	struct guest *next;
};

struct guests {
	pthread_mutex_t lock;
	struct guest *first; /* owned */
	uint64_t number;
};

void guests_init(struct guests *guests);
void guests_fini(struct guests *guests);

/* One who has connected; the guest who came first is sent away where there are too many. NULL without memory. */
struct guest *guests_come(struct guests *guests, int socket);

/* Before the socket is closed; takes the guest, or NULL. */
void guests_go(struct guests *guests, struct guest *guest_take);

/* Makes the guest one who reads events; false where there are enough. NULL is nobody. */
bool guests_read(struct guests *guests, struct guest *guest);

#endif
