# shellcheck shell=bash
# The folder of kept summaries, with many processes that read and write it at once, and damaged files among those that are
# there: whatever lies in it, each scan says what one without it says, and no file is left half written.
export XDG_CACHE_HOME=$PWD/cache
programs=(/bin/true /bin/cat /bin/ls)
folder=cache/callgate

for i in "${!programs[@]}"; do
	expect 0 "${programs[i]} without what is kept" callgate scan --json --no-cache "${programs[i]}"
	cp out "wanted.$i"
done
check 'leaves no folder' not test -e cache

scan_at_once() { # scan_at_once DESCRIPTION: two processes a program
	local i j all=()
	for i in "${!programs[@]}"; do
		for j in 1 2; do
			"$CALLGATE" scan --json "${programs[i]}" >"got.$i.$j" 2>"said.$i.$j" </dev/null &
			all+=($!)
		done
	done
	for i in "${all[@]}"; do
		wait "$i" || echo "$i failed" >>failed
	done
	check "$1: nobody fails" not test -e failed
	for i in "${!programs[@]}"; do
		for j in 1 2; do
			cmp -s "wanted.$i" "got.$i.$j" || cat "said.$i.$j" >>differ
			[ ! -s "said.$i.$j" ] || cat "said.$i.$j" >>differ
		done
	done
	check '  all say what one says alone' not test -e differ
	rm -f failed differ
	check '  nothing is left over' test -z "$(find cache -name '*.??????')"
}

# What damage a file in the folder may have, in turn; each comes into its place as a whole.
damage() { # damage FILE HOW
	local file=$1 size
	size=$(stat -c %s "$file" 2>/dev/null) || return 0
	rm -rf next
	cp "$file" next 2>/dev/null || return 0
	case $2 in
	0) truncate -s $((size / 2)) next ;;
	1) truncate -s 0 next ;;
	2) printf '\377' | dd of=next bs=1 seek=$((size / 3)) conv=notrunc status=none ;;
	3) echo more >>next ;;
	4) head -c "$size" /dev/zero >next ;;
	5) head -c 64 "$file" >next ;;
	6) chmod 0666 next ;;
	esac
	mv -f next "$file"
}

scan_at_once 'an empty folder that many fill'
check '  which holds a file a library' test "$(find $folder -type f | wc -l)" -ge 4
scan_at_once 'a full one that many read'

how=0
for file in "$folder"/*; do
	damage "$file" $((how++ % 7))
done
scan_at_once 'one of damaged files'

# While they read and write, files are exchanged for damaged ones.
(
	how=0
	for ((round = 0; round < 300; round++)); do
		[ ! -e enough ] || break
		for file in "$folder"/*; do
			damage "$file" $((how++ % 7))
		done
	done
) 2>/dev/null &
exchanger=$!
scan_at_once 'one whose files are exchanged meanwhile'
scan_at_once '  once more'
touch enough
wait $exchanger

# What is no file at all, in the place of each.
how=0
for file in "$folder"/*; do
	cp "$file" kept 2>/dev/null
	rm -rf "$file"
	case $((how++ % 4)) in
	0) mkfifo "$file" ;;
	1) mkdir "$file" ;;
	2) ln -s "$PWD/kept" "$file" ;;
	3) ln -s /nowhere "$file" ;;
	esac
done
scan_at_once 'one of pipes, folders and links'
check '  which were not followed' test -f kept
rm -rf cache
mkdir cache
: >cache/callgate
scan_at_once 'a file in the place of the folder'
