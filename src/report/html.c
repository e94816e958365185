/*
 * A page is written once and read by browsers that forgive anything: what is not spelt here as text may become code
 * there.
 */
#include "report/html.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void html_text(struct buf *out, const char *text)
{
	for (const char *at = text; *at; at++) {
		switch (*at) {
		case '&':
			buf_puts(out, "&amp;");
			break;
		case '<':
			buf_puts(out, "&lt;");
			break;
		case '>':
			buf_puts(out, "&gt;");
			break;
		case '"':
			buf_puts(out, "&quot;");
			break;
		case '\'':
			buf_puts(out, "&#39;");
			break;
		default:
			if ((unsigned char)*at < 0x20 && *at != '\n' && *at != '\t')
				buf_printf(out, "\\x%02x", (unsigned char)*at);
			else
				buf_putc(out, *at);
		}
	}
}

const char *html_get(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

json_int_t html_count(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

void html_put(struct buf *out, const json_t *object, const char *key)
{
	html_text(out, html_get(object, key));
}

void html_number(struct buf *out, json_int_t number)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" JSON_INTEGER_FORMAT, number);

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-')
			buf_puts(out, "&#8239;");
		buf_putc(out, digits[i]);
	}
}

void html_counted(struct buf *out, json_int_t number, const char *noun)
{
	html_number(out, number);
	buf_printf(out, " %s%s", noun, number == 1 ? "" : "s");
}

void html_cell(struct buf *out, const char *text)
{
	buf_puts(out, "<td>");
	html_text(out, text);
	buf_puts(out, "</td>");
}

void html_cell_number(struct buf *out, json_int_t number)
{
	buf_printf(out, "<td class=\"number\" data-sort=\"%" JSON_INTEGER_FORMAT "\">", number);
	html_number(out, number);
	buf_puts(out, "</td>");
}

const char *html_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}
