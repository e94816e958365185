#include "unit.h"

#include "bundle/bundle.h"
#include "sandbox/sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What every bundle has, and a member more. */
#define WITH(member) "{\"ociVersion\": \"1.0.2\", \"root\": {\"path\": \"tree\"}, \n" member "}"

/* Reads a text into a new sandbox, which the caller frees in any case. */
static int parse(const char *text, struct bundle *ret_bundle, struct callgate_error *err)
{
	int status;

	*ret_bundle = (struct bundle){ .folder = "/b", .config = "/b/config.json", .err = err };
	status = callgate_sandbox_new(&ret_bundle->sandbox, err);
	if (status != CALLGATE_OK)
		return status;
	ret_bundle->arena = &ret_bundle->sandbox->arena;
	return bundle_parse(ret_bundle, text, strlen(text));
}

/* The settings are these lines, behind the first ones, and so many notes are given. */
static void means(const char *text, const char *settings, size_t notes)
{
	struct callgate_error err = { 0 };
	struct bundle bundle;
	char *printed = NULL, expected[2048];

	if (parse(text, &bundle, &err) != CALLGATE_OK)
		fail_msg("%u:%u: %s: %s", err.line, err.col, err.message, text);
	assert_int_equal(callgate_sandbox_print(bundle.sandbox, &printed, &err), CALLGATE_OK);
	snprintf(expected, sizeof(expected), "# callgate run --config\n%s", settings);
	assert_string_equal(printed, expected);
	assert_int_equal(bundle.notes.length - 1, notes);
	free(printed);
	callgate_sandbox_free(bundle.sandbox);
}

#define ROOT "- bind: [[\"/b/tree\", \"/\"]]\n"

static bool home_is(const char *text, const char *uid, const char *expected)
{
	size_t length;
	const char *home = bundle_home_in(text, strlen(text), uid, &length);

	return length == strlen(expected) && strncmp(home, expected, length) == 0;
}

static void a_home_is_that_of_the_user_s_number(void **state)
{
	static const char users[] =
		"root:x:0:0::/root:/bin/sh\n:::\nshort:x:7\na:b:10:1:n:/home/a\nlast:x:11:1::/home/last";

	assert_true(home_is(users, "0", "/root"));
	assert_true(home_is(users, "10", "/home/a"));
	assert_true(home_is(users, "11", "/home/last"));
	assert_true(home_is(users, "1", "/"));
	assert_true(home_is(users, "7", "/"));
	assert_true(home_is(users, "", "/"));
	assert_true(home_is("a:x:1:1::relative:\na:x:1:1:::\na:x:1:1::/second:", "1", "/second"));
	assert_true(home_is("", "0", "/"));
	assert_true(home_is("\n\n", "0", "/"));
}

static void what_a_runtime_gives_unasked_is_given(void **state)
{
	struct callgate_error err = { 0 };
	struct bundle bundle;
	char *printed = NULL;

	assert_int_equal(parse(WITH("\"process\": {\"user\": {\"uid\": 3, \"gid\": 7, \"umask\": 7}}"), &bundle, &err),
			 CALLGATE_OK);
	assert_int_equal(bundle_complete(&bundle), CALLGATE_OK);
	assert_int_equal(callgate_sandbox_print(bundle.sandbox, &printed, &err), CALLGATE_OK);
	assert_string_equal(printed, "# callgate run --config\n" ROOT "- uid: \"3\"\n- gid: \"7\"\n- umask: \"0007\"\n"
				     "- clearenv: true\n- setenv: \"HOME=/\"\n");
	free(printed);
	callgate_sandbox_free(bundle.sandbox);
}

