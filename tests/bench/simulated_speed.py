#!/usr/bin/env python3
"""What `syngrad simulate` tells against real runs: nodes of one thread on this machine, with a delay between them.

    python3 tests/bench/simulated_speed.py --mnist ../shared/data/mnist --out tests/bench/results/simulated_speed.md

Steps/s. Delays come from a relay in front of each process (tests/support/tcp_relay), and are there from the first connection
on. A row's simulation, which measures this machine's rate by itself, runs right before and right after its run; the mean of
both counts. Takes ten minutes.
"""
import argparse, json, pathlib, statistics, subprocess, sys, tempfile

from cluster import Cluster
from machine import Page, described

GOAL = 0.1
CREDITS = 64
# policy, the predictor, nodes, ms each way, steps
ROWS = [(policy, kind, nodes, delay, steps) for policy, kind, of_delay in (
            ("locked", "exit", {0: 600, 10: 150, 100: 40}), ("synthetic", "exit", {0: 1500, 10: 1500, 100: 1500}),
            ("delayed", "exit", {0: 1500, 10: 1500, 100: 1500}))
        for nodes in (2, 3, 4) for delay, steps in of_delay.items()]
MODEL = ["--model", "mlp:784-512x7-10", "--batch", "256"]


def names_of(nodes):
    return [chr(ord("a") + i) for i in range(nodes)]


def place(nodes):
    """Eight groups, as evenly as can be."""
    first = [8 * i // nodes for i in range(nodes + 1)]
    return ",".join(f"{first[i]}-{first[i + 1] - 1}={name}/cpu" for i, name in enumerate(names_of(nodes)))


def really(arguments, policy, kind, nodes, delay, steps):
    with tempfile.TemporaryDirectory() as folder:
        options = [*MODEL, "--data", f"mnist:{arguments.mnist}", "--policy", policy, "--sg", kind, "--steps", steps, "--seed", 1,
                   "--threads", 1, "--credits", CREDITS, "--eval-every", 0, "--eval-samples", 256, "--trace", "off", "--place",
                   place(nodes)]
        with Cluster(arguments.programs / "syngrad", pathlib.Path(folder), names_of(nodes), options,
                     relay=arguments.programs / "tcp_relay", told=(f"delay {delay}",)) as cluster:
            codes = cluster.wait()
            if any(codes.values()) or None in codes.values():
                raise RuntimeError(f"{codes}\n" + "\n".join(cluster.log(name) for name in cluster.processes))
            return cluster.summary()["steps_per_s"]


def simulated(arguments, policy, kind, nodes, delay, steps):
    between = ["--between", f"delay:{delay}ms"] if delay else []
    done = subprocess.run([arguments.programs / "syngrad", "simulate", *MODEL, "--policy", policy, "--sg", kind, "--steps",
                           str(steps), "--credits", str(CREDITS), "--cluster", f"{nodes}x1", *between, "--cores",
                           str(arguments.cores), "--format", "json"], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)["steps_per_s"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", default="build/release/bin")
    parser.add_argument("--mnist", default="../shared/data/mnist")
    parser.add_argument("--cores", type=int, default=2, help="of this machine")
    parser.add_argument("--only", default="", help="rows whose policy begins so")
    parser.add_argument("--out", default="tests/bench/results/simulated_speed.md")
    arguments = parser.parse_args()
    arguments.programs = pathlib.Path(arguments.programs).resolve()
    arguments.mnist = pathlib.Path(arguments.mnist).resolve()
    misses = []
    add = Page(arguments.out).add
    add("# Simulated against real speed", "", "    python3 tests/bench/simulated_speed.py " + " ".join(sys.argv[1:]), "",
        described() + f" 784-512x7-10, eight groups, batches of 256, {CREDITS} credits, nodes of one thread on {arguments.cores} "
        "cores. Steps/s.", "", "| policy | nodes | ms each way | run | simulated | ratio |", "|---|---|---|---|---|---|")
    for row in ROWS:
        if not row[0].startswith(arguments.only):
            continue
        before, real, after = simulated(arguments, *row), really(arguments, *row), simulated(arguments, *row)
        told = statistics.mean((before, after))
        misses.append(abs(told / real - 1))
        add(f"| {row[0]}, {row[1]} | {row[2]} | {row[3]} | {real:.2f} | {told:.2f} | **{told / real:.2f}** |")
    add("", f"Within {GOAL:.0%} in {sum(miss <= GOAL for miss in misses)} of {len(misses)} rows; at most {max(misses):.0%} off.", "",
        "What is not simulated: the processor time of links, which cut, sum, send and get half a mebibyte a batch and way, here "
        "through a relay as well. Without a delay that is a good part of a step.")


if __name__ == "__main__":
    main()
