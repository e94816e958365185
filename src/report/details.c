/*
 * The sections that say what exactly: a line a call, and behind it all that is known of it. A call's part is named
 * s-NAME, so that everything else can point to it.
 */
#include "report/html.h"
#include "report/tables.h"

#include <string.h>

static bool is_of_interest(const json_t *syscall)
{
	return tables_is_seen(syscall) || tables_is_reachable(syscall) || tables_passes(syscall);
}

static void call_link(struct buf *out, const json_t *syscall)
{
	buf_puts(out, "<a href=\"#s-");
	html_put(out, syscall, "name");
	buf_puts(out, "\"><code>");
	html_put(out, syscall, "name");
	buf_puts(out, "</code></a>");
}

static void seen_badge(struct buf *out, const json_t *syscall)
{
	if (tables_is_seen(syscall))
		tables_badge(out, "seen", "seen");
	else if (tables_is_reachable(syscall))
		tables_badge(out, "only", "only reachable");
	else
		tables_badge(out, "none", "not seen");
}

static void call_row(struct buf *out, const json_t *syscall)
{
	const json_t *could = json_object_get(syscall, "could");
	json_int_t places = 0;

	for (size_t i = 0; i < json_array_size(could); i++)
		places += html_count(json_array_get(could, i), "sites");
	buf_puts(out, "<tr><th scope=\"row\">");
	call_link(out, syscall);
	buf_puts(out, "</th>");
	html_cell(out, html_get(syscall, "group"));
	buf_puts(out, "<td>");
	tables_badge(out, html_get(syscall, "risk"), html_get(syscall, "risk"));
	buf_puts(out, "</td><td>");
	seen_badge(out, syscall);
	buf_puts(out, "</td>");
	html_cell_number(out, html_count(syscall, "count"));
	html_cell_number(out, html_count(syscall, "runs"));
	html_cell_number(out, places);
	buf_puts(out, "<td>");
	tables_answer_badge(out, syscall);
	buf_puts(out, "</td></tr>\n");
}

void tables_calls(const json_t *data, struct buf *out)
{
	const json_t *syscalls = json_object_get(data, "syscalls");

	buf_puts(out,
		 "<section id=\"calls\">\n<h2>Every call that was seen, can be reached or is let through</h2>\n<div "
		 "class=\"scroll\"><table id=\"call-table\"><thead><tr><th scope=\"col\">syscall</th><th scope=\"col\">"
		 "group</th><th scope=\"col\">risk</th><th scope=\"col\">evidence</th><th scope=\"col\" "
		 "class=\"number\">"
		 "calls</th><th scope=\"col\" class=\"number\">runs</th><th scope=\"col\" "
		 "class=\"number\">places</th><th "
		 "scope=\"col\">policy</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < json_array_size(syscalls); i++)
		if (is_of_interest(json_array_get(syscalls, i)))
			call_row(out, json_array_get(syscalls, i));
	buf_puts(out, "</tbody></table></div>\n</section>\n");
}

static void put_more(struct buf *out, const json_t *holder)
{
	if (html_count(holder, "more") == 0)
		return;
	buf_puts(out, "<li class=\"more\">and ");
	html_number(out, html_count(holder, "more"));
	buf_puts(out, " more</li>\n");
}

/* How often, behind what a list names. */
static void put_count(struct buf *out, const json_t *item)
{
	buf_puts(out, " <span class=\"count\">");
	html_number(out, html_count(item, "count"));
	buf_puts(out, "</span>");
}

/* What a list names by one key, or by two with a '+' between them, each with its count. */
static void put_items(struct buf *out, const json_t *items, const char *key, const char *second)
{
	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *item = json_array_get(items, i);

		buf_puts(out, "<li><code>");
		html_put(out, item, key);
		if (second) {
			buf_putc(out, '+');
			html_put(out, item, second);
		}
		buf_puts(out, "</code>");
		put_count(out, item);
		buf_puts(out, "</li>\n");
	}
}

static void detail_programs(struct buf *out, const json_t *syscall)
{
	buf_puts(out, "<h4>Who made it</h4>\n<ul>\n");
	put_items(out, json_object_get(syscall, "programs"), "path", NULL);
	buf_puts(out, "</ul>\n");
}

