# shellcheck shell=bash
# The holes of a policy for a person, for a script and for a code host; what was accepted is no hole.

cat >sound.policy <<'END'
kernel 6.1
default kill-process
include "@base"
allow clock_gettime, clock_getres, gettimeofday, time, getcpu
errno ENOSYS clone3
END
cat >holed.policy <<'END'
kernel 6.1
default kill-process
include "@base"
allow clock_gettime, clock_getres, gettimeofday, time, getcpu
errno ENOSYS clone3
allow ioctl
END

expect 0 'a policy without a hole' callgate check sound.policy
stdout_is ''
stderr_is ''

expect 1 'a policy that lets a terminal be typed into' callgate check holed.policy
stdout_has '^holed.policy:6: warning: tty-injection: '
stdout_has '    witness: ioctl(0, TIOCSTI, 0) -> allow'
stdout_has '    remedy:  errno EPERM ioctl if request in {TIOCSTI, TIOCLINUX}'
expect 0 '  which may be accepted' callgate check --allow tty-injection holed.policy
stdout_is ''
expect 0 '  and is gone with the remedy above the rule' \
	bash -c 'sed "s/^allow ioctl/errno EPERM ioctl if request in {TIOCSTI, TIOCLINUX}\n&/" holed.policy | "$0" check -' "$CALLGATE"

expect 1 'the same as JSON' callgate check --json holed.policy
check '  one object a hole' python3 -c '
import json
found = [json.loads(line) for line in open("out")]
assert [f["rule"] for f in found] == ["tty-injection"] * 2, found
assert all(f["line"] == 6 and f["action"] == "allow" for f in found), found
'
expect 1 'and as SARIF' callgate check --sarif holed.policy
check '  of which every result names a rule and a line' python3 -c '
import json
run = json.load(open("out"))["runs"][0]
rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
assert len(run["results"]) == 2
for result in run["results"]:
    assert result["ruleId"] in rules
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 6
'

expect 0 'what is worth knowing is no hole' callgate check --all sound.policy
stdout_has ': info: loader-open: '

expect 0 'a rule explains itself' callgate check --explain truncated-argument
stdout_has '^truncated-argument (error)$'
stdout_has 'CVE-2019-10063'
expect 0 'all do' callgate check --explain all
check '  fifty or more' test "$(grep -c '^[a-z0-9-]* (' out)" -ge 50
"$here/../../tools/check-manual" "$CALLGATE" >manual 2>err
check 'docs/check.md is what tools/check-manual writes' diff manual "$here/../../docs/check.md"

callgate compile -o holed.bpf holed.policy
expect 1 'a raw filter is asked the same' callgate check holed.bpf
stdout_has '^holed.bpf: warning: tty-injection: '

expect 2 'no subject is misuse' callgate check
expect 2 'an unknown rule is misuse' callgate check --allow tty holed.policy
stderr_has "no rule is called 'tty'"
expect 2 'so is one that is to be explained' callgate check --explain nothing
expect 2 'a missing file is' callgate check missing.policy
closed() { callgate check holed.policy >&-; }
expect 3 'a closed stdout is a failure' closed

printf '%s\n' 'kernel 6.1' 'arch s390x' 'foreign allow' 'default errno EPERM' 'allow read, exit, exit_group' >beside.policy
expect 1 'a filter for one arch that leaves the other open which its kernel runs' callgate check beside.policy
stdout_has 'compat-open: a call of an arch that is not named passes'
stdout_has 'witness: s390:'
