/*
 * The sections that say how much: what was seen, what could be done, what the policy lets through, group by group and
 * by what it would mean.
 */
#include "report/tables.h"

#include "report/facts.h"
#include "report/html.h"

#include <stdint.h>
#include <string.h>

enum { REPORT_TIMES_MAX = 32 /* stretches of time, of an older report too */ };

bool tables_is_seen(const json_t *syscall)
{
	return json_object_get(syscall, "count");
}

bool tables_is_reachable(const json_t *syscall)
{
	return json_array_size(json_object_get(syscall, "could")) > 0;
}

bool tables_passes(const json_t *syscall)
{
	const char *answer = html_get(syscall, "answer");

	return strcmp(answer, "errno") != 0 && strcmp(answer, "kill") != 0;
}

const char *tables_answer(const char *answer)
{
	static const char *const words[][2] = {
		{ "allow", "allowed" },		{ "some", "by its arguments" }, { "log", "allowed, and logged" },
		{ "ask", "somebody is asked" }, { "errno", "refused" },		{ "kill", "killed" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(words[i][0], answer) == 0)
			return words[i][1];
	return answer;
}

void tables_badge(struct buf *out, const char *kind, const char *text)
{
	buf_printf(out, "<span class=\"badge %s\">", kind);
	html_text(out, text);
	buf_puts(out, "</span>");
}

void tables_answer_badge(struct buf *out, const json_t *syscall)
{
	const char *answer = html_get(syscall, "answer");

	tables_badge(out, answer, tables_answer(answer));
	if (!*html_get(syscall, "until"))
		return;
	buf_puts(out, " <span class=\"badge until\">until ");
	html_put(out, syscall, "until");
	buf_puts(out, "</span>");
}

/* How many calls are what. */
struct tally {
	json_int_t all, seen, only, let, some, refused, until;
};

static void tally_add(struct tally *tally, const json_t *syscall)
{
	bool is_some = strcmp(html_get(syscall, "answer"), "some") == 0;

	tally->all++;
	tally->seen += tables_is_seen(syscall);
	tally->only += tables_is_reachable(syscall) && !tables_is_seen(syscall);
	tally->let += tables_passes(syscall) && !is_some;
	tally->some += is_some;
	tally->refused += !tables_passes(syscall);
	tally->until += *html_get(syscall, "until") != '\0';
}

/* Of those calls whose key has this text, or of all. */
static struct tally tally_of(const json_t *data, const char *key, const char *text)
{
	const json_t *syscalls = json_object_get(data, "syscalls");
	struct tally tally = { 0 };

	for (size_t i = 0; i < json_array_size(syscalls); i++) {
		const json_t *syscall = json_array_get(syscalls, i);

		if (!key || strcmp(html_get(syscall, key), text) == 0)
			tally_add(&tally, syscall);
	}
	return tally;
}

static json_int_t holes_in(const json_t *data, const char *state)
{
	const json_t *holes = json_object_get(data, "holes");
	json_int_t count = 0;

	for (size_t i = 0; i < json_array_size(holes); i++)
		count += strcmp(html_get(json_array_get(holes, i), "state"), state) == 0;
	return count;
}

static void tile(struct buf *out, json_int_t number, const char *what, const char *more)
{
	buf_puts(out, "<div class=\"tile\"><dd>");
	html_number(out, number);
	buf_printf(out, "</dd><dt>%s<small>%s</small></dt></div>\n", what, more);
}

static void head_tiles(const json_t *data, struct buf *out)
{
	struct tally tally = tally_of(data, NULL, NULL);
	bool is_scanned = html_count(json_object_get(data, "facts"), "scanned") > 0;

	buf_puts(out, "<dl class=\"tiles\">\n");
	tile(out, tally.seen, "syscalls were seen", "in these runs");
	if (is_scanned)
		tile(out, tally.only, "more could be made", "and no run made them");
	tile(out, tally.let + tally.some, "are let through", "some by their arguments");
	if (tally.until)
		tile(out, tally.until, "of them only at first", "until a phase takes them away");
	tile(out, tally.refused, "are refused", "of all that the kernel has");
	tile(out, holes_in(data, "removed"), "published holes", "lay behind what is refused");
	buf_puts(out, "</dl>\n");
}

/* "2 runs on 1 host, Linux 6.18, x86_64: 1 234 calls by 1 program." */
static void head_sentence(const json_t *data, struct buf *out)
{
	const json_t *facts = json_object_get(data, "facts");
	const json_t *runs = json_object_get(data, "runs");

	html_counted(out, html_count(facts, "runs"), "run");
	buf_puts(out, " under Linux ");
	html_put(out, data, "kernel");
	buf_puts(out, ", ");
	html_put(out, data, "arch");
	buf_puts(out, ": ");
	html_counted(out, html_count(facts, "calls"), "call");
	buf_puts(out, " by ");
	html_counted(out, html_count(facts, "programs"), "program");
	if (json_array_size(runs) > 0) {
		buf_puts(out, ", recorded by ");
		html_put(out, json_array_get(runs, 0), "recorder");
	}
	buf_puts(out, ".");
	if (*html_get(data, "date")) {
		buf_puts(out, " Made on ");
		html_put(out, data, "date");
		buf_puts(out, ".");
	}
}

/* What a reader should know before believing the rest. */
static void head_doubts(const json_t *data, struct buf *out)
{
	const json_t *facts = json_object_get(data, "facts");

	if (html_count(facts, "runs") > 1) {
		buf_puts(out, "<p>To ");
		html_number(out, html_count(facts, "one_out"));
		buf_puts(out, " of ");
		html_counted(out, html_count(facts, "runs"), "run");
		buf_puts(out, " the policy of all the others would have refused something.</p>\n");
	}
	if (html_count(facts, "scanned") == 0)
		buf_puts(out,
			 "<p>The programs were not read (<code>--scan</code>): what they could do and did not is not "
			 "known here.</p>\n");
	if (html_count(facts, "unresolved") > 0) {
		buf_puts(out, "<p>Of ");
		html_counted(out, html_count(facts, "unresolved"), "place");
		buf_puts(out, " in them it is not known what they ask for.</p>\n");
	}
	if (html_count(facts, "own_filters") > 0)
		buf_puts(out, "<p>They loaded filters of their own: what those refused was not seen.</p>\n");
	if (json_is_true(json_object_get(facts, "policy")))
		buf_puts(out, "<p>The policy is the one in force, not the one that this evidence would make.</p>\n");
}

void tables_head(const json_t *data, struct buf *out)
{
	buf_puts(out, "<header>\n<p class=\"kicker\">Callgate report</p>\n<h1>");
	html_put(out, data, "title");
	buf_puts(out, "</h1>\n<p class=\"lead\">");
	head_sentence(data, out);
	buf_puts(out, "</p>\n");
	head_tiles(data, out);
	buf_puts(out, "<div class=\"doubts\">\n");
	head_doubts(data, out);
	buf_puts(out, "</div>\n</header>\n");
}

static void surface_row(struct buf *out, const char *name, const struct tally *tally)
{
	buf_puts(out, "<tr><th scope=\"row\">");
	html_text(out, name);
	buf_puts(out, "</th>");
	html_cell_number(out, tally->all);
	html_cell_number(out, tally->seen);
	html_cell_number(out, tally->only);
	html_cell_number(out, tally->let);
	html_cell_number(out, tally->some);
	html_cell_number(out, tally->refused);
	buf_puts(out, "</tr>\n");
}

static void surface_table(struct buf *out, const char *id, const char *what)
{
	buf_printf(
		out,
		"<div class=\"scroll\"><table id=\"%s\"><thead><tr><th scope=\"col\">%s</th><th scope=\"col\" "
		"class=\"number\">in the kernel</th><th scope=\"col\" class=\"number\">seen</th><th scope=\"col\" "
		"class=\"number\">only reachable</th><th scope=\"col\" class=\"number\">let through</th><th "
		"scope=\"col\" class=\"number\">by arguments</th><th scope=\"col\" class=\"number\">refused</th></tr>"
		"</thead><tbody>\n",
		id, what);
}

static bool group_stood_before(size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(facts_group_at(i), facts_group_at(index)) == 0)
			return true;
	return false;
}

