/*
 * libseccomp SEED COUNT: random policies as programs for libseccomp, whose tables are handed to the libseccomp that is
 * installed; the filter that it makes is compared with the policy.
 *
 * Calls whose rules compare different arguments are merged by libseccomp in ways that its manual does not tell; the
 * conversion notes them, and then anything may come out. What libseccomp makes of many rules with several comparisons
 * can take it long: the seeds are those of which it makes something.
 */
#include "policies.h"

#include "base/cleanup.h"

#include <callgate/convert.h>

#include <inttypes.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct counts {
	unsigned compared, unsayable, noted;
};

static void free_subject(struct callgate_subject **subject)
{
	callgate_subject_free(*subject);
}

static void free_conversion(struct callgate_conversion **conversion)
{
	callgate_conversion_free(*conversion);
}

static void free_diff(struct callgate_diff **diff)
{
	callgate_diff_free(*diff);
}

static void release(scmp_filter_ctx *filter)
{
	if (*filter)
		seccomp_release(*filter);
}

/* "SCMP_ACT_ERRNO(5)"; gives what stands behind it. */
static const char *read_action(const char *text, uint32_t *ret_action)
{
	static const struct {
		const char *word;
		uint32_t action;
	} words[] = {
		{ "ALLOW", SCMP_ACT_ALLOW },	{ "KILL_PROCESS", SCMP_ACT_KILL_PROCESS },
		{ "LOG", SCMP_ACT_LOG },	{ "KILL_THREAD", SCMP_ACT_KILL_THREAD },
		{ "TRAP", SCMP_ACT_TRAP },	{ "ERRNO", SCMP_ACT_ERRNO(0) },
		{ "TRACE", SCMP_ACT_TRACE(0) }, { "NOTIFY", SCMP_ACT_NOTIFY },
	};
	char word[24];
	unsigned data = 0;
	int end = 0;

	if (sscanf(text, "SCMP_ACT_%23[A-Z_]%n", word, &end) != 1)
		return NULL;
	text += end;
	end = 0;
	if (*text == '(')
		sscanf(text, "(%u)%n", &data, &end);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(words[i].word, word) == 0)
			*ret_action = words[i].action | data;
	return text + end;
}

/* "{ 2, SCMP_CMP_MASKED_EQ, 0x3, 0x0 }" */
static const char *read_test(const char *text, struct scmp_arg_cmp *ret_test)
{
	static const char *const words[] = { "", "NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ" };
	char word[16];
	int end = 0;

	if (sscanf(text, "{ %u, SCMP_CMP_%15[A-Z_], %" SCNx64 ", %" SCNx64 " }%n", &ret_test->arg, word,
		   &ret_test->datum_a, &ret_test->datum_b, &end) != 4)
		return NULL;
	for (unsigned op = SCMP_CMP_NE; op <= SCMP_CMP_MASKED_EQ; op++)
		if (strcmp(words[op], word) == 0)
			ret_test->op = (enum scmp_compare)op;
	text += end;
	return strncmp(text, ", ", 2) == 0 ? text + 2 : text;
}

static bool add_row(scmp_filter_ctx filter, const char *row)
{
	struct scmp_arg_cmp tests[6];
	uint32_t action = 0;
	unsigned count = 0;
	char name[64];
	const char *text = read_action(row + 3, &action);
	int end = 0, nr, number;

	if (!text || sscanf(text, ", \"%63[a-z0-9_]\", %d, %u, { %n", name, &number, &count, &end) != 3 || count > 6)
		return false;
	text += end;
	for (unsigned i = 0; text && i < count; i++)
		text = read_test(text, &tests[i]);
	nr = seccomp_syscall_resolve_name(name);
	if (nr == __NR_SCMP_ERROR && seccomp_arch_native() == SCMP_ARCH_X86_64)
		nr = number;
	return text && nr != __NR_SCMP_ERROR && seccomp_rule_add_array(filter, action, nr, count, tests) == 0;
}

static const char *behind(const char *text, const char *words)
{
	return strstr(text, words) + strlen(words);
}

/* What callgate_libseccomp() of the text does; false where this libseccomp does not know a call. */
static bool make_filter(const char *text, struct buf *program)
{
	cleanup(release) scmp_filter_ctx filter = NULL;
	uint32_t common = 0, foreign = 0;
	const char *row = behind(text, "callgate_rules[] = {\n");
	char bytes[4096];
	ssize_t length;
	cleanup_fd int fd = -1;

	read_action(behind(text, "callgate_default = "), &common);
	read_action(behind(text, "callgate_other_arches = "), &foreign);
	filter = seccomp_init(common);
	if (!filter || seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, foreign) ||
	    seccomp_arch_remove(filter, SCMP_ARCH_NATIVE) || seccomp_arch_add(filter, SCMP_ARCH_X86_64))
		return false;
	for (; strncmp(row, "\t{ SCMP", 7) == 0; row = strchr(row, '\n') + 1)
		if (!add_row(filter, row))
			return false;
	fd = memfd_create("filter", MFD_CLOEXEC);
	if (fd < 0 || seccomp_export_bpf(filter, fd) || lseek(fd, 0, SEEK_SET))
		return false;
	while ((length = read(fd, bytes, sizeof(bytes))) > 0)
		buf_add(program, bytes, (size_t)length);
	return true;
}

static bool try_policy(const char *text, void *context)
{
	cleanup(free_subject) struct callgate_subject *policy = NULL, *theirs = NULL;
	cleanup(free_conversion) struct callgate_conversion *conversion = NULL;
	cleanup(free_diff) struct callgate_diff *diff = NULL;
	cleanup(buf_fini) struct buf program = { 0 };
	struct counts *counts = context;

	if (callgate_subject_parse("random", text, strlen(text), NULL, &policy, NULL))
		return false;
	if (callgate_convert(policy, CALLGATE_TARGET_LIBSECCOMP, &conversion, NULL) ||
	    !make_filter(callgate_conversion_text(conversion), &program)) {
		counts->unsayable++;
		return true;
	}
	if (callgate_conversion_note(conversion, 0)) {
		counts->noted++;
		return true;
	}
	/* It may be longer than the kernel takes. */
	if (program.length > BPF_MAXINSNS * sizeof(struct sock_filter)) {
		counts->unsayable++;
		return true;
	}
	if (callgate_subject_parse("theirs", program.data, program.length, NULL, &theirs, NULL) ||
	    callgate_diff_new(policy, theirs, &diff, NULL))
		return false;
	counts->compared++;
	if (!callgate_diff_count(diff))
		return true;
	printf("# libseccomp's differs: %s\n", callgate_diff_at(diff, 0)->witness);
	return false;
}

static bool finish(void *context)
{
	const struct counts *counts = context;

	printf("# %u compared, %u merged in libseccomp's own way, %u it has no words for\n", counts->compared,
	       counts->noted, counts->unsayable);
	return counts->compared > 0;
}

int main(int argc, char **argv)
{
	struct counts counts = { 0 };

	return random_main(argc, argv, try_policy, finish, &counts);
}
