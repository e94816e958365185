# shellcheck shell=bash disable=SC2154
# Phases: a policy's second part, stacked on a process when that comes to its mark, for all its threads and children.
cat >phased.c <<'END'
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int ready[2], go[2], go_child[2];

static void try(const char *who)
{
	printf("%s %s\n", who, chdir("/") ? strerror(errno) : "may");
	fflush(stdout);
}

static void *old_thread(void *unused)
{
	char byte;

	if (write(ready[1], "x", 1) == 1 && read(go[0], &byte, 1) == 1)
		try("an old thread");
	return NULL;
}

/* Comes to its mark when there is a thread already, and a child that is to come to it by itself. */
int main(int argc, char **argv)
{
	const char *mark = argc > 1 ? argv[1] : "";
	pthread_t thread;
	pid_t pid;
	char byte;

	setbuf(stdout, NULL);
	if (pipe(ready) || pipe(go) || pipe(go_child))
		return 1;
	try("before");
	pid = fork();
	if (pid == 0) {
		if (read(go_child[0], &byte, 1) == 1)
			try("an old child");
		return 0;
	}
	if (pthread_create(&thread, NULL, old_thread, NULL) || read(ready[0], &byte, 1) != 1)
		return 1;
	if (strcmp(mark, "marker") == 0)
		printf("the marker gives %d\n", prctl(0x43474d4b, 0, 0, 0, 0));
	else
		poll(NULL, 0, 0);
	try("after");
	if (write(go[1], "x", 1) != 1)
		return 1;
	pthread_join(thread, NULL);
	if (write(go_child[1], "x", 1) != 1 || waitpid(pid, NULL, 0) != pid)
		return 1;
	pid = fork();
	if (pid == 0) {
		try("a new child");
		execl("/bin/sh", "sh", "-c", "cd / 2>/dev/null || echo its program neither", (char *)NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	if (strcmp(mark, "end") == 0)
		mkdir("made", 0700);
	return 0;
}
END

head='kernel 7.1
default allow
kill-process ptrace'
printf '%s\n\nphase serving {\n\tdefault allow\n\terrno EACCES chdir\n\tkill-process mkdir\n}\n' "$head" >serving.policy
printf '%s\n\nphase sealed at marker {\n\terrno EACCES chdir\n}\n' "$head" >marker.policy
printf '%s\n\nphase one at poll {\n\terrno EACCES chdir\n}\nphase two at poll {\n\terrno EPERM chdir, mkdir\n}\n' "$head" >two.policy

expect 0 'fmt keeps a policy with phases' callgate fmt serving.policy
check '  as it is' cmp out serving.policy
expect 0 'its meaning is that of its first part' callgate simulate serving.policy 'chdir(0)'
stdout_is allow
expect 1 '  or of what is stacked' callgate simulate --phase serving serving.policy 'chdir(0)'
stdout_is 'errno EACCES'
expect 0 '  which compiles' callgate compile --phase serving -o serving.bpf serving.policy
check '  without a word' test ! -s err
expect 0 '  and is told to be left out of the first part' callgate compile -o first.bpf serving.policy
stderr_has "serving.policy: 1 phase is not in this filter"
expect 0 '  of a stack too' callgate merge -o stack.bpf serving.policy first.bpf
stderr_has "serving.policy: 1 phase is not in this filter"
expect 0 '  to that meaning' callgate diff --phase serving serving.policy serving.policy
expect 2 'a phase that is not there' callgate compile --phase serve -o x.bpf serving.policy
stderr_has "no phase 'serve'"
expect 2 'a raw filter has none' callgate simulate --phase serving serving.bpf 'chdir(0)'
expect 0 'another language has no phases' callgate convert --to oci --runtime none serving.policy
stderr_has 'its phases are not said'
expect 0 'but ours has' callgate convert --to policy serving.policy
stdout_has '^phase serving {'

if ! command -v cc >/dev/null || ! cc -pthread -o phased phased.c 2>err; then
	skip 'a process comes to its marks' 'no compiler'
	return 0
fi
# What `run` cannot do here it says: no tracing, or another machine's registers.
callgate run --policy serving.policy -- true >out 2>err
if grep -q 'the kernel does not let us trace it' err; then
	skip 'a process comes to its marks' "$(head -n 1 err)"
	return 0
fi
expect 0 'from its first wait on a process is under the second part' callgate run --policy serving.policy -- ./phased
for line in 'before may' 'after Permission denied' 'an old thread Permission denied' 'a new child Permission denied' \
	'its program neither'; do
	stdout_has "^$line\$"
done
check '  and a child that was there before is not yet' grep -q '^an old child may$' out
expect 159 'what the second part kills' callgate run --policy serving.policy -- ./phased end
stderr_has 'was ended for mkdir'
stderr_has 'serving.policy:8: kill-process mkdir'
check '  is not done' test ! -e made
expect 0 'a program can say its mark' callgate run --policy marker.policy -- ./phased marker
stdout_has '^the marker gives 0$'
stdout_has '^after Permission denied$'
expect 0 '  which alone is nothing' ./phased marker
stdout_has '^the marker gives -1$'
stdout_has '^after may$'
expect 0 'two phases at one mark' callgate run --policy two.policy -- ./phased
stdout_has '^after \(Permission denied\|Operation not permitted\)$'
printf 'kernel 7.1\ndefault kill-process\ninclude "all"\n' >closed.policy
printf 'allow %s\n' "$("$CALLGATE" learn --json -- ./phased 2>/dev/null </dev/null | sed -n 's/.*"syscall": *"\([a-z0-9_]*\)".*/\1/p' | sort -u | paste -sd,)" >all
# Whether a thread is waited for is a race.
echo 'allow futex, restart_syscall' >>all
printf '\nphase serving {\n\terrno EACCES chdir\n}\n' >>closed.policy
expect 0 'the policy need not allow what stacks it' callgate run --policy closed.policy -- ./phased
stdout_has '^after Permission denied$'
expect 125 'what cannot be traced is not started' callgate run --no-trace --policy serving.policy -- touch started
stderr_has 'cannot be traced to their marks'
check '  at all' test ! -e started

expect 0 'a second part is learned' callgate learn --phases -o learned.policy -- sh -c 'umask; read line' </dev/null
expect 0 'of a program that waits' callgate learn --phases -o learned.policy -- ./phased
check '  it is there, unless programs are started later' not grep -q '^phase' learned.policy
cat >waits.c <<'END'
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	umask(022);
	poll(NULL, 0, 0);
	if (argc > 1)
		umask(022);
	return chdir("/");
}
END
if cc -o waits waits.c 2>err; then
	expect 0 'of one that starts none' callgate learn --phases -o learned.policy -- ./waits
	check '  it is' grep -q '^phase serving {' learned.policy
	expect 0 '  and holds' callgate run --policy learned.policy -- ./waits
	expect 159 '  what came only before' callgate run --policy learned.policy -- ./waits again
	stderr_has 'was ended for umask'
	"$CALLGATE" learn -o again.policy -- ./waits again >/dev/null 2>&1 </dev/null
	expect 1 'a build that needs it later' callgate profile --fail-on-new learned.policy again.policy.evidence
	stdout_has '^learned.policy lacks umask in phase serving: 1 call in 1 of 1 run$'
	check '  lacks it there alone' test "$(grep -c ' lacks ' out)" = 1
	expect 1 '  as an object' callgate profile --json --fail-on-new learned.policy again.policy.evidence
	stdout_has '"phase": *"serving"'
	expect 0 'one that does not' callgate profile --fail-on-new learned.policy learned.policy.evidence
	sed 's/^phase serving/& at listen/' learned.policy >listen.policy
	expect 0 'a mark of which evidence does not tell' callgate profile --fail-on-new listen.policy again.policy.evidence
	stderr_has '1 phase of listen.policy begins at a call or the marker: evidence does not tell what came behind'
	expect 1 'what no run did' callgate profile --shrink closed.policy again.policy.evidence -o small.policy
	check '  leaves the second part where it is' test "$(sed -n '/^phase/,$p' small.policy)" = "$(sed -n '/^phase/,$p' closed.policy)"
	printf '%s\n' 'kernel 7.1' 'default kill-process' 'allow umask, mount' 'phase serving {' '	default kill-process' \
		'	allow umask, mount' '	log accept4' '}' >mounts.policy
	expect 1 '  but for what the first lost' callgate profile --shrink mounts.policy again.policy.evidence -o small.policy
	check '  from both' not grep -q 'mount\|accept4' small.policy
	check '  which is told once' test "$(wc -l <out)" = 1
	printf '%s\n' 'kernel 7.1' 'default allow' 'log mount' >open.policy
	expect 0 'a rule that tells somebody of what is open stays' callgate profile --shrink open.policy again.policy.evidence
fi
cat >threads.c <<'END'
#include <poll.h>
#include <pthread.h>

static void *nothing(void *unused)
{
	return unused;
}

int main(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL))
		return 1;
	return poll(NULL, 0, 0);
}
END
if cc -o threads threads.c -pthread 2>err; then
	expect 0 'a thread that starts before the work' callgate learn --phases -o learned.policy -- ./threads
	check '  may start' grep -q '^allow.* clone' learned.policy
	sed '1,/^phase serving/d' learned.policy >serving
	check '  and needs none later, by neither call' not grep -q clone serving
	expect 0 '  which holds' callgate run --policy learned.policy -- ./threads
	expect 0 '  and joined with what it could do' callgate profile --scan learned.policy.evidence -o joined.policy
	check '  it has one rule for that' test "$(grep -c '^[a-z]* clone\( if.*\)*$' joined.policy)" = 1
fi
