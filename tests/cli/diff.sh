# shellcheck shell=bash disable=SC2154,SC1091,SC2016
. "$here/ground.sh"
ground
callgate compile -o weak.bpf weak.policy

expect 0 'a policy is equal to itself' callgate diff web.policy web.policy
stdout_is ''
for weak in weak.policy weak.bpf; do
	expect 1 "$weak differs" callgate diff web.policy $weak
	stdout_has 'openat if .*flags.*: errno EPERM -> allow$'
	check '  in one line and its witness' test "$(wc -l <out)" -eq 2
	check '  which has no arrow' not grep -q '^    .*->' out
	sed -n 's/^    //p' out >witness
	case $(cat witness) in x86_64:*) call=$(cat witness) ;; *) call=x86_64:$(cat witness) ;; esac
	expect 1 '  and shows it: before' callgate simulate web.policy "$call"
	stdout_is 'errno EPERM'
	expect 0 '  and after' callgate simulate "$weak" "$call"
	stdout_is 'allow'
	expect 1 "$weak is not as strict" callgate diff --stricter web.policy $weak
	stdout_has 'errno EPERM -> allow$'
	expect 0 'the other way round it is' callgate diff --stricter $weak web.policy
	stdout_is ''
done
expect 1 'JSON' callgate diff --json web.policy weak.policy
check '  an object a line' not grep -qv '^{"arch":"x86_64","syscall":"openat","condition":.*}$' out
sed 's/^arch x86_64/&, i386/' web.policy >two.policy
expect 1 'an arch more' callgate diff web.policy two.policy
stdout_has '^i386:read: kill-process -> allow$'
sed 's/^default .*/default errno EACCES/' web.policy >default.policy
expect 1 'another default' callgate diff web.policy default.policy
stdout_has '^[^ ].*\.\..*: kill-process -> errno EACCES$'
stdout_has '^\(x86_64:\)\?socket if not domain in {AF_UNIX, AF_INET}: kill-process -> errno EACCES$'
check '  is a few lines' test "$(wc -l <out)" -le 6
expect 1 '  or all of them' callgate diff --all web.policy default.policy
stdout_has 'ptrace: kill-process -> errno EACCES$'
check '  each with its witness' test "$(grep -c '^    ' out)" = "$(grep -c ': kill-process -> errno EACCES$' out)"
expect 1 '  as JSON has them' callgate diff --json web.policy default.policy
stdout_has '"syscall":"ptrace"'
for arches in x86_64 'x86_64, i386'; do
	printf '%s\n' 'kernel 6.1' "arch $arches" 'default errno EPERM' 'newer errno EPERM' 'allow read, write' \
		>"${arches##*, }.policy"
done
expect 1 'every call of an arch' callgate diff x86_64.policy i386.policy
stdout_has '^i386:\*: kill-process -> errno EPERM$'
stdout_has '^i386:write: kill-process -> allow$'
check '  is one line for all that no other line names' test "$(grep -c '^i386:' out)" -eq 3
expect 2 'one SUBJECT only' callgate diff web.policy
expect 2 'two from standard input' callgate diff - -

# The kernel's word.
printf 'kernel 6.1\narch x86_64\ndefault kill-process\nallow read\nerrno EPERM ioctl if request == TIOCSTI\n' >old.policy
printf 'kernel 6.1\narch x86_64\ndefault kill-process\nallow read if fd == 3\nallow ioctl\ntrap 3 openat\n' >new.policy
if [ "$(uname -m)" = x86_64 ]; then
	expect 1 'every witness is put to this kernel' callgate diff --replay old.policy new.policy
	check '  which answers as the filters mean' test "$(grep -c '^    replayed: this kernel answers so$' out)" = "$(grep -c -- ' -> ' out)"
	stdout_lacks 'not replayed'
fi
printf 'kernel 6.1\narch s390x\ndefault kill-process\nallow read\n' >a.policy
printf 'kernel 6.1\narch s390x\ndefault kill-process\nallow write\n' >b.policy
expect 1 'what this machine cannot call is said' callgate diff --replay a.policy b.policy
stdout_has '^    not replayed: '
expect 1 'and so in JSON' callgate diff --replay --json a.policy b.policy
stdout_has '"replay":"not replayed: '

# What a supervisor does is in no filter, and is compared all the same.
printf '%s\n' 'kernel 6.1' 'default allow' 'notify openat, open via files { read "/srv/**"; deny "**" errno EACCES }' >asks.policy
sed 's|/srv/|/|' asks.policy >more.policy
expect 0 'broker rules are equal to themselves' callgate diff asks.policy asks.policy
stdout_is ''
sed 's/read/  read/; s/; deny/\n    deny/' asks.policy >lines.policy
expect 0 '  however their lines are broken' callgate diff asks.policy lines.policy
expect 1 'other broker rules differ' callgate diff asks.policy more.policy
stdout_has '^openat: notify via files { read "/srv/\*\*"; deny "\*\*" errno EACCES } -> notify via files { read "/\*\*"; deny .* }$'
check '  for each of their calls' test "$(grep -c ' -> ' out)" = 2
expect 1 '  are not known to be as strict' callgate diff --stricter asks.policy more.policy
expect 1 '  and not asked of the kernel' callgate diff --replay asks.policy more.policy
expect 1 '  as JSON has them' callgate diff --json asks.policy more.policy
stdout_has '"old":"notify via files { read'
for other in 's/errno EACCES/errno ENOENT/' 's/EACCES }/EACCES } if flags == 0/' 's/EACCES }/EACCES } if flags == 1/' 's/read/read-write/'; do
	sed "$other" asks.policy >other.policy
	expect 1 "$other" callgate diff asks.policy other.policy
done
callgate compile -o asks.bpf asks.policy
expect 0 'a raw filter has no broker rules' callgate diff asks.policy asks.bpf