static void keys_become_settings(void **state)
{
	means(WITH("\"hostname\": \"h\""), ROOT "- hostname: \"h\"\n", 0);
	means("{\"ociVersion\": \"1.1.0\", \"root\": {\"path\": \"/t\", \"readonly\": true}}",
	      "- ro-bind: [[\"/t\", \"/\"]]\n", 0);
	means(WITH("\"process\": {\"user\": {\"uid\": 0, \"gid\": 7}, \"cwd\": \"/w\", \"env\": [\"A=b\"]}"),
	      ROOT
	      "- uid: \"0\"\n- gid: \"7\"\n- clearenv: true\n- setenv: \"A=b\"\n- chdir: \"/w\"\n- make-chdir: true\n",
	      0);
	means(WITH("\"process\": {\"rlimits\": [{\"type\": \"RLIMIT_NOFILE\", \"soft\": 3, \"hard\": "
		   "18446744073709551615}]}"),
	      ROOT "- rlimit: \"NOFILE=3:unlimited\"\n", 0);
	means(WITH("\"linux\": {\"namespaces\": [{\"type\": \"pid\"}, {\"type\": \"mount\"}, {\"type\": "
		   "\"network\"}]}"),
	      ROOT "- unshare-pid: true\n- unshare-net: true\n", 0);
	means(WITH("\"linux\": {\"uidMappings\": [{\"containerID\": 0, \"hostID\": 9, \"size\": 2}]}"),
	      ROOT "- uid-map: [[\"0\", \"9\", \"2\"]]\n", 0);
	means(WITH("\"linux\": {\"seccomp\": {}}"), ROOT "- policy: \"/b/config.json\"\n", 0);
	means(WITH("\"linux\": {\"maskedPaths\": [\"/proc/x\"], \"readonlyPaths\": [\"/proc/sys\"]}"),
	      ROOT "- mask: \"/proc/x\"\n", 0);
}

static void mounts_become_settings(void **state)
{
	means(WITH("\"mounts\": [{\"destination\": \"/proc\", \"type\": \"proc\"}, {\"destination\": \"/dev\", "
		   "\"type\": "
		   "\"tmpfs\"}, {\"destination\": \"/dev/pts\", \"type\": \"devpts\"}]"),
	      ROOT "- proc: \"/proc\"\n- dev: \"/dev\"\n", 0);
	means(WITH("\"mounts\": [{\"destination\": \"/t\", \"type\": \"tmpfs\", \"options\": [\"size=64k\", "
		   "\"mode=0700\", "
		   "\"noexec\"]}]"),
	      ROOT "- size: \"64K\"\n- perms: \"0700\"\n- noexec: true\n- tmpfs: \"/t\"\n", 0);
	means(WITH("\"mounts\": [{\"destination\": \"/d\", \"source\": \"data\", \"options\": [\"bind\", \"ro\"]}]"),
	      ROOT "- ro-bind: [[\"/b/data\", \"/d\"]]\n", 0);
	means(WITH("\"mounts\": [{\"destination\": \"/o\", \"type\": \"overlay\", \"options\": "
		   "[\"lowerdir=up:/low\"]}]"),
	      ROOT "- overlay-src: \"/low\"\n- overlay-src: \"/b/up\"\n- ro-overlay: \"/o\"\n", 0);
	means(WITH("\"mounts\": [{\"destination\": \"/sys\", \"type\": \"sysfs\"}]"), ROOT, 1);
}

static void limits_become_settings(void **state)
{
	means(WITH("\"linux\": {\"resources\": {\"memory\": {\"limit\": 4096, \"swap\": -1}, \"pids\": {\"limit\": "
		   "9}}}"),
	      ROOT "- memory: \"4096\"\n- pids: \"9\"\n", 0);
	means(WITH("\"linux\": {\"resources\": {\"memory\": {\"limit\": -1}, \"pids\": {\"limit\": 0}, \"devices\": "
		   "[{\"allow\": false}]}}"),
	      ROOT, 0);
	means(WITH("\"linux\": {\"resources\": {\"cpu\": {\"quota\": 50000, \"cpus\": \"0-1\", \"shares\": 5}}}"),
	      ROOT "- cpuset: \"0-1\"\n- cpus: \"0.500\"\n", 1);
}

