# shellcheck shell=bash disable=SC2154
# tests/cli/run ../programs/joined SCENARIO...: a policy of half of what a scenario does, joined with what its programs
# could do, lets all of it be done, and is smaller than the others: a small part of bench/joined, which does it a hundred
# times with many more.
export CALLGATE XDG_CACHE_HOME=${XDG_CACHE_HOME:-$PWD/cache}
for scenario in "$@"; do
	expect 0 "$scenario: what nobody recorded runs too" "$here/../../bench/joined" --nice 0 --runs 2 --folder "$PWD/joined" "$scenario"
	stdout_lacks 'refused:'
	stdout_has "^| $scenario .* | 2 | 0 |$"
	check '  what is only reachable is logged, arguments too' grep -q '^log ' "joined/$scenario/joined.policy"
	check '  and another one of the same recording is no new one' test "$(wc -l <"joined/$scenario/runs.tsv")" = 2
done
