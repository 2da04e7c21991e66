#!/usr/bin/env python3
"""What a step of each policy costs beside one of backpropagation, on one thread and on two.

    python3 tests/bench/policy_speed.py --mnist ../shared/data/mnist --out tests/bench/results/policy_speed.md

Trains mlp:784-256x5-10 in six groups with batches of 256, all ways in turn, again and again; takes eight minutes. Processor
milliseconds a step are of the whole process, without what it takes to start and to evaluate; ratios are taken round by round,
their medians stand here. On two threads what counts is steps/s, against the faster of two ways to train by backpropagation
on two: groups as actors, and more threads within products.
"""
import argparse, json, pathlib, shutil, subprocess, sys, tempfile

from machine import Page, described
from models_speed import children_cpu_s, median

MODEL, GROUPS = "mlp:784-256x5-10", 6
START_STEPS = 10  # of the run that is subtracted
BASE = "locked"
# of a way: its name, its settings beside those of all
WAYS = [
    (BASE, ["--policy", "locked"]),
    ("delayed", ["--policy", "delayed"]),
    ("synthetic, linear", ["--policy", "synthetic", "--sg", "linear"]),
    ("synthetic, ridge", ["--policy", "synthetic", "--sg", "ridge"]),
    ("synthetic, ridge trained on 128 rows", ["--policy", "synthetic", "--sg", "ridge", "--sg-rows", "128"]),
    ("synthetic, exit", ["--policy", "synthetic", "--sg", "exit"]),
    ("synthetic, exit trained on 128 rows", ["--policy", "synthetic", "--sg", "exit", "--sg-rows", "128"]),
    ("corrected, exit", ["--policy", "corrected", "--sg", "exit"]),
    ("corrected, exit, 128 rows", ["--policy", "corrected", "--sg", "exit", "--correct-rows", "128:loss"]),
    ("corrected, exit, 64 rows", ["--policy", "corrected", "--sg", "exit", "--correct-rows", "64:loss"]),
]
WITHIN_PRODUCTS = ["--policy", "locked", "--groups", "1", "--intra-op", "2", "--threads", "1"]


class Bench:
    """Runs of a network, whose settings beside these are given with each."""

    def __init__(self, arguments, folder, model, batch, steps):
        self.arguments, self.run_folder, self.start_cpu_s = arguments, pathlib.Path(folder, "run"), {}
        self.model, self.batch, self.steps = model, batch, steps

    def train(self, how, steps):
        """Steps/s, and the processor time of the process."""
        before = children_cpu_s()
        subprocess.run([self.arguments.binary, "train", "--data", f"mnist:{self.arguments.mnist}", "--model",
                        self.model, "--batch", str(self.batch), *how, "--steps", str(steps), "--eval-every", "0", "--eval-samples", "256", "--trace", "off", "--quiet",
                        "--run", str(self.run_folder)], check=True, stdout=subprocess.DEVNULL)
        cpu_s = children_cpu_s() - before
        rate = json.loads((self.run_folder / "summary.json").read_text())["steps_per_s"]
        shutil.rmtree(self.run_folder)
        return rate, cpu_s

    def step(self, how):
        """Steps/s, and processor ms a step."""
        key = tuple(how)
        if key not in self.start_cpu_s:
            self.start_cpu_s[key] = self.train(how, START_STEPS)[1]
        rate, cpu_s = self.train(how, self.steps)
        return rate, 1000 * (cpu_s - self.start_cpu_s[key]) / (self.steps - START_STEPS)


def on(threads, how):
    return [*how, "--groups", str(GROUPS), "--threads", str(threads)]


def rounds_of(bench, ways):
    """{name: [(steps/s, ms)]}, one of each name a round."""
    out = {name: [] for name in ways}
    for _ in range(bench.arguments.rounds):
        for name, how in ways.items():
            out[name].append(bench.step(how))
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="build/release/bin/syngrad")
    parser.add_argument("--mnist", default="../shared/data/mnist")
    parser.add_argument("--out", default="tests/bench/results/policy_speed.md")
    parser.add_argument("--optimizer", default="adam")
    parser.add_argument("--with", dest="with_", default="", type=str.split, help="more settings of all runs, in one word")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    add = Page(arguments.out).add
    settings = ["--optimizer", arguments.optimizer, *arguments.with_]
    add("# What a step costs by policy", "", "    python3 tests/bench/policy_speed.py " + " ".join(sys.argv[1:]), "",
        described() + f" {MODEL} in six groups, batches of 256, {' '.join(settings)}; {arguments.rounds} rounds in turn, medians.",
        "",
        "## One thread: processor time", "", "| way | ms a step | of locked's |", "|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, folder, MODEL, 256, arguments.steps)
        one = rounds_of(bench, {name: [*on(1, how), *settings] for name, how in WAYS})
        for name, steps in one.items():
            ratio = median(ms / base for (_, ms), (_, base) in zip(steps, one[BASE]))
            add(f"| {name} | {median(ms for _, ms in steps):.2f} | **{ratio:.2f}** |")
        add("", "## Two threads: steps/s against backpropagation on two, and processor time against its on one", "",
            "| way | steps/s | of the faster locked's | ms a step | of locked's on one thread |", "|---|---|---|---|---|")
        two = rounds_of(bench, {"locked, within products": [*WITHIN_PRODUCTS, *settings],
                                **{name: [*on(2, how), *settings] for name, how in WAYS}})
        best = max(("locked, within products", BASE), key=lambda name: median(rate for rate, _ in two[name]))
        of_one = median(ms for _, ms in one[BASE])
        for name, steps in two.items():
            ratio = median(rate / base for (rate, _), (base, _) in zip(steps, two[best]))
            add(f"| {name} | {median(rate for rate, _ in steps):.1f} | **{ratio:.2f}** | {median(ms for _, ms in steps):.2f} | "
                f"{median(ms for _, ms in steps) / of_one:.2f} |")


if __name__ == "__main__":
    main()
