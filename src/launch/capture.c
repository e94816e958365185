/*
 * A tracer stops the program at every call, reads what those that load filters are given while the thread waits, and
 * looks at their return: what the kernel refuses (a probe of its flags, a broken program) was not loaded.
 *
 * A filter that stopped only the calls in question would be faster by far, and seen: man-db loads none where
 * PR_GET_SECCOMP says that there is one already. What a program does when it is watched must be what it does.
 */
#include "abi/abi.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "bpf/bpf.h"
#include "kernel/tracer.h"
#include "launch/watch.h"

#include <callgate/capture.h>

#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PENDING_MAX = 64,    /* threads that load a filter at one moment */
	CAPTURED_MAX = 4096, /* different ones; more fails the capture */
};

/* Between the call and its return. */
struct pending {
	pid_t tid; /* 0: free */
	struct callgate_captured_filter filter;
};

struct callgate_captured {
	struct arena arena;
	struct {
		VEC(struct callgate_captured_filter);
	} filters;
};

struct capture {
	const struct callgate_capture_options *options;
	struct callgate_captured *captured;
	struct callgate_capture_report report;
	struct launch_target target;
	struct watch watch;
	struct pending pending[PENDING_MAX];
	int status; /* CALLGATE_OK, or why it ended early */
};

void callgate_captured_free(struct callgate_captured *captured)
{
	if (captured)
		arena_fini(&captured->arena);
	free(captured);
}

size_t callgate_captured_count(const struct callgate_captured *captured)
{
	return captured->filters.length;
}

const struct callgate_captured_filter *callgate_captured_at(const struct callgate_captured *captured, size_t index)
{
	return &captured->filters.items[index];
}

static void captured_free_pointer(struct callgate_captured **captured)
{
	callgate_captured_free(*captured);
}

static void give_up(struct capture *capture, int status)
{
	capture->status = status;
	watch_give_up(&capture->watch);
}

/* What the call would load: its sock_fprog and flags. False when it loads nothing. */
struct loading {
	bool strict;
	unsigned flags;
	uint64_t program; /* the address of the sock_fprog */
};

static bool read_loading(const struct tracer_call *call, const struct abi_arch **ret_arch, struct loading *ret_loading)
{
	const struct abi_arch *arch = abi_arch_of_call(call->audit, call->nr);
	const struct abi_syscall *syscall = arch ? abi_syscall_by_nr(arch->id, call->nr) : NULL;
	uint32_t first = (uint32_t)call->args[0], second = (uint32_t)call->args[1];

	if (!syscall)
		return false;
	*ret_arch = arch;
	*ret_loading = (struct loading){ .program = call->args[2] };
	if (strcmp(syscall->name, "seccomp") == 0) {
		ret_loading->strict = first == SECCOMP_SET_MODE_STRICT;
		ret_loading->flags = second;
		return ret_loading->strict || first == SECCOMP_SET_MODE_FILTER;
	}
	if (strcmp(syscall->name, "prctl") != 0 || first != PR_SET_SECCOMP)
		return false;
	ret_loading->strict = second == SECCOMP_MODE_STRICT;
	return ret_loading->strict || second == SECCOMP_MODE_FILTER;
}

/* A struct sock_fprog: a length, and an address of the arch's width behind it. False when it cannot be read. */
static bool read_program(struct capture *capture, pid_t tid, const struct abi_arch *arch, uint64_t address,
			 struct callgate_captured_filter *filter)
{
	bool is_wide = arch->pointer_bits == 64;
	unsigned char bytes[16] = { 0 };
	struct sock_filter *insns;
	uint64_t wide;
	uint32_t narrow;
	uint16_t length;
	size_t size = is_wide ? 16 : 8;

	if (tracer_read(tid, address, bytes, size) != size)
		return false;
	memcpy(&length, bytes, sizeof(length));
	memcpy(&narrow, bytes + 4, sizeof(narrow));
	memcpy(&wide, bytes + 8, sizeof(wide));
	if (length == 0 || length > BPF_MAXINSNS)
		return false;
	insns = arena_array(&capture->captured->arena, length, sizeof(*insns));
	if (!insns) {
		give_up(capture, CALLGATE_E_NOMEM);
		return false;
	}
	filter->insns = insns;
	filter->length = length;
	size = length * sizeof(*insns);
	return tracer_read(tid, is_wide ? wide : narrow, insns, size) == size;
}

/* The path of what the thread executes; NULL without memory. */
static const char *program_of(struct arena *arena, pid_t tid)
{
	char link[64], path[4096];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)tid);
	length = readlink(link, path, sizeof(path));
	return length > 0 ? arena_strndup(arena, path, (size_t)length) : arena_strdup(arena, "?");
}

/* The place of a thread's call; a call that never returned leaves one that is taken again. */
static struct pending *pending_of(struct capture *capture, pid_t tid)
{
	struct pending *free_one = &capture->pending[0];

