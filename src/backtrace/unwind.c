/*
 * elfutils walks the frames: by each module's .eh_frame, which all that a compiler made has, stripped or not. Memory is
 * read from the process as it is needed; a page that cannot be read ends the walk.
 */
#include "backtrace/files.h"
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
	Dwfl *dwfl;
	struct callgate_frame *frames;
	size_t limit, count;
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

static void copy_text(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text ? text : "");
	for (; *to; to++)
		if (*to < ' ' || *to > '~')
			*to = '?';
}

static void name_build_id(Dwfl_Module *module, char text[41])
{
	const unsigned char *bytes;
	GElf_Addr address;
	int length = dwfl_module_build_id(module, &bytes, &address);

	for (int i = 0; i < length && i < 20; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

/* A return address may be the first byte of the next function: the call that is meant lies before it. */
static void name_frame(Dwfl_Module *module, Dwarf_Addr looked_up, struct callgate_frame *frame)
{
	Dwarf_Addr bias = 0;
	GElf_Off offset = 0;
	GElf_Sym symbol;
	Dwfl_Line *line = dwfl_module_getsrc(module, looked_up);
	const char *name = dwfl_module_addrinfo(module, looked_up, &offset, &symbol, NULL, NULL, NULL);
	int number = 0;

	copy_text(frame->module, sizeof(frame->module),
		  dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
	name_build_id(module, frame->build_id);
	if (dwfl_module_getelf(module, &bias))
		frame->offset = frame->address - bias;
	if (name) {
		copy_text(frame->symbol, sizeof(frame->symbol), name);
		frame->symbol_offset = offset + (frame->address - looked_up);
	}
	if (line) {
		copy_text(frame->file, sizeof(frame->file), dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL));
		frame->line = number > 0 ? (unsigned)number : 0;
	}
}

static int walk_frame(Dwfl_Frame *state, void *context)
{
	struct walk *walk = context;
	struct callgate_frame *frame = &walk->frames[walk->count];
	Dwarf_Addr looked_up;
	Dwfl_Module *module;
	Dwarf_Addr pc;
	bool is_activation;

	if (walk->count == walk->limit || !dwfl_frame_pc(state, &pc, &is_activation))
		return DWARF_CB_ABORT;
	*frame = (struct callgate_frame){ .address = pc, .offset = pc };
	walk->count++;
	looked_up = is_activation ? pc : pc - 1;
	module = dwfl_addrmodule(walk->dwfl, looked_up);
	if (module)
		name_frame(module, looked_up, frame);
	return DWARF_CB_OK;
}

static void dwfl_close(Dwfl **dwfl)
{
	if (*dwfl)
		dwfl_end(*dwfl);
}

/* Debugging data only by build-id, from the folders that Debian's packages put it in. */
static int find_debuginfo(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, const char *path,
			  const char *link, GElf_Word crc, char **ret_path)
{
	(void)path;
	(void)link;
	(void)crc;
	return dwfl_build_id_find_debuginfo(module, userdata, name, base, NULL, NULL, 0, ret_path);
}

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
	static const Dwfl_Callbacks callbacks = { .find_debuginfo = find_debuginfo, .debuginfo_path = &debug_folders };
	cleanup(dwfl_close) Dwfl *dwfl = dwfl_begin(&callbacks);
	uint64_t ip = registers[CALLGATE_REGISTERS - 1];
	struct walk walk = { backtrace->pid, tid, registers, dwfl, frames, limit, 0 };

	if (!dwfl)
		return fail_nomem(err);
	report_files(dwfl, &backtrace->files);
	if (dwfl_attach_state(dwfl, NULL, backtrace->pid, &walk_callbacks, &walk))
		dwfl_getthread_frames(dwfl, tid, walk_frame, &walk);
	/* Where not one file could be read there is nothing to walk by. */
	if (!walk.count && limit) {
		frames[0] = (struct callgate_frame){ .address = ip, .offset = ip };
		walk.count = 1;
	}
	*ret_count = walk.count;
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
