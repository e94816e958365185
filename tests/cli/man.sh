# shellcheck shell=bash disable=SC2154
# Every `$` line of every man page's EXAMPLES is executed, in order, each page in a folder of its own. Lines under it
# up to the next one are what it prints (on x86-64); where there are none, only its exit status counts (0 or 1, an answer).
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
	[ -n "$3" ] && [ "$(uname -m)" = x86_64 ] || return 0
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

# A page is also what troff makes of it: a character that it takes for its own is lost without an error.
rendered() { groff -t -man -T ascii "$1" >out 2>err && [ ! -s err ]; }
for page in "$(dirname "$CALLGATE")"/../../man/callgate*.[1-8]; do
	name=$(basename "$page")
	if command -v groff >/dev/null; then
		check "$name: troff takes it without a warning" rendered "$page"
	else
		skip "$name: troff takes it without a warning" 'no groff'
	fi
done
