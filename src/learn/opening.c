/*
 * The comment that a learned policy opens with: of which programs and runs it is, and what nobody could see of them.
 */
#include "learn/writer.h"

#include "base/cleanup.h"

#include <inttypes.h>
#include <string.h>

/* A file's name may hold any byte but NUL; in a policy's comment none may be a control character. */
static void opening_name(struct buf *text, const char *name)
{
	for (; *name; name++)
		buf_printf(text, (unsigned char)*name < ' ' || *name == 0x7f ? "\\x%02x" : "%c", (unsigned char)*name);
	buf_putc(text, '\n');
}

static void opening_programs(const struct evidence *evidence, struct buf *text)
{
	buf_printf(text, "Learned from %zu run%s, %" PRIu64 " call%s, of:\n", evidence->run_list.length,
		   evidence->run_list.length == 1 ? "" : "s", evidence->calls, evidence->calls == 1 ? "" : "s");
	for (size_t i = 0; i < evidence->programs.length; i++) {
		bool again = false;

		for (size_t j = 0; j < i; j++)
			again |= strcmp(evidence->programs.items[j]->path, evidence->programs.items[i]->path) == 0;
		if (again)
			continue;
		buf_puts(text, "  ");
		opening_name(text, evidence->programs.items[i]->path);
	}
}

/* Whether no recording saw the program from its start. */
static bool evidence_is_attached_only(const struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->run_list.length; i++)
		if (!evidence->run_list.items[i].attached)
			return false;
	return evidence->run_list.length > 0;
}

static void opening_blind(const struct writer *writer, struct buf *text)
{
	if (evidence_is_attached_only(writer->evidence))
		buf_puts(text,
			 "It was attached to while it ran: what it did before, its start included, was not seen.\n");
	if (writer->evidence->blind.own_filters)
		buf_printf(text,
			   "The program loaded filters of its own (%" PRIu64
			   " attempts): what those refused was not seen.\n",
			   writer->evidence->blind.own_filters);
	if (subjects_find(&writer->subjects, "io_uring_setup"))
		buf_puts(text, "It uses io_uring, whose operations neither a recorder nor a filter sees.\n");
	for (size_t i = 0; i < writer->subjects.unnamed.length; i++) {
		const struct evidence_entry *entry = writer->subjects.unnamed.items[i];

		buf_printf(text, "Number %u, which no kernel known to Callgate has, was called: %" PRIu64 " call%s.\n",
			   entry->nr, entry->count, entry->count == 1 ? "" : "s");
	}
}

/* Whoever reads the arch line should know that it is what the program did, and what it opens. */
static void opening_foreign(const struct writer *writer, struct buf *text)
{
	const struct policy *policy = writer->learned.policy;
	const char *separator = "The kernel was also called as ";
	bool foreign = false;

	for (int id = 0; id < ABI_ARCH_COUNT; id++) {
		if (!policy->arches[id] || abi_arch((enum abi_arch_id)id) == abi_arch_native())
			continue;
		buf_printf(text, "%s%s", separator, abi_arch((enum abi_arch_id)id)->name);
		separator = ", ";
		foreign = true;
	}
	if (foreign)
		buf_puts(text,
			 ": what is allowed is allowed there too. Take it out of `arch` if that was only a try.\n");
}

int writer_opening(struct writer *writer, const char *evidence_name)
{
	cleanup(buf_fini) struct buf text = { 0 };

	opening_programs(writer->evidence, &text);
	opening_blind(writer, &text);
	opening_foreign(writer, &text);
	buf_puts(&text, buf_text(&writer->widened));
	if (evidence_name) {
		buf_puts(&text, "Values, call sites and phases: ");
		opening_name(&text, evidence_name);
	}
	if (text.length)
		text.data[--text.length] = '\0';
	return writer_text(writer, &text, &writer->learned.opening);
}
