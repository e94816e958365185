/*
 * Loads calls.bpf, which was compiled when Callgate was built and lies in us as bytes: what it may know of the
 * calls is written into its constants, and from the moment on at which its tracepoints are attached it counts.
 *
 * libbpf says what goes wrong on stderr, where a library has nothing to say, and keeps the function that does so in a
 * variable of its own; it is silenced for as long as we are in it.
 */
#include "observe/calls.h"

#include "abi/abi.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "observe/calls_layout.h"
#include "observe/calls_object.h"
#include "observe/calls_read.h"

#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CALLS_LINKS_MAX = 8, CALLS_FAMILY_DEPTH = 64, CALLS_CHILDREN_MAX = 1 << 20 /* bytes of their numbers */ };

struct calls {
	struct bpf_object *object;
	struct bpf_link *links[CALLS_LINKS_MAX];
	const struct bpf_program *programs[CALLS_LINKS_MAX];
	size_t link_count;
	const struct calls_tally *tally; /* the kernel writes it */
	struct calls_maps maps;
	const struct bpf_map *processes, *cgroups, *mains;
	size_t processes_max;
};

static const struct {
	enum abi_arch_id arch;
} calls_arches[CALLS_ABIS] = { [CALLS_NATIVE] = { ABI_X86_64 }, [CALLS_I386] = { ABI_I386 }, [CALLS_X32] = { ABI_X32 } };

static int calls_follow_tree(struct calls *calls, pid_t pid, unsigned depth, struct callgate_error *err);

