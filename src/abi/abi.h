/*
 * abi/abi.h - the kernel's facts, as tables: arches, syscalls by name and number, what their arguments are, constants
 *
 * Only this room spells a kernel constant for another room's use by name. All data is read-only and lives for ever;
 * nothing here fails but by not finding.
 */
#ifndef CALLGATE_ABI_ABI_H
#define CALLGATE_ABI_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order of arches.def. */
enum abi_arch_id {
	ABI_X86_64,
	ABI_I386,
	ABI_X32, /* x86-64's audit number with bit 30 of nr set */
	ABI_ARM,
	ABI_AARCH64,
	ABI_RISCV64,
	ABI_LOONGARCH64,
	ABI_PPC64LE,
	ABI_S390X,
	ABI_MIPS64EL,
	ABI_MIPS64,
	ABI_MIPS64ELN32, /* n32: 64-bit registers, 32-bit pointers */
	ABI_MIPS64N32,
	ABI_MIPSEL, /* o32 */
	ABI_MIPS,
	ABI_PPC64,
	ABI_PPC,
	ABI_S390, /* of 31 bits */
	ABI_PARISC,
	ABI_PARISC64,
	ABI_M68K,
	ABI_SH,
	ABI_SHEB,
	ABI_ARCH_COUNT,
	ABI_ARCH_NONE = -1,
};

struct abi_arch {
	const char *name; /* as the policy language says it: "x86_64" */
	enum abi_arch_id id;
	uint32_t audit;	      /* AUDIT_ARCH_*, what seccomp_data.arch holds */
	uint32_t nr_base;     /* added to every number: x32 0x40000000, MIPS 4000, 5000 or 6000, else 0 */
	uint8_t word_bits;    /* of a register that holds an argument: 32 or 64 */
	uint8_t pointer_bits; /* of a pointer, and of a long in memory: 32 on x32 and n32, else as word_bits */
	bool big_endian;      /* the high word of an argument comes first in seccomp_data */
};

/* A kernel release, comparable as a number: 6.1 is 0x0601, and 2.6.16, of a series whose middle number stood still, is
 * ABI_KERNEL(2, 16). 0 is "before 2.6.13, or not known". */
#define ABI_KERNEL(major, minor) ((uint16_t)((major) << 8 | (minor)))

/* The newest release whose calls the tables know. */
#define ABI_KERNEL_NEWEST ABI_KERNEL(7, 1)

enum abi_arg_kind {
	ABI_ARG_NUMBER,	    /* a count, a size, an identifier, an offset */
	ABI_ARG_POINTER,    /* an address; what lies there is not seen */
	ABI_ARG_DESCRIPTOR, /* a file descriptor */
	ABI_ARG_FLAGS,	    /* bits of .constants, maybe beside a number in the low ones (O_ACCMODE, SOCK_STREAM) */
	ABI_ARG_ENUM,	    /* one of .constants */
};

struct abi_constant {
	const char *name; /* "O_CLOEXEC" */
	uint64_t value;	  /* sign-extended to 64 bits where it is negative: AT_FDCWD is -100 */
	bool is_alias;	  /* another name of the set says the same and is the one to print: O_NDELAY, PF_INET */
};

struct abi_constant_set; /* constants of one family; opened by the functions below */

/* One argument, as the kernel reads it, never as libc's prototype has it. */
struct abi_arg {
	const char *name; /* as in the section 2 man page: "flags" */
	uint8_t bits;	  /* what the kernel reads: 8, 16, 32, or 64 for a long or a pointer (32 on 32-bit arches) */
	bool is_signed;
	enum abi_arg_kind kind;
	const struct abi_constant_set *constants; /* for flags and enumerations; AT_FDCWD for a descriptor that
						   * may be it; else NULL */
};

