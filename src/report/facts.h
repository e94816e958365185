/*
 * report/facts.h - what is known of syscalls before anything was recorded: their groups, what it means when one gets
 * through, and which published holes of the kernel were reached by which of them
 */
#ifndef CALLGATE_REPORT_FACTS_H
#define CALLGATE_REPORT_FACTS_H

#include "abi/abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum facts_risk { FACTS_KERNEL, FACTS_HIGH, FACTS_MEDIUM, FACTS_LOW, FACTS_RISK_COUNT };

extern const char *const facts_risk_names[FACTS_RISK_COUNT];

/* The group's heading; "other" where it is in none. */
const char *facts_group(const struct abi_syscall *syscall);

/* The headings in the order in which they are shown, "other" last; some stand there twice. NULL behind the last. */
const char *facts_group_at(size_t index);

/* How much it means when the call gets through, and why; ret_why is "" for what is low. */
enum facts_risk facts_risk(const struct abi_syscall *syscall, const char **ret_why);

/* A hole of the kernel that is closed in newer ones. Each of its calls is a way to it, and there is no other. */
struct facts_cve {
	const char *id;
	const char *syscalls; /* with a blank between them */
	int argument;	      /* whose value is the way to it; -1: any call of them is */
	uint64_t value;
	const char *from, *until; /* the kernel that brought it, "" where it is as old as the call; the first without */
	const char *what;	  /* one line */
	const char *source;	  /* the kernel's commit that closed it */
};

size_t facts_cve_count(void);
const struct facts_cve *facts_cve_at(size_t index);

/* Whether a list of words with blanks between them has this one. */
bool facts_lists(const char *words, const char *word);

#endif
