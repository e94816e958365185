/*
 * What one C library, kernel or machine does by one call, another does by another (twins.def): a policy for both allows
 * all of them, as narrow as what was seen. clone stands apart. It is a fork, a thread or a namespace by its flags, so
 * that it is the twin of a fork only with those flags that a fork has there; and a fork is its twin only where it was
 * seen to make processes.
 */
#include "learn/writer.h"

#include "base/error.h"

#include <sched.h>
#include <signal.h>
#include <string.h>

/* With these flags the C libraries fork and spawn by clone: glibc, musl, bionic, and Go. */
#define FORKING (SIGCHLD | CLONE_VM | CLONE_VFORK | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)

/* One row of twins, of which one was seen: the others. */
static int twins_row(struct writer *writer, const char *words)
{
	const struct subject *seen = NULL;
	int status = CALLGATE_OK;

	for (const char *at = words; *at && !seen;) {
		const struct abi_syscall *syscall = writer_next_syscall(&at);

		seen = syscall ? subjects_find(&writer->subjects, syscall->name) : NULL;
	}
	for (const char *at = words; seen && status == CALLGATE_OK && *at;) {
		const struct abi_syscall *syscall = writer_next_syscall(&at);

		if (syscall && !writer_has_clause(writer, syscall->name))
			status = writer_add(writer, (struct clause){ .syscall = syscall, .twin = seen });
	}
	return status;
}

/* Where its flags stand, which is not the same on every arch. */
static unsigned flags_position(void)
{
	struct abi_arg types[6];
	unsigned count = abi_syscall_args(abi_syscall_by_name("clone"), abi_arch_native()->id, types);

	for (unsigned i = 0; i < count; i++)
		if (strcmp(types[i].name, "flags") == 0)
			return i;
	return 0;
}

/* Whether some clone was no thread: a process. What nobody could see may have been one. */
static bool makes_processes(const struct subject *clone)
{
	const struct evidence_arg *flags = clone->native ? &clone->native->args[flags_position()] : NULL;

	if (!flags || clone->foreign || flags->many)
		return true;
	for (size_t i = 0; i < flags->length; i++)
		if (!(flags->items[i].value & CLONE_THREAD))
			return true;
	return false;
}

/* A clone that nobody saw, in place of its twin, by its flags: these, or (0) all but the namespaces. */
static int add_clone(struct writer *writer, const struct subject *twin, uint64_t flags)
{
	struct evidence_arg *args = arena_array(writer_arena(writer), 6, sizeof(*args));
	struct evidence_value *value = arena_array(writer_arena(writer), 1, sizeof(*value));
	struct evidence_arg *of_flags;

	if (!args || !value)
		return fail_nomem(writer->err);
	*value = (struct evidence_value){ .value = flags };
	of_flags = &args[flags_position()];
	of_flags->items = value;
	of_flags->length = flags != 0;
	of_flags->many = !flags;
	return writer_add(writer,
			  (struct clause){ .syscall = abi_syscall_by_name("clone"), .twin = twin, .could = args });
}

/* clone3 has the flags of a clone in memory: who may make any of them may make the clone. */
static int twins_of_forks(struct writer *writer)
{
	const struct subject *clone = subjects_find(&writer->subjects, "clone");
	const struct subject *clone3 = subjects_find(&writer->subjects, "clone3");
	const struct subject *fork = subjects_find(&writer->subjects, "fork");

	if (!fork)
		fork = subjects_find(&writer->subjects, "vfork");
	if (clone && makes_processes(clone))
		return twins_row(writer, "clone fork vfork");
	/* The hidden one is a rule of its own, with a clone. */
	if (writer->hidden)
		return CALLGATE_OK;
	if (!clone && clone3)
		return add_clone(writer, clone3, 0);
	return fork ? add_clone(writer, fork, FORKING) : CALLGATE_OK;
}

int writer_twins(struct writer *writer)
{
	static const struct policy_action allow = { .kind = POLICY_ALLOW };
	static const char *const rows[] = {
#define TWINS(words) words,
#include "learn/twins.def"
#undef TWINS
	};
	size_t first = writer->clauses.length;
	int status = CALLGATE_OK;

	if (!writer->wishes->twins)
		return CALLGATE_OK;
	writer->section = "not seen; the same as another C library calls it";
	for (size_t i = 0; status == CALLGATE_OK && i < sizeof(rows) / sizeof(*rows); i++)
		status = twins_row(writer, rows[i]);
	if (status == CALLGATE_OK)
		status = twins_of_forks(writer);
	return status == CALLGATE_OK ? writer_place_rest(writer, first, &allow) : status;
}
