/*
 * The words that calls are made of, and what strace puts between them that no filter can see: it is stepped over by
 * counting brackets, never understood.
 */
#include "filter/reader.h"

#include <string.h>

char reader_peek(const struct reader *reader)
{
	return reader->at < reader->length ? reader->text[reader->at] : '\0';
}

bool reader_starts(const struct reader *reader, const char *what)
{
	size_t length = strlen(what);

	return reader->length - reader->at >= length && memcmp(reader->text + reader->at, what, length) == 0;
}

void reader_skip_blanks(struct reader *reader)
{
	while (reader_peek(reader) == ' ' || reader_peek(reader) == '\t')
		reader->at++;
}

bool reader_is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool reader_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int reader_word(struct reader *reader, char word[READER_WORD_MAX + 1])
{
	size_t start = reader->at, length;

	while (reader_is_word(reader_peek(reader)))
		reader->at++;
	length = reader->at - start;
	if (length > READER_WORD_MAX)
		return reader_fail(reader, start, CALLGATE_E_SYNTAX, "a name is longer than %d bytes", READER_WORD_MAX);
	memcpy(word, reader->text + start, length);
	word[length] = '\0';
	return CALLGATE_OK;
}

static unsigned digit_value(char c)
{
	if (reader_is_digit(c))
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 99;
}

int reader_number(struct reader *reader, uint64_t *ret_number)
{
	size_t start = reader->at;
	unsigned base = 10, digits = 0;
	uint64_t number = 0;

	if (reader_starts(reader, "0x") || reader_starts(reader, "0X"))
		base = 16, reader->at += 2;
	else if (reader_starts(reader, "0o"))
		base = 8, reader->at += 2;
	else if (reader_peek(reader) == '0')
		base = 8;
	for (; digit_value(reader_peek(reader)) < base; reader->at++, digits++) {
		if (__builtin_mul_overflow(number, base, &number) ||
		    __builtin_add_overflow(number, digit_value(reader_peek(reader)), &number))
			return reader_fail(reader, start, CALLGATE_E_SYNTAX, "the number does not fit in 64 bits");
	}
	if (!digits || reader_is_word(reader_peek(reader)))
		return reader_fail(reader, start, CALLGATE_E_SYNTAX, "this is no number");
	*ret_number = number;
	return CALLGATE_OK;
}

char reader_closing(char opening)
{
	return opening == '(' ? ')' : opening == '[' ? ']' : opening == '{' ? '}' : '\0';
}

bool reader_skip_string(struct reader *reader)
{
	for (reader->at++; reader->at < reader->length; reader->at++) {
		if (reader_peek(reader) == '\\' && reader->at + 1 < reader->length)
			reader->at++;
		else if (reader_peek(reader) == '"')
			return reader->at++, true;
	}
	return false;
}

/* A struct in an array in a struct is a matter of counting. */
int reader_skip_bracket(struct reader *reader)
{
	size_t start = reader->at, depth = 0;

	while (reader->at < reader->length) {
		char c = reader_peek(reader);

		if (c == '"') {
			if (!reader_skip_string(reader))
				break;
			continue;
		}
		reader->at++;
		if (reader_closing(c))
			depth++;
		else if ((c == ')' || c == ']' || c == '}') && --depth == 0)
			return CALLGATE_OK;
	}
	return reader_fail(reader, start, CALLGATE_E_SYNTAX, "'%c' has no end", reader->text[start]);
}

int reader_skip_decoration(struct reader *reader)
{
	for (;;) {
		size_t start = reader->at;
		const char *end;

		reader_skip_blanks(reader);
		if (reader_starts(reader, "/*"))
			end = memmem(reader->text + reader->at, reader->length - reader->at, "*/", 2);
		else if (reader_peek(reader) == '<' && !reader_starts(reader, "<<"))
			end = memchr(reader->text + reader->at, '>', reader->length - reader->at);
		else
			return CALLGATE_OK;
		if (!end)
			return reader_fail(reader, start, CALLGATE_E_SYNTAX, "'%c' has no end", reader_peek(reader));
		reader->at = (size_t)(end - reader->text) + (*end == '*' ? 2 : 1);
	}
}
