#!/usr/bin/env python3
"""Test errors of every policy on MNIST, as medians over seeds, beside what they should reach.

    python3 tests/bench/error_table.py --mnist ../shared/data/mnist --seeds 3 --out tests/bench/results/errors.md

Each row is `syngrad train` with batch 256, Adam 1e-3, divided by ten at 60 % and 80 % of the steps. Runs are kept under
--runs and not repeated, so the script can be stopped and started again; the table shows every run that is there.
Deterministic runs do not depend on the number of threads: two are run at once, with a thread each.
"""
import argparse, concurrent.futures, json, pathlib, shutil, statistics, subprocess, sys, threading

from machine import described

SIX, TWELVE = "mlp:784-256x5-10", "mlp:784-256x11-10"
# name, model, steps, policy, predictor, bound in % (None: for comparison)
ROWS = [
    ("6 groups, 6,000 steps: locked", SIX, 6000, "locked", "ridge", 1.6),
    ("6 groups, 6,000 steps: synthetic linear", SIX, 6000, "synthetic", "linear", 1.75),
    ("6 groups, 6,000 steps: synthetic ridge", SIX, 6000, "synthetic", "ridge", 1.6),
    ("6 groups, 6,000 steps: synthetic lowrank:32", SIX, 6000, "synthetic", "lowrank:32", 2.0),
    ("6 groups, 3,000 steps: synthetic ridge", SIX, 3000, "synthetic", "ridge", 1.75),
    ("6 groups, 3,000 steps: corrected ridge", SIX, 3000, "corrected", "ridge", 1.7),
    ("6 groups, 3,000 steps: delayed", SIX, 3000, "delayed", "ridge", None),
    ("12 groups, 6,000 steps: corrected ridge", TWELVE, 6000, "corrected", "ridge", 1.9),
    ("12 groups, 3,000 steps: corrected ridge", TWELVE, 3000, "corrected", "ridge", 3.4),
    ("12 groups, 3,000 steps: synthetic ridge", TWELVE, 3000, "synthetic", "ridge", 5.8),
    ("12 groups, 3,000 steps: locked", TWELVE, 3000, "locked", "ridge", None),
    ("12 groups, 3,000 steps: delayed", TWELVE, 3000, "delayed", "ridge", None),
    ("12 groups, 3,000 steps: synthetic linear", TWELVE, 3000, "synthetic", "linear", None),
    ("12 groups, 3,000 steps: corrected linear", TWELVE, 3000, "corrected", "linear", None),
    ("12 groups, 6,000 steps: locked", TWELVE, 6000, "locked", "ridge", None),
    ("12 groups, 6,000 steps: delayed", TWELVE, 6000, "delayed", "ridge", None),
]


WHAT_LIMITS = """
What limits each:

- `locked`: the network and the number of steps alone.
- `delayed`: a gradient for group i is 2 (K - 1 - i) updates old. At 12 groups some seeds come near divergence while the rate
  is 1e-3 and recover only in part after its first division by ten (see the largest values).
- `synthetic`: bias. Each target is made from a prediction, so errors add up downwards; the cosines show it. With `linear`,
  the middle groups' predictions are mostly noise late in training: a step of Adam has a fixed size while gradients shrink
  by orders of magnitude. `ridge` has no step size; what limits it is how fresh its solution is.
- `corrected`: in total the true gradient is applied, but the part that was mispredicted comes as late as in `delayed`, with
  activations and weights that no longer belong together. The better the prediction, the smaller that part.
"""


def folder_of(arguments, row, seed, free):
    _, model, steps, policy, kind, _ = row
    label = f"{model.split(':')[1]}-{steps}-{policy}-{kind.replace(':', '')}-{'free' if free else 'fixed'}-{seed}"
    return pathlib.Path(arguments.runs) / label