static void surface_groups(const json_t *data, struct buf *out)
{
	struct tally all = tally_of(data, NULL, NULL);

	surface_table(out, "by-group", "group");
	for (size_t i = 0; facts_group_at(i); i++) {
		struct tally tally = tally_of(data, "group", facts_group_at(i));

		if (tally.all && !group_stood_before(i))
			surface_row(out, facts_group_at(i), &tally);
	}
	buf_puts(out, "</tbody><tfoot>\n");
	surface_row(out, "all", &all);
	buf_puts(out, "</tfoot></table></div>\n");
}

static void surface_risks(const json_t *data, struct buf *out)
{
	surface_table(out, "by-risk", "risk");
	for (int i = 0; i < FACTS_RISK_COUNT; i++) {
		struct tally tally = tally_of(data, "risk", facts_risk_names[i]);

		surface_row(out, facts_risk_names[i], &tally);
	}
	buf_puts(out, "</tbody></table></div>\n");
}

void tables_surface(const json_t *data, struct buf *out)
{
	buf_puts(
		out,
		"<section id=\"surface\">\n<h2>What is left of the kernel</h2>\n<p>Every syscall that this kernel has, "
		"by group: what these programs did, what they could do, and what the policy makes of it.</p>\n"
		"<figure id=\"map\"></figure>\n");
	surface_groups(data, out);
	buf_puts(out,
		 "<h3>By risk</h3>\n<p><em>Kernel</em> puts code into the kernel or replaces it; <em>high</em> reaches "
		 "other processes, namespaces, or seldom used and often exploited code; <em>medium</em> opens files, "
		 "networks and programs.</p>\n");
	surface_risks(data, out);
	buf_puts(out, "</section>\n");
}

