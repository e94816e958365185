/*
 * /proc/PID/status says it to everybody: Seccomp (2 is filters), Seccomp_filters, NoNewPrivs.
 */
#include "monitor/filters.h"

#include "base/cleanup.h"
#include "event/event.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static void folder_close(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}

/* The number behind "\nKEY:", −1 where there is none. */
static long number_of(const char *status, const char *key)
{
	const char *at = strstr(status, key);

	return at ? strtol(at + strlen(key), NULL, 10) : -1;
}

static bool read_status(const char *pid, char *text, size_t size)
{
	char path[300];
	cleanup_fd int fd = -1;
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, text, size - 1);
	text[got > 0 ? got : 0] = '\0';
	return got > 0;
}

static json_t *process_json(const char *pid, const char *status)
{
	long filters = number_of(status, "\nSeccomp_filters:");
	char name[64] = "";

	/* "Name:\tsh\n", in which the kernel escapes newlines. */
	if (strncmp(status, "Name:\t", 6) == 0)
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(status + 6, "\n"), status + 6);
	event_clean(name);
	return json_pack("{sI ss so sb}", "pid", (json_int_t)strtol(pid, NULL, 10), "name", name, "filters",
			 filters < 0 ? json_null() : json_integer(filters), "no_new_privs",
			 number_of(status, "\nNoNewPrivs:") == 1);
}

json_t *filters_in_force(void)
{
	cleanup(folder_close) DIR *folder = opendir("/proc");
	json_t *processes = json_array();
	const struct dirent *entry;
	char status[4096];

	while (folder && (entry = readdir(folder)) && json_array_size(processes) < FILTERS_MAX)
		if (isdigit((unsigned char)entry->d_name[0]) && read_status(entry->d_name, status, sizeof(status)) &&
		    number_of(status, "\nSeccomp:") == 2)
			json_array_append_new(processes, process_json(entry->d_name, status));
	return processes;
}
