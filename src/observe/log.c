/*
 * A log names a program by a path, which leads to whatever lies there today. Its build id is believed only where the
 * file has not been touched since the log was written; a path that leads nowhere is kept as it stands.
 */
#include "observe/log.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "kernel/probe.h"
#include "observe/program.h"

#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LOG_SCRIPT_LINE = 256 /* bytes that the kernel reads of a script (BINPRM_BUF_SIZE) */ };

void log_lose(struct log *log, const struct log_text *text, unsigned long line, const char *format, ...)
{
	va_list args;

	if (log->lost++)
		return;
	va_start(args, format);
	error_set_v(&log->first_lost, CALLGATE_E_SYNTAX, format, args);
	va_end(args);
	error_place(&log->first_lost, text->name, (unsigned)line, 0);
}

void log_untold(struct log *log, const struct log_text *text, unsigned long line, const struct callgate_error *why)
{
	if (log->end.untold++)
		return;
	log->end.first_untold = *why;
	error_place(&log->end.first_untold, text->name, (unsigned)line, why->col);
}

/* Opens a plain file, and nothing that notices being opened. */
static int log_open_program(const char *path)
{
	struct stat there;

	if (stat(path, &there) < 0 || !S_ISREG(there.st_mode))
		return -1;
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* "#!/bin/sh -e": whether a file is a script, and whose. */
static bool log_interpreter(int fd, char path[PATH_MAX])
{
	char line[LOG_SCRIPT_LINE + 1];
	ssize_t length = pread(fd, line, LOG_SCRIPT_LINE, 0);
	const char *begin;
	size_t size;

	if (length < 2 || line[0] != '#' || line[1] != '!')
		return false;
	line[length] = '\0';
	begin = line + 2 + strspn(line + 2, " \t");
	size = strcspn(begin, " \t\n");
	if (*begin != '/')
		return false;
	memcpy(path, begin, size);
	path[size] = '\0';
	return true;
}

static bool log_is_older(int fd, const struct timespec *written)
{
	struct stat there;

	if (fstat(fd, &there) < 0)
		return false;
	if (there.st_ctim.tv_sec != written->tv_sec)
		return there.st_ctim.tv_sec < written->tv_sec;
	return there.st_ctim.tv_nsec <= written->tv_nsec;
}

/* strace does not say in its files which arch a program is of; the program does. */
static const struct abi_arch *log_arch(int fd)
{
	static const struct {
		uint16_t machine;
		unsigned char class;
		const char *arch;
	} machines[] = {
		{ EM_386, ELFCLASS32, "i386" },
		{ EM_X86_64, ELFCLASS32, "x32" },
		{ EM_ARM, ELFCLASS32, "arm" },
	};
	Elf32_Ehdr header; /* as far as it is read, of both classes */

	if (pread(fd, &header, sizeof(header), 0) != sizeof(header) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return abi_arch_native();
	for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++)
		if (machines[i].machine == header.e_machine && machines[i].class == header.e_ident[EI_CLASS])
			return abi_arch_by_name(machines[i].arch);
	return abi_arch_native();
}

/* The file that is executed in the end, as /proc/PID/exe would have named it, its build id and its arch. */
static void log_resolve(const char *path, const struct timespec *written, char name[PATH_MAX],
			char build_id[PROGRAM_BUILD_ID_TEXT], const struct abi_arch **ret_arch)
{
	char next[PATH_MAX], real[PATH_MAX];

	snprintf(name, PATH_MAX, "%s", path);
	snprintf(next, sizeof(next), "%s", path);
	/* There they lead to something of our own. */
	if (strncmp(path, "/proc/", strlen("/proc/")) == 0 || strncmp(path, "/dev/fd/", strlen("/dev/fd/")) == 0)
		return;
	for (int i = 0; i <= LOG_INTERPRETERS_MAX && next[0] == '/' && realpath(next, real); i++) {
		cleanup_fd int fd = log_open_program(real);

		snprintf(name, PATH_MAX, "%s", real);
		if (fd < 0)
			return;
		*ret_arch = log_arch(fd);
		if (!log_is_older(fd, written))
			return;
		if (!log_interpreter(fd, next)) {
			program_build_id(fd, build_id);
			return;
		}
	}
}

int log_program(struct log *log, const struct log_text *text, const char *path, struct log_program *ret_program)
{
	char name[PATH_MAX] = "?", build_id[PROGRAM_BUILD_ID_TEXT] = "";
	struct log_program known = { .name = "", .arch = abi_arch_native() };
	int status;

	for (size_t i = 0; path && i < log->programs.length; i++) {
		if (strcmp(log->programs.items[i].name, path) != 0)
			continue;
		*ret_program = log->programs.items[i];
		return CALLGATE_OK;
	}
	if (path)
		log_resolve(path, &text->written, name, build_id, &known.arch);
	status = evidence_program(log->evidence, name, build_id, &known.program, log->err);
	if (status < 0)
		return status;
	if (path)
		known.name = arena_strdup(&log->arena, path);
	if (!known.name || (path && !VEC_PUSH(&log->arena, &log->programs, known)))
		return fail_nomem(log->err);
	*ret_program = known;
	return CALLGATE_OK;
}

static int log_count_time(struct log *log, const struct evidence_entry *entry, uint64_t at_ns)
{
	if (!at_ns)
		return CALLGATE_OK;
	if (!log->first_ns)
		log->first_ns = at_ns;
	if (at_ns > log->last_ns)
		log->last_ns = at_ns;
	if (entry->arch != abi_arch_native() || !entry->syscall)
		return CALLGATE_OK;
	return evidence_add_time(log->evidence, &log->evidence->times, entry->syscall,
				 evidence_time_at(at_ns > log->first_ns ? at_ns - log->first_ns : 0), 1, log->err);
}

int log_count(struct log *log, const struct log_call *call, enum evidence_phase *phase)
{
	struct evidence_call counted = {
		.module = call->module, .offset = call->offset, .count = 1, .unknown_args = call->unknown_args
	};
	struct evidence_entry *entry;
	uint64_t args[6];
	int status = evidence_entry(log->evidence, call->program, call->call.data.arch, (uint32_t)call->call.data.nr,
				    &entry, log->err);

	if (status < 0)
		return status;
	for (int i = 0; i < 6; i++)
		args[i] = call->call.data.args[i];
	*phase = evidence_phase_of_call(call->phase, entry, call->module);
	counted.args = args;
	counted.phase = *phase;
	if (entry->effect == EVIDENCE_FILTER)
		log->evidence->blind.own_filters += evidence_loads_filter(entry, args[0]);
	status = evidence_count(log->evidence, entry, &counted, log->err);
	if (status == CALLGATE_OK && call->has_result)
		status = evidence_count_results(log->evidence, entry, call->error, 1, log->err);
	return status == CALLGATE_OK ? log_count_time(log, entry, call->at_ns) : status;
}

/* What is lost cannot be had again, and what a policy would be made of the rest would refuse it. */
static int log_check(const struct log *log)
{
	if (log->lost) {
		const struct callgate_error *first = &log->first_lost;

		error_set(log->err, CALLGATE_E_SYNTAX, "%s", first->message);
		error_place(log->err, first->file, first->line, first->col);
		if (log->lost > 1)
			error_hint(log->err,
				   "%" PRIu64 " calls of the log are lost in such ways; record it anew, all of it",
				   log->lost);
		else
			error_hint(log->err, "a log that lacks calls is no evidence; record it anew, all of it");
		return CALLGATE_E_SYNTAX;
	}
	if (!log->evidence->calls) {
		error_set(log->err, CALLGATE_E_INVALID, "not one call is told of");
		error_place(log->err, log->texts[0].name, 0, 0);
		return CALLGATE_E_INVALID;
	}
	return CALLGATE_OK;
}

/* The same text is the same recording, whenever it is read. */
static void log_name(const struct log *log, char id[EVIDENCE_ID_SIZE])
{
	unsigned char digest[SHA256_BYTES];
	struct sha256 hash;

	sha256_init(&hash);
	for (size_t i = 0; i < log->count; i++)
		sha256_add(&hash, log->texts[i].text, log->texts[i].length);
	sha256_end(&hash, digest);
	for (int i = 0; i < (EVIDENCE_ID_SIZE - 1) / 2; i++)
		snprintf(id + 2 * i, 3, "%02x", digest[i]);
}

int log_read(enum log_kind kind, const struct log_text *texts, size_t count, struct evidence *evidence,
	     struct log_end *ret_end, struct callgate_error *err)
{
	static const struct {
		const char *recorder;
		int (*read)(struct log *log);
	} readers[] = { [LOG_STRACE] = { "strace", strace_log_read }, [LOG_AUDIT] = { "audit", audit_log_read } };
	struct log log = { .texts = texts, .count = count, .evidence = evidence, .err = err };
	char id[EVIDENCE_ID_SIZE];
	int status = readers[kind].read(&log);

	if (status == CALLGATE_OK)
		status = log_check(&log);
	evidence->kernel = probe_kernel_version();
	evidence->has_main = false;
	if (status == CALLGATE_OK)
		status = evidence_close_run(evidence, readers[kind].recorder, log.end.attached, err);
	arena_fini(&log.arena);
	if (status < 0)
		return status;
	log_name(&log, id);
	evidence_name_run(evidence, id);
	log.end.wall_ns = log.last_ns - log.first_ns;
	*ret_end = log.end;
	return CALLGATE_OK;
}

/* Of a pipe it is not known when it was written: while it was read. */
static void log_written(const char *path, struct timespec *ret_written)
{
	struct stat there;

	if (strcmp(path, "-") != 0 && stat(path, &there) == 0 && S_ISREG(there.st_mode))
		*ret_written = there.st_mtim;
	else
		clock_gettime(CLOCK_REALTIME, ret_written);
}

/* No file twice, whose calls would count twice. That two logs of `strace -ff` read the same proves nothing. */
static int log_check_once(const char *const *paths, size_t count, struct callgate_error *err)
{
	cleanup_free struct stat *files = calloc(count ? count : 1, sizeof(*files));

	if (!files)
		return fail_nomem(err);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(paths[i], "-") == 0 ? fstat(0, &files[i]) : stat(paths[i], &files[i]))
			continue; /* reading it will say so */
		for (size_t j = 0; j < i; j++)
			if (files[j].st_ino == files[i].st_ino && files[j].st_dev == files[i].st_dev)
				return fail(err, CALLGATE_E_INVALID, "'%s' and '%s' are one log", paths[j], paths[i]);
	}
	return CALLGATE_OK;
}

int log_read_files(enum log_kind kind, const char *const *paths, size_t count, struct evidence *evidence,
		   struct log_end *ret_end, struct callgate_error *err)
{
	struct log_text *texts = calloc(count ? count : 1, sizeof(*texts));
	struct buf *bytes = calloc(count ? count : 1, sizeof(*bytes));
	int status = texts && bytes ? log_check_once(paths, count, err) : fail_nomem(err);

	for (size_t i = 0; status == CALLGATE_OK && i < count; i++) {
		status = file_read(paths[i], LOG_SIZE_MAX, &bytes[i], err);
		texts[i] =
			(struct log_text){ .name = paths[i], .text = buf_text(&bytes[i]), .length = bytes[i].length };
		log_written(paths[i], &texts[i].written);
	}
	if (status == CALLGATE_OK)
		status = log_read(kind, texts, count, evidence, ret_end, err);
	for (size_t i = 0; bytes && i < count; i++)
		buf_fini(&bytes[i]);
	free(bytes);
	free(texts);
	return status;
}
