# shellcheck shell=bash
# shellcheck disable=SC2154,SC2016 # the folder comes from tests/cli/run; the shells inside expand what they are given
# Programs that are linked with libseccomp have the same filters on ours: those that bring much with them, or a service.
# tools/consumers installs them.
# shellcheck source=tests/programs/twice.sh
. "$here/../programs/twice.sh"
unset XDG_RUNTIME_DIR DISPLAY DBUS_SESSION_BUS_ADDRESS

# A root that systemd-nspawn and lxc take for a system's.
small_root() {
	local folder
	for folder in usr/bin etc bin dev proc sys tmp; do mkdir -p "small/$folder"; done
	cp /bin/busybox small/bin/
	ln -s busybox small/bin/sh
	ln -s busybox small/bin/true
	touch small/etc/os-release
	printf 'lxc.uts.name = small\nlxc.rootfs.path = dir:%s\nlxc.net.0.type = none\n' "$PWD/small" >lxc.conf
	printf 'lxc.seccomp.profile = /usr/share/lxc/config/common.seccomp\n' >>lxc.conf
	mkdir lxc
}

# systemd as a user's manager, in a control group of its own, which it would else make for all that is in its.
manager='umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup && group=/sys/fs/cgroup/callgate-test-$$ &&
mkdir "$group" && echo $$ >"$group/cgroup.procs" && mount -t tmpfs none /run && mkdir -p /run/systemd/system /run/user &&
export XDG_RUNTIME_DIR=/run/user XDG_CONFIG_HOME="$0" SYSTEMD_LOG_LEVEL=err &&
exec unshare -C sh -c "umount /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup
exec /lib/systemd/systemd --user --unit caught.service"'

remove_groups() {
	unshare -m sh -c 'umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup &&
		find /sys/fs/cgroup/callgate-test-* -depth -type d -exec rmdir {} \;' 2>/dev/null
}

unit() {
	mkdir -p config/systemd/user
	printf '%s\n' >config/systemd/user/caught.service '[Unit]' DefaultDependencies=no SuccessAction=exit-force \
		FailureAction=exit-force '[Service]' Type=oneshot ExecStart=/bin/true SystemCallFilter=@system-service \
		SystemCallFilter=~@privileged SystemCallErrorNumber=EPERM 'SystemCallArchitectures=native x86' \
		'RestrictAddressFamilies=AF_UNIX AF_INET' 'RestrictNamespaces=~user mnt' MemoryDenyWriteExecute=yes \
		RestrictRealtime=yes RestrictSUIDSGID=yes LockPersonality=yes SystemCallLog=ptrace
}

# A runtime of one program, and an application on it.
flatpak_app() {
	export FLATPAK_USER_DIR=$PWD/flatpak
	mkdir -p runtime/usr/bin
	cp /bin/busybox runtime/usr/bin/true
	printf '[Runtime]\nname=org.t.P\nruntime=org.t.P/x86_64/1\nsdk=org.t.P/x86_64/1\n' >runtime/metadata
	flatpak build-export --runtime --files=usr repository runtime 1 &&
		flatpak --user remote-add --no-gpg-verify here repository &&
		flatpak --user install -y --noninteractive here org.t.P//1 &&
		flatpak build-init app org.t.App org.t.P org.t.P 1
}

buildah_container() {
	builds=(buildah --root "$PWD/built" --runroot "$PWD/run" --storage-driver vfs)
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' >policy.json
	container=$("${builds[@]}" from --signature-policy policy.json scratch) &&
		"${builds[@]}" copy --quiet "$container" small / >/dev/null
}

# libvirt starts QEMU for a user who is not root. QEMU gets the path to the library, and none to the notes.
domain='export HOME=$0/$$ XDG_RUNTIME_DIR=$0/$$/run; mkdir -p "$XDG_RUNTIME_DIR"; libvirtd -t 5 & libvirtd=$!
until [ -e "$XDG_RUNTIME_DIR/libvirt/libvirt-sock" ]; do kill -0 $libvirtd || exit 1; sleep 0.1; done
virsh -c qemu:///session create domain.xml; kill $libvirtd; wait'

# Somebody connects: a worker starts for him.
vpn_server() {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout vpn.key -out vpn.cert -subj /CN=test -days 2 2>/dev/null
	: >vpn.users
	printf '%s\n' >vpn.conf "auth = \"plain[passwd=$PWD/vpn.users]\"" 'tcp-port = 14433' 'run-as-user = nobody' \
		'run-as-group = daemon' "socket-file = $PWD/vpn.socket" "server-cert = $PWD/vpn.cert" \
		"server-key = $PWD/vpn.key" 'isolate-workers = true' 'device = vpns' 'ipv4-network = 192.168.77.0/24'
}
connect='ip link set lo up; ocserv -f -c vpn.conf & server=$!
until echo | openssl s_client -connect 127.0.0.1:14433; do kill -0 $server || exit 1; sleep 0.1; done'

