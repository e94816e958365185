/*
 * render PAGE: shows a page as text: headings, paragraphs, other pages that it includes, images in characters.
 *
 * A program that draws what strangers wrote opens files with names that strangers wrote. This one does so with plain
 * open(2) and knows of no sandbox; under render.policy each of these calls is a question, and a supervisor opens what
 * the rules permit in its place.
 *
 * A line `@take-over CALL` is what somebody tries who has taken the renderer over: open, write, execve, socket, fork or
 * kill. It is there to be tried, in the place of a hole that nobody knows yet.
 */
#include "../taken.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FILE_MAX = 65536, INCLUDES_MAX = 8, WIDTH_MAX = 72 };

static void render_page(const char *name, int depth);

/* Reads a file whole, with a NUL at its end; NULL, and told on the page, when it cannot be had. */
static char *read_file(const char *name)
{
	char *text = malloc(FILE_MAX);
	int fd = text ? open(name, O_RDONLY | O_CLOEXEC) : -1;
	size_t length = 0;
	ssize_t got = -1;

	while (fd >= 0 && length < FILE_MAX - 1 && (got = read(fd, text + length, FILE_MAX - 1 - length)) > 0)
		length += (size_t)got;
	if (got < 0) {
		printf("[%s: %s]\n", name, strerror(errno));
		free(text);
		text = NULL;
	} else {
		text[length] = '\0';
	}
	if (fd >= 0)
		close(fd);
	return text;
}

/* A bitmap (PBM, plain), a character for each of its points. */
static void render_image(const char *name)
{
	char *text = read_file(name), *at;
	int width = 0, height = 0, used = 0;

	if (!text)
		return;
	if (sscanf(text, "P1 %d %d%n", &width, &height, &used) != 2 || width < 1 || width > WIDTH_MAX || height < 1) {
		printf("[%s: no image]\n", name);
		free(text);
		return;
	}
	at = text + used;
	for (int point = 0; *at && point < width * height; at++) {
		if (*at != '0' && *at != '1')
			continue;
		putchar(*at == '1' ? '#' : '.');
		if (++point % width == 0)
			putchar('\n');
	}
	free(text);
}

static void try_call(const char *call)
{
	fflush(stdout);
	if (strcmp(call, "open") == 0)
		printf("%s\n", open("/etc/passwd", O_RDONLY) < 0 ? strerror(errno) : "opened");
	if (strcmp(call, "write") == 0)
		printf("%s\n", open("page", O_WRONLY) < 0 ? strerror(errno) : "opened");
	if (strcmp(call, "open") != 0)
		taken_try(call);
}

/* What stands behind the word that a line begins with; NULL when it begins with another. */
static const char *behind(const char *line, const char *word)
{
	return strncmp(line, word, strlen(word)) == 0 ? line + strlen(word) : NULL;
}

static void render_heading(const char *text)
{
	puts(text);
	for (size_t i = 0; text[i]; i++)
		putchar('=');
	putchar('\n');
}

static void render_line(const char *line, int depth)
{
	const char *rest;

	if ((rest = behind(line, "# ")))
		render_heading(rest);
	else if ((rest = behind(line, "@include ")))
		render_page(rest, depth + 1);
	else if ((rest = behind(line, "@image ")))
		render_image(rest);
	else if ((rest = behind(line, "@take-over ")))
		try_call(rest);
	else
		puts(line);
}

static void render_page(const char *name, int depth)
{
	char *text = depth < INCLUDES_MAX ? read_file(name) : NULL, *rest = text;

	for (char *line; (line = strsep(&rest, "\n")) && (*line || rest);)
		render_line(line, depth);
	free(text);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: render PAGE\n");
		return 2;
	}
	render_page(argv[1], 0);
	return fflush(stdout) ? 1 : 0;
}
