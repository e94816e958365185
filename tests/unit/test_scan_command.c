/* Which programs a constant command names, and when it may start others. */
#include "unit.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "scan/command.h"

#include <string.h>

static const struct {
	const char *command;
	const char *programs; /* with blanks between them, and "..." for what it does not name */
} rows[] = {
	{ "", "" },
	{ "ls", "ls" },
	{ "  /bin/ls -l /tmp\n", "/bin/ls" },
	{ "gzip -dc 'a b;c' 2>/dev/null | tar xf - && rm -f \"x y\" || ./other & last", "gzip tar rm ./other last" },
	{ "ls; ls", "ls" },
	{ "LANG=C TZ= date", "date" },
	{ "PATH=/opt:$PATH date", "date ..." },
	{ "LD_PRELOAD=x.so date", "date ..." },
	{ "A=1", "" },
	{ "2>&1 >out <in date", "date" },
	{ "date >&2 2>> log 3<>x", "date" },
	{ "date 2 >out", "date" },
	{ "l\\s 'we'ird", "ls" },
	{ "'my prog' x", "my prog" },
	{ "\"a\\\"b\" x", "a\"b" },
	{ "ls # rm x\nid", "ls id" },
	{ "ls a#b", "ls" },
	{ "echo x; exit 3", "" },
	{ "'echo' x", "echo" },
	{ "exec stty sane", "stty" },
	{ "exec -a name stty", "..." },
	{ "exec >log", "" },
	{ "if test -e x; then id; else date; fi | cat", "id date cat" },
	{ "while :; do sleep 1; done", "sleep" },
	{ "! { id; }", "id" },
	{ "[ -e x ] && id", "id" },
	{ "cd /tmp && ./x && /bin/y && z", "/bin/y z ..." },
	{ "ls $HOME \"$1\" *.c ~", "ls" },
	{ "$EDITOR x", "..." },
	{ "\"$1\" x", "..." },
	{ "/usr/bin/py* x", "..." },
	{ "~/x", "..." },
	{ "'' x", "..." },
	{ "ls $(id)", "ls ..." },
	{ "ls \"$(id)\"", "ls ..." },
	{ "ls \"$1`id`\"", "ls ..." },
	{ "ls `id`", "ls ..." },
	{ "ls ${x:-`id`}", "ls ..." },
	{ "ls $'x'", "ls ..." },
	{ "prefix$(id) x", "..." },
	{ "(id)", "..." },
	{ "f() { id; }", "..." },
	{ "cat <<X\nid\nX", "cat ..." },
	{ "cat <(id)", "cat ..." },
	{ "eval id", "..." },
	{ "id; . ./x", "id ..." },
	{ "for x in a; do id; done", "id ..." },
	{ "case x in x) id;; esac", "..." },
	{ "ls 'open", "ls ..." },
	{ "ls \"open", "ls ..." },
	{ "ls \\", "ls ..." },
	{ "%s %d", "%s" },
};

static void check_command(struct arena *arena, const char *text, const char *programs)
{
	cleanup(buf_fini) struct buf found = { 0 };
	struct command command = { .is_open = false };

	assert_true(command_parse(arena, text, &command));
	for (size_t i = 0; i < command.programs.length; i++)
		buf_printf(&found, "%s%s", i ? " " : "", command.programs.items[i]);
	if (command.is_open)
		buf_puts(&found, command.programs.length ? " ..." : "...");
	if (strcmp(buf_text(&found), programs) != 0)
		fail_msg("%s: %s, not %s", text, buf_text(&found), programs);
}

static void a_command_names_what_it_starts(void **state)
{
	cleanup(arena_fini) struct arena arena = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_command(&arena, rows[i].command, rows[i].programs);
}

static void a_name_without_an_end_is_none(void **state)
{
	cleanup(arena_fini) struct arena arena = { 0 };
	char text[1000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	check_command(&arena, text, "...");
}

static void every_allocation_may_fail(void **state)
{
	FOR_EACH_ALLOCATION({
		cleanup(arena_fini) struct arena arena = { 0 };
		struct command command = { .is_open = false };
		bool done = command_parse(&arena, "a | b | c | d | e | f | g | h | i | j", &command);

		assert_int_equal(done, !unit_allocation_failed());
	});
}

UNIT_TESTS(test_scan_command, cmocka_unit_test(a_command_names_what_it_starts),
	   cmocka_unit_test(a_name_without_an_end_is_none), cmocka_unit_test(every_allocation_may_fail))
