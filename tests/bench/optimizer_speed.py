#!/usr/bin/env python3
"""What a step of each optimizer costs beside one of Adam, in processor time on one thread.

    python3 tests/bench/optimizer_speed.py --mnist ../shared/data/mnist --out tests/bench/results/optimizer_speed.md

Backpropagation of two networks, all optimizers in turn, again and again; takes six minutes. Processor milliseconds a step are
of the whole process, without what it takes to start and to evaluate; ratios are taken round by round, their medians stand here.
"""
import argparse, sys, tempfile

from machine import Page, described
from models_speed import median
from policy_speed import Bench, rounds_of

BASE = "adam"
WAYS = {
    BASE: ["--optimizer", "adam"], "adam, moments in bf16": ["--optimizer", "adam", "--moments", "bf16"], "adam8bit": ["--optimizer", "adam8bit"],
    "adafactor": ["--optimizer", "adafactor"], "nadam": ["--optimizer", "nadam"], "lion": ["--optimizer", "lion"],
    "muon": ["--optimizer", "muon", "--muon-every", "1"],
    **{f"muon, every {every}th step": ["--optimizer", "muon", "--muon-every", str(every)] for every in (5, 10, 20)},
}
# width, hidden layers, batch, steps of a run, goal of muon at every so manieth step
NETWORKS = [(256, 5, 256, 130, 1.6), (1024, 3, 1024, 34, 1.3)]


def one_product_a_step(width, hidden, batch):
    """Multiply-adds of a step with a product of each matrix and its root, of one without."""
    layers = batch * (2 * 784 * width + 3 * ((hidden - 1) * width ** 2 + 10 * width))
    return 1 + (min(784, width) ** 2 * max(784, width) + (hidden - 1) * width ** 3) / layers


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="build/release/bin/syngrad")
    parser.add_argument("--mnist", default="../shared/data/mnist")
    parser.add_argument("--out", default="tests/bench/results/optimizer_speed.md")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    add = Page(arguments.out).add
    add("# What a step costs by optimizer", "", "    python3 tests/bench/optimizer_speed.py " + " ".join(sys.argv[1:]), "",
        described() + f" Backpropagation on one thread; {arguments.rounds} rounds in turn, medians.")
    with tempfile.TemporaryDirectory() as folder:
        for width, hidden, batch, steps, goal in NETWORKS:
            model = f"mlp:784-{width}x{hidden}-10"
            add("", f"## {model}, batches of {batch}", "",
                f"Goal of muon, lazily: {goal}. The one product of each matrix with its root in every step makes it "
                f"{one_product_a_step(width, hidden, batch):.2f} where nothing but products takes time.", "",
                "| optimizer | ms a step | of adam's |", "|---|---|---|")
            bench = Bench(arguments, folder, model, batch, steps)
            of = rounds_of(bench, {name: ["--policy", "locked", "--groups", "1", "--threads", "1", *how]
                                   for name, how in WAYS.items()})
            for name, steps_of in of.items():
                ratio = median(ms / base for (_, ms), (_, base) in zip(steps_of, of[BASE]))
                add(f"| {name} | {median(ms for _, ms in steps_of):.2f} | **{ratio:.2f}** |")


if __name__ == "__main__":
    main()
