# shellcheck shell=bash
# The main job on one real program: tests/cli/run ../programs/main_job SCENARIO
#
# What the program does in two runs is learned and compiled; confined by that, it gives the same output, run after run
# (CALLGATE_RUNS of them, 3 by default); and each call that an attacker would try from inside it is refused by name.
#
# tests/scenarios/SCENARIO.sh says how its program is worked (work PREFIX... prints what must stay the same) and how
# code gets into it (inject PREFIX... loads ./inject.so or starts ./attack).
scenario=$1
scenarios=$here/../scenarios
runs=${CALLGATE_RUNS:-3}
attacks=${CALLGATE_ATTACKS:-$here/../../build/tests/programs}
policy=$PWD/$scenario.policy
# shellcheck source=/dev/null
. "$here/../scenarios/common.sh"
# shellcheck source=/dev/null
. "$scenarios/$scenario.sh"

learned() { callgate learn --recorder "${recorder:-auto}" -o "$policy" -- "$@"; }
learned_again() { callgate learn --recorder "${recorder:-auto}" --append -o "$policy" -- "$@"; }
confined() { callgate run --policy "$policy" -- "$@"; }

# in_folder NAME COMMAND...: runs it in a new folder, so that no run sees what another left.
in_folder() {
	local name=$1
	shift
	mkdir "$name" && (cd "$name" && "$@")
}

in_folder bare work >wanted
in_folder learned work learned >out 2>err
result $? 'its work is learned'
check '  with the output that it has by itself' cmp -s wanted out
in_folder again work learned_again >out 2>err
result $? '  and learned again, in the same policy'
expect 0 '  as a policy that compiles' callgate compile -o "$scenario.bpf" "$policy"

run=0
while [ $((run += 1)) -le "$runs" ]; do
	in_folder "run$run" work confined >out 2>err
	result $? "run $run, confined, ends well"
	check '  with the same output' cmp -s wanted out
	check '  and nothing is refused' test ! -s err
done

# is_refused NAME PATTERN: the call does not come back, and the report names it.
is_refused() {
	local status
	cp "$attacks/inject_$1.so" inject.so
	cp "$attacks/attack_$1" attack
	inject confined >out 2>err </dev/null
	status=$?
	echo "status $status" >>err
	# The report may quote what the shell would have printed; a shell prints it on a line of its own.
	[ "$status" != 0 ] && [ "$status" != 99 ] && ! grep -q 'came back' out err && ! grep -qx 'a shell started' out err &&
		grep -q -e "$2" err
}

attack() { # attack NAME PATTERN
	in_folder "attack_$1" is_refused "$@"
	local status=$?
	cp "attack_$1"/{out,err} .
	result $status "injected $1 is refused by name"
}

if [ "$starts_programs" = no ]; then
	attack execve_shell 'execve(.*/bin/sh'
else
	skip 'injected execve_shell is refused by name' 'it starts programs: execve is learned'
fi
attack ptrace_traceme 'ptrace(.*PTRACE_TRACEME'
attack vm_writev 'process_vm_writev('
attack mount_nothing 'mount('
attack raw_socket 'socket(.*SOCK_RAW'
attack x32_number x32
attack io_uring 'io_uring_setup('
