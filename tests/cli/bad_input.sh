# shellcheck shell=bash
# What nobody should give Callgate, through the command: a clear error, the right status, nothing half-written, no
# process left.

random_bytes() { # random_bytes SEED COUNT: the same ones every time
	awk -v seed="$1" -v count="$2" 'BEGIN { srand(seed); for (i = 0; i < count; i++) printf "%c", 1 + int(rand() * 255) }'
}
printf 'kernel 6.1\ndefault kill-process\nallow read, write\n' >good.policy

# refused STATUS NAME COMMAND...: that status, something on stderr, nothing on stdout, no output file.
refused() {
	local wanted=$1 name=$2
	shift 2
	rm -f output*
	expect "$wanted" "$name" "$@"
	stdout_is ''
	stderr_has '^callgate: error:\|: error: '
	check '  no output file is there' test -z "$(find . -name 'output*')"
}

# Random bytes and truncated files.
random_bytes 1 5000 >random
for verb in compile fmt show; do
	refused 2 "$verb: random bytes are no policy" callgate $verb --from policy random
done
refused 2 'compile: nor are they a filter' callgate compile --from bpf -o output random
refused 2 'compile: nor a table of frequencies' callgate compile --frequency random -o output good.policy
refused 2 'simulate: nor a call' callgate simulate good.policy "$(random_bytes 2 300)"
callgate compile -o whole.bpf good.policy
head -c 13 whole.bpf >cut.bpf
refused 2 'show: a filter that is cut inside an instruction' callgate show cut.bpf
head -c 16 whole.bpf >cut.bpf
refused 2 'show: a filter that is cut behind one' callgate show --from bpf cut.bpf

text='kernel 6.1
default kill-process
include "@base"
allow openat if flags & O_ACCMODE == O_RDONLY and not (mode in {1, 2..0x3})
errno ENOSYS openat2, clone3 # comment'
every_cut_is_told() {
	local length status
	for length in $(seq 0 7 ${#text}); do
		printf '%s' "${text:0:length}" >cut.policy
		status=0
		callgate compile -o output.bpf cut.policy >out 2>err </dev/null || status=$?
		[ $status = 0 ] || { [ $status = 2 ] && grep -q '^cut.policy:.*: error: ' err && [ ! -e output.bpf ]; } || return 1
		rm -f output.bpf
	done
}
check 'compile: a policy cut anywhere compiles or is an error with its place' every_cut_is_told

# Sizes.
line_of_100_mb() {
	head -c 100000000 /dev/zero | tr '\0' a | callgate "$@"
}
refused 3 'compile: a line of 100 MB' line_of_100_mb compile --from policy -o output -
refused 3 'fmt: a line of 100 MB' line_of_100_mb fmt -
printf 'kernel 6.1\ndefault allow\n' >many.policy
seq 1 10000 | sed 's/.*/errno EPERM ioctl if request == &/' >>many.policy
expect 0 'compile: 10 000 rules' callgate compile -o many.bpf many.policy
check '  are a filter that the kernel takes' test "$(wc -c <many.bpf)" -le 32768
printf 'kernel 6.1\ndefault allow\n' >long.policy
seq 1 9000 | awk '{ print "errno " ($1 % 4000 + 1) " ioctl if request == " $1 * 7919 }' >>long.policy
refused 3 'compile: a filter beyond 4 096 instructions' callgate compile -o output long.policy
stderr_has '^long.policy: error: .* 4096 instructions'
stderr_has '^hint: '

# Files that are not what they seem.
printf 'kernel 6.1\ndefault allow\ninclude "loop.policy"\n' >loop.policy
refused 2 'compile: a policy that includes itself' callgate compile -o output loop.policy
stderr_has 'loop.policy:'
refused 2 'compile: a policy that is not there' callgate compile -o output missing.policy
refused 2 'compile: a folder' callgate compile -o output .
refused 2 'compile: an empty file' callgate compile -o output /dev/null

# Programs that cannot be started.
printf 'kernel 6.1\ndefault allow\n' >allow.policy
echo 'not executable' >file
expect 127 'run: a program that is not there' callgate run --policy allow.policy -- ./missing
stderr_has missing
expect 126 'run: a program that is not executable' callgate run --policy allow.policy -- ./file
stderr_has file
refused 127 'learn: a program that is not there' callgate learn -o output.policy -- ./missing
refused 126 'learn: a program that is not executable' callgate learn -o output.policy -- ./file

# Outputs that cannot be written.
closed() { callgate fmt good.policy >&-; }
expect 3 'fmt: a closed stdout' closed
if [ -w /dev/full ]; then
	full() { callgate fmt good.policy >/dev/full; }
	expect 3 'fmt: a full disk behind stdout' full
else
	skip 'fmt: a full disk behind stdout' 'no /dev/full'
fi
refused 2 'compile: a folder that is not there' callgate compile -o missing/output good.policy
full_disk() {
	# shellcheck disable=SC2016 # for the inner shell
	unshare --user --map-root-user --mount sh -c '
		mount -t tmpfs -o size=4k none disk && cat /dev/zero >disk/filler 2>/dev/null
		"$1" compile -o disk/output "$2"
		status=$?
		ls disk | grep -v filler >left
		exit $status' sh "$(command -v "$CALLGATE")" many.policy
}
mkdir disk
if unshare --user --map-root-user --mount mount -t tmpfs none disk 2>/dev/null; then
	expect 3 'compile: a full disk' full_disk
	stderr_has 'No space left on device'
	check '  nothing half-written is left' test ! -s left
else
	skip 'compile: a full disk' 'no mount namespace for this user'
fi

# A target that forks without end: every child starts the next and ends.
marker=forks-without-end-$$-$RANDOM
# shellcheck disable=SC2016 # for the target
chain='touch started; f() { f & }; f; while :; do sleep 1; done'
learn_until_stopped() {
	local learner
	"$CALLGATE" learn -o output.policy -- sh -c "$chain" "$marker" &
	learner=$!
	until [ -e started ]; do
		kill -0 $learner 2>/dev/null || return 1
		sleep 0.05
	done
	kill -TERM $learner
	wait $learner || true # the recording may be complete: the target ended
}
nobody_is_left() {
	local tries=0
	while grep -l -a -s -e "[f]${marker#f}" /proc/[0-9]*/cmdline; do
		[ $((tries += 1)) -le 200 ] || return 1
		sleep 0.05
	done >&2
}
rm -f output*
learn_until_stopped >out 2>err </dev/null
result $? 'learn: a target that forks without end is stopped with its learner'
check '  no process is left' nobody_is_left
