/*
 * A connection is ended by shutting its socket down: whoever reads from it, be it in the middle of a request that comes
 * byte by byte, sees its end and closes it. It stays in the list until then, so that no number of a socket is used that
 * has become another's.
 */
#include "monitor/guests.h"

#include <stdlib.h>
#include <sys/socket.h>

void guests_init(struct guests *guests)
{
	*guests = (struct guests){ .first = NULL };
	pthread_mutex_init(&guests->lock, NULL);
}

void guests_fini(struct guests *guests)
{
	while (guests->first) {
		struct guest *next = guests->first->next;

		free(guests->first);
		guests->first = next;
	}
	pthread_mutex_destroy(&guests->lock);
}

static void send_first_away(struct guests *guests)
{
	struct guest *first = NULL;
	unsigned count = 0;

	for (struct guest *guest = guests->first; guest; guest = guest->next) {
		if (guest->is_reader || guest->is_sent_away)
			continue;
		count++;
		if (!first || guest->number < first->number)
			first = guest;
	}
	if (count <= GUESTS_MAX)
		return;
	shutdown(first->socket, SHUT_RDWR);
	first->is_sent_away = true;
}

struct guest *guests_come(struct guests *guests, int socket)
{
	struct guest *guest = calloc(1, sizeof(*guest));

	if (!guest)
		return NULL;
	pthread_mutex_lock(&guests->lock);
	*guest = (struct guest){ .socket = socket, .number = guests->number++, .next = guests->first };
	guests->first = guest;
	send_first_away(guests);
	pthread_mutex_unlock(&guests->lock);
	return guest;
}

void guests_go(struct guests *guests, struct guest *guest_take)
{
	pthread_mutex_lock(&guests->lock);
	for (struct guest **at = &guests->first; *at; at = &(*at)->next)
		if (*at == guest_take) {
			*at = guest_take->next;
			break;
		}
	pthread_mutex_unlock(&guests->lock);
	free(guest_take);
}

bool guests_read(struct guests *guests, struct guest *guest)
{
	unsigned readers = 0;

	if (!guest)
		return false;
	pthread_mutex_lock(&guests->lock);
	for (const struct guest *other = guests->first; other; other = other->next)
		readers += other->is_reader;
	guest->is_reader = readers < READERS_MAX;
	pthread_mutex_unlock(&guests->lock);
	return guest->is_reader;
}
