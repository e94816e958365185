/*
 * A process keeps the files that it was started with, and so does its filter: an update on disk meets it at its next
 * start, often at night. Both are read here: what it has mapped (/proc/PID/map_files leads to files that have no name
 * any more) and what is on disk now. What only the second can do is what its filter has never met.
 *
 * A container's process has another root, in which both are found by /proc/PID/root. Its files are called there as it
 * knows them: the kernel tells paths from the root of its mount tree, so that what a chroot stands before is taken away.
 */
#include "cli/running.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/since.h"
#include "cli/subjects.h"
#include "cli/verbs.h"

#include <callgate/callgate.h>

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { RUNNING_FILES_MAX = 512, RUNNING_TEXT_MAX = 64 << 20 };

#define RUNNING_DELETED " (deleted)"

struct running {
	const char *pid;
	char program[PATH_MAX];			   /* from its root on */
	char root[64];				   /* "/proc/PID/root", or "" where that is ours */
	char above[PATH_MAX];			   /* what the kernel puts before its root, "" for nothing */
	char *replaced[2 * RUNNING_FILES_MAX + 1]; /* pairs: a path, and the file that is mapped */
	size_t replaced_count;			   /* of pairs */
};

static void running_fini(struct running *running)
{
	for (size_t i = 0; i < 2 * running->replaced_count; i++)
		free(running->replaced[i]);
}

static int running_read(const char *pid, const char *name, struct buf *ret_text)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	return file_read(path, RUNNING_TEXT_MAX, ret_text, NULL);
}

/* Whether it carries filters (not strict mode, which is of another kind). */
static bool running_is_filtered(const char *pid)
{
	cleanup(buf_fini) struct buf text = { 0 };
	const char *line;

	if (running_read(pid, "status", &text) != CALLGATE_OK)
		return false;
	line = strstr(buf_text(&text), "\nSeccomp:");
	return line && strtol(line + strlen("\nSeccomp:"), NULL, 10) == 2;
}

static bool running_link(const struct running *running, const char *name, char target[PATH_MAX])
{
	char path[PATH_MAX];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%s/%s", running->pid, name);
	length = readlink(path, target, PATH_MAX - 1);
	target[length > 0 ? length : 0] = '\0';
	return length > 0;
}