static int calls_silence(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

static __u32 calls_effect_of(const struct abi_syscall *syscall)
{
	switch (evidence_effect(syscall)) {
	case EVIDENCE_EXEC:
		return CALLS_EXEC;
	case EVIDENCE_REMAP:
		return CALLS_REMAP;
	case EVIDENCE_WAIT:
		return CALLS_WAIT;
	case EVIDENCE_FILTER:
		return strcmp(syscall->name, "prctl") == 0 ? CALLS_PRCTL : CALLS_SECCOMP;
	case EVIDENCE_NO_EFFECT:
	case EVIDENCE_EXIT_THREAD:
	case EVIDENCE_EXIT_PROCESS:
	case EVIDENCE_HANDLER:
	case EVIDENCE_RESTORE:
	case EVIDENCE_TRACER:
		break;
	}
	return CALLS_PLAIN;
}

static void calls_fill_row(struct calls_row *row, const struct abi_syscall *syscall, enum abi_arch_id arch)
{
	struct abi_arg types[6];
	unsigned count = abi_syscall_args(syscall, arch, types);

	row->effect = calls_effect_of(syscall);
	for (unsigned i = 0; i < count; i++) {
		if (!evidence_keeps(&types[i]))
			continue;
		row->keeps[i] = UINT64_MAX >> (64 - types[i].bits);
		row->descriptors |= (types[i].kind == ABI_ARG_DESCRIPTOR) << i;
	}
}

static void calls_fill_facts(struct calls_facts *facts, const struct calls_spec *spec)
{
	facts->secret = spec->secret;
	facts->processes_max = spec->processes_max;
	facts->by_cgroup = spec->cgroup != NULL;
	for (size_t abi = 0; abi < CALLS_ABIS; abi++) {
		const struct abi_arch *arch = abi_arch(calls_arches[abi].arch);

		for (uint32_t nr = 0; nr < CALLS_NRS; nr++) {
			const struct abi_syscall *syscall = abi_syscall_by_nr(arch->id, arch->nr_base + nr);

			if (syscall)
				calls_fill_row(&facts->rows[abi][nr], syscall, arch->id);
		}
	}
}

/* The capabilities that are missing, as text; "" when none is. */
static const char *calls_missing_privilege(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	bool bpf, perfmon;

	if (syscall(SYS_capget, &header, data) < 0)
		return "";
	bpf = data[CAP_TO_INDEX(CAP_BPF)].effective & CAP_TO_MASK(CAP_BPF);
	perfmon = data[CAP_TO_INDEX(CAP_PERFMON)].effective & CAP_TO_MASK(CAP_PERFMON);
	if (data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective & CAP_TO_MASK(CAP_SYS_ADMIN) || (bpf && perfmon))
		return "";
	if (bpf || perfmon)
		return bpf ? "CAP_PERFMON" : "CAP_BPF";
	return "CAP_BPF and CAP_PERFMON";
}

/* Whether the recorder can work here, as far as can be told before it is tried. */
static int calls_check(struct callgate_error *err)
{
	const char *missing = calls_missing_privilege();
	int status;

	if (abi_arch_native()->id != ABI_X86_64)
		return fail(err, CALLGATE_E_UNSUPPORTED, "the recorder in the kernel is written for x86_64 alone");
	if (*missing) {
		status = fail(err, CALLGATE_E_UNSUPPORTED, "recording in the kernel needs %s, which this process lacks",
			      missing);
		error_hint(err, "run it as root, or with CAP_BPF and CAP_PERFMON");
		return status;
	}
	if (access("/sys/kernel/btf/vmlinux", R_OK) < 0) {
		status = fail(err, CALLGATE_E_UNSUPPORTED,
			      "this kernel does not describe itself: there is no /sys/kernel/btf/vmlinux");
		error_hint(err, "it takes a kernel with CONFIG_DEBUG_INFO_BTF, and /sys mounted");
		return status;
	}
	return CALLGATE_OK;
}

static int calls_refused(int error, const char *what, struct callgate_error *err)
{
	int status;

	if (error == ENOMEM)
		return fail_nomem(err);
	status = fail(err, CALLGATE_E_UNSUPPORTED, "the kernel does not %s: %s", what, strerror(error));
	error_hint(err, error == EPERM ? "a user namespace's privilege is not enough, and a kernel in lockdown refuses"
				       : "it takes Linux 5.17 or newer, with BPF");
	return status;
}

static const struct bpf_map *calls_map(const struct calls *calls, const char *name, int *ret_fd)
{
	const struct bpf_map *map = bpf_object__find_map_by_name(calls->object, name);

	if (map && ret_fd)
		*ret_fd = bpf_map__fd(map);
	return map;
}

static int calls_find_maps(struct calls *calls, struct callgate_error *err)
{
	const struct bpf_map *tally = calls_map(calls, ".bss", NULL);
	void *shared;

	calls->processes = calls_map(calls, "processes", NULL);
	calls->cgroups = calls_map(calls, "cgroups", NULL);
	calls->mains = calls_map(calls, "mains", NULL);
	if (!tally || bpf_map__value_size(tally) != sizeof(*calls->tally) || !calls->processes || !calls->cgroups ||
	    !calls->mains || !calls_map(calls, "calls", &calls->maps.calls) ||
	    !calls_map(calls, "totals", &calls->maps.totals) || !calls_map(calls, "errors", &calls->maps.errors) ||
	    !calls_map(calls, "files", &calls->maps.files) || !calls_map(calls, "times", &calls->maps.times))
		return fail(err, CALLGATE_E_INVALID, "the recorder is not the one that this Callgate was built with");
	shared = mmap(NULL, sizeof(*calls->tally), PROT_READ, MAP_SHARED, bpf_map__fd(tally), 0);
	if (shared == MAP_FAILED)
		return fail_errno(err, "cannot look at the recorder's tally");
	calls->tally = shared;
	return CALLGATE_OK;
}

/* Writes what the recorder may know into its constants. */
static int calls_instruct(struct calls *calls, const struct calls_spec *spec, struct callgate_error *err)
{
	cleanup_free struct calls_facts *facts = calloc(1, sizeof(*facts));
	struct bpf_map *map = bpf_object__find_map_by_name(calls->object, ".rodata.facts");

	if (!facts)
		return fail_nomem(err);
	calls_fill_facts(facts, spec);
	if (!map || bpf_map__set_initial_value(map, facts, sizeof(*facts)) < 0)
		return fail(err, CALLGATE_E_INVALID, "the recorder is not the one that this Callgate was built with");
	return CALLGATE_OK;
}

static void calls_limit(struct calls *calls, const char *name, size_t max)
{
	struct bpf_map *map = bpf_object__find_map_by_name(calls->object, name);

	if (map && max)
		bpf_map__set_max_entries(map, (__u32)max);
}

static int calls_load(struct calls *calls, const struct calls_spec *spec, struct callgate_error *err)
{
	const struct bpf_object_open_opts options = { .sz = sizeof(options), .object_name = "callgate" };
	int status, error;

	calls->object = bpf_object__open_mem(calls_object, sizeof(calls_object), &options);
	if (!calls->object)
		return calls_refused(errno, "take the recorder", err);
	status = calls_instruct(calls, spec, err);
	if (status < 0)
		return status;
	calls_limit(calls, "calls", spec->keys_max);
	calls_limit(calls, "totals", spec->totals_max);
	error = bpf_object__load(calls->object);
	if (error < 0)
		return calls_refused(-error, "take the recorder", err);
	return calls_find_maps(calls, err);
}

/* A process is named to the kernel by its pidfd. */
static int calls_set_state(const struct calls *calls, pid_t pid, enum calls_state state)
{
	struct calls_process process = { .state = state, .phase = CALLS_START };
	cleanup_fd int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (pidfd < 0)
		return -errno;
	return bpf_map__update_elem(calls->processes, &pidfd, sizeof(pidfd), &process, sizeof(process), BPF_NOEXIST);
}

int calls_reach_main(const struct calls *calls, pid_t pid, struct callgate_error *err)
{
	const __u32 yes = 1;
	cleanup_fd int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (pidfd < 0 || bpf_map__update_elem(calls->mains, &pidfd, sizeof(pidfd), &yes, sizeof(yes), BPF_ANY) < 0)
		return fail_errno(err, "cannot tell the recorder that main of process %d begins", (int)pid);
	return CALLGATE_OK;
}

static int calls_set_cgroup(struct calls *calls, const char *cgroup, struct callgate_error *err)
{
	cleanup_fd int fd = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	__u32 zero = 0;
	int status;

	if (fd < 0)
		return fail_errno(err, "cannot open the cgroup '%s'", cgroup);
	if (bpf_map__update_elem(calls->cgroups, &zero, sizeof(zero), &fd, sizeof(fd), BPF_ANY) < 0) {
		status = fail(err, CALLGATE_E_INVALID, "'%s' is no folder of cgroup 2", cgroup);
		error_hint(err, "those lie under /sys/fs/cgroup, or under /sys/fs/cgroup/unified");
		return status;
	}
	if (calls_set_state(calls, getpid(), CALLS_LEFT_OUT) < 0)
		return fail(err, CALLGATE_E_OS, "the recorder cannot leave itself out");
	return CALLGATE_OK;
}

static int calls_attach(struct calls *calls, struct callgate_error *err)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, calls->object)
	{
		struct bpf_link *link = calls->link_count < CALLS_LINKS_MAX ? bpf_program__attach(program) : NULL;

		if (!link)
			return calls_refused(errno, "attach the recorder", err);
		calls->programs[calls->link_count] = program;
		calls->links[calls->link_count++] = link;
	}
	return CALLGATE_OK;
}

