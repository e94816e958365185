# shellcheck shell=bash disable=SC2154
# Every `$` line of every man page's EXAMPLES is executed, in order, each page in a folder of its own. Lines under it
# up to the next one are what it prints; where there are none, only its exit status counts (0 or 1, an answer).
mkdir bin
ln -s "$CALLGATE" bin/callgate
PATH=$PWD/bin:$PATH

run_example() { # run_example PAGE COMMAND EXPECTED
	local status
	bash -c "$2" >../out 2>../err </dev/null
	status=$?
	(cd .. && result $((status > 1)) "$1: $2")
	count=$((count + 1))
	[ "$status" -le 1 ] || failures=$((failures + 1))
	[ -n "$3" ] || return 0
	[ "$(cat ../out)" = "$3" ]
	status=$?
	(cd .. && result $status "$1:   prints '${3//$'\n'/ | }'")
	count=$((count + 1))
	[ "$status" -eq 0 ] || failures=$((failures + 1))
}

for page in "$here"/../../man/*.scd*; do
	name=$(basename "$page")
	name=${name%%.scd*}
	mkdir "$name"
	cd "$name" || exit 1
	command='' expected=''
	while IFS= read -r line; do
		case $line in
		'$ '*)
			[ -z "$command" ] || run_example "$name" "$command" "$expected"
			command=${line#'$ '} expected=''
			;;
		'```')
			[ -z "$command" ] || run_example "$name" "$command" "$expected"
			command='' expected=''
			;;
		*)
			[ -z "$command" ] || expected+=${expected:+$'\n'}$line
			;;
		esac
	done < <(sed -n '/^# EXAMPLES/,/^# [^E]/p' "$page")
	cd .. || exit 1
done
