/*
 * How long the kernel takes to attach a filter: it checks, converts and compiles it, and emulates it for every number.
 * Each attach is made by a child of its own, and the filters take turns, so that the machine's moods meet all alike.
 *
 *	attach FOLDER ROUNDS         prints a line for each filter: its name, length and median in microseconds
 */
#include "base/cleanup.h"
#include "codegen/codegen.h"
#include "peer.h"
#include "prove/prove.h"
#include "times.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const enum abi_arch_id arches[] = { ABI_X86_64, ABI_I386, ABI_X32 };

enum { FILTERS = 5, ROUNDS_MAX = 4000 };

static struct attached {
	const char *name;
	struct bpf_program program;
	double times[ROUNDS_MAX];
} filters[FILTERS];

/* In the child: attaches and hands on how long it took. All filters allow write and exit_group. */
static _Noreturn void attach(const struct bpf_program *program, int pipe_end)
{
	struct sock_fprog fprog = { .len = (unsigned short)program->length, .filter = program->insns };
	double before, took;
	long status;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	before = times_now();
	status = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog);
	took = times_now() - before;
	_exit(status || write(pipe_end, &took, sizeof(took)) != sizeof(took));
}

static double measure(const struct bpf_program *program)
{
	int ends[2], status;
	double took;
	pid_t pid;

	if (pipe(ends))
		return -1;
	pid = fork();
	if (pid == 0)
		attach(program, ends[1]);
	close(ends[1]);
	if (pid < 0 || read(ends[0], &took, sizeof(took)) != sizeof(took))
		took = -1;
	close(ends[0]);
	if (pid > 0)
		waitpid(pid, &status, 0);
	return took;
}

static bool add_filter(size_t index, const char *name, struct bpf_program program)
{
	filters[index].name = name;
	filters[index].program = program;
	return program.insns;
}

/* libseccomp's filter, and ours of the same meaning. */
static bool add_pair(const struct rules *rules, size_t arch_count, size_t index, const char *peer, const char *ours)
{
	scmp_filter_ctx context = peer_libseccomp(rules, arches, arch_count, 1);
	struct bpf_program theirs = { 0 }, own = { 0 };
	struct diagram *diagram = diagram_new(0);
	uint32_t root;

	if (!context || !diagram || !peer_export(context, &theirs) ||
	    prove_lift(diagram, theirs.insns, theirs.length, &root, NULL) ||
	    codegen_program(diagram, root, NULL, &own, NULL))
		return false;
	seccomp_release(context);
	diagram_free(diagram);
	return add_filter(index, peer, theirs) && add_filter(index + 1, ours, own);
}

int main(int argc, char **argv)
{
	static struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	cleanup(arena_fini) struct arena arena = { 0 };
	int rounds = argc == 3 ? atoi(argv[2]) : 0;
	struct rules rules;
	char path[512];

	if (rounds < 1 || rounds > ROUNDS_MAX)
		return 2;
	snprintf(path, sizeof(path), "%s/policies/docker.rules", argv[1]);
	if (!rules_read(path, &arena, &rules) || !add_filter(0, "one instruction", (struct bpf_program){ allow, 1 }) ||
	    !add_pair(&rules, 1, 1, "libseccomp, x86-64", "Callgate, x86-64") ||
	    !add_pair(&rules, 3, 3, "libseccomp, three arches", "Callgate, three arches"))
		return EXIT_FAILURE;
	for (int round = 0; round < rounds; round++)
		for (size_t i = 0; i < FILTERS; i++) {
			filters[i].times[round] = measure(&filters[i].program);
			if (filters[i].times[round] < 0)
				return EXIT_FAILURE;
		}
	for (size_t i = 0; i < FILTERS; i++)
		printf("attach\t%s\t%zu\t%.1f\n", filters[i].name, filters[i].program.length,
		       times_median(filters[i].times, (size_t)rounds));
	return 0;
}
