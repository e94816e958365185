/*
 * What a stranger made (headers, unwind tables, debugging data) is read by libraries that were not made for strangers.
 * So a process that is about to do it keeps only what reading takes: whoever takes it over can read what we can and
 * answer wrongly; nothing is written, started or reached.
 */
#include "cli/cage.h"

#include "cli/print.h"
#include "cli/verbs.h"

#include <callgate/callgate.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* All that reading files and memory takes. */
static const char policy_text[] =
	"kernel 6.1\n"
	"default errno EPERM\n"
	"allow read, pread64, close, fstat, newfstatat, lseek, brk, munmap, mremap, madvise\n"
	"allow openat if flags & O_ACCMODE == O_RDONLY and not flags & (O_CREAT | O_TRUNC | O_TMPFILE)\n"
	"allow readlink, readlinkat, access, getdents64\n"
	"allow mmap, mprotect if not (prot & PROT_EXEC)\n"
	"allow process_vm_readv, fcntl, futex, getrandom, rt_sigreturn, sigaltstack, exit, exit_group\n"
	"allow write if fd in {1, 2}\n";

/* A loop in a table ends, and so does a table that asks for all memory. */
#define CPU_SECONDS_MAX 5
#ifdef CALLGATE_SANITIZED
#define MEMORY_MAX RLIM_INFINITY /* a sanitizer maps terabytes */
#else
#define MEMORY_MAX (UINT64_C(2) << 30)
#endif

int cage_enter(void)
{
	const struct rlimit cpu = { CPU_SECONDS_MAX, CPU_SECONDS_MAX }, memory = { MEMORY_MAX, MEMORY_MAX };
	struct callgate_policy *policy = NULL;
	struct callgate_filter *filter = NULL;
	struct callgate_error err;
	int status = callgate_policy_parse("cage", policy_text, strlen(policy_text), NULL, &policy, &err);

	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_AS, &memory);
	/* Looking for debugging data must not become asking a server for it. */
	unsetenv("DEBUGINFOD_URLS");
	if (status == CALLGATE_OK)
		status = callgate_filter_compile(policy, NULL, &filter, &err);
	if (status == CALLGATE_OK)
		status = callgate_filter_load(filter, 0, NULL, &err);
	callgate_filter_free(filter);
	callgate_policy_free(policy);
	return status == CALLGATE_OK ? STATUS_YES : failure(&err);
}
