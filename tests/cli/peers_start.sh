# shellcheck shell=bash disable=SC2154
# How the peers of docs/run.md start a program: in_PEER SETTING... -- QUESTION [ARGUMENT...] prints the answer of
# tests/cli/inside.c. Each has its strictest settings, of those that do not name one program, and SETTINGs in its own words.
# In a QUESTION, %I is the program that asks, %S the folder of the fixtures outside, %B where things are mounted inside.
# `before` is a command that starts the peer, and
# `becomes`, of systemd, one that becomes it.
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin
before=() becomes=() user=()
chmod 755 .
umask 022
mkdir -p manager/units manager/out/{secrets/deeper,box,ways} bundle/rootfs/{proc,dev,tmp,box} state
out=$PWD/manager/out
chmod 777 "$out" "$out/ways"
cp "${CALLGATE_INSIDE:-$here/../../build/tests/cli/inside}" "$out/inside"
cp "${CALLGATE_INJECT:-$here/../../build/tests/cli/inject}" "$out/inject"
cp "$out/inside" "$out/inject" bundle/rootfs
inside=$out/inside
echo secret >"$out/secrets/secret"
cp "$out/secrets/secret" "$out/secrets/deeper"
ln -s secrets "$out/link"

# The words before --, in `settings`, and after it, in `question`, with what stands for places put in.
take() { # take INSIDE FIXTURES BOX WORD...
	local places=("$1" "$2" "$3") word
	shift 3
	settings=() question=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		word=${1//%I/"${places[0]}"} word=${word//%S/"${places[1]}"}
		settings+=("${word//%B/"${places[2]}"}")
		shift
	done
	shift
	for word; do
		word=${word//%I/"${places[0]}"} word=${word//%S/"${places[1]}"}
		question+=("${word//%B/"${places[2]}"}")
	done
}

in_bwrap() {
	local settings question
	take /inside "$out" /box "$@"
	"${before[@]}" bwrap --unshare-all --cap-drop ALL --ro-bind "$inside" /inside --ro-bind "$out/inject" /inject --proc /proc --tmpfs /tmp \
		--dev /dev "${settings[@]}" -- "${program-/inside}" "${question[@]}"
}

in_firejail() {
	local settings question
	take "$inside" "$out" "$out/box" "$@"
	"${before[@]}" firejail --quiet --noprofile --ipc-namespace --caps.drop=all --nonewprivs "${settings[@]}" \
		-- "${program-$inside}" "${question[@]}"
}

# A bundle's configuration: SETTINGs are places in it and what they get, `process.rlimits=[…]`, or `mounts+={…}` for one more.
bundle_config() {
	python3 - "$@" <<-'PYTHON'
	import json, sys
	split = sys.argv.index("--")
	config = {
	    "ociVersion": "1.0.2", "hostname": "box", "root": {"path": "rootfs", "readonly": True},
	    "process": {"terminal": False, "user": {"uid": 0, "gid": 0}, "args": sys.argv[split + 1:], "cwd": "/", "env": ["PATH=/bin"],
	                "noNewPrivileges": True,
	                "capabilities": {"bounding": [], "effective": [], "permitted": [], "inheritable": [], "ambient": []}},
	    "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
	               {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"},
	               {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]}],
	    "linux": {"namespaces": [{"type": name} for name in ("pid", "network", "ipc", "uts", "mount", "cgroup")],
	              "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list"], "readonlyPaths": ["/proc/sys"]}}
	for setting in sys.argv[1:split]:
	    path, value = setting.split("=", 1)
	    *parents, last = path.rstrip("+").split(".")
	    place = config
	    for name in parents:
	        place = place[name]
	    place[last] = place[last] + [json.loads(value)] if path.endswith("+") else json.loads(value)
	print(json.dumps(config))
	PYTHON
}

# In a mount namespace in which there is no control group to be seen, or, with groups=v1, those of version 1.
in_crun() {
	local settings question
	take /inside "$out" /box "$@"
	bundle_config "${settings[@]}" -- "${program-/inside}" "${question[@]}" >bundle/config.json || return
	# shellcheck disable=SC2016 # the shell inside expands them
	"${before[@]}" unshare -m sh -c 'mount --make-rprivate / && mount -t tmpfs none /sys/fs/cgroup && cd bundle || exit
		manager=disabled
		if [ "$1" = v1 ]; then
			for controller in pids memory cpu cpuset cpuacct devices freezer blkio name=systemd; do
				place=/sys/fs/cgroup/${controller#name=}
				mkdir $place && mount -t cgroup -o $controller none $place || exit
			done
			manager=cgroupfs
		fi
		state=$2
		shift 2
		exec "$@" crun --root "$state" --cgroup-manager=$manager run "callgate-test-$$"' sh "${groups-}" "$PWD/state" "${user[@]}"
}

# A service of a systemd that is the first process of its own namespaces. SETTINGs are lines of its unit.
in_systemd() {
	local settings question
	take /run/out/inside /run/out /mnt "$@"
	rm -f "$out"/answer "$out"/failure "$out"/log "$out"/run manager/units/*
	printf '%s\n' '[Unit]' 'DefaultDependencies=no' 'Requires=probe.service' 'After=probe.service' >manager/units/probe.target
	printf '%s\n' '[Unit]' 'DefaultDependencies=no' 'SuccessAction=exit-force' 'FailureAction=exit-force' '[Service]' \
		'Type=oneshot' 'StandardOutput=file:/run/out/answer' 'StandardError=file:/run/out/failure' "${settings[@]}" \
		"ExecStart=${program-/run/out/inside} ${question[*]}" >manager/units/probe.service
	rm -f manager/units/companion.service
	if [ -n "${companion-}" ]; then
		printf '%s\n' '[Unit]' 'DefaultDependencies=no' '[Service]' "$companion" >manager/units/companion.service
		sed -i 's/^Requires=.*/& companion.service/' manager/units/probe.target
	fi
	"${before[@]}" "$here/manager" manager "${becomes[@]}" >out 2>err
	if [ -s "$out/answer" ]; then cat "$out/answer"; else grep -m1 . out; fi
}

# Somebody who listens outside, on an abstract socket and a port.
abstract=callgate-peers-$$

# under FILTER COMMAND...: becomes COMMAND under a filter that is in a file, as a container's manager starts one.
cat >"$out/under.py" <<'PYTHON'
import ctypes, os, sys
code = open(sys.argv[1], "rb").read()
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]
libc = ctypes.CDLL(None, use_errno=True)
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(Program(len(code) // 8, code)), 0, 0):
    sys.exit(os.strerror(ctypes.get_errno()))
os.execvp(sys.argv[2], sys.argv[2:])
PYTHON
