# shellcheck shell=bash
# A SUBJECT in another tool's words, with proof. Profiles are read for the machine that the tests run on.
. "$here/ground.sh"
ground
cat >native.policy <<'END'
kernel 7.1
default errno ENOSYS
foreign kill-thread
allow read, write
errno EPERM openat if flags & O_ACCMODE != 0
allow openat
END

expect 0 'a policy becomes a profile' callgate convert --to oci --runtime none -o profile.json native.policy
stderr_is 'callgate: native.policy: proved equal to what was written'
stdout_is ''
expect 0 '  of the same meaning' callgate diff native.policy profile.json
expect 0 'a profile becomes a policy' callgate convert --to policy -o again.policy profile.json
expect 0 '  of the same meaning' callgate diff native.policy again.policy
expect 0 '  in form' callgate fmt --check again.policy
callgate compile -o web.bpf web.policy
expect 0 'a policy is read out of instructions' callgate convert --to policy web.bpf
stdout_has '^allow openat if flags & O_ACCMODE == O_RDONLY$'
stdout_has '^log socket if domain in {AF_UNIX, AF_INET}$'
stderr_is 'callgate: web.bpf: proved equal to what was written'
expect 0 'from standard input' bash -c '"$CALLGATE" convert --to policy - <web.bpf'

cat >jail.policy <<'END'
kernel 7.1
default kill-process
newer kill-process
allow read, write
allow openat if flags & O_ACCMODE == O_RDONLY
errno EPERM openat
END
expect 0 'a policy becomes one for Minijail' callgate convert --to minijail -o jail.minijail jail.policy
stderr_is 'callgate: jail.policy: proved equal to what was written'
check '  in its words' grep -q '^openat: arg2 in 0x.*; return EPERM$' jail.minijail
expect 0 '  of the same meaning' callgate diff jail.policy jail.minijail

expect 0 'a policy becomes one in Kafel' callgate convert --to kafel -o jail.kafel jail.policy
check '  in its words' grep -q '^USE callgate DEFAULT KILL_PROCESS$' jail.kafel
expect 0 '  which are a SUBJECT again' callgate simulate jail.kafel 'read()'
expect 0 'a policy becomes lines of a unit' callgate convert --to systemd -o jail.service jail.policy
check '  which begin a section' grep -q '^\[Service\]$' jail.service
stderr_has '^callgate: systemd has no words for the conditions of openat'
expect 0 '  and are a SUBJECT again' callgate simulate jail.service 'read()'

printf 'kernel 7.1\ndefault errno ENOSYS\nallow read\n' >killing.policy
expect 0 'what a profile cannot say is told' callgate convert --to oci --runtime none -o profile.json killing.policy
stderr_has '^callgate: differs: other:\*: kill-process -> kill-thread, as in '
expect 1 'or refused' callgate convert --to oci --at-least-as-strict -o strict.json killing.policy
stderr_has '^callgate: looser: other:'
stderr_has '^callgate: killing.policy: nothing was written'
check 'and nothing is written' test ! -e strict.json
expect 0 'a profile lets its runtime through' callgate convert --to oci -o whole.json native.policy
stderr_has '^callgate: for the runtime: close, .*execve.*: errno ENOSYS -> allow, as in close(0)$'
stderr_has '^callgate: for the runtime: openat if .*: errno EPERM -> allow, as in openat('
stderr_has '^callgate: native.policy: that is what crun or runc needs before the program runs, .*leaves them out'
stderr_has '^callgate: native.policy: proved equal to what was written, with these calls$'
expect 1 '  and is then more than the policy' callgate diff native.policy whole.json
expect 0 '  which is marked in it' grep -q "the container runtime's, before the program" whole.json
expect 0 '  one runtime, few rights' callgate convert --to oci --runtime crun --no-new-privileges native.policy
stderr_has '^callgate: for the runtime: execve: errno ENOSYS -> allow'
stdout_has '"names": ."close", "close_range", "execve".'
expect 0 '  and nothing twice' callgate convert --to oci -o twice.json whole.json
stderr_has '^callgate: whole.json: lets through what crun or runc needs before the program runs$'
stderr_has '^callgate: whole.json: proved equal to what was written$'
expect 2 'no other target has a runtime' callgate convert --to bpf --runtime crun native.policy
stderr_has 'are about profiles: --to oci'
expect 2 'nor one as strict as the policy' callgate convert --to oci --runtime any --at-least-as-strict native.policy
stderr_has 'either --runtime or --at-least-as-strict'
printf 'kernel 7.1\ndefault allow\ntrap 5 kill\n' >trap.policy
expect 3 'a profile lacks words' callgate convert --to oci trap.policy
stderr_has "libseccomp has no words for 'trap 5'"
expect 2 'the target must be said' callgate convert native.policy
stderr_has 'what to write must be said'
expect 2 'there is no such target' callgate convert --to elf native.policy

# A value that fits an argument of one arch and not of the other.
printf 'kernel 6.1\narch x86_64, i386\ndefault allow\nerrno EPERM lseek if arg1 > 0x80000000\n' >wide.policy
expect 0 'a filter for a wide and a narrow arch' callgate compile -o wide.bpf wide.policy
expect 1 'has words that are wider than a name allows, and one looser arch is not written' callgate convert --to policy wide.bpf
stdout_is ''
stderr_lacks 'bug in Callgate'
stderr_has 'i386:lseek if arg1'
