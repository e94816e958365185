/*
 * A finished filter as text: for a person, and for a program that compiles it in.
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "filter/filter.h"

static int take_text(struct buf *text, char **ret_text, struct callgate_error *err)
{
	char *taken = buf_take(text);

	if (!taken)
		return fail_nomem(err);
	*ret_text = taken;
	return CALLGATE_OK;
}

int callgate_filter_disassemble(const struct callgate_filter *filter, char **ret_text, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf text = { 0 };

	bpf_disassemble(filter->program.insns, filter->program.length, &text);
	return take_text(&text, ret_text, err);
}

int callgate_filter_format_c(const struct callgate_filter *filter, char **ret_text, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf text = { 0 };

	buf_printf(
		&text,
		"/* A seccomp filter of %zu instructions, written by callgate and proved equal to its source. Load it\n"
		" * with prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), then\n"
		" * seccomp(SECCOMP_SET_MODE_FILTER, 0, &callgate_filter). */\n"
		"#include <linux/filter.h>\n\n"
		"static struct sock_filter callgate_filter_insns[] = {\n",
		filter->program.length);
	for (size_t i = 0; i < filter->program.length; i++) {
		const struct sock_filter *insn = &filter->program.insns[i];

		buf_printf(&text, "\t{ 0x%02x, %u, %u, 0x%08x },\n", insn->code, insn->jt, insn->jf, insn->k);
	}
	buf_printf(&text,
		   "};\n\n"
		   "static const struct sock_fprog callgate_filter = { %zu, callgate_filter_insns };\n",
		   filter->program.length);
	return take_text(&text, ret_text, err);
}
