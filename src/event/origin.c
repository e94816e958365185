/*
 * Who made a call, as /proc tells: the process, the file that it executes and that file's build-id, its control group
 * and what that is called. Names come from strangers, and are kept to what a terminal shows as it is.
 */
#include "abi/abi.h"
#include "base/cleanup.h"
#include "event/event.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
	SEGMENTS_MAX = 64,	 /* of a program; one that has more keeps its build-id to itself */
	NOTES_MAX = 4096,	 /* bytes of one segment of notes */
	BUILD_ID_BYTES_MAX = 20, /* of SHA-1, the longest that linkers write by themselves */
};

int64_t event_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void event_clean(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

void event_name_call(uint32_t audit, uint32_t nr, const uint64_t *args, struct callgate_refusal *refusal)
{
	const struct abi_arch *arch = abi_arch_of_call(audit, nr);
	const struct abi_syscall *syscall = arch ? abi_syscall_by_nr(arch->id, nr) : NULL;

	refusal->nr = nr;
	refusal->has_args = args;
	if (args)
		memcpy(refusal->args, args, sizeof(refusal->args));
	snprintf(refusal->arch, sizeof(refusal->arch), "%s", arch ? arch->name : "");
	snprintf(refusal->syscall, sizeof(refusal->syscall), "%s", syscall ? syscall->name : "");
}

/* The build-id among notes: each a header, a name and a description, the latter two padded to four bytes. */
static bool find_build_id(const unsigned char *notes, size_t length, char ret_text[41])
{
	Elf64_Nhdr note;

	for (size_t at = 0; length - at >= sizeof(note);) {
		size_t name, description;

		memcpy(&note, notes + at, sizeof(note));
		at += sizeof(note);
		name = ((size_t)note.n_namesz + 3) & ~(size_t)3;
		description = ((size_t)note.n_descsz + 3) & ~(size_t)3;
		if (name > length - at || description > length - at - name)
			return false;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(notes + at, "GNU", 4) == 0 &&
		    note.n_descsz <= BUILD_ID_BYTES_MAX) {
			for (size_t i = 0; i < note.n_descsz; i++)
				snprintf(ret_text + 2 * i, 3, "%02x", notes[at + name + i]);
			return true;
		}
		at += name + description;
	}
	return false;
}

/* Of a segment, whichever the class. */
struct segment {
	uint32_t type;
	uint64_t offset, size;
};

static struct segment segment_at(const unsigned char *table, bool is_wide, unsigned index)
{
	Elf32_Phdr narrow;
	Elf64_Phdr wide;

	if (is_wide) {
		memcpy(&wide, table + index * sizeof(wide), sizeof(wide));
		return (struct segment){ wide.p_type, wide.p_offset, wide.p_filesz };
	}
	memcpy(&narrow, table + index * sizeof(narrow), sizeof(narrow));
	return (struct segment){ narrow.p_type, narrow.p_offset, narrow.p_filesz };
}

static bool read_notes(int fd, const struct segment *segment, char ret_text[41])
{
	unsigned char notes[NOTES_MAX];
	ssize_t got;

	if (segment->type != PT_NOTE || segment->size > sizeof(notes) || segment->offset > INT64_MAX)
		return false;
	got = pread(fd, notes, (size_t)segment->size, (off_t)segment->offset);
	return got > 0 && find_build_id(notes, (size_t)got, ret_text);
}

void event_build_id(int fd, char ret_text[41])
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf32_Ehdr narrow;
		Elf64_Ehdr wide;
	} head = { 0 };
	unsigned char table[SEGMENTS_MAX * sizeof(Elf64_Phdr)];
	size_t step, count;
	bool is_wide;
	uint64_t at;
	ssize_t got;

	ret_text[0] = '\0';
	if (pread(fd, &head, sizeof(head), 0) < (ssize_t)sizeof(head.narrow) ||
	    memcmp(head.ident, ELFMAG, SELFMAG) != 0)
		return;
	is_wide = head.ident[EI_CLASS] == ELFCLASS64;
	at = is_wide ? head.wide.e_phoff : head.narrow.e_phoff;
	count = is_wide ? head.wide.e_phnum : head.narrow.e_phnum;
	step = is_wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	count = count < SEGMENTS_MAX ? count : SEGMENTS_MAX;
	got = at > INT64_MAX ? -1 : pread(fd, table, count * step, (off_t)at);
	for (unsigned i = 0; got > 0 && (i + 1) * step <= (size_t)got; i++) {
		const struct segment segment = segment_at(table, is_wide, i);

		if (read_notes(fd, &segment, ret_text))
			return;
	}
}

/* How control groups of units and containers are named: what stands before and behind, and what it is. The last
 * component that has one of these forms tells. */
struct unit_form {
	const char *before, *behind, *kind;
};

