# shellcheck shell=bash
# Filters of Debian's own programs, by whatever they were compiled: caught as they are loaded, read back, checked, made
# anew and proved equal. A program that is not installed, or that loads none where it may not prepare itself, is skipped.

explained() { "$CALLGATE" explain "$1" 'exit_group(0)' || [ $? = 1 ]; }

# Reads each filter of caught, caught.2, …
understand() { # understand PROGRAM
	local file
	for file in caught caught.*; do
		[ -e "$file" ] || continue
		expect 0 "$1: $(($(stat -c %s "$file") / 8)) instructions are read" "$CALLGATE" show "$file"
		expect 0 '  and made anew, proved equal' "$CALLGATE" compile -o again.bpf "$file"
		expect 0 '  as diff finds too' "$CALLGATE" diff "$file" again.bpf
		echo "# $(($(stat -c %s again.bpf) / 8)) instructions now"
		"$CALLGATE" check "$file" >out 2>err </dev/null
		check '  and its holes are looked for' test $? -le 1
		expect 0 '  a call in it is explained' explained "$file"
		stdout_has '^  filter: 1, instruction '
	done
}

# A program that loads a filter wherever it runs.
captures() { # captures PROGRAM ARGUMENT...
	rm -f caught caught.*
	if ! command -v "$1" >/dev/null; then
		skip "$1" 'it is not installed'
		return
	fi
	expect 0 "$1 loads filters" "$CALLGATE" show --as asm --save caught "${options[@]}" -- "$@"
	understand "$1"
}

# One that may need more than it has here before it comes to its filter.
may_capture() {
	rm -f caught caught.*
	if ! command -v "$1" >/dev/null; then
		skip "$1" 'it is not installed'
	elif "$CALLGATE" show --as asm --save caught "${options[@]}" -- "$@" >out 2>err </dev/null; then
		result 0 "$1 loads filters"
		understand "$1"
	else
		skip "$1" "it loads none here: $(tail -n 1 err)"
	fi
}

printf '.TH CAUGHT 1\n.SH NAME\ncaught \\- a page\n' >caught-page.1
options=()
unset MAN_DISABLE_SECCOMP
captures man -P cat -l "$PWD/caught-page.1"
captures ctags --_interactive=sandbox
may_capture firejail --noprofile --seccomp --protocol=unix --memory-deny-write-execute --quiet true
# These would wait for somebody to serve.
options=(--enough 1)
mkdir tpm
may_capture swtpm socket --tpm2 --tpmstate "dir=$PWD/tpm" --ctrl "type=unixio,path=$PWD/tpm/control"
may_capture passt --foreground --socket "$PWD/passt.socket"
