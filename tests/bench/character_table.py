#!/usr/bin/env python3
"""Validation losses of a small character transformer under every policy, as medians over seeds.

    python3 tests/bench/character_table.py --text ../shared/data/tinyshakespeare/input.txt --out tests/bench/results/characters.md

gpt:4x64 in four groups, context 64, batch 8, 800 steps of AdamW (0.9, 0.95) at 2e-3, decay 0.1, warm-up over 100 steps, cosine to
10 %. Deterministic, a thread each. Runs that are there under --runs are not repeated.
"""
import argparse, json, pathlib, shutil, statistics, subprocess, sys

from machine import described

POLICIES = ["locked", "synthetic", "local", "delayed"]
WHAT = {"locked": "locked", "synthetic": "synthetic, exit", "local": "local", "delayed": "delayed"}
SETTINGS = ["--model", "gpt:4x64,heads=4,context=64", "--groups", "4", "--batch", "8", "--optimizer", "adamw", "--betas",
            "0.9,0.95", "--lr", "2e-3", "--weight-decay", "0.1", "--schedule", "warmup:100,cosine:0.1", "--steps", "800",
            "--eval-every", "0", "--threads", "1", "--deterministic", "--trace", "off"]


def loss_of(arguments, policy, seed):
    folder = pathlib.Path(arguments.runs) / f"{policy}-{seed}"
    summary = folder / "summary.json"
    if not (summary.exists() and json.loads(summary.read_text())["end"] == "finished"):
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was stopped
        subprocess.run([arguments.binary, "train", "--data", f"text:{arguments.text}", *SETTINGS, "--policy", policy, "--seed",
                        str(seed), "--run", str(folder), "--quiet"], check=True, stdout=subprocess.DEVNULL)
    return json.loads(summary.read_text())["final_loss"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="build/release/bin/syngrad")
    parser.add_argument("--text", required=True)
    parser.add_argument("--runs", default="runs/characters")
    parser.add_argument("--out", default="tests/bench/results/characters.md")
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    pathlib.Path(arguments.runs).mkdir(parents=True, exist_ok=True)
    lines = ["# Validation loss of a character transformer, in nats", "", described(), "",
             "gpt:4x64, four groups, context 64, batch 8, 800 steps; AdamW (0.9, 0.95) 2e-3, decay 0.1, warm-up 100, cosine to",
             "10 %; deterministic. Median over seeds, the values in brackets.", "",
             "    syngrad train --data text:FILE " + " ".join(SETTINGS) + " --policy POLICY --seed SEED", "",
             "| policy | loss |", "|---|---|"]
    for policy in POLICIES:
        losses = sorted(loss_of(arguments, policy, seed) for seed in range(1, arguments.seeds + 1))
        print(policy, losses, flush=True)
        lines.append(f"| {WHAT[policy]} | {statistics.median(losses):.3f} ({', '.join(f'{each:.3f}' for each in losses)}) |")
    pathlib.Path(arguments.out).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
