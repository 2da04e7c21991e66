"""Ctrl-C and SIGTERM end a run after the batches in flight: weights saved, summary printed, exit code 130. SIGUSR1 saves
a checkpoint and the weights, as often as it comes, and the run goes on. What is ignored stays ignored."""
import json
import signal
import struct
import subprocess
import sys
from pathlib import Path

from program import TINY, check, folder, run, tiny_csv
from whole_weights import problem_with

program = sys.argv[1]


def start(home, name, *more, **others):
    command = [program, "train", *TINY, "--data", f"csv:{tiny_csv(home)}", "--steps", "1000000000", "--eval-every",
               "50", "--run", str(home / name), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **others)


def wait_for_evaluation(process):
    for line in process.stdout:
        if "test error" in line:
            return
    check(False, "ended before an evaluation:", process.stderr.read())


with folder() as home:
    home = Path(home)
    for name, number in (("int", signal.SIGINT), ("term", signal.SIGTERM)):
        process = start(home, name)
        wait_for_evaluation(process)
        process.send_signal(number)
        out, err = process.communicate(timeout=120)
        check(process.returncode == 130, name, process.returncode, out, err)
        check("ending after the batches in flight" in err, err)
        check(out.splitlines()[-1].startswith("interrupted: test error"), out)
        summary = json.loads((home / name / "summary.json").read_text())
        check(summary["end"] == "interrupted" and summary["steps"] >= 50, summary)
        weights = (home / name / "weights.safetensors").read_bytes()
        header = json.loads(weights[8:8 + struct.unpack("<Q", weights[:8])[0]])
        check(any(key.endswith("weight") for key in header), header.keys())
        check(not list((home / name).glob("*.partial*")), "a temporary file is left")

    # What was saved is whole, even where the run never gets to its end.
    process = start(home, "saved")
    wait_for_evaluation(process)
    path, sizes = home / "saved" / "weights.safetensors", []
    for _ in range(3):
        process.send_signal(signal.SIGUSR1)
        said = sorted(process.stderr.readline() for _ in range(2))
        check(said[0].startswith("syngrad train: checkpoint after step ") and f" in {path.parent}/checkpoints/step-" in said[0], said)
        check(said[1] == f"syngrad train: weights as they are now are saved in {path}; the run goes on\n", said)
        check(problem_with(path, TINY[1]) is None, problem_with(path, TINY[1]))
        wait_for_evaluation(process)
        sizes.append(path.stat().st_ino)
    check(len(set(sizes)) > 1, "the file is not replaced:", sizes)
    process.kill()
    process.communicate()
    check(problem_with(path, TINY[1]) is None, problem_with(path, TINY[1]))

    # nohup, and a background job of a shell: what was ignored at the start is nobody's request.
    ignored = start(home, "ignored", preexec_fn=lambda: [signal.signal(each, signal.SIG_IGN)
                                                         for each in (signal.SIGHUP, signal.SIGINT)])
    wait_for_evaluation(ignored)
    for each in (signal.SIGHUP, signal.SIGINT):
        ignored.send_signal(each)
    wait_for_evaluation(ignored)
    wait_for_evaluation(ignored)
    check(ignored.poll() is None, "ended by a signal that was ignored", ignored.returncode)
    ignored.send_signal(signal.SIGTERM)
    out, err = ignored.communicate(timeout=120)
    check(ignored.returncode == 130 and "interrupted: test error" in out, ignored.returncode, out, err)

    # A closed pipe is no reason to die: the run goes on to its end.
    result = run("sh", "-c", f'"$0" train "$@" | head -1', program, *TINY, "--data", f"csv:{tiny_csv(home)}",
                 "--steps", "300", "--run", home / "pipe")
    check((home / "pipe" / "summary.json").exists(), result.stdout, result.stderr)
    check(json.loads((home / "pipe" / "summary.json").read_text())["steps"] == 300, "steps")
