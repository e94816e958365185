/*
 * report/report.h - a profile as one page: its data, what changed since an older one, and the page that shows both
 *
 * The data is one JSON value. It stands in the page as it is, for the page's script; the page's tables are written from
 * it, so that nothing is told in two ways; and the next report reads it back to say what changed.
 */
#ifndef CALLGATE_REPORT_REPORT_H
#define CALLGATE_REPORT_REPORT_H

#include "base/buf.h"
#include "learn/profile.h"

#include <jansson.h>

enum {
	REPORT_VERSION = 1,	    /* of the data */
	REPORT_FILE_MAX = 64 << 20, /* bytes of an older report */
	REPORT_STEPS_MAX = 24,	    /* of a chain; how many were left out is said */
	REPORT_SITES_MAX = 8,	    /* places of a call; the same */
	REPORT_VALUES_MAX = 32,	    /* values of an argument; the same */
};

/* What a policy does with a call. */
enum report_answer {
	REPORT_ALLOW,
	REPORT_SOME, /* for some arguments; for others it is logged, asked about or refused */
	REPORT_LOG,
	REPORT_ASK, /* somebody is asked: notify, trace */
	REPORT_ERRNO,
	REPORT_KILL,
	REPORT_ANSWER_COUNT,
};

extern const char *const report_answer_names[REPORT_ANSWER_COUNT];

/* Fails as policy_bind does. */
int report_answer(const struct policy *policy, const struct abi_syscall *syscall, enum report_answer *ret_answer,
		  struct callgate_error *err);

/* How a policy stands to a published hole; the words are those of the data. */
enum report_hole { REPORT_REMOVED, REPORT_NARROWED, REPORT_OPEN, REPORT_HOLE_COUNT };

extern const char *const report_hole_names[REPORT_HOLE_COUNT];

struct facts_cve;
int report_hole(const struct policy *policy, const struct facts_cve *cve, enum report_hole *ret_hole,
		struct callgate_error *err);

/* A report that is being made. */
struct report {
	const struct callgate_profile *profile;
	const struct policy *policy; /* whose answers are told */
	const char *policy_text;
	const struct callgate_report_options *options;
	struct arena arena;
	bool failed; /* memory was out */
	struct callgate_error *err;
};

/* Sets a key; takes value, whose being NULL is a failure like any other. */
void report_put(struct report *report, json_t *object, const char *key, json_t *value_take);
void report_add(struct report *report, json_t *array, json_t *value_take);

/* The data; the caller owns *ret_data. Fails with E_NOMEM, and as report_answer. */
int report_data(struct report *report, json_t **ret_data);

/* One syscall's part of it, all that was seen and could be done. */
int report_syscall(struct report *report, const struct abi_syscall *syscall, json_t **ret_object);

/* The data of an older report, or of evidence. Fails as callgate_profile_open does, and with E_SYNTAX. */
int report_read(const char *path, json_t **ret_data, struct callgate_error *err);

/* The data of a page; name is for errors. E_NOT_FOUND, of which nothing is said: there is none in it. Fails with
 * E_SYNTAX where what is there does not read. */
int report_parse(const char *name, const char *text, size_t length, json_t **ret_data, struct callgate_error *err);

/* Puts "changes" into data: what is other than in old. Fails with E_NOMEM. */
int report_since(json_t *data, const json_t *old, struct callgate_error *err);

/* Fails with E_NOMEM. */
int report_page(const json_t *data, struct buf *ret_page, struct callgate_error *err);

/* For the cleanup attribute. */
void report_json_free(json_t **json);

#endif
