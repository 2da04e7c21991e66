#!/usr/bin/env python3
"""Resident memory of a long training after warm-up, and what it allocated meanwhile, as a Markdown table.

    python3 tests/bench/memory_flat.py --steps 20000 --out tests/bench/results/memory.md

The default model (784-256x5-10, 6 groups, synthetic, ridge) on 2 threads, with its trace on. Memory is read from /proc
with every evaluation line that the program prints; warm is what comes after the first tenth.
"""
import argparse, json, pathlib, subprocess, sys, tempfile

from machine import described


def resident_mib(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="build/release/bin/syngrad")
    parser.add_argument("--steps", type=int, default=20000)
    parser.add_argument("--policy", default="synthetic")
    parser.add_argument("--out", default="tests/bench/results/memory.md")
    arguments = parser.parse_args()
    seen = []
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([arguments.binary, "train", "--policy", arguments.policy, "--threads", "2", "--steps",
                                    str(arguments.steps), "--eval-every", str(arguments.steps // 20), "--trace", "on",
                                    "--run", folder + "/run"], stdout=subprocess.PIPE, text=True)
        for line in process.stdout:
            if line.startswith("step "):
                seen.append((int(line.split()[1].split("/")[0].replace(",", "")), resident_mib(process.pid)))
        if process.wait() != 0:
            sys.exit("the training failed")
        summary = json.loads(pathlib.Path(folder, "run/summary.json").read_text())
        trace_mib = sum(f.stat().st_size for f in pathlib.Path(folder, "run/trace").iterdir()) / 2 ** 20
    warm = [mib for step, mib in seen[2:-1]]  # the last line may come when the process is ending
    lines = ["# Memory of a long run", "", described(), "",
             "    python3 tests/bench/memory_flat.py " + " ".join(sys.argv[1:]), "",
             "| what | value |", "|---|---|",
             f"| steps | {summary['steps']:,} |",
             f"| resident memory after a tenth of the run, MiB | {warm[0]:.1f} |",
             f"| largest and last after that, MiB | {max(warm):.1f}, {warm[-1]:.1f} |",
             f"| device memory allocations while warm | {summary['allocations_while_warm']} |",
             f"| trace on disk, MiB | {trace_mib:.1f} |"]
    pathlib.Path(arguments.out).write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
