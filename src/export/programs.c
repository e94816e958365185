/*
 * The compiled filter itself: as the kernel takes it, as C, as text. Each is read back from what was written: of C the
 * rows of the array, of instructions their words.
 */
#include "export/export.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Before the rows in callgate_filter_format_c's text, and behind them. */
#define ARRAY_BEGINS "callgate_filter_insns[] = {\n"
#define ARRAY_ENDS   "};"

static void filter_free(struct callgate_filter **filter)
{
	callgate_filter_free(*filter);
}

int export_bpf(struct export *export)
{
	cleanup(filter_free) struct callgate_filter *filter = NULL;
	const struct sock_filter *insns;
	size_t length;
	int status = callgate_subject_compile(export->subject, NULL, &filter, export->err);

	if (status)
		return status;
	insns = callgate_filter_program(filter, &length);
	buf_add(&export->text, insns, length * sizeof(*insns));
	return CALLGATE_OK;
}

static int write_text(struct export *export,
		      int (*format)(const struct callgate_filter *filter, char **ret_text, struct callgate_error *err))
{
	cleanup(filter_free) struct callgate_filter *filter = NULL;
	cleanup_free char *text = NULL;
	int status = callgate_subject_compile(export->subject, NULL, &filter, export->err);

	if (!status)
		status = format(filter, &text, export->err);
	if (!status)
		buf_puts(&export->text, text);
	return status;
}

static uint32_t asks_supervisor(uint32_t value, void *context)
{
	(void)context;
	return value == SECCOMP_RET_USER_NOTIF ? DIAGRAM_TRUE : DIAGRAM_FALSE;
}

/* The function that loads it opens no listener, without which the kernel answers ENOSYS. */
int export_c(struct export *export)
{
	struct diagram *diagram = export->subject->diagram;
	uint32_t asks;
	int status = write_text(export, callgate_filter_format_c);

	diagram_renew_steps(diagram);
	asks = diagram_map(diagram, asks_supervisor, NULL, export->subject->root);
	if (!status && asks == DIAGRAM_NONE)
		return diagram_fail(diagram, export->err);
	if (!status && asks != diagram_terminal(diagram, DIAGRAM_FALSE))
		status = export_note(export,
				     "callgate_confine() opens no listener: calls that a supervisor would decide get "
				     "ENOSYS. Whoever wants to decide them loads callgate_filter with "
				     "SECCOMP_FILTER_FLAG_NEW_LISTENER");
	return status;
}

int export_asm(struct export *export)
{
	return write_text(export, callgate_filter_disassemble);
}

int decode_c(struct export *export, struct buf *ret_bytes)
{
	const char *row = strstr(buf_text(&export->text), ARRAY_BEGINS);

	row = row ? row + strlen(ARRAY_BEGINS) : "";
	while (*row && strncmp(row, ARRAY_ENDS, strlen(ARRAY_ENDS)) != 0) {
		unsigned code, jt, jf, k;
		struct sock_filter insn;

		if (sscanf(row, "\t{ %x, %u, %u, %x },", &code, &jt, &jf, &k) != 4 || code > UINT16_MAX ||
		    jt > UINT8_MAX || jf > UINT8_MAX)
			return fail(export->err, CALLGATE_E_SYNTAX, "no instruction of the C array: %.40s", row);
		insn = (struct sock_filter){ (uint16_t)code, (uint8_t)jt, (uint8_t)jf, k };
		buf_add(ret_bytes, &insn, sizeof(insn));
		row = strchr(row, '\n') + 1;
	}
	return CALLGATE_OK;
}

int decode_asm(struct export *export, struct buf *ret_bytes)
{
	struct bpf_program program = { 0 };
	int status =
		bpf_assemble("what was written", buf_text(&export->text), export->text.length, &program, export->err);

	if (status)
		return status;
	buf_add(ret_bytes, program.insns, program.length * sizeof(*program.insns));
	free(program.insns);
	return CALLGATE_OK;
}
