"""`syngrad bench` prints a table and writes the same numbers as JSON."""
import json
import sys
from pathlib import Path

from program import LIMIT, check, folder, read_until, run, start

program = sys.argv[1]

QUICK = ["--widths", "16", "--pairs", "1", "--seconds", "0.02", "--quick"]

with folder() as home:
    # To the standard output goes the JSON alone; what cannot be written is refused before anything is measured.
    result = run(program, "bench", *QUICK, "--threads", "1", "--policy", "locked", "--json", "-")
    check(result.returncode == 0 and len(json.loads(result.stdout)["measurements"]) == 1, result.stdout, result.stderr)
    check("as JSON: standard output" in result.stderr and not Path("-").exists(), result.stderr)
    refused = run(program, "bench", *QUICK, "--json", home)
    check(refused.returncode == 2 and "--json" in refused.stderr and "it is a folder" in refused.stderr, refused.stderr)

    path = Path(home) / "sub" / "bench.json"
    result = run(program, "bench", *QUICK, "--threads", "1,2", "--json", path)
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

    # A request to end leaves what was measured until then.
    path = Path(home) / "stopped.json"
    process = start(program, home, "bench", "--widths", "16,32" + 200 * ",48", "--threads", "1", "--pairs", "1", "--seconds", "0.02",
                    "--quick", "--json", path)
    read_until(process, "width 32", process.stderr)
    process.terminate()
    out, err = process.communicate(timeout=LIMIT)
    check(process.returncode == 130, process.returncode, out, err)
    check("ending after this burst" in err, err)
    measured = [one["model"] for one in json.loads(path.read_text())["measurements"]]
    check(measured[:2] == ["mlp:784-16x5-10"] * 2 and 2 <= len(measured) < 404, measured)
    check(not list(Path(home).glob("*.partial*")), "a temporary file is left")
