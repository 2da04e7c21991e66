#!/usr/bin/env python3
"""How long a sequence a recurrent network learns to reproduce when it is unrolled for a few positions only.

    python3 tests/bench/copy_task.py --binary build/release/bin/syngrad --out tests/bench/results/copy_task.md

lstm:1x64 on --data copy:LENGTH in chunks: truncated, with predicted later gradients (--unroll dni), and in chunks that
hold a whole episode. One thread, deterministic. Runs that are there under --runs are not repeated.
"""
import argparse, json, math, pathlib, shutil, statistics, subprocess

from machine import described

SETTINGS = ["--policy", "locked", "--groups", "1", "--batch", "64", "--optimizer", "adam", "--lr", "5e-3", "--schedule", "0.6:0.3,0.8:0.3",
            "--eval-every", "0", "--threads", "1", "--deterministic", "--trace", "off"]


def bits_of(arguments, length, chunk, unroll, seed):
    folder = pathlib.Path(arguments.runs) / f"{length}-{chunk}-{unroll.replace(':', '.')}-{seed}"
    summary = folder / "summary.json"
    if not (summary.exists() and json.loads(summary.read_text())["end"] == "finished"):
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was stopped
        subprocess.run([arguments.binary, "train", "--data", f"copy:{length}", "--model", f"lstm:1x64,chunk={chunk}", "--unroll",
                        unroll, "--steps", str(arguments.steps), *SETTINGS, "--seed", str(seed), "--run", str(folder),
                        "--quiet"], check=True, stdout=subprocess.DEVNULL)
    return math.log2(json.loads(summary.read_text())["test_perplexity"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="build/release/bin/syngrad")
    parser.add_argument("--runs", default="runs/copy-task")
    parser.add_argument("--out", default="tests/bench/results/copy_task.md")
    parser.add_argument("--lengths", default="4,6,8")
    parser.add_argument("--chunks", default="2,3")
    parser.add_argument("--unroll", default="dni", help="dni or dni:TARGETS")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    pathlib.Path(arguments.runs).mkdir(parents=True, exist_ok=True)

    def cell(length, chunk, unroll):
        bits = sorted(bits_of(arguments, length, chunk, unroll, seed) for seed in range(1, arguments.seeds + 1))
        print(length, chunk, unroll, [round(each, 3) for each in bits], flush=True)
        return f"{statistics.median(bits):.2f} ({bits[0]:.2f} to {bits[-1]:.2f})"

    lines = ["# How long a sequence is reproduced, by how far the network is unrolled", "", described(), "",
             "Bits for each letter of the longest episodes of --data copy:LENGTH, of which 3.00 are chance; lstm:1x64, batch 64,",
             f"Adam 5e-3, {arguments.steps} steps, in whose first fifth predictions take no part. Medians of {arguments.seeds} seeds, "
             "least and most in", "brackets.", "",
             f"    syngrad train --data copy:LENGTH --model lstm:1x64,chunk=CHUNK --unroll truncated --steps {arguments.steps} "
             + " ".join(SETTINGS),
             f"    ... --unroll {arguments.unroll}", "",
             f"| LENGTH | CHUNK | truncated | {arguments.unroll} |", "|---|---|---|---|"]
    for length in [int(each) for each in arguments.lengths.split(",")]:
        for chunk in [int(each) for each in arguments.chunks.split(",")]:
            lines.append(f"| {length} | {chunk} | {cell(length, chunk, 'truncated')} | {cell(length, chunk, arguments.unroll)} |")
        lines.append(f"| {length} | {2 * length}, a whole episode | {cell(length, 2 * length, 'truncated')} | |")
    pathlib.Path(arguments.out).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
