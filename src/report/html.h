/*
 * report/html.h - text as HTML, where nothing that comes from a program can become more than text
 */
#ifndef CALLGATE_REPORT_HTML_H
#define CALLGATE_REPORT_HTML_H

#include "base/buf.h"

#include <jansson.h>
#include <stdint.h>

/* Every character that HTML could take for its own is spelt by its name. For text and for quoted attributes. */
void html_text(struct buf *out, const char *text);

/* The text under a key, "" where there is none. */
const char *html_get(const json_t *object, const char *key);
json_int_t html_count(const json_t *object, const char *key);

/* html_text of that. */
void html_put(struct buf *out, const json_t *object, const char *key);

/* "1 234 567", whose blanks do not break a line. */
void html_number(struct buf *out, json_int_t number);

/* "1 run", "2 runs". */
void html_counted(struct buf *out, json_int_t number, const char *noun);

/* A table's cells; html_cell_number stands at the right and sorts as a number. */
void html_cell(struct buf *out, const char *text);
void html_cell_number(struct buf *out, json_int_t number);

/* The last part of a path. */
const char *html_base(const char *path);

#endif
