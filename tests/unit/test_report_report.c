#include "unit.h"

#include "lang/lang.h"
#include "report/facts.h"
#include "report/html.h"
#include "report/report.h"

#include "learn/evidence_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct callgate_policy *policy_of(const char *text)
{
	struct callgate_policy *policy = NULL;

	assert_int_equal(callgate_policy_parse("p.policy", text, strlen(text), NULL, &policy, NULL), CALLGATE_OK);
	return policy;
}

static enum report_answer answer_of(const char *text, const char *syscall)
{
	struct callgate_policy *policy = policy_of(text);
	enum report_answer answer;

	assert_int_equal(report_answer(policy->policy, abi_syscall_by_name(syscall), &answer, NULL), CALLGATE_OK);
	callgate_policy_free(policy);
	return answer;
}

static void an_answer_is_what_the_policy_does(void **state)
{
	const char *policy =
		"kernel 6.1\ndefault kill-process\nallow read\nallow openat if flags == O_RDONLY\nlog getpid\n"
		"notify connect\nerrno EPERM socket\nkill-process ptrace\n";

	assert_int_equal(answer_of(policy, "read"), REPORT_ALLOW);
	assert_int_equal(answer_of(policy, "openat"), REPORT_SOME);
	assert_int_equal(answer_of(policy, "getpid"), REPORT_LOG);
	assert_int_equal(answer_of(policy, "connect"), REPORT_ASK);
	assert_int_equal(answer_of(policy, "socket"), REPORT_ERRNO);
	assert_int_equal(answer_of(policy, "ptrace"), REPORT_KILL);
	assert_int_equal(answer_of(policy, "write"), REPORT_KILL);
	assert_int_equal(answer_of(policy, "listns"), REPORT_ERRNO); /* newer than the policy's kernel */
	assert_int_equal(answer_of("kernel 6.1\ndefault kill-process\nallow read if fd == 0\nlog read\n", "read"),
			 REPORT_SOME);
	assert_int_equal(answer_of("kernel 6.1\ndefault log\n", "read"), REPORT_LOG);
	assert_int_equal(answer_of("kernel 6.1\ndefault allow\nkill-process read\n", "write"), REPORT_ALLOW);
	assert_int_equal(answer_of("kernel 6.1\ndefault errno EPERM\nallow read\n", "write"), REPORT_ERRNO);
}

static enum report_hole hole_of(const char *text, const char *id)
{
	struct callgate_policy *policy = policy_of(text);
	enum report_hole hole = REPORT_HOLE_COUNT;

	for (size_t i = 0; i < facts_cve_count(); i++)
		if (strcmp(facts_cve_at(i)->id, id) == 0)
			assert_int_equal(report_hole(policy->policy, facts_cve_at(i), &hole, NULL), CALLGATE_OK);
	callgate_policy_free(policy);
	return hole;
}

static void a_hole_is_out_of_reach_when_every_way_to_it_is_refused(void **state)
{
	const char *dirty_pipe = "CVE-2022-0847", *packet = "CVE-2017-7308", *two_ways = "CVE-2009-2692";

	assert_int_equal(hole_of("kernel 6.1\ndefault kill-process\nallow read\n", dirty_pipe), REPORT_REMOVED);
	assert_int_equal(hole_of("kernel 6.1\ndefault kill-process\nallow splice\n", dirty_pipe), REPORT_OPEN);
	assert_int_equal(hole_of("kernel 6.1\ndefault kill-process\nerrno EPERM splice\n", dirty_pipe), REPORT_REMOVED);
	assert_int_equal(hole_of("kernel 6.1\ndefault kill-process\nallow splice if flags == 0\n", dirty_pipe),
			 REPORT_NARROWED);
	assert_int_equal(hole_of("kernel 6.1\ndefault allow\n", dirty_pipe), REPORT_OPEN);
	assert_int_equal(hole_of("kernel 6.1\ndefault kill-process\nallow socket\n", packet), REPORT_OPEN);
	assert_int_equal(hole_of("kernel 6.1\ndefault kill-process\nallow socket if domain == AF_UNIX\n", packet),
			 REPORT_REMOVED);
	assert_int_equal(hole_of("kernel 6.1\ndefault kill-process\nallow socket if domain == AF_PACKET\n", packet),
			 REPORT_OPEN);
	assert_int_equal(hole_of("kernel 6.1\ndefault kill-process\nallow sendfile\n", two_ways), REPORT_OPEN);
	assert_int_equal(hole_of("kernel 6.1\ndefault kill-process\nerrno EPERM splice\n", two_ways), REPORT_REMOVED);
}

static void whatever_a_name_holds_is_text(void **state)
{
	struct buf out = { 0 };

	html_text(&out, "</script><img src=x onerror='a(\"&\")'>\001\t");
	assert_string_equal(buf_text(&out),
			    "&lt;/script&gt;&lt;img src=x onerror=&#39;a(&quot;&amp;&quot;)&#39;&gt;\\x01\t");
	buf_fini(&out);
	html_number(&out, -1234567);
	assert_string_equal(buf_text(&out), "-1&#8239;234&#8239;567");
	buf_fini(&out);
	assert_string_equal(html_base("/usr/bin/a"), "a");
	assert_string_equal(html_base("[vdso]"), "[vdso]");
	assert_string_equal(html_base("/"), "/");
}

