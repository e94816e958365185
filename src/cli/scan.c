/*
 * `callgate scan`: which system calls programs can make, found by reading them. Without an option it prints a table for
 * people; the policy, the JSON and the reasons are the same knowledge in other forms.
 */
#include "base/cleanup.h"
#include "cli/print.h"
#include "cli/running.h"
#include "cli/scans.h"
#include "cli/since.h"
#include "cli/subjects.h"
#include "cli/verbs.h"

#include <callgate/callgate.h>

#include <inttypes.h>
#include <limits.h>
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

static json_t *site_json(const struct callgate_scan_site *site)
{
	char address[32];

	snprintf(address, sizeof(address), "0x%" PRIx64, site->address);
	return json_pack("{so so ss}", "module", json_text(site->module), "function",
			 site->function ? json_text(site->function) : json_null(), "address", address);
}

static json_t *arguments_json(const struct callgate_scan *scan, size_t index)
{
	json_t *arguments = json_object();

	for (unsigned i = 0; arguments && i < 6; i++) {
		const char *const *values, *name;
		size_t count = callgate_scan_argument(scan, index, i, &name, &values);
		json_t *list = count ? json_array() : NULL;

		for (size_t j = 0; j < count; j++)
			json_array_append_new(list, json_text(values[j]));
		if (count)
			json_object_set_new(arguments, name, list);
	}
	return arguments;
}

static int print_call_json(const struct callgate_scan *scan, size_t index)
{
	struct callgate_scan_call call;
	json_t *sites = json_array();

	callgate_scan_call(scan, index, &call);
	for (size_t i = 0; i < call.sites; i++) {
		struct callgate_scan_site site;

		callgate_scan_site(scan, index, i, &site);
		json_array_append_new(sites, site_json(&site));
	}
	return print_json(json_pack("{so ss sI so so}", "program", json_text(call.program), "syscall", call.syscall,
				    "nr", (json_int_t)call.nr, "args", arguments_json(scan, index), "sites", sites));
}

static int print_unresolved_json(const struct callgate_scan *scan, const char *program, size_t index)
{
	struct callgate_scan_unresolved item;

	callgate_scan_unresolved(scan, index, &item);
	return print_json(json_pack("{so ss so}", "program", json_text(program), "unresolved", item.why, "site",
				    site_json(&item.site)));
}

static int print_start_json(const struct callgate_scan *scan, const char *program, size_t index)
{
	struct callgate_scan_start start;

	callgate_scan_starts(scan, index, &start);
	return print_json(json_pack("{so so sb so}", "program", json_text(program), "starts",
				    start.path ? json_text(start.path) : json_null(), "searched", start.is_searched,
				    "site", site_json(&start.site)));
}

static int print_scan_json(const struct callgate_scan *scan, const char *program)
{
	int status = STATUS_YES;

	for (size_t i = 0; status == STATUS_YES && i < callgate_scan_count(scan); i++)
		status = print_call_json(scan, i);
	for (size_t i = 0; status == STATUS_YES && i < callgate_scan_unresolved_count(scan); i++)
		status = print_unresolved_json(scan, program, i);
	for (size_t i = 0; status == STATUS_YES && i < callgate_scan_starts_count(scan); i++)
		status = print_start_json(scan, program, i);
	return status;
}

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

static int print_why(const struct callgate_scan *scan, const char *program, const char *name)
{
	cleanup_free struct callgate_scan_step *steps = NULL;
	struct callgate_error err;
	size_t count, index = 0;

	for (; index < callgate_scan_count(scan); index++) {
		struct callgate_scan_call call;

		callgate_scan_call(scan, index, &call);
		if (strcmp(call.syscall, name) == 0)
			break;
	}
	if (index == callgate_scan_count(scan)) {
		note("%s does not make %s", program, name);
		return STATUS_NO;
	}
	if (callgate_scan_why(scan, index, &steps, &count, &err) != CALLGATE_OK) {
		note("%s", err.message);
		return err.status == CALLGATE_E_UNKNOWN ? STATUS_YES : STATUS_FAILED;
	}
	for (size_t i = 0; i < count; i++) {
		print_site(&steps[i].site);
		printf("\n    %s\n", steps[i].how);
	}
	return STATUS_YES;
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
		return failure(&err);
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

	if (options->after && strcmp(options->after, "main") != 0)
		return misuse_hint("main is the only mark that is known without running it%s", "",
				   "scan: --after cannot be '%s'", options->after);
	if (options->running && options->after)
		return misuse("scan: --running compares all that a program can do");
	if (options->running)
		return running_print((const char *const *)arguments->items, arguments->count, &scan, options->json);
	if (arguments->count == 0)
		return misuse("scan: no PROGRAM");
	for (size_t i = 0; status == STATUS_YES && i < arguments->count; i++) {
		scan.after_main = options->after && i == 0;
		status = scans_add(scans, arguments->items[i], &scan);
	}
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
static int why_all(const struct scans *scans, const char *name)
{
	int status = STATUS_NO;

	for (size_t i = 0; i < scans->count; i++) {
		int found = print_why(scans->items[i], scans->programs[i], name);

		if (found != STATUS_NO)
			status = found;
	}
	return status;
}

static int show_all(const struct scan_options *options, const struct scans *scans)
{
	int status = STATUS_YES;

	if (options->why)
		return why_all(scans, options->why);

	for (size_t i = 0; status == STATUS_YES && i < scans->count; i++) {
		const char *program = scans->programs[i];

		if (options->json)
			status = print_scan_json(scans->items[i], program);
		else
			print_scan(scans->items[i], program, scans->count > 1);
	}
	return status;
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
	if (options.preload.count == OPTION_LIST_MAX || options.opened.count == OPTION_LIST_MAX)
		return misuse("scan: more than %d libraries", OPTION_LIST_MAX - 1);
	status = decide(options.unresolved, &decision);
	if (status == STATUS_YES && options.why)
		status = check_name(options.why);
	if (status == STATUS_YES)
		status = scan_all(&options, &arguments, &scans);
	if (options.running)
		return status;
	if (status == STATUS_YES && options.output)
		status = write_policy(options.output, &scans, &decision);
	if (status == STATUS_YES && options.since)
		return since_print(options.since, &scans, decision.given, options.json);
	if (status == STATUS_YES && (!options.output || options.json || options.why))
		status = show_all(&options, &scans);
	return status;
}
