"""What stands at the path that an export or a report goes to: it is written as a user would expect of it, and survives."""
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))
from program import check, check_refused, folder, run  # noqa: E402

program, write_sample = sys.argv[1:]
FORMATS = "csv", "json", "perfetto"  # that are written from begin to end


def exporting(format, path):
    return ["trace", "report", sample, "--out", path] if format == "report" else ["trace", "export", sample, format, "--out", path]


def read_while(path, command):
    """What a reader of the FIFO gets from the command."""
    got = []
    reader = threading.Thread(target=lambda: got.append(Path(path).read_bytes()))
    reader.start()
    result = run(program, *command)
    reader.join(timeout=60)
    check(got, "the reader got no end", command)
    return got[0], result


def full_device():
    """Always full, and of the test's own where it can make one: the machine's would not survive a mistake."""
    own = home / "full"
    try:
        if not own.exists():
            os.mknod(own, stat.S_IFCHR | 0o600, os.makedev(1, 7))
        own.open("w").close()
        return own
    except OSError:
        own.unlink(missing_ok=True)
        return Path("/dev/full")


def check_straight(format, wanted):
    fifo = home / f"fifo-{format}"
    os.mkfifo(fifo)
    got, result = read_while(fifo, exporting(format, fifo))
    check(result.returncode == 0 and got == wanted, format, len(got), len(wanted), result.stderr)
    check(stat.S_ISFIFO(fifo.stat().st_mode), "the FIFO was replaced")

    # The standard output by its names: the contents there, the rest on the standard error.
    for name in "-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1":
        result = subprocess.run([program, *map(str, exporting(format, name))], capture_output=True, timeout=240)
        check(result.returncode == 0 and result.stdout == wanted, format, name, len(result.stdout), result.stderr)
        check(b"14 records, 0 lost" in result.stderr, name, result.stderr)
    check(not Path("-").exists(), "a file named -")

    # Appended to what it is redirected to, which stays the same file.
    log = home / f"log-{format}"
    log.write_text("before\n")
    inode = log.stat().st_ino
    with log.open("ab") as out:
        subprocess.run([program, *map(str, exporting(format, "/dev/stdout"))], stdout=out, stderr=subprocess.PIPE, check=True)
    check(log.read_bytes() == b"before\n" + wanted and log.stat().st_ino == inode, "redirected", format)

    # A device stays one, and says that it is full.
    device = full_device()
    before = os.stat(device)
    result = run(program, *exporting(format, device))
    check_refused(result, f"cannot write '{device}': No space left on device", code=1, command="syngrad trace ")
    check(stat.S_ISCHR(os.stat(device).st_mode) and os.stat(device).st_ino == before.st_ino, device, "is gone")
    check(run(program, *exporting(format, "/dev/null")).returncode == 0, "/dev/null")


def check_replaced(format, wanted):
    """A regular file: whole, over links, with its permissions."""
    target, link = home / f"deep-{format}" / "file", home / f"link-{format}"
    target.parent.mkdir()
    link.symlink_to(Path(target.parent.name) / "file")
    for mode in None, 0o600, 0o664:
        if mode is not None:
            target.chmod(mode)
        result = run(program, *exporting(format, link))
        check(result.returncode == 0, result.stderr)
        check(link.is_symlink() and not target.is_symlink(), "the link was replaced", format)
        check(wanted is None or target.read_bytes() == wanted, "contents", format)
        check(mode is None or stat.S_IMODE(target.stat().st_mode) == mode, "permissions", format, mode)
        check([path.name for path in target.parent.iterdir()] == ["file"], "left behind", format)


with folder() as home:
    home = Path(home)
    sample = home / "sample"
    subprocess.run([write_sample, sample], check=True)
    for format in *FORMATS, "report", "sqlite":
        result = run(program, *exporting(format, home / f"plain-{format}"))
        check(result.returncode == 0, result.stderr)
        plain = (home / f"plain-{format}").read_bytes()
        check_replaced(format, plain if format != "sqlite" else None)
        if format != "sqlite":
            check_straight(format, plain)

    # A database needs a file: refused before it waits for a reader, and nothing is touched.
    fifo = home / "fifo-sqlite"
    os.mkfifo(fifo)
    for path, what in (fifo, "is a pipe"), (full_device(), "is a device"), ("-", "needs a file that can be replaced"):
        check_refused(run(program, *exporting("sqlite", path)), "--out", what, command="syngrad trace export: ")
    check(stat.S_ISFIFO(fifo.stat().st_mode) and stat.S_ISCHR(full_device().stat().st_mode), "replaced")
    with open(home / "out", "w") as out:
        refused = subprocess.run([program, *map(str, exporting("sqlite", "/dev/stdout"))], stdout=out, stderr=subprocess.PIPE)
    check(refused.returncode == 2 and (home / "out").read_bytes() == b"", "sqlite into a redirected output", refused.stderr)

    # A file that is mounted alone, as containers do, cannot be renamed over: it is written into, and a database is refused.
    inside, outside = home / "inside", home / "outside"
    for path in inside, outside:
        path.write_text("old and longer than what comes" * 1000)
    mounting = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"', outside, inside]
    if subprocess.run([*mounting, "true"], capture_output=True).returncode == 0:
        for format in "csv", "report":
            subprocess.run([*map(str, [*mounting, program, *exporting(format, inside)])], check=True, capture_output=True)
            check(outside.read_bytes() == (home / f"plain-{format}").read_bytes(), "a mounted file", format)
        refused = subprocess.run([*map(str, [*mounting, program, *exporting("sqlite", inside)])], capture_output=True, text=True)
        check_refused(refused, "is a mounted file", command="syngrad trace export: ")
        check(inside.read_text().startswith("old"), "the file below the mount")
    else:
        print("not tested on a mounted file: mounting is not allowed here")

    # Refused with the reason, and without a trace of it.
    before = sorted(home.iterdir())
    for format in "csv", "sqlite", "report":
        for path, what in (home, "it is a folder"), (home / "none" / "x", "No such file"):
            check_refused(run(program, *exporting(format, path)), "--out", what, command="syngrad trace ")
    check_refused(run(program, "trace", "merge", sample, sample, "--out", "-"), "--out", "a folder",
                  command="syngrad trace merge: ")
    check(sorted(home.iterdir()) == before, "left behind")
