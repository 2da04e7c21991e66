"""On a terminal progress is a line that is redrawn, no wider than the terminal; NO_COLOR keeps colour codes out."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

from program import TINY, check, folder, tiny_csv

program = sys.argv[1]
WIDTH = 60


def shown_on_terminal(home, name, **environment):
    """Stops the run with SIGTERM once a line was redrawn twice; returns all that was written."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, WIDTH, 0, 0))
    process = subprocess.Popen([program, "train", *TINY, "--data", f"csv:{tiny_csv(home)}", "--steps", "1000000000",
                                "--eval-every", "100000", "--run", f"{home}/{name}"], stdout=slave,
                               stderr=subprocess.DEVNULL, env={**os.environ, "TERM": "xterm", **environment})
    os.close(slave)
    written = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # the program has closed its end
            break
        if not part:
            break
        if written.count(b"\r\x1b[K") < 2 <= (written + part).count(b"\r\x1b[K"):
            process.terminate()
        written += part
    os.close(master)
    check(process.wait(timeout=120) == 130, process.returncode)
    return written.decode()


with folder() as home:
    plain = shown_on_terminal(home, "plain", NO_COLOR="1")
    lines = [part.split("\r")[0].split("\n")[0] for part in plain.split("\r\x1b[K")[1:]]
    lines = [line for line in lines if re.match(r"step \d+/1000000000  ", line)]
    check(len(lines) >= 2, "not redrawn:", plain)
    check(all(len(line) < WIDTH for line in lines), "too wide:", lines)
    check(not re.search(r"\x1b\[[0-9;]*m", plain), "colour although NO_COLOR is set:", plain)