profile='read
write
socket AF_UNIX
'

small_root
unit
options=()
twice 'systemd, its tests of its filters' /usr/lib/systemd/tests/test-seccomp
twice 'systemd, a unit with ten settings' unshare -m sh -c "$manager" "$PWD/config"
remove_groups
options=(--enough 4)
twice 'systemd-nspawn' systemd-nspawn -q -D "$PWD/small" --register=no --keep-unit /bin/sh -c true
options=(--enough 1)
twice 'QEMU, all that it can deny' qemu-system-x86_64 -M none -nographic -monitor none -serial none \
	-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny
printf '%s\n' >domain.xml "<domain type='qemu'><name>t</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>" \
	"<os><type arch='x86_64' machine='pc'>hvm</type></os></domain>"
mkdir libvirt && chown nobody libvirt && chmod 755 .
if command -v libvirtd >/dev/null; then
	nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups env -C "$PWD")
	catch theirs "${nobody[@]}" sh -c "$domain" "$PWD/libvirt"
	catch ours env LD_LIBRARY_PATH="$library" "${nobody[@]}" sh -c "$domain" "$PWD/libvirt"
	compare 'QEMU, by libvirt'
else
	skip 'QEMU, by libvirt' 'no libvirtd'
fi
twice 'chrony, level 1' chronyd -F 1 -d -x -u root 'port 0' 'cmdport 0' "pidfile $PWD/chrony.pid"
twice 'chrony, level 2' chronyd -F 2 -d -x -u root 'port 0' 'cmdport 0' "pidfile $PWD/chrony.pid"
twice 'lxc' lxc-execute -n small -f "$PWD/lxc.conf" -P "$PWD/lxc" -- /bin/true
if flatpak_app >out 2>err; then
	twice 'flatpak' flatpak build "$PWD/app" true
else
	skip 'flatpak' "$(tail -n 1 err)"
fi
if buildah_container >out 2>err; then
	twice_over 'buildah, in a chroot' "${builds[@]}" run --isolation chroot "$container" -- /bin/true
else
	skip 'buildah, in a chroot' "$(tail -n 1 err)"
fi
echo 'derivation { name = "x"; system = "x86_64-linux"; builder = "/bin/sh"; args = ["-c" "echo > $out"]; }' >x.nix
twice 'nix' env HOME="$PWD" NIX_STORE_DIR="$PWD/nix/store" NIX_STATE_DIR="$PWD/nix/var" NIX_LOG_DIR="$PWD/nix/log" \
	nix-build --option sandbox false --option substitute false --option build-users-group '' "$PWD/x.nix" --no-out-link
printf 'APT::Sandbox::Seccomp "true";\n' >apt.conf
twice 'apt, its methods' env APT_CONFIG="$PWD/apt.conf" apt-get download -q "${apt_package:-busybox-static}"
twice 'tracker-extract' dbus-run-session -- /usr/libexec/tracker-extract-3 -f "$PWD/x.nix"
twice 'xwallpaper' xvfb-run -a xwallpaper --center "$PWD/none.png"
twice 'zathura' xvfb-run -a zathura "$PWD/x.nix"
twice 'usbguard' usbguard-daemon -W -k -P -c /etc/usbguard/usbguard-daemon.conf
twice 'fapolicyd' unshare -m sh -c 'mkdir -p /run/fapolicyd && mount -t tmpfs none /etc/fapolicyd &&
	echo "allow perm=any all : all" >/etc/fapolicyd/fapolicyd.rules && echo "permissive = 1" >/etc/fapolicyd/fapolicyd.conf &&
	: >/etc/fapolicyd/fapolicyd.trust && fapolicyd --debug --permissive'
vpn_server
twice 'ocserv, a worker' unshare -n env -C "$PWD" sh -c "$connect"
twice 'oidc-agent' oidc-agent --seccomp -d
twice 'sniffglue' sniffglue lo
twice 'stenographer' stenotype --iface=lo "--dir=$PWD" --uid=root --gid=root
if [ -x /usr/lib/snapd/snap-seccomp ]; then
	printf %s "$profile" >snap.in
	expect 0 'snapd: a profile is compiled' /usr/lib/snapd/snap-seccomp compile snap.in snap.theirs
	expect 0 '  with our library too' env LD_LIBRARY_PATH="$library" /usr/lib/snapd/snap-seccomp compile snap.in snap.ours
	expect 0 '  to the same function' callgate diff snap.theirs snap.ours
else
	skip 'snapd' 'no snap-seccomp'
fi
