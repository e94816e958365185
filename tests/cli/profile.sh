# shellcheck shell=bash disable=SC2154
# profile: evidence of runs as one, what a rule stands on, what a policy has too little and too much.
learn() { "$CALLGATE" learn "$@" >/dev/null 2>&1 </dev/null; }

learn -o a.policy -- sh -c 'cd /; exit 0'
learn -o b.policy -- sh -c 'cd /; umask 22'
expect 0 'two runs make one policy' callgate profile a.policy.evidence b.policy.evidence -o both.policy
stderr_has '2 runs of 1 program'
stderr_has 'would have refused something to 1'
check '  which says so' grep -q '^# Learned from 2 runs' both.policy
check '  and compiles' callgate compile -o both.bpf both.policy
expect 0 'a policy can go to stdout' callgate profile a.policy.evidence
stdout_has '^default kill-process'
expect 0 'evidence too is one' callgate profile a.policy.evidence b.policy.evidence --evidence both.evidence
expect 0 '  and makes the same policy' callgate profile both.evidence
check '  word for word' cmp out both.policy
check '  and knows its runs' test "$(grep -c '^{"run":"[0-9a-f]*"' both.evidence)" = 2

expect 0 'why a rule is there' callgate profile --why chdir --why umask both.evidence
stdout_has '^chdir: 2 calls in 2 of 2 runs'
stdout_has '^umask: [0-9]* calls* in 1 of 2 runs'
stdout_has 'rule: allow chdir$'
stdout_has '/sh\|/dash'
stdout_has 'libc'
expect 0 'why one is there that was not seen' callgate profile --why sched_yield both.evidence
stdout_has 'reason: made only when threads or locks meet'
check '  once, and no other' test "$(grep -c reason: out)" = 1
expect 2 'a name that is misspelt' callgate profile --why chdri both.evidence
stderr_has "did you mean 'chdir'"
expect 2 'a call that was not seen' callgate profile --why ptrace both.evidence

expect 0 'a policy that has all that was seen' callgate profile --fail-on-new both.policy a.policy.evidence b.policy.evidence
stdout_is ''
expect 1 'a policy that lacks something' callgate profile --fail-on-new a.policy both.evidence
stdout_has 'a.policy lacks umask: [0-9]* calls* in 1 of 2 runs'
stdout_has '    allow umask'
expect 1 '  as objects' callgate profile --json --fail-on-new a.policy both.evidence
stdout_has '"gap": *"new", *"syscall": *"umask", *"count": *[0-9]*, *"runs": *1'
printf '%s\n' 'kernel 7.1' 'default kill-process' 'allow openat if flags == O_CLOEXEC' >narrow.policy
learn -o c.policy -- sh -c 'echo >written'
expect 1 'of a rule that is too narrow' callgate profile --fail-on-new narrow.policy c.policy.evidence
stdout_has 'lacks openat with flags O_CREAT'
check '  it lacks the value, and not the call' not grep -q 'lacks openat:' out
printf '%s\n' 'kernel 7.1' 'default allow' 'kill-process chdir if path != NULL' >other.policy
expect 0 'what depends on what nobody kept is not called missing' callgate profile --fail-on-new other.policy a.policy.evidence

# What stands on standard input, as evidence that somebody edited.
seal() { # seal NAME
	sed '$d' >"$1.lines"
	{
		cat "$1.lines"
		printf '{"end":%s,"sha256":"%s"}\n' "$(grep -c '^{"program":' "$1.lines")" \
			"$(sha256sum <"$1.lines" | cut -d' ' -f1)"
	} >"$1.evidence"
}

expect 1 'a rule without evidence' callgate profile --shrink both.policy a.policy.evidence -o small.policy
stdout_has '^both.policy:[0-9]*: no run of 1 made umask$'
check '  is left out' not grep -q umask small.policy
check '  and nothing else' grep -q chdir small.policy
expect 0 'none is left then' callgate profile --shrink small.policy a.policy.evidence
stdout_is ''

expect 2 'the same recording twice' callgate profile a.policy.evidence both.evidence
stderr_has 'both.evidence: error: both hold the recording'
head -c 300 both.evidence >cut.evidence
expect 2 'a file that is cut off' callgate profile cut.evidence
sed '1s/"version":3/"version":2/' both.evidence >old.evidence
expect 2 'another version, beside one of ours' callgate profile both.evidence old.evidence
stderr_has 'old.evidence:1:.*another version'
sed '/"syscall":"chdir"/s/"runs":\[2,/"runs":[9,/' both.evidence >runs.evidence
for key in args sites sites_many phases values many; do
	sed "s/\"$key\":/\"${key}_\":/" both.evidence >key.evidence
	expect 2 "an entry without its $key, which would make a rule wider" callgate profile key.evidence
	stderr_has "lacks its .*\"$key\""
