/*
 * observe/calls_layout.h - what the recorder's two halves share: calls.bpf, which counts in the kernel, and
 * calls.c with calls_read.c, which load it and fetch the counts
 *
 * Every call of a followed process adds one to the count under its key. What the key does not hold was not kept.
 */
#ifndef CALLGATE_OBSERVE_CALLS_LAYOUT_H
#define CALLGATE_OBSERVE_CALLS_LAYOUT_H

#include <linux/types.h>

enum {
	CALLS_NRS = 576,	    /* syscall numbers that an ABI's table of rows goes to, x32's bit taken off */
	CALLS_KEYS_MAX = 1 << 15,   /* different calls in all detail; what comes then is counted without detail */
	CALLS_TOTALS_MAX = 1 << 13, /* different calls without detail, and different errors */
	CALLS_FILES_MAX = 8192,	    /* programs and modules */
	CALLS_PATH_MAX = 4096,
	CALLS_NAME_MAX = 256, /* of one folder in a path, its slash included */
	CALLS_TIMES = 32,     /* as EVIDENCE_TIMES, and the shift of the first: evidence_time_at says the same */
	CALLS_TIME_SHIFT = 20,
	CALLS_RANGES = 8, /* stretches of code of a process that are remembered; all others are looked up */
};

#define CALLS_OTHER (~0ULL)

/* Files that are none. */
enum calls_module {
	CALLS_UNKNOWN,
	CALLS_ANON, /* code that no file holds */
	CALLS_VDSO,
	CALLS_FIRST_FILE, /* numbers of files begin here */
};

enum calls_abi { CALLS_NATIVE, CALLS_I386, CALLS_X32, CALLS_ABIS };

/* As in enum evidence_effect and enum evidence_phase, which the BPF half does not see; calls.c compares them. */
enum calls_effect { CALLS_PLAIN, CALLS_EXEC, CALLS_REMAP, CALLS_WAIT, CALLS_PRCTL, CALLS_SECCOMP };
enum calls_phase { CALLS_LOAD, CALLS_START, CALLS_MAIN, CALLS_SERVE };

/* What there is to know of a syscall, from the tables of abi. */
struct calls_row {
	__u64 keeps[6];	   /* of each argument these bits */
	__u32 descriptors; /* bit N: argument N is one. 0, 1 and 2 are kept, all others are CALLS_OTHER */
	__u32 effect;	   /* enum calls_effect */
};

/* One kind of call, in all detail; as key of the totals without: module, offset and args are 0 then. */
struct calls_key {
	__u32 program; /* a file's number, or enum calls_module */
	__u32 nr;
	__u32 abi;
	__u32 phase;
	__u32 module;
	__u32 unused;
	__u64 offset;
	__u64 args[6];
};

struct calls_error_key {
	__u32 program;
	__u32 nr;
	__u32 abi;
	__u32 error; /* the errno */
};

/* A file: hash_len is the kernel's hash of its last name and its folder's address, so that links are told apart. */
struct calls_file_key {
	__u64 inode;
	__u64 hash_len;
	__u64 file_system; /* an address of the kernel's */
	__u64 generation;
};

struct calls_file {
	__u32 number;
	__u32 start; /* of the path, which ends at CALLS_PATH_MAX */
	__u32 is_loader;
	__u32 unused;
	char path[CALLS_PATH_MAX + CALLS_NAME_MAX];
};

/* What of a process is followed. */
enum calls_state {
	CALLS_FOLLOWED,
	CALLS_LAUNCHING, /* by us: its calls count from its program's first on */
	CALLS_LEFT_OUT,	 /* the recorder itself */
};

/* Code of one process, from its first call on: an address as a module and the offset in it. */
struct calls_range {
	__u64 start;
	__u64 length; /* 0: none, or no longer */
	__u64 file_offset;
	__u32 module;
	__u32 is_loader;
};

struct calls_process {
	__u32 state;
	__u32 phase;
	__u32 program; /* CALLS_UNKNOWN: is looked at when it calls */
	__u32 ranges_used;
	struct calls_range ranges[CALLS_RANGES];
};

/* When the calls of one number came; a native one. */
struct calls_times {
	__u64 counts[CALLS_TIMES];
};

/* Set before the program is loaded. */
struct calls_facts {
	__u64 secret;	     /* of the launch door; 0: we launch nothing */
	__u64 processes_max; /* 0: any number */
	__u32 by_cgroup;     /* whoever calls from within the one cgroup of the map is followed */
	__u32 unused;
	struct calls_row rows[CALLS_ABIS][CALLS_NRS];
};

/* What came about, read at the end. */
struct calls_tally {
	__u64 lost_calls;  /* that were not counted: anything but 0 fails the recording */
	__u64 lost_forks;  /* processes that could not be followed: the same */
	__u64 lost_files;  /* files that could not be named: the same */
	__u64 lost_errors; /* the same */
	__u64 coarse;	   /* calls that were counted without detail */
	__s64 alive;	   /* processes that are followed now */
	__u64 too_many;	   /* more than processes_max were alive: every one that calls is killed */
	__u64 files;	   /* numbers given out */
	__u64 own_filters;
	__u64 own_listeners;
	__u64 began; /* when the first call came, ns */
};

#endif
