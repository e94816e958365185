#include "unit.h"

#include "observe/program.h"

#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A file with two headers, of which the second points to a note of another kind and then to the build id. */
struct file {
	Elf64_Ehdr head;
	Elf64_Phdr headers[2];
	Elf64_Nhdr other;
	char other_name[4];
	char other_value[4];
	Elf64_Nhdr note;
	char name[4];
	unsigned char id[4];
};

static struct file make(void)
{
	struct file file = {
		.head = { .e_phoff = offsetof(struct file, headers), .e_phnum = 2 },
		.headers = { { .p_type = PT_LOAD },
			     { .p_type = PT_NOTE,
			       .p_offset = offsetof(struct file, other),
			       .p_filesz = sizeof(struct file) - offsetof(struct file, other) } },
		.other = { 4, 4, 1 },
		.other_name = "abc",
		.note = { 4, 4, NT_GNU_BUILD_ID },
		.name = "GNU",
		.id = { 0xde, 0xad, 0x00, 0xef },
	};

	memcpy(file.head.e_ident, ELFMAG, SELFMAG);
	file.head.e_ident[EI_CLASS] = ELFCLASS64;
	file.head.e_ident[EI_DATA] = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
	return file;
}

static void expect_id(const void *bytes, size_t length, const char *wanted)
{
	char text[PROGRAM_BUILD_ID_TEXT];
	int fd = memfd_create("program", 0);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	program_build_id(fd, text);
	assert_string_equal(text, wanted);
	close(fd);
}

static void the_build_id_is_found_among_notes(void **state)
{
	struct file file = make();

	expect_id(&file, sizeof(file), "dead00ef");
}

static void a_file_without_one_has_none(void **state)
{
	struct file file = make();

	file.note.n_type = 1;
	expect_id(&file, sizeof(file), "");
	expect_id("#!/bin/sh\n", 10, "");
	expect_id("", 0, "");
}

static void a_file_that_is_cut_has_none(void **state)
{
	struct file file = make();

	for (size_t length = 0; length < sizeof(file); length++)
		expect_id(&file, length, "");
}

static void sizes_that_lie_are_not_believed(void **state)
{
	struct file file = make();

	file.other.n_namesz = UINT32_MAX;
	expect_id(&file, sizeof(file), "");
	file = make();
	file.other.n_descsz = UINT32_MAX - 2;
	expect_id(&file, sizeof(file), "");
	file = make();
	file.note.n_descsz = 5;
	expect_id(&file, sizeof(file), "");
	file = make();
	file.headers[1].p_filesz = UINT64_MAX;
	expect_id(&file, sizeof(file), "");
	file = make();
	file.head.e_phoff = UINT64_MAX - 8;
	expect_id(&file, sizeof(file), "");
}

UNIT_TESTS(test_observe_program, cmocka_unit_test(the_build_id_is_found_among_notes),
	   cmocka_unit_test(a_file_without_one_has_none), cmocka_unit_test(a_file_that_is_cut_has_none),
	   cmocka_unit_test(sizes_that_lie_are_not_believed), )