/* How many calls of a group came in each phase. */
static void phases_row(const json_t *data, const char *group, struct buf *out)
{
	static const char *const names[] = { "load", "start", "main", "serve" };
	const json_t *syscalls = json_object_get(data, "syscalls");
	json_int_t counts[4] = { 0 }, sum = 0;

	for (size_t i = 0; i < json_array_size(syscalls); i++) {
		const json_t *syscall = json_array_get(syscalls, i);

		for (int j = 0; j < 4 && (!group || strcmp(html_get(syscall, "group"), group) == 0); j++)
			counts[j] += html_count(json_object_get(syscall, "phases"), names[j]);
	}
	for (int j = 0; j < 4; j++)
		sum += counts[j];
	if (group && sum == 0)
		return;
	buf_puts(out, "<tr><th scope=\"row\">");
	html_text(out, group ? group : "all");
	buf_puts(out, "</th>");
	for (int j = 0; j < 4; j++)
		html_cell_number(out, counts[j]);
	html_cell_number(out, sum);
	buf_puts(out, "</tr>\n");
}

/* "4 ms", "1.2 s", "3 min": where a stretch of time ends, of about 2^n ms. */
static void time_text(struct buf *out, size_t at)
{
	double ms = (double)(UINT64_C(1) << at) * 1.048576;

	if (ms < 1000)
		buf_printf(out, "%.0f ms", ms);
	else if (ms < 120000)
		buf_printf(out, "%.1f s", ms / 1000);
	else if (ms < 7200000)
		buf_printf(out, "%.0f min", ms / 60000);
	else
		buf_printf(out, "%.0f h", ms / 3600000);
}

static json_int_t time_count(const json_t *syscall, size_t at)
{
	return json_integer_value(json_array_get(json_object_get(syscall, "times"), at));
}

/* How many stretches of time anything came in. */
static size_t times_length(const json_t *data)
{
	const json_t *syscalls = json_object_get(data, "syscalls");
	size_t length = 0;

	for (size_t i = 0; i < json_array_size(syscalls); i++) {
		size_t one = json_array_size(json_object_get(json_array_get(syscalls, i), "times"));

		length = one > length ? one : length;
	}
	return length < REPORT_TIMES_MAX ? length : REPORT_TIMES_MAX;
}

