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

/* What a program needs to load it without a library. syscall is declared as every libc has it, since unistd.h hides it
 * from those who ask for the standard alone. */
static const char c_head[] = " * It allows, refuses and hands on what that said, for the arches that it named. Include "
			     "it, or compile it, and\n"
			     " * call callgate_confine() when all that the program needs is open. It takes Linux 3.17 "
			     "or later and no library.\n"
			     " */\n"
			     "#include <errno.h>\n"
			     "#include <linux/filter.h>\n"
			     "#include <linux/seccomp.h>\n"
			     "#include <sys/prctl.h>\n"
			     "#include <sys/syscall.h>\n"
			     "#ifdef __cplusplus\n"
			     "#include <unistd.h>\n"
			     "#else\n"
			     "long syscall(long number, ...);\n"
			     "#endif\n\n"
			     "static struct sock_filter callgate_filter_insns[] = {\n";

static const char c_loader[] =
	"/* Confines all threads of the process, for good, and what it executes. 0, or -1 with errno: then no thread "
	"has\n"
	" * the filter. ESRCH: a thread has a filter of its own that this one cannot follow. */\n"
	"static inline int callgate_confine(void)\n"
	"{\n"
	"\tlong thread;\n\n"
	"\tif (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) != 0)\n"
	"\t\treturn -1;\n"
	"\tthread = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &callgate_filter);\n"
	"\tif (thread > 0)\n"
	"\t\terrno = ESRCH;\n"
	"\treturn thread == 0 ? 0 : -1;\n"
	"}\n";

int callgate_filter_format_c(const struct callgate_filter *filter, char **ret_text, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf text = { 0 };

	buf_printf(&text,
		   "/*\n * A seccomp filter of %zu instructions, written by Callgate and proved equal to its source.\n "
		   "*\n%s",
		   filter->program.length, c_head);
	for (size_t i = 0; i < filter->program.length; i++) {
		const struct sock_filter *insn = &filter->program.insns[i];

		buf_printf(&text, "\t{ 0x%02x, %u, %u, 0x%08x },\n", insn->code, insn->jt, insn->jf, insn->k);
	}
	buf_printf(&text,
		   "};\n\n"
		   "static const struct sock_fprog callgate_filter = { %zu, callgate_filter_insns };\n\n%s",
		   filter->program.length, c_loader);
	return take_text(&text, ret_text, err);
}
