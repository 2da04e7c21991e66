#!/usr/bin/env python3
"""What a step of each optimizer costs beside one of Adam, in processor time on one thread.

    python3 tests/bench/optimizer_speed.py --mnist ../shared/data/mnist --out tests/bench/results/optimizer_speed.md

Backpropagation of two networks, all optimizers in turn, again and again; takes six minutes. Processor milliseconds a step are
of the whole process, without what it takes to start and to evaluate; ratios are taken round by round, their medians stand here.
"""
import argparse, pathlib, sys, tempfile

from machine import described
from policy_speed import Bench, median, rounds_of

BASE = "adam"
WAYS = {
    BASE: [], "adam, moments in bf16": ["--moments", "bf16"], "adam8bit": ["--optimizer", "adam8bit"],
    "adafactor": ["--optimizer", "adafactor"], "nadam": ["--optimizer", "nadam"], "lion": ["--optimizer", "lion"],
    "muon": ["--optimizer", "muon"],
    **{f"muon, every {every}th step": ["--optimizer", "muon", "--muon-every", str(every)] for every in (5, 10, 20)},
}
# model, batch, steps of a run, goal of muon at every so manieth step
NETWORKS = [("mlp:784-256x5-10", 256, 130, 1.6), ("mlp:784-1024x3-10", 1024, 34, 1.3)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="build/release/bin/syngrad")
    parser.add_argument("--mnist", default="../shared/data/mnist")
    parser.add_argument("--out", default="tests/bench/results/optimizer_speed.md")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    lines = []

    def add(*more):
        lines.extend(more)
        print(*more, sep="\n", flush=True)
        pathlib.Path(arguments.out).write_text("\n".join(lines) + "\n")

    add("# What a step costs by optimizer", "", "    python3 tests/bench/optimizer_speed.py " + " ".join(sys.argv[1:]), "",
        described() + f" Backpropagation on one thread; {arguments.rounds} rounds in turn, medians.")
    with tempfile.TemporaryDirectory() as folder:
        for model, batch, steps, goal in NETWORKS:
            add("", f"## {model}, batches of {batch}", "", f"Goal of muon, lazily: {goal}.", "",
                "| optimizer | ms a step | of adam's |", "|---|---|---|")
            bench = Bench(arguments, folder, model, batch, steps)
            of = rounds_of(bench, {name: ["--policy", "locked", "--groups", "1", "--threads", "1", *how]
                                   for name, how in WAYS.items()})
            for name, steps_of in of.items():
                ratio = median(ms / base for (_, ms), (_, base) in zip(steps_of, of[BASE]))
                add(f"| {name} | {median(ms for _, ms in steps_of):.2f} | **{ratio:.2f}** |")


if __name__ == "__main__":
    main()
