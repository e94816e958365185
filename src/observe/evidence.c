/*
 * Recording pays for every call, so the common way through evidence_count is an array access by number and two short
 * searches, in which the value or site that was hit moves one place forward: a program repeats itself.
 */
#include "observe/evidence.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "observe/maps.h"
#include "observe/program.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <time.h>

enum { EVIDENCE_DIRECT_NRS = 512 };

const char *const evidence_phase_names[EVIDENCE_PHASE_COUNT] = { "load", "start", "main", "serve" };

struct evidence *evidence_new(void)
{
	return calloc(1, sizeof(struct evidence));
}

void evidence_free(struct evidence *evidence)
{
	if (!evidence)
		return;
	arena_fini(&evidence->arena);
	free(evidence);
}

bool evidence_keeps(const struct abi_arg *type)
{
	return type->kind == ABI_ARG_FLAGS || type->kind == ABI_ARG_ENUM || type->kind == ABI_ARG_DESCRIPTOR;
}

enum evidence_effect evidence_effect(const struct abi_syscall *syscall)
{
	static const struct {
		const char *syscall;
		enum evidence_effect effect;
	} effects[] = {
#define X(name, effect) { #name, EVIDENCE_##effect },
#include "observe/effects.def"
#undef X
	};

	for (size_t i = 0; i < sizeof(effects) / sizeof(*effects); i++)
		if (strcmp(effects[i].syscall, syscall->name) == 0)
			return effects[i].effect;
	return abi_syscall_waits(syscall) ? EVIDENCE_WAIT : EVIDENCE_NO_EFFECT;
}

void evidence_entry_name(const struct evidence_entry *entry, char *text, size_t size)
{
	if (entry->syscall)
		snprintf(text, size, "%s", entry->syscall->name);
	else
		snprintf(text, size, "syscall_%u", entry->nr);
}

static struct evidence_program *evidence_program_new(struct evidence *evidence, const char *path, const char *build_id)
{
	struct evidence_program *program = arena_alloc(&evidence->arena, sizeof(*program));

	if (!program)
		return NULL;
	program->path = arena_strdup(&evidence->arena, path);
	program->build_id = arena_strdup(&evidence->arena, build_id);
	program->by_nr = arena_array(&evidence->arena, EVIDENCE_DIRECT_NRS, sizeof(struct evidence_entry *));
	if (!program->path || !program->build_id || !program->by_nr)
		return NULL;
	return VEC_PUSH(&evidence->arena, &evidence->programs, program) ? program : NULL;
}

int evidence_program(struct evidence *evidence, const char *path, const char *build_id,
		     struct evidence_program **ret_program, struct callgate_error *err)
{
	struct evidence_program *program;

	for (size_t i = 0; i < evidence->programs.length; i++) {
		program = evidence->programs.items[i];
		if (strcmp(program->path, path) == 0 && strcmp(program->build_id, build_id) == 0) {
			*ret_program = program;
			return CALLGATE_OK;
		}
	}
	if (evidence->programs.length >= EVIDENCE_PROGRAMS_MAX)
		return fail(err, CALLGATE_E_LIMIT, "more than %d different programs were started",
			    EVIDENCE_PROGRAMS_MAX);
	program = evidence_program_new(evidence, path, build_id);
	if (!program)
		return fail_nomem(err);
	*ret_program = program;
	return CALLGATE_OK;
}

int evidence_module(struct evidence *evidence, const char *name, const char **ret_module, struct callgate_error *err)
{
	const char *copy;

	for (size_t i = 0; i < evidence->modules.length; i++) {
		if (strcmp(evidence->modules.items[i], name) == 0) {
			*ret_module = evidence->modules.items[i];
			return CALLGATE_OK;
		}
	}
	if (evidence->modules.length >= EVIDENCE_MODULES_MAX)
		return fail(err, CALLGATE_E_LIMIT, "calls came from more than %d different files",
			    EVIDENCE_MODULES_MAX);
	copy = arena_strdup(&evidence->arena, name);
	if (!copy || !VEC_PUSH(&evidence->arena, &evidence->modules, copy))
		return fail_nomem(err);
	*ret_module = copy;
	return CALLGATE_OK;
}

