# shellcheck shell=bash disable=SC2154
# What the documents name is there: files behind links, paths and functions of the source, verbs, manual pages.
root=$here/../..
documents() { (cd "$root" && ls ./*.md docs/*.md docs/adr/*.md); }

dead_links() {
	local document link
	for document in $(documents); do
		grep -oE '\]\([^)#]+' "$root/$document" | cut -c3- | while read -r link; do
			case $link in
			*://*) ;;
			*) [ -e "$root/$(dirname "$document")/$link" ] || echo "$document: $link" ;;
			esac
		done
	done
}

# `room/file.c` and `folder/file` in backticks; system headers are not ours.
missing_paths() {
	local document path
	for document in $(documents); do
		grep -oE '`[a-z]+/[a-z_./-]+\.(c|h|def|tsv|sh|md|case)`' "$root/$document" | tr -d '`' | while read -r path; do
			case $path in linux/* | asm/* | sys/*) continue ;; esac
			[ -e "$root/$path" ] || [ -e "$root/src/$path" ] || [ -e "$root/include/$path" ] ||
				echo "$document: $path"
		done
	done
}

# `name()` in backticks, of which the source has no definition or declaration.
missing_functions() {
	local function
	(cd "$root" && grep -hoE '`[a-z]+_[a-z_]+\(\)`' ./*.md docs/*.md docs/adr/*.md) | tr -d '`()' | sort -u |
		while read -r function; do
			grep -rqE "\b$function\(" "$root/src" "$root/include" || echo "$function()"
		done
}

# Tests that are said to run alone: `meson test -C build NAME`.
missing_tests() {
	local name
	(cd "$root" && grep -hoE 'meson test -C build [a-z_0-9]+' ./*.md docs/*.md tests/*/meson.build) | sed 's/.* //' |
		sort -u | while read -r name; do
			[ -e "$root/tests/unit/$name.c" ] || [ -e "$root/tests/programs/${name#program_}.sh" ] ||
				[ -e "$root/tests/scenarios/${name#*_}.sh" ] ||
				[ -e "$root/tests/cli/${name#cli_}.sh" ] ||
				[ -e "$root/tests/table/${name#table_}.case" ] || echo "$name"
		done
}

# `FILE`: CASE at the end of a row, of which tests/cli/FILE.sh has no such case.
missing_cases() {
	local file name
	sed -n 's/.*| `\([a-z]*\)`: \(.*\) |$/\1 \2/p' "$root/docs/run.md" | while read -r file name; do
		grep -qF -e "$name" "$root/tests/cli/$file.sh" || echo "docs/run.md: $file: $name"
	done
}

missing_verbs() {
	local verb
	(cd "$root" && grep -hoE '(\$ |`)callgate [a-z]+' ./*.md docs/*.md) | sed 's/.*callgate //' | sort -u |
		while read -r verb; do
			"$CALLGATE" help "$verb" >/dev/null 2>&1 || echo "$verb"
		done
}

missing_pages() {
	local page
	(cd "$root" && grep -hoE '\bcallgate[a-z-]*\([0-9]\)' ./*.md docs/*.md src/cli/*.c man/*.in) | sort -u |
		while read -r page; do
			page=$(tr '(' . <<<"${page%)}")
			[ -e "$root/man/$page.scd.in" ] || echo "$page"
		done
}

for what in dead_links missing_paths missing_functions missing_tests missing_cases missing_verbs missing_pages; do
	: >err
	$what >out
	check "the documents have no $(tr _ ' ' <<<"$what")" test ! -s out
done
