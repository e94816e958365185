# shellcheck shell=bash disable=SC2154
# tests/cli/run ../scenarios/truth SCENARIO: what the scenario's programs do is recorded, here and now and losslessly.
scenario=$1
scenarios=$here/../scenarios
truth=$PWD/truth.policy

worked() { CALLGATE="$CALLGATE" "$scenarios/record" "$scenario" "$truth"; }

# Every line of the evidence names its call and at least one place that it came from, or none can be held against a scan.
placed() {
	[ "$(wc -l <truth.policy.evidence)" -gt 10 ] && ! sed '1d;$d' truth.policy.evidence | grep -q '"sites":\[\]'
}

expect 0 "$scenario is worked and recorded" worked
check '  with the places that each call came from' placed