static void times_row(const json_t *data, const char *group, size_t length, struct buf *out)
{
	const json_t *syscalls = json_object_get(data, "syscalls");
	json_int_t counts[REPORT_TIMES_MAX] = { 0 }, sum = 0;

	for (size_t i = 0; i < json_array_size(syscalls); i++) {
		const json_t *syscall = json_array_get(syscalls, i);

		for (size_t j = 0; j < length && strcmp(html_get(syscall, "group"), group) == 0; j++)
			counts[j] += time_count(syscall, j);
	}
	for (size_t j = 0; j < length; j++)
		sum += counts[j];
	if (sum == 0)
		return;
	buf_puts(out, "<tr><th scope=\"row\">");
	html_text(out, group);
	buf_puts(out, "</th>");
	for (size_t j = 0; j < length; j++)
		html_cell_number(out, counts[j]);
	buf_puts(out, "</tr>\n");
}

/* Calls by when they came, since the first one of their run. */
static void times_table(const json_t *data, struct buf *out)
{
	size_t length = times_length(data);

	if (length == 0)
		return;
	buf_puts(out,
		 "<h3>Over time</h3>\n<p>Since the first call of a run, all runs together. Each column is twice as "
		 "long as the "
		 "one before.</p>\n<figure id=\"time-chart\"></figure>\n<div class=\"scroll\"><table id=\"time-table\">"
		 "<thead><tr><th scope=\"col\">group</th>");
	for (size_t i = 0; i < length; i++) {
		buf_puts(out, "<th scope=\"col\" class=\"number\">to ");
		time_text(out, i);
		buf_puts(out, "</th>");
	}
	buf_puts(out, "</tr></thead><tbody>\n");
	for (size_t i = 0; facts_group_at(i); i++)
		if (!group_stood_before(i))
			times_row(data, facts_group_at(i), length, out);
	buf_puts(out, "</tbody></table></div>\n");
}

void tables_phases(const json_t *data, struct buf *out)
{
	buf_puts(out,
		 "<section id=\"phases\">\n<h2>When</h2>\n<p>What a program does while its libraries are loaded, while "
		 "it starts, since its main began, and since it first waited for work. What comes only before a mark "
		 "could "
		 "be refused from there on.</p>\n"
		 "<figure id=\"phase-chart\"></figure>\n<div class=\"scroll\"><table id=\"phase-table\"><thead><tr><th "
		 "scope=\"col\">group</th><th scope=\"col\" class=\"number\">loading</th><th scope=\"col\" "
		 "class=\"number\">starting</th><th scope=\"col\" class=\"number\">in main</th><th scope=\"col\" "
		 "class=\"number\">serving</th><th scope=\"col\" "
		 "class=\"number\">calls</th></tr></thead><tbody>\n");
	for (size_t i = 0; facts_group_at(i); i++)
		if (!group_stood_before(i))
			phases_row(data, facts_group_at(i), out);
	buf_puts(out, "</tbody><tfoot>\n");
	phases_row(data, NULL, out);
	buf_puts(out, "</tfoot></table></div>\n");
	times_table(data, out);
	buf_puts(out, "</section>\n");
}

