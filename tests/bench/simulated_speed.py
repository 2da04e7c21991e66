#!/usr/bin/env python3
"""What `syngrad simulate` tells against real runs: nodes of one thread on this machine, with a delay between them.

    python3 tests/bench/simulated_speed.py --mnist ../shared/data/mnist --out tests/bench/results/simulated_speed.md

Steps/s. A simulation that measures this machine, a thread and a message over loopback, runs right before and right after each
real run; what counts is the one that takes the mean of both. Delays come from a relay in front of each process
(tests/support/tcp_relay), there from the first connection on; its processor time, which is this bench's, is taken from the run
and counted as that of links. The lowest groups are with the coordinator, as the simulated source is. Begins a row when the
rest of the machine does nothing; takes a quarter of an hour then.
"""
import argparse, json, os, pathlib, statistics, subprocess, sys, tempfile, time

from cluster import Cluster
from machine import Page, described

GOAL = 0.1
CREDITS = 64
DELAYS = {"locked": {0: 600, 10: 150, 100: 40}, "pipeline": {0: 400, 10: 150, 100: 30},
          "delayed": {0: 1500, 10: 1500, 100: 1500}, "synthetic": {0: 1500, 10: 1500, 100: 1500}}
OPTIONS = {"locked": [], "pipeline": ["--pipeline-schedule", "1f1b", "--micro-batches", "4"], "delayed": [],
           "synthetic": ["--sg", "exit"]}
ROWS = [(policy, nodes, delay, steps) for policy, of_delay in DELAYS.items() for nodes in (2, 4)
        for delay, steps in of_delay.items()]  # policy, nodes, ms each way, steps
MODEL = ["--model", "mlp:784-512x7-10", "--batch", "256"]
QUIET = 0.1  # share of the machine that others may have


def names_of(nodes):
    return [Cluster.COORDINATOR, *(chr(ord("a") + i) for i in range(nodes - 1))]


def place(nodes):
    """Eight groups, as evenly as can be."""
    first = [8 * i // nodes for i in range(nodes + 1)]
    return ",".join(f"{first[i]}-{first[i + 1] - 1}={name}/cpu" for i, name in enumerate(names_of(nodes)))


def options_of(policy, steps):
    return [*MODEL, "--policy", policy, *OPTIONS[policy], "--steps", str(steps), "--credits", str(CREDITS)]


def processor_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def share_in_use(seconds=2):
    """Of all processors, while this script does nothing."""
    def read():
        numbers = list(map(int, open("/proc/stat").readline().split()[1:9]))
        return sum(numbers), numbers[3] + numbers[4]
    before = read()
    time.sleep(seconds)
    after = read()
    return 1 - (after[1] - before[1]) / max(1, after[0] - before[0])


def await_quiet(patience_s):
    until = time.monotonic() + patience_s
    while share_in_use() > QUIET:
        if time.monotonic() > until:
            sys.exit("simulated_speed.py: other programs use this machine; run it when it is quiet, or with a longer --patience")


def really(arguments, policy, nodes, delay, steps):
    """Steps/s, and the relays' processor seconds a step."""
    with tempfile.TemporaryDirectory() as folder:
        options = [*options_of(policy, steps), "--data", f"mnist:{arguments.mnist}", "--seed", 1, "--threads", 1, "--eval-every", 0,
                   "--eval-samples", 256, "--trace", "off", "--place", place(nodes)]
        relay = dict(relay=arguments.programs / "tcp_relay", told=(f"delay {delay}",)) if delay else {}
        with Cluster(arguments.programs / "syngrad", pathlib.Path(folder), names_of(nodes)[1:], options, **relay) as cluster:
            codes = cluster.wait()
            if any(codes.values()) or None in codes.values():
                raise RuntimeError(f"{codes}\n" + "\n".join(cluster.log(name) for name in cluster.processes))
            relayed_s = sum(processor_s(each.process.pid) for each in cluster.relays.values())
            return cluster.summary()["steps_per_s"], relayed_s / steps


def simulated(arguments, policy, nodes, delay, steps, *measured):
    between = ["--between", f"delay:{delay}ms"] if delay else []
    done = subprocess.run([arguments.programs / "syngrad", "simulate", *options_of(policy, steps), "--cluster", f"{nodes}x1",
                           *between, "--cores", str(arguments.cores), *measured, "--format", "json"], check=True,
                          stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def told_of(arguments, row, before, after, relayed_s):
    """With what was measured before and after, and the relays' time as that of both ends of a message."""
    def mean(key):
        return statistics.mean(each[key] for each in (before, after))
    bytes_a_step = sum(node["bytes_a_step"] for node in before["nodes"])
    byte_s = mean("link_byte_s") + relayed_s / bytes_a_step / 2
    told = simulated(arguments, *row, "--rate", f"{mean('thread_multiply_adds_per_s') / 1e9:.6f}", "--link-cost",
                     f"message:{1e6 * mean('link_message_s'):.3f}us,rate:{1e-6 / byte_s:.3f}MB/s")
    return told["steps_per_s"], mean("link_message_s"), byte_s


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", default="build/release/bin")
    parser.add_argument("--mnist", default="../shared/data/mnist")
    parser.add_argument("--cores", type=int, default=2, help="of this machine")
    parser.add_argument("--only", default="", help="rows whose policy begins so")
    parser.add_argument("--patience", type=float, default=600, help="seconds that a row waits for a quiet machine")
    parser.add_argument("--out", default="tests/bench/results/simulated_speed.md")
    arguments = parser.parse_args()
    arguments.programs = pathlib.Path(arguments.programs).resolve()
    arguments.mnist = pathlib.Path(arguments.mnist).resolve()
    rows = [row for row in ROWS if row[0].startswith(arguments.only)]
    if not rows:
        parser.error(f"--only: no policy begins with '{arguments.only}'; there are {', '.join(DELAYS)}")
    await_quiet(arguments.patience)
    misses = []
    add = Page(arguments.out).add
    add("# Simulated against real speed", "", "    python3 tests/bench/simulated_speed.py " + " ".join(sys.argv[1:]), "",
        described() + f" 784-512x7-10, eight groups, batches of 256, {CREDITS} credits, nodes of one thread on {arguments.cores} "
        "cores. Steps/s. A message's cost is of the processor at either end, with the relay where there is a delay.", "",
        "| policy | nodes | ms each way | a message, us | a MiB, ms | run | simulated | ratio |", "|---|---|---|---|---|---|---|---|")
    for row in rows:
        await_quiet(arguments.patience)
        before, (real, relayed_s), after = simulated(arguments, *row), really(arguments, *row), simulated(arguments, *row)
        told, message_s, byte_s = told_of(arguments, row, before, after, relayed_s)
        misses.append(abs(told / real - 1))
        policy = ", ".join([row[0], *OPTIONS[row[0]][1::2]])
        add(f"| {policy} | {row[1]} | {row[2]} | {1e6 * message_s:.0f} | {1e3 * 2**20 * byte_s:.2f} | {real:.2f} | {told:.2f} | "
            f"**{told / real:.2f}** |")
    add("", f"Within {GOAL:.0%} in {sum(miss <= GOAL for miss in misses)} of {len(misses)} rows; at most {max(misses):.0%} off.", "",
        "What is not simulated: that a core's caches and the memory are shared, and that an operating system takes a core away from "
        "who works.")


if __name__ == "__main__":
    main()
