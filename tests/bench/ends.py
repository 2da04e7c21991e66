#!/usr/bin/env python3
"""Runs that are ended from outside, each at a random moment: whether their weights are whole, as a Markdown table.

    python3 tests/bench/ends.py --repeats 50 --out tests/bench/results/ends.md

Every sort of end comes `--repeats` times, at a moment that `--seed` decides: one in five is counted from the start of the
process, the others from the beginning of the training. Weights are whole where the file reads, has the shapes of the network and is finite; they
are owed once the training has begun. A large network is asked to end and killed 10 s later.
"""
import argparse
import concurrent.futures
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools"))
from machine import described
from program import tiny_csv
from whole_weights import problem_with, problem_with_parts

LIMIT = 300  # s, for what takes one or two: the machine may be busy
MODEL = "mlp:4-64x3-3"
LARGE = "mlp:784-3072x5-10"
# What shows that the training has begun: of several processes it waits for the nodes.
BEGINNING, FIRST_EVALUATION = "\ntraining mlp:", "\nstep "

# How a run is ended: pauses in s, and signals.
ENDS = [(f"SIGTERM twice, {ms} ms apart", [(0, signal.SIGTERM), (ms / 1000, signal.SIGTERM)]) for ms in (0, 5, 20, 200)]
ENDS += [("SIGHUP", [(0, signal.SIGHUP)]),
         ("SIGINT", [(0, signal.SIGINT)]),
         ("SIGHUP, then SIGTERM and SIGTERM", [(0, signal.SIGHUP), (0.1, signal.SIGTERM), (0, signal.SIGTERM)]),
         ("SIGUSR2", [(0, signal.SIGUSR2)]),
         ("SIGXCPU, again and again", [(0, signal.SIGXCPU)] + [(0.05, signal.SIGXCPU)] * 5)]

# What follows `syngrad train`, for runs of so many processes.
PROCESSES = {1: [], 3: ["--local-nodes", "2", "--place", "0-1=local-1/cpu,2-3=local-2/cpu"]}


def let_signals_act():
    """What is ignored here, as under nohup, would be ignored by the run."""
    for each in (signal.SIGHUP, signal.SIGINT):
        signal.signal(each, signal.SIG_DFL)


class ended_run:
    """A run that was begun, and ended with `signals` after `moment` seconds: of the process, or of its training."""

    def __init__(self, program, home, number, arguments, moment, signals, of_training):
        self.folder = home / f"run{number}"
        several = "--local-nodes" in arguments
        beginning = FIRST_EVALUATION if several else BEGINNING
        with open(home / f"out{number}", "w+") as out, open(home / f"err{number}", "w+") as err:
            process = subprocess.Popen([program, "train", *arguments, "--run", self.folder], stdout=out, stderr=err,
                                       cwd=home, preexec_fn=let_signals_act)
            while of_training and beginning not in (home / f"out{number}").read_text() and process.poll() is None:
                time.sleep(0.01)
            time.sleep(moment)
            asked = time.monotonic()
            for pause, each in signals:
                time.sleep(pause)
                process.send_signal(each)
            self.code = process.wait(timeout=LIMIT)
            self.seconds = time.monotonic() - asked
            out.seek(0)
            err.seek(0)
            self.out, self.err = out.read(), err.read()
        self.began = beginning in self.out
        # Of several processes the training is seen to have begun a little late.
        self.states_before = ("none", "whole") if several else ("none",)

    def weights(self, model):
        """'whole', 'none', or what is wrong with them. Where the coordinator could not fetch all, nodes have theirs."""
        path = self.folder / "weights.safetensors"
        if path.exists() and not problem_with(path, model):
            return "whole"
        parts = sorted(self.folder.glob("**/weights.safetensors"))
        return (problem_with_parts(parts, model) or "whole") if parts else "none"


def row_of(program, home, name, signals, repeats, seed, arguments, model, longest, at_once=1):
    """A row of the table, and what went wrong."""
    dice = random.Random(f"{seed} {name} {len(arguments)}")
    moments = [dice.uniform(0, longest) for _ in range(repeats)]
    began = whole = right_code = 0
    slowest, wrong = 0.0, []

    def run_one(i):
        return ended_run(program, home, f"-{len(arguments)}-{name.replace(' ', '_')}-{i}", arguments, moments[i], signals,
                         i % 5 != 0)

    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        runs = list(pool.map(run_one, range(repeats)))
    for i, run in enumerate(runs):
        state = run.weights(model)
        if not run.began:
            # Before the program watches for signals, they end it as any other.
            if state not in run.states_before or run.code not in {130, *(-each for _, each in signals)}:
                wrong.append((name, i, "before the training", run.code, state, run.err))
            continue
        began += 1
        whole += state == "whole"
        right_code += run.code == 130
        slowest = max(slowest, run.seconds)
        if state != "whole" or run.code != 130:
            wrong.append((name, i, run.code, state, run.err))
    return f"| {name} | {repeats} | {began} | {whole} | {right_code} | {slowest:.1f} |", wrong