static void calls_discard(struct calls **calls)
{
	calls_free(*calls);
}

static int calls_begin(struct calls *calls, const struct calls_spec *spec, struct callgate_error *err)
{
	int status = calls_load(calls, spec, err);

	if (status == CALLGATE_OK && spec->cgroup)
		status = calls_set_cgroup(calls, spec->cgroup, err);
	return status == CALLGATE_OK ? calls_attach(calls, err) : status;
}

int calls_new(const struct calls_spec *spec, struct calls **ret_calls, struct callgate_error *err)
{
	cleanup(calls_discard) struct calls *calls = calloc(1, sizeof(*calls));
	libbpf_print_fn_t speaker;
	int status;

	if (!calls)
		return fail_nomem(err);
	status = calls_check(err);
	if (status < 0)
		return status;
	calls->processes_max = spec->processes_max;
	speaker = libbpf_set_print(calls_silence);
	status = calls_begin(calls, spec, err);
	libbpf_set_print(speaker);
	if (status == CALLGATE_OK)
		*ret_calls = take_ptr(calls);
	return status;
}

/* Follows the children of one thread, and theirs. The kernel follows those that they start from now on. */
static int calls_follow_children(struct calls *calls, pid_t pid, const char *thread, unsigned depth,
				 struct callgate_error *err)
{
	cleanup(buf_fini) struct buf text = { 0 };
	struct callgate_error unreadable;
	char path[64];
	int status = CALLGATE_OK;

