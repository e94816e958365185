/*
 * filter/reader.h - a place in the text of a call, and what may stand there
 */
#ifndef CALLGATE_FILTER_READER_H
#define CALLGATE_FILTER_READER_H

#include "base/error.h"
#include "filter/call.h"

#include <stdbool.h>
#include <stdint.h>

/* Longest name of a syscall, an arch or a constant. */
#define READER_WORD_MAX 63

struct reader {
	const char *text; /* of length bytes, which need not end in NUL */
	size_t length;
	size_t at; /* the next byte */
	struct callgate_error *err;
	struct call *call;	     /* what was read so far */
	const struct abi_arch *arch; /* whose widths and constants count: this machine's where the call's is not known */
	struct abi_arg args[6];	     /* of the call */
	unsigned arg_count;
	unsigned prefixes; /* signs seen so far */
	bool passes_over;  /* an argument that cannot be understood is not given; err then says why all the same */
};

/* Fails with a place in the text; the value is the status. */
#define reader_set_error(reader, place, status, ...) \
	(error_set((reader)->err, (status), __VA_ARGS__), error_place((reader)->err, NULL, 0, (unsigned)(place) + 1))
#define reader_fail(reader, place, status, ...) (reader_set_error((reader), (place), (status), __VA_ARGS__), (status))

/* The next byte, NUL at the end. */
char reader_peek(const struct reader *reader);
bool reader_starts(const struct reader *reader, const char *what);
void reader_skip_blanks(struct reader *reader);

bool reader_is_word(char c);
bool reader_is_digit(char c);

/* What closes this bracket, NUL when it is none. */
char reader_closing(char opening);

/* Copies the word here, "" when there is none, and steps behind it. E_SYNTAX when it is too long. */
int reader_word(struct reader *reader, char word[READER_WORD_MAX + 1]);

/* Decimal, 0x…, 0o… and C's leading 0 for octal, up to 64 bits. E_SYNTAX. */
int reader_number(struct reader *reader, uint64_t *ret_number);

/* Steps behind the string that begins here; false when it has no end. */
bool reader_skip_string(struct reader *reader);

/* Steps behind the bracket that begins here, whatever is in it. E_SYNTAX when it has no end. */
int reader_skip_bracket(struct reader *reader);

/* Steps behind "<socket:[123]>", as strace writes it behind a descriptor, and comments. E_SYNTAX. */
int reader_skip_decoration(struct reader *reader);

#endif
