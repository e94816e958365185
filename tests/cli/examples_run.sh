# shellcheck shell=bash disable=SC2154,SC1091
# The real users of callgate run: each folder of examples/ by the commands of its README, in a copy of its own.
. "$here/follow.sh"
mkdir bin
printf '#!/bin/sh\nexec "%s" "$@"\n' "$CALLGATE" >bin/callgate
chmod +x bin/callgate
PATH=$PWD/bin:/usr/sbin:/usr/bin:/sbin:/bin
home=${HOME-/}

user() { # user FOLDER TOOL...: follows its README, where its settings can be had and its tools are there
	local folder=$1 tool
	shift
	for tool in bash python3 "$@"; do
		if ! command -v "$tool" >/dev/null; then
			skip "$folder by its README" "no $tool"
			return 1
		fi
	done
	cp -r "$here/../../examples/$folder" "$own_folder/$folder"
	cd "$own_folder/$folder" || exit 1
	if ! callgate run --preset strict --memory 1G --pids 64 --policy "$folder.policy" --dry-run -- true >../out 2>../err </dev/null; then
		skip "$folder by its README" "$(head -n 1 ../err)"
		return 1
	fi
	follow README.md
	export HOME=$home
	cd "$own_folder" || exit 1
}

user agent unshare
user build make cc ar unshare
user pdf pdftotext
user nginx nginx curl
user buffers cc
