/*
 * Lines for a unit of systemd. SystemCallFilter= knows calls and no arguments; a few other settings know some: which
 * families socket takes, that memory is not writable and executable. A call that is let through under a condition is
 * written as let through where such a setting refuses all that the condition does, and is else refused altogether,
 * which is noted: never let through as a whole.
 *
 * The list begins with @default, which systemd adds to every list that lets through, taken away again, so that it holds
 * what is named and nothing else.
 */
#include "export/calls.h"

#include "base/error.h"

#include <inttypes.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MAX_COLUMNS = 100, FAMILIES_MAX = 64 };

/* Bits of an argument that a setting refuses, all of them together: asm-generic/mman-common.h, linux/shm.h. */
static const struct denied {
	const char *call;
	unsigned arg;
	uint32_t bits;
} write_execute[] = {
	{ "mmap", 2, 6 }, { "mmap2", 2, 6 }, { "mprotect", 2, 4 }, { "pkey_mprotect", 2, 4 }, { "shmat", 2, 0100000 },
};

struct writing {
	struct export *export;
	struct calls calls;
	uint32_t *actions; /* of each call, what is written for it */
	uint32_t refusal;  /* SystemCallErrorNumber= */
	bool is_allow_list;
	bool denies_write_execute;
	uint64_t families; /* that socket takes, a bit each */
	bool restricts_families;
	size_t column; /* of the line that is being written; 0 when none is */
};

static uint32_t is_permitted(uint32_t value, void *context)
{
	(void)context;
	return callgate_action_permits((struct callgate_action){ value }) ? DIAGRAM_TRUE : DIAGRAM_FALSE;
}

/* Whether all that is not refused by a condition is let through. False too without memory, which the diagram says. */
static bool permits_unless(struct export *export, uint32_t function, uint32_t refused)
{
	struct diagram *diagram = export->subject->diagram;
	uint32_t permitted = diagram_map(diagram, is_permitted, NULL, function);

	return diagram_or(diagram, permitted, refused) == diagram_terminal(diagram, DIAGRAM_TRUE);
}

static uint32_t has_bits(struct export *export, const struct run *run, unsigned arg, uint32_t bits)
{
	return diagram_word_equals(export->subject->diagram, diagram_arg_word(arg, false, run->arch->big_endian), bits,
				   bits);
}

static const struct denied *find_denied(const struct run *run)
{
	for (size_t i = 0; i < sizeof(write_execute) / sizeof(*write_execute); i++)
		if (strcmp(write_execute[i].call, run->syscall->name) == 0)
			return &write_execute[i];
	return NULL;
}

/* Whether a function of no condition lets through. */
static bool always_permits(struct export *export, uint32_t function)
{
	return outline_is_constant(export->subject, function) &&
	       callgate_action_permits(
		       (struct callgate_action){ diagram_node(export->subject->diagram, function).low });
}

static bool is_ours(const struct export *export, const struct run *run)
{
	return run->syscall && run->arch && export->outline.arches[run->arch->id];
}

/* MemoryDenyWriteExecute= can be said when no call that it speaks of, on any arch, is let through where it refuses, or
 * refused elsewhere under a condition. */
static bool can_deny_write_execute(struct export *export)
{
	const struct runs *runs = &export->outline.runs;
	bool is_asked = false;

	for (size_t i = 0; i < runs->length; i++) {
		const struct run *run = &runs->items[i];
		const struct denied *denied = is_ours(export, run) ? find_denied(run) : NULL;

		if (!denied ||
		    (outline_is_constant(export->subject, run->function) && !always_permits(export, run->function)))
			continue;
		if (always_permits(export, run->function) ||
		    !permits_unless(export, run->function, has_bits(export, run, denied->arg, denied->bits)))
			return false;
		is_asked = true;
	}
	return is_asked;
}

/* RestrictAddressFamilies= has no effect on an arch that has socketcall: there socket must need none. */
static bool can_restrict_families(struct export *export)
{
	const struct abi_syscall *carrier = abi_syscall_by_name("socketcall");
	const struct runs *runs = &export->outline.runs;

	for (size_t i = 0; i < runs->length; i++) {
		const struct run *run = &runs->items[i];

		if (is_ours(export, run) && strcmp(run->syscall->name, "socket") == 0 &&
		    carrier->nr[run->arch->id] >= 0 && !always_permits(export, run->function))
			return false;
	}
	return true;
}