struct abi_syscall {
	const char *name;
	uint16_t since;		    /* ABI_KERNEL() that brought it first on any arch; 0 not known or before 2.6.13 */
	int32_t nr[ABI_ARCH_COUNT]; /* as the kernel sees it, base included; -1 where the arch lacks it */
	uint8_t arg_count;	    /* 0 to 6, on most arches; abi_syscall_args has them */
	bool args_known;	    /* false: only arg0 to arg5 can be compared */
	bool args_differ;	    /* some arch has arguments of its own */
	uint16_t args_first;	    /* of this room's tables */
};

const struct abi_arch *abi_arch(enum abi_arch_id id);
const struct abi_arch *abi_arch_by_name(const char *name); /* also uname's and OCI's spellings; NULL */
const char *abi_arch_names(void);			   /* "x86_64, i386, …": all of them, for hints */
const struct abi_arch *abi_arch_native(void);		   /* of this build */
/* An arch whose programs a kernel of this one runs too, NULL behind the last. */
const struct abi_arch *abi_arch_beside(enum abi_arch_id id, size_t index);
/* The arch of a call: audit alone does not tell x32 from x86-64, nr does. NULL for one that the tables lack. */
const struct abi_arch *abi_arch_of_call(uint32_t audit, uint32_t nr);

const struct abi_syscall *abi_syscall_by_name(const char *name); /* NULL */
const struct abi_syscall *abi_syscall_by_nr(enum abi_arch_id arch, uint32_t nr);
/* The call with this number or with the lowest above it, NULL behind the last; of an arch that there is. */
const struct abi_syscall *abi_syscall_from_nr(enum abi_arch_id arch, uint32_t nr);
size_t abi_syscall_count(void);
/* One array, sorted by name; index below abi_syscall_count(). A call's place in it is its distance from entry 0. */
const struct abi_syscall *abi_syscall_at(size_t index);

/* Whether it is one by which a program waits for work: accept, poll, epoll_wait and their like (waits.def). */
bool abi_syscall_waits(const struct abi_syscall *syscall);

/* The arguments on this arch (clone's order differs between arches, a long is 32 bits on some). Writes at most six
 * into ret_args and gives their count. 0 with args_known false: the tables do not know them. */
unsigned abi_syscall_args(const struct abi_syscall *syscall, enum abi_arch_id arch, struct abi_arg ret_args[6]);

/* What the kernel's source calls an argument, and the bits of the type that it declares: what other languages go by.
 * NULL where that is not known. */
const char *abi_syscall_parameter(const struct abi_syscall *syscall, enum abi_arch_id arch, unsigned position,
				  uint8_t *ret_bits);

/* A constant of this family, by name, on this arch. False when the family or the arch lacks it. */
bool abi_constant_find(const struct abi_constant_set *set, enum abi_arch_id arch, const char *name,
		       uint64_t *ret_value);
/* A constant of any family; ret_set tells which. */
bool abi_constant_find_any(enum abi_arch_id arch, const char *name, uint64_t *ret_value,
			   const struct abi_constant_set **ret_set);
const char *abi_constant_set_name(const struct abi_constant_set *set); /* "open flags" */
size_t abi_constant_count(const struct abi_constant_set *set);
/* Constant i of the set on this arch; .name is NULL where the arch lacks it. */
struct abi_constant abi_constant_at(const struct abi_constant_set *set, enum abi_arch_id arch, size_t index);

/* The name to print for exactly this value, NULL when no name has it or several do that mean
 * different things: SO_DEBUG is TCP_NODELAY's number. */
const char *abi_constant_name(const struct abi_constant_set *set, enum abi_arch_id arch, uint64_t value);

/* errno by name and back ("EPERM" is 1 on all but a few numbers of MIPS). -1 and NULL when there is none. */
int abi_errno_by_name(enum abi_arch_id arch, const char *name);
const char *abi_errno_name(enum abi_arch_id arch, int number);

/* The nearest right name to a wrong one, NULL when nothing is near: for hints. */
const char *abi_syscall_nearest(const char *name);
const char *abi_constant_nearest(const struct abi_constant_set *set_or_null, const char *name);
const char *abi_errno_nearest(const char *name);

#endif
