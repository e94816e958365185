# shellcheck shell=bash disable=SC2154
# Limits that are as low as they can be said: what falls over one is the program, and not what is done to start it; and
# where that is no program at all, the limit is named.
cat >open.policy <<'P'
kernel 6.1
default allow
P
chmod 755 .
cp "$CALLGATE" callgate
cp -r "$CALLGATE_PRESETS" presets
chmod -R a+rX presets callgate open.policy
export CALLGATE_PRESETS=$PWD/presets
nobody() { "$@"; }
if [ "$(id -u)" = 0 ]; then
	nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
fi
as_root() { "$@"; }

# A limit, how /proc/self/limits calls it, and how low `cat` can bear it; "-" is not at all.
limits='as=Max address space=- data=Max data size=- stack=Max stack size=- nofile=Max open files=-
core=Max core file size=0 cpu=Max cpu time=5 fsize=Max file size=0 locks=Max file locks=0 memlock=Max locked memory=0
msgqueue=Max msgqueue size=0 nice=Max nice priority=0 nproc=Max processes=0 rss=Max resident set=0
rtprio=Max realtime priority=0 rttime=Max realtime timeout=5000 sigpending=Max pending signals=0'

# What may come of a limit that was too low, by its name: a status and what was said.
is_told() { # is_told NAME STATUS
	case $1:$2 in
	*:0) [ ! -s err ] ;;
	cpu:125) grep -q "its limit of 'cpu' may be too low" err ;;
	cpu:137) grep -q 'reached its limit of cpu-time' err ;;
	as:126 | data:126 | stack:126) grep -q "cannot execute '.*true'.*\(its limits leave it no room\|memory\|too long\)" err ;;
	stack:139) true ;;                         # it began, and its stack could not grow
	nofile:127) grep -q 'shared object' err ;; # the dynamic linker's own words
	nice:125 | rtprio:125) grep -q "cannot set the limit of '$1': Operation not permitted" err ;;
	*) false ;;
	esac
}

names=$(grep -o '[a-z]*=Max' <<<"$limits" | cut -d= -f1)
for who in as_root nobody; do
	[ $who = nobody ] || [ "$(id -u)" = 0 ] || continue
	for ground in '--policy open.policy' '--preset strict'; do
		# shellcheck disable=SC2086
		$who ./callgate run $ground -- true >out 2>err </dev/null
		if [ $? != 0 ]; then
			skip "$who, $ground: limits that are too low" "$(head -n 1 err)"
			continue
		fi
		wrong=
		for name in $names; do
			for value in 0 1 3 16; do
				# shellcheck disable=SC2086
				$who ./callgate run $ground --rlimit $name=$value -- true >out 2>err </dev/null
				status=$?
				is_told "$name" $status || wrong+=" $name=$value:$status:$(cat err)"
			done
		done
		check "$who, $ground: the program falls over them, or they are named:$wrong" test -z "$wrong"
	done
done

wrong=
while IFS='=' read -r name title value; do
	[ "$value" = - ] && continue
	callgate run --preset strict --rlimit "$name=$value" -- cat /proc/self/limits 2>err </dev/null | cat >out
	grep -q "^$title  *$value  *$value " out || wrong+=" $name"
done < <(grep -o '[a-z]*=Max [a-z ]*=[-0-9]*' <<<"$limits")
check "each is set:$wrong" test -z "$wrong"

expect 0 'descriptors that are open do not count' callgate run --preset strict --pass-fd 9 --rlimit nofile=12 -- \
	sh -c 'ulimit -n && echo here >&9' 9>passed 10<open.policy 11<open.policy 12<open.policy 13<open.policy
stdout_is 12
check '  but those that are passed' test "$(cat passed)" = here
expect 0 'the later of two counts, also where it is higher' callgate run --preset strict --rlimit nofile=16 --rlimit nofile=32:48 -- \
	sh -c 'ulimit -Sn; ulimit -Hn'
stdout_is $'32\n48'
expect 0 'nothing but the program writes no file' callgate run --preset strict --dir /a --bind "$PWD" /b --mask /etc/passwd \
	--stdout-max 1M --rlimit fsize=0 -- sh -c '[ ! -s /etc/passwd ] && echo written'
stdout_is written
expect 0 'core files are forbidden' callgate run -p open.policy --report report.json -- sh -c 'ulimit -Hc'
stdout_is 0
check '  which is a layer' grep -q '"core-limit": *"enforced"' report.json
expect 0 '  unless they are asked for' callgate run -p open.policy --report report.json --rlimit core=512 -- sh -c 'ulimit -Hc'
stdout_is 1
check '  which is told' grep -q '"core-limit": *"absent"' report.json
watched() { callgate run -p errno.policy --watch --rlimit nofile=3 -- true; }
printf 'kernel 6.1\ndefault allow\nerrno EPERM mkdir, mkdirat\n' >errno.policy
expect 125 'a supervisor needs a descriptor in the target' watched
stderr_has "its limit of 'nofile' leaves no descriptor for the listener"
