"""A disk that is full is found before any work (exit 2); one that fills up meanwhile stops the run, with the weights
saved (exit 1). On a small tmpfs where mounting is allowed, and with a limit on file sizes everywhere."""
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

from program import TINY, check, check_refused, folder, run, tiny_csv
from whole_weights import problem_with

program = sys.argv[1]


def limit_file_size(size):
    def apply():
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return apply


def check_saved(run_folder):
    summary = json.loads((run_folder / "summary.json").read_text())
    check(summary["end"] == "interrupted", summary)
    check((run_folder / "weights.safetensors").stat().st_size > 1000, "weights")


def fill(path):
    """Takes what is left of a disk."""
    with open(path, "wb", buffering=0) as filler:
        try:
            while filler.write(b"x" * 1024):
                pass
        except OSError:
            pass


def with_limits(home):
    data = ["--data", f"csv:{tiny_csv(home)}"]
    result = run(program, "train", *TINY, *data, "--trace", "off", "--run", home / "a",
                 preexec_fn=limit_file_size(1000))
    check_refused(result, "--run", "cannot reserve", "weights.safetensors", "ulimit -f")
    check(not (home / "a").exists(), "the refused run left a folder")
    result = run(program, "train", *TINY, *data, "--run", home / "c", preexec_fn=limit_file_size(100000))
    check_refused(result, "--trace", "cannot reserve", "node0.rings", "ulimit -f", "--trace off")
    check(not (home / "c").exists(), "the refused run left a folder")

    result = run(program, "train", *TINY, *data, "--trace", "off", "--run", home / "b", "--steps", "1000000000", "--eval-every", "1",
                 preexec_fn=limit_file_size(20000))
    check_refused(result, "stopped, weights are saved", "cannot write", "ulimit -f", code=1)
    check_saved(home / "b")


def with_small_disk(home):
    data = ["--data", f"csv:{tiny_csv(home)}"]
    disk = home / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], check=True)
    big = ["--model", "mlp:4-512x2-3", "--batch", "16"]
    check_refused(run(program, "train", *big, *data, "--trace", "off", "--run", disk / "a"), "--run", "No space left", "free some space")
    check(not any(disk.iterdir()), "left behind:", list(disk.rglob("*")))
    check_refused(run(program, "train", *TINY, *data, "--run", disk / "a"), "--trace", "No space left", "node0.rings")
    check(not any(disk.iterdir()), "left behind:", list(disk.rglob("*")))

    process = subprocess.Popen([program, "train", *TINY, *data, "--trace", "off", "--run", disk / "b", "--steps", "1000000000",
                                "--eval-every", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stdout:
        if "test error" in line:
            break
    fill(disk / "filler")
    _, err = process.communicate(timeout=240)
    check(process.returncode == 1, process.returncode, err)
    lines = err.splitlines()
    check("stopped, weights are saved" in lines[-1] and "No space left" in lines[-1], err)
    check(len(lines) == 2 and "the best weights so far are not kept: " in lines[0] and " left, which " in lines[0], err)
    check_saved(disk / "b")

    # A request to end has its weights saved on a full disk, too.
    (disk / "filler").unlink()
    process = subprocess.Popen([program, "train", *TINY, *data, "--trace", "off", "--run", disk / "c", "--steps", "1000000000"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stdout:
        if line.startswith("training mlp"):
            break
    fill(disk / "filler")
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=240)
    check(process.returncode == 130, process.returncode, err)
    check("are saved in" in err and "the weights are those of the request to end" in err and "No space left" in err, err)
    problem = problem_with(disk / "c" / "weights.safetensors", TINY[1])
    check(problem is None, problem)


with folder() as home:
    home = Path(home)
    if len(sys.argv) > 2:  # in a mount namespace of its own
        with_small_disk(home)
        os._exit(0)  # the namespace takes the disk with it
    with_limits(home)
    may_mount = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True)
    if may_mount.returncode != 0:
        print("not tested on a small disk: mounting is not allowed here; the limit on file sizes was tested")
    else:
        done = subprocess.run(["unshare", "-m", sys.executable, "-B", __file__, program, "on-small-disk"])
        check(done.returncode == 0, "on a small disk, see above")