def killed_soon(program, home, repeats, seed, arguments, model):
    """SIGTERM, and SIGKILL within half a second: weights or none, but never a part of them."""
    dice = random.Random(f"{seed} killed")
    whole = none = 0
    wrong = []
    for i in range(repeats):
        run = ended_run(program, home, f"-killed-{i}", arguments, dice.uniform(0, 1),
                        [(0, signal.SIGTERM), (dice.uniform(0, 0.5), signal.SIGKILL)], True)
        state = run.weights(model)
        whole += state == "whole"
        none += state == "none"
        said = "are saved in" in run.err
        if state not in ("whole", "none") or (said and state != "whole"):
            wrong.append(("killed", i, state, run.err))
    return f"| SIGTERM, then kill -9 within 0.5 s | {repeats} | {whole} | {none} | {repeats - whole - none} |", wrong


class watched_file:
    """When a file appeared."""

    def __init__(self, path):
        self.path, self.at, self.over = path, None, False
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        while not self.over and not self.path.exists():
            time.sleep(0.01)
        self.at = time.monotonic() if self.path.exists() else None

    def stop(self):
        self.over = True
        self.thread.join()


def large_run(program, home, number, moment):
    """SIGTERM after so many seconds of training, kill -9 10 s later: seconds until the weights were there, their state."""
    folder = home / f"large{number}"
    process = subprocess.Popen([program, "train", "--model", LARGE, "--steps", "1000000", "--trace", "off", "--run",
                                folder, "--threads", "2"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for line in process.stdout:
        if line.startswith(BEGINNING.strip()):
            break
    time.sleep(moment)
    path = folder / "weights.safetensors"
    watch = watched_file(path)
    asked = time.monotonic()
    process.send_signal(signal.SIGTERM)
    try:
        process.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    watch.stop()
    state = (problem_with(path, LARGE) or "whole") if path.exists() else "none"
    return (watch.at - asked if watch.at else float("nan")), state


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="build/release/bin/syngrad")
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--large", type=int, default=8, help="runs of the large network")
    parser.add_argument("--at-once", type=int, default=1, help="runs of the small network at the same time")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--out", default="tests/bench/results/ends.md")
    arguments = parser.parse_args()
    program = str(pathlib.Path(arguments.binary).resolve())
    lines = ["# Runs that are ended from outside", "", described(), "",
             "    python3 tests/bench/ends.py " + " ".join(sys.argv[1:]), "",
             f"`{MODEL}` on a small csv file; the moment of each end is random. Weights are owed where the training had",
             "begun: all of them in the run's file, or (several processes) in those of the coordinator and the nodes together.", ""]
    wrong = []
    with tempfile.TemporaryDirectory(prefix="syngrad-") as path:
        home = pathlib.Path(path)
        common = ["--model", MODEL, "--batch", "16", "--threads", "2", "--data", f"csv:{tiny_csv(home)}",
                  "--steps", "1000000000", "--eval-every", "20"]
        for processes, more in PROCESSES.items():
            lines += ["", f"{processes} process" + ("es" if processes > 1 else ""), "",
                      "| ended by | runs | training had begun | weights whole | exit 130 | slowest end, s |",
                      "|---|---|---|---|---|---|"]
            for name, signals in ENDS:
                row, bad = row_of(program, home, name, signals, arguments.repeats, arguments.seed, common + more, MODEL, 1,
                                  arguments.at_once)
                lines.append(row)
                wrong += bad
                print(row, flush=True)
        lines += ["", "| ended by | runs | weights whole | no weights yet | weights in part |", "|---|---|---|---|---|"]
        row, bad = killed_soon(program, home, arguments.repeats, arguments.seed, common, MODEL)
        lines.append(row)
        wrong += bad
        print(row, flush=True)
        if arguments.large:
            dice = random.Random(f"{arguments.seed} large")
            runs = [large_run(program, home, i, dice.uniform(1, 8)) for i in range(arguments.large)]
            seconds = sorted(each for each, _ in runs)
            whole = sum(state == "whole" for _, state in runs)
            wrong += [("large", *each) for each in runs if each[1] != "whole"]
            lines += ["", "| ended by | network | runs | weights whole | s until they were on disk: median, slowest |",
                      "|---|---|---|---|---|",
                      f"| SIGTERM, then kill -9 after 10 s | `{LARGE}` | {len(runs)} | {whole} | "
                      f"{seconds[len(seconds) // 2]:.1f}, {seconds[-1]:.1f} |"]
            print(lines[-1], flush=True)
    pathlib.Path(arguments.out).write_text("\n".join(lines) + "\n")
    for each in wrong:
        print("wrong:", *each)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
