/*
 * elf/link_machine.h - what the dynamic linkers of one machine do otherwise than those of another
 */
#ifndef CALLGATE_ELF_LINK_MACHINE_H
#define CALLGATE_ELF_LINK_MACHINE_H

#include "elf/link.h"

/* In hints.def, what stands for a machine's own folder name ("x86_64-linux-gnu"). */
#define LINK_TRIPLET "@triplet"

struct link_machine {
	uint16_t machine;	 /* EM_* */
	const char *name;	 /* $PLATFORM, as uname(1) has it */
	const char *triplet;	 /* Debian's name of its folders */
	const char *folders[7];	 /* that are searched last, as Debian's glibc was built and others'; ended by NULL */
	const char *libs[2];	 /* $LIB */
	const char *musl_path;	 /* the file that names musl's folders */
	uint32_t cache_flags;	 /* of its libraries in ld.so.cache */
	unsigned (*level)(void); /* the best folder of glibc-hwcaps/NAME-vN that this processor has, 1 for none */
	const char *level_name;	 /* "x86-64-v" */
};

/* That of the program that is linked. */
const struct link_machine *link_machine(const struct link *link);

#endif
