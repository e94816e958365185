/*
 * A path alone does not name a program: an upgrade puts another file there. The linker's build id does, and lies in a
 * note that the program headers point to.
 */
#include "observe/program.h"

#include "base/cleanup.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PROGRAM_HEADERS_MAX = 128, PROGRAM_NOTES_MAX = 4096 };

struct program_notes {
	uint64_t offset, size;
};

static bool program_read(int fd, void *bytes, size_t size, uint64_t offset)
{
	return offset <= INT64_MAX && pread(fd, bytes, size, (off_t)offset) == (ssize_t)size;
}

/* Notes that program header `index` points to; false when it points to something else. */
static bool program_header_notes(int fd, const unsigned char ident[EI_NIDENT], unsigned index,
				 struct program_notes *ret_notes)
{
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;
	Elf64_Phdr wide_header;
	Elf32_Phdr narrow_header;

	if (ident[EI_CLASS] == ELFCLASS64) {
		if (!program_read(fd, &wide, sizeof(wide), 0) || index >= wide.e_phnum ||
		    !program_read(fd, &wide_header, sizeof(wide_header), wide.e_phoff + index * sizeof(wide_header)) ||
		    wide_header.p_type != PT_NOTE)
			return false;
		*ret_notes = (struct program_notes){ wide_header.p_offset, wide_header.p_filesz };
		return true;
	}
	if (!program_read(fd, &narrow, sizeof(narrow), 0) || index >= narrow.e_phnum ||
	    !program_read(fd, &narrow_header, sizeof(narrow_header), narrow.e_phoff + index * sizeof(narrow_header)) ||
	    narrow_header.p_type != PT_NOTE)
		return false;
	*ret_notes = (struct program_notes){ narrow_header.p_offset, narrow_header.p_filesz };
	return true;
}

static size_t program_note_padded(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

/* Finds the build id among notes; false when it is not there. */
static bool program_note_build_id(const unsigned char *notes, size_t size, char *text)
{
	Elf64_Nhdr note; /* the same in both classes */

	for (size_t at = 0; size - at >= sizeof(note);) {
		size_t name, id;

		memcpy(&note, notes + at, sizeof(note));
		name = at + sizeof(note);
		if (note.n_namesz > size || note.n_descsz > size)
			return false;
		id = name + program_note_padded(note.n_namesz);
		if (id > size || note.n_descsz > size - id)
			return false;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(notes + name, "GNU", 4) == 0 &&
		    note.n_descsz <= PROGRAM_BUILD_ID_MAX) {
			for (size_t i = 0; i < note.n_descsz; i++)
				snprintf(text + 2 * i, 3, "%02x", notes[id + i]);
			return true;
		}
		at = id + program_note_padded(note.n_descsz);
		if (at > size)
			return false;
	}
	return false;
}

void program_build_id(int fd, char text[PROGRAM_BUILD_ID_TEXT])
{
	unsigned char order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
	unsigned char ident[EI_NIDENT];
	unsigned char notes[PROGRAM_NOTES_MAX];
	struct program_notes where;

	text[0] = '\0';
	if (!program_read(fd, ident, sizeof(ident), 0) || memcmp(ident, ELFMAG, SELFMAG) != 0 ||
	    ident[EI_DATA] != order)
		return;
	for (unsigned i = 0; i < PROGRAM_HEADERS_MAX; i++) {
		if (!program_header_notes(fd, ident, i, &where) || where.size > sizeof(notes))
			continue;
		if (program_read(fd, notes, where.size, where.offset) && program_note_build_id(notes, where.size, text))
			return;
	}
}

int program_of_process(struct evidence *evidence, pid_t pid, struct evidence_program *known,
		       struct evidence_program **ret_program, struct callgate_error *err)
{
	char link[32];
	char path[PROGRAM_PATH_MAX];
	char build_id[PROGRAM_BUILD_ID_TEXT] = "";
	cleanup_fd int fd = -1;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return CALLGATE_OK;
	path[length] = '\0';
	if (known && strcmp(known->path, path) == 0) {
		*ret_program = known;
		return CALLGATE_OK;
	}
	fd = open(link, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		program_build_id(fd, build_id);
	return evidence_program(evidence, path, build_id, ret_program, err);
}
