/*
 * `callgate scan`: which system calls programs can make, found by reading them. Without an option it prints a table for
 * people; the policy, the JSON and the reasons are the same knowledge in other forms.
 */
#include "base/cleanup.h"
#include "cli/print.h"
#include "cli/running.h"
#include "cli/scan_json.h"
#include "cli/scans.h"
#include "cli/since.h"
#include "cli/subjects.h"
#include "cli/verbs.h"

#include <callgate/callgate.h>

#include <inttypes.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scan_options {
	const char *output;
	const char *why;
	const char *unresolved;
	const char *since;
	const char *after;
	const char *root;
	const char *library_path;
	struct option_list preload;
	struct option_list opened;
	bool exec;
	bool running;
	bool json;
	bool no_cache;
	bool no_hints;
};

static const struct option_row scan_rows[] = {
	OPTION_TEXT(struct scan_options, output, "output", 'o', "POLICY", "write the policy that allows all of it"),
	OPTION_FLAG(struct scan_options, json, "json", 0, "print one JSON object a program and syscall"),
	OPTION_TEXT(struct scan_options, why, "why", 'w', "SYSCALL", "print by which way the program comes to it"),
	OPTION_TEXT(struct scan_options, unresolved, "unresolved", 0, "allow=NAME,...",
		    "what places may ask for of which it is not known; none: nothing more"),
	OPTION_TEXT(struct scan_options, since, "since", 's', "POLICY|SAVED",
		    "what POLICY refuses of it, or what is new since SAVED, the --json of then"),
	OPTION_TEXT(struct scan_options, after, "after", 0, "main",
		    "what the first PROGRAM can still do then, and all of the others, which it starts"),
	OPTION_FLAG(struct scan_options, running, "running", 0,
		    "the PROGRAMs are processes, or all: whose filter refuses what their files on disk need"),
	OPTION_LIST(struct scan_options, opened, "dlopen", 0, "LIBRARY",
		    "a library, or a folder of them, that it opens while it runs"),
	OPTION_FLAG(struct scan_options, no_hints, "no-hints", 0,
		    "leave out what only a configuration names: name services, modules of servers"),
	OPTION_LIST(struct scan_options, preload, "preload", 0, "LIBRARY", "a library of LD_PRELOAD"),
	OPTION_TEXT(struct scan_options, library_path, "library-path", 0, "FOLDERS", "what LD_LIBRARY_PATH would hold"),
	OPTION_TEXT(struct scan_options, root, "root", 0, "FOLDER", "the system whose files are meant"),
	OPTION_FLAG(struct scan_options, exec, "exec", 'x', "scan what it starts too, and what that starts"),
	OPTION_FLAG(struct scan_options, no_cache, "no-cache", 0,
		    "keep nothing of what was read, and use nothing kept"),
};

const struct usage scan_usage = USAGE("[PROGRAM]...", 0, SCANS_MAX, scan_rows);

/* "module+0x1234", and the function where it is known. */
static void print_site(const struct callgate_scan_site *site)
{
	printf("%s+0x%" PRIx64, site->module, site->address);
	if (site->function)
		printf(" (%s)", site->function);
}

static void print_call(const struct callgate_scan *scan, size_t index)
{
	struct callgate_scan_call call;

	callgate_scan_call(scan, index, &call);
	printf("%-24s", call.syscall);
	if (call.sites > 0)
		printf(" %4zu place%s", call.sites, call.sites == 1 ? " " : "s");
	else
		printf("  every program");
	for (unsigned i = 0; i < 6; i++) {
		const char *const *values, *name;
		size_t count = callgate_scan_argument(scan, index, i, &name, &values);

		if (count > 0)
			printf("  %s", name);
		for (size_t j = 0; j < count; j++)
			printf("%s%s", j ? ", " : " ", values[j]);
	}
	putchar('\n');
}

static void print_scan(const struct callgate_scan *scan, const char *program, bool several)
{
	if (several)
		printf("%s:\n", program);
	for (size_t i = 0; i < callgate_scan_count(scan); i++)
		print_call(scan, i);
}

/* The place of a call in a scan, the count of them for none. */
static size_t find_call(const struct callgate_scan *scan, const char *name)
{
	size_t index = 0;

	for (; index < callgate_scan_count(scan); index++) {
		struct callgate_scan_call call;

		callgate_scan_call(scan, index, &call);
		if (strcmp(call.syscall, name) == 0)
			break;
	}
	return index;
}

