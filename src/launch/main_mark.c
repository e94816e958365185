/*
 * glibc and musl hand main on in the same registers, by the ABI of functions: main, the number of arguments, and where
 * those lie, which is the first thing on the stack that the kernel gave the program. All three together are nothing
 * that a program comes by otherwise, so no instruction has to be understood.
 */
#include "launch/main_mark.h"

#include "abi/abi.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	MARK_SEGMENTS_MAX = 64,
	MARK_CODES_MAX = 16,
	MARK_AUXV_MAX = 4096, /* the kernel gives some 40 pairs of words */
};

/* What is known of the program that a process executes. */
struct mark_program {
	uint64_t entry; /* where it lies in memory */
	struct steer_code codes[MARK_CODES_MAX];
	size_t code_count;
};

static int mark_fail(struct callgate_error *err, pid_t pid, const char *why)
{
	char link[32], path[256];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	length = readlink(link, path, sizeof(path) - 1);
	path[length > 0 ? length : 0] = '\0';
	return fail(err, CALLGATE_E_UNSUPPORTED, "'%s': %s", length > 0 ? path : "?", why);
}

static uint64_t mark_entry(pid_t pid)
{
	cleanup(buf_fini) struct buf bytes = { 0 };
	struct callgate_error ignored;
	char path[32];
	uint64_t pair[2];

	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)pid);
	if (file_read(path, MARK_AUXV_MAX, &bytes, &ignored) != CALLGATE_OK)
		return 0;
	for (size_t at = 0; at + sizeof(pair) <= bytes.length; at += sizeof(pair)) {
		memcpy(pair, bytes.data + at, sizeof(pair));
		if (pair[0] == AT_ENTRY)
			return pair[1];
	}
	return 0;
}

static void mark_add_code(struct mark_program *program, const Elf64_Phdr *segment, uint64_t bias)
{
	struct steer_code code = { bias + segment->p_vaddr, bias + segment->p_vaddr + segment->p_memsz };

	if (segment->p_type == PT_LOAD && segment->p_flags & PF_X && program->code_count < MARK_CODES_MAX)
		program->codes[program->code_count++] = code;
}

/* NULL, or why the file will not do. */
static const char *mark_read(int fd, pid_t pid, struct mark_program *program)
{
	Elf64_Phdr segments[MARK_SEGMENTS_MAX];
	Elf64_Ehdr head;
	size_t size;

	if (fd < 0)
		return "its file cannot be read";
	if (pread(fd, &head, sizeof(head), 0) != sizeof(head) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
	    head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_phentsize != sizeof(*segments))
		return "it is no program of this machine";
	size = head.e_phnum * sizeof(*segments);
	if (head.e_phnum > MARK_SEGMENTS_MAX || pread(fd, segments, size, (off_t)head.e_phoff) != (ssize_t)size)
		return "its headers are more than any program has";
	program->entry = mark_entry(pid);
	if (!program->entry)
		return "where it is entered cannot be read";
	for (size_t i = 0; i < head.e_phnum; i++)
		mark_add_code(program, &segments[i], program->entry - head.e_entry);
	return NULL;
}

static int mark_program(pid_t pid, struct mark_program *ret_program, struct callgate_error *err)
{
	struct mark_program program = { .entry = 0 };
	cleanup_fd int fd = -1;
	const char *why;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	why = mark_read(fd, pid, &program);
	if (why)
		return mark_fail(err, pid, why);
	*ret_program = program;
	return CALLGATE_OK;
}

int main_mark_begin(pid_t pid, struct main_mark *ret_mark, struct callgate_error *err)
{
	struct main_mark mark = { .main = { 0 } };
	struct mark_program program;
	int status = mark_program(pid, &program, err);
	int error;

	if (status < 0)
		return status;
	error = steer_stop_at(pid, program.entry, &mark.entry);
	if (error == -ENOSYS)
		return fail(err, CALLGATE_E_UNSUPPORTED, "on this machine a program's main is not found");
	if (error < 0)
		return mark_fail(err, pid, "it cannot be stopped where it is entered");
	*ret_mark = mark;
	return CALLGATE_OK;
}

static enum main_mark_step mark_walk(pid_t tid, struct main_mark *mark, struct callgate_error *err)
{
	struct mark_program program;
	uint64_t at;
	int error;

	if (steer_take_out(tid, &mark->entry) < 0 || mark_program(tid, &program, err) < 0) {
		mark_fail(err, tid, "it cannot be watched from where it is entered");
		return MAIN_MARK_UNKNOWN;
	}
	error = steer_to_main(tid, program.codes, program.code_count, &at);
	if (error == -ESRCH)
		return MAIN_MARK_LEFT;
	if (error == 0)
		error = steer_stop_at(tid, at, &mark->main);
	if (error < 0) {
		mark_fail(err, tid, "it has no main that a C library is told of");
		error_hint(err, "programs of the C libraries glibc and musl have one, whatever they are written in; a "
				"call can be the mark of all others: `phase NAME at SYSCALL`");
		return MAIN_MARK_UNKNOWN;
	}
	return MAIN_MARK_COMING;
}

enum main_mark_step main_mark_trapped(pid_t tid, struct main_mark *mark, struct callgate_error *err)
{
	if (steer_is_at(tid, &mark->entry))
		return mark_walk(tid, mark, err);
	if (!steer_is_at(tid, &mark->main))
		return MAIN_MARK_NOT_HERE;
	if (steer_take_out(tid, &mark->main) == 0)
		return MAIN_MARK_REACHED;
	mark_fail(err, tid, "its main cannot be put back as it was");
	return MAIN_MARK_UNKNOWN;
}

bool main_mark_holds(pid_t pid, const struct main_mark *mark)
{
	return (!mark->entry.address || steer_is_there(pid, &mark->entry)) &&
	       (!mark->main.address || steer_is_there(pid, &mark->main));
}
