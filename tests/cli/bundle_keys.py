"""bundle_keys.py CALLGATE: bundle/config.json with every key of the runtime specification (1.2), one at a time.

A key that asks for something changes the settings, is named in a note, or stops the start at its place. Those that are
neither are listed here, each with why nothing is weaker for it.
"""
import copy
import json
import subprocess
import sys

HELD = {
    "annotations": "for people",
    "process.consoleSize": "there is no terminal of its own",
    "process.noNewPrivileges": "always",
    "linux.resources.devices": "only the devices of /dev are there, and no other can be made",
    "linux.resources.memory.useHierarchy": "a group of its own has none below",
    "linux.resources.memory.checkBeforeUpdate": "it is made with its limit",
    "linux.readonlyPaths": "these, of /proc and /sys",
    "linux.devices": "this one is in every /dev",
    "linux.rootfsPropagation": "mounts are private",
    "linux.resources.cpu.period": "of a quota that there is not",
}
# What asks for something else than the bundle has it already.
KEYS = {
    "hostname": "other", "domainname": "other", "annotations": {"a": "b"},
    "hooks": {"createRuntime": [{"path": "/bin/true"}]},
    "solaris": {"milestone": "a"}, "windows": {"layerFolders": ["a"]}, "vm": {"kernel": {"path": "/a"}}, "zos": {"namespaces": [{"type": "pid"}]},
    "root.unheard": 1, "root.readonly": False,
    "process.terminal": True, "process.consoleSize": {"height": 2, "width": 2}, "process.cwd": "/tmp",
    "process.env": ["A=c"], "process.commandLine": "a", "process.unheard": 1,
    "process.rlimits": [{"type": "RLIMIT_CORE", "soft": 1, "hard": 1}],
    "process.apparmorProfile": "a", "process.selinuxLabel": "a", "process.noNewPrivileges": False,
    "process.capabilities": {"bounding": ["CAP_CHOWN"], "permitted": ["CAP_CHOWN"], "effective": ["CAP_CHOWN"]},
    "process.oomScoreAdj": 9, "process.scheduler": {"policy": "SCHED_BATCH"},
    "process.ioPriority": {"class": "IOPRIO_CLASS_IDLE", "priority": 4},
    "process.execCPUAffinity": {"initial": "0"},
    "process.user.umask": 7, "process.user.additionalGids": [5], "process.user.username": "a", "process.user.unheard": 1,
    "linux.namespaces": [{"type": "pid", "path": "/proc/1/ns/pid"}],
    "linux.uidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}],
    "linux.gidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}],
    "linux.timeOffsets": {"monotonic": {"secs": 1}},
    "linux.devices": [{"type": "c", "path": "/dev/null", "major": 1, "minor": 3}],
    "linux.netDevices": {"eth0": {}, "eth1": {"name": "a"}},
    "linux.cgroupsPath": "/a", "linux.sysctl": {"kernel.msgmax": "1"},
    "linux.rootfsPropagation": "slave", "linux.maskedPaths": ["/proc/keys"], "linux.readonlyPaths": ["/proc/bus"],
    "linux.mountLabel": "a", "linux.intelRdt": {"closID": "a"}, "linux.memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0"},
    "linux.personality": {"domain": "LINUX32"}, "linux.unheard": 1, "linux.resources.unheard": 1,
    "linux.resources.devices": [{"allow": False, "access": "rwm"}],
    "linux.resources.memory.limit": 33554432, "linux.resources.memory.reservation": 1 << 20,
    "linux.resources.memory.swap": 33554432, "linux.resources.memory.kernel": 1 << 20,
    "linux.resources.memory.kernelTCP": 1 << 20, "linux.resources.memory.swappiness": 5,
    "linux.resources.memory.disableOOMKiller": True, "linux.resources.memory.useHierarchy": True,
    "linux.resources.memory.checkBeforeUpdate": True,
    "linux.resources.cpu.shares": 7, "linux.resources.cpu.quota": 50000, "linux.resources.cpu.burst": 7,
    "linux.resources.cpu.period": 100000, "linux.resources.cpu.realtimeRuntime": 7,
    "linux.resources.cpu.realtimePeriod": 7, "linux.resources.cpu.cpus": "0", "linux.resources.cpu.mems": "0",
    "linux.resources.cpu.idle": 1, "linux.resources.pids.limit": 9, "linux.resources.pids.unheard": 1,
    "linux.resources.blockIO": {"weight": 10}, "linux.resources.hugepageLimits": [{"pageSize": "2MB", "limit": 1}],
    "linux.resources.network": {"classID": 1}, "linux.resources.rdma": {"a": {"hcaHandles": 3}},
    "linux.resources.unified": {"memory.high": "1"},
    "unheard": 1,
}
MOUNT = {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": []}
# A mount of /tmp, beside one that asks for nothing.
MOUNTS = {
    "a type": {"type": "ext4"}, "users": {"uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]},
    "groups": {"gidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]}, "unheard": {"unheard": 1},
    "read-only": {"options": ["ro"]}, "noexec": {"options": ["noexec"]}, "size": {"options": ["size=7k"]},
    "mode": {"options": ["mode=700"]}, "inodes": {"options": ["nr_inodes=7"]}, "shared": {"options": ["shared"]},
    "idmap": {"options": ["idmap"]}, "copied": {"options": ["tmpcopyup"]}, "nosymfollow": {"options": ["nosymfollow"]},
}


def asked(config):
    with open("bundle/config.json", "w", encoding="utf-8") as file:
        json.dump(config, file)
    done = subprocess.run([sys.argv[1], "run", "--bundle", "bundle", "--print-config"], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def put(config, key, value):
    *folders, last = key.split(".")
    for folder in folders:
        config = config.setdefault(folder, {})
    config[last] = value


def is_passed_over(config, plain):
    status, settings, said = asked(config)
    return status == 0 and settings == plain[1] and said == plain[2]


with open("bundle/config.json", encoding="utf-8") as file:
    base = json.load(file)
before = asked(base)
wrong = [] if before[0] == 0 else ["the bundle itself: " + before[2]]
for name, asks in KEYS.items():
    changed = copy.deepcopy(base)
    put(changed, name, asks)
    if is_passed_over(changed, before) != (name in HELD):
        wrong.append(name)
base["mounts"] = [mount for mount in base["mounts"] if mount["destination"] != "/tmp"]
before = asked({**base, "mounts": base["mounts"] + [MOUNT]})
for name, asks in MOUNTS.items():
    if is_passed_over({**base, "mounts": base["mounts"] + [{**MOUNT, **asks}]}, before):
        wrong.append("mount: " + name)
print("\n".join("# passed over, or not: " + name for name in wrong), end="\n" if wrong else "")
sys.exit(1 if wrong else 0)
