/*
 * The page is a template that was put together when Callgate was built, with its style, its script and the library that
 * draws its charts inside. Three places of it are filled here: the title, the tables, the data.
 */
#include "report/page.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "report/html.h"
#include "report/page_template.h"
#include "report/report.h"
#include "report/tables.h"

#include <stdlib.h>
#include <string.h>

/* A '<' in the data could end its element, or open a comment in it: in a string of JSON it can be spelt otherwise. */
static void put_data(const json_t *data, struct buf *out)
{
	cleanup_free char *text = json_dumps(data, JSON_COMPACT | JSON_ENSURE_ASCII);

	out->failed |= !text;
	buf_puts(out, PAGE_DATA_OPENS);
	for (const char *at = text ? text : ""; *at; at++) {
		if (*at == '<' || *at == '>' || *at == '&')
			buf_printf(out, "\\u%04x", (unsigned char)*at);
		else
			buf_putc(out, *at);
	}
	buf_puts(out, "</script>");
}

static void put_tables(const json_t *data, struct buf *out)
{
	tables_head(data, out);
	tables_changes(data, out);
	tables_surface(data, out);
	tables_phases(data, out);
	tables_calls(data, out);
	tables_details(data, out);
	tables_holes(data, out);
	tables_programs(data, out);
	buf_puts(out, "<section id=\"policy\">\n<h2>The policy</h2>\n<pre>");
	html_put(out, data, "policy");
	buf_puts(out, "</pre>\n</section>\n");
}

static void put_title(const json_t *data, struct buf *out)
{
	html_put(out, data, "title");
}

int report_page(const json_t *data, struct buf *ret_page, struct callgate_error *err)
{
	static const struct {
		const char *mark;
		void (*put)(const json_t *data, struct buf *out);
	} places[] = {
		{ "<!--TITLE-->", put_title },
		{ "<!--TABLES-->", put_tables },
		{ "<!--DATA-->", put_data },
	};
	const char *at = (const char *)page_template;
	size_t rest = sizeof(page_template);

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		const char *mark = memmem(at, rest, places[i].mark, strlen(places[i].mark));

		if (!mark)
			return fail(err, CALLGATE_E_UNPROVED, "the page lacks a place for '%s'", places[i].mark);
		buf_add(ret_page, at, (size_t)(mark - at));
		places[i].put(data, ret_page);
		rest -= (size_t)(mark - at) + strlen(places[i].mark);
		at = mark + strlen(places[i].mark);
	}
	buf_add(ret_page, at, rest);
	return ret_page->failed ? fail_nomem(err) : CALLGATE_OK;
}
