/*
 * elfutils walks the frames: by each module's .eh_frame, which all that a compiler made has, stripped or not. Memory is
 * read from the process as it is needed; a page that cannot be read ends the walk.
 */
#include "backtrace/files.h"
#include "backtrace/frames.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <callgate/backtrace.h>

#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

struct callgate_backtrace {
	pid_t pid;
	struct files files;
};

int callgate_backtrace_open(int pid, struct callgate_backtrace **ret_backtrace, struct callgate_error *err)
{
	struct callgate_backtrace *backtrace = calloc(1, sizeof(*backtrace));
	int status;

	if (!backtrace)
		return fail_nomem(err);
	backtrace->pid = pid;
	status = files_open(&backtrace->files, pid, err);
	if (status == CALLGATE_OK)
		*ret_backtrace = backtrace;
	else
		callgate_backtrace_free(backtrace);
	return status;
}

void callgate_backtrace_free(struct callgate_backtrace *backtrace)
{
	if (!backtrace)
		return;
	files_close(&backtrace->files);
	free(backtrace);
}

#ifdef __x86_64__

struct walk {
	pid_t pid, tid;
	const uint64_t *registers;
};

static pid_t walk_next_thread(Dwfl *dwfl, void *context, void **thread)
{
	struct walk *walk = context;

	(void)dwfl;
	if (*thread)
		return 0;
	*thread = walk;
	return walk->tid;
}

static bool walk_get_thread(Dwfl *dwfl, pid_t tid, void *context, void **thread)
{
	struct walk *walk = context;

	(void)dwfl;
	*thread = walk;
	return tid == walk->tid;
}

static bool walk_read(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *ret_word, void *context)
{
	const struct walk *walk = context;
	struct iovec ours = { ret_word, sizeof(*ret_word) }, theirs = { (void *)(uintptr_t)address, sizeof(*ret_word) };

	(void)dwfl;
	return process_vm_readv(walk->pid, &ours, 1, &theirs, 1, 0) == (ssize_t)sizeof(*ret_word);
}

static bool walk_set_registers(Dwfl_Thread *thread, void *context)
{
	const struct walk *walk = context;

	return dwfl_thread_state_registers(thread, 0, CALLGATE_REGISTERS, walk->registers);
}

static const Dwfl_Thread_Callbacks walk_callbacks = {
	.next_thread = walk_next_thread,
	.get_thread = walk_get_thread,
	.memory_read = walk_read,
	.set_initial_registers = walk_set_registers,
};

/* Where they are mapped; dwfl takes the descriptors of those that it reads. */
static void report_files(Dwfl *dwfl, struct files *files)
{
	dwfl_report_begin(dwfl);
	for (size_t i = 0; i < files->length; i++) {
		struct file *file = &files->items[i];

		if (dwfl_report_elf(dwfl, file->path, file->path, file->fd, file->start, false))
			file->fd = -1;
	}
	dwfl_report_end(dwfl, NULL, NULL);
}

int callgate_backtrace_walk(struct callgate_backtrace *backtrace, int tid, const uint64_t registers[CALLGATE_REGISTERS],
			    struct callgate_frame *frames, size_t limit, size_t *ret_count, struct callgate_error *err)
{
	static char *debug_folders = NULL;
	static const Dwfl_Callbacks callbacks = { .find_debuginfo = frames_find_debuginfo,
						  .debuginfo_path = &debug_folders };
	cleanup(frames_close) Dwfl *dwfl = dwfl_begin(&callbacks);
	uint64_t ip = registers[CALLGATE_REGISTERS - 1];
	struct walk walk = { backtrace->pid, tid, registers };
	struct frames walked = { dwfl, frames, limit, 0 };

	if (!dwfl)
		return fail_nomem(err);
	report_files(dwfl, &backtrace->files);
	if (dwfl_attach_state(dwfl, NULL, backtrace->pid, &walk_callbacks, &walk))
		dwfl_getthread_frames(dwfl, tid, frames_collect, &walked);
	/* Where not one file could be read there is nothing to walk by. */
	if (!walked.count && limit) {
		frames[0] = (struct callgate_frame){ .address = ip, .offset = ip };
		walked.count = 1;
	}
	*ret_count = walked.count;
	return CALLGATE_OK;
}

#else

int callgate_backtrace_walk(struct callgate_backtrace *backtrace, int tid, const uint64_t registers[CALLGATE_REGISTERS],
			    struct callgate_frame *frames, size_t limit, size_t *ret_count, struct callgate_error *err)
{
	(void)backtrace;
	(void)tid;
	(void)registers;
	(void)frames;
	(void)limit;
	(void)ret_count;
	return fail(err, CALLGATE_E_UNSUPPORTED, "backtraces are read on x86-64 only");
}

#endif
