# shellcheck shell=bash disable=SC2154,SC1091,SC2046
# As its users have it: Callgate is installed into a folder, pkg-config finds it there, and the examples are built and
# run by the commands of their README. The static library too makes a program.
. "$here/follow.sh"
build=$(cd "$(dirname "$CALLGATE")/../.." && pwd)
lacking() {
	for tool in cc meson pkg-config python3; do
		command -v $tool >/dev/null || { echo "no $tool"; return; }
	done
	! sanitized || echo 'the library wants a sanitizer, which other programs lack'
}

why=$(lacking)
if [ -n "$why" ]; then
	skip 'the examples' "$why"
	return 0
fi
expect 0 'it is installed into a folder' meson install -C "$build" --no-rebuild --quiet --destdir "$PWD/root"
pc=$(find root -name callgate.pc)
check '  with a callgate.pc' test -n "$pc"
prefix=$(pkg-config --variable=prefix "$pc")
lib=$(pkg-config --variable=libdir "$pc")
export PKG_CONFIG_PATH=$PWD/${pc%/*} PKG_CONFIG_SYSROOT_DIR=$PWD/root
export LD_LIBRARY_PATH=$PWD/root$lib PATH=$PWD/root$prefix/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export PYTHONDONTWRITEBYTECODE=1

cp -r "$here/../../examples" "$here/../../bindings" .
cd examples || exit 1
follow README.md
for file in *.c *.py; do
	check "the README tells of $file" grep -q "$file" README.md
done

readme_command() { sed -n '/^```sh/,/^```/{/^```/!p}' "$1/README.md"; }
for folder in sniffer webserver dhcp renderer; do
	if ! unshare --map-root-user --net ip link add left type veth peer name right 2>/dev/null ||
		! command -v dnsmasq >/dev/null || ! command -v busybox >/dev/null; then
		skip "$folder by its README" 'no network namespace can be made here, or there is no DHCP'
	else
		expect 0 "$folder by its README" bash -c "cd $folder && $(readme_command $folder)"
		check '  where something is tried' grep -q '^\(taken over\|the server says\)' out
		stderr_lacks 'warning:'
	fi
done

# compiles EXAMINE DECIDE: whether a supervisor with these bodies of its handler does.
compiles() {
	cat >supervisor.c <<-C
		#include <callgate/notify.h>
		struct callgate_notify_answer examine(struct callgate_notify_target *target, void *context);
		struct callgate_notify_answer examine(struct callgate_notify_target *target, void *context)
		{
			char text[64];
			int error = callgate_notify_read_text(target, callgate_notify_call(target)->args[1], text, sizeof(text));
			(void)error;
			$1
		}
		struct callgate_notify_decision decide(const struct callgate_notify_call *call, void *context);
		struct callgate_notify_decision decide(const struct callgate_notify_call *call, void *context)
		{
			$2
		}
		const struct callgate_notify_handler handler = { .examine = examine, .decide = decide };
	C
	cc -Wall -Wextra -Wno-unused-parameter -Werror -fsyntax-only $(pkg-config --cflags callgate) supervisor.c
}
answers='return (struct callgate_notify_answer){ .error = error };'
lets_go='return (struct callgate_notify_decision){ .step = CALLGATE_NOTIFY_CONTINUE };'
expect 0 'a supervisor answers what it has looked at, and lets go by numbers' compiles "$answers" "$lets_go"
expect 1 '  but does not compile that lets go what it has looked at' compiles "$lets_go" "$lets_go"
stderr_has 'incompatible'
expect 1 '  not even by the number of it' compiles \
	'return (struct callgate_notify_answer){ .error = error, .kind = CALLGATE_NOTIFY_CONTINUE };' "$lets_go"
stderr_has 'implicit conversion'
expect 1 '  nor that looks where it may let go' compiles "$answers" \
	"char text[4]; callgate_notify_read(call, call->args[1], text, sizeof(text)); $lets_go"
stderr_has 'incompatible'

expect 0 'it links statically' cc -Wall -static -o static confine_yourself.c $(pkg-config --static --cflags --libs callgate)
expect 0 '  and runs without any library' env -u LD_LIBRARY_PATH ./static
stdout_is 'confined; a shell: Operation not permitted'
symbols() { nm -g --defined-only "$1" | awk 'NF == 3 { print $3 }' | grep -v '^_\(init\|fini\)$' | sort; }
check '  of which only the interface is to be seen' cmp <(symbols "$PKG_CONFIG_SYSROOT_DIR$lib/libcallgate.a") \
	<(nm -D --defined-only "$PKG_CONFIG_SYSROOT_DIR$lib/libcallgate.so" | awk '$2 ~ /[A-TV-Z]/ { print $3 }' |
		grep -v '^_\(init\|fini\)$' | sort)