	for (size_t i = 0; i < PENDING_MAX; i++) {
		if (capture->pending[i].tid == tid)
			return &capture->pending[i];
		if (capture->pending[i].tid == 0)
			free_one = &capture->pending[i];
	}
	return free_one;
}

static void capture_called(struct watch *watch, pid_t tid, const struct tracer_call *call)
{
	struct capture *capture = watch->context;
	struct callgate_captured_filter filter = { .pid = tid, .count = 1 };
	const struct abi_arch *arch;
	struct loading loading;
	struct pending *pending;

	if (!read_loading(call, &arch, &loading))
		return;
	filter.strict = loading.strict;
	filter.flags = loading.flags;
	if (!filter.strict && !read_program(capture, tid, arch, loading.program, &filter))
		return;
	filter.program = program_of(&capture->captured->arena, tid);
	if (!filter.program) {
		give_up(capture, CALLGATE_E_NOMEM);
		return;
	}
	pending = pending_of(capture, tid);
	*pending = (struct pending){ tid, filter };
}

static bool is_same_filter(const struct callgate_captured_filter *a, const struct callgate_captured_filter *b)
{
	return a->strict == b->strict && a->length == b->length && strcmp(a->program, b->program) == 0 &&
	       (a->length == 0 || memcmp(a->insns, b->insns, a->length * sizeof(*a->insns)) == 0);
}

static void keep(struct capture *capture, const struct callgate_captured_filter *filter)
{
	struct callgate_captured *captured = capture->captured;

	for (size_t i = 0; i < captured->filters.length; i++)
		if (is_same_filter(&captured->filters.items[i], filter)) {
			captured->filters.items[i].count++;
			return;
		}
	if (captured->filters.length == CAPTURED_MAX)
		give_up(capture, CALLGATE_E_LIMIT);
	else if (!VEC_PUSH(&captured->arena, &captured->filters, *filter))
		give_up(capture, CALLGATE_E_NOMEM);
	else if (captured->filters.length == capture->options->enough) {
		capture->report.ended_by_us = true;
		watch_give_up(&capture->watch);
	}
}

/* With TSYNC alone a positive result names the thread that could not follow; else it is the listener. */
static bool was_loaded(const struct callgate_captured_filter *filter, int64_t result)
{
	return result == 0 || (result > 0 && filter->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

/* Strict mode with flags is what libseccomp asks to learn whether there is a seccomp(2): nobody meant to load it. */
static void capture_returned(struct watch *watch, pid_t tid, int64_t result)
{
	struct capture *capture = watch->context;
	struct pending *pending = pending_of(capture, tid);

	if (pending->tid != tid)
		return;
	if (was_loaded(&pending->filter, result))
		keep(capture, &pending->filter);
	else if (!pending->filter.strict)
		capture->report.refused++;
	pending->tid = 0;
}

static int capture_start(struct capture *capture, struct callgate_error *err)
{
	struct launch_spec launch = {
		.argv = capture->options->argv,
		.envp = capture->options->environment,
		.die_with_parent = true,
		.signal_mask = &capture->watch.old_mask,
		.trace = true,
		.trace_execs = true,
	};
	int status = launch_spawn(&launch, &capture->target, err);

	if (status < 0)
		return status;
	if (!capture->target.traced) {
		status = fail(err, CALLGATE_E_UNSUPPORTED, "this process may not trace the program");
		error_hint(err, "an outer sandbox or a tracer forbids it: capture outside of it");
	}
	return status;
}

static int capture_run(struct capture *capture, struct callgate_error *err)
{
	struct launch_end end;
	int status = capture_start(capture, err);

	if (status == CALLGATE_OK)
		status = watch_target(&capture->watch, &end, err);
	if (status == CALLGATE_OK && capture->status == CALLGATE_E_NOMEM)
		return fail_nomem(err);
	if (status == CALLGATE_OK && capture->status < 0)
		return fail(err, capture->status, "the program loads more than %d different filters", CAPTURED_MAX);
	if (status == CALLGATE_OK) {
		capture->report.signalled = end.signalled;
		capture->report.status = end.status;
	}
	return status;
}

int callgate_capture(const struct callgate_capture_options *options, struct callgate_captured **ret_captured,
		     struct callgate_capture_report *ret_report, struct callgate_error *err)
{
	cleanup(captured_free_pointer) struct callgate_captured *captured = calloc(1, sizeof(*captured));
	struct capture capture = { .options = options, .captured = captured, .target = LAUNCH_TARGET_NONE };
	int status;

	if (!captured)
		return fail_nomem(err);
	capture.watch.target = &capture.target;
	capture.watch.lingers = options->lingers;
	capture.watch.called = capture_called;
	capture.watch.returned = capture_returned;
	capture.watch.by_step = true;
	capture.watch.context = &capture;
	status = watch_begin(&capture.watch, err);
	if (status < 0)
		return status;
	status = capture_run(&capture, err);
	launch_target_fini(&capture.target);
	watch_end(&capture.watch);
	if (status < 0)
		return status;
	*ret_report = capture.report;
	*ret_captured = take_ptr(captured);
	return CALLGATE_OK;
}
