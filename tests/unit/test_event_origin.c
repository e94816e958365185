#include "unit.h"

#include "event/event.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void assert_unit(const char *cgroup, const char *wanted)
{
	char unit[128];

	event_unit(cgroup, unit, sizeof(unit));
	assert_string_equal(unit, wanted);
}

static void control_groups_name_units_and_containers(void **state)
{
	static const char digits[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	char path[256];

	assert_unit("/", "");
	assert_unit("/process_api/67b0d95f629ef01180b78e5ceef4319a", "");
	assert_unit("/system.slice/nginx.service", "nginx.service");
	assert_unit("/user.slice/user-1000.slice/user@1000.service/app.slice/run-r7.scope", "run-r7.scope");
	snprintf(path, sizeof(path), "/system.slice/docker-%s.scope", digits);
	assert_unit(path, "docker:0123456789ab");
	snprintf(path, sizeof(path), "/docker/%s", digits);
	assert_unit(path, "docker:0123456789ab");
	snprintf(path, sizeof(path), "/machine.slice/libpod-%s.scope/container", digits);
	assert_unit(path, "podman:0123456789ab");
	assert_unit("/kubepods.slice/cri-containerd-abcd.scope", "containerd:abcd");
	assert_unit("/lxc.payload.web/system.slice", "lxc:web");
	assert_unit("/docker/short", "");
}

static void a_process_is_known_by_its_file(void **state)
{
	struct callgate_refusal refusal = { 0 };
	char self[256];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(length > 0);
	self[length] = '\0';
	event_origin(getpid(), &refusal);
	assert_int_equal(refusal.pid, getpid());
	assert_int_equal(refusal.tid, getpid());
	assert_string_equal(refusal.program, self);
	assert_int_equal(strspn(refusal.build_id, "0123456789abcdef"), strlen(refusal.build_id));
	assert_int_equal(refusal.cgroup[0], '/');
}

static void a_process_that_is_gone_leaves_all_empty(void **state)
{
	struct callgate_refusal refusal = { 0 };

	event_origin(0x7fffffff, &refusal);
	assert_string_equal(refusal.program, "");
	assert_string_equal(refusal.build_id, "");
	assert_string_equal(refusal.cgroup, "");
}

/* A file of one's own making: a header, one segment of notes, the notes. */
static void assert_build_id(const void *notes, size_t length, const char *wanted)
{
	unsigned char head[64] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 }, segment[56] = { 4 };
	char text[41];
	int fd = memfd_create("elf", 0);

	head[32] = 64; /* e_phoff */
	head[56] = 1;  /* e_phnum */
	segment[8] = 120;
	memcpy(segment + 32, &length, sizeof(length));
	assert_int_equal(write(fd, head, sizeof(head)), sizeof(head));
	assert_int_equal(write(fd, segment, sizeof(segment)), sizeof(segment));
	assert_int_equal(write(fd, notes, length), length);
	event_build_id(fd, text);
	assert_string_equal(text, wanted);
	close(fd);
}

static void notes_are_read_within_their_bounds(void **state)
{
	const uint32_t good[] = { 4, 4, 3, 0x00554e47, 0x78563412 };
	const uint32_t second[] = { 4, 4, 1, 0x00554e47, 0, 4, 4, 3, 0x00554e47, 0x78563412 };
	const uint32_t beyond[] = { 4, 400, 3, 0x00554e47, 0x78563412 };
	const uint32_t huge[] = { 0xffffffff, 0xffffffff, 3, 0x00554e47, 0x78563412 };

	assert_build_id(good, sizeof(good), "12345678");
	assert_build_id(second, sizeof(second), "12345678");
	assert_build_id(beyond, sizeof(beyond), "");
	assert_build_id(huge, sizeof(huge), "");
	assert_build_id(good, 3, "");
}

UNIT_TESTS(test_event_origin, cmocka_unit_test(control_groups_name_units_and_containers),
	   cmocka_unit_test(a_process_is_known_by_its_file), cmocka_unit_test(a_process_that_is_gone_leaves_all_empty),
	   cmocka_unit_test(notes_are_read_within_their_bounds), )
