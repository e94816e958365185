"""audit_records.py LOG NAME COUNT COMMAND...: runs a command, and writes the SECCOMP records that the kernel makes of a
program whose path ends in NAME, as auditd would, until there are COUNT different calls. Fails with a reason where the
kernel's audit messages cannot be had, or do not come."""
import re
import socket
import struct
import subprocess
import sys
import time

NETLINK_AUDIT, AUDIT_NLGRP_READLOG, AUDIT_SECCOMP = 9, 1, 1326
WAIT = 6

log, name, count, command = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]
try:
    listening = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_AUDIT)
    listening.bind((0, AUDIT_NLGRP_READLOG))
except OSError as error:
    sys.exit(f"the audit messages cannot be read: {error.strerror}")
program = subprocess.Popen(command, stdin=subprocess.DEVNULL)
until, calls, lines = time.monotonic() + WAIT, set(), []
while len(calls) < count:
    listening.settimeout(max(until - time.monotonic(), 0.01))
    try:
        message = listening.recv(16384)
    except OSError:
        program.wait()
        sys.exit("no record came: they are logged elsewhere, or not at all")
    kind, text = struct.unpack("=IH", message[:6])[1], message[16:].rstrip(b"\0").decode()
    if kind == AUDIT_SECCOMP and f'/{name}"' in text:
        lines.append(f"type=SECCOMP msg={text}\n")
        calls.add(re.search(r"syscall=(\d+)", text)[1])
program.wait()
with open(log, "w") as out:
    out.writelines(lines)
