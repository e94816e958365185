/*
 * The same walk in a core file, which holds the stack and what was written to; the rest is read from the files that
 * were mapped, where these still have the same build-id.
 */
#include "backtrace/frames.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <gelf.h>
#include <string.h>

int frames_open_core(Elf *core, Dwfl **ret_dwfl, struct callgate_error *err)
{
	static char *debug_folders = NULL;
	static const Dwfl_Callbacks callbacks = { .find_elf = dwfl_build_id_find_elf,
						  .find_debuginfo = frames_find_debuginfo,
						  .debuginfo_path = &debug_folders };
	Dwfl *dwfl = dwfl_begin(&callbacks);

	if (!dwfl)
		return fail_nomem(err);
	/* Where it has no modules, or cannot be attached to, there are no frames, and the rest is told. */
	if (dwfl_core_file_report(dwfl, core, NULL) >= 0 && dwfl_report_end(dwfl, NULL, NULL) == 0)
		dwfl_core_file_attach(dwfl, core);
	*ret_dwfl = dwfl;
	return CALLGATE_OK;
}

size_t frames_of_core(Dwfl *dwfl, pid_t tid, struct callgate_frame *items, size_t limit)
{
	struct frames frames = { .dwfl = dwfl, .items = items, .limit = limit };

	dwfl_getthread_frames(dwfl, tid, frames_collect, &frames);
	return frames.count;
}

size_t frames_read_file(Dwfl *dwfl, uint64_t address, void *ret_bytes, size_t length)
{
	Dwfl_Module *module = dwfl_addrmodule(dwfl, address);
	GElf_Addr bias = 0;
	Elf *file = module ? dwfl_module_getelf(module, &bias) : NULL;
	size_t count = 0;

	if (!file || elf_getphdrnum(file, &count) != 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t into, room;
		GElf_Phdr segment;
		Elf_Data *data;

		/* What can be written to may have been, and is in the core then. */
		if (!gelf_getphdr(file, (int)i, &segment) || segment.p_type != PT_LOAD || segment.p_flags & PF_W ||
		    address - bias < segment.p_vaddr || address - bias - segment.p_vaddr >= segment.p_filesz)
			continue;
		into = address - bias - segment.p_vaddr;
		room = segment.p_filesz - into;
		length = length < room ? length : (size_t)room;
		data = elf_getdata_rawchunk(file, (int64_t)(segment.p_offset + into), length, ELF_T_BYTE);
		if (!data)
			return 0;
		memcpy(ret_bytes, data->d_buf, length);
		return length;
	}
	return 0;
}
