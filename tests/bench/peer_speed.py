#!/usr/bin/env python3
"""Steps per second against the same network in PyTorch, measured in turn in one run; medians, as a Markdown table.

    python3 tests/bench/peer_speed.py --peer ../shared/peers/torch_mlp.py --out tests/bench/results/speed.md

Needs torch. Both train 784-256x5-10 with batch 256 on the same number of threads; the synthetic policy with linear,
label-conditioned predictors. Ratios are taken pair by pair. `limit` is the ratio that this machine would allow if nothing
but the step's matrix products took time: their own rate in oneDNN, measured in the same run by `syngrad bench`, for the
products that the method needs (training a linear predictor repeats one of them, see models/predictors).
"""
import argparse, json, os, pathlib, statistics, subprocess, sys, tempfile

from machine import described

# what, syngrad's policy and threads, the peer's policy and threads (None: syngrad on one thread), goal
ROWS = [
    ("locked, 1 thread, against PyTorch", ("locked", 1), ("backprop", 1), 1.6),
    ("synthetic linear, 1 thread, against PyTorch", ("synthetic", 1), ("synthetic", 1), 2.0),
    ("synthetic linear, 2 threads, against PyTorch on 2", ("synthetic", 2), ("synthetic", 2), 3.3),
    ("synthetic linear, 2 threads against 1", ("synthetic", 2), None, 1.7),
]


def ours(arguments, policy, threads):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([arguments.binary, "train", "--data", "digits", "--optimizer", "adam", "--policy", policy, "--sg", "linear", "--batch", "256",
                        "--threads", str(threads), "--steps", str(arguments.steps), "--eval-every", "0", "--quiet",
                        "--run", folder + "/run"], check=True, stdout=subprocess.DEVNULL)
        return json.loads(pathlib.Path(folder, "run/summary.json").read_text())["steps_per_s"]


def theirs(arguments, policy, threads):
    out = subprocess.run([sys.executable, arguments.peer, "--policy", policy, "--sg", "linear", "--threads", str(threads),
                          "--steps", str(max(40, arguments.steps // 3))], check=True, capture_output=True, text=True,
                         env=dict(os.environ, OMP_NUM_THREADS=str(threads)))
    return json.loads(out.stdout)["steps_per_s"]


def limits(arguments):
    """Steps/s of the needed products alone, by policy and threads."""
    with tempfile.TemporaryDirectory() as folder:
        out = folder + "/bench.json"
        subprocess.run([arguments.binary, "bench", "--widths", "256", "--threads", "1,2", "--pairs", str(arguments.pairs),
                        "--json", out], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        measured = json.loads(pathlib.Path(out).read_text())["measurements"]
    return {(m["policy"], m["threads"]): 1000 * m["peak_gflops"] / m["needed_step_mflop"] for m in measured}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="build/release/bin/syngrad")
    parser.add_argument("--peer", default="../shared/peers/torch_mlp.py")
    parser.add_argument("--out", default="tests/bench/results/speed.md")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--pairs", type=int, default=5)
    arguments = parser.parse_args()
    lines = ["# Speed against PyTorch", "", described() + f" Medians of {arguments.pairs} pairs in turn.",
             "", "    python3 tests/bench/peer_speed.py " + " ".join(sys.argv[1:]), "",
             "| what | steps/s | other | ratio | goal | limit |", "|---|---|---|---|---|---|"]
    limit_of = limits(arguments)
    for what, mine, other, goal in ROWS:
        pairs = []
        for _ in range(arguments.pairs):
            first = ours(arguments, *mine)
            second = theirs(arguments, *other) if other else ours(arguments, mine[0], 1)
            pairs.append((first, second))
        median = lambda values: statistics.median(values)
        ratio = median([a / b for a, b in pairs])
        limit = f"{limit_of[mine] / median([b for _, b in pairs]):.2f}" if other else "2"
        lines.append(f"| {what} | {median([a for a, _ in pairs]):.1f} | {median([b for _, b in pairs]):.1f} | {ratio:.2f} "
                     f"| {goal} | {limit} |")
        print(lines[-1], flush=True)
        pathlib.Path(arguments.out).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