static void detail_args(struct buf *out, const json_t *syscall)
{
	const json_t *args = json_object_get(syscall, "args");

	for (size_t i = 0; i < json_array_size(args); i++) {
		const json_t *arg = json_array_get(args, i);
		const json_t *values = json_object_get(arg, "values");

		buf_puts(out, "<h4>Values of <code>");
		html_put(out, arg, "name");
		if (json_array_size(values) == 0) {
			buf_puts(out, "</code> were not kept</h4>\n");
			continue;
		}
		buf_printf(out, "</code>%s</h4>\n<ul class=\"values\">\n",
			   json_is_true(json_object_get(arg, "others")) ? ", and others that were not kept" : "");
		put_items(out, values, "value", NULL);
		put_more(out, arg);
		buf_puts(out, "</ul>\n");
	}
}

static void detail_sites(struct buf *out, const json_t *syscall)
{
	const json_t *holder = json_object_get(syscall, "sites");
	const json_t *sites = json_object_get(holder, "list");

	if (json_array_size(sites) == 0)
		return;
	buf_puts(out, "<h4>From where</h4>\n<ul>\n");
	put_items(out, sites, "module", "offset");
	put_more(out, holder);
	buf_puts(out, "</ul>\n");
}

static void detail_errors(struct buf *out, const json_t *syscall)
{
	const json_t *errors = json_object_get(syscall, "errors");
	json_int_t unanswered = json_integer_value(json_object_get(syscall, "unanswered"));

	if (json_array_size(errors) == 0 && !unanswered)
		return;
	buf_puts(out, "<h4>How it failed</h4>\n<ul class=\"values\">\n");
	if (unanswered)
		buf_printf(out, "<li>not known of %" JSON_INTEGER_FORMAT " calls: the recorder does not see it</li>\n",
			   unanswered);
	put_items(out, errors, "errno", NULL);
	buf_puts(out, "</ul>\n");
}

static void detail_phases(struct buf *out, const json_t *syscall)
{
	const json_t *phases = json_object_get(syscall, "phases");

	if (!phases)
		return;
	buf_puts(out, "<p>While libraries were loaded ");
	html_number(out, html_count(phases, "load"));
	buf_puts(out, ", while it started ");
	html_number(out, html_count(phases, "start"));
	buf_puts(out, ", since its main began ");
	html_number(out, html_count(phases, "main"));
	buf_puts(out, ", since it first waited for work ");
	html_number(out, html_count(phases, "serve"));
	buf_puts(out, ".</p>\n");
}

static void chain_step(struct buf *out, const json_t *step)
{
	if (html_count(step, "skipped") > 0) {
		buf_puts(out, "<li class=\"more\">");
		html_counted(out, html_count(step, "skipped"), "step");
		buf_puts(out, " left out</li>\n");
	}
	buf_puts(out, "<li><code>");
	html_text(out, *html_get(step, "function") ? html_get(step, "function") : "a function without a name");
	buf_puts(out, "</code> <span class=\"place\">");
	html_text(out, html_base(html_get(step, "module")));
	buf_putc(out, '+');
	html_put(out, step, "address");
	buf_puts(out, "</span> ");
	html_put(out, step, "how");
	buf_puts(out, "</li>\n");
}

static void detail_could(struct buf *out, const json_t *syscall)
{
	const json_t *could = json_object_get(syscall, "could");

	for (size_t i = 0; i < json_array_size(could); i++) {
		const json_t *program = json_array_get(could, i);
		const json_t *chain = json_object_get(program, "chain");

		buf_puts(out, "<h4>How <code>");
		html_text(out, html_base(html_get(program, "program")));
		buf_puts(out, "</code> comes to it: ");
		html_counted(out, html_count(program, "sites"), "place");
		buf_puts(out, "</h4>\n<ol class=\"chain\">\n");
		if (json_array_size(chain) == 0)
			buf_puts(out, "<li>Every program must be able to, or the kernel makes it.</li>\n");
		for (size_t j = 0; j < json_array_size(chain); j++)
			chain_step(out, json_array_get(chain, j));
		buf_puts(out, "</ol>\n");
	}
}