static struct evidence_entry *evidence_entry_find(const struct evidence *evidence,
						  const struct evidence_program *program, uint32_t audit, uint32_t nr)
{
	for (size_t i = 0; i < evidence->entries.length; i++) {
		struct evidence_entry *entry = evidence->entries.items[i];

		if (entry->program == program && entry->audit == audit && entry->nr == nr)
			return entry;
	}
	return NULL;
}

static int evidence_entry_new(struct evidence *evidence, const struct evidence_program *program, uint32_t audit,
			      uint32_t nr, struct evidence_entry **ret_entry, struct callgate_error *err)
{
	struct evidence_entry *entry;

	if (evidence->entries.length >= EVIDENCE_ENTRIES_MAX)
		return fail(err, CALLGATE_E_LIMIT, "more than %d different calls were made", EVIDENCE_ENTRIES_MAX);
	entry = arena_alloc(&evidence->arena, sizeof(*entry));
	if (!entry)
		return fail_nomem(err);
	entry->program = program;
	entry->audit = audit;
	entry->nr = nr;
	entry->arch = abi_arch_of_call(audit, nr);
	entry->syscall = entry->arch ? abi_syscall_by_nr(entry->arch->id, nr) : NULL;
	if (entry->arch && entry->syscall) {
		entry->arg_count = abi_syscall_args(entry->syscall, entry->arch->id, entry->arg_types);
		entry->effect = evidence_effect(entry->syscall);
	}
	if (!VEC_PUSH(&evidence->arena, &evidence->entries, entry))
		return fail_nomem(err);
	*ret_entry = entry;
	return CALLGATE_OK;
}

int evidence_entry(struct evidence *evidence, struct evidence_program *program, uint32_t audit, uint32_t nr,
		   struct evidence_entry **ret_entry, struct callgate_error *err)
{
	bool direct = nr < EVIDENCE_DIRECT_NRS && audit == abi_arch_native()->audit;
	struct evidence_entry *entry = direct ? program->by_nr[nr] : evidence_entry_find(evidence, program, audit, nr);
	int status;

	if (!entry) {
		status = evidence_entry_new(evidence, program, audit, nr, &entry, err);
		if (status < 0)
			return status;
	}
	if (direct)
		program->by_nr[nr] = entry;
	*ret_entry = entry;
	return CALLGATE_OK;
}

static struct evidence_value *evidence_arg_find(const struct evidence_arg *arg, uint64_t value)
{
	for (size_t i = 0; i < arg->length; i++)
		if (arg->items[i].value == value)
			return &arg->items[i];
	return NULL;
}

void evidence_seen_add(struct evidence_seen *into, const struct evidence_seen *from, unsigned first_run)
{
	unsigned first = from->first + first_run, other = from->other + first_run;

	if (!from->runs)
		return;
	if (!into->runs) {
		*into = (struct evidence_seen){ from->runs, first, other };
		return;
	}
	into->runs = first_run ? into->runs + from->runs : into->runs > from->runs ? into->runs : from->runs;
	if (evidence_seen_once(into))
		into->other = first != into->first ? first : other;
	if (into->runs < 2 && into->first != into->other)
		into->runs = 2;
}

int evidence_add_seen(struct evidence *evidence, struct evidence_arg *arg, const struct evidence_value *seen,
		      struct callgate_error *err)
{
	struct evidence_value *values = arg->items;

	for (size_t i = 0; i < arg->length; i++) {
		if (values[i].value != seen->value)
			continue;
		values[i].count += seen->count;
		evidence_seen_add(&values[i].seen, &seen->seen, 0);
		if (i > 0 && values[i].count > values[i - 1].count) {
			struct evidence_value swapped = values[i - 1];

			values[i - 1] = values[i];
			values[i] = swapped;
		}
		return CALLGATE_OK;
	}
	if (arg->length >= EVIDENCE_VALUES_MAX) {
		arg->many = true;
		return CALLGATE_OK;
	}
	return VEC_PUSH(&evidence->arena, arg, *seen) ? CALLGATE_OK : fail_nomem(err);
}

int evidence_add_value(struct evidence *evidence, struct evidence_arg *arg, uint64_t value, uint64_t count,
		       struct callgate_error *err)
{
	return evidence_add_seen(evidence, arg, &(struct evidence_value){ .value = value, .count = count }, err);
}

