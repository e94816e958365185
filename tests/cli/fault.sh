# shellcheck shell=bash disable=SC2154
# A fault at a call of the launcher or of what it clones: an error in the call's place, or a signal when it is made. Every
# time either the target runs and is confined, or nothing does and it is said why; and nothing is left.
# fault.sh [STRIDE]: at every STRIDE-th call; a prime number, so that different runs meet different calls.
stride=${1:-97}
fault=${CALLGATE_FAULT:-$here/../../build/tests/cli/fault}
inside=${CALLGATE_INSIDE:-$here/../../build/tests/cli/inside}
chmod 755 .
cp "$CALLGATE" callgate
cp "$inside" inside
cp "$fault" fault
printf 'kernel 6.1\ndefault allow\n' >free.policy
chmod a+rX callgate inside fault free.policy
mounts() { wc -l </proc/self/mountinfo; }
launch=("$PWD/callgate" run --policy "$PWD/free.policy" --unshare-all --ro-bind "$PWD/inside" /inside --proc /proc)
users=0
[ "$(id -u)" = 0 ] && setpriv --reuid 65534 --regid 65534 --clear-groups unshare -U true 2>/dev/null && users='0 65534'
before=$(mounts)
first=0
if sanitized || ! ./fault EINTR 100000 1 0 "${launch[@]}" -- /inside confined >/dev/null; then
	skip 'faults of a launcher' 'nothing can be confined here, or traced, or a sanitizer makes calls of its own'
	return 0
fi
for user in $users; do
	for how in EMFILE ENOMEM EPERM EINTR ENOSPC SIGTERM SIGKILL; do
		# Each begins elsewhere.
		first=$(((first + 5) % stride))
		expect 0 "user $user: $how at any call leaves nothing, and nothing unconfined" \
			./fault $how $first "$stride" "$user" "${launch[@]}" -- /inside confined
		stdout_has ', 0 wrong$'
	done
done
check 'no mount is left' test "$(mounts)" = "$before"
if "${launch[@]}" --pids 20 -- /inside confined >/dev/null 2>&1; then
	for how in ENOMEM SIGKILL; do
		expect 0 "$how with a control group, too" ./fault $how 3 "$stride" 0 "${launch[@]}" --pids 20 -- /inside confined
		stdout_has ', 0 wrong$'
	done
fi
