# shellcheck shell=bash
# What every verb has in common: help, misuse, and a standard output that takes nothing.

expect 0 '-h is help' callgate -h
stdout_has '^usage: callgate VERB'
stderr_is ''
expect 0 '--help is help' callgate --help
stdout_has '^usage: callgate VERB'
expect 0 '--version says which' callgate --version
stdout_has '^callgate [0-9]'
expect 2 'no verb is misuse' callgate
stdout_is ''
stderr_has '^usage: callgate VERB'
expect 2 'an unknown verb is misuse' callgate hlep
stderr_is "callgate: error: unknown verb 'hlep'
hint: did you mean 'help'?"

for verb in $(callgate help --as man | sed -n 's/^## callgate \([a-z]*\).*/\1/p'); do
	expect 0 "$verb has -h" callgate "$verb" -h
	stdout_has "^usage: callgate $verb"
	stderr_is ''
	expect 0 "$verb has --help" callgate "$verb" --help
	stdout_has "^usage: callgate $verb"
	expect 0 "$verb is told by help" callgate help "$verb"
	expect 2 "$verb has no --no-such-option" callgate "$verb" --no-such-option
	stdout_is ''
	stderr_has "unknown option '--no-such-option'"
	check "$verb stands in the overview" grep -q "^  $verb " <(callgate -h)
done

expect 2 'a misspelt option has the right one in its hint' callgate help --az=man
stderr_has "did you mean '--as'"
expect 2 'a choice is one of its words' callgate help --as html
stderr_has "'--as' takes text|man|bash, not 'html'"
expect 2 'an option needs its value' callgate help --as
stderr_has "'--as' needs a value"
expect 2 'one argument too many' callgate help help more
stderr_has "what is 'more'"
expect 2 'control characters are spelt' callgate $'he\033[1mlp'
stderr_has 'he\\x1b\[1mlp'

closed() { callgate -h >&-; }
expect 3 'a closed stdout is a failure' closed
stderr_has 'cannot write standard output: Bad file descriptor'
if [ -w /dev/full ]; then
	full() { callgate -h >/dev/full; }
	expect 3 'a full disk is a failure' full
	stderr_has 'cannot write standard output: No space left on device'
	much() { callgate help --as man >/dev/full; }
	expect 3 '  however much was to be written' much
	stderr_has 'cannot write standard output: '
else
	skip 'a full disk is a failure' 'no /dev/full'
fi

callgate help --as bash >completion
expect 0 'the completion is a script' bash -n completion
complete_words() {
	# shellcheck disable=SC1091 # just written
	. ./completion
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
	_callgate
	echo "${COMPREPLY[*]}"
}
expect 0 'a verb is completed' complete_words callgate hel
stdout_is 'help'
expect 0 'an option is completed' complete_words callgate help --a
stdout_is '--as'
expect 0 'a choice is completed' complete_words callgate help --as b
stdout_is 'bash'

mkdir alone
cp "$CALLGATE" alone/callgate
if [ -e /usr/local/libexec/callgate/callgate-observe ]; then
	skip 'a part that is missing is named' 'another Callgate is installed'
else

	expect 3 'a part that is missing is named, for a verb too' alone/callgate help run
	stdout_is ''
	stderr_has 'help: cannot start .*/callgate-observe: No such file or directory'
	stderr_has '^hint: install Callgate whole'
fi
cp "$(dirname "$CALLGATE")/callgate-observe" alone/
expect 0 'the two are found side by side' alone/callgate help run
stdout_has '^usage: callgate run'