/* What the program would hold after an exec, and no more. */
static void one_set_of_capabilities_is_kept(void **state)
{
#define SETS(user, ambient)                                                                                         \
	WITH("\"process\": {\"user\": {\"uid\": " user                                                              \
	     ", \"gid\": 0}, \"capabilities\": {\"bounding\": [\"CAP_KILL\", "                                      \
	     "\"CAP_CHOWN\"], \"permitted\": [\"CAP_KILL\"], \"effective\": [\"CAP_KILL\"], \"ambient\": [" ambient \
	     "]}}")
	means(SETS("0", ""), ROOT "- uid: \"0\"\n- gid: \"0\"\n- cap-add: \"CAP_KILL\"\n", 0);
	means(SETS("4", ""), ROOT "- uid: \"4\"\n- gid: \"0\"\n", 0);
	means(SETS("4", "\"CAP_KILL\""), ROOT "- uid: \"4\"\n- gid: \"0\"\n- cap-add: \"CAP_KILL\"\n", 0);
}

static void what_frees_the_program_of_nothing_is_noted(void **state)
{
	means(WITH("\"process\": {\"terminal\": true, \"oomScoreAdj\": -5}"), ROOT "- oom-score-adj: \"-5\"\n", 1);
	means(WITH("\"process\": {\"terminal\": false, \"oomScoreAdj\": 0, \"apparmorProfile\": \"\"}, \"hooks\": "
		   "{\"prestart\": []}, \"surprise\": null"),
	      ROOT, 0);
}

/* On the second line. */
static void refused(const char *text, int expected, const char *word)
{
	struct callgate_error err = { 0 };
	struct bundle bundle;
	int status = parse(text, &bundle, &err);

	assert_int_equal(status, expected);
	if (!strstr(err.message, word))
		fail_msg("'%s' is not in '%s'", word, err.message);
	assert_string_equal(err.file, "/b/config.json");
	assert_int_equal(err.line, 2);
	callgate_sandbox_free(bundle.sandbox);
}