static bool is_same_file(const char *left, const char *right)
{
	struct stat a, b;

	return stat(left, &a) == 0 && stat(right, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* A path of the kernel's as the process knows it, in place; NULL for one that is not below its root. */
static char *running_path(const struct running *running, char *path)
{
	size_t length = strlen(running->above);

	if (strncmp(path, running->above, length) != 0 || path[length] != '/')
		return NULL;
	return path + length;
}

/* Looks which root it has. One that it entered after its start, as daemons do, is not where it would be started. */
static bool running_root(struct running *running)
{
	char path[sizeof(running->root) + 8], root[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/%s/root", running->pid);
	if (is_same_file("/", path))
		return true;
	if (!running_link(running, "root", root))
		return false;
	snprintf(running->root, sizeof(running->root), "/proc/%s/root", running->pid);
	if (strcmp(root, "/") != 0)
		snprintf(running->above, sizeof(running->above), "%s", root);
	if (running_path(running, running->program))
		return true;
	running->above[0] = running->root[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%s/ns/mnt", running->pid);
	return is_same_file("/proc/self/ns/mnt", path);
}

/* Where its program is; false where that is hidden, or not to be found from its root on. */
static bool running_program(struct running *running)
{
	char *deleted;

	if (!running_link(running, "exe", running->program) || !running_root(running))
		return false;
	deleted = strstr(running->program, RUNNING_DELETED);
	if (deleted)
		*deleted = '\0';
	memmove(running->program, running->program + strlen(running->above),
		strlen(running->program) - strlen(running->above) + 1);
	return true;
}

/* Whether what a line of maps names is no longer what is there. */
static bool is_replaced(const char *path, unsigned major_number, unsigned minor_number, unsigned long inode)
{
	struct stat now;

	if (stat(path, &now) < 0)
		return false; /* gone for good: nothing starts from it */
	return now.st_ino != inode || now.st_dev != makedev(major_number, minor_number);
}

static bool running_has(const struct running *running, const char *path)
{
	for (size_t i = 0; i < running->replaced_count; i++)
		if (strcmp(running->replaced[2 * i], path) == 0)
			return true;
	return false;
}

/* One line of /proc/PID/maps. False without memory. */
static bool running_line(struct running *running, char *line)
{
	char range[64], host[PATH_MAX], file[PATH_MAX];
	unsigned major_number, minor_number;
	unsigned long inode;
	char *named = strchr(line, '/'), *path = named ? running_path(running, named) : NULL;
	char *deleted = path ? strstr(path, RUNNING_DELETED) : NULL;
	char **pair = &running->replaced[2 * running->replaced_count];

	if (!path || sscanf(line, "%63s %*s %*s %x:%x %lu", range, &major_number, &minor_number, &inode) != 4)
		return true;
	if (deleted)
		*deleted = '\0';
	snprintf(file, sizeof(file), "%s%s", running->root, path);
	/* A name that the kernel says is gone is so whatever stands there; some file systems count inodes their own
	 * way. */
	if (running_has(running, path) || running->replaced_count == RUNNING_FILES_MAX ||
	    (!deleted && !is_replaced(file, major_number, minor_number, inode)) || access(file, F_OK) != 0)
		return true;
	snprintf(host, sizeof(host), "/proc/%s/map_files/%s", running->pid, range);
	pair[0] = strdup(path);
	pair[1] = strdup(host);
	running->replaced_count += pair[0] && pair[1];
	return pair[0] && pair[1];
}

static int running_files(struct running *running)
{
	cleanup(buf_fini) struct buf text = { 0 };
	char *rest, *line;
	int status = running_read(running->pid, "maps", &text);

	rest = text.data;
	while (status == CALLGATE_OK && (line = strsep(&rest, "\n")))
		if (!running_line(running, line))
			return CALLGATE_E_NOMEM;
	return status;
}

/* Scans the program as it is mapped, or as it is on disk. */
static int running_scan(const struct running *running, const struct callgate_scan_options *options, bool as_mapped,
			struct scans *scans)
{
	struct callgate_scan_options scan = *options;
	struct callgate_error err;
	int status;

	progress("reading %s, as %s", running->program, as_mapped ? "it runs" : "it is on disk");
	scan.replaced = as_mapped ? (const char *const *)running->replaced : NULL;
	if (running->root[0])
		scan.root = running->root;
	status = callgate_scan(running->program, &scan, &scans->items[0], &err);
	progress_end();
	if (status != CALLGATE_OK) {
		note("%s %s: %s", running->pid, running->program, err.message);
		return STATUS_FAILED;
	}
	scans->programs[0] = strdup(running->program);
	scans->count = 1;
	return STATUS_YES;
}

static int print_new(const struct running *running, const struct callgate_difference *difference, const char *answer,
		     bool json)
{
	if (json)
		return print_json(json_pack("{sI so ss ss* ss ss}", "pid", (json_int_t)strtol(running->pid, NULL, 10),
					    "program", json_text(running->program), "syscall", difference->syscall,
					    "condition", difference->condition, "answer", answer, "witness",
					    difference->witness));
	printf("%s %s: %s", running->pid, running->program, difference->syscall);
	if (difference->condition)
		printf(" if %s", difference->condition);
	printf(" is new: %s\n    %s\n", answer, difference->witness);
	return STATUS_YES;
}

static void diff_free(struct callgate_diff **diff)
{
	callgate_diff_free(*diff);
}

/* Notes who traces a process, which nobody else can ask then; false where nobody does. */
static bool note_tracer(const struct running *running)
{
	cleanup(buf_fini) struct buf text = { 0 }, name = { 0 };
	const char *line;
	char tracer[24];
	long pid;

	if (running_read(running->pid, "status", &text) != CALLGATE_OK)
		return false;
	line = strstr(buf_text(&text), "\nTracerPid:");
	pid = line ? strtol(line + strlen("\nTracerPid:"), NULL, 10) : 0;
	if (pid <= 0)
		return false;
	snprintf(tracer, sizeof(tracer), "%ld", pid);
	if (running_read(tracer, "comm", &name) != CALLGATE_OK)
		buf_puts(&name, "?");
	note("%s %s: its filters cannot be read: %.*s (%s) traces it, and a process has one tracer; what 'callgate run "
	     "--no-trace' starts can be asked",
	     running->pid, running->program, (int)strcspn(buf_text(&name), "\n"), buf_text(&name), tracer);
	return true;
}

/* The filters that it carries; NULL when they cannot be read, which is noted. */
static struct callgate_subject *running_filter(const struct running *running)
{
	struct callgate_subject_options options = { .policy = policy_options_from_environment() };
	struct callgate_subject *filter = NULL;
	struct callgate_error err;
	char name[64];

	snprintf(name, sizeof(name), "pid:%s", running->pid);
	if (callgate_subject_open(name, &options, &filter, &err) != CALLGATE_OK && !note_tracer(running))
		note("%s %s: its filters cannot be read: %s", running->pid, running->program, err.message);
	return filter;
}

/* What the filter does with a call, as text; doubt is a refusal. */
static int running_answer(const struct callgate_subject *filter, const char *call, char answer[64], bool *ret_refuses)
{
	struct callgate_action action;
	struct callgate_error err;

	if (!filter) {
		snprintf(answer, 64, "not known");
		*ret_refuses = true;
		return STATUS_YES;
	}
	if (callgate_subject_simulate(filter, call, &action, &err) != CALLGATE_OK)
		return failure(&err);
	callgate_action_format(action, answer, 64);
	*ret_refuses |= callgate_action_refuses(action);
	return STATUS_YES;
}

/* What the second can do and the first cannot, with the filter's answers. */
static int compare_meanings(const struct running *running, const struct callgate_subject *mapped,
			    const struct callgate_subject *disk, bool json, bool *ret_refuses)
{
	cleanup(subject_free) struct callgate_subject *filter = NULL;
	cleanup(diff_free) struct callgate_diff *diff = NULL;
	struct callgate_error err;
	int status = STATUS_YES;

	if (callgate_diff_new(mapped, disk, &diff, &err) != CALLGATE_OK)
		return failure(&err);
	callgate_diff_keep_looser(diff);
	if (callgate_diff_count(diff) > 0)
		filter = running_filter(running);
	for (size_t i = 0; status == STATUS_YES && i < callgate_diff_count(diff); i++) {
		const struct callgate_difference *difference = callgate_diff_at(diff, i);
		char answer[64];

		status = running_answer(filter, difference->witness, answer, ret_refuses);
		if (status == STATUS_YES)
			status = print_new(running, difference, answer, json);
	}
	return status;
}

static int running_compare(const struct running *running, const struct callgate_scan_options *options, bool json,
			   bool *ret_refuses)
{
	cleanup(scans_fini) struct scans mapped = { .count = 0 };
	cleanup(scans_fini) struct scans disk = { .count = 0 };
	cleanup(subject_free) struct callgate_subject *before = NULL;
	cleanup(subject_free) struct callgate_subject *now = NULL;
	static const char *const nothing[] = { NULL };
	int status = running_scan(running, options, true, &mapped);

	if (status == STATUS_YES)
		status = running_scan(running, options, false, &disk);
	if (status == STATUS_YES)
		status = subject_of_scans(&mapped, nothing, &before);
	if (status == STATUS_YES)
		status = subject_of_scans(&disk, nothing, &now);
	if (status == STATUS_YES && unresolved_grew(mapped.items[0], disk.items[0])) {
		note("%s %s: more places than before could make any call", running->pid, running->program);
		*ret_refuses = true;
	}
	return status == STATUS_YES ? compare_meanings(running, before, now, json, ret_refuses) : status;
}

static int running_process(const char *pid, const struct callgate_scan_options *options, bool json, bool *ret_refuses)
{
	cleanup(running_fini) struct running running = { .pid = pid };
	char path[64];

	if (!running_is_filtered(pid))
		return STATUS_YES;
	if (!running_program(&running) || running_files(&running) != CALLGATE_OK) {
		snprintf(path, sizeof(path), "/proc/%s/stat", pid);
		if (access(path, F_OK) != 0)
			return STATUS_YES;
		note("%s: cannot be looked at, or its program is not below its root", pid);
		*ret_refuses = true;
		return STATUS_YES;
	}
	if (running.replaced_count == 0)
		return STATUS_YES;
	note("%s %s runs %zu file%s that %s replaced on disk, first %s", pid, running.program, running.replaced_count,
	     running.replaced_count == 1 ? "" : "s", running.replaced_count == 1 ? "was" : "were", running.replaced[0]);
	return running_compare(&running, options, json, ret_refuses);
}

static int is_number(const struct dirent *entry)
{
	return isdigit((unsigned char)entry->d_name[0]);
}

static int running_all(const struct callgate_scan_options *options, bool json, bool *ret_refuses)
{
	struct dirent **names = NULL;
	int count = scandir("/proc", &names, is_number, alphasort);
	int status = count < 0 ? misuse("scan: there is no /proc to look into") : STATUS_YES;

	for (int i = 0; i < count; i++) {
		int found = running_process(names[i]->d_name, options, json, ret_refuses);

		/* One of which nothing can be known was told, and the others are looked at. */
		status = found != STATUS_YES ? found : status;
		free(names[i]);
	}
	free(names);
	return status;
}

int running_print(const char *const *pids, size_t count, const struct callgate_scan_options *options, bool json)
{
	bool refuses = false;
	int status = count ? STATUS_YES : running_all(options, json, &refuses);

	for (size_t i = 0; status == STATUS_YES && i < count; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/%s", pids[i]);
		if (!isdigit((unsigned char)*pids[i]) || access(path, F_OK) != 0)
			return misuse("scan: there is no process '%s'", pids[i]);
		status = running_process(pids[i], options, json, &refuses);
	}
	return status == STATUS_YES && refuses ? STATUS_NO : status;
}
