# shellcheck shell=bash
# What other tools' formats must not get away with: each has a message with file, line and column, and no output.

# wrong NAME PLACE MESSAGE FILE: what FILE holds is refused there, and nothing is written.
wrong() {
	rm -f output
	expect "${status:-2}" "$1" callgate compile --from "$kind" -o output "$4"
	stderr_has "^$4:$2: error: $3"
	stdout_is ''
	check '  nothing is written' test ! -e output
}

# profile NAME COLUMN MESSAGE TEXT: one line of JSON.
profile() {
	printf '%s' "$4" >profile.json
	wrong "$1" "1:$2" "$3" profile.json
}
kind=oci
start='{"defaultAction": "SCMP_ACT_ERRNO", '
rule='"syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"'
profile 'JSON: a key twice in one object' 37 '"defaultAction" for the second time in one object' \
	"$start"'"defaultAction": "SCMP_ACT_ALLOW"}'
stderr_has '^hint: the first one is on line 1'
profile 'OCI: an unknown action' 19 "unknown action 'SCMP_ACT_ERROR'" '{"defaultAction": "SCMP_ACT_ERROR"}'
profile 'OCI: no default action' 1 'there is no "defaultAction" here' '{"syscalls": []}'
profile 'OCI: an arch that nobody knows' 55 "unknown arch 'SCMP_ARCH_X68'" "$start"'"architectures": ["SCMP_ARCH_X68"]}'
profile 'OCI: an errno that is too large' 56 '70000 is more than 4095' "$start"'"defaultErrnoRet": 70000}'
profile 'OCI: a negative errno' 56 '-1 is not a whole number from 0 up' "$start"'"defaultErrnoRet": -1}'
profile 'OCI: a seventh argument' 117 '6 is more than 5' \
	"$start$rule"', "args": [{"index": 6, "op": "SCMP_CMP_EQ", "value": 1}]}]}'
profile 'OCI: a value of 65 bits' 150 '18446744073709551616 is more than 18446744073709551615' \
	"$start$rule"', "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": 18446744073709551616}]}]}'
profile 'OCI: a value that is no whole number' 150 '1.5 is not a whole number' \
	"$start$rule"', "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": 1.5}]}]}'
profile 'OCI: an unknown comparison' 126 "unknown comparison 'SCMP_CMP_EQL'" \
	"$start$rule"', "args": [{"index": 0, "op": "SCMP_CMP_EQL", "value": 1}]}]}'
profile 'OCI: an unknown flag' 47 "unknown flag 'SECCOMP_FILTER_FLAG_LOGG'" "$start"'"flags": ["SECCOMP_FILTER_FLAG_LOGG"]}'
profile 'OCI: a misspelt key, under which all rules stand' 48 'unknown key "syscals"' "$start"'"syscals": []}'
stderr_has "^hint: did you mean 'syscalls'?"
profile 'OCI: a misspelt key of a rule' 109 'unknown key "exludes"' \
	"$start$rule"', "exludes": {}}]}'
profile 'OCI: a misspelt short key, under which all conditions stand' 105 'unknown key "arg"' "$start$rule"', "arg": []}]}'
profile 'OCI: a key in capitals, which some runtimes read' 106 'unknown key "ARGS"' "$start$rule"', "ARGS": []}]}'
profile 'OCI: rules under a key in capitals' 49 'unknown key "SYSCALLS"' "$start"'"SYSCALLS": []}'
stderr_has "^hint: did you mean 'syscalls'?"
profile 'OCI: a misspelt value' 149 'unknown key "valu"' \
	"$start$rule"', "args": [{"index": 0, "op": "SCMP_CMP_NE", "valu": 7}]}]}'
profile 'OCI: a misspelt condition' 119 'unknown key "arch"' "$start$rule"', "includes": {"arch": ["s390x"]}}]}'
profile 'OCI: a condition on an arch that nobody knows' 122 "unknown arch 'amd46'" \
	"$start$rule"', "excludes": {"arches": ["amd46"]}}]}'
