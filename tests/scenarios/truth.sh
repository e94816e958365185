# shellcheck shell=bash disable=SC2154
# tests/cli/run ../scenarios/truth SCENARIO: what the scenario's programs do is recorded, here and now and losslessly. All
# of it must be among what scan says that they can do, and under a policy made of nothing else they do it again.
scenario=$1
scenarios=$here/../scenarios
export XDG_CACHE_HOME=${XDG_CACHE_HOME:-$PWD/cache} CALLGATE

# Every line of the evidence names its call and at least one place that it came from, or none can be held against a scan.
placed() {
	[ "$(wc -l <truth.policy.evidence)" -gt 10 ] && ! sed '1d;$d' truth.policy.evidence | grep -q '"sites":\[\]'
}

refused() {
	cat scanned.policy.confined/report.* | grep -o '"refused":[0-9]*' | sort | uniq -c
	cat scanned.policy.confined/report.* | grep -o '"refusals":\[{.*' | cut -c1-400
}

expect 0 "$scenario is worked and recorded" "$scenarios/play" recorded "$scenario" truth.policy
check '  with the places that each call came from' placed
expect 0 '  and scan finds every call of every program' \
	"$here/../../tools/scan-truth" --policy scanned.policy --evidence truth.policy.evidence
expect 0 '  whose policy lets it be worked again' "$scenarios/play" confined "$scenario" scanned.policy
refused >out 2>err
stdout_lacks '"refused":[1-9]'
stdout_has '"refused":0'