int evidence_add_site(struct evidence *evidence, struct evidence_entry *entry, const char *module, uint64_t offset,
		      uint64_t count, struct callgate_error *err)
{
	struct evidence_site *sites = entry->sites.items;

	for (size_t i = 0; i < entry->sites.length; i++) {
		if (sites[i].module != module || sites[i].offset != offset)
			continue;
		sites[i].count += count;
		if (i > 0 && sites[i].count > sites[i - 1].count) {
			struct evidence_site swapped = sites[i - 1];

			sites[i - 1] = sites[i];
			sites[i] = swapped;
		}
		return CALLGATE_OK;
	}
	if (entry->sites.length >= EVIDENCE_SITES_MAX) {
		entry->sites_many = true;
		return CALLGATE_OK;
	}
	if (!VEC_PUSH(&evidence->arena, &entry->sites, ((struct evidence_site){ module, offset, count })))
		return fail_nomem(err);
	return CALLGATE_OK;
}

static uint64_t evidence_low_bits(uint64_t value, unsigned bits)
{
	return bits >= 64 ? value : value & ((1ULL << bits) - 1);
}

static int evidence_count_args(struct evidence *evidence, struct evidence_entry *entry,
			       const struct evidence_call *call, struct callgate_error *err)
{
	for (unsigned i = 0; i < entry->arg_count; i++) {
		const struct abi_arg *type = &entry->arg_types[i];
		uint64_t value = evidence_low_bits(call->args[i], type->bits);
		int status;

		if (!evidence_keeps(type))
			continue;
		if (call->unknown_args >> i & 1 || (type->kind == ABI_ARG_DESCRIPTOR && value > 2)) {
			entry->args[i].many = true;
			continue;
		}
		status = evidence_add_value(evidence, &entry->args[i], value, call->count, err);
		if (status < 0)
			return status;
	}
	return CALLGATE_OK;
}

int evidence_count(struct evidence *evidence, struct evidence_entry *entry, const struct evidence_call *call,
		   struct callgate_error *err)
{
	int status = evidence_count_args(evidence, entry, call, err);

	if (status == CALLGATE_OK && call->module)
		status = evidence_add_site(evidence, entry, call->module, call->offset, call->count, err);
	if (status < 0)
		return status;
	entry->count += call->count;
	entry->phases[call->phase] += call->count;
	evidence->calls += call->count;
	return CALLGATE_OK;
}

int evidence_count_results(struct evidence *evidence, struct evidence_entry *entry, int error, uint64_t count,
			   struct callgate_error *err)
{
	entry->answered += count;
	return error && entry->effect != EVIDENCE_RESTORE
		       ? evidence_add_value(evidence, &entry->errors, (uint64_t)error, count, err)
		       : CALLGATE_OK;
}

enum evidence_phase evidence_phase_of_call(enum evidence_phase phase, const struct evidence_entry *entry,
					   const char *module)
{
	if (phase == EVIDENCE_LOAD && !(module && maps_is_loader(module)))
		phase = EVIDENCE_START;
	if ((phase == EVIDENCE_START || phase == EVIDENCE_MAIN) && entry->effect == EVIDENCE_WAIT)
		phase = EVIDENCE_SERVE;
	return phase;
}

bool evidence_loads_filter(const struct evidence_entry *entry, uint64_t arg0)
{
	if (strcmp(entry->syscall->name, "prctl") == 0)
		return (uint32_t)arg0 == PR_SET_SECCOMP;
	return (uint32_t)arg0 == SECCOMP_SET_MODE_FILTER || (uint32_t)arg0 == SECCOMP_SET_MODE_STRICT;
}

unsigned evidence_time_at(uint64_t ns)
{
	uint64_t units = ns >> EVIDENCE_TIME_SHIFT;
	unsigned at = units ? 64 - (unsigned)__builtin_clzll(units) : 0;

	return at < EVIDENCE_TIMES ? at : EVIDENCE_TIMES - 1;
}

