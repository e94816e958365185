/*
 * The notes of a core file tell the thread that the signal hit (it comes first), its registers, the signal's own words
 * (siginfo_t: which call of which arch) and what was mapped from where; the segments hold the memory that the call's
 * pointers named. elf(5), core(5), and Linux's fs/binfmt_elf.c for NT_FILE.
 */
#include "abi/abi.h"
#include "backtrace/frames.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "event/event.h"
#include "launch/decode.h"

#include <callgate/monitor.h>

#include <fcntl.h>
#include <gelf.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/stat.h>
#include <sys/user.h>

/* An event and the frames that it points to. */
struct core_event {
	struct callgate_event event;
	struct callgate_frame frames[CALLGATE_EVENT_FRAMES_MAX];
};

struct core {
	int fd;
	Elf *elf;
	Dwfl *dwfl;
	size_t segments;
	bool has_thread, has_signal;
	prstatus_t thread; /* of the one that was hit */
	siginfo_t signal;
	int process;	     /* the number of its process; 0: not known */
	uint64_t headers_at; /* of the program, in its memory; 0: not known */
};

#ifdef __x86_64__

enum { SEGMENTS_MAX = 65536, NOTES_MAX = 16 << 20, SYSCALL_SIGNAL_CODE = 1 /* SYS_SECCOMP */ };

static void core_end(struct core *core)
{
	frames_close(&core->dwfl);
	if (core->elf)
		elf_end(core->elf);
}

/* Memory as it was: what the core holds, and what nobody could write to. */
static size_t core_read(void *context, uint64_t address, void *ret_bytes, size_t length)
{
	const struct core *core = context;
	GElf_Phdr segment;

	for (size_t i = 0; i < core->segments; i++) {
		uint64_t into, room;
		ssize_t got;

		if (!gelf_getphdr(core->elf, (int)i, &segment) || segment.p_type != PT_LOAD ||
		    address < segment.p_vaddr || address - segment.p_vaddr >= segment.p_filesz)
			continue;
		into = address - segment.p_vaddr;
		room = segment.p_filesz - into;
		if (segment.p_offset > INT64_MAX - into)
			return 0;
		got = pread(core->fd, ret_bytes, length < room ? length : (size_t)room,
			    (off_t)(segment.p_offset + into));
		return got > 0 ? (size_t)got : 0;
	}
	return frames_read_file(core->dwfl, address, ret_bytes, length);
}

static void take_auxiliary(const unsigned char *bytes, size_t size, struct core *core)
{
	uint64_t pair[2];

	for (size_t at = 0; at + sizeof(pair) <= size; at += sizeof(pair)) {
		memcpy(pair, bytes + at, sizeof(pair));
		if (pair[0] == 3 /* AT_PHDR */)
			core->headers_at = pair[1];
	}
}

/* "COUNT PAGE", COUNT times "START END OFFSET", the names: which file the program is. */
static void take_files(const unsigned char *bytes, size_t size, const struct core *core, char *program, size_t room)
{
	uint64_t count, range[3];
	const char *name, *end = (const char *)bytes + size;

	if (size < 16 || size > NOTES_MAX)
		return;
	memcpy(&count, bytes, sizeof(count));
	if (count > (size - 16) / sizeof(range))
		return;
	name = (const char *)bytes + 16 + count * sizeof(range);
	for (uint64_t i = 0; i < count && name < end; i++) {
		size_t length = strnlen(name, (size_t)(end - name));

		memcpy(range, bytes + 16 + i * sizeof(range), sizeof(range));
		if (core->headers_at >= range[0] && core->headers_at < range[1]) {
			snprintf(program, room, "%.*s", (int)(length < room ? length : room - 1), name);
			event_clean(program);
			return;
		}
		name += length + 1;
	}
}

static void take_note(unsigned type, const unsigned char *bytes, size_t size, struct core *core)
{
	if (type == NT_PRSTATUS && !core->has_thread && size >= sizeof(core->thread)) {
		memcpy(&core->thread, bytes, sizeof(core->thread));
		core->has_thread = true;
	} else if (type == NT_SIGINFO && !core->has_signal && size >= sizeof(core->signal)) {
		memcpy(&core->signal, bytes, sizeof(core->signal));
		core->has_signal = true;
	} else if (type == NT_PRPSINFO && size >= sizeof(prpsinfo_t)) {
		prpsinfo_t process;

		memcpy(&process, bytes, sizeof(process));
		core->process = process.pr_pid;
	} else if (type == NT_AUXV) {
		take_auxiliary(bytes, size, core);
	}
}

/* Twice: where the program's headers are is told behind, or before, what was mapped there. */
static void read_notes(struct core *core, bool finds_program, char *program, size_t room)
{
	for (size_t i = 0; i < core->segments; i++) {
		GElf_Phdr segment;
		Elf_Data *data;
		size_t at = 0, next, name, description;
		GElf_Nhdr note;

		if (!gelf_getphdr(core->elf, (int)i, &segment) || segment.p_type != PT_NOTE ||
		    segment.p_filesz > NOTES_MAX)
			continue;
		data = elf_getdata_rawchunk(core->elf, (int64_t)segment.p_offset, segment.p_filesz, ELF_T_NHDR);
		while (data && (next = gelf_getnote(data, at, &note, &name, &description)) > 0) {
			const unsigned char *bytes = (const unsigned char *)data->d_buf + description;

			if (!finds_program)
				take_note(note.n_type, bytes, note.n_descsz, core);
			else if (note.n_type == NT_FILE)
				take_files(bytes, note.n_descsz, core, program, room);
			at = next;
		}
	}
}

