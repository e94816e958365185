/*
 * The last judge of a meaning is the kernel: it is asked with the program that answers for the subject, and what it
 * says must be what the diagram says.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "diagram/action.h"
#include "filter/filter.h"
#include "filter/subject.h"
#include "kernel/replay.h"

/* A raw filter as it is; a policy's, or a stack of several, as one that was proved equal. */
static int replay_under(const struct callgate_subject *subject, const struct seccomp_data *data, uint32_t *ret_value,
			struct callgate_error *err)
{
	cleanup(filter_free_pointer) struct callgate_filter *filter = NULL;
	const struct bpf_program *program = subject->programs;
	int status;

	if (subject->program_count != 1) {
		status = callgate_subject_compile(subject, NULL, &filter, err);
		if (status < 0)
			return status;
		program = &filter->program;
	}
	return kernel_replay(program->insns, program->length, data, ret_value, err);
}

int callgate_subject_replay(const struct callgate_subject *subject, const char *call,
			    struct callgate_action *ret_action, struct callgate_error *err)
{
	struct call parsed;
	uint32_t value = 0;
	int status = subject_parse_call(call, &parsed, err);

	if (status == CALLGATE_OK)
		status = replay_under(subject, &parsed.data, &value, err);
	if (status < 0)
		return status;
	value = diagram_action(value);
	if (value != subject_action(subject, &parsed.data).ret) {
		char said[64];

		callgate_action_format((struct callgate_action){ value }, said, sizeof(said));
		return fail(err, CALLGATE_E_UNPROVED, "the kernel answers %s to %s, which is not what the filter means",
			    said, call);
	}
	*ret_action = (struct callgate_action){ value };
	return CALLGATE_OK;
}