int evidence_add_time(struct evidence *evidence, struct evidence_times *times, const struct abi_syscall *syscall,
		      unsigned at, uint64_t count, struct callgate_error *err)
{
	struct evidence_time fresh = { .syscall = syscall };

	for (size_t i = 0; i < times->length; i++) {
		if (times->items[i].syscall != syscall)
			continue;
		times->items[i].counts[at] += count;
		return CALLGATE_OK;
	}
	fresh.counts[at] = count;
	return VEC_PUSH(&evidence->arena, times, fresh) ? CALLGATE_OK : fail_nomem(err);
}

int evidence_count_now(struct evidence *evidence, const struct evidence_entry *entry, struct callgate_error *err)
{
	struct timespec clock;
	uint64_t now;

	if (entry->arch != abi_arch_native() || !entry->syscall)
		return CALLGATE_OK;
	clock_gettime(CLOCK_MONOTONIC, &clock);
	now = (uint64_t)clock.tv_sec * 1000000000 + (uint64_t)clock.tv_nsec;
	if (!evidence->began)
		evidence->began = now;
	return evidence_add_time(evidence, &evidence->times, entry->syscall, evidence_time_at(now - evidence->began), 1,
				 err);
}

/* The file of the C library that calls came from: libc.so.6, or musl's, which is its loader. NULL: none. */
static const char *evidence_libc(const struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->modules.length; i++) {
		const char *slash = strrchr(evidence->modules.items[i], '/');

		if (slash && (strncmp(slash, "/libc.so", strlen("/libc.so")) == 0 ||
			      strncmp(slash, "/libc.musl", strlen("/libc.musl")) == 0 ||
			      strncmp(slash, "/ld-musl", strlen("/ld-musl")) == 0))
			return evidence->modules.items[i];
	}
	return NULL;
}

static int evidence_name_libc(struct evidence *evidence, const char **ret_libc, struct callgate_error *err)
{
	const char *path = evidence_libc(evidence);
	cleanup_fd int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
	char build_id[PROGRAM_BUILD_ID_TEXT] = "";

	if (fd >= 0)
		program_build_id(fd, build_id);
	*ret_libc = path ? arena_printf(&evidence->arena, "%s%s%s", path, *build_id ? " " : "", build_id) : "";
	return *ret_libc ? CALLGATE_OK : fail_nomem(err);
}

static void evidence_arg_close(struct evidence_arg *arg)
{
	for (size_t i = 0; i < arg->length; i++)
		arg->items[i].seen = (struct evidence_seen){ .runs = 1 };
}

int evidence_close_run(struct evidence *evidence, const char *recorder, bool attached, struct callgate_error *err)
{
	struct evidence_run run = { .kernel = evidence->kernel,
				    .recorder = recorder,
				    .calls = evidence->calls,
				    .attached = attached,
				    .has_main = evidence->has_main };
	struct utsname names;
	uint64_t id;
	int status;

	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		return fail_errno(err, "cannot get random bytes");
	snprintf(run.id, sizeof(run.id), "%016llx", (unsigned long long)id);
	run.host = arena_strdup(&evidence->arena, uname(&names) == 0 ? names.nodename : "");
	if (!run.host)
		return fail_nomem(err);
	status = evidence_name_libc(evidence, &run.libc, err);
	if (status < 0)
		return status;
	run.times = evidence->times;
	if (!VEC_PUSH(&evidence->arena, &evidence->run_list, run))
		return fail_nomem(err);
	evidence->times = (struct evidence_times){ 0 };
	for (size_t i = 0; i < evidence->entries.length; i++) {
		struct evidence_entry *entry = evidence->entries.items[i];

		entry->seen = (struct evidence_seen){ .runs = 1 };
		evidence_arg_close(&entry->errors);
		for (int j = 0; j < 6; j++)
			evidence_arg_close(&entry->args[j]);
	}
	return CALLGATE_OK;
}

void evidence_name_run(struct evidence *evidence, const char id[EVIDENCE_ID_SIZE])
{
	memcpy(evidence->run_list.items[evidence->run_list.length - 1].id, id, EVIDENCE_ID_SIZE);
}

