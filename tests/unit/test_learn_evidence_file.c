#include "unit.h"

#include "learn/evidence_digest.h"
#include "learn/evidence_file.h"

#include <string.h>

static int see(struct evidence *evidence, const char *path, const char *name, uint64_t value)
{
	const struct abi_arch *arch = abi_arch_native();
	const uint64_t args[6] = { 1, value, 0, 0, 0, 0 };
	struct evidence_call call = { .args = args, .count = 1, .phase = EVIDENCE_SERVE, .offset = 0x1234 };
	struct evidence_program *program;
	struct evidence_entry *entry;
	int status = evidence_program(evidence, path, "abcd", &program, NULL);

	if (status == CALLGATE_OK)
		status = evidence_module(evidence, "/lib/libc.so.6", &call.module, NULL);
	if (status == CALLGATE_OK)
		status = evidence_entry(evidence, program, arch->audit,
					(uint32_t)abi_syscall_by_name(name)->nr[arch->id], &entry, NULL);
	return status == CALLGATE_OK ? evidence_count(evidence, entry, &call, NULL) : status;
}

static int make(struct buf *text)
{
	struct evidence *evidence = evidence_new();
	int status = evidence ? see(evidence, "/bin/a\"b", "ioctl", 0x5401) : CALLGATE_E_NOMEM;

	if (status == CALLGATE_OK)
		status = see(evidence, "/bin/a\"b", "write", 0);
	if (status == CALLGATE_OK)
		status = evidence_add_time(evidence, &evidence->times, abi_syscall_by_name("write"), 5, 7, NULL);
	if (status == CALLGATE_OK) {
		evidence->kernel = ABI_KERNEL(6, 1);
		evidence->has_main = true;
		status = evidence_close_run(evidence, "trace", false, NULL);
	}
	if (status == CALLGATE_OK)
		status = evidence_write(evidence, text, NULL);
	evidence_free(evidence);
	return status;
}

static int parse(const char *text, struct callgate_error *err)
{
	struct evidence *evidence = NULL;
	int status = evidence_parse("e", text, strlen(text), &evidence, err);

	evidence_free(evidence);
	return status;
}

static void what_is_written_reads_back_the_same(void **state)
{
	struct buf text = { 0 }, again = { 0 };
	struct evidence *evidence;

	assert_int_equal(make(&text), CALLGATE_OK);
	assert_int_equal(evidence_parse("e", text.data, text.length, &evidence, NULL), CALLGATE_OK);
	assert_int_equal(evidence->run_list.length, 1);
	assert_true(evidence->run_list.items[0].has_main);
	assert_int_equal(evidence->kernel, ABI_KERNEL(6, 1));
	assert_string_equal(evidence->programs.items[0]->path, "/bin/a\"b");
	assert_int_equal(evidence->entries.items[0]->phases[EVIDENCE_SERVE], 1);
	assert_int_equal(evidence->entries.items[0]->sites.items[0].offset, 0x1234);
	assert_int_equal(evidence->run_list.items[0].times.length, 1);
	assert_int_equal(evidence->run_list.items[0].times.items[0].counts[5], 7);
	assert_int_equal(evidence_write(evidence, &again, NULL), CALLGATE_OK);
	assert_string_equal(text.data, again.data);
	evidence_free(evidence);
	buf_fini(&text);
	buf_fini(&again);
}

static void a_cut_file_is_refused_wherever_it_is_cut(void **state)
{
	struct buf text = { 0 };

	assert_int_equal(make(&text), CALLGATE_OK);
	for (size_t length = 0; length + 1 < text.length; length++) {
		struct evidence *evidence = NULL;

		assert_int_not_equal(evidence_parse("e", text.data, length, &evidence, NULL), CALLGATE_OK);
		assert_null(evidence);
	}
	buf_fini(&text);
}

static void what_is_wrong_is_said_with_its_line(void **state)
{
	static const char head[] = "{\"callgate\":\"evidence\",\"version\":3,\"runs\":0,\"kernel\":\"6.1\",\"calls\":1,"
				   "\"own_filters\":0}\n";
	struct callgate_error err;
	struct buf text = { 0 };

	assert_int_equal(parse("", &err), CALLGATE_E_SYNTAX);
	assert_int_equal(parse("\x01\x02\xff", &err), CALLGATE_E_SYNTAX);
	assert_int_equal(err.line, 1);
	assert_int_equal(parse("{\"callgate\":\"evidence\",\"version\":99}\n", &err), CALLGATE_E_UNKNOWN);
	buf_puts(&text, head);
	buf_puts(&text, "{\"program\":\"/bin/a\"}\n");
	assert_int_equal(parse(text.data, &err), CALLGATE_E_SYNTAX);
	assert_int_equal(err.line, 2);
	assert_string_equal(err.file, "e");
	buf_fini(&text);
	buf_puts(&text, head);
	buf_puts(&text, "{\"end\":5}\n");
	assert_int_equal(parse(text.data, &err), CALLGATE_E_SYNTAX);
	buf_fini(&text);
}

static void a_changed_byte_is_refused_wherever_it_is(void **state)
{
	struct callgate_error err;
	struct buf text = { 0 };

	assert_int_equal(make(&text), CALLGATE_OK);
	for (size_t i = 0; i + 1 < text.length; i++) {
		char was = text.data[i];

		text.data[i] = (char)(was >= '0' && was < '9' ? was + 1 : was ^ 1);
		if (parse(text.data, &err) == CALLGATE_OK)
			fail_msg("byte %zu, '%c' for '%c', is not seen", i, text.data[i], was);
		text.data[i] = was;
	}
	assert_int_equal(parse(text.data, &err), CALLGATE_OK);
	buf_fini(&text);
}

