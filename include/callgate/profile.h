/*
 * callgate/profile.h - evidence of many runs, asked: what policy it supports, why, and what a policy has more or less
 *
 * A profile is the evidence of one or more files (callgate-evidence(5)), merged over runs, hosts and C libraries. The
 * same evidence makes a policy, says why each of its rules is there, and is compared with a policy that is in force:
 * what a run did that the policy would refuse, and what the policy allows that no run did.
 */
#ifndef CALLGATE_PROFILE_H
#define CALLGATE_PROFILE_H

#include <callgate/error.h>
#include <callgate/policy.h>
#include <callgate/scan.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct callgate_profile;

struct callgate_profile_facts {
	unsigned runs;
	uint64_t calls;
	size_t programs;
	size_t syscalls;
	size_t rules;	    /* of the policy that it makes */
	unsigned one_out;   /* runs of which the policy of all others would have refused something; 0 below two runs */
	size_t widened;	    /* arguments that were not constrained, since that happened too often */
	size_t reachable;   /* syscalls that no run made and the scanned programs could make: callgate_profile_join */
	size_t unresolved;  /* places of those programs of which nobody knows what they ask for */
	size_t unexplained; /* syscalls that were made, were not found reachable, and may come from such a place */
};

/*
 * Reads evidence files and makes the policy that they support, with phases (callgate_learn_options) or without.
 * *ret_profile is the caller's, for callgate_profile_free. Fails with E_OS, E_SYNTAX and E_UNKNOWN (a damaged file, or
 * one of another version), E_INVALID (the same recording stands in two of them, or none holds a call), E_LIMIT, E_NOMEM.
 */
CALLGATE_OBSERVING int callgate_profile_open(const char *const *evidence, size_t count, bool phases,
					     struct callgate_profile **ret_profile, struct callgate_error *err);
CALLGATE_OBSERVING void callgate_profile_free(struct callgate_profile *profile);

CALLGATE_OBSERVING void callgate_profile_facts(const struct callgate_profile *profile,
					       struct callgate_profile_facts *ret_facts);

/* The programs that made calls, by index below facts.programs. A build id is "" where none is known. Strings live as
 * long as profile. */
CALLGATE_OBSERVING void callgate_profile_program(const struct callgate_profile *profile, size_t index,
						 const char **ret_path, const char **ret_build_id);

/* Whether the file that lies at program's path now is of another build than all those that the evidence has of it, by
 * their build ids. Where one of them is not known, that is not known either: false. */
CALLGATE_OBSERVING bool callgate_profile_is_rebuilt(const struct callgate_profile *profile, const char *program);

/* Both end in NUL and live as long as profile: the policy, and all the evidence as one file. */
CALLGATE_OBSERVING const char *callgate_profile_policy(const struct callgate_profile *profile);
CALLGATE_OBSERVING const char *callgate_profile_evidence(const struct callgate_profile *profile);

/*
 * Why a syscall's rule is there, as lines for a person: its rule, how often and in how many runs, by which programs,
 * from where, with which values and errors. The caller frees *ret_text. Fails with E_UNKNOWN (no syscall is called so;
 * the hint has the nearest, or nothing of it was seen) and E_NOMEM.
 */
CALLGATE_OBSERVING int callgate_profile_why(const struct callgate_profile *profile, const char *syscall,
					    char **ret_text, struct callgate_error *err);

/* Where evidence and a policy differ. */
struct callgate_profile_gap {
	const char *syscall;
	const char *argument; /* whose value it is about; NULL: about the call as a whole */
	const char *value;    /* in constants of its type; NULL as argument */
	const char *program;  /* that made it most often; NULL where nothing was seen */
	const char *module;   /* the file that it came from most often, or NULL */
	uint64_t offset;      /* in that file, of the instruction behind the call */
	uint64_t count;	      /* calls */
	unsigned runs;	      /* in so many of the profile's runs, at least */
	const char *rule;     /* what would allow what was seen, as a line of a policy; or NULL */
	const char *file;     /* of the rule that is there without evidence, and its line; NULL and 0 */
	unsigned line;
	const char *phase; /* of whose part of the policy it is; NULL: of its first part */
	bool answered;	   /* a rule answers it with an errno, and not ENOSYS, by which libraries find another way */
};

