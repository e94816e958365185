/*
 * What an attacker gets who owns a target: its threads change the text, the links, the folders, the descriptors, the
 * root or the address between the look and the act, it races for what is to be had once, uses numbers again, and dies
 * in the middle. bench/run lets the first of them try it a million times.
 */
#include "unit.h"

#include "brokered.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ATTACK_TRIES = 1000, ATTACK_PATIENCE = 1000, FLIPPERS_MAX = 4 };

typedef void *flip(void *argument);

static volatile bool attack_is_over;

/* On a busy machine those who flip may not come to run for a while: they have to have shown what is allowed. */
static bool attack_goes_on(int tries, int allowed)
{
	return tries < ATTACK_TRIES || (allowed == 0 && tries < ATTACK_TRIES * ATTACK_PATIENCE);
}

/* How often the secret was had, 0 hoped for; BROKEN when what is allowed was never had. */
static int attack(flip *const flips[FLIPPERS_MAX], int (*attempt)(void))
{
	pthread_t threads[FLIPPERS_MAX];
	int secrets = 0, allowed = 0;
	size_t count = 0;

	for (; count < FLIPPERS_MAX && flips[count]; count++)
		if (pthread_create(&threads[count], NULL, flips[count], NULL))
			return BROKEN;
	for (int i = 0; attack_goes_on(i, allowed); i++) {
		int got = attempt();

		secrets += got == GOT_SECRET;
		allowed += got == GOT_ALLOWED;
	}
	attack_is_over = true;
	while (count)
		pthread_join(threads[--count], NULL);
	return allowed == 0 ? BROKEN : secrets > 40 ? 40 : secrets;
}

static int try_open(int folder, const char *name)
{
	return look((int)syscall(SYS_openat, folder, name, O_RDONLY, 0));
}

static char flipped[256];

static void *flip_text(void *argument)
{
	char names[2][128];

	snprintf(names[0], sizeof(names[0]), "%s/www/index", scratch);
	snprintf(names[1], sizeof(names[1]), "%s/secret", scratch);
	for (unsigned i = 0; !attack_is_over; i++)
		memcpy(flipped, names[i % 2], strlen(names[i % 2]) + 1);
	return NULL;
}

static int open_text(void)
{
	return try_open(AT_FDCWD, flipped);
}

static int attack_by_text(void)
{
	snprintf(flipped, sizeof(flipped), "%s/www/index", scratch);
	return attack((flip *[FLIPPERS_MAX]){ flip_text, flip_text }, open_text);
}

static void *flip_link(void *argument)
{
	while (!attack_is_over) {
		unlink("out/flip");
		(void)!symlink("../secret", "out/flip");
		unlink("out/flip");
		(void)!symlink("../www/index", "out/flip");
	}
	return NULL;
}

static int open_link(void)
{
	return try_open(AT_FDCWD, "out/flip");
}

static int attack_by_link(void)
{
	return attack((flip *[FLIPPERS_MAX]){ flip_link }, open_link);
}

/* The folder that a path goes through becomes a link and back. */
static void *flip_folder(void *argument)
{
	while (!attack_is_over)
		syscall(SYS_renameat2, AT_FDCWD, "www/sub", AT_FDCWD, "www/other", RENAME_EXCHANGE);
	return NULL;
}

static int open_behind_folder(void)
{
	return try_open(AT_FDCWD, "www/sub/secret");
}

static int attack_by_folder(void)
{
	return attack((flip *[FLIPPERS_MAX]){ flip_folder }, open_behind_folder);
}

static void who_changes_the_path_meanwhile_wins_nothing(void **state)
{
	make_scratch();
	assert_int_equal(outcome(SYS_openat, www, attack_by_text), 0);
	assert_int_equal(outcome(SYS_openat, www, attack_by_link), 0);
	/* www/other leads out of www, where the same name holds the secret. */
	assert_int_equal(symlink("..", "www/other"), 0);
	make_file("www/sub/secret", "allowed");
	assert_int_equal(outcome(SYS_openat, www, attack_by_folder), 0);
	remove_scratch();
}

/* A folder that a path leaves upwards is now in what may be read, now beside it. */
static void *move_folder(void *argument)
{
	while (!attack_is_over) {
		rename("www/deep/moved", "closed/deep/moved");
		rename("closed/deep/moved", "www/deep/moved");
	}
	return NULL;
}

static int leave_upwards(void)
{
	int got = try_open(AT_FDCWD, "www/deep/moved/../../target");

	/* It is the same from within. */
	return got == GOT_ALLOWED || got == GOT_SECRET ? got : try_open(AT_FDCWD, "www/deep/moved/in/up/../target");
}