static int evidence_merge_arg(struct evidence *evidence, struct evidence_arg *into, const struct evidence_arg *from,
			      unsigned first_run, struct callgate_error *err)
{
	int status = CALLGATE_OK;

	into->many |= from->many;
	for (size_t i = 0; status == CALLGATE_OK && i < from->length; i++) {
		struct evidence_value value = from->items[i];
		struct evidence_value *known = evidence_arg_find(into, value.value);

		value.seen = known ? known->seen : (struct evidence_seen){ 0 };
		evidence_seen_add(&value.seen, &from->items[i].seen, first_run);
		if (known)
			known->seen = value.seen;
		status = evidence_add_seen(evidence, into, &value, err);
	}
	return status;
}

int evidence_merge_entry(struct evidence *evidence, struct evidence_entry *into, const struct evidence_entry *from,
			 unsigned first_run, struct callgate_error *err)
{
	const char *module;
	int status = CALLGATE_OK;

	into->count += from->count;
	evidence_seen_add(&into->seen, &from->seen, first_run);
	into->sites_many |= from->sites_many;
	for (unsigned i = 0; i < EVIDENCE_PHASE_COUNT; i++)
		into->phases[i] += from->phases[i];
	into->answered += from->answered;
	for (unsigned i = 0; status == CALLGATE_OK && i < 6; i++)
		status = evidence_merge_arg(evidence, &into->args[i], &from->args[i], first_run, err);
	if (status == CALLGATE_OK)
		status = evidence_merge_arg(evidence, &into->errors, &from->errors, first_run, err);
	for (size_t i = 0; status == CALLGATE_OK && i < from->sites.length; i++) {
		const struct evidence_site *site = &from->sites.items[i];

		status = evidence_module(evidence, site->module, &module, err);
		if (status == CALLGATE_OK)
			status = evidence_add_site(evidence, into, module, site->offset, site->count, err);
	}
	return status;
}

/* Gives times a memory of their own in this evidence. */
static bool evidence_own_times(struct evidence *evidence, struct evidence_times *times)
{
	const struct evidence_times from = *times;

	*times = (struct evidence_times){ 0 };
	for (size_t i = 0; i < from.length; i++)
		if (!VEC_PUSH(&evidence->arena, times, from.items[i]))
			return false;
	return true;
}

static int evidence_merge_runs(struct evidence *evidence, const struct evidence *other, struct callgate_error *err)
{
	for (size_t i = 0; i < other->run_list.length; i++) {
		struct evidence_run run = other->run_list.items[i];

		for (size_t j = 0; j < evidence->run_list.length; j++)
			if (strcmp(evidence->run_list.items[j].id, run.id) == 0)
				return fail(err, CALLGATE_E_INVALID, "both hold the recording %s", run.id);
		if (evidence->run_list.length >= EVIDENCE_RUNS_MAX)
			return fail(err, CALLGATE_E_LIMIT, "there are more than %d recordings", EVIDENCE_RUNS_MAX);
		run.host = arena_strdup(&evidence->arena, run.host);
		run.libc = arena_strdup(&evidence->arena, run.libc);
		run.recorder = arena_strdup(&evidence->arena, run.recorder);
		if (!run.host || !run.libc || !run.recorder || !evidence_own_times(evidence, &run.times) ||
		    !VEC_PUSH(&evidence->arena, &evidence->run_list, run))
			return fail_nomem(err);
	}
	return CALLGATE_OK;
}

int evidence_merge(struct evidence *evidence, const struct evidence *other, struct callgate_error *err)
{
	unsigned first_run = (unsigned)evidence->run_list.length;
	int status = evidence_merge_runs(evidence, other, err);

	if (status < 0)
		return status;
	for (size_t i = 0; i < other->entries.length; i++) {
		const struct evidence_entry *from = other->entries.items[i];
		struct evidence_program *program;
		struct evidence_entry *into;

		status = evidence_program(evidence, from->program->path, from->program->build_id, &program, err);
		if (status == CALLGATE_OK)
			status = evidence_entry(evidence, program, from->audit, from->nr, &into, err);
		if (status == CALLGATE_OK)
			status = evidence_merge_entry(evidence, into, from, first_run, err);
		if (status < 0)
			return status;
	}
	evidence->calls += other->calls;
	evidence->kernel = other->kernel ? other->kernel : evidence->kernel;
	evidence->blind.own_filters += other->blind.own_filters;
	return CALLGATE_OK;
}
