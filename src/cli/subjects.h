/*
 * cli/subjects.h - what the verbs that take SUBJECTs have in common
 */
#ifndef CALLGATE_CLI_SUBJECTS_H
#define CALLGATE_CLI_SUBJECTS_H

#include "cli/options.h"

#include <callgate/subject.h>

/* What is to be known to read a SUBJECT; a verb's struct has one as `reading`, at first SUBJECT_READING_ANY. */
struct subject_reading {
	int from; /* the place of one of the words below, which subjects.c knows in this order; -1 is ANY */
	struct option_list capabilities;
	const char *kernel;
	const char *phase;   /* what is stacked at the mark of this one, in place of the policy itself */
	bool may_be_unknown; /* for verbs that ask its instructions, not its meaning */
};
#define SUBJECT_READING_ANY \
	{                   \
		.from = -1  \
	}

/* For a verb's rows. */
#define SUBJECT_ROWS(type)                                                                                          \
	OPTION_CHOICE(type, reading.from, "from", 0, "policy|bpf|oci|minijail|systemd|kafel|firejail|strace|audit", \
		      "what the SUBJECT is, instead of recognising it"),                                            \
		OPTION_LIST(type, reading.capabilities, "cap", 0, "CAPABILITY",                                     \
			    "a capability that the process will hold, for profiles that ask; 'all' is every one"),  \
		OPTION_TEXT(type, reading.kernel, "kernel", 0, "RELEASE",                                           \
			    "the kernel that it will run on, as 6.1, in place of this one"),                        \
		OPTION_TEXT(type, reading.phase, "phase", 0, "NAME",                                                \
			    "of a policy with phases: what is stacked at the mark of this one")

/* Opens the subject that an argument names; reading may be NULL. What its reader has to say is noted. Gives STATUS_YES,
 * or the exit status after the failure was printed. */
int subject_from_argument(const char *name, const struct subject_reading *reading,
			  struct callgate_subject **ret_subject);

/* The same of bytes that were read from what cannot be read again; name is for messages. */
int subject_from_bytes(const char *name, const void *bytes, size_t length, struct callgate_subject **ret_subject);

/* Reads the file of --frequency; NULL is none, which gives NULL. As above. */
int frequency_from_option(const char *path, struct callgate_frequency **ret_frequency);

/* Where `include "@NAME"` looks: what CALLGATE_POLICIES says, or the installed folder. */
struct callgate_policy_options policy_options_from_environment(void);

/* For the rows of a verb that writes a filter; its struct has `const char *output` and `int format`, at first 0. */
#define FILTER_OUTPUT_ROWS(type)                                                                        \
	OPTION_TEXT(type, output, "output", 'o', "FILE", "where to; FILE appears whole or not at all"), \
		OPTION_CHOICE(type, format, "format", 0, "bpf|c|asm",                                   \
			      "the array as the kernel takes it, a C array, or instructions to read")
enum filter_format { FORMAT_BPF, FORMAT_C, FORMAT_ASM };

/* Refuses to write a raw filter to a terminal: STATUS_YES when it would not be one, else a misuse that was said. */
int filter_output_check(const char *output, int format);

/* Writes it to output (NULL: standard output). As above. */
int write_filter(const struct callgate_filter *filter, const char *output, int format);

/* Notes that a filter made of it is its first part alone, where it has others. */
void note_phases(const struct callgate_subject *subject);

/* For the cleanup attribute. */
void subject_free(struct callgate_subject **subject);

void frequency_free(struct callgate_frequency **frequency);
void filter_free(struct callgate_filter **filter);

#endif
