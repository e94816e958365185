#include "unit.h"

#include "sandbox/config.h"

#include <callgate/subject.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse(const char *text, struct callgate_sandbox **ret_sandbox, struct callgate_error *err)
{
	int status = callgate_sandbox_new(ret_sandbox, err);

	return status == CALLGATE_OK ? config_parse(*ret_sandbox, "box.yaml", text, strlen(text), err) : status;
}

/* What a text's settings are printed as; the caller frees it. */
static char *printed(const char *text)
{
	struct callgate_sandbox *sandbox = NULL;
	struct callgate_error err = { 0 };
	char *out = NULL;

	if (parse(text, &sandbox, &err) != CALLGATE_OK)
		fail_msg("%u:%u: %s", err.line, err.col, err.message);
	assert_int_equal(callgate_sandbox_print(sandbox, &out, &err), CALLGATE_OK);
	callgate_sandbox_free(sandbox);
	return out;
}

static void one_that_is_printed_reads_the_same(void **state)
{
	static const char *const texts[] = {
		"",
		"unshare-net: true\ninit: false\n",
		"ro-bind: [/usr, [/etc, /settings]]\nsetenv: [\"A=b\\\"\\\\\\n\", 'C=d']\n",
		"{\"tmpfs\": \"/tmp\", \"uid\": 1000, \"uid-map\": [[0, 1, 2]]}",
		"- bind: /a\n- tmpfs: /a/b\n- bind: [[/c, /a/b/c]]\n",
		"preset: network\n",
		"ro-bind: [&usr /usr, *usr]\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		char *once = printed(texts[i]), *twice = printed(once);

		assert_string_equal(once, twice);
		free(once);
		free(twice);
	}
}

static void settings_keep_their_order(void **state)
{
	char *text = printed("- tmpfs: /a\n- ro-bind: [/b, [/c, /d]]\n- tmpfs: [/e]\n");

	assert_string_equal(text, "# callgate run --config\n"
				  "- tmpfs: \"/a\"\n"
				  "- ro-bind: [[\"/b\", \"/b\"]]\n"
				  "- ro-bind: [[\"/c\", \"/d\"]]\n"
				  "- tmpfs: \"/e\"\n");
	free(text);
}

struct wrong {
	const char *text;
	int status;
	unsigned line, col;
	const char *word;
};

static void what_is_wrong_is_said_with_its_place(void **state)
{
	static const struct wrong wrongs[] = {
		{ "tmpfs: [", CALLGATE_E_SYNTAX, 2, 1, "no YAML" },
		{ "uid: 1\n\ttmpfs: /", CALLGATE_E_SYNTAX, 2, 1, "no YAML" },
		{ "word", CALLGATE_E_SYNTAX, 1, 1, "NAME: VALUE" },
		{ "- word", CALLGATE_E_SYNTAX, 1, 3, "NAME: VALUE" },
		{ "[a]: b", CALLGATE_E_SYNTAX, 1, 1, "has a name" },
		{ "uid: 1\ntmpsf: /tmp", CALLGATE_E_UNKNOWN, 2, 1, "tmpsf" },
		{ "uid: [1, two]", CALLGATE_E_INVALID, 1, 10, "two" },
		{ "uid: {a: b}", CALLGATE_E_INVALID, 1, 6, "takes UID" },
		{ "ro-bind: [[/a, /b, /c]]", CALLGATE_E_INVALID, 1, 11, "takes SOURCE DEST" },
		{ "ro-bind: [[/a, [/b]]]", CALLGATE_E_INVALID, 1, 16, "takes SOURCE DEST" },
		{ "init: yes", CALLGATE_E_INVALID, 1, 7, "true or false" },
		{ "env: \"a\\0b\"", CALLGATE_E_INVALID, 1, 6, "takes NAME" },
		{ "- uid: 1\n---\n- gid: 2", CALLGATE_E_SYNTAX, 2, 1, "a second document" },
		{ "uid: 1\n...\n}", CALLGATE_E_SYNTAX, 3, 1, "no YAML" },
		{ "preset: nosuch", CALLGATE_E_UNKNOWN, 1, 9, "no preset 'nosuch'" },
	};

	for (size_t i = 0; i < sizeof(wrongs) / sizeof(*wrongs); i++) {
		struct callgate_sandbox *sandbox = NULL;
		struct callgate_error err = { 0 };

		assert_int_equal(parse(wrongs[i].text, &sandbox, &err), wrongs[i].status);
		if (err.line != wrongs[i].line || err.col != wrongs[i].col || !strstr(err.message, wrongs[i].word))
			fail_msg("'%s': %s:%u:%u: %s", wrongs[i].text, err.file, err.line, err.col, err.message);
		assert_string_equal(err.file, "box.yaml");
		callgate_sandbox_free(sandbox);
	}
}