/* And a link on the way, which says where up is. */
static void *flip_way_up(void *argument)
{
	while (!attack_is_over) {
		(void)!symlink("../..", "www/deep/new");
		rename("www/deep/new", "www/deep/moved/in/up");
		(void)!symlink("../../../../closed/deep", "www/deep/new");
		rename("www/deep/new", "www/deep/moved/in/up");
	}
	return NULL;
}

static int attack_by_moving(void)
{
	return attack((flip *[FLIPPERS_MAX]){ move_folder, flip_way_up, move_folder }, leave_upwards);
}

static void make_two_houses(void)
{
	make_scratch();
	assert_int_equal(mkdir("closed", 0777) | mkdir("closed/deep", 0777) | mkdir("www/deep", 0777) |
				 mkdir("www/deep/moved", 0777) | mkdir("www/deep/moved/in", 0777),
			 0);
	make_file("www/target", "allowed");
	make_file("closed/target", "secret");
}

static void who_moves_folders_meanwhile_wins_nothing(void **state)
{
	make_two_houses();
	assert_int_equal(outcome(SYS_openat, www, attack_by_moving), 0);
	remove_scratch();
}

static int folders[3]; /* what may be read, what may not, and the number that is used */

static void *flip_descriptor(void *argument)
{
	for (unsigned i = 0; !attack_is_over; i++)
		dup2(folders[i % 2], folders[2]);
	return NULL;
}

static int open_in_folder(void)
{
	return try_open(folders[2], "target");
}

static int attack_by_descriptor(void)
{
	folders[0] = open("www", O_PATH | O_DIRECTORY);
	folders[1] = open("closed", O_PATH | O_DIRECTORY);
	folders[2] = dup(folders[0]);
	return folders[2] < 0 ? BROKEN : attack((flip *[FLIPPERS_MAX]){ flip_descriptor }, open_in_folder);
}

/* By a listener: openat asks first, and who holds an O_PATH folder had it from elsewhere. */
static int open_folders_first(void)
{
	return attack_by_descriptor();
}

static void who_changes_the_descriptor_meanwhile_wins_nothing(void **state)
{
	make_two_houses();
	/* The folders themselves may be had; what is in one of them may not. */
	assert_int_equal(outcome(SYS_openat, "notify openat via files { read \"%/www/**\"; read \"%/closed\" }\n",
				 open_folders_first),
			 0);
	remove_scratch();
}

/* Two roots: in one of them the name is a file, in the other a link to what may not be had. */
static void *flip_root(void *argument)
{
	for (unsigned i = 0; !attack_is_over; i++)
		(void)!(fchdir(folders[2]) || chroot(i % 2 ? "www" : "closed"));
	return NULL;
}

static int open_at_root(void)
{
	return try_open(AT_FDCWD, "/target");
}

static int attack_by_root(void)
{
	folders[2] = open(".", O_RDONLY | O_DIRECTORY);
	if (geteuid() != 0 || folders[2] < 0)
		return NOT_HERE;
	return attack((flip *[FLIPPERS_MAX]){ flip_root }, open_at_root);
}

static void who_changes_the_root_meanwhile_wins_nothing(void **state)
{
	int got;

	make_two_houses();
	assert_int_equal(rename("closed/target", "closed/secret"), 0);
	assert_int_equal(symlink("secret", "closed/target"), 0);
	got = outcome(SYS_openat, "notify openat via files { read \"/target\"; read \"%\" }\n", attack_by_root);
	remove_scratch();
	skip_without(got, "only root may chroot");
	assert_int_equal(got, 0);
}

/* Whoever has connected is let go: a queue that is full would hold the attacker up. */
struct host {
	int socket;
	pthread_t thread;
};

static void *accept_all(void *argument)
{
	for (int fd; (fd = accept(((struct host *)argument)->socket, NULL, NULL)) >= 0;)
		close(fd);
	return NULL;
}

static void host_start(struct host *host, int listening)
{
	host->socket = listening;
	assert_int_equal(pthread_create(&host->thread, NULL, accept_all, host), 0);
}

static void host_end(struct host *host)
{
	shutdown(host->socket, SHUT_RDWR);
	pthread_join(host->thread, NULL);
	close(host->socket);
}

static uint16_t port_allowed, port_refused;
static struct sockaddr_in flipped_address;

static void *flip_port(void *argument)
{
	while (!attack_is_over) {
		flipped_address.sin_port = htons(port_refused);
		flipped_address.sin_port = htons(port_allowed);
	}
	return NULL;
}

static void *flip_family(void *argument)
{
	while (!attack_is_over) {
		flipped_address.sin_family = AF_UNSPEC;
		flipped_address.sin_family = AF_INET6;
		flipped_address.sin_family = AF_INET;
	}
	return NULL;
}

