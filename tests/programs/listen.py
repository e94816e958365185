"""Answers the first notification of a container's filter: listen.py SOCKET ERRNO COMMAND...

COMMAND starts the container, whose runtime sends the listener over SOCKET ("listenerPath" of its configuration). Prints
the number of the call that was asked about; the exit status is COMMAND's.
"""

import array
import fcntl
import socket
import struct
import subprocess
import sys

RECV, SEND = 0xc0502100, 0xc0182101  # SECCOMP_IOCTL_NOTIF_*, linux/seccomp.h
NOTIFICATION = "QIIi"  # id, pid, flags, nr; the rest of the 80 bytes is not looked at
PATIENCE = 60


def main():
    path, errno, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(1)
    server.settimeout(PATIENCE)
    runtime = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    peer, _ = server.accept()
    peer.settimeout(PATIENCE)
    _, ancillary, _, _ = peer.recvmsg(1 << 16, socket.CMSG_SPACE(4))
    if not ancillary:
        runtime.wait()
        sys.exit("no listener came")
    listener = array.array("i", ancillary[0][2])[0]
    asked = bytearray(80)
    fcntl.ioctl(listener, RECV, asked)
    cookie, _, _, nr = struct.unpack_from(NOTIFICATION, asked)
    fcntl.ioctl(listener, SEND, struct.pack("QqiI", cookie, 0, -errno, 0))
    print("asked about", nr, flush=True)
    return runtime.wait()


if __name__ == "__main__":
    sys.exit(main())
