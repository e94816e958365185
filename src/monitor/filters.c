/*
 * /proc/PID/status says it to everybody: Seccomp (2 is filters), Seccomp_filters, NoNewPrivs. When a process was
 * started tells it from another that had its number before.
 */
#include "monitor/filters.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "event/event.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Bytes. Before what is looked for stand a process's groups, of which it may have 65 536. */
enum { PROC_MAX = 1 << 20 };

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

static bool read_proc(const char *pid, const char *name, struct buf *text)
{
	char path[300];

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	text->length = 0;
	return file_read(path, PROC_MAX, text, NULL) == CALLGATE_OK;
}

/* Seconds since 1970, 0 where it is not known: the 22nd field, the 20th behind the name, which may hold anything. */
static double time_of_start(const char *pid)
{
	cleanup(buf_fini) struct buf text = { 0 };
	struct timespec now, since_boot;
	const char *at = read_proc(pid, "stat", &text) ? strrchr(buf_text(&text), ')') : NULL;

	for (unsigned i = 0; at && i < 20; i++)
		at = strchr(at + 1, ' ');
	if (!at || clock_gettime(CLOCK_REALTIME, &now) < 0 || clock_gettime(CLOCK_BOOTTIME, &since_boot) < 0)
		return 0;
	return (double)(now.tv_sec - since_boot.tv_sec) + (double)(now.tv_nsec - since_boot.tv_nsec) / 1e9 +
	       (double)strtoull(at + 1, NULL, 10) / (double)sysconf(_SC_CLK_TCK);
}

static json_t *process_json(const char *pid, const char *status)
{
	long filters = number_of(status, "\nSeccomp_filters:");
	char name[64] = "";

	/* "Name:\tsh\n", in which the kernel escapes newlines. */
	if (strncmp(status, "Name:\t", 6) == 0)
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(status + 6, "\n"), status + 6);
	event_clean(name);
	return json_pack("{sI ss so sb sf}", "pid", (json_int_t)strtol(pid, NULL, 10), "name", name, "filters",
			 filters < 0 ? json_null() : json_integer(filters), "no_new_privs",
			 number_of(status, "\nNoNewPrivs:") == 1, "started", time_of_start(pid));
}

json_t *filters_in_force(void)
{
	cleanup(folder_close) DIR *folder = opendir("/proc");
	json_t *processes = json_array();
	const struct dirent *entry;
	cleanup(buf_fini) struct buf status = { 0 };

	while (folder && (entry = readdir(folder)) && json_array_size(processes) < FILTERS_MAX)
		if (isdigit((unsigned char)entry->d_name[0]) && read_proc(entry->d_name, "status", &status) &&
		    number_of(buf_text(&status), "\nSeccomp:") == 2)
			json_array_append_new(processes, process_json(entry->d_name, buf_text(&status)));
	return processes;
}
