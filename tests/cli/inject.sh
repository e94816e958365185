# shellcheck shell=bash disable=SC2154
# Code that is written into memory, and every known way by which it comes to be executed: which of them run here, which
# the kernel's own switch leaves open, and that --write-xor-execute leaves none.
inject=${CALLGATE_INJECT:-$here/../../build/tests/cli/inject}
cp "$inject" inject
printf 'kernel 6.1\ndefault allow\n' >free.policy
printf 'kernel 6.1\ndefault allow\nphase running at main {\n\terrno EACCES mmap if prot & PROT_EXEC\n}\n' >after-main.policy
mapfile -t routes < <(./inject routes)
if [ ${#routes[@]} = 0 ]; then
	skip 'ways into executable memory' 'nobody has written code for this machine'
	return 0
fi
mkdir box
dd if=/dev/zero of=buffer bs=4096 count=4 2>/dev/null
boxed() { # boxed POLICY ROUTE
	callgate run --policy "$1" --unshare-all --ro-bind "$PWD/inject" /inject --proc /proc --dev /dev --tmpfs /tmp \
		--pass-fd 9 --write-xor-execute -- /inject "$2" "$3" 9<>buffer
}
for route in "${routes[@]}"; do
	free=$(./inject "$route" box 9<>buffer)
	# A kernel that has this way closed, or never had it.
	if [ "$free" != ran ]; then
		skip "$route" "without a sandbox it is $free"
		continue
	fi
	policy=free.policy
	case $route in
	passed-*) policy=after-main.policy ;; # what a file is, no filter sees: after main there is nothing to be loaded
	esac
	for place in /tmp /dev/shm; do
		expect 0 "$route is closed, by way of $place" boxed $policy "$route" $place
		stdout_has '^E[A-Z]*$'
	done
done
switch=$(./inject --mdwe mmap box)
if [ "$switch" = EACCES ]; then
	for route in mmap mprotect pkey-mprotect personality; do
		check "the kernel's switch alone closes $route" test "$(./inject --mdwe $route box)" = EACCES
	done
	for route in memfd-twice memfd-library file-twice memfd-exec; do
		check "  and leaves $route open" test "$(./inject --mdwe $route box)" = ran
	done
	expect 0 'in a root of its own all of it holds' callgate run --policy free.policy --unshare-all --ro-bind / / \
		--proc /proc --write-xor-execute --dry-run -- true
	stdout_has '^write-xor-execute *enforced'
	expect 0 'on the machine'"'"'s own files a part' callgate run --policy free.policy --write-xor-execute --dry-run -- true
	stdout_has '^write-xor-execute *degraded'
else
	skip 'the kernel'"'"'s switch' "prctl(PR_SET_MDWE) is $switch"
fi
