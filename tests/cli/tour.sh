# shellcheck shell=bash
# Does what docs/tour.md says, and compares with what it shows: in each ```console block a line `$ COMMAND` (continued
# by lines `> …`) is run, and the lines under it must be its output, where … stands for anything.
tour=$here/../../docs/tour.md
helpers=${CALLGATE_ATTACKS:-$here/../../build/tests/programs}
PATH=$(dirname "$CALLGATE"):$helpers:/usr/sbin:/usr/bin:/sbin:/bin:$PATH

step() { # step LINE COMMAND EXPECTED
	local pattern
	eval "$2" >out 2>&1 </dev/null
	echo "# expected: $3" >err
	# Everything but … is literal.
	pattern=$(printf '%s' "$3" | sed 's/[][\\*?]/\\&/g; s/…/*/g')
	# shellcheck disable=SC2053 # a pattern
	[[ "$(cat out)" == $pattern ]]
	result $? "line $1: ${2%%$'\n'*}"
}

number=0
inside=no
command=
expected=
finish_step() {
	[ -z "$command" ] || step "$started" "$command" "$expected"
	command=
	expected=
}
while IFS= read -r line <&9; do
	number=$((number + 1))
	case $inside$line in
	no'```console') inside=yes ;;
	yes'```') finish_step; inside=no ;;
	yes'$ '*) finish_step; command=${line#'$ '} started=$number ;;
	yes'> '*) command+=$'\n'${line#'> '} ;;
	yes*) expected+=${expected:+$'\n'}$line ;;
	esac
done 9<"$tour"
[ "$count" -gt 0 ] || result 1 'the tour has commands'
