# shellcheck shell=bash
# What doctor says is true on every machine: a row a fact, advice where one is missing, and JSON that parses.

doctor() { callgate doctor "$@"; [ $? -le 1 ]; }

expect 0 'it says yes or no' doctor
stderr_is ''
stdout_has '^actions$'
stdout_has '^  action-kill-process '
stdout_has '^  flag-redirect '
stdout_has '^  landlock '
stdout_has "^  kernel  *$(uname -r | sed 's/[].[]/\\&/g') "
check '  and ends with a sum' grep -qE '^(Nothing is missing\.|[0-9]+ missing, [0-9]+ of them needed\.)$' out
check '  with advice under what is missing' test "$(grep -c 'MISSING' out)" = "$(grep -c -- ' -> ' out)"
rows=$(grep -c '^  [a-z0-9]' out)

expect 0 'it says the same as JSON' doctor --json
stderr_is ''
check '  one object a fact' test "$(grep -c '^{.*}$' out)" = "$rows"
check '  of which each line parses' python3 -c '
import json, sys
for line in open("out"):
    fact = json.loads(line)
    assert set(fact) == {"name", "group", "weight", "present", "value", "meaning", "advice"}, fact
    assert fact["present"] or fact["weight"] == "note" or fact["advice"], fact
'
check '  and the kernel that runs the other tests has seccomp' \
	python3 -c 'import json; assert any(f["name"] == "seccomp" and f["present"] for f in map(json.loads, open("out")))'

closed() { callgate doctor >&-; }
expect 3 'a closed stdout is a failure' closed
expect 2 'it takes no argument' callgate doctor now