void tables_holes(const json_t *data, struct buf *out)
{
	static const char *const words[][2] = { { "removed", "out of reach" },
						{ "narrowed", "by arguments" },
						{ "open", "in reach" } };
	const json_t *holes = json_object_get(data, "holes");

	buf_puts(
		out,
		"<section id=\"holes\">\n<h2>Published holes behind these calls</h2>\n<p>Holes of the kernel that were "
		"reached by one call, and what the policy makes of that call. They are closed in newer kernels; the "
		"next "
		"ones will lie in the same places.</p>\n<figure id=\"hole-chart\"></figure>\n<div "
		"class=\"scroll\"><table "
		"id=\"hole-table\"><thead><tr><th scope=\"col\">hole</th><th scope=\"col\">way to it</th><th "
		"scope=\"col\">"
		"here</th><th scope=\"col\">Linux</th><th scope=\"col\">what it was</th><th scope=\"col\">closed "
		"by</th></tr>"
		"</thead><tbody>\n");
	for (size_t i = 0; i < json_array_size(holes); i++) {
		const json_t *hole = json_array_get(holes, i);
		const char *state = html_get(hole, "state"), *word = state;

		for (size_t j = 0; j < sizeof(words) / sizeof(*words); j++)
			if (strcmp(words[j][0], state) == 0)
				word = words[j][1];
		buf_puts(out, "<tr><th scope=\"row\" class=\"nowrap\">");
		html_put(out, hole, "id");
		buf_puts(out, "</th><td><code>");
		html_put(out, hole, "syscalls");
		buf_puts(out, "</code></td><td>");
		tables_badge(out, state, word);
		buf_puts(out, "</td><td class=\"nowrap\">");
		html_text(out, *html_get(hole, "from") ? html_get(hole, "from") : "…");
		buf_puts(out, " – ");
		html_put(out, hole, "until");
		buf_puts(out, "</td>");
		html_cell(out, html_get(hole, "what"));
		buf_puts(out, "<td class=\"nowrap\"><code>");
		html_put(out, hole, "source");
		buf_puts(out, "</code></td></tr>\n");
	}
	buf_puts(out, "</tbody></table></div>\n</section>\n");
}

static void run_rows(const json_t *data, struct buf *out)
{
	const json_t *runs = json_object_get(data, "runs");

	for (size_t i = 0; i < json_array_size(runs); i++) {
		const json_t *run = json_array_get(runs, i);

		buf_puts(out, "<tr><th scope=\"row\"><code>");
		html_put(out, run, "id");
		buf_puts(out, "</code></th>");
		html_cell(out, html_get(run, "host"));
		html_cell(out, html_get(run, "kernel"));
		html_cell(out, html_get(run, "libc"));
		html_cell(out, html_get(run, "recorder"));
		html_cell(out, json_is_true(json_object_get(run, "attached")) ? "while it ran" : "from its start");
		html_cell_number(out, html_count(run, "calls"));
		buf_puts(out, "</tr>\n");
	}
}

static void cell_known(struct buf *out, const json_t *object, const char *key)
{
	if (json_is_integer(json_object_get(object, key)))
		html_cell_number(out, html_count(object, key));
	else
		buf_puts(out, "<td class=\"number\">not read</td>");
}

void tables_programs(const json_t *data, struct buf *out)
{
	const json_t *programs = json_object_get(data, "programs");

	buf_puts(out,
		 "<section id=\"programs\">\n<h2>Programs and runs</h2>\n<div class=\"scroll\"><table><thead><tr><th "
		 "scope=\"col\">program</th><th scope=\"col\">build</th><th scope=\"col\" "
		 "class=\"number\">calls</th><th "
		 "scope=\"col\" class=\"number\">syscalls</th><th scope=\"col\" class=\"number\">reachable</th><th "
		 "scope=\"col\" class=\"number\">places not known</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < json_array_size(programs); i++) {
		const json_t *program = json_array_get(programs, i);

		buf_puts(out, "<tr><th scope=\"row\"><code>");
		html_put(out, program, "path");
		buf_puts(out, "</code></th><td><code>");
		html_put(out, program, "build_id");
		buf_puts(out, "</code></td>");
		html_cell_number(out, html_count(program, "calls"));
		html_cell_number(out, html_count(program, "syscalls"));
		cell_known(out, program, "reachable");
		cell_known(out, program, "unresolved");
		buf_puts(out, "</tr>\n");
	}
	buf_puts(out,
		 "</tbody></table></div>\n<div class=\"scroll\"><table><thead><tr><th scope=\"col\">run</th><th "
		 "scope=\"col\">host</th><th scope=\"col\">Linux</th><th scope=\"col\">C library</th><th scope=\"col\">"
		 "recorder</th><th scope=\"col\">watched</th><th scope=\"col\" class=\"number\">calls</th></tr></thead>"
		 "<tbody>\n");
	run_rows(data, out);
	buf_puts(out, "</tbody></table></div>\n</section>\n");
}
