#include "unit.h"

#include "monitor/guests.h"

#include <sys/socket.h>
#include <unistd.h>

enum { MANY = GUESTS_MAX + READERS_MAX + 8 };

static int ours[MANY], theirs[MANY];
static struct guest *there[MANY];
static struct guests guests;

static int guests_make(void **state)
{
	guests_init(&guests);
	for (int i = 0; i < MANY; i++) {
		int ends[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
		ours[i] = ends[0];
		theirs[i] = ends[1];
	}
	return 0;
}

static int guests_remove(void **state)
{
	guests_fini(&guests);
	for (int i = 0; i < MANY; i++) {
		close(ours[i]);
		close(theirs[i]);
	}
	return 0;
}

/* Whether the connection was ended, as who is at its other end sees it. */
static bool is_ended(int i)
{
	char byte;

	return recv(theirs[i], &byte, 1, MSG_DONTWAIT) == 0;
}

static void who_came_first_goes_first(void **state)
{
	for (int i = 0; i < GUESTS_MAX; i++)
		there[i] = guests_come(&guests, ours[i]);
	assert_false(is_ended(0));
	there[GUESTS_MAX] = guests_come(&guests, ours[GUESTS_MAX]);
	assert_true(is_ended(0));
	assert_false(is_ended(1));
	/* One who went by himself has left a place. */
	guests_go(&guests, there[0]);
	guests_go(&guests, there[1]);
	there[GUESTS_MAX + 1] = guests_come(&guests, ours[GUESTS_MAX + 1]);
	assert_false(is_ended(2));
	there[GUESTS_MAX + 2] = guests_come(&guests, ours[GUESTS_MAX + 2]);
	assert_true(is_ended(2));
	assert_false(is_ended(3));
}

static void readers_stay_and_are_counted(void **state)
{
	for (int i = 0; i < READERS_MAX; i++) {
		there[i] = guests_come(&guests, ours[i]);
		assert_true(guests_read(&guests, there[i]));
	}
	for (int i = READERS_MAX; i < MANY; i++)
		there[i] = guests_come(&guests, ours[i]);
	for (int i = 0; i < READERS_MAX; i++)
		assert_false(is_ended(i));
	assert_true(is_ended(READERS_MAX));
	assert_false(guests_read(&guests, there[MANY - 1]));
	guests_go(&guests, there[0]);
	assert_true(guests_read(&guests, there[MANY - 1]));
	assert_false(guests_read(&guests, NULL));
}

static void each_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		struct guest *guest = guests_come(&guests, ours[0]);

		assert_true(guest || unit_allocation_failed());
		if (guest)
			guests_go(&guests, guest);
	})
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, guests_make, guests_remove)
UNIT_TESTS(test_monitor_guests, CASE(who_came_first_goes_first), CASE(readers_stay_and_are_counted),
	   CASE(each_allocation_may_fail), )