struct callgate_gaps; /* no longer than the profile that they are of */

/*
 * What was seen and the policy would refuse: calls, and values of arguments; with an errno too. Of the policy's phases,
 * what came behind their marks and they would refuse; callgate_gaps_untimed() is how many of them begin at a mark that
 * is not among the evidence's (a syscall, the marker) and were not compared. *ret_gaps is the caller's.
 */
CALLGATE_OBSERVING int callgate_profile_missing(const struct callgate_profile *profile,
						const struct callgate_policy *policy, struct callgate_gaps **ret_gaps,
						struct callgate_error *err);

/*
 * What the policy lets through and no run did: a syscall a gap, but for those that any run may need. *ret_policy (or
 * NULL) is the policy's text without them, phases included, which the caller frees.
 */
CALLGATE_OBSERVING int callgate_profile_idle(const struct callgate_profile *profile,
					     const struct callgate_policy *policy, struct callgate_gaps **ret_gaps,
					     char **ret_policy, struct callgate_error *err);

/* What a syscall gets that the programs could make and no run made. */
enum callgate_reachable {
	CALLGATE_REACHABLE_LOG, /* it is carried out, and told in the kernel's log */
	CALLGATE_REACHABLE_ALLOW,
	CALLGATE_REACHABLE_NOTIFY, /* a supervisor is asked */
	CALLGATE_REACHABLE_ERRNO,  /* EPERM */
};

/* A program of the profile, read. */
struct callgate_profile_scan {
	const char *program; /* its path, as callgate_profile_program has it */
	const struct callgate_scan *scan;
};

/*
 * Joins what was seen with what the programs could do, and makes the policy anew: what was seen is allowed as before,
 * what only could be done gets what reachable says, and all else is killed.
 *
 * *ret_gaps, the caller's, is what a program made and by its scan cannot make, although none of its places is
 * unresolved: the scan is of another program, something injected code into it, or it made or loaded code of its own.
 */
CALLGATE_OBSERVING int callgate_profile_join(struct callgate_profile *profile,
					     const struct callgate_profile_scan *scans, size_t count,
					     enum callgate_reachable reachable, struct callgate_gaps **ret_gaps,
					     struct callgate_error *err);

/* Zeroed means: the policy that the evidence supports, no program read, nothing to compare with. */
struct callgate_report_options {
	const char *title;		      /* NULL: the programs' names */
	const char *date;		      /* when it is made, as it is to stand there; or NULL */
	const struct callgate_policy *policy; /* the one in force, in place of what the evidence supports; or NULL */
	const struct callgate_profile_scan *scans; /* the programs, read: what they could do and by which way */
	size_t scan_count;
	const char *since; /* an older report, or evidence: what changed is told; or NULL */
};

/*
 * All of it as one page of HTML that needs no other file: what was seen, what could be done and what the policy lets
 * through, which published holes of the kernel lie behind what it refuses, and what changed. What comes from programs
 * is text in it, whatever it is. The caller frees *ret_page. Fails with E_NOMEM, E_UNKNOWN and E_SYNTAX (a condition of
 * the policy; options->since), E_OS, E_LIMIT, and as callgate_profile_open does where options->since is evidence.
 */
CALLGATE_OBSERVING int callgate_profile_report(const struct callgate_profile *profile,
					       const struct callgate_report_options *options, char **ret_page,
					       struct callgate_error *err);

CALLGATE_OBSERVING size_t callgate_gaps_untimed(const struct callgate_gaps *gaps);
CALLGATE_OBSERVING size_t callgate_gaps_count(const struct callgate_gaps *gaps);
CALLGATE_OBSERVING void callgate_gaps_at(const struct callgate_gaps *gaps, size_t index,
					 struct callgate_profile_gap *ret_gap);
CALLGATE_OBSERVING void callgate_gaps_free(struct callgate_gaps *gaps);

#ifdef __cplusplus
}
#endif

#endif