/* Evidence of one call of socket by a program of that name, as a file without one. */
static int evidence_of(const char *program_name, uint64_t domain, char path[32])
{
	const uint64_t args[6] = { domain, 1 };
	struct evidence_call call = { .args = args, .count = 1, .phase = EVIDENCE_SERVE };
	struct evidence *evidence = evidence_new();
	struct evidence_program *program;
	struct evidence_entry *entry;
	struct buf text = { 0 };
	int fd = memfd_create("evidence", 0);

	evidence->kernel = ABI_KERNEL(6, 1);
	assert_int_equal(evidence_program(evidence, program_name, "", &program, NULL), CALLGATE_OK);
	assert_int_equal(evidence_entry(evidence, program, abi_arch(ABI_X86_64)->audit, 41, &entry, NULL), CALLGATE_OK);
	assert_int_equal(evidence_count(evidence, entry, &call, NULL), CALLGATE_OK);
	assert_int_equal(evidence_close_run(evidence, "trace", false, NULL), CALLGATE_OK);
	assert_int_equal(evidence_write(evidence, &text, NULL), CALLGATE_OK);
	assert_int_equal(write(fd, text.data, text.length), text.length);
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	evidence_free(evidence);
	buf_fini(&text);
	return fd;
}

static char *page_of(const char *evidence, const struct callgate_report_options *options)
{
	struct callgate_profile *profile = NULL;
	char *page = NULL;
	int status = callgate_profile_open(&evidence, 1, false, &profile, NULL);

	if (status == CALLGATE_OK)
		status = callgate_profile_report(profile, options, &page, NULL);
	callgate_profile_free(profile);
	if (status != CALLGATE_OK)
		assert_null(page);
	return page;
}

static json_t *data_of(const char *page)
{
	json_t *data = NULL;

	assert_int_equal(report_parse("page", page, strlen(page), &data, NULL), CALLGATE_OK);
	return data;
}

static void a_page_gives_its_data_back(void **state)
{
	const char *hostile = "/tmp/a</script><script>attacked=1</script>\"'&<!--";
	char path[32];
	int fd = evidence_of(hostile, 2, path);
	char *page = page_of(path, NULL);
	json_t *data = data_of(page);
	size_t scripts = 0;

	assert_string_equal(json_string_value(json_object_get(data, "title")), hostile);
	assert_null(strstr(page, "<script>attacked"));
	for (const char *at = page; (at = strstr(at, "</script>")); at++)
		scripts++;
	assert_int_equal(scripts, 3); /* the data, the library, the page's own */
	json_decref(data);
	free(page);
	close(fd);
}

static void a_phase_that_takes_a_call_away_is_told(void **state)
{
	char path[32];
	int fd = evidence_of("/usr/bin/a", 2, path);
	struct callgate_policy *policy = policy_of("kernel 6.1\ndefault kill-process\nallow socket, read, bpf\n"
						   "phase later {\n\tdefault kill-process\n\tallow read\n}\n");
	struct callgate_report_options options = { .policy = policy };
	char *page = page_of(path, &options);
	json_t *data = data_of(page);
	const json_t *syscalls = json_object_get(data, "syscalls");
	size_t until = 0;

	for (size_t i = 0; i < json_array_size(syscalls); i++)
		until += json_object_get(json_array_get(syscalls, i), "until") != NULL;
	assert_int_equal(until, 2); /* socket and bpf */
	assert_non_null(strstr(page, "until later"));
	json_decref(data);
	free(page);
	callgate_policy_free(policy);
	close(fd);
}

static size_t changes_of(const json_t *data, const char *what)
{
	const json_t *list = json_object_get(json_object_get(data, "changes"), "list");
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(list); i++)
		count += strcmp(json_string_value(json_object_get(json_array_get(list, i), "what")), what) == 0;
	return count;
}

static void what_changed_is_told(void **state)
{
	char old_path[32], new_path[32];
	int old_fd = evidence_of("/usr/bin/a", 2, old_path);
	int new_fd = evidence_of("/usr/bin/b", 16, new_path);
	struct callgate_report_options since_old = { .since = old_path };
	struct callgate_report_options since_itself = { .since = new_path };
	char *page = page_of(new_path, &since_old);
	json_t *data = data_of(page);

	assert_int_equal(changes_of(data, "value"), 1);	  /* AF_NETLINK */
	assert_int_equal(changes_of(data, "program"), 2); /* one came, one went */
	assert_true(changes_of(data, "hole") > 5);	  /* of netlink */
	assert_int_equal(changes_of(data, "seen"), 0);
	json_decref(data);
	free(page);
	page = page_of(new_path, &since_itself);
	data = data_of(page);
	assert_int_equal(json_array_size(json_object_get(json_object_get(data, "changes"), "list")), 0);
	assert_non_null(strstr(page, "Nothing: the same calls"));
	json_decref(data);
	free(page);
	close(old_fd);
	close(new_fd);
}

static void every_allocation_may_fail(void **state)
{
	char path[32];
	int fd = evidence_of("/usr/bin/a", 2, path);
	struct callgate_policy *policy =
		policy_of("kernel 6.1\ndefault kill-process\nallow socket if domain == AF_INET\n");
	struct callgate_report_options options = { .policy = policy, .since = path, .date = "today" };

	FOR_EACH_ALLOCATION({
		char *page = page_of(path, &options);

		assert_int_equal(page == NULL, unit_allocation_failed());
		free(page);
	});
	callgate_policy_free(policy);
	close(fd);
}

UNIT_TESTS(test_report_report, cmocka_unit_test(an_answer_is_what_the_policy_does),
	   cmocka_unit_test(a_hole_is_out_of_reach_when_every_way_to_it_is_refused),
	   cmocka_unit_test(whatever_a_name_holds_is_text), cmocka_unit_test(a_page_gives_its_data_back),
	   cmocka_unit_test(a_phase_that_takes_a_call_away_is_told), cmocka_unit_test(what_changed_is_told),
	   cmocka_unit_test(every_allocation_may_fail), )