profile 'OCI: a condition on a capability that there is not' 120 "unknown capability 'CAP_SYS_ADMON'" \
	"$start$rule"', "excludes": {"caps": ["CAP_SYS_ADMON"]}}]}'
profile 'OCI: a misspelt call in a rule that refuses it' 61 "unknown syscall, in a rule that refuses it, 'ptrase'" \
	'{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["ptrase"], "action": "SCMP_ACT_KILL"}]}'
stderr_has "^hint: did you mean 'ptrace'?"
profile 'JSON: invalid UTF-8' 43 'the text is not UTF-8' "$start\"x\": \"$(printf '\377')\"}"
profile 'JSON: half a character' 49 'half a character' "$start"'"x": "\ud800"}'
profile 'JSON: text behind the end' 37 "expected the end of the text, not 'x'" '{"defaultAction": "SCMP_ACT_ERRNO"} x'
profile 'JSON: text that is cut' 36 'expected a string, not the end of the text' '{"defaultAction": "SCMP_ACT_ERRNO",'
status=3 profile 'JSON: ten thousand brackets in each other' 70 'arrays and objects lie in each other more than 64 deep' \
	"{\"x\": $(printf '%10000s' '' | tr ' ' '[')"
printf '%s\n' "$start" "$rule}," ' {"names": ["read"], "action": "SCMP_ACT_KILL"}]}' >profile.json
expect 0 'OCI: rules that contradict each other hold as libseccomp has them' callgate simulate profile.json 'read()'
stderr_has '^callgate: profile.json:3:13: read has another action in the rule on line 2, which holds'

policy() { # policy NAME PLACE MESSAGE TEXT: %b of it
	printf '%b' "$4" >some.policy
	wrong "$1" "$2" "$3" some.policy
}
kind=minijail
policy 'Minijail: rules that contradict each other' 2:1 'a filter of read behind one that always holds' 'read: 1\nread: kill\n'
policy 'Minijail: an unknown action' 1:7 "expected an action: .* not 'allw'" 'read: allw\n'
policy 'Minijail: a misspelt call' 1:1 "there is no syscall 'opne' on " 'opne: 1\n'
stderr_has "^hint: did you mean 'open'?"
policy 'Minijail: an arch that nobody knows' 1:11 "unknown arch 'vax'" 'read[arch=vax]: 1\n'
policy 'Minijail: a misspelt directive' 1:1 "unknown directive '@defalt'" '@defalt kill\n'
policy 'Minijail: two defaults' 2:1 'a default for the second time' '@default return EPERM\n@denylist\n'
policy 'Minijail: a seventh argument' 1:7 "expected arg0 to arg5, not 'arg6'" 'read: arg6 == 1\n'
policy 'Minijail: a number of 67 bits' 1:15 'the number does not fit in 64 bits' 'read: arg0 == 99999999999999999999\n'
policy 'Minijail: an errno that is too large' 1:14 "expected an errno, not '4096'" 'read: return 4096\n'
policy 'Minijail: a byte that is no text' 1:15 'the byte 0xff begins no word' 'read: arg0 == \xff\n'
status=3 policy 'Minijail: ten thousand parentheses' '1:4111' 'the line is too long' \
	"read: arg0 == $(printf '%10000s' '' | tr ' ' '(')"

