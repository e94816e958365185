/*
 * What the target could not do, in words. It can report no more than a step, an index and an errno, since it shares the
 * launcher's memory and must not allocate; so the words are found here, and with them what to change.
 */
#include "sandbox/plan.h"

#include "base/error.h"
#include "sandbox/limits.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

/* The text completes "cannot …". */
static const char *const plan_step_text[PLAN_STEP_COUNT] = {
	[PLAN_IDENTITY] = "take its user and group",
	[PLAN_TIME] = "make clocks of its own",
	[PLAN_NETWORK] = "make a network of its own",
	[PLAN_PRIVATE] = "make its mounts its own",
	[PLAN_NEW_ROOT] = "begin a new root",
	[PLAN_MOUNT] = "mount",
	[PLAN_PLACE] = "mount",
	[PLAN_LINK] = "mount",
	[PLAN_PIVOT] = "change to the new root",
	[PLAN_LOOPBACK] = "start the loopback",
	[PLAN_HOSTNAME] = "set the host name",
	[PLAN_LIMIT] = "set the limit of",
	[PLAN_GROUP] = "enter its control group",
	[PLAN_KEYRING] = "join a new session keyring",
	[PLAN_FOLDER] = "enter the folder",
	[PLAN_PROGRAM] = "find the program",
	[PLAN_PATH] = "open",
	[PLAN_LANDLOCK] = "restrict itself by Landlock",
	[PLAN_WRITE_XOR_EXECUTE] = "forbid memory that is writable and executable",
	[PLAN_TSC] = "switch the time stamp counter off",
	[PLAN_CORE_SCHEDULING] = "keep its cores to itself",
	[PLAN_SPECULATION] = "keep the processor from speculating",
	[PLAN_CAPABILITIES] = "drop its capabilities",
};

static const enum callgate_ground plan_step_layer[PLAN_STEP_COUNT] = {
	[PLAN_IDENTITY] = CALLGATE_GROUND_USER,
	[PLAN_TIME] = CALLGATE_GROUND_TIME,
	[PLAN_NETWORK] = CALLGATE_GROUND_NET,
	[PLAN_PRIVATE] = CALLGATE_GROUND_MOUNT,
	[PLAN_NEW_ROOT] = CALLGATE_GROUND_ROOT,
	[PLAN_MOUNT] = CALLGATE_GROUND_ROOT,
	[PLAN_PLACE] = CALLGATE_GROUND_ROOT,
	[PLAN_LINK] = CALLGATE_GROUND_ROOT,
	[PLAN_PIVOT] = CALLGATE_GROUND_ROOT,
	[PLAN_LOOPBACK] = CALLGATE_GROUND_NET,
	[PLAN_HOSTNAME] = CALLGATE_GROUND_UTS,
	[PLAN_LIMIT] = CALLGATE_GROUND_LIMITS,
	[PLAN_GROUP] = CALLGATE_GROUND_RESOURCES,
	[PLAN_KEYRING] = CALLGATE_GROUND_KEYRING,
	[PLAN_LANDLOCK] = CALLGATE_GROUND_LANDLOCK,
	[PLAN_WRITE_XOR_EXECUTE] = CALLGATE_GROUND_WRITE_XOR_EXECUTE,
	[PLAN_TSC] = CALLGATE_GROUND_TSC,
	[PLAN_CORE_SCHEDULING] = CALLGATE_GROUND_CORE_SCHEDULING,
	[PLAN_SPECULATION] = CALLGATE_GROUND_SPECULATION,
	[PLAN_CAPABILITIES] = CALLGATE_GROUND_CAPABILITIES,
};

static void describe_mount(const struct plan_mount *mount, char *text, size_t size)
{
	static const char *const kinds[] = {
		[SANDBOX_TMPFS] = "a tmpfs",
		[SANDBOX_PROC] = "/proc",
		[SANDBOX_DEV] = "/dev",
		[SANDBOX_DIR] = "a folder",
		[SANDBOX_SYMLINK] = "a link",
		[SANDBOX_MASK] = "a mask",
		[SANDBOX_OVERLAY] = "an overlay",
		[SANDBOX_TMP_OVERLAY] = "an overlay",
		[SANDBOX_RO_OVERLAY] = "an overlay",
	};

	if (mount->kind <= SANDBOX_BIND_TRY)
		snprintf(text, size, "'%s' at '%s'", mount->source, mount->dest);
	else
		snprintf(text, size, "%s at '%s'", kinds[mount->kind], mount->dest);
}

struct failure_row {
	enum plan_step step;
	int error; /* negative */
	const char *hint;
};

