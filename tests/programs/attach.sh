# shellcheck shell=bash
# learn is attached to redis-server while redis-benchmark works on it, and detached again, several times: no request is
# lost, the server is the same process, and what was seen is a policy.
redis_ask() { redis-cli -s redis.sock "$@" </dev/null; }

redis-server --port 0 --unixsocket redis.sock --save '' --daemonize no --logfile redis.log --dir . &
server=$!
until [ "$(redis_ask ping 2>/dev/null)" = PONG ]; do
	kill -0 "$server" 2>/dev/null || break
	sleep 0.05
done

expect 2 'attaching by another recorder is misuse' callgate learn --pid "$server" --recorder trace --json
"$CALLGATE" learn --pid "$server" --for 1ms --json >out 2>err
if grep -q 'recording in the kernel needs\|the kernel does not\|does not describe itself' err; then
	skip 'learn attaches to a server under load' "$(head -n 1 err)"
else
	redis-benchmark -s redis.sock -n 40000 -c 16 -q incr counter >benchmark 2>&1 &
	benchmark=$!
	for run in 1 2 3; do
		expect 0 "attached under load, $run" callgate learn --pid "$server" --for 200ms --append -o attached.policy
		stderr_has 'recorded by bpf'
	done
	wait "$benchmark"
	check '  redis-benchmark saw no error' test $? = 0
	check '  and every request was answered' test "$(redis_ask get counter)" = 40000
	check '  by the same server' kill -0 "$server"
	check '  whose start the policy says was not seen' grep -q 'its start included, was not seen' attached.policy
	expect 0 '  and which compiles' callgate compile -o attached.bpf attached.policy
	"$CALLGATE" learn --pid "$server" --json >interrupted 2>err &
	learner=$!
	# It polls (call 7 of this arch, which alone has the recorder) once it is attached.
	until grep -q '^7 ' "/proc/$learner/syscall" 2>/dev/null; do
		kill -0 "$learner" 2>/dev/null || break
		sleep 0.05
	done
	redis_ask incr counter >answer
	kill -TERM "$learner"
	wait "$learner"
	check 'a signal ends the recording well' test $? = 0
	check '  which has what was done until then' grep -q '"syscall": *"accept4*"' interrupted
	expect 2 'a cgroup that is not there' callgate learn --cgroup ./missing --json
	expect 2 'a folder that is no cgroup' callgate learn --cgroup . --json
	stderr_has 'no folder of cgroup 2'
	cgroup=
	for root in /sys/fs/cgroup /sys/fs/cgroup/unified; do
		[ -e "$root/cgroup.controllers" ] && mkdir "$root/callgate-$$" 2>/dev/null && cgroup=$root/callgate-$$ && break
	done
	if [ -n "$cgroup" ]; then
		sh -c 'echo $$ >"$0/cgroup.procs"; while :; do cd /; done' "$cgroup" &
		inside=$!
		expect 0 'attached to a cgroup' callgate learn --cgroup "$cgroup" --for 200ms --json
		stdout_has '"syscall": *"chdir"'
		check '  and to nothing else' not grep -q redis out
		kill "$inside"
		wait "$inside" 2>/dev/null
		rmdir "$cgroup"
	else
		skip 'attached to a cgroup' 'no cgroup 2 to write to'
	fi
fi
redis_ask shutdown nosave
wait "$server"
check 'the server ends as it does alone' test $? = 0
expect 3 'a process that is not there' callgate learn --pid "$server" --json
