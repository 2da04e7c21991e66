#!/usr/bin/env python3
"""Test errors on MNIST at twelve groups, and validation losses of a character transformer, trained by Muon.

    python3 tests/bench/muon_table.py --mnist ../shared/data/mnist --text ../shared/data/tinyshakespeare/input.txt \\
        --out tests/bench/results/muon.md

Deterministic, a thread each. Runs that are there under --runs are not repeated, and the table shows all that are there, so
the script can be stopped and started again.
"""
import argparse, json, pathlib, shutil, statistics, subprocess, sys

from machine import described

COMMON = ["--optimizer", "muon", "--eval-every", "0", "--threads", "1", "--deterministic", "--trace", "off"]
MNIST = ["--model", "mlp:784-256x11-10", "--groups", "12", "--batch", "256", "--steps", "1500", "--schedule", "0.6:0.1,0.8:0.1"]
TEXT = ["--model", "gpt:4x64,heads=4,context=64", "--groups", "4", "--batch", "8", "--betas", "0.9,0.95",
        "--weight-decay", "0.1", "--schedule", "warmup:100,cosine:0.1", "--steps", "800"]
LAZILY = ["--muon-every", "5"]
# What is shown, a name, its options, and what a prototype in PyTorch came to, of one seed or two.
ERRORS = [
    ("locked", ["--policy", "locked"], "1.78, 1.88"),
    ("delayed", ["--policy", "delayed"], "1.84"),
    ("synthetic, ridge", ["--policy", "synthetic", "--sg", "ridge"], "1.75, 1.69"),
    ("corrected, ridge", ["--policy", "corrected", "--sg", "ridge"], "2.00"),
    ("locked, every 5th step", ["--policy", "locked", *LAZILY], ""),
    ("synthetic, ridge, every 5th step", ["--policy", "synthetic", "--sg", "ridge", *LAZILY], "1.73"),
]
LOSSES = [
    ("locked", ["--policy", "locked"], "2.009"),
    ("local", ["--policy", "local"], "2.048"),
    ("synthetic, exit", ["--policy", "synthetic", "--sg", "exit"], "2.069"),
    ("delayed", ["--policy", "delayed"], "2.407"),
]


def result_of(folder, key):
    summary = folder / "summary.json"
    if not summary.exists():
        return None
    read = json.loads(summary.read_text())
    return read[key] if read["end"] == "finished" else None


def rows_of(arguments, rows, data, settings, key, digits):
    """Runs what is not there yet, unless told not to, and returns the rows of the table."""
    lines = []
    for name, options, prototype in rows:
        found = []
        for seed in range(1, arguments.seeds + 1):
            label = f"{key}-{name}-{seed}".replace(", ", "-").replace(" ", "-")
            folder = pathlib.Path(arguments.runs) / label
            if result_of(folder, key) is None and not arguments.no_runs and arguments.only in name:
                shutil.rmtree(folder, ignore_errors=True)  # of a run that was stopped
                subprocess.run([arguments.binary, "train", "--data", data, *settings, *COMMON, *options, "--seed", str(seed),
                                "--run", str(folder), "--quiet"], check=True, stdout=subprocess.DEVNULL)
                print(label, result_of(folder, key), flush=True)
            if result_of(folder, key) is not None:
                found.append(result_of(folder, key))
        values = ", ".join(f"{each:.{digits}f}" for each in sorted(found))
        lines.append(f"| {name} | {f'{statistics.median(found):.{digits}f} ({values})' if found else 'not run'} | {prototype} |")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="build/release/bin/syngrad")
    parser.add_argument("--mnist", required=True)
    parser.add_argument("--text", required=True)
    parser.add_argument("--runs", default="runs/muon")
    parser.add_argument("--out", default="tests/bench/results/muon.md")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default="", help="run only rows whose name contains this")
    parser.add_argument("--no-runs", action="store_true", help="only write the table of the runs that are there")
    arguments = parser.parse_args()
    pathlib.Path(arguments.runs).mkdir(parents=True, exist_ok=True)
    lines = ["# Muon", "", described(), "", "    python3 tests/bench/muon_table.py " + " ".join(sys.argv[1:]), "",
             "Medians over seeds, the values in brackets; beside them a prototype in PyTorch. Muon's rate is the usual 0.02.", "",
             "Test error on MNIST in %, twelve groups:", "", "    syngrad train --data mnist:DIR " + " ".join(MNIST + COMMON), "",
             "| policy | error | prototype |", "|---|---|---|",
             *rows_of(arguments, ERRORS, f"mnist:{arguments.mnist}", MNIST, "test_error_percent", 2), "",
             "Validation loss of a character transformer in nats, four groups:", "",
             "    syngrad train --data text:FILE " + " ".join(TEXT + COMMON), "", "| policy | loss | prototype |", "|---|---|---|",
             *rows_of(arguments, LOSSES, f"text:{arguments.text}", TEXT, "final_loss", 3)]
    pathlib.Path(arguments.out).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
