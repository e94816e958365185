/* Libraries that are made here, by the compiler that made this: where they are found, and what their names mean. */
#include "unit.h"

#include "base/cleanup.h"
#include "elf/link.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define cleanup_link cleanup(link_free_pointer)

static const struct link_options no_options;

static char folder[] = "/tmp/callgate-link-XXXXXX";

/* Runs a script in the folder, whose name is put in for %s of later paths by in_folder. */
static void shell(const char *script)
{
	char command[8192];

	snprintf(command, sizeof(command), "cd '%s' && set -e\n%s", folder, script);
	if (system(command) != 0)
		fail_msg("cannot make the libraries: %s", script);
}

static const char *in_folder(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int make_folder(void **state)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[PATH_MAX];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static struct link *link_made(const char *name, const struct link_options *options)
{
	struct link *link = NULL;
	struct callgate_error err;

	if (link_program(in_folder(name), options, &link, &err) != CALLGATE_OK)
		fail_msg("%s", err.message);
	return link;
}

static uint32_t made_module(const struct link *link, const char *name)
{
	return link_find_module(link, in_folder(name));
}

/* The module in which what module asks for by name is defined. */
static uint32_t meaning(const struct link *link, uint32_t module, const char *name)
{
	const struct link_module *one = link->modules.items[module];

	for (uint32_t i = 1; i < one->module->dynamic_symbols.length; i++)
		if (strcmp(one->module->dynamic_symbols.items[i].name, name) == 0)
			return one->definitions[i].module;
	return LINK_NOWHERE;
}

/* A program whose needed liba needs libb, both found as the flags of each say. */
static void make_chain(const char *flags_of_program, const char *flags_of_a)
{
	char script[4096];

	snprintf(script, sizeof(script),
		 "mkdir -p a b\n"
		 "echo 'int b(void) { return 1; }' | cc -shared -fPIC -x c -o b/libb.so - -Wl,-soname,libb.so\n"
		 "echo 'int b(void); int a(void) { return b(); }' |\n"
		 "	cc -shared -fPIC -x c -o a/liba.so - -Wl,-soname,liba.so %s -Lb -lb\n"
		 "echo 'int a(void); int main(void) { return a(); }' |\n"
		 "	cc -x c -o main - %s -La -la -Wl,-rpath-link,b\n",
		 flags_of_a, flags_of_program);
	shell(script);
}

static void runpath_serves_its_own_file(void **state)
{
	cleanup_link struct link *link = NULL;

	make_chain("-Wl,--enable-new-dtags,-rpath,'$ORIGIN/a'", "-Wl,--enable-new-dtags,-rpath,'${ORIGIN}/../b'");
	link = link_made("main", &no_options);
	assert_true(made_module(link, "a/liba.so") != LINK_NOWHERE);
	assert_true(made_module(link, "b/libb.so") != LINK_NOWHERE);
	assert_int_equal(meaning(link, made_module(link, "a/liba.so"), "b"), made_module(link, "b/libb.so"));
}

static void runpath_serves_nobody_else(void **state)
{
	struct callgate_error err;
	struct link *link = NULL;

	make_chain("-Wl,--enable-new-dtags,-rpath,'$ORIGIN/a:$ORIGIN/b'", "");
	assert_int_equal(link_program(in_folder("main"), &no_options, &link, &err), CALLGATE_E_NOT_FOUND);
	assert_non_null(strstr(err.message, "libb.so"));
	assert_null(link);
}

static void rpath_serves_all_below(void **state)
{
	cleanup_link struct link *link = NULL;

	make_chain("-Wl,--disable-new-dtags,-rpath,'$ORIGIN/a:$ORIGIN/b'", "");
	link = link_made("main", &no_options);
	assert_true(made_module(link, "b/libb.so") != LINK_NOWHERE);
}

static void a_library_path_is_obeyed(void **state)
{
	cleanup_link struct link *link = NULL;
	char path[2 * PATH_MAX];

	make_chain("", "");
	snprintf(path, sizeof(path), "%s/a:%s/b", folder, folder);
	link = link_made("main", &(struct link_options){ .library_path = path });
	assert_int_equal(link->modules.items[1]->cause, LINK_NEEDED);
	assert_true(made_module(link, "b/libb.so") != LINK_NOWHERE);
}

static void libraries_may_need_each_other(void **state)
{
	cleanup_link struct link *link = NULL;

	shell("echo 'int b(void) { return 1; }' | cc -shared -fPIC -x c -o libb.so - -Wl,-soname,libb.so\n"
	      "echo 'int b(void); int a(void) { return b(); }' |\n"
	      "	cc -shared -fPIC -x c -o liba.so - -Wl,-soname,liba.so -L. -lb -Wl,-rpath,'$ORIGIN'\n"
	      "echo 'int a(void); int b(void) { return a(); }' |\n"
	      "	cc -shared -fPIC -x c -o libb.so - -Wl,-soname,libb.so -L. -la -Wl,-rpath,'$ORIGIN'\n"
	      "echo 'int a(void); int main(void) { return a(); }' | cc -x c -o main - -L. -la -Wl,-rpath,'$ORIGIN'\n");
	link = link_made("main", &no_options);
	assert_int_equal(link->modules.length, 5); /* with the C library and the interpreter */
}

/* The same name in the program, in a preloaded library, in the C library. */
static void who_is_loaded_first_wins(void **state)
{
	cleanup_link struct link *link = NULL;
	char preload[PATH_MAX];

	shell("echo 'int getpid(void) { return 7; } int both(void) { return 1; }' |\n"
	      "	cc -shared -fPIC -x c -o pre.so -\n"
	      "echo 'int both(void) { return 2; } int ask(void) { return both(); }' | cc -shared -fPIC -x c -o liba.so "
	      "-\n"
	      "echo 'int ask(void); int getpid(void); int main(void) { return ask() + getpid(); }' |\n"
	      "	cc -x c -o main - -L. -la\n");
	snprintf(preload, sizeof(preload), "%s", in_folder("pre.so"));
	link = link_made("main", &(struct link_options){ .preload = (const char *const[]){ preload, NULL },
							 .library_path = folder });
	assert_int_equal(link->modules.items[1]->cause, LINK_PRELOAD);
	assert_int_equal(meaning(link, 0, "getpid"), 1);
	assert_int_equal(meaning(link, made_module(link, "liba.so"), "both"), 1);
	assert_int_equal(meaning(link, 0, "ask"), made_module(link, "liba.so"));
}

static void a_version_chooses_its_definition(void **state)
{
	cleanup_link struct link *link = NULL;
	const struct link_module *program;
	uint32_t definition = 0;

	shell("printf 'V1 { global: f; local: *; }; V2 { global: f; } V1;' >map\n"
	      "printf '%s\\n' 'int f1(void) { return 1; }' 'int f2(void) { return 2; }' '__asm__(\".symver "
	      "f1,f@V1\");' \\\n"
	      "	'__asm__(\".symver f2,f@@V2\");' | cc -shared -fPIC -x c -o libv.so - -Wl,--version-script=map\n"
	      "printf '%s\\n' '__asm__(\".symver f,f@V1\");' 'int f(void); int main(void) { return f(); }' |\n"
	      "	cc -x c -o main - -L. -lv -Wl,-rpath,'$ORIGIN'\n");
	link = link_made("main", &no_options);
	program = link->modules.items[0];
	for (uint32_t i = 1; i < program->module->dynamic_symbols.length; i++)
		if (strcmp(program->module->dynamic_symbols.items[i].name, "f") == 0)
			definition = program->definitions[i].symbol;
	assert_true(definition != 0);
	assert_string_equal(
		link->modules.items[made_module(link, "libv.so")]->module->dynamic_symbols.items[definition].version,
		"V1");
	definition = link_find(link, 0, "f").symbol;
	assert_string_equal(
		link->modules.items[made_module(link, "libv.so")]->module->dynamic_symbols.items[definition].version,
		"V2");
}

static void a_copied_object_is_the_programs(void **state)
{
	cleanup_link struct link *link = NULL;
	uint32_t library;

	shell("echo 'int (*table[4])(void); int get(void) { return table[0](); }' | cc -shared -fPIC -x c -o libt.so "
	      "-\n"
	      "echo 'extern int (*table[4])(void); int get(void); int main(void) { return table[1] ? get() : 0; }' |\n"
	      "	cc -x c -fno-pie -no-pie -o main - -L. -lt -Wl,-rpath,'$ORIGIN'\n");
	link = link_made("main", &no_options);
	library = made_module(link, "libt.so");
	assert_int_equal(link->copies.length, 1);
	assert_int_equal(link->copies.items[0].from.module, library);
	assert_int_equal(link->copies.items[0].size, 32);
	assert_int_equal(meaning(link, library, "table"), 0);
}

static void what_is_opened_sees_the_program_first_and_itself_next(void **state)
{
	cleanup_link struct link *link = NULL;
	uint32_t one, two;

	shell("echo 'int shared(void) { return 0; } int host(void) { return 1; } int main(void) { return 0; }' |\n"
	      "	cc -rdynamic -x c -o main -\n"
	      "echo 'int shared(void) { return 1; } int own(void) { return 1; }\n"
	      "	int host(void), later(void); int f(void) { return shared() + own() + host() + later(); }' |\n"
	      "	cc -shared -fPIC -x c -o one.so -\n"
	      "echo 'int own(void) { return 2; } int later(void) { return 2; } int g(void) { return own(); }' |\n"
	      "	cc -shared -fPIC -x c -o two.so -\n");
	link = link_made("main", &no_options);
	assert_int_equal(link_open(link, 0, in_folder("one.so"), "a test", &one, NULL), CALLGATE_OK);
	assert_int_equal(meaning(link, one, "later"), LINK_NOWHERE);
	assert_int_equal(link_open(link, 0, in_folder("two.so"), "a test", &two, NULL), CALLGATE_OK);
	assert_string_equal(link->modules.items[one]->reason, "a test");
	assert_int_equal(meaning(link, one, "shared"), 0);
	assert_int_equal(meaning(link, one, "host"), 0);
	assert_int_equal(meaning(link, one, "own"), one);
	assert_int_equal(meaning(link, two, "own"), two);
	assert_int_equal(meaning(link, one, "later"), two);
	assert_int_equal(link_open(link, 0, in_folder("one.so"), "again", &two, NULL), CALLGATE_OK);
	assert_int_equal(two, one);
}

static void an_opening_that_fails_changes_nothing(void **state)
{
	cleanup_link struct link *link = NULL;
	uint32_t opened = 0;
	size_t before;

	shell("echo 'int main(void) { return 0; }' | cc -x c -o main -\n"
	      "echo 'int x(void) { return 1; }' | cc -shared -fPIC -x c -o libx.so -\n"
	      "echo 'int x(void); int y(void) { return x(); }' | cc -shared -fPIC -x c -o liby.so - -L. -lx\n"
	      "rm libx.so; echo text >text.so; mkfifo pipe.so\n");
	link = link_made("main", &no_options);
	before = link->modules.length;
	assert_int_equal(link_open(link, 0, in_folder("liby.so"), "a test", &opened, NULL), CALLGATE_OK);
	assert_int_equal(opened, LINK_NOWHERE);
	assert_int_equal(link_open(link, 0, "libnothing.so", "a test", &opened, NULL), CALLGATE_OK);
	assert_int_equal(opened, LINK_NOWHERE);
	assert_int_equal(link_open_folder(link, folder, "a test", NULL), CALLGATE_E_NOT_FOUND);
	assert_int_equal(link->modules.length, before);
	assert_string_equal(link->missing.items[0].name, "libx.so");
	assert_string_equal(link->missing.items[1].name, "libnothing.so");
}

static void a_folder_is_opened_as_deep_as_it_goes(void **state)
{
	cleanup_link struct link *link = NULL;
	struct callgate_error err;

	shell("mkdir -p deep/er; echo 'int main(void) { return 0; }' | cc -x c -o main -\n"
	      "echo 'int x(void) { return 1; }' | cc -shared -fPIC -x c -o deep/er/x.so -\n"
	      "cp deep/er/x.so deep/y.so.1; cp deep/er/x.so deep/no\n");
	link = link_made("main", &no_options);
	assert_int_equal(link_open_folder(link, in_folder("deep"), "a test", NULL), CALLGATE_OK);
	assert_true(made_module(link, "deep/er/x.so") != LINK_NOWHERE);
	assert_true(made_module(link, "deep/y.so.1") != LINK_NOWHERE);
	assert_int_equal(made_module(link, "deep/no"), LINK_NOWHERE);
	assert_int_equal(link_open_folder(link, "/nowhere", "a test", &err), CALLGATE_E_OS);
}

/* Another system's files, among them a link that means its own root. */
static void in_a_root_its_files_are_meant(void **state)
{
	cleanup_link struct link *link = NULL;
	char root[PATH_MAX], module[PATH_MAX + 64];

	make_chain("-Wl,-rpath,/opt/a", "");
	shell("mkdir -p root/opt/a root/usr/lib/x86_64-linux-gnu root/lib64 root/bin\n"
	      "cp a/liba.so root/opt/a; cp b/libb.so root/usr/lib/x86_64-linux-gnu; cp main root/bin\n"
	      "cp /lib/x86_64-linux-gnu/libc.so.6 root/usr/lib/x86_64-linux-gnu\n"
	      "cp /lib64/ld-linux-x86-64.so.2 root/usr/lib/x86_64-linux-gnu/ld.so\n"
	      "ln -s /usr/lib/x86_64-linux-gnu/ld.so root/lib64/ld-linux-x86-64.so.2\n");
	snprintf(root, sizeof(root), "%s", in_folder("root"));
	assert_int_equal(link_program("/bin/main", &(struct link_options){ .root = root }, &link, NULL), CALLGATE_OK);
	assert_int_equal(link->modules.length, 5);
	assert_true(link_find_module(link, "/opt/a/liba.so") != LINK_NOWHERE);
	assert_true(link_find_module(link, "/usr/lib/x86_64-linux-gnu/libb.so") != LINK_NOWHERE);
	snprintf(module, sizeof(module), "%s/usr/lib/x86_64-linux-gnu/ld.so", root);
	assert_string_equal(link->modules.items[link->interpreter]->module->path, module);
}

static void musl_is_its_own_linker(void **state)
{
	cleanup_link struct link *link = NULL;

	shell("echo '#include <stdio.h>\nint main(void) { return puts(\"x\") < 0; }' >x.c\n"
	      "musl-gcc -o main x.c; musl-gcc -static -o still x.c\n");
	link = link_made("main", &no_options);
	assert_true(link->is_musl);
	assert_int_equal(link->modules.length, 2);
	assert_int_equal(link->interpreter, 1);
	assert_int_equal(meaning(link, 0, "puts"), 1);
	link_free(take_ptr(link));
	link = link_made("still", &no_options);
	assert_int_equal(link->modules.length, 1);
	assert_int_equal(link->interpreter, LINK_NOWHERE);
}

static void hints_bring_what_no_constant_names(void **state)
{
	cleanup_link struct link *link = NULL;
	const struct link_hint *hints;
	size_t count, before;

	assert_int_equal(link_program("/bin/true", &no_options, &link, NULL), CALLGATE_OK);
	before = link->modules.length;
	hints = link_hints(&count);
	for (size_t i = 0; i < count; i++)
		if (hints[i].symbol && strcmp(hints[i].symbol, "iconv_open") == 0)
			assert_int_equal(link_follow_hint(link, &hints[i], NULL), CALLGATE_OK);
	assert_true(link->modules.length > before + 50);
	before = link->modules.length;
	for (size_t i = 0; i < count; i++)
		if (hints[i].symbol)
			assert_int_equal(link_follow_hint(link, &hints[i], NULL), CALLGATE_OK);
	assert_true(link->modules.length > before);
	assert_true(link_find_module(link, "/usr/lib/x86_64-linux-gnu/libgcc_s.so.1") != LINK_NOWHERE);
	before = link->modules.length;
	for (size_t i = 0; i < count; i++)
		if (hints[i].symbol)
			assert_int_equal(link_follow_hint(link, &hints[i], NULL), CALLGATE_OK);
	assert_int_equal(link->modules.length, before);
	assert_int_equal(link_follow_program_hints(link, NULL), CALLGATE_OK);
	assert_int_equal(link->modules.length, before);
}

static void what_is_no_program_is_refused_by_name(void **state)
{
	struct link *link = NULL;
	struct callgate_error err;

	shell("mkfifo pipe; echo text >text; : >empty; head -c 3000 /bin/true >cut\n");
	assert_int_equal(link_program(in_folder("pipe"), &no_options, &link, &err), CALLGATE_E_NOT_EXECUTABLE);
	assert_int_equal(link_program(folder, &no_options, &link, &err), CALLGATE_E_NOT_EXECUTABLE);
	assert_int_equal(link_program(in_folder("text"), &no_options, &link, &err), CALLGATE_E_UNSUPPORTED);
	assert_int_equal(link_program(in_folder("empty"), &no_options, &link, &err), CALLGATE_E_UNSUPPORTED);
	assert_int_equal(link_program(in_folder("cut"), &no_options, &link, &err), CALLGATE_E_INVALID);
	assert_int_equal(link_program(in_folder("nothing"), &no_options, &link, &err), CALLGATE_E_NOT_FOUND);
	assert_int_equal(link_program("/bin/true", &(struct link_options){ .root = "/nowhere" }, &link, &err),
			 CALLGATE_E_OS);
	assert_null(link);
}

static void every_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		cleanup_link struct link *link = NULL;
		uint32_t opened;
		int status = link_program("/bin/true", &no_options, &link, NULL);

		if (status == CALLGATE_OK)
			status = link_open(link, 0, "libm.so.6", "a test", &opened, NULL);
		if (status == CALLGATE_OK)
			status = link_open_folder(link, "/usr/lib/x86_64-linux-gnu/engines-3", "a test", NULL);
		if (!unit_allocation_failed())
			assert_int_equal(status, CALLGATE_OK);
	});
}

#define LINK_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

UNIT_TESTS(test_elf_link_search, LINK_TEST(runpath_serves_its_own_file), LINK_TEST(runpath_serves_nobody_else),
	   LINK_TEST(rpath_serves_all_below), LINK_TEST(a_library_path_is_obeyed),
	   LINK_TEST(libraries_may_need_each_other), LINK_TEST(who_is_loaded_first_wins),
	   LINK_TEST(a_version_chooses_its_definition), LINK_TEST(a_copied_object_is_the_programs),
	   LINK_TEST(what_is_opened_sees_the_program_first_and_itself_next),
	   LINK_TEST(an_opening_that_fails_changes_nothing), LINK_TEST(a_folder_is_opened_as_deep_as_it_goes),
	   LINK_TEST(in_a_root_its_files_are_meant), LINK_TEST(musl_is_its_own_linker),
	   LINK_TEST(hints_bring_what_no_constant_names), LINK_TEST(what_is_no_program_is_refused_by_name),
	   LINK_TEST(every_allocation_may_fail), )