static const struct unit_form unit_forms[] = {
	{ "docker-", ".scope", "docker:" },
	{ "libpod-", ".scope", "podman:" },
	{ "crio-", ".scope", "cri-o:" },
	{ "cri-containerd-", ".scope", "containerd:" },
	{ "machine-", ".scope", "machine:" },
	{ "lxc.payload.", "", "lxc:" },
	{ "", ".service", "" },
	{ "", ".scope", "" },
};

/* Of a container's 64 digits as many as its tools show. */
enum { CONTAINER_DIGITS = 12 };

static bool match_unit(const char *name, size_t length, const struct unit_form *form, char *ret_unit, size_t size)
{
	size_t before = strlen(form->before), behind = strlen(form->behind), inner;

	if (length <= before + behind || strncmp(name, form->before, before) != 0 ||
	    strncmp(name + length - behind, form->behind, behind) != 0)
		return false;
	inner = length - before - behind;
	if (!*form->kind)
		snprintf(ret_unit, size, "%.*s", (int)length, name);
	else
		snprintf(ret_unit, size, "%s%.*s", form->kind,
			 (int)(strspn(name + before, "0123456789abcdef") == inner && inner > CONTAINER_DIGITS
				       ? CONTAINER_DIGITS
				       : inner),
			 name + before);
	return true;
}

/* cgroupfs, in place of systemd: ".../docker/64 digits". */
static bool match_folder(const char *parent, size_t parent_length, const char *name, size_t length, char *ret_unit,
			 size_t size)
{
	if (parent_length != strlen("docker") || strncmp(parent, "docker", parent_length) != 0 ||
	    strspn(name, "0123456789abcdef") < CONTAINER_DIGITS || length < CONTAINER_DIGITS)
		return false;
	snprintf(ret_unit, size, "docker:%.*s", CONTAINER_DIGITS, name);
	return true;
}

void event_unit(const char *cgroup, char *ret_unit, size_t size)
{
	const char *parent = "";
	size_t parent_length = 0;

	ret_unit[0] = '\0';
	while (*cgroup) {
		size_t length = strcspn(cgroup, "/");

		if (!match_folder(parent, parent_length, cgroup, length, ret_unit, size))
			for (size_t i = 0; i < sizeof(unit_forms) / sizeof(*unit_forms); i++)
				if (match_unit(cgroup, length, &unit_forms[i], ret_unit, size))
					break;
		parent = cgroup;
		parent_length = length;
		cgroup += length + (cgroup[length] == '/');
	}
}

/* What a file of /proc/TID holds, as much as fits; "" when it cannot be read. */
static void read_proc(pid_t tid, const char *name, char *text, size_t size)
{
	char path[64];
	cleanup_fd int fd = -1;
	size_t length = 0;
	ssize_t got = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && length < size - 1 && (got = read(fd, text + length, size - 1 - length)) > 0)
		length += (size_t)got;
	text[length] = '\0';
}

/* Of v2 where it says more than the root, else the deepest of v1's hierarchies. */
static void read_cgroup(pid_t tid, char *ret_cgroup, size_t size)
{
	char text[4096];
	size_t best = 0;

	ret_cgroup[0] = '\0';
	read_proc(tid, "cgroup", text, sizeof(text));
	for (char *rest = NULL, *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		const char *first = strchr(line, ':'), *second = first ? strchr(first + 1, ':') : NULL;
		size_t depth = 0;

		for (const char *at = second ? second + 1 : ""; *at; at++)
			depth += 2 * (*at == '/' && at[1]);
		/* Of two that are as deep it is v2's. */
		depth += strncmp(line, "0::", 3) == 0;
		if (!second || depth < best)
			continue;
		best = depth;
		snprintf(ret_cgroup, size, "%s", second + 1);
	}
}

static int read_process(pid_t tid)
{
	char text[1024];
	const char *field;

	read_proc(tid, "status", text, sizeof(text));
	field = strstr(text, "\nTgid:");
	return field ? (int)strtol(field + strlen("\nTgid:"), NULL, 10) : (int)tid;
}

void event_origin(pid_t tid, struct callgate_refusal *refusal)
{
	char path[64];
	cleanup_fd int fd = -1;
	struct stat status;
	ssize_t length;

	refusal->tid = (int)tid;
	refusal->pid = read_process(tid);
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)tid);
	length = readlink(path, refusal->program, sizeof(refusal->program) - 1);
	refusal->program[length > 0 ? length : 0] = '\0';
	event_clean(refusal->program);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		event_build_id(fd, refusal->build_id);
	read_cgroup(tid, refusal->cgroup, sizeof(refusal->cgroup));
	event_clean(refusal->cgroup);
	event_unit(refusal->cgroup, refusal->unit, sizeof(refusal->unit));
}