static void detail(struct buf *out, const json_t *syscall)
{
	buf_puts(out, "<details id=\"s-");
	html_put(out, syscall, "name");
	buf_puts(out, "\"><summary><code>");
	html_put(out, syscall, "name");
	buf_puts(out, "</code> ");
	seen_badge(out, syscall);
	buf_putc(out, ' ');
	tables_answer_badge(out, syscall);
	buf_puts(out, "</summary>\n<div class=\"detail\">\n");
	if (*html_get(syscall, "why")) {
		buf_puts(out, "<p>");
		tables_badge(out, html_get(syscall, "risk"), html_get(syscall, "risk"));
		buf_puts(out, " It ");
		html_put(out, syscall, "why");
		buf_puts(out, ".</p>\n");
	}
	if (*html_get(syscall, "rule")) {
		buf_puts(out, "<pre>");
		html_put(out, syscall, "rule");
		buf_puts(out, "</pre>\n");
	}
	if (tables_is_seen(syscall)) {
		buf_puts(out, "<p>");
		html_counted(out, html_count(syscall, "count"), "call");
		buf_puts(out, " in ");
		html_counted(out, html_count(syscall, "runs"), "run");
		buf_puts(out, ".</p>\n");
		detail_phases(out, syscall);
		detail_programs(out, syscall);
		detail_args(out, syscall);
		detail_sites(out, syscall);
		detail_errors(out, syscall);
	}
	detail_could(out, syscall);
	buf_puts(out, "</div></details>\n");
}

void tables_details(const json_t *data, struct buf *out)
{
	const json_t *syscalls = json_object_get(data, "syscalls");

	buf_puts(out, "<section id=\"details\">\n<h2>Call by call</h2>\n");
	for (size_t i = 0; i < json_array_size(syscalls); i++)
		if (is_of_interest(json_array_get(syscalls, i)))
			detail(out, json_array_get(syscalls, i));
	buf_puts(out, "</section>\n");
}

/* What a change means, as the end of a sentence that begins with the call's name. */
static void change_text(struct buf *out, const json_t *item)
{
	const char *what = html_get(item, "what");

	if (strcmp(what, "answer") == 0 || strcmp(what, "hole") == 0) {
		html_text(out, tables_answer(html_get(item, "was")));
		buf_puts(out, " before, ");
		html_text(out, tables_answer(html_get(item, "is")));
		buf_puts(out, " now");
	} else if (strcmp(what, "value") == 0) {
		html_put(out, item, "was");
		buf_puts(out, " has a value that is new: <code>");
		html_put(out, item, "is");
		buf_puts(out, "</code>");
	} else if (strcmp(what, "program") == 0) {
		html_text(out, strcmp(html_get(item, "is"), "new") == 0 ? "a program that was not there"
									: "a program that is not there any more");
	} else {
		html_put(out, item, "was");
		buf_puts(out, " before, ");
		html_put(out, item, "is");
		buf_puts(out, " now");
	}
}

void tables_changes(const json_t *data, struct buf *out)
{
	const json_t *changes = json_object_get(data, "changes");
	const json_t *list = json_object_get(changes, "list");

	if (!changes)
		return;
	buf_puts(out, "<section id=\"changes\">\n<h2>What changed since ");
	html_text(out, *html_get(changes, "date") ? html_get(changes, "date") : "the report before");
	buf_puts(out, "</h2>\n<p>That one was of ");
	html_put(out, changes, "title");
	buf_puts(out, ", ");
	html_counted(out, html_count(json_object_get(changes, "facts"), "runs"), "run");
	buf_puts(out, ".</p>\n");
	if (json_array_size(list) == 0)
		buf_puts(out, "<p>Nothing: the same calls with the same values get the same answers.</p>\n");
	else
		buf_puts(out,
			 "<div class=\"scroll\"><table id=\"change-table\"><thead><tr><th scope=\"col\">what</th><th "
			 "scope=\"col\">of</th><th scope=\"col\">how</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);

		buf_puts(out, "<tr><td>");
		tables_badge(out, "change", html_get(item, "what"));
		buf_puts(out, "</td><th scope=\"row\"><code>");
		html_put(out, item, "subject");
		buf_puts(out, "</code></th><td>");
		change_text(out, item);
		buf_puts(out, "</td></tr>\n");
	}
	if (json_array_size(list) > 0)
		buf_puts(out, "</tbody></table></div>\n");
	buf_puts(out, "</section>\n");
}