static int print_why(const struct callgate_scan *scan, const char *program, const char *name, bool json)
{
	cleanup_free struct callgate_scan_step *steps = NULL;
	struct callgate_error err;
	size_t count = 0, index = find_call(scan, name);
	bool is_made = index < callgate_scan_count(scan);

	if (!is_made)
		note("%s does not make %s", program, name);
	else if (callgate_scan_why(scan, index, &steps, &count, &err) != CALLGATE_OK) {
		note("%s", err.message);
		if (err.status != CALLGATE_E_UNKNOWN)
			return STATUS_FAILED;
	}
	if (json && print_why_json(program, name, steps, count) != STATUS_YES)
		return STATUS_FAILED;
	for (size_t i = 0; !json && i < count; i++) {
		print_site(&steps[i].site);
		printf("\n    %s\n", steps[i].how);
	}
	return is_made ? STATUS_YES : STATUS_NO;
}

/* What unresolved places may ask for. */
struct decision {
	const char *names[512];	  /* ends in NULL */
	const char *const *given; /* names, or NULL: nothing was decided */
	char *list;		  /* which the names lie in */
};

static void decision_fini(struct decision *decision)
{
	free(decision->list);
}

/* "none", or "allow=NAME,...". */
static int decide(const char *text, struct decision *decision)
{
	size_t count = 0, room = sizeof(decision->names) / sizeof(*decision->names);
	char *rest;

	if (!text)
		return STATUS_YES;
	decision->given = decision->names;
	if (strcmp(text, "none") == 0)
		return STATUS_YES;
	if (strncmp(text, "allow=", strlen("allow=")) != 0)
		return misuse_hint(
			"'--unresolved allow=ioctl,futex' allows these two, '--unresolved none' nothing more%s", "",
			"scan: --unresolved cannot be '%s'", text);
	decision->list = strdup(text + strlen("allow="));
	if (!decision->list)
		return misuse("scan: no memory");
	for (char *name = strtok_r(decision->list, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
		if (count + 1 >= room)
			return misuse("scan: --unresolved names too many syscalls");
		decision->names[count++] = name;
	}
	return STATUS_YES;
}

static int write_policy(const char *path, const struct scans *scans, const struct decision *decision)
{
	cleanup_free char *text = NULL;
	struct callgate_error err;

	if (callgate_scan_policy((struct callgate_scan *const *)scans->items, scans->count, decision->given, &text,
				 &err) != CALLGATE_OK)
		return scans_failure(&err);
	return write_output(path, text, strlen(text));
}

/* $XDG_CACHE_HOME/callgate, or ~/.cache/callgate; NULL where neither is. */
static const char *cache_folder(char path[PATH_MAX])
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int length = -1;

	if (cache && cache[0] == '/')
		length = snprintf(path, PATH_MAX, "%s/callgate", cache);
	else if (home && home[0] == '/')
		length = snprintf(path, PATH_MAX, "%s/.cache/callgate", home);
	return length > 0 && length < PATH_MAX ? path : NULL;
}

static int scan_all(const struct scan_options *options, const struct arguments *arguments, struct scans *scans)
{
	char folder[PATH_MAX];
	struct callgate_scan_options scan = {
		.root = options->root,
		.library_path = options->library_path,
		.preload = options->preload.count ? options->preload.items : NULL,
		.opened = options->opened.count ? options->opened.items : NULL,
		.cache = options->no_cache ? NULL : cache_folder(folder),
		.no_hints = options->no_hints,
	};
	int status = STATUS_YES;

	if (options->running)
		return running_print((const char *const *)arguments->items, arguments->count, &scan, options->json);
	if (arguments->count == 0)
		return misuse("scan: no PROGRAM");
	for (size_t i = 0; status == STATUS_YES && i < arguments->count; i++) {
		scan.after_main = options->after && i == 0;
		status = scans_add(scans, arguments->items[i], &scan);
	}
	scans->named = scans->count;
	return status == STATUS_YES && options->exec ? scans_follow_starts(scans, &scan) : status;
}

/* A call that no kernel has is not one that a program does not make: the language knows the names. */
static int check_name(const char *name)
{
	cleanup(subject_free) struct callgate_subject *subject = NULL;
	struct callgate_error err;
	char text[96];
	int length = snprintf(text, sizeof(text), "kernel 7.1\ndefault kill-process\nallow %s\n", name);

	if (!*name || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] || length >= (int)sizeof(text))
		return misuse("scan: --why takes the name of one syscall, not '%s'", name);
	if (callgate_subject_parse("--why", text, (size_t)length, NULL, &subject, &err) != CALLGATE_OK)
		return failure(&err);
	return STATUS_YES;
}

