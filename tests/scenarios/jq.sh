# shellcheck shell=bash
# jq filters, slurps, reads variables and files, and meets damage.
work() {
	echo '{"a":[1,2,{"b":"c"}]}' >file
	"$@" jq . file
	"$@" jq -c '.a[2].b, (.a | length), now > 0, (0 | todate), ("x" | test("X"; "i")), env.PATH' file
	"$@" jq -s --arg x 1 --slurpfile y file '{x: $x, y: $y}' file
	echo '{' | "$@" jq .
	"$@" jq . /nowhere
	"$@" jq '.a.b' file
	"$@" jq -n 'input_filename, $__loc__, ("1970" | strptime("%Y") | mktime), (0 | localtime)'
	return 0
}
