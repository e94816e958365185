/*
 * export/uring.h - which requests of io_uring a subject lets through
 *
 * A seccomp filter does not see what is submitted through a ring. Since Linux 7.0 a task can have filters of its rings,
 * one an opcode (IORING_REGISTER_BPF_FILTER): classic BPF over struct io_uring_bpf_ctx, which has what a few opcodes
 * ask for. A request is let through when what it does could be done by calls that are let through.
 */
#ifndef CALLGATE_EXPORT_URING_H
#define CALLGATE_EXPORT_URING_H

#include "export/export.h"

enum uring_context { URING_NOTHING, URING_SOCKET, URING_OPEN };

struct uring_opcode {
	uint8_t number;
	const char *name;  /* "OPENAT", behind IORING_OP_ */
	const char *calls; /* of uring.def */
	enum uring_context context;
};

enum { URING_OPCODES = 65 };

const struct uring_opcode *uring_opcode(size_t index);

/* How much of the context's union the opcode has: 0, 12 or 24 bytes. */
unsigned uring_pdu_size(enum uring_context context);

/* Where a word of struct seccomp_data lies in the context; -1 when it does not. And back. */
int uring_offset(enum uring_context context, unsigned seccomp_offset);
int uring_offset_back(enum uring_context context, unsigned offset);

/*
 * What lets an opcode through, as a condition on the arguments that its context has, in the subject's diagram.
 * ret_refused (in the export's arena) is the first of its calls that cannot be made whatever the arguments are; NULL
 * when there is none. E_LIMIT, E_NOMEM.
 */
int uring_condition(struct export *export, const struct uring_opcode *opcode, uint32_t *ret_condition,
		    const char **ret_refused, struct callgate_error *err);

#endif
