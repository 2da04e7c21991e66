#!/usr/bin/env python3
"""What it costs a training to be saved every 100 steps, in memory, by policy; as a Markdown table.

    python3 tests/bench/checkpoint_cost.py --bin build/release/bin --out tests/bench/results/checkpoint_cost.md

Processor seconds of runs with and without, by turns in one process (checkpoint_bench). Writing to a disk is not in it.
"""
import argparse, json, pathlib, subprocess, sys

from machine import Page, described


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin", help="folder of the benchmarks")
    parser.add_argument("--out", default="tests/bench/results/checkpoint_cost.md")
    parser.add_argument("--policies", default="locked,synthetic,corrected,delayed")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--steps", type=int, default=600)
    arguments = parser.parse_args()
    page = Page(arguments.out)
    page.add("# What it costs to save a run", "", described(), "",
             "784-256x5-10 in 6 groups, batch 256, 2 threads, saved every 100 steps. Processor seconds of a run, medians.", "",
             "    python3 tests/bench/checkpoint_cost.py " + " ".join(sys.argv[1:]), "",
             "| policy | pairs | MiB saved | without | with | ratio (median of the pairs) | goal |", "|---|---|---|---|---|---|---|")
    for policy in arguments.policies.split(","):
        out = subprocess.run([pathlib.Path(arguments.bin) / "checkpoint_bench", policy, str(arguments.pairs), str(arguments.steps), "100"],
                             check=True, capture_output=True, text=True).stdout
        row = json.loads(out)
        page.add(f"| {policy} | {row['pairs']} | {row['bytes'] / 2**20:.1f} | {row['without_s']:.2f} | {row['with_s']:.2f} "
                 f"| {row['ratio']:.4f} | 1.02 |")


if __name__ == "__main__":
    main()
