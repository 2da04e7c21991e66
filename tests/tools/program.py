"""What the tests of whole processes share: running the program, and checking what it says."""
import errno
import fcntl
import importlib
import os
import random
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SKIPPED = 77
LIMIT = 120  # s, for what takes seconds: the machine may be busy

# A run of well under a second: a small csv file, a small model.
TINY = ["--model", "mlp:4-8x2-3", "--batch", "16", "--threads", "2"]


def tiny_csv(folder):
    """A csv file of 200 rows with three classes that a small network can tell apart."""
    path = Path(folder) / "tiny.csv"
    rows = ["a,b,c,d,kind"]
    for i in range(200):
        kind = i % 3
        rows.append(",".join(f"{(kind == j) * 2 - 0.5 + ((i * 7919 + j * 104729) % 97) / 97:.4f}" for j in range(4))
                    + f",{kind}")
    path.write_text("\n".join(rows) + "\n")
    return path


def write_idx(path, labels, images):
    """IDX files: `labels`, and `images` of 2 x 2 pixels as bytes; '{}' in `path` stands for what is in them."""
    Path(str(path).format("images-idx3")).write_bytes(struct.pack(">4i", 0x803, len(labels), 2, 2) + images)
    Path(str(path).format("labels-idx1")).write_bytes(struct.pack(">2i", 0x801, len(labels)) + bytes(labels))


def run(program, *arguments, cwd=None, timeout=240, **more):
    return subprocess.run([program, *map(str, arguments)], cwd=cwd, timeout=timeout, capture_output=True, text=True,
                          **more)


def start(program, home, *arguments, **more):
    """A process whose output is read as it comes."""
    return subprocess.Popen([program, *map(str, arguments)], cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, **more)


def trained(program, home, name, *options):
    """The folder of a run in `home`, trained deterministically."""
    done = run(program, "train", *options, "--deterministic", "--trace", "off", "--quiet", "--run", home / name, cwd=home)
    check(done.returncode == 0, done)
    return home / name


def read_until(process, text, stream=None):
    """The lines of its output, up to one with `text`."""
    seen = []
    for line in stream or process.stdout:
        seen.append(line)
        if text in line:
            return seen
    check(False, f"ended before '{text}':", "".join(seen), process.stderr.read())


def children(pid):
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(each) for each in (task / "children").read_text().split()]
    return found


def wait_gone(pids):
    until = time.monotonic() + LIMIT
    for pid in pids:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        left = max(0, until - time.monotonic())
        check(select.select([handle], [], [], left)[0], f"process {pid} is left behind")
        os.close(handle)


def wait_for(come):
    until = time.monotonic() + LIMIT
    while not come():
        check(time.monotonic() < until, "did not come:", come)
        time.sleep(0.01)


def send_again(process, number):
    """A signal that is another request than the one before: not within a second of it."""
    time.sleep(1.1)
    process.send_signal(number)


_reserved = []  # lock files, held until the test ends


def free_port():
    """A port that nobody listens at and that nobody else of the tests takes before this one ends. It lies below those that
    the system gives to outgoing connections: any of them could be taken before the program listens."""
    folder = Path(tempfile.gettempdir()) / f"syngrad-test-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    ephemeral = Path("/proc/sys/net/ipv4/ip_local_port_range")
    end = int(ephemeral.read_text().split()[0]) if ephemeral.exists() else 32768
    for port in random.sample(range(10000, end), end - 10000):
        lock = open(folder / str(port), "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            lock.close()
            continue
        _reserved.append(lock)
        return port
    check(False, "no port is free")


def free_address():
    return f"127.0.0.1:{free_port()}"


def need(*names):
    """The packages of these names, which tools/test installs. Where one is missing the test is skipped, with the reason."""
    try:
        return [importlib.import_module(name) for name in names]
    except ImportError as missing:
        reason = Path(__file__).parents[2] / "build/python.missing"
        why = reason.read_text().strip() if reason.exists() else "tools/test installs it into build/python"
        print(f"skipped: {missing}: {why}")
        sys.exit(SKIPPED)


def check(condition, *what):
    if not condition:
        print("failed:", *what)
        sys.exit(1)


def check_refused(result, *parts, code=2, command="syngrad train: "):
    """One line on the standard error, with all `parts`, and the exit code."""
    lines = result.stderr.splitlines()
    check(result.returncode == code, f"exit code {result.returncode}, not {code}:", result.args, result.stderr)
    check(len(lines) == 1, "not one line:", result.args, result.stderr)
    check(lines[0].startswith(command), result.args, lines[0])
    for part in parts:
        check(part in lines[0], repr(part), "is not in", repr(lines[0]))


def folder():
    return tempfile.TemporaryDirectory(prefix="syngrad-")


def remove(path):
    """Removes a folder that a run may be writing a file into: what came or went meanwhile is tried again."""
    while True:
        try:
            shutil.rmtree(path)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.ENOENT):
                raise
            if not path.exists():
                return
