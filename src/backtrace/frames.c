/*
 * What is said of one frame, and where debugging data is looked for: the same for a live process and for a core file.
 */
#include "backtrace/frames.h"

#include <stdio.h>

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

int frames_collect(Dwfl_Frame *state, void *context)
{
	struct frames *frames = context;
	struct callgate_frame *frame = &frames->items[frames->count];
	Dwarf_Addr looked_up;
	Dwfl_Module *module;
	Dwarf_Addr pc;
	bool is_activation;

	if (frames->count == frames->limit || !dwfl_frame_pc(state, &pc, &is_activation))
		return DWARF_CB_ABORT;
	*frame = (struct callgate_frame){ .address = pc, .offset = pc };
	frames->count++;
	looked_up = is_activation ? pc : pc - 1;
	module = dwfl_addrmodule(frames->dwfl, looked_up);
	if (module)
		name_frame(module, looked_up, frame);
	return DWARF_CB_OK;
}

void frames_close(Dwfl **dwfl)
{
	if (*dwfl)
		dwfl_end(*dwfl);
}

int frames_find_debuginfo(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, const char *path,
			  const char *link, GElf_Word crc, char **ret_path)
{
	(void)path;
	(void)link;
	(void)crc;
	return dwfl_build_id_find_debuginfo(module, userdata, name, base, NULL, NULL, 0, ret_path);
}
