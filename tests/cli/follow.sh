# shellcheck shell=bash disable=SC2154
# follow DOCUMENT: does what it says, and compares with what it shows: in each ```console block a line `$ COMMAND`
# (continued by lines `> …`) is run, and the lines under it must be its output, where … stands for anything.

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

finish_step() {
	[ -z "$command" ] || step "$started" "$command" "$expected"
	command=
	expected=
}

follow() {
	local document=$1 number=0 inside=no command='' expected='' started=0 line
	while IFS= read -r line <&9; do
		number=$((number + 1))
		case $inside$line in
		no'```console') inside=yes ;;
		yes'```') finish_step; inside=no ;;
		yes'$ '*) finish_step; command=${line#'$ '} started=$number ;;
		yes'> '*) command+=$'\n'${line#'> '} ;;
		yes*) expected+=${expected:+$'\n'}$line ;;
		esac
	done 9<"$document"
	[ "$count" -gt 0 ] || result 1 "$document has commands"
}