/* The families that socket takes whatever the rest of its arguments is. */
static uint64_t families_of(struct export *export, const struct run *run)
{
	struct diagram *diagram = export->subject->diagram;
	bool big_endian = run->arch->big_endian;
	uint64_t families = 0;

	for (uint32_t family = 0; family < FAMILIES_MAX; family++) {
		uint32_t rest = diagram_restrict(diagram, run->function, diagram_arg_word(0, true, big_endian), 0);

		rest = diagram_restrict(diagram, rest, diagram_arg_word(0, false, big_endian), family);
		if (permits_unless(export, rest, diagram_terminal(diagram, DIAGRAM_FALSE)))
			families |= UINT64_C(1) << family;
	}
	return families;
}

/* "AF_UNIX"; NULL for a family without a name. */
static const char *family_name(uint32_t family)
{
	struct abi_arg args[6];

	if (!abi_syscall_args(abi_syscall_by_name("socket"), abi_arch_native()->id, args))
		return NULL;
	return abi_constant_name(args[0].constants, abi_arch_native()->id, family);
}

static bool is_sayable(uint32_t action)
{
	return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG || action == SECCOMP_RET_KILL_PROCESS ||
	       (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
}

/* What stands for a call with conditions that no setting has. */
static int refuse_whole(struct writing *writing, size_t index)
{
	const struct run *run = writing->calls.items[index];

	writing->actions[index] = writing->refusal;
	return export_note(writing->export,
			   "systemd has no words for the conditions of %s: it is refused whatever its arguments are",
			   run->syscall->name);
}

static int decide_call(struct writing *writing, size_t index)
{
	struct export *export = writing->export;
	const struct run *run = writing->calls.items[index];
	const struct denied *denied = find_denied(run);

	if (outline_is_constant(export->subject, run->function)) {
		uint32_t action = diagram_node(export->subject->diagram, run->function).low;
		char text[64];

		callgate_action_format((struct callgate_action){ action }, text, sizeof(text));
		writing->actions[index] = is_sayable(action) ? action : SECCOMP_RET_KILL_PROCESS;
		if (is_sayable(action))
			return CALLGATE_OK;
		return export_note(export, "systemd has no words for '%s': %s is killed", text, run->syscall->name);
	}
	/* What is logged under some condition is logged. */
	writing->actions[index] =
		calls_can_be(export, run->function, SECCOMP_RET_LOG) ? SECCOMP_RET_LOG : SECCOMP_RET_ALLOW;
	if (denied && writing->denies_write_execute)
		return CALLGATE_OK;
	if (strcmp(run->syscall->name, "socket") == 0 && can_restrict_families(export)) {
		writing->families = families_of(export, run);
		writing->restricts_families = writing->families != 0;
		if (writing->restricts_families)
			return CALLGATE_OK;
	}
	return refuse_whole(writing, index);
}

static int decide(struct writing *writing)
{
	struct export *export = writing->export;
	int status = calls_collect(export, &writing->calls);

	if (status)
		return status;
	writing->actions = arena_array(&export->arena, writing->calls.length + 1, sizeof(*writing->actions));
	if (!writing->actions)
		return fail_nomem(export->err);
	diagram_renew_steps(export->subject->diagram);
	writing->denies_write_execute = can_deny_write_execute(export);
	for (size_t i = 0; !status && i < writing->calls.length; i++)
		status = decide_call(writing, i);
	if (!status && diagram_status(export->subject->diagram))
		return diagram_fail(export->subject->diagram, export->err);
	return status;
}

static void end_line(struct writing *writing)
{
	if (writing->column)
		buf_putc(&writing->export->text, '\n');
	writing->column = 0;
}

/* A word of a list, whose lines all begin with the key. */
static void put_word(struct writing *writing, const char *key, const char *word, const char *suffix)
{
	size_t width = strlen(word) + strlen(suffix) + 1;

	if (writing->column + width > LINE_MAX_COLUMNS)
		end_line(writing);
	if (!writing->column) {
		buf_puts(&writing->export->text, key);
		writing->column = strlen(key);
		buf_printf(&writing->export->text, "%s%s", word, suffix);
	} else {
		buf_printf(&writing->export->text, " %s%s", word, suffix);
	}
	writing->column += width;
}

/* ":EPERM", ":kill", "" for what SystemCallErrorNumber= says. */
static const char *suffix_of(struct writing *writing, uint32_t action, char *text, size_t size)
{
	const char *name = abi_errno_name(abi_arch_native()->id, (int)(action & SECCOMP_RET_DATA));

	text[0] = '\0';
	if (action == writing->refusal)
		return text;
	if (action == SECCOMP_RET_KILL_PROCESS)
		snprintf(text, size, ":kill");
	else if (name)
		snprintf(text, size, ":%s", name);
	else
		snprintf(text, size, ":%" PRIu32, action & SECCOMP_RET_DATA);
	return text;
}

static void write_calls(struct writing *writing, bool permitted)
{
	const char *key = permitted ? "SystemCallFilter=" : "SystemCallFilter=~";
	char suffix[24] = "";

	for (size_t i = 0; i < writing->calls.length; i++) {
		uint32_t action = writing->actions[i];

		if (callgate_action_permits((struct callgate_action){ action }) != permitted)
			continue;
		/* What no line of a list that lets through names is refused. */
		if (!permitted && writing->is_allow_list && action == writing->refusal)
			continue;
		put_word(writing, key, writing->calls.items[i]->syscall->name,
			 permitted ? "" : suffix_of(writing, action, suffix, sizeof(suffix)));
	}
	end_line(writing);
}

static void write_log(struct writing *writing)
{
	for (size_t i = 0; i < writing->calls.length; i++)
		if (writing->actions[i] == SECCOMP_RET_LOG)
			put_word(writing, "SystemCallLog=", writing->calls.items[i]->syscall->name, "");
	end_line(writing);
}

static void write_families(struct writing *writing)
{
	for (uint32_t family = 0; family < FAMILIES_MAX; family++) {
		const char *name = writing->families >> family & 1 ? family_name(family) : NULL;

		if (name)
			put_word(writing, "RestrictAddressFamilies=", name, "");
	}
	end_line(writing);
}

/* systemd's names are uname's, but that x86 is i386's. Arches that the machine does not run are not said. */
static void write_arches(struct writing *writing)
{
	const struct outline *outline = &writing->export->outline;
	enum abi_arch_id native = abi_arch_native()->id;
	uint32_t foreign = diagram_node(writing->export->subject->diagram, outline->foreign).low;

	if (outline_is_constant(writing->export->subject, outline->foreign) && foreign == SECCOMP_RET_ALLOW)
		return;
	put_word(writing, "SystemCallArchitectures=", "native", "");
	if (native == ABI_X86_64 && outline->arches[ABI_I386])
		put_word(writing, "SystemCallArchitectures=", "x86", "");
	if (native == ABI_X86_64 && outline->arches[ABI_X32])
		put_word(writing, "SystemCallArchitectures=", "x32", "");
	if (native == ABI_AARCH64 && outline->arches[ABI_ARM])
		put_word(writing, "SystemCallArchitectures=", "arm", "");
	end_line(writing);
}

static void write_lines(struct writing *writing)
{
	struct buf *text = &writing->export->text;
	char refusal[24];

	buf_puts(text, "[Service]\n");
	write_arches(writing);
	if (writing->is_allow_list) {
		uint32_t action = writing->refusal;

		writing->refusal = 0;
		suffix_of(writing, action, refusal, sizeof(refusal));
		writing->refusal = action;
		if (action != SECCOMP_RET_KILL_PROCESS)
			buf_printf(text, "SystemCallErrorNumber=%s\n", refusal + 1);
		buf_puts(text, "SystemCallFilter=@default\nSystemCallFilter=~@default\n");
		write_calls(writing, true);
	}
	write_calls(writing, false);
	write_log(writing);
	if (writing->denies_write_execute)
		buf_puts(text, "MemoryDenyWriteExecute=yes\n");
	if (writing->restricts_families)
		write_families(writing);
}

int export_systemd(struct export *export)
{
	struct writing writing = { .export = export, .refusal = SECCOMP_RET_KILL_PROCESS };
	uint32_t common;
	int status;

	if (!outline_is_constant(export->subject, export->outline.unknown))
		return fail(export->err, CALLGATE_E_UNSUPPORTED,
			    "systemd has no words for a filter that looks at the arguments of numbers without a name");
	common = diagram_node(export->subject->diagram, export->outline.unknown).low;
	if (!is_sayable(common) || common == SECCOMP_RET_LOG) {
		char text[64];

		callgate_action_format((struct callgate_action){ common }, text, sizeof(text));
		return fail(export->err, CALLGATE_E_UNSUPPORTED, "systemd has no words for '%s' as a default", text);
	}
	writing.is_allow_list = common != SECCOMP_RET_ALLOW;
	if (writing.is_allow_list)
		writing.refusal = common;
	status = decide(&writing);
	if (!status)
		write_lines(&writing);
	return status;
}