static void what_would_free_it_is_refused(void **state)
{
	refused("{\"root\": {\"path\": \"x\"},\n\"ociVersion\": \"2.0\"}", CALLGATE_E_UNSUPPORTED, "1.x");
	refused(WITH("\"hooks\": {\"prestart\": [{\"path\": \"/x\"}]}"), CALLGATE_E_UNSUPPORTED, "hooks");
	refused(WITH("\"surprise\": 1"), CALLGATE_E_UNSUPPORTED, "surprise");
	refused(WITH("\"process\": {\"apparmorProfile\": \"p\"}"), CALLGATE_E_UNSUPPORTED, "AppArmor");
	refused(WITH("\"process\": {\"user\": {\"uid\": 1}}"), CALLGATE_E_SYNTAX, "gid");
	refused(WITH("\"process\": {\"capabilities\": {\"all\": []}}"), CALLGATE_E_SYNTAX, "all");
	refused(WITH("\"process\": {\"capabilities\": {\"bounding\": [\"CAP_X\"], \"permitted\": [\"CAP_X\"], "
		     "\"effective\": [\"CAP_X\"], \"ambient\": [\"CAP_X\"]}}"),
		CALLGATE_E_UNKNOWN, "CAP_X");
	refused(WITH("\"linux\": {\"namespaces\": [{\"type\": \"pid\", \"path\": \"/proc/1/ns/pid\"}]}"),
		CALLGATE_E_UNSUPPORTED, "entered");
	refused(WITH("\"linux\": {\"namespaces\": [{\"type\": \"dream\"}]}"), CALLGATE_E_UNSUPPORTED, "dream");
	refused(WITH("\"linux\": {\"devices\": [{\"path\": \"/dev/fuse\"}]}"), CALLGATE_E_UNSUPPORTED, "/dev/fuse");
	refused(WITH("\"linux\": {\"sysctl\": {\"a\": \"1\"}}"), CALLGATE_E_UNSUPPORTED, "sysctl");
	refused(WITH("\"linux\": {\"readonlyPaths\": [\"/etc\"]}"), CALLGATE_E_UNSUPPORTED, "/etc");
	refused(WITH("\"linux\": {\"readonlyPaths\": [\"/proc/../etc\"]}"), CALLGATE_E_UNSUPPORTED, "/etc");
	refused(WITH("\"linux\": {\"rootfsPropagation\": \"shared\"}"), CALLGATE_E_UNSUPPORTED, "shared");
	refused(WITH("\"linux\": {\"resources\": {\"cpu\": {\"mems\": \"0\"}}}"), CALLGATE_E_UNSUPPORTED, "mems");
	refused(WITH("\"linux\": {\"resources\": {\"rdma\": {\"a\": 1}}}"), CALLGATE_E_UNSUPPORTED, "RDMA");
	refused(WITH("\"linux\": {\"resources\": {\"pids\": {\"limit\": \"9\"}}}"), CALLGATE_E_SYNTAX, "number");
	refused(WITH("\"mounts\": [{\"type\": \"proc\"}]"), CALLGATE_E_SYNTAX, "destination");
	refused(WITH("\"mounts\": [{\"destination\": \"/x\", \"type\": \"nfs\"}]"), CALLGATE_E_UNSUPPORTED, "nfs");
	refused(WITH("\"mounts\": [{\"destination\": \"/x\", \"type\": \"tmpfs\", \"options\": [\"shared\"]}]"),
		CALLGATE_E_UNSUPPORTED, "shared");
	refused(WITH("\"mounts\": [{\"destination\": \"/x\", \"type\": \"tmpfs\", \"options\": [\"ro\"]}]"),
		CALLGATE_E_UNSUPPORTED, "read-only");
	refused(WITH("\"mounts\": [{\"destination\": \"/x\", \"type\": \"tmpfs\", \"options\": [\"size=50%\"]}]"),
		CALLGATE_E_INVALID, "50%");
	refused(WITH("\"mounts\": [{\"destination\": \"/x\", \"options\": [\"bind\"]}]"), CALLGATE_E_SYNTAX, "source");
}

static void memory_may_be_out_at_any_time(void **state)
{
	FOR_EACH_ALLOCATION({
		struct callgate_error err = { 0 };
		struct bundle bundle;
		int status = parse(WITH("\"process\": {\"user\": {\"uid\": 1, \"gid\": 1, \"umask\": 2}, \"args\": [\"a\"], "
					"\"rlimits\": [{\"type\": \"RLIMIT_AS\", \"soft\": 1, \"hard\": 2}]}, "
					"\"mounts\": [{\"destination\": \"/o\", \"type\": \"overlay\", \"options\": "
					"[\"lowerdir=a:b\", \"upperdir=c\", \"workdir=d\"]}], "
					"\"linux\": {\"resources\": {\"cpu\": {\"quota\": 5}}}"),
				   &bundle, &err);

		if (status == CALLGATE_OK)
			status = bundle_complete(&bundle);
		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		callgate_sandbox_free(bundle.sandbox);
	});
}

UNIT_TESTS(test_bundle_bundle, cmocka_unit_test(keys_become_settings), cmocka_unit_test(mounts_become_settings),
	   cmocka_unit_test(limits_become_settings), cmocka_unit_test(one_set_of_capabilities_is_kept),
	   cmocka_unit_test(what_frees_the_program_of_nothing_is_noted),
	   cmocka_unit_test(what_would_free_it_is_refused), cmocka_unit_test(a_home_is_that_of_the_user_s_number),
	   cmocka_unit_test(what_a_runtime_gives_unasked_is_given), cmocka_unit_test(memory_may_be_out_at_any_time), )
