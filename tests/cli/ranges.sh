# shellcheck shell=bash disable=SC2154
# Ranges of users for somebody without any right: those that /etc/subuid gives him, by newuidmap.
why=
[ "$(id -u)" = 0 ] || why='only root can say here who has which ranges'
command -v newuidmap newgidmap >/dev/null || why='newuidmap is not installed'
unshare -m mount -t tmpfs none /mnt 2>/dev/null || why='nothing can be mounted here'
if [ -n "$why" ]; then
	skip 'ranges of users' "$why"
	return 0
fi
chmod 755 .
cp "$CALLGATE" callgate
cp -r "$CALLGATE_PRESETS" presets
chmod -R a+rX presets callgate
export CALLGATE_PRESETS=$PWD/presets
echo 'nobody:100000:65536' >ranges

# As nobody, on a machine on which nobody has these ranges.
in_ranges() {
	unshare -m sh -c 'mount --bind ranges /etc/subuid && mount --bind ranges /etc/subgid && exec "$@"' sh \
		setpriv --reuid 65534 --regid 65534 --clear-groups ./callgate run --preset strict "$@"
}
expect 0 'a range is given' in_ranges --uid-map 0 100000 1000 --gid-map 0 100000 1000 -- \
	sh -c 'id -u; id -g; cat /proc/self/uid_map /proc/self/gid_map | tr -s " "'
stdout_is $'0\n0\n 0 100000 1000\n 0 100000 1000'
expect 0 '  and who is who in it' in_ranges --uid-map 0 100000 1000 --gid-map 0 100000 1000 --uid 7 --gid 8 -- \
	sh -c 'id -u; id -g; id -G; grep "^CapPrm:.0000000000000000$" /proc/self/status | wc -l'
stdout_is $'7\n8\n8\n1'
expect 125 'but none that is somebody else'"'"'s' in_ranges --uid-map 0 0 1 --gid-map 0 100000 1 -- touch touched
stderr_has 'newuidmap: .*not allowed'
stderr_has '^hint: ranges of users are given in /etc/subuid'
expect 125 'of groups neither' in_ranges --uid-map 0 100000 1 --gid-map 0 0 1 -- touch touched
stderr_has '^hint: ranges of groups are given in /etc/subgid'
expect 2 'users are mapped together with groups' callgate run --policy <(printf 'kernel 6.1\ndefault allow\n') --uid-map 0 0 1 -- true
stderr_has "'uid-map' needs a 'gid-map'"
