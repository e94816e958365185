# shellcheck shell=bash disable=SC2154
# The unit of examples/nginx, as it is, started by a real systemd: the first process of namespaces of its own, in which
# Callgate lies where the unit names it. Where that systemd has no control group to hand on, the unit fails and says so,
# and a drop-in goes on without limits.
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin
example=$here/../../examples/nginx
for tool in nginx curl /lib/systemd/systemd; do
	if ! command -v $tool >/dev/null; then
		skip 'nginx under systemd' "no $tool"
		return 0
	fi
done
if [ "$(id -u)" != 0 ]; then
	skip 'nginx under systemd' 'a systemd in namespaces needs root'
	return 0
fi

chmod 755 .
umask 022
mkdir -p manager/out manager/units/nginx.service.d manager/tree/{etc/callgate,usr/bin,srv/www}
cp "$CALLGATE" manager/tree/usr/bin/callgate
cp "$example"/nginx.{conf,yaml,policy} manager/tree/etc/callgate
cp "$example/nginx.service" manager/units
printf '%s\n' '[Service]' StandardError=file:/run/out/errors >manager/units/nginx.service.d/errors.conf # there is no journal
echo 'a page' >manager/tree/srv/www/index.html
chmod -R a+rX manager

unit() { # unit NAME LINE...
	local name=$1
	shift
	printf '%s\n' '[Unit]' DefaultDependencies=no "$@" >"manager/units/$name"
}
unit probe.target 'Requires=asks.service' 'After=asks.service'
# A fresh /proc is for those who see all of one: what keeps this systemd from the machine's settings has had its time.
unit uncovers.service '[Service]' Type=oneshot 'ExecStart=/bin/umount /proc/sys'
unit asks.service 'Requires=uncovers.service' 'After=uncovers.service' SuccessAction=exit-force FailureAction=exit-force \
	'[Service]' Type=oneshot 'ExecStart=/run/out/asks' StandardOutput=file:/run/out/answers StandardError=inherit
cat >manager/out/asks <<'END'
#!/bin/bash
# In the namespaces of that systemd: starts the unit, asks it for a page, looks at its processes, and stops it.
systemctl start nginx.service
ask() { curl -s --unix-socket /run/nginx/http.sock "$@"; }
for ((tries = 0; tries < 600; tries++)); do
	ask -o /dev/null http://nginx/ && break
	systemctl is-failed --quiet nginx.service && break
	sleep 0.05
done
echo "state: $(systemctl is-active nginx.service)"
echo "page: $(ask http://nginx/)"
echo "outside: $(ask -o /dev/null -w '%{http_code}' --path-as-is http://nginx/../../etc/passwd)"
for status in /proc/[0-9]*/status; do
	grep -qx $'Name:\tnginx' "$status" || continue
	echo "process: $(grep -E '^(Uid|CapBnd|NoNewPrivs|Seccomp):' "$status" | cut -f2 | tr '\n' ' ')$(cut -d: -f3 "${status%/status}/cgroup" | grep -c nginx.service)"
done
systemctl stop nginx.service
echo "stopped: $(systemctl show -p Result --value nginx.service)"
echo "left: $(grep -lx $'Name:\tnginx' /proc/[0-9]*/status | wc -l) $(ls /sys/fs/cgroup/*/system.slice/nginx.service /sys/fs/cgroup/system.slice/nginx.service 2>/dev/null | wc -l)"
END
chmod 755 manager/out/asks

# What it names must be there, if by another name.
verified() {
	sed "s|/usr/bin/callgate|$CALLGATE|" "$example/nginx.service" >verified.service
	systemd-analyze verify --man=no ./verified.service 2>&1 | grep verified.service
	[ "${PIPESTATUS[1]}" = 1 ]
}

start_it() {
	rm -f manager/out/{answers,errors}
	"$here/manager" manager >out 2>err </dev/null
	status=$?
	cp manager/out/answers out 2>/dev/null
	cat manager/out/{log,errors} >>err 2>/dev/null
}

start_it
if [ $status = 77 ]; then
	skip 'nginx under systemd' 'there can be no systemd in namespaces here'
	return 0
fi
if grep -q '^state: failed' out; then
	check 'without a control group to hand on, the unit fails' grep -q '^hint: --allow-degraded resources' err
	check '  and nothing runs' grep -qx 'left: 0 0' out
	{
		echo '[Service]'
		echo 'ExecStart='
		sed -n 's/^ExecStart=.*callgate run/& --allow-degraded resources/p' "$example/nginx.service"
	} >manager/units/nginx.service.d/degraded.conf
	start_it
fi
check 'systemd starts the unit' grep -qx 'state: active' out
stdout_has '^page: a page$'
stdout_has '^outside: 400$'
check '  its processes are www-data without any right, under a filter' \
	test "$(grep '^process: ' out | sort -u)" = 'process: 33 0000000000000000 1 2 1'
check '  two of them' test "$(grep -c '^process: ' out)" = 2
check '  and none was ended for what it asked' not grep -q 'was ended' err
check '  and when it is stopped, all goes' grep -qx 'stopped: success' out
stdout_has '^left: 0 0$'
expect 0 'the unit has no word that systemd does not know' verified
