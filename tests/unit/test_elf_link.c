#include "unit.h"

#include "base/cleanup.h"
#include "elf/link.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define cleanup_link cleanup(link_free_pointer)

static const struct link_options no_options;

/* Programs that every test machine has, of several kinds: PIE, not, with many libraries, with none. */
static const char *const programs[] = { "/bin/true",	"/bin/bash",	    "/usr/bin/git", "/usr/bin/python3",
					"/usr/bin/gcc", "/usr/bin/sqlite3", "/usr/bin/ld",  "/usr/bin/curl" };

static void close_pipe(FILE **pipe)
{
	if (*pipe)
		pclose(*pipe);
}

/* Whether some module has the file at path. */
static bool has_file(const struct link *link, const char *path)
{
	char resolved[PATH_MAX];

	assert_non_null(realpath(path, resolved));
	return link_find_module(link, resolved) != LINK_NOWHERE;
}

/* Compares with what the dynamic linker itself says, and counts its lines. */
static size_t compare_with_ld_so(const struct link *link, const char *program)
{
	cleanup(close_pipe) FILE *list = NULL;
	char command[PATH_MAX], line[PATH_MAX + 64], path[PATH_MAX];
	size_t count = 0;

	snprintf(command, sizeof(command), "env -i /lib64/ld-linux-x86-64.so.2 --list %s", program);
	list = popen(command, "r");
	assert_non_null(list);
	while (fgets(line, sizeof(line), list)) {
		const char *arrow = strstr(line, "=> ");

		if (sscanf(arrow ? arrow + 3 : line, " %s", path) != 1 || path[0] != '/')
			continue;
		count++;
		if (!has_file(link, path))
			fail_msg("%s: the dynamic linker loads %s", program, path);
	}
	return count;
}

static void a_program_has_the_files_that_ld_so_loads(void **state)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		cleanup_link struct link *link = NULL;
		struct callgate_error err;

		if (link_program(programs[i], &no_options, &link, &err) != CALLGATE_OK)
			fail_msg("%s", err.message);
		assert_int_equal(compare_with_ld_so(link, programs[i]), link->modules.length - 1);
		assert_int_equal(link->modules.items[0]->cause, LINK_PROGRAM);
		assert_true(link->interpreter != LINK_NOWHERE);
	}
}

/* The text behind a mark up to the end, in which it is the first; false when it is not there. */
static bool cut(const char *line, const char *mark, const char *end, char text[PATH_MAX])
{
	const char *begin = strstr(line, mark);
	size_t length;

	if (!begin)
		return false;
	begin += strlen(mark);
	length = strcspn(begin, end);
	snprintf(text, PATH_MAX, "%.*s", (int)length, begin);
	return true;
}

static uint32_t module_of(const struct link *link, const char *path, const char *program)
{
	char resolved[PATH_MAX];

	return realpath(*path == '/' ? path : program, resolved) ? link_find_module(link, resolved) : LINK_NOWHERE;
}

/* A reference of a module by name and version. */
static uint32_t find_reference(const struct module *module, const char *name, const char *version)
{
	for (uint32_t i = 1; i < module->dynamic_symbols.length; i++) {
		const struct module_symbol *symbol = &module->dynamic_symbols.items[i];

		if (strcmp(symbol->name, name) == 0 &&
		    (*version ? symbol->version && strcmp(symbol->version, version) == 0 : !symbol->version))
			return i;
	}
	return 0;
}

/* One line of LD_DEBUG=bindings; true when it is one, and it is compared. */
static bool compare_binding(const struct link *link, const char *program, const char *line)
{
	char from[PATH_MAX], to[PATH_MAX], name[PATH_MAX], version[PATH_MAX] = "";
	uint32_t asker, symbol;

	if (!cut(line, "binding file ", " ", from) || !cut(line, "] to ", " ", to) || !cut(line, "symbol `", "'", name))
		return false;
	cut(line, "' [", "]", version);
	asker = module_of(link, from, program);
	if (asker == LINK_NOWHERE)
		return false; /* the vDSO, or opened while it ran */
	symbol = find_reference(link->modules.items[asker]->module, name, version);
	if (symbol == 0)
		return false; /* dlsym, or the loader's own look-ups */
	if (link->modules.items[asker]->definitions[symbol].module == LINK_NOWHERE)
		fail_msg("%s: %s: nothing defines %s", program, from, name);
	/* The place of a COPY relocation: ld.so says where the copy comes from, here it is the program's own object. */
	if (asker == 0 && link->modules.items[0]->module->dynamic_symbols.items[symbol].is_defined)
		return true;
	if (link->modules.items[asker]->definitions[symbol].module != module_of(link, to, program))
		fail_msg("%s: %s of %s is bound to %s", program, name, from, to);
	return true;
}

static void a_symbol_means_what_ld_so_binds_it_to(void **state)
{
	static const char *const runs[] = { "/bin/true", "/bin/bash --version", "/usr/bin/git version",
					    "/usr/bin/curl --version", "/usr/bin/sqlite3 -version" };

	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
		cleanup_link struct link *link = NULL;
		cleanup(close_pipe) FILE *bindings = NULL;
		char command[PATH_MAX + 64], line[2 * PATH_MAX], program[PATH_MAX];
		size_t count = 0;

		snprintf(program, sizeof(program), "%.*s", (int)strcspn(runs[i], " "), runs[i]);
		assert_int_equal(link_program(program, &no_options, &link, NULL), CALLGATE_OK);
		snprintf(command, sizeof(command), "env -i LD_DEBUG=bindings LD_BIND_NOW=1 %s 2>&1 >/dev/null",
			 runs[i]);
		bindings = popen(command, "r");
		assert_non_null(bindings);
		while (fgets(line, sizeof(line), bindings))
			count += compare_binding(link, program, line);
		assert_true(count > 20);
	}
}

UNIT_TESTS(test_elf_link, cmocka_unit_test(a_program_has_the_files_that_ld_so_loads),
	   cmocka_unit_test(a_symbol_means_what_ld_so_binds_it_to), )