static int open_core(int fd, const char *name, struct core *core, struct callgate_error *err)
{
	GElf_Ehdr header;

	elf_version(EV_CURRENT);
	core->fd = fd;
	core->elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!core->elf || elf_kind(core->elf) != ELF_K_ELF || !gelf_getehdr(core->elf, &header) ||
	    header.e_type != ET_CORE)
		return fail(err, CALLGATE_E_UNKNOWN, "'%s' is no core file", name);
	if (header.e_machine != EM_X86_64 || header.e_ident[EI_CLASS] != ELFCLASS64)
		return fail(err, CALLGATE_E_UNSUPPORTED, "'%s' is the core file of another machine", name);
	if (elf_getphdrnum(core->elf, &core->segments) != 0 || core->segments > SEGMENTS_MAX)
		return fail(err, CALLGATE_E_SYNTAX, "'%s' has no segments that could be read", name);
	read_notes(core, false, NULL, 0);
	if (!core->has_thread || !core->has_signal)
		return fail(err, CALLGATE_E_SYNTAX, "'%s' does not say what ended it", name);
	if (core->signal.si_signo != SIGSYS || core->signal.si_code != SYSCALL_SIGNAL_CODE)
		return fail(err, CALLGATE_E_UNKNOWN, "'%s' was ended by signal %d, and by no filter", name,
			    core->signal.si_signo);
	return CALLGATE_OK;
}

/* user_regs_struct, in DWARF's order. */
static void take_registers(const struct user_regs_struct *from, uint64_t to[CALLGATE_REGISTERS])
{
	const uint64_t registers[CALLGATE_REGISTERS] = { from->rax, from->rdx, from->rcx, from->rbx, from->rsi,
							 from->rdi, from->rbp, from->rsp, from->r8,  from->r9,
							 from->r10, from->r11, from->r12, from->r13, from->r14,
							 from->r15, from->rip };

	memcpy(to, registers, sizeof(registers));
}

static void take_call(struct core *core, struct callgate_refusal *refusal)
{
	const struct decode_memory memory = { core_read, core };
	struct tracer_call call = { .audit = core->signal.si_arch, .nr = (uint32_t)core->signal.si_syscall };
	cleanup(buf_fini) struct buf text = { 0 };
	struct user_regs_struct from;

	memcpy(&from, &core->thread.pr_reg, sizeof(from));
	call.ip = from.rip;
	if (call.audit == AUDIT_ARCH_X86_64)
		memcpy(call.args, (const uint64_t[]){ from.rdi, from.rsi, from.rdx, from.r10, from.r8, from.r9 },
		       sizeof(call.args));
	else
		memcpy(call.args,
		       (const uint64_t[]){ (uint32_t)from.rbx, (uint32_t)from.rcx, (uint32_t)from.rdx,
					   (uint32_t)from.rsi, (uint32_t)from.rdi, (uint32_t)from.rbp },
		       sizeof(call.args));
	event_name_call(call.audit, call.nr, call.args, refusal);
	decode_call_from(&text, &memory, &call);
	snprintf(refusal->call, sizeof(refusal->call), "%s", buf_text(&text));
	refusal->ip = call.ip;
	refusal->has_registers = true;
	take_registers(&from, refusal->registers);
}

static void take_rest(const struct core *core, struct callgate_refusal *refusal)
{
	struct stat status;

	refusal->tid = core->thread.pr_pid;
	refusal->pid = core->process ? core->process : core->thread.pr_pid;
	refusal->outcome = CALLGATE_OUTCOME_ENDED;
	refusal->seen_by = CALLGATE_SEEN_IN_CORE;
	refusal->explanation.action.ret = SECCOMP_RET_KILL_PROCESS;
	strcpy(refusal->explanation.reason,
	       "SIGSYS ended it: it was killed or trapped, which a core file does not tell");
	if (fstat(core->fd, &status) == 0)
		refusal->time_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
}

int callgate_core_read(int fd, const char *name, struct callgate_event **ret_event, struct callgate_error *err)
{
	cleanup(core_end) struct core core = { .fd = fd };
	cleanup_free struct core_event *found = calloc(1, sizeof(*found));
	struct callgate_refusal *refusal;
	int status;

	if (!found)
		return fail_nomem(err);
	refusal = &found->event.refusal;
	status = open_core(fd, name, &core, err);
	if (status == CALLGATE_OK)
		status = frames_open_core(core.elf, &core.dwfl, err);
	if (status != CALLGATE_OK)
		return status;
	found->event.frame_count =
		frames_of_core(core.dwfl, core.thread.pr_pid, found->frames, CALLGATE_EVENT_FRAMES_MAX);
	found->event.frames = found->frames;
	read_notes(&core, true, refusal->program, sizeof(refusal->program));
	take_call(&core, refusal);
	take_rest(&core, refusal);
	for (size_t i = 0; i < found->event.frame_count; i++)
		if (strcmp(found->frames[i].module, refusal->program) == 0)
			memcpy(refusal->build_id, found->frames[i].build_id, sizeof(refusal->build_id));
	*ret_event = &take_ptr(found)->event;
	return CALLGATE_OK;
}

#else

int callgate_core_read(int fd, const char *name, struct callgate_event **ret_event, struct callgate_error *err)
{
	(void)fd;
	(void)ret_event;
	return fail(err, CALLGATE_E_UNSUPPORTED, "'%s': core files are read on x86-64 only", name);
}

#endif