done
sed 's/\("syscall":"chdir","count":\)[0-9]*/\17/' both.evidence >digit.evidence
expect 2 'a digit that was changed' callgate profile both.evidence digit.evidence
stderr_has "digit.evidence:[0-9]*: error: this evidence is damaged: its lines are not those whose digest stands at its end"
stderr_has 'hint: copy it anew .*head -n -1 FILE | sha256sum'
seal meant <digit.evidence
expect 0 '  is not damage when it was meant' callgate profile meant.evidence
check '  and the end is what sha256sum says' grep -q "$(head -n -1 both.evidence | sha256sum | cut -d' ' -f1)" both.evidence
sed '$s/,"sha256":.*"/'/ both.evidence >bare.evidence
expect 2 'no digest' callgate profile bare.evidence
stderr_has 'its end lacks "sha256"'
expect 2 'more runs than there are' callgate profile runs.evidence
expect 2 'two questions at once' callgate profile --why read --shrink a.policy both.evidence
expect 2 'no evidence is misuse' callgate profile

# What was done, joined with what could be done.
cat >both.c <<'END'
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One way through it changes the folder, the other makes one. */
int main(int argc, char **argv)
{
	return argc > 1 && strcmp(argv[1], "make") == 0 ? mkdir("made", 0700) : chdir("/");
}
END
if command -v cc >/dev/null && cc -o both both.c 2>/dev/null; then
	learn -o one.policy -- ./both
	expect 0 'one way was seen' callgate run --policy one.policy -- ./both
	expect 159 '  and the other is killed' callgate run --policy one.policy -- ./both make
	expect 0 'joined with what it could do' callgate profile --scan one.policy.evidence -o joined.policy
	stderr_has '1 program was read: [0-9]* syscalls that no run made can be reached'
	check '  the other way is there' grep -q '^log .*mkdir' joined.policy
	expect 0 '  and is told why' callgate profile --scan --why mkdir one.policy.evidence
	stdout_has '^mkdir: not seen$'
	stdout_has '  rule: log mkdir$'
	stdout_has '  reason: not seen; the programs could do it$'
	expect 0 '  as of the same call by another name' callgate profile --why faccessat one.policy.evidence
	stdout_has '  reason: not seen; the same as another C library calls it$'
	check '  what it cannot do is not' not grep -q ptrace joined.policy
	expect 0 '  and both ways work' callgate run --policy joined.policy -- ./both make
	check '  truly' test -d made
	rmdir made
	expect 0 'the other way may be refused' callgate profile --scan --reachable errno one.policy.evidence -o errno.policy
	expect 255 '  by an errno' callgate run --policy errno.policy -- ./both make
	sed 's/"made"/"renamed"/' both.c >other.c
	cp both kept && cc -o both other.c || return
	expect 0 'another build than the one that was recorded' callgate profile --scan one.policy.evidence -o other.policy
	if readelf -n kept 2>/dev/null | grep -q 'Build ID'; then
		stderr_has '/both is of another build than what was recorded'
	else
		skip '  is told' 'the linker writes no build ids'
	fi
	cp kept both
	expect 0 '  and the same one' callgate profile --scan one.policy.evidence -o other.policy
	check '  is not' not grep -q 'another build' err
	expect 0 'or a supervisor be asked' callgate profile --scan --phases --reachable notify one.policy.evidence -o asked.policy
	check '  by the first part' test "$(sed '/^phase/,$d' asked.policy | grep -c '^notify .*mkdir')" = 1
	check '  whose phase leaves it to that' test "$(sed -n '/^phase/,$p' asked.policy | grep -c '^	allow .*mkdir')" = 1
	learn -o made.policy -- ./both make
	rmdir made
	expect 0 'a build that goes the other way has it in one' callgate profile --fail-on-new joined.policy made.policy.evidence
	expect 1 '  and gets an errno in the other' callgate profile --fail-on-new errno.policy made.policy.evidence
	stdout_has '^errno.policy answers mkdir with an errno: 1 call in 1 of 1 run$'
	expect 0 '  which may be what is wanted' callgate profile --accept-errno --fail-on-new errno.policy made.policy.evidence
	stdout_is ''
	expect 2 '  of no comparison' callgate profile --accept-errno made.policy.evidence
	cat >waits.c <<-'END'
	#include <sys/wait.h>
	#include <unistd.h>

	/* A child of which its parent may hear, or not. */
	int main(int argc, char **argv)
	{
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		return argc > 1 && waitpid(child, NULL, 0) != child;
	}
	END
	gcc -o waits waits.c || return
	expect 0 'a child was not waited for' callgate learn --linger -o waits.policy -- ./waits
	expect 0 '  and that it could is joined' callgate profile --scan --reachable errno waits.policy.evidence -o ends.policy
	check '  in a way that ends' grep -q 'would wait for ever' ends.policy
	check '  by the call that waits' grep -q '^allow wait4' ends.policy
	expect 0 '  so that it comes to its end' callgate run --policy ends.policy -- ./waits for
	cat >domains.c <<-'END'
	#include <string.h>
	#include <sys/mman.h>
	#include <sys/socket.h>

	/* The same calls with arguments that one run alone does not show. */
	int main(int argc, char **argv)
	{
		if (argc > 1 && strcmp(argv[1], "code") == 0)
			return mprotect((void *)(((unsigned long)main) & -4096UL), 1, PROT_READ | PROT_WRITE | atoi(argv[2])) != 0;
		return socket(argc > 1 ? AF_INET : AF_UNIX, SOCK_DGRAM, 0) < 0;
	}
	END
	sed -i '1i #include <stdlib.h>' domains.c
	if cc -o domains domains.c 2>/dev/null; then
		learn -o domains.policy -- ./domains
		expect 159 'another argument than the one that was seen is killed' callgate run --policy domains.policy -- ./domains inet
		callgate profile --scan domains.policy.evidence -o domains-joined.policy 2>/dev/null
		expect 0 '  joined with what it could give, it is not' callgate run --policy domains-joined.policy -- ./domains inet
		check '  what was seen is allowed as before' grep -q '^allow socket if domain == AF_UNIX' domains-joined.policy
		check '  what could be is logged' grep -q '^log socket if domain in {AF_UNIX, AF_INET}' domains-joined.policy
		expect 159 '  and memory is not both written and executed, since nobody knows' \
			callgate run --policy domains-joined.policy -- ./domains code 4
	fi
	cat >starts.c <<-'END'
	#define _GNU_SOURCE
	#include <pthread.h>
	#include <sched.h>
	#include <string.h>
	#include <sys/wait.h>
	#include <unistd.h>

	static void *nothing(void *given)
	{
		return given;
	}

	static int thread(void)
	{
		pthread_t one;

		return pthread_create(&one, NULL, nothing, NULL) != 0 || pthread_join(one, NULL) != 0;
	}

	static int start(void *given)
	{
		return 0;
	}

	/* Starts a process, a thread or another user namespace. */
	int main(int argc, char **argv)
	{
		static char stack[65536];
		pid_t child;

		if (argc > 1 && strcmp(argv[1], "thread") == 0)
			return thread();
		if (argc > 1)
			return clone(start, stack + sizeof(stack), CLONE_NEWUSER, NULL) < 0;
		child = fork();
		if (child == 0)
			_exit(0);
		return waitpid(child, NULL, 0) != child;
	}
	END
	if cc -pthread -o starts starts.c 2>/dev/null; then
		learn -o starts.policy -- ./starts
		expect 159 'a thread is killed when only a process was seen' callgate run --policy starts.policy -- ./starts thread
		callgate profile --scan starts.policy.evidence -o starts-joined.policy 2>/dev/null
		expect 0 '  joined with what it could start, it is not' callgate run --policy starts-joined.policy -- ./starts thread
		expect 159 '  and a namespace still is' callgate run --policy starts-joined.policy -- ./starts namespace
	fi
	expect 0 'a program that no run started is read too' \
		callgate profile --scan --also "$PWD/domains" one.policy.evidence -o also.policy
	stderr_has '2 programs were read'
	check '  and what it could do is there' grep -q '^log .*socket' also.policy
	expect 2 '  where programs are read at all' callgate profile --also "$PWD/domains" one.policy.evidence
	learn -o stranger.policy -- sh -c 'umask 22'
	sed "s#\"program\":\"[^\"]*\"#\"program\":\"$PWD/both\"#" stranger.policy.evidence | seal stranger
	expect 1 'what a program made and cannot make is a contradiction' callgate profile --scan stranger.evidence -o never.policy
	stdout_has "both made umask, which nothing in it makes: [0-9]* calls* from .*libc"
	check '  of which no policy is written' test ! -e never.policy
else
	skip 'joined with what it could do' 'no compiler'
fi
check 'twins come with the same constraint' grep -q '^allow open if flags & ~O_CLOEXEC == 0' both.policy