static int reach_port(void)
{
	struct sockaddr_in peer = { 0 };
	socklen_t length = sizeof(peer);
	int fd = socket(AF_INET, SOCK_STREAM, 0), got = BROKEN;

	if (connect(fd, (struct sockaddr *)&flipped_address, sizeof(flipped_address)) == 0 &&
	    getpeername(fd, (struct sockaddr *)&peer, &length) == 0)
		got = ntohs(peer.sin_port) == port_allowed ? GOT_ALLOWED : GOT_SECRET;
	close(fd);
	return got;
}

static int attack_by_address(void)
{
	flipped_address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port_allowed) };
	flipped_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return attack((flip *[FLIPPERS_MAX]){ flip_port, flip_family }, reach_port);
}

static void who_changes_the_address_meanwhile_wins_nothing(void **state)
{
	struct host allowed, refused;
	char rules[128];

	host_start(&allowed, listen_tcp(&port_allowed));
	host_start(&refused, listen_tcp(&port_refused));
	snprintf(rules, sizeof(rules), "notify connect via network { allow tcp 127.0.0.1:%u }\n", port_allowed);
	assert_int_equal(outcome(SYS_connect, rules, attack_by_address), 0);
	host_end(&allowed);
	host_end(&refused);
}

static struct sockaddr_un flipped_name;

/* A path that is written anew, and now and then is an abstract name. */
static void *flip_name(void *argument)
{
	static const char names[3][8] = { "out/a", "out/b", "\0ut/b" };

	for (unsigned i = 0; !attack_is_over; i++)
		memcpy(flipped_name.sun_path, names[i % 3], sizeof(names[0]));
	return NULL;
}

static void *flip_sockets(void *argument)
{
	while (!attack_is_over)
		syscall(SYS_renameat2, AT_FDCWD, "out/a", AT_FDCWD, "out/b", RENAME_EXCHANGE);
	return NULL;
}

static int reach_name(void)
{
	struct sockaddr_un peer = { 0 };
	socklen_t length = sizeof(peer);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), got = BROKEN;

	if (connect(fd, (struct sockaddr *)&flipped_name, sizeof(flipped_name)) == 0 &&
	    getpeername(fd, (struct sockaddr *)&peer, &length) == 0)
		got = strcmp(peer.sun_path, "www/sock") == 0 ? GOT_ALLOWED : GOT_SECRET;
	close(fd);
	return got;
}

static int attack_by_name(void)
{
	flipped_name = (struct sockaddr_un){ .sun_family = AF_UNIX, .sun_path = "out/a" };
	return attack((flip *[FLIPPERS_MAX]){ flip_name, flip_sockets }, reach_name);
}

static void who_changes_the_unix_socket_meanwhile_wins_nothing(void **state)
{
	struct host allowed, refused;

	make_scratch();
	host_start(&allowed, listen_unix("www/sock"));
	host_start(&refused, listen_unix("closed"));
	assert_int_equal(symlink("../www/sock", "out/a") | symlink("../closed", "out/b"), 0);
	assert_int_equal(
		outcome(SYS_connect, "notify connect via network { allow unix \"%/www/sock\" }\n", attack_by_name), 0);
	host_end(&allowed);
	host_end(&refused);
	remove_scratch();
}

enum { RACERS = 6, RACER_THREADS = 4 };

static void *execute(void *argument)
{
	execl("/bin/true", "true", (char *)NULL);
	return NULL;
}

/* A process in which all threads do it: its end is 0 when one of them could. */
static int execute_by_threads(void)
{
	pthread_t threads[RACER_THREADS];

	for (int i = 0; i < RACER_THREADS; i++)
		if (pthread_create(&threads[i], NULL, execute, NULL))
			return BROKEN;
	for (int i = 0; i < RACER_THREADS; i++)
		pthread_join(threads[i], NULL);
	return 1;
}

static int execute_by_all(void)
{
	pid_t racers[RACERS];
	int done = 0;

	for (int i = 0; i < RACERS; i++) {
		racers[i] = fork();
		if (racers[i] == 0)
			_exit(execute_by_threads());
	}
	for (int i = 0; i < RACERS; i++)
		done += end_of(racers[i]) == 0;
	return done;
}

static void once_is_once_for_all_who_race_for_it(void **state)
{
	assert_int_equal(outcome(SYS_execve, "notify execve once\n", execute_by_all), 1);
}

static int signal_ends[2];

/* Makes a process of this number, which was a child's of its parent, and tells; it ends when it is told. */
static int stand_in(pid_t number)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
			set_tid_size;
	} how = { .exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&number, .set_tid_size = 1 };
	pid_t pid = (pid_t)syscall(SYS_clone3, &how, sizeof(how));
	char byte;

	if (pid == 0) {
		(void)!write(signal_ends[1], "x", 1);
		for (;;)
			pause();
	}
	if (pid < 0)
		(void)!write(signal_ends[1], "!", 1);
	/* The grandchild lives unless somebody signalled it. */
	if (read(0, &byte, 1) < 0 || pid < 0)
		return 2;
	if (waitpid(pid, NULL, WNOHANG) != 0)
		return 1;
	kill(pid, SIGKILL);
	return 0;
}

