"""A terminal of its own for a command, and keys that are pressed there when its output says so.

    python3 terminal.py '[["Test Loss", "\\u0003"], …]' command argument …

Each key waits for its text, and for the texts before it. Prints what the terminal showed; exits as the command did.
"""

import json
import os
import pty
import sys

keys = json.loads(sys.argv[1])
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])

shown = b""
seen = 0
while True:
    try:
        piece = os.read(terminal, 65536)
    except OSError:  # how Linux says that the last process has closed the terminal
        break
    if not piece:
        break
    shown += piece
    while keys and (at := shown.find(keys[0][0].encode(), seen)) >= 0:
        text, key = keys.pop(0)[:2]
        seen = at + len(text.encode())
        os.write(terminal, key.encode())

status = os.waitpid(child, 0)[1]
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
