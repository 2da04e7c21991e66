"""A standard output that takes nothing more: exit code 1 and one line, whatever the command. A reader that went away is no
failure, and one that was never there spoils no file."""
import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from program import TINY, check, folder, run, tiny_csv

program = sys.argv[1]
SAYS = "syngrad: standard output: No space left on device\n"
COMMANDS = ["train", "node", "trace", "devices", "nodes", "certs", "bench"]


def into(path, *arguments, **more):
    with open(path, "w") as out:
        return subprocess.run([program, *map(str, arguments)], stdout=out, stderr=subprocess.PIPE, text=True, timeout=240,
                              **more)


def check_full(*arguments, code=1, also=""):
    result = into("/dev/full", *arguments)
    check(result.returncode == code, arguments, f"exit code {result.returncode}", result.stderr)
    check(result.stderr.endswith(SAYS), arguments, result.stderr)
    check(result.stderr.count("\n") == 1 or also, arguments, result.stderr)
    check(also in result.stderr, arguments, result.stderr)


def check_gone(*arguments):
    """The reader has closed its end before anything is written."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    result = subprocess.run([program, *map(str, arguments)], stdout=write_end, stderr=subprocess.PIPE, text=True, timeout=240)
    os.close(write_end)
    check(result.returncode in (0, -signal.SIGPIPE), arguments, result.returncode)
    check(result.stderr == "", arguments, result.stderr)


def check_run(run_folder):
    """Whole, and without a word that was meant for the standard output."""
    check(json.loads((run_folder / "summary.json").read_text())["steps"] == 60, "summary")
    check([int(row["step"]) for row in csv.DictReader((run_folder / "metrics.csv").open())] == [20, 40, 60], "metrics")
    size = int.from_bytes((run_folder / "weights.safetensors").read_bytes()[:8], "little")
    json.loads((run_folder / "weights.safetensors").read_bytes()[8:8 + size])
    files = [path for path in run_folder.rglob("*") if path.is_file()]
    check(len(files) >= 6 and not any(b"results go to" in path.read_bytes() for path in files), files)
    check(not any(".partial" in path.name for path in files), files)


with folder() as home:
    home = Path(home)
    train = ["train", *TINY, "--data", f"csv:{tiny_csv(home)}", "--steps", "60", "--eval-every", "20"]

    # Everything that prints help, and the version.
    for arguments in ([], ["help"], ["--help"], ["--version"], *[["help", name] for name in COMMANDS],
                      *[[name, "--help"] for name in COMMANDS], ["trace", "util", "--help"]):
        check_full(*arguments)
        check_gone(*arguments)
    for arguments in (["devices"], ["devices", "--format", "json"]):
        check_full(*arguments)
        check_gone(*arguments)

    # A run: it goes on and is saved; what could not be said is said at its end.
    check_full(*train, "--run", home / "full")
    check_run(home / "full")
    check_gone(*train, "--run", home / "gone")
    check_run(home / "gone")

    # Answers about it, long ones and short ones.
    for arguments in (["info"], ["show", "--limit", "100000", "--format", "csv"], ["util"], ["util", "--format", "json"],
                      ["tail", "--limit", "1"], ["check"], ["recover"], ["export", "json"], ["report"]):
        command, *more = arguments
        words = [word for word in more if word == "json" and command == "export"]
        options = more[len(words):]
        check_full("trace", command, home / "full", *words, *options, also="lost\n" if "csv" in options else "")
    for format in "csv", "json", "perfetto":
        result = into("/dev/full", "trace", "export", home / "full", format, "--out", "-")
        check(result.returncode == 1 and result.stderr ==
              "syngrad trace export: cannot write 'standard output': No space left on device; free some space or choose a "
              "folder on another disk\n", format, result.stderr)

    # Files are made all the same.
    check_full("certs", home / "certs", "--names", "a")
    check(len(list((home / "certs").iterdir())) == 5, "certs")

    # Without a standard output at all, and without any of the three: what is opened first must not become one of them.
    for closed in ([1], [0, 1, 2]):
        name = "closed" + "".join(map(str, closed))

        def close_them():
            for number in closed:
                os.close(number)

        result = subprocess.run([program, *map(str, train), "--run", home / name], preexec_fn=close_them, timeout=240,
                                stderr=subprocess.PIPE, text=True)
        check(result.returncode == 1, name, result.returncode, result.stderr)
        if 2 not in closed:
            check(result.stderr == "syngrad: standard output: Bad file descriptor\n", result.stderr)
        check_run(home / name)

    # What failed otherwise keeps its exit code.
    result = into("/dev/full", "train", "--bogus")
    check(result.returncode == 2 and result.stderr.count("\n") == 1, result.stderr)
    result = run(program, *train, "--run", home / "fine")
    check(result.returncode == 0 and result.stderr == "", result.stderr)