/* Yes when any of them makes the call. */
static int why_all(const struct scans *scans, const char *name, bool json)
{
	int status = STATUS_NO;

	for (size_t i = 0; i < scans->count; i++) {
		int found = print_why(scans->items[i], scans->programs[i], name, json);

		if (found != STATUS_NO)
			status = found;
	}
	return status;
}

static json_t *list_json(const struct option_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < list->count; i++)
		json_array_append_new(array, json_text(list->items[i]));
	return array;
}

/* What decides, beside its files, what a scan finds; is_whole: not after main alone. */
static json_t *record_of(const struct scan_options *options, bool is_whole)
{
	return json_pack("{ss so? so? sb sb so so so?}", "callgate", CALLGATE_VERSION, "root",
			 options->root ? json_text(options->root) : NULL, "after", is_whole ? NULL : json_text("main"),
			 "hints", !options->no_hints, "exec", options->exec, "preload", list_json(&options->preload),
			 "dlopen", list_json(&options->opened), "library-path",
			 options->library_path ? json_text(options->library_path) : NULL);
}

static int record_all(const struct scan_options *options, struct scans *scans)
{
	for (size_t i = 0; i < scans->count; i++) {
		scans->records[i] = record_of(options, scans->is_whole[i]);
		if (!scans->records[i])
			return misuse("scan: no memory");
	}
	return STATUS_YES;
}

static int show_all(const struct scan_options *options, const struct scans *scans)
{
	int status = STATUS_YES;

	if (options->why)
		return why_all(scans, options->why, options->json);

	for (size_t i = 0; status == STATUS_YES && i < scans->count; i++) {
		const char *program = scans->programs[i];

		if (options->json)
			status = print_scan_json(scans->items[i], program, scans->records[i]);
		else
			print_scan(scans->items[i], program, scans->count > 1);
	}
	return status;
}

/* What --running cannot be given, NULL where there is nothing of that. */
static const char *not_running(const struct scan_options *options)
{
	if (options->output)
		return "-o";
	if (options->why)
		return "--why";
	if (options->since)
		return "--since";
	if (options->after)
		return "--after";
	if (options->root)
		return "--root";
	if (options->unresolved)
		return "--unresolved";
	return options->exec ? "--exec" : NULL;
}

/* An option that would be passed over is a mistake of whoever gave it. */
static int check_options(const struct scan_options *options)
{
	if (options->preload.count == OPTION_LIST_MAX || options->opened.count == OPTION_LIST_MAX)
		return misuse("scan: more than %d libraries", OPTION_LIST_MAX - 1);
	if (options->after && strcmp(options->after, "main") != 0)
		return misuse_hint("main is the only mark that is known without running it%s", "",
				   "scan: --after cannot be '%s'", options->after);
	if (options->running && not_running(options))
		return misuse_hint("--running compares all that processes can do with what their filters say%s", "",
				   "scan: --running and %s are not for each other", not_running(options));
	if (options->unresolved && !options->output && !options->since)
		return misuse_hint("it decides for a policy (-o), or against one (--since)%s", "",
				   "scan: --unresolved has nothing to decide");
	if (options->since && options->why)
		return misuse("scan: --since and --why are two questions");
	if (options->output && strcmp(options->output, "-") == 0 && (options->json || options->why || options->since))
		return misuse("scan: a policy on standard output stands alone there");
	return STATUS_YES;
}

/* What one library took to read serves for the next, rather than going back to the kernel. */
static void keep_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
	mallopt(M_ARENA_MAX, 1);
}

int cmd_scan(const struct verb *verb, int argc, char **argv)
{
	cleanup(scans_fini) struct scans scans = { .count = 0 };
	cleanup(decision_fini) struct decision decision = { .given = NULL };
	struct scan_options options = { 0 };
	struct arguments arguments;
	int status = options_parse(verb, argc, argv, &options, &arguments);

	if (status != OPTIONS_DONE)
		return status;
	status = check_options(&options);
	if (status == STATUS_YES)
		status = decide(options.unresolved, &decision);
	if (status == STATUS_YES && options.why)
		status = check_name(options.why);
	keep_memory();
	if (status == STATUS_YES)
		status = scan_all(&options, &arguments, &scans);
	if (options.running)
		return status;
	if (status == STATUS_YES)
		status = record_all(&options, &scans);
	if (status == STATUS_YES && options.output)
		status = write_policy(options.output, &scans, &decision);
	if (status == STATUS_YES && options.since)
		return since_print(options.since, &scans, decision.given, options.json);
	if (status == STATUS_YES && (!options.output || options.json || options.why))
		status = show_all(&options, &scans);
	return status;
}
