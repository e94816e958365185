/*
 * Rings whose places name the time that they are of: nothing has to be emptied as time goes by.
 */
#include "monitor/recent.h"

static int64_t not_later(int64_t second, int64_t now)
{
	return second < now ? second : now;
}

void recent_add(struct recent *recent, unsigned kind, int64_t second, int64_t now, uint64_t amount)
{
	int64_t at = not_later(second, now);
	size_t place = (size_t)(at % RECENT_SECONDS);

	if (at <= 0 || at <= now - RECENT_SECONDS)
		return;
	if (recent->seconds[place] != at) {
		recent->seconds[place] = at;
		for (unsigned i = 0; i < RECENT_KINDS; i++)
			recent->counts[place][i] = 0;
	}
	recent->counts[place][kind] += amount;
}

void recent_minute_add(struct recent_minute *minute, int64_t second, int64_t now, uint64_t amount)
{
	int64_t span = not_later(second, now) / RECENT_SPAN;
	size_t place = (size_t)(span % RECENT_SPANS);

	if (span <= 0 || span <= now / RECENT_SPAN - RECENT_SPANS)
		return;
	if (minute->spans[place] != span) {
		minute->spans[place] = span;
		minute->counts[place] = 0;
	}
	minute->counts[place] += amount;
}

uint64_t recent_minute_sum(const struct recent_minute *minute, int64_t now)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < RECENT_SPANS; i++)
		if (minute->spans[i] > now / RECENT_SPAN - RECENT_SPANS)
			sum += minute->counts[i];
	return sum;
}

json_t *recent_json(const struct recent *recent, int64_t now)
{
	json_t *seconds = json_array();

	for (int64_t ago = RECENT_SECONDS - 1; ago >= 0; ago--) {
		size_t place = now > ago ? (size_t)((now - ago) % RECENT_SECONDS) : 0;
		json_t *row;

		if (now <= ago || recent->seconds[place] != now - ago)
			continue;
		row = json_pack("[I]", (json_int_t)ago);
		for (unsigned i = 0; i < RECENT_KINDS; i++)
			json_array_append_new(row, json_integer((json_int_t)recent->counts[place][i]));
		json_array_append_new(seconds, row);
	}
	return seconds;
}