	snprintf(path, sizeof(path), "/proc/%d/task/%.16s/children", (int)pid, thread);
	/* A thread that has ended has none. */
	if (file_read(path, CALLS_CHILDREN_MAX, &text, &unreadable) < 0 || !text.length)
		return CALLGATE_OK;
	for (char *at = text.data; status == CALLGATE_OK && strchr(at, ' '); at = strchr(at, ' ') + 1) {
		status = calls_follow_tree(calls, (pid_t)strtol(at, NULL, 10), depth + 1, err);
		if (status == CALLGATE_E_NOT_FOUND)
			status = CALLGATE_OK;
	}
	return status;
}

static void calls_close_folder(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}

static int calls_follow_tree(struct calls *calls, pid_t pid, unsigned depth, struct callgate_error *err)
{
	cleanup(calls_close_folder) DIR *threads = NULL;
	const struct dirent *thread;
	char path[32];
	int error = calls_set_state(calls, pid, CALLS_FOLLOWED), status = CALLGATE_OK;

	if (error == -ESRCH)
		return fail(err, CALLGATE_E_NOT_FOUND, "there is no process %d any more", (int)pid);
	if (error == -EINVAL || error == -ENOENT)
		return fail(err, CALLGATE_E_INVALID, "%d is a thread, no process", (int)pid);
	if (error < 0 && error != -EEXIST) {
		errno = -error;
		return fail_errno(err, "cannot follow process %d", (int)pid);
	}
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	threads = depth < CALLS_FAMILY_DEPTH ? opendir(path) : NULL;
	while (threads && status == CALLGATE_OK && (thread = readdir(threads)))
		if (thread->d_name[0] != '.')
			status = calls_follow_children(calls, pid, thread->d_name, depth, err);
	return status;
}

int calls_follow(struct calls *calls, pid_t pid, struct callgate_error *err)
{
	return calls_follow_tree(calls, pid, 0, err);
}

static void calls_detach(struct calls *calls)
{
	while (calls->link_count > 0)
		bpf_link__destroy(calls->links[--calls->link_count]);
}

/* How often the kernel passed over a program of ours because it ran already on that CPU. */
static uint64_t calls_missed(const struct calls *calls)
{
	uint64_t missed = 0;

	for (size_t i = 0; i < calls->link_count; i++) {
		struct bpf_prog_info info = { 0 };
		union bpf_attr ask = { 0 };

		ask.info.bpf_fd = (__u32)bpf_program__fd(calls->programs[i]);
		ask.info.info_len = sizeof(info);
		ask.info.info = (uintptr_t)&info;
		if (syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &ask, sizeof(ask)) == 0)
			missed += info.recursion_misses;
	}
	return missed;
}

static int calls_check_tally(const struct calls *calls, uint64_t missed, struct callgate_error *err)
{
	const struct calls_tally *tally = calls->tally;
	uint64_t lost = tally->lost_calls + tally->lost_forks + tally->lost_files + tally->lost_errors + missed;
	int status;

	if (tally->too_many) {
		status = fail(err, CALLGATE_E_LIMIT, "the target has more than %zu processes at once",
			      calls->processes_max);
		error_hint(err, "a program that needs more of them can be given more with --processes");
		return status;
	}
	if (!lost)
		return CALLGATE_OK;
	status = fail(err, CALLGATE_E_UNPROVED,
		      "the recording has gaps: the kernel could not count %llu calls, %llu processes, %llu files, %llu "
		      "errors, and passed over %llu",
		      (unsigned long long)tally->lost_calls, (unsigned long long)tally->lost_forks,
		      (unsigned long long)tally->lost_files, (unsigned long long)tally->lost_errors,
		      (unsigned long long)missed);
	error_hint(err, "--recorder trace has no such limits");
	return status;
}

int calls_finish(struct calls *calls, struct evidence *evidence, struct callgate_error *err)
{
	uint64_t missed = calls_missed(calls);
	int status;

	calls_detach(calls);
	status = calls_check_tally(calls, missed, err);
	if (status == CALLGATE_OK)
		status = calls_read(&calls->maps, evidence, err);
	if (status < 0)
		return status;
	evidence->blind.own_filters += calls->tally->own_filters;
	return CALLGATE_OK;
}

void calls_free(struct calls *calls)
{
	if (!calls)
		return;
	calls_detach(calls);
	if (calls->tally)
		munmap((void *)(uintptr_t)calls->tally, sizeof(*calls->tally));
	bpf_object__close(calls->object);
	free(calls);
}
