/*
 * A recording cannot be had a second time, so what can fail is tried before the program runs: that there is evidence to
 * add to, that the files can be written. Then the text is made, read back as any policy is, and only then written.
 */
#include <callgate/learn.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "launch/descriptors.h"
#include "launch/environment.h"
#include "learn/evidence_file.h"
#include "learn/rules.h"
#include "observe/attach.h"
#include "observe/log.h"
#include "observe/record.h"
#include "sandbox/sandbox.h"

#include <callgate/policy.h>

#include <string.h>
#include <sys/stat.h>

struct callgate_learned {
	struct arena arena;
	struct {
		VEC(struct callgate_learned_call);
	} calls;
	char *policy; /* owned */
};

/* Everything of one recording; strings of the calls live in the learned handle. */
struct learning {
	const struct callgate_learn_options *options;
	const char **environment;			/* of the target; owned */
	char *evidence_path;				/* owned; NULL when no file is written */
	struct file_place policy_place, evidence_place; /* found before a program runs that could exchange them */
	struct evidence *run;				/* this run's; owned */
	struct evidence *all; /* the earlier runs' to which this one is added; owned; NULL without --append */
	struct learned learned;
	struct callgate_learned *result; /* owned */
};

static void learning_fini(struct learning *learning)
{
	free(learning->environment);
	free(learning->evidence_path);
	file_place_fini(&learning->evidence_place);
	file_place_fini(&learning->policy_place);
	evidence_free(learning->run);
	evidence_free(learning->all);
	learned_fini(&learning->learned);
	callgate_learned_free(learning->result);
}

void callgate_learned_free(struct callgate_learned *learned)
{
	if (!learned)
		return;
	arena_fini(&learned->arena);
	free(learned->policy);
	free(learned);
}

size_t callgate_learned_count(const struct callgate_learned *learned)
{
	return learned->calls.length;
}

void callgate_learned_call(const struct callgate_learned *learned, size_t index, struct callgate_learned_call *ret_call)
{
	*ret_call = learned->calls.items[index];
}

const char *callgate_learned_policy(const struct callgate_learned *learned)
{
	return learned->policy;
}

/* Whether a file can be made or replaced where path is; what only its writing can show is left to that. */
static int learn_check_writable(const char *path, struct callgate_error *err)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	struct stat there;

	if (!folder)
		return fail_nomem(err);
	if (stat(path, &there) == 0 && !S_ISREG(there.st_mode)) {
		if (S_ISDIR(there.st_mode))
			errno = EISDIR;
		else if (access(path, W_OK) == 0)
			return CALLGATE_OK;
		return fail_errno(err, "cannot write '%s'", path);
	}
	if (access(folder, W_OK | X_OK) < 0)
		return fail_errno(err, "cannot write '%s'", path);
	return CALLGATE_OK;
}

static int learn_find_place(const char *path, struct file_place *ret_place, struct callgate_error *err)
{
	int status = learn_check_writable(path, err);

	return status == CALLGATE_OK ? file_place_find(path, ret_place, err) : status;
}

/* A terminal, a pipe, /dev/null: there is no beside. */
static bool learn_is_file(const char *path)
{
	struct stat there;

	return stat(path, &there) < 0 || S_ISREG(there.st_mode);
}

static int learn_find_evidence(struct learning *learning, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf path = { 0 };
	int status;

	if (!learning->options->policy)
		return CALLGATE_OK;
	status = learn_find_place(learning->options->policy, &learning->policy_place, err);
	if (status < 0 || !learn_is_file(learning->options->policy))
		return status;
	buf_printf(&path, "%s.evidence", learning->options->policy);
	learning->evidence_path = buf_take(&path);
	if (!learning->evidence_path)
		return fail_nomem(err);
	status = learn_find_place(learning->evidence_path, &learning->evidence_place, err);
	if (status < 0 || !learning->options->append || access(learning->evidence_path, F_OK) < 0)
		return status;
	return evidence_read(learning->evidence_path, &learning->all, err);
}