kind=kafel
policy 'Kafel: a policy twice' 1:20 "policy 'a' a second time" 'POLICY a {} POLICY a {}'
policy 'Kafel: a policy that nothing uses' 1:42 'no policy is in use' 'POLICY a { KILL { mount } } DEFAULT ALLOW'
stderr_has '^hint: add a line like `USE a DEFAULT KILL`'
policy 'Kafel: a constant of two values' 2:11 "'a' is defined otherwise above" '#define a 1\n#define a 2\n'
policy 'Kafel: an unknown action' 1:1 'expected POLICY, USE, DEFAULT, #define or an action, not .REFUSE.' 'REFUSE { read }'
policy 'Kafel: an arch that nobody knows' 1:17 "unknown arch 'vax'" 'ALLOW { read ON vax }'
policy 'Kafel: a number of 68 bits' 1:17 'the number does not fit in 64 bits' 'ALLOW { SYSCALL[0x12345678901234567] }'
policy 'Kafel: a byte that is no text' 1:9 'the byte 0xff begins no word' 'ALLOW { \xff }'
status=3 policy 'Kafel: ten thousand parentheses' '1:216' 'the expression is too deep' \
	"ALLOW { read { $(printf '%10000s' '' | tr ' ' '(')"

kind=systemd
policy 'systemd: an unknown setting' 2:1 "unknown setting 'SystemCalFilter'" '[Service]\nSystemCalFilter=read\n'
policy 'systemd: a setting in small letters' 2:1 "unknown setting 'systemcallfilter'" '[Service]\nsystemcallfilter=~@mount\n'
stderr_has "^hint: did you mean 'SystemCallFilter'?"
policy 'systemd: an errno that is too large' 2:19 "expected an errno or 'kill', not '4096'" \
	'[Service]\nSystemCallFilter=~read:4096\n'
policy 'systemd: an arch that nobody knows' 2:25 "unknown arch 'vax'" '[Service]\nSystemCallArchitectures=vax\n'
policy 'systemd: a call that is let through with an errno' 2:18 'only what is refused' '[Service]\nSystemCallFilter=read:EPERM\n'
policy 'systemd: bytes that are no text' 2:18 'unknown syscall ' '[Service]\nSystemCallFilter=\xff\n'

kind=strace
policy 'strace: a misspelt call' 2:1 "unknown syscall 'opne'" 'read(0) = 1\nopne(1) = 1\n'
policy 'strace: a constant that there is not' 1:1 "unknown constant 'O_WHAT'" 'openat(0, 0, O_WHAT) = 1\n'
policy 'strace: a process that changed to 32 bits' 2:1 'the name of a call is expected' \
	'read(0) = 1\n[ Process PID=1 runs in 32 bit mode. ]\n'
policy 'strace: bytes that are no text' 2:1 'the name of a call is expected' 'read(0) = 1\n\xff(1) = 1\n'
kind=audit
policy 'audit: an arch that nobody knows' 1:35 "unknown arch 'vax'" 'type=SYSCALL msg=audit(1:1): arch=vax syscall=2\n'
status=3 policy 'audit: a number that no call has' 1:1 'a call that has no name: number 9999' \
	'type=SECCOMP msg=audit(1:1): arch=c000003e syscall=9999\n'
policy 'audit: a record without a call' 1:1 "a record without 'syscall='" 'type=SYSCALL msg=audit(1:1): arch=c000003e\n'
policy 'audit: bytes that are no text' 2:1 'this is no record of an audit log' 'type=PATH msg=audit(1:1):\n\xff\xff\n'

if [ "$(uname -m)" = x86_64 ]; then
	kind=firejail
	policy 'firejail: a misspelt command' 1:1 "unknown command 'secomp.drop'" 'secomp.drop mount\n'
	policy 'firejail: an errno that there is not' 1:14 "unknown errno 'EPER'" 'seccomp.drop mount:EPER\n'
	policy 'firejail: a number that no call has' 1:14 "unknown number '.99999'" 'seccomp.drop \x2499999\n'
	status=3 policy 'firejail: more that is ignored than may be' 1026:1 'more than 1024 lines of what is ignored' \
		"seccomp\n$(printf 'ignore x%s\\n' $(seq 1025))"
	policy 'firejail: bytes that are no text' 1:14 'unknown syscall ' 'seccomp.drop \xff\n'
	policy 'firejail: what is no line of a profile' 1:1 'this is no line of a profile' '\x01\x02 x\n'
fi
