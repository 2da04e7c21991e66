#!/usr/bin/env python3
"""Seconds and memory that trace commands take for ten million records of a simulated run, as a Markdown table.

    python3 tests/bench/trace_speed.py --bin build/release/bin --out tests/bench/results/trace_analysis.md

Each command is one thread, run RUNS times; the median is what counts. Processor seconds stand beside the seconds on the
clock: on a machine that is shared, the difference is what others took.
"""
import argparse, os, pathlib, statistics, subprocess, sys, tempfile, time

from machine import described

GOAL_S, GOAL_MIB = 3.0, 500


def measure(command):
    """Seconds on the clock, of the processor, and peak MiB of a child."""
    begin = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {child.returncode}")
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin", help="folder of syngrad and make_trace")
    parser.add_argument("--out", default="tests/bench/results/trace_analysis.md")
    parser.add_argument("--records", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--commands", default="util,latency,staleness")
    arguments = parser.parse_args()
    binaries = pathlib.Path(arguments.bin)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([binaries / "make_trace", folder, str(arguments.records)], check=True)
        size = sum(each.stat().st_size for each in pathlib.Path(folder).iterdir())
        lines = ["# Speed of trace commands", "", described(), "",
                 f"{arguments.records:,} records of a simulated run (6 groups, 4 threads), {size / 2**20:.0f} MiB on disk; "
                 f"one thread, medians of {arguments.runs} runs, peak memory of all of them. Load of the machine: "
                 f"{os.getloadavg()[0]:.1f}.",
                 "", "    python3 tests/bench/trace_speed.py " + " ".join(sys.argv[1:]), "",
                 "| command | seconds | goal | processor seconds | peak MiB | goal |", "|---|---|---|---|---|---|"]
        for name in arguments.commands.split(","):
            runs = [measure([binaries / "syngrad", "trace", name, folder]) for _ in range(arguments.runs)]
            seconds, processor = (statistics.median(run[i] for run in runs) for i in (0, 1))
            peak = max(run[2] for run in runs)
            lines.append(f"| {name} | {seconds:.2f} | {GOAL_S:g} | {processor:.2f} | {peak:.0f} | {GOAL_MIB} |")
            print(lines[-1], flush=True)
    pathlib.Path(arguments.out).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
