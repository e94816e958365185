/*
 * backtrace/frames.h - frames that elfutils walks, as callgate_frame
 */
#ifndef CALLGATE_BACKTRACE_FRAMES_H
#define CALLGATE_BACKTRACE_FRAMES_H

#include <callgate/backtrace.h>

#include <elfutils/libdwfl.h>

struct frames {
	Dwfl *dwfl;
	struct callgate_frame *items;
	size_t limit, count;
};

/* For dwfl_getthread_frames(); context is a struct frames. */
int frames_collect(Dwfl_Frame *state, void *context);

/* Debugging data only by build-id, from the folders that Debian's packages put it in. */
int frames_find_debuginfo(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, const char *path,
			  const char *link, GElf_Word crc, char **ret_path);

/* For the cleanup attribute. */
void frames_close(Dwfl **dwfl);

/* A core file with what it lacks: the files that were mapped, where these still have the same build-id. The caller
 * frees *ret_dwfl with frames_close; core must live as long. Fails with E_NOMEM. */
int frames_open_core(Elf *core, Dwfl **ret_dwfl, struct callgate_error *err);

/* The frames of its thread tid; their number. */
size_t frames_of_core(Dwfl *dwfl, pid_t tid, struct callgate_frame *items, size_t limit);

/* Copies what such a file held at an address: the bytes that there are. */
size_t frames_read_file(Dwfl *dwfl, uint64_t address, void *ret_bytes, size_t length);

#endif
