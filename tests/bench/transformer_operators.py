#!/usr/bin/env python3
"""How fast the CPU's operators of a transformer are beside plain products; as a Markdown table.

    python3 tests/bench/transformer_operators.py --bin build/release/bin --out tests/bench/results/transformer_operators.md
"""
import argparse, pathlib, subprocess, sys

from machine import described


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin", help="folder of the benchmarks")
    parser.add_argument("--out", default="tests/bench/results/transformer_operators.md")
    arguments = parser.parse_args()
    rows = subprocess.run([pathlib.Path(arguments.bin) / "transformer_bench"], check=True, capture_output=True,
                          text=True).stdout
    lines = ["# The operators of a transformer beside plain products, on one thread", "", described(), "",
             "    python3 tests/bench/transformer_operators.py " + " ".join(sys.argv[1:]), "",
             "Four heads. In products: how many million multiply-adds the product of queries, keys and values of the same",
             "rows does in that time, in turn with the operator. Needed: what the operator's own products need, half of all",
             "pairs where it is causal; share: of the rate of that product. Medians of 11 bursts.", "",
             "| batch x context x width | operator | us | in products | needed | share | the product, GFLOP/s |",
             "|---|---|---|---|---|---|---|"]
    pathlib.Path(arguments.out).write_text("\n".join(lines) + "\n" + rows)
    print("\n".join(lines) + "\n" + rows, end="")


if __name__ == "__main__":
    main()
