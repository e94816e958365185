"""What an ordinary script does: files, JSON, hashes, threads, a local socket, and other programs."""

import concurrent.futures
import ctypes
import hashlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile


def digest(number):
    return hashlib.sha256(b"x" * (number * 1000)).hexdigest()[:8]


def main():
    with tempfile.TemporaryDirectory(dir=".") as folder:
        path = pathlib.Path(folder, "numbers.json")
        path.write_text(json.dumps({"squares": [n * n for n in range(100)]}))
        print("sum", sum(json.loads(path.read_text())["squares"]), "files", len(os.listdir(folder)))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        print("digests", " ".join(pool.map(digest, range(8))))
    here, there = socket.socketpair()
    here.sendall(b"over the socket")
    print(there.recv(100).decode())
    print(subprocess.run(["echo", "from a program"], capture_output=True, text=True, check=True).stdout.strip())
    sorted_lines = subprocess.run(["sort", "-r"], input="a\nc\nb\n", capture_output=True, text=True, check=True).stdout
    print(sorted_lines.split(), "status", subprocess.run(["false"]).returncode)
    print("pointer", ctypes.sizeof(ctypes.c_void_p))
    sys.stdout.flush()


main()
