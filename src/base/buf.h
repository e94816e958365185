/*
 * base/buf.h - bytes that grow: text that is being written, a file that was read
 *
 * Failure is sticky: a writer appends without looking and asks buf_failed once at the end. A zeroed buf is empty.
 */
#ifndef CALLGATE_BASE_BUF_H
#define CALLGATE_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;	 /* the bytes and a NUL behind them; NULL while nothing was written */
	size_t length;	 /* without the NUL */
	size_t capacity; /* bytes allocated */
	bool failed;	 /* an allocation failed; what follows it was dropped */
};

void buf_add(struct buf *buf, const void *bytes, size_t length);
void buf_puts(struct buf *buf, const char *text);
void buf_putc(struct buf *buf, char c);
__attribute__((format(printf, 2, 3))) void buf_printf(struct buf *buf, const char *format, ...);
__attribute__((format(printf, 2, 0))) void buf_printf_v(struct buf *buf, const char *format, va_list args);

/* The text, "" when nothing was written; the buf keeps it. */
const char *buf_text(const struct buf *buf);

/* The bytes with a NUL behind them, for free(); NULL when an allocation failed. The buf is empty afterwards. */
char *buf_take(struct buf *buf);

void buf_fini(struct buf *buf);

#endif