/* Signals a number that was its child's and is a grandchild's now. */
static int signal_who_was_a_child(void)
{
	int input[2];
	pid_t first, second;
	char byte = 0;
	int result;

	if (pipe(input) || pipe(signal_ends) || dup2(input[0], 0) < 0)
		return BROKEN;
	first = fork();
	if (first == 0)
		_exit(0);
	if (end_of(first) != 0)
		return BROKEN;
	second = fork();
	if (second == 0)
		_exit(stand_in(first));
	if (read(signal_ends[0], &byte, 1) != 1 || byte != 'x')
		result = NOT_HERE;
	else
		result = kill(first, SIGTERM) == -1 && errno == EACCES ? 0 : 1;
	/* `kill` by the child is asked about too: there the number is a child's. */
	(void)!write(input[1], "x", 1);
	return end_of(second) != 0 && result == 0 ? 2 : result;
}

static void a_number_that_was_a_childs_is_not_signalled(void **state)
{
	int got = outcome(SYS_kill, "notify kill own-children\n", signal_who_was_a_child);

	skip_without(got, "numbers of processes cannot be chosen");
	assert_int_equal(got, 0);
}

static int count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	while (folder && readdir(folder))
		count++;
	if (folder)
		closedir(folder);
	return count;
}

/* Every way to be refused, and none leaves a descriptor with who asks. */
static int open_in_all_ways(void)
{
	static const char *const names[] = { "www/index", "secret",	 "www/link",	  "www/nothing",
					     "www/loop",  "www/inner/x", "/proc/self/fd", "/proc/self/fd/0" };
	int before = count_descriptors();

	for (int i = 0; i < 10; i++)
		for (size_t j = 0; j < sizeof(names) / sizeof(*names); j++) {
			int fd = (int)syscall(SYS_openat, AT_FDCWD, names[j], O_RDONLY, 0);

			if (fd >= 0)
				close(fd);
		}
	return before > 0 && count_descriptors() == before ? 0 : 1;
}

static void no_descriptor_is_left_anywhere(void **state)
{
	int before;

	make_scratch();
	before = count_descriptors();
	assert_int_equal(outcome(SYS_openat, "notify openat via files { read \"%/www/**\"; read \"/proc/**\" }\n",
				 open_in_all_ways),
			 0);
	assert_int_equal(count_descriptors(), before);
	remove_scratch();
}

static void *open_until_the_end(void *argument)
{
	static const char *const names[] = { "www/index", "www/up/www/sub/deep", "secret", "out/flip" };

	for (unsigned i = 0;; i++)
		try_open(AT_FDCWD, names[i % 4]);
	return NULL;
}

/* Children that open with several threads are killed wherever they happen to be. */
static int die_in_the_middle(void)
{
	enum { CHILDREN = 25 };
	unsigned seed = 7;

	for (int i = 0; i < CHILDREN; i++) {
		struct timespec moment = { .tv_nsec = rand_r(&seed) % 3000000 };
		pthread_t thread;
		pid_t pid = fork();

		if (pid == 0) {
			(void)!pthread_create(&thread, NULL, open_until_the_end, NULL);
			open_until_the_end(NULL);
		}
		nanosleep(&moment, NULL);
		kill(pid, SIGKILL);
		if (pid < 0 || end_of(pid) != BROKEN)
			return 1;
	}
	return try_open(AT_FDCWD, "www/index");
}

static void who_is_killed_while_it_is_served_leaves_nothing(void **state)
{
	int before;

	make_scratch();
	before = count_descriptors();
	assert_int_equal(outcome(SYS_openat, www, die_in_the_middle), GOT_ALLOWED);
	assert_int_equal(count_descriptors(), before);
	remove_scratch();
}

UNIT_TESTS(test_broker_attack, THREE(who_changes_the_path_meanwhile_wins_nothing),
	   THREE(who_moves_folders_meanwhile_wins_nothing), THREE(who_changes_the_descriptor_meanwhile_wins_nothing),
	   BOTH(who_changes_the_root_meanwhile_wins_nothing), BOTH(who_changes_the_address_meanwhile_wins_nothing),
	   BOTH(who_changes_the_unix_socket_meanwhile_wins_nothing),
	   cmocka_unit_test(once_is_once_for_all_who_race_for_it), BOTH(a_number_that_was_a_childs_is_not_signalled),
	   THREE(no_descriptor_is_left_anywhere), THREE(who_is_killed_while_it_is_served_leaves_nothing), )
