#!/usr/bin/env python3
"""Resident memory of long trainings after warm-up, and what they allocated meanwhile, as a Markdown table.

    python3 tests/bench/memory_flat.py --text ../shared/data/tinyshakespeare/input.txt

Policy synthetic on 2 threads, a group a unit, with the trace on. Memory is read from /proc with every evaluation line that the
program prints; warm is what comes after the first tenth.
"""
import argparse, json, pathlib, subprocess, sys, tempfile

from machine import described


def resident_mib(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def row_of(arguments, model, *options):
    seen = []
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([arguments.binary, "train", "--model", model, *options, "--threads", "2", "--steps",
                                    str(arguments.steps), "--eval-every", str(arguments.steps // 20), "--trace", "on",
                                    "--run", folder + "/run"], stdout=subprocess.PIPE, text=True)
        for line in process.stdout:
            if line.startswith("step "):
                seen.append(resident_mib(process.pid))
        if process.wait() != 0:
            sys.exit("the training failed")
        summary = json.loads(pathlib.Path(folder, "run/summary.json").read_text())
        trace_mib = sum(f.stat().st_size for f in pathlib.Path(folder, "run/trace").iterdir()) / 2 ** 20
    warm = seen[2:-1]  # the last line may come when the process is ending
    row = (f"| `--model {model} {' '.join(options)}` | {warm[0]:.1f} | {max(warm):.1f} | {warm[-1]:.1f} | "
           f"{summary['allocations_while_warm']} | {trace_mib:.1f} |")
    print(row, flush=True)
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="build/release/bin/syngrad")
    parser.add_argument("--steps", type=int, default=10000)
    parser.add_argument("--text", required=True)
    parser.add_argument("--out", default="tests/bench/results/memory.md")
    arguments = parser.parse_args()
    lines = ["# Memory of long runs", "", described(), "",
             "    python3 tests/bench/memory_flat.py " + " ".join(["--text FILE", f"--steps {arguments.steps}"]), "",
             f"{arguments.steps:,} steps. Resident memory in MiB: after a tenth of the run, the largest and the last after that;",
             "device memory allocations while warm; the trace on disk in MiB.", "",
             "| run | a tenth | largest | last | allocations | trace |", "|---|---|---|---|---|---|",
             row_of(arguments, "mlp:784-256x5-10"),
             row_of(arguments, "gpt:4x64,heads=4,context=64", "--data", "text:" + arguments.text, "--batch", "8"),
             row_of(arguments, "cnn:28x28x1-32s2-32-64s2-64-10", "--batch", "16"),
             row_of(arguments, "lstm:1x64", "--data", "text:" + arguments.text, "--batch", "8")]
    pathlib.Path(arguments.out).write_text("\n".join(each.replace(arguments.text, "FILE") for each in lines) + "\n")


if __name__ == "__main__":
    main()
