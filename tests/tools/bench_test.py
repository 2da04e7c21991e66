"""`syngrad bench` prints a table and writes the same numbers as JSON."""
import json
import sys
from pathlib import Path

from program import check, folder, run

program = sys.argv[1]

with folder() as home:
    path = Path(home) / "sub" / "bench.json"
    result = run(program, "bench", "--widths", "16", "--threads", "1,2", "--pairs", "1", "--seconds", "0.02", "--quick",
                 "--json", path)
    check(result.returncode == 0, result.returncode, result.stdout, result.stderr)
    report = json.loads(path.read_text())
    check(report["device"] == "cpu" and report["device_gflops"] is None, "a CUDA device's rate without one:", report)
    kinds = [(one["policy"], one["threads"]) for one in report["measurements"]]
    check(kinds == [("locked", 1), ("synthetic", 1), ("locked", 2), ("synthetic", 2)], kinds)
    for one in report["measurements"]:
        check(one["steps_per_s"] > 0 and one["peak_gflops"] > 0 and 0 < one["share_of_peak"], one)
        check(f"{one['steps_per_s']:.1f}" in result.stdout, one, result.stdout)
    check([hop["threads"] for hop in report["hops"]] == [1, 2], report["hops"])
    check(all(0 < hop["microseconds"] < 1e6 for hop in report["hops"]), report["hops"])
    check(report["peak_memory_bytes"] > 1 << 20, report["peak_memory_bytes"])
