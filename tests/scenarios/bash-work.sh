#!/bin/bash
# What bash does by itself.
set -m
trap 'echo usr1' USR1
trap 'echo bye' EXIT
numbers=({1..100})
declare -A map=([one]=1 [two]=2)
echo "${#numbers[@]} ${map[one]} $* $$ $PPID $RANDOM $SECONDS ${BASH_VERSION%%.*} $(ulimit -n) $(umask)"
diff <(printf '1\n2\n') <(printf '1\n3\n')
while read -r line; do echo "read $line"; done <<<"here"
cat <<-EOT
	a document
	EOT
coproc cat
echo through >&"${COPROC[1]}"
read -r back <&"${COPROC[0]}" && echo "$back"
eval "exec ${COPROC[1]}>&-"
sleep 5 & kill $!; jobs; wait
kill -USR1 $$
read -t 0.01 -r nothing </dev/null
exec 7>out && echo seven >&7 && exec 7>&-
[[ $PWD =~ ^/ ]] && printf '%(%Y)T\n' 0
cd /tmp && pushd / && popd && cd - && pwd -P
history -s x; type ls; hash; times; ulimit -c 0; getopts a: x -a 1
echo */ ~root {a,b}
/nowhere/program; nothing_of_the_kind; . /nowhere/script
(exit 3)
echo end | tee /dev/null >/dev/null
mapfile -t lines <out
exec 3<>/dev/tcp/127.0.0.1/1
true
