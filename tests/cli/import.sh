# shellcheck shell=bash
# Other tools' policies are SUBJECTs like any other. They are read for the machine that the tests run on.
. "$here/ground.sh"
ground
cat >profile.json <<'END'
{
  "defaultAction": "SCMP_ACT_ERRNO",
  "defaultErrnoRet": 38,
  "syscalls": [
    {"names": ["read", "write", "wirte", "exit_group"], "action": "SCMP_ACT_ALLOW"},
    {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
    {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
    {"names": ["kill"], "action": "SCMP_ACT_TRAP",
     "args": [{"index": 1, "value": 9, "op": "SCMP_CMP_EQ"}]}
  ]
}
END

expect 1 'a profile is recognised, and a name that is none is told' callgate simulate profile.json 'read()' 'mount()' 'kill(1, 9)' 'kill(1, 3)'
stdout_is 'allow
errno ENOSYS
trap 0
errno ENOSYS'
stderr_is 'callgate: profile.json: 1 name that no syscall has, and without effect: wirte'
expect 0 'the container holds a capability' callgate simulate --cap sys_admin profile.json 'mount()'
stdout_is 'allow'
expect 1 'the kernel is an older one' callgate simulate --kernel 4.7 profile.json 'ptrace()'
stdout_is 'errno ENOSYS'
expect 0 'the kernel is a newer one' callgate simulate --kernel 4.8 profile.json 'ptrace()'
stdout_is 'allow'
expect 1 'a call is explained by the line of the profile' callgate explain profile.json 'kill(1, 9)'
stdout_has '^  rule: profile.json:8: .*kill'
stdout_has '^  why: its condition holds with word1 = 0x9'
expect 0 'it compiles' callgate compile -o profile.bpf profile.json
expect 0 '  to what it means' callgate diff profile.json profile.bpf
expect 0 'it may come from a pipe' bash -c '"$CALLGATE" simulate - "read()" <profile.json'
expect 2 'a capability that there is not' callgate show --cap SYS_ADMI profile.json
stderr_has "unknown capability 'SYS_ADMI'"
expect 2 'a kernel that is none' callgate show --kernel six profile.json
stderr_has "'six' is no kernel"
expect 2 'a policy is no profile' callgate show --from oci web.policy
stderr_has '^web.policy:1:1: error: expected a value'
expect 2 'a profile is no policy' callgate show --from policy profile.json
sed 's/SCMP_ACT_TRAP/SCMP_ACT_TRIP/' profile.json >wrong.json
expect 2 'what is wrong is said at its place' callgate show wrong.json
stderr_has "^wrong.json:8:35: error: unknown action 'SCMP_ACT_TRIP'"

if [ "$(uname -m)" = x86_64 ]; then
	printf '%s\n' 'include common.inc' 'seccomp-error-action EACCES' >jail.profile
	echo 'seccomp.drop mount,umount2:ENOSYS' >common.inc
	expect 1 'a profile of firejail is recognised, and reads what it includes' callgate simulate jail.profile \
		'mount()' 'umount2()' 'x32:read()' 'i386:mount()'
	stdout_is 'errno EACCES
errno ENOSYS
errno EACCES
allow'
	expect 1 'a call of an arch that is refused as a whole is explained' callgate explain jail.profile 'x32:read()'
	stdout_has 'it gets what every call of x32 gets'
	expect 0 'it compiles' callgate compile -o jail.bpf jail.profile
	expect 0 '  to what it means' callgate diff jail.profile jail.bpf
	echo 'seccomp.drop mount,umonut2' >common.inc
	expect 2 'what is wrong in an included profile is said at its place' callgate compile -o wrong.bpf jail.profile
	stderr_has "^common.inc:1:20: error: unknown syscall 'umonut2'"
	stderr_has "^hint: did you mean 'umount2'?"
	check '  and nothing is written' test ! -e wrong.bpf
fi

cat >some.trace <<'END'
execve("/bin/true", ["true"], 0x7ffd /* 5 vars */) = 0
[pid 12] openat(AT_FDCWD, "/etc/hosts", O_RDONLY|O_CLOEXEC <unfinished ...>
[pid 13] --- SIGCHLD {si_signo=SIGCHLD} ---
[pid 12] <... openat resumed>) = 3
exit_group(0) = ?
END
expect 1 'a trace is recognised' callgate simulate some.trace 'openat(0, 0, O_RDONLY)' 'openat(0, 0, O_RDWR)' 'mount()'
stdout_is 'allow
kill-process
kill-process'
expect 0 '  and lets its own calls pass' callgate simulate --trace some.trace some.trace
expect 0 'its calls are explained by their lines' callgate explain some.trace 'exit_group(2)'
stdout_has '^  rule: some.trace:5: exit_group(0) = ?$'
printf '%s\n' 'type=SYSCALL msg=audit(1.2:3): arch=c000003e syscall=257 a0=ffffff9c a1=7ffd a2=80000 a3=0' \
	'type=SECCOMP msg=audit(1.2:4): sig=31 arch=c000003e syscall=165 code=0x80000000' >audit.log
expect 1 'an audit log is recognised' callgate simulate audit.log 'x86_64:openat(0, 0, O_CLOEXEC)' 'x86_64:openat(0, 0, O_RDWR)' \
	'x86_64:mount()'
stdout_is 'allow
kill-process
allow'
stderr_is 'callgate: audit.log: 1 call is told without arguments, and on those is no condition'
expect 0 'it compiles' callgate compile -o audit.bpf audit.log
expect 0 '  to what it means' callgate diff audit.log audit.bpf

printf '%s\n' '#include "common.kafel"' 'USE common DEFAULT ERRNO(38)' >jail.kafel
echo 'POLICY common { ALLOW { read, write { fd == 1 } } }' >common.kafel
expect 1 'Kafel is recognised, and reads what it includes' callgate simulate jail.kafel 'read()' 'write(1)' 'write(2)'
stdout_is 'allow
allow
errno ENOSYS'
expect 0 'a call is explained by the line of the included file' callgate explain jail.kafel 'write(1)'
stdout_has '^  rule: common.kafel:1: POLICY common'
expect 1 '  and by the default' callgate explain jail.kafel 'write(2)'
stdout_has 'no condition there holds'
expect 0 'as a policy, in which x32 need not be named' callgate convert --to policy jail.kafel
stdout_has '^foreign kill-thread$'
stdout_has '^arch [a-z0-9_]*$'
sed 's/ DEFAULT.*/ DEFAULT KILL/' jail.kafel >kill.kafel
expect 0 'and the same, where that is what the others get' callgate convert --to policy kill.kafel
stderr_is 'callgate: kill.kafel: proved equal to what was written'
echo 'POLICY common { ALLOW { read, wirte } }' >common.kafel
expect 2 'what is wrong in an included file is said at its place' callgate compile -o wrong.bpf jail.kafel
stderr_has "^common.kafel:1:31: error: there is no syscall 'wirte'"
stderr_has "^hint: did you mean 'write'?"
check '  and nothing is written' test ! -e wrong.bpf

printf '%s\n' '[Service]' 'SystemCallFilter=~mount:EPERM' 'LockPersonality=yes' >small.service
mkdir small.service.d
printf '[Service]\nSystemCallFilter=~umount2\nSystemCallErrorNumber=EIO\n' >small.service.d/more.conf
expect 1 'a unit is recognised, and its drop-ins are told' callgate simulate small.service 'mount()' 'umount2()' 'read()'
stdout_is 'errno EPERM
errno EIO
allow'
stderr_is 'callgate: a part of it is small.service.d/more.conf'
expect 1 'a call is explained by the line of the drop-in' callgate explain small.service 'umount2()'
stdout_has '^  rule: small.service.d/more.conf:2: SystemCallFilter=~umount2$'
expect 1 'from a pipe it is the file alone' bash -c '"$CALLGATE" simulate --from systemd - "mount()" <small.service'
stderr_is ''
expect 0 'it compiles to what it means' callgate compile -o small.bpf small.service
expect 0 '  to what it means' callgate diff small.service small.bpf
printf '[Service]\nSystemCallFilter=~opne\n' >small.service.d/more.conf
expect 2 'what is wrong in a drop-in is said at its place' callgate compile -o wrong.bpf small.service
stderr_has "^small.service.d/more.conf:2:19: error: unknown syscall 'opne'"
stderr_has "^hint: did you mean 'open'?"
check '  and nothing is written' test ! -e wrong.bpf
