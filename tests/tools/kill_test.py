"""Runs that are killed with SIGKILL at random moments go on with --resume, and end as if nothing had happened.

    kill_test.py PROGRAM [--count N] [--seed S]

With --deterministic the weights, the metrics and what TensorBoard reads are those of the run that nobody disturbed.
"""
import argparse
import csv
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

from program import LIMIT, check, folder, run, tiny_csv

COLUMNS_OF_TIME = ("wall_s", "trained_s", "samples_per_s", "busy")
POLICIES = [["--policy", "synthetic", "--sg", "ridge"], ["--policy", "locked"], ["--policy", "delayed", "--optimizer", "adamw"],
            ["--policy", "corrected", "--sg", "exit"], ["--policy", "local"]]


def metrics_of(made):
    """Rows without what depends on the clock."""
    with (made / "metrics.csv").open() as file:
        return [{name: value for name, value in row.items() if not any(each in name for each in COLUMNS_OF_TIME)}
                for row in csv.DictReader(file)]


def begin(program, *arguments):
    return subprocess.Popen([program, "train", *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def has_checkpoint(made):
    return any((made / "checkpoints").glob("step-*"))


def finish_with_kills(program, options, made, draw, seconds):
    """Kills the run once, twice or three times, and takes it to its end. Returns how often it went on from a checkpoint."""
    resumed = 0
    for _ in range(draw.randint(1, 3)):
        if (made / "summary.json").exists():
            return resumed  # it was killed when all was written
        going_on = has_checkpoint(made)
        if not going_on and made.exists():
            shutil.rmtree(made)
        process = begin(program, *(["--resume", made] if going_on else [*options, "--run", made]))
        try:
            process.wait(draw.uniform(0.05, 1) * seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        else:
            said = process.stderr.read()
            check(process.returncode == 0, made, going_on, said)
            return resumed + going_on
        resumed += going_on
    if (made / "summary.json").exists():
        return resumed
    if has_checkpoint(made):
        done = run(program, "train", "--resume", made, timeout=LIMIT)
        resumed += 1
    else:
        shutil.rmtree(made, ignore_errors=True)
        done = run(program, "train", *options, "--run", made, timeout=LIMIT)
    check(done.returncode == 0, made, done.stdout[-2000:], done.stderr)
    return resumed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--count", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    draw = random.Random(asked.seed)
    resumed = 0
    with folder() as home:
        home = Path(home)
        data = tiny_csv(home)
        whole = {}
        for number in range(asked.count):
            policy = number % len(POLICIES)
            options = ["--data", f"csv:{data}", "--model", "mlp:4-32x3-3", "--batch", "16", "--threads", "2", "--steps", "1500",
                       "--eval-every", "100", "--deterministic", "--checkpoint-every", "50", "--keep", "2", "--trace", "off",
                       "--quiet", *POLICIES[policy]]
            if policy not in whole:
                made = home / f"whole-{policy}"
                begun = time.monotonic()
                done = run(asked.program, "train", *options, "--run", made, timeout=LIMIT)
                check(done.returncode == 0, done)
                whole[policy] = made, time.monotonic() - begun
            expected, seconds = whole[policy]
            made = home / f"killed-{number}"
            resumed += finish_with_kills(asked.program, options, made, draw, seconds)
            check((made / "weights.safetensors").read_bytes() == (expected / "weights.safetensors").read_bytes(), "other weights",
                  number, POLICIES[policy])
            check(metrics_of(made) == metrics_of(expected), "other metrics", number, metrics_of(made), metrics_of(expected))
            check(len(list(made.glob("events.out.tfevents.*"))) == 1, "events in several files")
            check(len(list((made / "checkpoints").glob("step-*"))) <= 2, "more checkpoints than --keep")
            shutil.rmtree(made)
    print(f"{asked.count} runs were killed and went on {resumed} times; all ended with the weights of undisturbed ones")
    check(resumed > 0, "none went on")


main()
