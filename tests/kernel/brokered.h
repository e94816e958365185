/*
 * brokered.h - a forked target whose calls a broker answers, and the folder that it stands in
 *
 * The same act is asked about over a listener or by a handler of SIGSYS, as a test's setup says.
 */
#ifndef CALLGATE_TESTS_BROKERED_H
#define CALLGATE_TESTS_BROKERED_H

#include <callgate/policy.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What a target says with its exit status; 100 and an errno otherwise. */
enum { GOT_ALLOWED = 0, GOT_SECRET = 50, GOT_NEITHER = 51, BROKEN = 52, NOT_HERE = 77 };

extern char scratch[64];

void make_file(const char *name, const char *text);

/* A folder with what may be had, and beside it what may not; we stand in it. */
void make_scratch(void);
void remove_scratch(void);

/* What rules say of the scratch folder, which % stands for. */
extern const char www[];

struct callgate_policy *parse(const char *rules);

extern bool by_trap;	  /* the target asks by itself, from a handler of SIGSYS */
extern bool is_exhausted; /* the supervisor's table of descriptors, while it answers */

/* Called by the supervisor when the target exists and nobody answers yet, or NULL. */
extern void (*before_answering)(void);

/* What a target comes to whose calls of nr are answered by these rules. */
int outcome(unsigned nr, const char *rules, int (*act)(void));

/* What a descriptor, or −1 with errno, gives to read: as an exit status. */
int look(int fd);

/* Its exit status, BROKEN when it has none. */
int end_of(pid_t pid);

/* Skips the test when this machine has not what it takes; why is printed. */
void skip_without(int got, const char *why);

/* Listening sockets: on the loopback, and at a path or, of a name that starts with @, abstract. */
int listen_tcp(uint16_t *ret_port);
int listen_unix(const char *name);

int use_trap(void **state);
int use_fixed_root(void **state);
int use_listener(void **state);

/* The same table of both: how a call comes to its broker makes no difference. */
#define SET_UP(name, test, setup) ((struct CMUnitTest)CMUNIT_PARTS(name, test, setup))
#define CMUNIT_PARTS(name, test, setup)               \
	{                                             \
		name, test, setup, use_listener, NULL \
	}
#define BOTH(test)  cmocka_unit_test(test), SET_UP(#test "_by_trap", test, use_trap)
#define THREE(test) BOTH(test), SET_UP(#test "_at_a_fixed_root", test, use_fixed_root)

#endif
