# shellcheck shell=bash
# shellcheck disable=SC2154,SC2016 # the folder comes from tests/cli/run; the shells inside expand what they are given
# Runs a program on the distribution's libseccomp and on ours: it loads as many filters, and each two are one function.
# What is not installed is skipped.
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin
library=${COMPAT_LIBRARY:-$(realpath "$(dirname "$CALLGATE")/../../compat/libseccomp")}
loader=$PWD/loader
theirs=$(ldconfig -p | sed -n 's/^[[:space:]]*libseccomp\.so\.2 .*x86-64.*=> //p' | head -n 1)

# Differences that docs/libseccomp.md tells of: calls that libseccomp 2.5.4 does not know have rules in our filter alone,
# and where tor allows a call and kills it, ours kills it.
known='^uretprobe:\|^mremap if arg0 == 0x[0-9a-f]* and flags == MREMAP_MAYMOVE: allow -> kill-thread$'

root_may() { [ "$(id -u)" = 0 ] && unshare -m "$@" 2>/dev/null; }

# Filters in order: SIDE/filter, SIDE/filter.2, …. The loader's notes tell which library there was; they are taken with
# both, for they take a descriptor.
catch() { # catch SIDE COMMAND...
	local side=$1
	shift
	rm -rf "$side" loader
	mkdir "$side" loader
	chmod 1777 loader # whoever runs there
	(cd "$side" && timeout 100 "$CALLGATE" show --as asm --save filter "${options[@]}" -- \
		env LD_DEBUG=libs LD_DEBUG_OUTPUT="$loader/notes" "$@") >"$side.list" 2>"$side.said" </dev/null
	echo $? >"$side.status"
}

same() { # same FILE FILE: one function, but for what is known
	"$CALLGATE" diff "$1" "$2" >pair 2>&1 || [ $? = 1 ] || return 2
	! grep -v '^ ' pair | grep -qv "$known"
}

# Each filter of theirs has one of ours. Processes that start together load theirs in any order.
pairs_are_same() {
	local file other
	mkdir ours/found
	for file in theirs/filter*; do
		for other in "ours/${file#*/}" ours/filter*; do
			[ -e "$other" ] && same "$file" "$other" && mv "$other" ours/found/ && continue 2
		done
		"$CALLGATE" diff "$file" "ours/${file#*/}" | sed "s|^|# $file: |"
		return 1
	done
}

insns() { stat -c %s "$1"/filter* | awk '{ sum += $1 / 8 } END { print sum }'; }

compare() { # compare NAME
	cat theirs.said ours.said >err
	if [ ! -e theirs/filter ]; then
		skip "$1" "it loads none here: $(tail -n 1 theirs.said)"
		return 1
	fi
	check "$1: as many filters" test "$(ls theirs)" = "$(ls ours)"
	check '  its end is the same' cmp theirs.status ours.status
	echo "# table: $1 | $(find theirs -type f | wc -l) | $(insns theirs) | $(insns ours)"
	check '  each is the same function' pairs_are_same
}

had_ours() { check '  by our library' grep -rqs "calling init: $library/libseccomp.so.2" loader; }

# A program on both libraries.
twice() { # twice NAME PROGRAM ARGUMENT...
	local name=$1
	shift
	if ! command -v "$1" >/dev/null; then
		skip "$name" "no $1"
		return
	fi
	catch theirs env -u LD_LIBRARY_PATH "$@" # as many descriptors as with ours
	catch ours env LD_LIBRARY_PATH="$library" "$@"
	compare "$name" && had_ours
}

# One that clears its environment: ours lies over theirs, in a mount namespace of the program's own.
twice_over() { # twice_over NAME PROGRAM ARGUMENT...
	local name=$1
	shift
	if ! command -v "$1" >/dev/null; then
		skip "$name" "no $1"
	elif ! root_may mount --bind "$library/libseccomp.so.2" "$theirs"; then
		skip "$name" 'no mount namespace may be made'
	else
		catch theirs "$@"
		catch ours unshare -m sh -c 'mount --bind "$0" "$1" && shift && exec "$@"' \
			"$library/libseccomp.so.2" "$theirs" "$@"
		compare "$name"
	fi
}

# One whose filter holds addresses: the same in both runs, since both libraries are there, in either order.
twice_in_place() { # twice_in_place NAME PROGRAM ARGUMENT...
	local name=$1
	shift
	if ! command -v "$1" >/dev/null; then
		skip "$name" "no $1"
	elif ! setarch -R true 2>/dev/null; then
		skip "$name" 'addresses cannot be kept'
	else
		catch theirs setarch -R env LD_PRELOAD="$theirs:$library/libseccomp.so.2" "$@"
		catch ours setarch -R env LD_PRELOAD="$library/libseccomp.so.2:$theirs" "$@"
		compare "$name" && had_ours
	fi
}