def run(arguments, row, seed, free):
    _, model, steps, policy, kind, _ = row
    folder = folder_of(arguments, row, seed, free)
    if not finished(folder):
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was stopped
        command = [arguments.binary, "train", "--model", model, "--data", f"mnist:{arguments.mnist}", "--steps", str(steps),
                   "--policy", policy, "--sg", kind, "--condition", "labels", "--batch", "256", "--optimizer", "adam",
                   "--lr", "0.001", "--sg-lr", "0.001", "--schedule", "0.6:0.1,0.8:0.1", "--seed", str(seed), "--quiet",
                   "--run", str(folder)]
        command += ["--threads", "2"] if free else ["--threads", "1", "--deterministic"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return read(folder)


def finished(folder):
    path = folder / "summary.json"
    return path.exists() and json.loads(path.read_text())["end"] == "finished"


def read(folder):
    summary = json.loads((folder / "summary.json").read_text())
    return summary["test_error_percent"], [g.get("cosine") for g in summary["groups"]]


def what_is_there(arguments):
    done = {}
    for row in ROWS:
        for free, seeds in ((False, arguments.seeds), (True, arguments.free_seeds)):
            for seed in range(1, seeds + 1):
                folder = folder_of(arguments, row, seed, free)
                if finished(folder):
                    done.setdefault((row[0], free), {})[seed] = read(folder)
    return done


def cell(values):
    if not values:
        return "not run"
    text = f"{statistics.median(values):.2f}"
    return text + (" (" + ", ".join(f"{v:.2f}" for v in sorted(values)) + ")" if len(values) > 1 else " (one seed)")


def write(arguments, done):
    lines = ["# Test error on MNIST, in %", "", described(), "",
             "Batch 256, Adam 1e-3, divided by ten at 60 % and 80 % of the steps; labels condition the predictors; median",
             "over seeds, the values in brackets. `fixed`: `--deterministic`; `free`: free-running on 2 threads.", "",
             "    python3 tests/bench/error_table.py " + " ".join(sys.argv[1:]), "",
             "| run | at most | fixed | free | cosine, bottom to top (fixed, first seed) |", "|---|---|---|---|---|"]
    for row in ROWS:
        fixed, free = done.get((row[0], False), {}), done.get((row[0], True), {})
        cosines = fixed[min(fixed)][1] if fixed else []
        shown = " ".join(f"{c:.2f}" for c in cosines if c is not None)
        bound = f"{row[5]}" if row[5] else ""
        lines.append(f"| {row[0]} | {bound} | {cell([v[0] for v in fixed.values()])} | {cell([v[0] for v in free.values()])} | {shown} |")
    pathlib.Path(arguments.out).write_text("\n".join(lines) + "\n" + WHAT_LIMITS)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="build/release/bin/syngrad")
    parser.add_argument("--mnist", default="../shared/data/mnist")
    parser.add_argument("--runs", default="runs/errors")
    parser.add_argument("--out", default="tests/bench/results/errors.md")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--free-seeds", type=int, default=3, help="seeds of the free-running runs; 0: none")
    parser.add_argument("--no-runs", action="store_true", help="only write the table of the runs that are there")
    parser.add_argument("--only", default="", help="only rows whose name contains this")
    arguments = parser.parse_args()
    pathlib.Path(arguments.runs).mkdir(parents=True, exist_ok=True)
    rows = [row for row in ROWS if arguments.only in row[0]]
    done, lock = what_is_there(arguments), threading.Lock()
    if arguments.no_runs:
        write(arguments, done)
        return

    def one(job):
        row, seed, free = job
        value = run(arguments, row, seed, free)
        with lock:
            done.setdefault((row[0], free), {})[seed] = value
            write(arguments, done)
            print(f"{row[0]}, seed {seed}{', free' if free else ''}: {value[0]:.2f} %", flush=True)

    for seeds, free, at_once in ((arguments.seeds, False, 2), (arguments.free_seeds, True, 1)):
        jobs = [(row, seed, free) for seed in range(1, seeds + 1) for row in rows]
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            list(pool.map(one, jobs))


if __name__ == "__main__":
    main()
