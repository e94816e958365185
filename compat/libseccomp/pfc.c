/*
 * The filter for people: what it means, rule by rule in the order in which they decide, with names.
 */
#include "abi/abi.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "rule.h"
#include "syscall.h"

#include <errno.h>
#include <inttypes.h>

static void put_action(struct buf *text, uint32_t action)
{
	static const struct {
		uint32_t action;
		const char *name;
	} names[] = {
		{ SECCOMP_RET_KILL_PROCESS, "KILL_PROCESS" },
		{ SECCOMP_RET_KILL_THREAD, "KILL" },
		{ SECCOMP_RET_TRAP, "TRAP" },
		{ SECCOMP_RET_ERRNO, "ERRNO" },
		{ SECCOMP_RET_USER_NOTIF, "NOTIFY" },
		{ SECCOMP_RET_TRACE, "TRACE" },
		{ SECCOMP_RET_LOG, "LOG" },
		{ SECCOMP_RET_ALLOW, "ALLOW" },
	};
	uint32_t kind = action & SECCOMP_RET_ACTION_FULL;

	buf_puts(text, "action ");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].action == kind)
			buf_puts(text, names[i].name);
	if (kind == SECCOMP_RET_ERRNO || kind == SECCOMP_RET_TRACE)
		buf_printf(text, "(%u)", action & SECCOMP_RET_DATA);
	buf_puts(text, ";\n");
}

static void put_comparison(struct buf *text, unsigned arg, const struct comparison *comparison)
{
	static const char *const operators[SCMP_CMP_END] = {
		[SCMP_CMP_NE] = "!=", [SCMP_CMP_LT] = "<", [SCMP_CMP_LE] = "<=",	[SCMP_CMP_EQ] = "==",
		[SCMP_CMP_GE] = ">=", [SCMP_CMP_GT] = ">", [SCMP_CMP_MASKED_EQ] = "==",
	};

	if (comparison->op == SCMP_CMP_MASKED_EQ)
		buf_printf(text, "($a%u & 0x%" PRIx64 ")", arg, comparison->mask);
	else
		buf_printf(text, "$a%u", arg);
	buf_printf(text, " %s 0x%" PRIx64, operators[comparison->op], comparison->value);
}

static void put_rule(struct buf *text, const struct rule *rule)
{
	const char *between = "    if (";

	for (unsigned arg = 0; arg < ARGS; arg++) {
		if (!rule->comparisons[arg].op)
			continue;
		buf_puts(text, between);
		put_comparison(text, arg, &rule->comparisons[arg]);
		between = " and ";
	}
	buf_puts(text, rule_is_unconditional(rule) ? "    " : ")\n      ");
	put_action(text, rule->action);
}

static int put_filter(struct buf *text, const struct filter *filter, uint32_t default_action)
{
	cleanup(arena_fini) struct arena arena = { 0 };
	struct rule_order order;

	if (rule_order(filter, &arena, &order))
		return -ENOMEM;
	buf_printf(text, "# filter for arch %s (%" PRIu32 ")\nif ($arch == %" PRIu32 ")\n", filter->token->name,
		   token_audit(filter->token), token_audit(filter->token));
	for (size_t i = 0; i < order.length; i++) {
		const struct rule *rule = order.items[i];
		const char *name = syscall_name(filter->token, rule->number);

		if (i == 0 || order.items[i - 1]->number != rule->number)
			buf_printf(text, "  # filter for syscall \"%s\" (%d)\n  if ($syscall == %" PRIu32 ")\n",
				   name ? name : "UNKNOWN", rule->number, (uint32_t)rule->number);
		put_rule(text, rule);
	}
	buf_puts(text, "  # default action\n  ");
	put_action(text, default_action);
	return 0;
}

int seccomp_export_pfc(const struct context *context, int fd)
{
	cleanup(buf_fini) struct buf text = { 0 };
	const struct content *content;

	if (!context_is_valid(context))
		return -EINVAL;
	content = &context->content;
	buf_puts(&text, "#\n# pseudo filter code start\n#\n");
	for (size_t i = 0; i < content->filter_count; i++)
		if (put_filter(&text, &content->filters[i], content->attributes[SCMP_FLTATR_ACT_DEFAULT]))
			return -ENOMEM;
	buf_puts(&text, "# invalid architecture action\n");
	put_action(&text, content->attributes[SCMP_FLTATR_ACT_BADARCH]);
	buf_puts(&text, "#\n# pseudo filter code end\n#\n");
	if (text.failed)
		return -ENOMEM;
	if (file_write_all(fd, text.data, text.length) < 0)
		return context_kernel_error(context, errno);
	return 0;
}