/* What helps, where that is more than how to get the layer. The first that fits counts. */
static const struct failure_row failure_rows[] = {
	{ PLAN_IDENTITY, -EINVAL,
	  "the user namespace that we are in has no such user or group (/proc/self/uid_map); --uid and --gid name "
	  "others" },
	{ PLAN_MOUNT, -ELOOP, "a link has come into the path of its source since it was looked at" },
	{ PLAN_MOUNT, -ENOENT, "its source is gone since it was looked at" },
	{ PLAN_PLACE, -EROFS,
	  "the place to mount at is not there and cannot be made; make it outside, or mount elsewhere" },
	{ PLAN_LINK, -EROFS,
	  "a link on the way to the place leads to where it is not and cannot be made; name the place itself, or make "
	  "it outside" },
	{ PLAN_LINK, -ENOENT,
	  "a link on the way to the place leads to nothing in the sandbox; mount at where it leads, or do without the "
	  "link" },
	{ PLAN_LINK, -ELOOP, "a link on the way to the place leads round, or out by /proc; name the place itself" },
	{ PLAN_LINK, -EEXIST, "a link is there already; one is made where nothing is" },
	{ PLAN_PLACE, -EEXIST, "something is there already; a link is made where nothing is" },
	{ PLAN_PLACE, -ENOTDIR, "a folder goes on a folder, a file on a file" },
	{ PLAN_PLACE, -EISDIR, "a folder goes on a folder, a file on a file" },
	{ PLAN_LINK, -ENOTDIR, "a folder goes on a folder, a file on a file, also through a link" },
	{ PLAN_LINK, -EISDIR, "a folder goes on a folder, a file on a file, also through a link" },
	{ PLAN_FOLDER, -EROFS, "it is missing, and the root is read-only: make it there from outside" },
	{ PLAN_FOLDER, -ENOENT,
	  "it is looked for in the sandbox, which has only what is mounted; --dir makes an empty one" },
};

/* How to get the layer, and how to do without, if that can be allowed: who the target is cannot, nor its group. */
static void hint_of_layer(enum plan_step step, struct callgate_error *err)
{
	enum callgate_ground layer = plan_step_layer[step];

	if (step == PLAN_IDENTITY || step == PLAN_GROUP || !layer)
		error_hint(err, "%s", callgate_ground_advice(layer));
	else
		error_hint(err, "--allow-degraded %s runs it without; %s", callgate_ground_name(layer),
			   callgate_ground_advice(layer));
}

/* NULL: its layer's. */
static const char *failure_hint(const struct sandbox_plan *plan, int error)
{
	const enum plan_step step = (enum plan_step)plan->step;

	for (size_t i = 0; i < sizeof(failure_rows) / sizeof(*failure_rows); i++)
		if (failure_rows[i].step == step && failure_rows[i].error == error)
			return failure_rows[i].hint;
	if (plan->step == PLAN_PATH && plan->own_root)
		return "it is looked for in the sandbox, which has only what is mounted: bind it, or leave this out";
	if (plan->step == PLAN_PATH)
		return "name what is there, or leave this out";
	return NULL;
}

static void describe_path(const struct sandbox_path *path, char *text, size_t size)
{
	static const char *const settings[] = {
		[SANDBOX_RO] = "ro", [SANDBOX_ROX] = "rox", [SANDBOX_RW] = "rw", [SANDBOX_RWX] = "rwx"
	};

	snprintf(text, size, "'%s', which '%s' names", path->path, settings[path->access]);
}

static int fail_program(const char *argv0, int error, struct callgate_error *err)
{
	if (error == -ENOENT || error == -ENOTDIR) {
		int status = fail(err, CALLGATE_E_NOT_FOUND, "'%s': no such program in the sandbox", argv0);

		error_hint(err, "it has only what is mounted in it; --ro-bind SOURCE DEST adds a folder or a file");
		return status;
	}
	errno = -error;
	error_set_errno(err, "cannot execute '%s'", argv0);
	if (err)
		err->status = CALLGATE_E_NOT_EXECUTABLE;
	return CALLGATE_E_NOT_EXECUTABLE;
}

int plan_failure(const struct sandbox_plan *plan, const char *argv0, int error, struct callgate_error *err)
{
	const char *hint = failure_hint(plan, error);
	char what[PATH_MAX + 64] = "";

	if (plan->step == PLAN_PROGRAM)
		return fail_program(argv0, error, err);
	if (plan->step == PLAN_PATH)
		describe_path(&plan->sandbox->paths.items[plan->index], what, sizeof(what));
	if (plan->step == PLAN_MOUNT || plan->step == PLAN_PLACE || plan->step == PLAN_LINK)
		describe_mount(&plan->mounts[plan->index], what, sizeof(what));
	if (plan->step == PLAN_LIMIT)
		snprintf(what, sizeof(what), "'%s'", limit_name(plan->limits[plan->index].resource));
	if (plan->step == PLAN_FOLDER)
		snprintf(what, sizeof(what), "'%s'", plan->folder);
	errno = -error;
	error_set_errno(err, "the target was not started: cannot %s%s%s", plan_step_text[plan->step], *what ? " " : "",
			what);
	if (err)
		err->status = CALLGATE_E_UNCONFINED;
	if (hint)
		error_hint(err, "%s", hint);
	else
		hint_of_layer((enum plan_step)plan->step, err);
	return CALLGATE_E_UNCONFINED;
}

int plan_init_failure(const struct sandbox_plan *plan, struct callgate_error *err)
{
	struct sandbox_plan told = *plan;

	told.step = PLAN_IDENTITY;
	return plan_failure(&told, NULL, plan->init_error, err);
}