static int learn_record(struct learning *learning, struct callgate_learn_report *report, struct callgate_error *err)
{
	static const enum record_how hows[] = {
		[CALLGATE_RECORDER_AUTO] = RECORD_AUTO,
		[CALLGATE_RECORDER_BPF] = RECORD_BPF,
		[CALLGATE_RECORDER_NOTIFY] = RECORD_NOTIFY,
		[CALLGATE_RECORDER_TRACE] = RECORD_TRACE,
	};
	static const enum callgate_recorder recorders[] = {
		[RECORD_AUTO] = CALLGATE_RECORDER_AUTO,
		[RECORD_BPF] = CALLGATE_RECORDER_BPF,
		[RECORD_NOTIFY] = CALLGATE_RECORDER_NOTIFY,
		[RECORD_TRACE] = CALLGATE_RECORDER_TRACE,
	};
	const struct callgate_run_options *run = &learning->options->run;
	struct record_spec spec = {
		.launch = {
			.argv = run->argv,
			.envp = learning->environment,
			.sandbox = run->sandbox,
			.folder = run->sandbox ? run->sandbox->folder : NULL,
			.keep_fds = run->sandbox ? run->sandbox->pass_fds.items : NULL,
			.keep_fd_count = run->sandbox ? run->sandbox->pass_fds.length : 0,
			.new_session = true,
			.die_with_parent = true,
			.no_core = true,
		},
		.how = hows[learning->options->recorder],
		.processes_max = learning->options->processes_max,
		.results = learning->options->results,
		.mains = learning->options->mains,
		.lingers = run->sandbox && run->sandbox->linger,
	};
	struct record_end end;
	int status = record_run(&spec, learning->run, &end, err);

	if (status < 0)
		return status;
	report->signalled = end.end.signalled;
	report->status = end.end.status;
	report->exit_status = launch_end_status(&end.end);
	report->wall_ns = end.end.wall_ns;
	report->recorder = recorders[end.how];
	report->no_main = end.no_main;
	report->passed_over = end.passed_over;
	report->broken_off = end.broken_off;
	report->cut_off = end.cut_off;
	report->was_tracer = end.was_tracer;
	return CALLGATE_OK;
}

static int learn_attach(struct learning *learning, struct callgate_learn_report *report, struct callgate_error *err)
{
	struct attach_spec spec = {
		.pid = learning->options->pid,
		.cgroup = learning->options->cgroup,
		.for_ms = learning->options->for_ms,
	};
	struct attach_end end;
	int status = attach_run(&spec, learning->run, &end, err);

	if (status < 0)
		return status;
	report->wall_ns = end.wall_ns;
	report->recorder = CALLGATE_RECORDER_BPF;
	report->cut_off = !end.has_ended;
	return CALLGATE_OK;
}

static int learn_read_logs(struct learning *learning, struct callgate_learn_report *report, struct callgate_error *err)
{
	const struct callgate_learn_options *options = learning->options;
	enum log_kind kind = options->recorder == CALLGATE_RECORDER_AUDIT ? LOG_AUDIT : LOG_STRACE;
	struct log_end end;
	size_t count = 0;
	int status;

	while (options->logs && options->logs[count])
		count++;
	status = count ? log_read_files(kind, options->logs, count, learning->run, &end, err)
		       : fail(err, CALLGATE_E_INVALID, "no log is named");
	if (status < 0)
		return status;
	report->recorder = options->recorder;
	report->wall_ns = end.wall_ns;
	report->cut_off = end.cut_off;
	report->untimed = end.untimed;
	report->untold = end.untold;
	report->first_untold = end.first_untold;
	return CALLGATE_OK;
}

static int learn_see(struct learning *learning, struct callgate_learn_report *report, struct callgate_error *err)
{
	const struct callgate_learn_options *options = learning->options;
	int status;

	if (options->recorder == CALLGATE_RECORDER_STRACE || options->recorder == CALLGATE_RECORDER_AUDIT)
		return learn_read_logs(learning, report, err);
	if (options->pid || options->cgroup)
		return learn_attach(learning, report, err);
	status = environment_choose(&options->run, &learning->environment, err);
	return status == CALLGATE_OK ? learn_record(learning, report, err) : status;
}

/* The call of that program and name, made when there is none; NULL without memory. */
static struct callgate_learned_call *learn_call(struct callgate_learned *learned, const char *program,
						const char *syscall)
{
	struct callgate_learned_call call = { .count = 0 };

	for (size_t i = 0; i < learned->calls.length; i++)
		if (strcmp(learned->calls.items[i].program, program) == 0 &&
		    strcmp(learned->calls.items[i].syscall, syscall) == 0)
			return &learned->calls.items[i];
	call.program = arena_strdup(&learned->arena, program);
	call.syscall = arena_strdup(&learned->arena, syscall);
	if (!call.program || !call.syscall || !VEC_PUSH(&learned->arena, &learned->calls, call))
		return NULL;
	return &learned->calls.items[learned->calls.length - 1];
}

