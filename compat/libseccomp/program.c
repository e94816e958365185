/*
 * From what a context means to a program that is exported or loaded: synthesis, and the proof that the instructions
 * are that meaning. What is exported keeps to the instructions that libseccomp itself writes, since that is all that
 * some readers of its exports know.
 */
#include "program.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "codegen/codegen.h"
#include "prove/prove.h"

#include <callgate/error.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void diagram_free_pointer(struct diagram **diagram)
{
	diagram_free(*diagram);
}

static int error_code(int status)
{
	return status == CALLGATE_E_NOMEM ? -ENOMEM : -EFAULT;
}

/* For free(); NULL with no memory, and with nothing to weigh, which *ret_count tells. */
static struct codegen_weight *make_weights(const struct context *context, size_t *ret_count)
{
	const struct content *content = &context->content;
	struct codegen_weight *weights =
		calloc(content->priority_count ? content->priority_count : 1, sizeof(*weights));

	*ret_count = content->priority_count;
	for (size_t i = 0; weights && i < content->priority_count; i++)
		weights[i] = (struct codegen_weight){ content->priorities[i].audit, content->priorities[i].number,
						      1 + content->priorities[i].priority };
	return weights;
}

static int generate(const struct context *context, struct diagram *diagram, uint32_t root, bool plain,
		    struct bpf_program *ret_program, struct callgate_error *err)
{
	struct codegen_options options = { .plain = plain };
	cleanup_free struct codegen_weight *weights = make_weights(context, &options.weight_count);

	if (!weights)
		return CALLGATE_E_NOMEM;
	options.weights = options.weight_count ? weights : NULL;
	return codegen_program(diagram, root, &options, ret_program, err);
}

int context_program(const struct context *context, bool plain, struct bpf_program *ret_program)
{
	cleanup(diagram_free_pointer) struct diagram *diagram = diagram_new(0);
	struct bpf_program program = { 0 };
	struct callgate_error err;
	uint32_t root;
	int status;

	if (!diagram)
		return -ENOMEM;
	status = context_meaning(context, diagram, &root, &err);
	if (!status)
		status = generate(context, diagram, root, plain, &program, &err);
	if (!status)
		status = bpf_check(program.insns, program.length, &err);
	if (!status)
		status = prove_equal(diagram, program.insns, program.length, root, &err);
	if (status) {
		free(program.insns);
		return error_code(status);
	}
	*ret_program = program;
	return 0;
}

/* Exports have the byte order of the filter's arches. */
static void to_byte_order(struct bpf_program *program, bool big_endian)
{
	for (size_t i = 0; i < program->length; i++) {
		struct sock_filter *insn = &program->insns[i];

		insn->code = big_endian ? htobe16(insn->code) : htole16(insn->code);
		insn->k = big_endian ? htobe32(insn->k) : htole32(insn->k);
	}
}

static int export_program(const struct context *context, struct bpf_program *ret_program)
{
	int status = context_is_valid(context) ? context_program(context, true, ret_program) : -EINVAL;

	if (!status)
		to_byte_order(ret_program, context->content.filters[0].token->big_endian);
	return status;
}

int seccomp_export_bpf(const struct context *context, int fd)
{
	struct bpf_program program = { 0 };
	int status = export_program(context, &program);

	if (!status && file_write_all(fd, program.insns, program.length * sizeof(*program.insns)) < 0)
		status = context_kernel_error(context, errno);
	free(program.insns);
	return status;
}

int seccomp_export_bpf_mem(const struct context *context, void *buffer, size_t *length)
{
	struct bpf_program program = { 0 };
	int status = length ? export_program(context, &program) : -EINVAL;
	size_t size = program.length * sizeof(*program.insns);

	if (!status && buffer && *length < size)
		status = -ERANGE;
	if (!status && buffer)
		memcpy(buffer, program.insns, size);
	if (!status || status == -ERANGE)
		*length = size;
	free(program.insns);
	return status;
}

int seccomp_precompute(struct context *context)
{
	struct bpf_program program;
	int status;

	if (!context_is_valid(context))
		return -EINVAL;
	status = context_program(context, false, &program);
	if (status)
		return status;
	context_forget_program(context);
	context->precomputed = program;
	return 0;
}
