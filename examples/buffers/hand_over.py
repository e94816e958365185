"""hand_over.py COMMAND...: hands 64 MiB of numbers to COMMAND as descriptor 9 and looks at what it made of them.

The buffer is memory without a name, which both map; nothing is copied. Its size is sealed, so that a worker cannot make
it shorter under whoever reads it.
"""
import array
import fcntl
import mmap
import os
import subprocess
import sys

SIZE = 64 << 20
buffer = os.memfd_create("numbers", os.MFD_ALLOW_SEALING)
os.ftruncate(buffer, SIZE)
fcntl.fcntl(buffer, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
view = mmap.mmap(buffer, SIZE)
last = SIZE - 4
view[:4] = array.array("I", [3]).tobytes()
view[last:] = array.array("I", [21]).tobytes()

os.dup2(buffer, 9)
status = subprocess.run(sys.argv[1:], pass_fds=[9]).returncode
numbers = array.array("I", view[:4] + view[last:])
print(f"status {status}: {numbers[0]} … {numbers[1]}")