/* The same program can have two builds, the same name two arches: for whoever counts calls they are one. */
static int learn_list_calls(struct learning *learning, struct callgate_learn_report *report, struct callgate_error *err)
{
	struct callgate_learned *learned = learning->result;

	for (size_t i = 0; i < learning->run->entries.length; i++) {
		const struct evidence_entry *entry = learning->run->entries.items[i];
		struct callgate_learned_call *call;
		char name[64];

		evidence_entry_name(entry, name, sizeof(name));
		call = learn_call(learned, entry->program->path, name);
		if (!call)
			return fail_nomem(err);
		call->count += entry->count;
	}
	for (size_t i = 0; i < learned->calls.length; i++) {
		bool new_program = true, new_syscall = true;

		for (size_t j = 0; j < i; j++) {
			new_program &= strcmp(learned->calls.items[j].program, learned->calls.items[i].program) != 0;
			new_syscall &= strcmp(learned->calls.items[j].syscall, learned->calls.items[i].syscall) != 0;
		}
		report->programs += new_program;
		report->syscalls += new_syscall;
	}
	report->calls = learning->run->calls;
	report->own_filters = learning->run->blind.own_filters;
	return CALLGATE_OK;
}

/* The policy's text, which must read as a policy: what does not is our mistake, and is not written. */
static int learn_text(struct learning *learning, struct callgate_error *err)
{
	const char *slash = learning->evidence_path ? strrchr(learning->evidence_path, '/') : NULL;
	cleanup(buf_fini) struct buf text = { 0 };
	struct callgate_policy *policy;
	struct callgate_error wrong;
	const struct learn_wishes wishes = {
		.evidence_name = slash ? slash + 1 : learning->evidence_path,
		.phases = learning->options->phases,
	};
	int status = learn_rules_with(learning->all ? learning->all : learning->run, &wishes, &learning->learned, err);

	if (status < 0)
		return status;
	learned_print(&learning->learned, &text);
	if (text.failed)
		return fail_nomem(err);
	status = callgate_policy_parse("learned policy", text.data, text.length, NULL, &policy, &wrong);
	if (status == CALLGATE_E_NOMEM)
		return fail_nomem(err);
	if (status < 0)
		return fail(err, CALLGATE_E_UNPROVED, "the learned policy does not read back, line %u: %s", wrong.line,
			    wrong.message);
	callgate_policy_free(policy);
	learning->result->policy = buf_take(&text);
	return learning->result->policy ? CALLGATE_OK : fail_nomem(err);
}

static int learn_write(struct learning *learning, struct callgate_error *err)
{
	cleanup(buf_fini) struct buf text = { 0 };
	const char *policy = learning->result->policy;
	int status = CALLGATE_OK;

	if (learning->evidence_path)
		status = evidence_write(learning->all ? learning->all : learning->run, &text, err);
	if (learning->evidence_path && status == CALLGATE_OK)
		status = file_place_write(&learning->evidence_place, text.data, text.length, 0666, err);
	if (learning->options->policy && status == CALLGATE_OK)
		status = file_place_write(&learning->policy_place, policy, strlen(policy), 0666, err);
	return status;
}

static int learn_evaluate(struct learning *learning, struct callgate_learn_report *report, struct callgate_error *err)
{
	int status = learn_list_calls(learning, report, err);

	if (status == CALLGATE_OK && learning->all)
		status = evidence_merge(learning->all, learning->run, err);
	if (status == CALLGATE_OK)
		status = learn_text(learning, err);
	if (status == CALLGATE_OK)
		status = learn_write(learning, err);
	if (status < 0)
		return status;
	report->runs = (unsigned)(learning->all ? learning->all : learning->run)->run_list.length;
	report->rules = learning->learned.policy->rules.length;
	return CALLGATE_OK;
}

int callgate_learn(const struct callgate_learn_options *options, struct callgate_learned **ret_learned,
		   struct callgate_learn_report *ret_report, struct callgate_error *err)
{
	cleanup(learning_fini) struct learning learning = {
		.options = options,
		.evidence_place = FILE_PLACE_NONE,
		.policy_place = FILE_PLACE_NONE,
		.run = evidence_new(),
		.result = calloc(1, sizeof(struct callgate_learned)),
	};
	const struct callgate_sandbox *sandbox = options->run.sandbox;
	struct callgate_learn_report report = { 0 };
	int status = CALLGATE_OK;

	if (!learning.run || !learning.result)
		return fail_nomem(err);
	/* Before we open any ourselves, which must not be handed on. */
	if (sandbox)
		status = descriptors_check(sandbox->pass_fds.items, sandbox->pass_fds.length, err);
	if (status == CALLGATE_OK)
		status = learn_find_evidence(&learning, err);
	if (status == CALLGATE_OK)
		status = learn_see(&learning, &report, err);
	if (status == CALLGATE_OK)
		status = learn_evaluate(&learning, &report, err);
	if (status < 0)
		return status;
	*ret_report = report;
	*ret_learned = take_ptr(learning.result);
	return CALLGATE_OK;
}
