/*
 * The kernel counted under numbers of files. Their paths come from its own tables; a build id is read here, from the
 * file that has the path and the inode now. One that was exchanged meanwhile has no build id that we could know.
 */
#include "observe/calls_read.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "observe/calls_layout.h"
#include "observe/program.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { READ_BATCH = 4096, READ_BATCH_LARGE = 64, READ_LARGE = 1024 /* bytes of a value */ };

/* A file of the kernel's table, by its number. */
struct read_file {
	const char *path; /* NULL: the number was given to nobody */
	uint64_t inode;
	struct evidence_program *program; /* NULL until it is one */
};

struct reading {
	struct evidence *evidence;
	struct read_file *files; /* by number less CALLS_FIRST_FILE */
	size_t file_count;
	struct callgate_error *err;
};

/* A map's keys and values, as many as fit into one answer of the kernel. */
struct batch {
	unsigned char *keys, *values;
};

static void batch_fini(struct batch *batch)
{
	free(batch->keys);
	free(batch->values);
}

/* Shows every entry of a map. The kernel gives whole buckets: an answer that is too small for one asks for a larger. */
static int read_map(struct reading *reading, int map, size_t key_size, size_t value_size,
		    int (*take)(struct reading *reading, const void *key, const void *value))
{
	__u32 room = value_size < READ_LARGE ? READ_BATCH : READ_BATCH_LARGE;
	cleanup(batch_fini) struct batch batch = { .keys = malloc(room * key_size),
						   .values = malloc(room * value_size) };
	__u32 place = 0;
	bool begun = false;
	long result = 0;

	if (!batch.keys || !batch.values)
		return fail_nomem(reading->err);
	while (result == 0) {
		union bpf_attr ask = { 0 };

		ask.batch.in_batch = begun ? (uintptr_t)&place : 0;
		ask.batch.out_batch = (uintptr_t)&place;
		ask.batch.keys = (uintptr_t)batch.keys;
		ask.batch.values = (uintptr_t)batch.values;
		ask.batch.count = room;
		ask.batch.map_fd = (__u32)map;
		result = syscall(SYS_bpf, BPF_MAP_LOOKUP_BATCH, &ask, sizeof(ask));
		if (result < 0 && errno != ENOENT)
			return fail_errno(reading->err, "cannot read what the kernel counted");
		begun = true;
		for (__u32 i = 0; i < ask.batch.count; i++) {
			int status = take(reading, batch.keys + i * key_size, batch.values + i * value_size);

			if (status < 0)
				return status;
		}
	}
	return CALLGATE_OK;
}

static int take_file(struct reading *reading, const void *key, const void *value)
{
	const struct calls_file_key *identity = key;
	const struct calls_file *file = value;
	size_t at = file->number - CALLS_FIRST_FILE;
	struct read_file *files = reading->files;

	if (file->start > CALLS_PATH_MAX || at >= 2 * CALLS_FILES_MAX)
		return fail(reading->err, CALLGATE_E_INVALID, "the kernel's table of files is damaged");
	if (at >= reading->file_count) {
		files = realloc(files, (at + 1) * sizeof(*files));
		if (!files)
			return fail_nomem(reading->err);
		memset(files + reading->file_count, 0, (at + 1 - reading->file_count) * sizeof(*files));
		reading->files = files;
		reading->file_count = at + 1;
	}
	files[at].inode = identity->inode;
	files[at].path =
		arena_strndup(&reading->evidence->arena, file->path + file->start, CALLS_PATH_MAX - file->start);
	return files[at].path ? CALLGATE_OK : fail_nomem(reading->err);
}

static struct read_file *file_of(struct reading *reading, __u32 number)
{
	size_t at = number - CALLS_FIRST_FILE;

	return number >= CALLS_FIRST_FILE && at < reading->file_count && reading->files[at].path ? &reading->files[at]
												 : NULL;
}

static void file_build_id(const struct read_file *file, char text[PROGRAM_BUILD_ID_TEXT])
{
	cleanup_fd int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat there;

	if (fd >= 0 && fstat(fd, &there) == 0 && S_ISREG(there.st_mode) && there.st_ino == file->inode)
		program_build_id(fd, text);
}

static int read_program(struct reading *reading, __u32 number, struct evidence_program **ret_program)
{
	char build_id[PROGRAM_BUILD_ID_TEXT] = "";
	struct read_file *file = file_of(reading, number);
	int status;

	if (!file)
		return evidence_program(reading->evidence, "?", "", ret_program, reading->err);
	if (!file->program) {
		file_build_id(file, build_id);
		status = evidence_program(reading->evidence, file->path, build_id, &file->program, reading->err);
		if (status < 0)
			return status;
	}
	*ret_program = file->program;
	return CALLGATE_OK;
}

