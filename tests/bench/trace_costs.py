#!/usr/bin/env python3
"""What a trace costs: a record, a training, bytes on disk; as a Markdown table.

    python3 tests/bench/trace_costs.py --bin build/release/bin --out tests/bench/results/trace_costs.md

The record by Google Benchmark (trace_record_bench, median of 9), the training by switching the trace in 200 short pairs
within one process (trace_overhead_bench), the bytes from the default run of `syngrad train`.
"""
import argparse, json, pathlib, subprocess, sys, tempfile

from machine import described


def record_ns(binaries):
    out = subprocess.run([binaries / "trace_record_bench", "--benchmark_format=json", "--benchmark_repetitions=9",
                          "--benchmark_report_aggregates_only=true"], check=True, capture_output=True, text=True).stdout
    medians = {}
    for each in json.loads(out)["benchmarks"]:
        if each["aggregate_name"] == "median":
            medians[each["run_name"].split("/")[0]] = each["ns_a_record"]
    return medians


def bytes_a_message(binaries):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([binaries / "syngrad", "train", "--quiet", "--trace", "on", "--run", folder + "/run"], check=True,
                       stdout=subprocess.DEVNULL)
        size = sum(f.stat().st_size for f in pathlib.Path(folder, "run/trace").iterdir())
        shown = subprocess.run([binaries / "syngrad", "trace", "info", folder + "/run", "--format", "json"], check=True,
                               capture_output=True, text=True).stdout
        answer = json.loads(shown)
        sends = next(row["records"] for row in answer["tables"]["records"] if row["kind"] == "send")
        return size / sends, sends, answer["lost_records"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin", help="folder of syngrad and the benchmarks")
    parser.add_argument("--out", default="tests/bench/results/trace_costs.md")
    parser.add_argument("--pairs", type=int, default=200)
    arguments = parser.parse_args()
    binaries = pathlib.Path(arguments.bin)
    ns = record_ns(binaries)
    ratio = json.loads(subprocess.run([binaries / "trace_overhead_bench", str(arguments.pairs)], check=True,
                                      capture_output=True, text=True).stdout)
    size, messages, lost = bytes_a_message(binaries)
    off = ns["with_tracing_off"] - ns["without_any_tracing"]
    lines = ["# What a trace costs", "", described(), "",
             "    python3 tests/bench/trace_costs.py " + " ".join(sys.argv[1:]), "",
             "| what | measured | goal |", "|---|---|---|",
             f"| one record, rings on, with the clock's {ns['the_clock_alone']:.1f} ns | {ns['with_rings_and_clock']:.1f} ns | 30 |",
             f"| one record, rings on, without the clock | {ns['with_rings_on']:.1f} ns | |",
             f"| one record, off (beside the loop's own {ns['without_any_tracing']:.2f} ns) | {max(0.0, off):.2f} ns | 1 |",
             f"| speed of training with the trace on against off, {ratio['pairs']} pairs, median | {ratio['median_ratio']:.4f} | 0.99 |",
             f"| the same, mean and its 95 % interval | {ratio['mean_ratio']:.4f} ({ratio['from']:.4f} to {ratio['to']:.4f}) | |",
             f"| bytes on disk for each of {messages:,} messages, {lost} records lost | {size:.1f} | 60 |"]
    pathlib.Path(arguments.out).write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