/* A folder that is not there: what the library itself has is found. */
static void presets_and_their_policy_are_built_in(void **state)
{
	static const char *const presets[] = { "strict", "read-only", "workspace", "network", "judge" };

	for (size_t i = 0; i < sizeof(presets) / sizeof(*presets); i++) {
		struct callgate_sandbox *sandbox = NULL;
		struct callgate_subject *subject = NULL;
		struct callgate_error err = { 0 };

		assert_int_equal(callgate_sandbox_new(&sandbox, &err), CALLGATE_OK);
		assert_int_equal(callgate_sandbox_set_preset_folder(sandbox, "/no/such/folder", &err), CALLGATE_OK);
		if (callgate_sandbox_set(sandbox, "preset", &presets[i], 1, &err) != CALLGATE_OK)
			fail_msg("%s: %s", presets[i], err.message);
		assert_string_equal(callgate_sandbox_policy(sandbox), "@contained");
		assert_int_equal(callgate_sandbox_open_policy(sandbox, NULL, &subject, &err), CALLGATE_OK);
		callgate_subject_free(subject);
		callgate_sandbox_free(sandbox);
	}
}

static void a_preset_that_names_itself_is_refused(void **state)
{
	char folder[] = "/tmp/callgate-test-XXXXXX", path[64];
	const char *name = "self";
	struct callgate_sandbox *sandbox = NULL;
	struct callgate_error err = { 0 };
	FILE *file;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/self.yaml", folder);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs("preset: self\n", file);
	fclose(file);
	assert_int_equal(callgate_sandbox_new(&sandbox, &err), CALLGATE_OK);
	assert_int_equal(callgate_sandbox_set_preset_folder(sandbox, folder, &err), CALLGATE_OK);
	assert_int_equal(callgate_sandbox_set(sandbox, "preset", &name, 1, &err), CALLGATE_E_LIMIT);
	callgate_sandbox_free(sandbox);
	assert_int_equal(remove(path), 0);
	assert_int_equal(remove(folder), 0);
}

static void every_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		struct callgate_sandbox *sandbox = NULL;
		struct callgate_error err = { 0 };
		char *text = NULL;
		int status = parse("preset: judge\nro-bind: [/usr, [/etc, /x]]\n", &sandbox, &err);

		if (status == CALLGATE_OK)
			status = callgate_sandbox_print(sandbox, &text, &err);
		assert_int_equal(status, unit_allocation_failed() ? CALLGATE_E_NOMEM : CALLGATE_OK);
		free(text);
		callgate_sandbox_free(sandbox);
	});
}

UNIT_TESTS(test_sandbox_config, cmocka_unit_test(one_that_is_printed_reads_the_same),
	   cmocka_unit_test(settings_keep_their_order), cmocka_unit_test(what_is_wrong_is_said_with_its_place),
	   cmocka_unit_test(presets_and_their_policy_are_built_in),
	   cmocka_unit_test(a_preset_that_names_itself_is_refused), cmocka_unit_test(every_allocation_may_fail), )
