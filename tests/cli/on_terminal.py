"""on_terminal.py COMMAND...: with a terminal of its own as standard input, output and error; what it printed, and its status.

What was typed into the terminal shows as an x each, which is left out.
"""
import os
import pty
import sys

pid, master = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
text = b""
while True:
    try:
        more = os.read(master, 4096)
    except OSError:
        break
    if not more:
        break
    text += more
_, status = os.waitpid(pid, 0)
sys.stdout.write(text.decode().replace("\r", "").replace("x", ""))
sys.exit(os.waitstatus_to_exitcode(status))