/* ret_module is NULL when the place is not known. */
static int read_module(struct reading *reading, __u32 number, const char **ret_module)
{
	struct read_file *file = file_of(reading, number);

	*ret_module = NULL;
	if (file)
		return evidence_module(reading->evidence, file->path, ret_module, reading->err);
	if (number == CALLS_ANON)
		return evidence_module(reading->evidence, "[anon]", ret_module, reading->err);
	if (number == CALLS_VDSO)
		return evidence_module(reading->evidence, "[vdso]", ret_module, reading->err);
	return CALLGATE_OK;
}

static int read_entry(struct reading *reading, __u32 program_number, __u32 nr, __u32 abi,
		      struct evidence_entry **ret_entry)
{
	struct evidence_program *program;
	int status = read_program(reading, program_number, &program);

	if (status < 0)
		return status;
	return evidence_entry(reading->evidence, program, abi == CALLS_I386 ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64,
			      abi == CALLS_X32 ? nr | abi_arch(ABI_X32)->nr_base : nr, ret_entry, reading->err);
}

static int take_call(struct reading *reading, const void *item, const void *value)
{
	const struct calls_key *key = item;
	struct evidence_call call = { .phase = (enum evidence_phase)key->phase, .offset = key->offset };
	uint64_t args[6];
	struct evidence_entry *entry;
	int status = read_entry(reading, key->program, key->nr, key->abi, &entry);

	if (status == CALLGATE_OK)
		status = read_module(reading, key->module, &call.module);
	if (status < 0)
		return status;
	for (int i = 0; i < 6; i++)
		args[i] = key->args[i];
	call.args = args;
	memcpy(&call.count, value, sizeof(call.count));
	entry->answered += call.count;
	return evidence_count(reading->evidence, entry, &call, reading->err);
}

/* Counted when there was no room for the detail: whatever could have been there was. */
static int take_total(struct reading *reading, const void *item, const void *value)
{
	const struct calls_key *key = item;
	struct evidence_entry *entry;
	uint64_t count;
	int status = read_entry(reading, key->program, key->nr, key->abi, &entry);

	if (status < 0)
		return status;
	memcpy(&count, value, sizeof(count));
	for (unsigned i = 0; i < entry->arg_count; i++)
		entry->args[i].many |= evidence_keeps(&entry->arg_types[i]);
	entry->sites_many = true;
	entry->count += count;
	entry->answered += count;
	entry->phases[key->phase] += count;
	reading->evidence->calls += count;
	return CALLGATE_OK;
}

static int take_error(struct reading *reading, const void *item, const void *value)
{
	const struct calls_error_key *key = item;
	struct evidence_entry *entry;
	uint64_t count;
	int status = read_entry(reading, key->program, key->nr, key->abi, &entry);

	memcpy(&count, value, sizeof(count));
	return status < 0 ? status
			  : evidence_add_value(reading->evidence, &entry->errors, key->error, count, reading->err);
}

_Static_assert((int)CALLS_TIMES == (int)EVIDENCE_TIMES && (int)CALLS_TIME_SHIFT == (int)EVIDENCE_TIME_SHIFT,
	       "the kernel's half counts in the same stretches of time");

static int take_times(struct reading *reading, const void *item, const void *value)
{
	const struct abi_syscall *syscall;
	struct calls_times times;
	uint32_t nr;
	int status = CALLGATE_OK;

	memcpy(&nr, item, sizeof(nr));
	memcpy(&times, value, sizeof(times));
	syscall = abi_syscall_by_nr(abi_arch_native()->id, nr);
	for (unsigned i = 0; status == CALLGATE_OK && syscall && i < CALLS_TIMES; i++)
		if (times.counts[i])
			status = evidence_add_time(reading->evidence, &reading->evidence->times, syscall, i,
						   times.counts[i], reading->err);
	return status;
}

int calls_read(const struct calls_maps *maps, struct evidence *evidence, struct callgate_error *err)
{
	struct reading reading = { .evidence = evidence, .err = err };
	int status =
		read_map(&reading, maps->files, sizeof(struct calls_file_key), sizeof(struct calls_file), take_file);

	if (status == CALLGATE_OK)
		status = read_map(&reading, maps->calls, sizeof(struct calls_key), sizeof(uint64_t), take_call);
	if (status == CALLGATE_OK)
		status = read_map(&reading, maps->totals, sizeof(struct calls_key), sizeof(uint64_t), take_total);
	if (status == CALLGATE_OK)
		status = read_map(&reading, maps->errors, sizeof(struct calls_error_key), sizeof(uint64_t), take_error);
	if (status == CALLGATE_OK)
		status = read_map(&reading, maps->times, sizeof(uint32_t), sizeof(struct calls_times), take_times);
	free(reading.files);
	return status;
}