static void damage_is_told_with_what_to_do(void **state)
{
	struct callgate_error err;
	struct buf text = { 0 };
	char *digit;

	assert_int_equal(make(&text), CALLGATE_OK);
	digit = strstr(text.data, "\"count\":1");
	assert_non_null(digit);
	digit[strlen("\"count\":")] = '4';
	assert_int_equal(parse(text.data, &err), CALLGATE_E_SYNTAX);
	assert_non_null(strstr(err.message, "damaged"));
	assert_non_null(strstr(err.hint, "sha256sum"));
	assert_int_equal(err.line, 5);
	/* Who edits it says so. */
	text.length = (size_t)(strstr(text.data, "{\"end\":") - text.data);
	assert_int_equal(evidence_seal(&text, 2, NULL), CALLGATE_OK);
	assert_int_equal(parse(text.data, &err), CALLGATE_OK);
	text.length = (size_t)(strstr(text.data, "{\"end\":") - text.data);
	buf_puts(&text, "{\"end\":2}\n");
	assert_int_equal(parse(text.data, &err), CALLGATE_E_SYNTAX);
	assert_non_null(strstr(err.message, "lacks \"sha256\""));
	buf_fini(&text);
}

/* The times of a run are for people: files of before there were any, and of after these tables, read as well. */
static void times_may_be_there_or_not(void **state)
{
	static const char run[] = "{\"callgate\":\"evidence\",\"version\":3,\"runs\":1,\"kernel\":\"6.1\",\"calls\":0,"
				  "\"own_filters\":0}\n{\"run\":\"0123456789abcdef\",\"kernel\":\"6.1\",\"host\":\"h\","
				  "\"libc\":\"\",\"recorder\":\"bpf\",\"calls\":0,\"attached\":false%s}\n";
	static const struct {
		const char *times;
		int status;
	} cases[] = {
		{ "", CALLGATE_OK },
		{ ",\"times\":{\"read\":[1,2]}", CALLGATE_OK },
		{ ",\"times\":{\"a_call_of_tomorrow\":[1]}", CALLGATE_OK },
		{ ",\"times\":{\"read\":[-1]}", CALLGATE_E_SYNTAX },
		{ ",\"times\":{\"read\":3}", CALLGATE_E_SYNTAX },
		{ ",\"times\":{\"read\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1]}",
		  CALLGATE_E_SYNTAX },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf text = { 0 };

		buf_printf(&text, run, cases[i].times);
		assert_int_equal(evidence_seal(&text, 0, NULL), CALLGATE_OK);
		assert_int_equal(parse(buf_text(&text), NULL), cases[i].status);
		buf_fini(&text);
	}
}

static void every_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		struct buf text = { 0 };
		struct evidence *evidence = NULL;
		int status = make(&text);

		if (status == CALLGATE_OK)
			status = evidence_parse("e", text.data, text.length, &evidence, NULL);
		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		evidence_free(evidence);
		buf_fini(&text);
	});
}

/* No error that was seen, and none that was looked for, are two things. */
static void what_came_of_calls_is_unknown_until_it_was_seen(void **state)
{
	struct evidence *evidence = evidence_new();
	struct evidence *again = NULL;
	struct buf text = { 0 };
	struct evidence_program *program;
	struct evidence_entry *entry;
	const uint64_t args[6] = { 0 };

	assert_int_equal(evidence_program(evidence, "/bin/a", "", &program, NULL), CALLGATE_OK);
	assert_int_equal(evidence_entry(evidence, program, abi_arch_native()->audit, 0, &entry, NULL), CALLGATE_OK);
	assert_int_equal(evidence_count(evidence, entry, &(struct evidence_call){ .args = args, .count = 3 }, NULL),
			 CALLGATE_OK);
	assert_int_equal(evidence_close_run(evidence, "notify", false, NULL), CALLGATE_OK);
	assert_int_equal(evidence_write(evidence, &text, NULL), CALLGATE_OK);
	assert_non_null(strstr(buf_text(&text), "\"answered\":0,\"errors\":\"unknown\""));
	assert_int_equal(evidence_parse("evidence", buf_text(&text), text.length, &again, NULL), CALLGATE_OK);
	assert_int_equal(again->entries.items[0]->answered, 0);
	evidence_free(again);
	buf_fini(&text);
	assert_int_equal(evidence_count_results(evidence, entry, 0, 2, NULL), CALLGATE_OK);
	assert_int_equal(evidence_write(evidence, &text, NULL), CALLGATE_OK);
	assert_non_null(strstr(buf_text(&text), "\"answered\":2,\"errors\":[]"));
	buf_fini(&text);
	evidence_free(evidence);
}

UNIT_TESTS(test_learn_evidence_file, cmocka_unit_test(what_is_written_reads_back_the_same),
	   cmocka_unit_test(a_cut_file_is_refused_wherever_it_is_cut),
	   cmocka_unit_test(what_is_wrong_is_said_with_its_line),
	   cmocka_unit_test(a_changed_byte_is_refused_wherever_it_is), cmocka_unit_test(damage_is_told_with_what_to_do),
	   cmocka_unit_test(times_may_be_there_or_not),
	   cmocka_unit_test(what_came_of_calls_is_unknown_until_it_was_seen),
	   cmocka_unit_test(every_allocation_may_fail), )
