"""compare: its runs, its table and its page; stopped in the middle by kill -9 it goes on, and makes no run twice."""
import csv
import signal
import sys
from pathlib import Path

from program import check, folder, read_until, run, start, tiny_csv, wait_for

program = sys.argv[1]
COMMON = ["--model", "mlp:4-8x2-3", "--batch", "16", "--threads", "2", "--data", "csv:tiny.csv"]


def rows_of(where):
    with open(where / "runs.csv", newline="") as file:
        return list(csv.DictReader(file))


def is_made(run_folder):
    return (run_folder / "summary.json").exists()


with folder() as there:
    home = Path(there)
    tiny_csv(home)

    # All combinations, the table and the page.
    done = run(program, "compare", *COMMON, "--policies", "locked,delayed+muon", "--groups", "2,3", "--links", "0,2ms",
               "--seeds", "2", "--steps", "30", "--out", "all", cwd=home)
    check(done.returncode == 0, done.stdout, done.stderr)
    rows = rows_of(home / "all")
    check(len(rows) == 16 and all(row["end"] == "finished" for row in rows), rows)
    check({(row["policy"], row["groups"], row["link"], row["seed"]) for row in rows} ==
          {(p, g, l, s) for p in ("locked", "delayed+muon") for g in "23" for l in ("0 ms", "2 ms") for s in "12"}, rows)
    for row in rows:
        over_links = row["link"] == "2 ms"
        check(bool(row["bytes_per_sample_up"]) == over_links, row)
        check(float(row["processor_s"]) > 0 and int(row["steps"]) == 30 and float(row["trained_s"]) > 0, row)
        check((home / "all" / "runs" / row["run"] / "weights.safetensors").exists(), row["run"])
    slow = [float(row["trained_s"]) for row in rows if row["policy"] == "locked" and row["link"] == "2 ms"]
    check(min(slow) >= 30 * 0.004, slow)  # a round trip of 4 ms for each step over each link
    page = (home / "all" / "index.html").read_text()
    check("Time to target against latency" in page and "<script" not in page and "delayed+muon" in page, page[:2000])

    # Once more: nothing is left to make.
    before = {path: path.stat().st_mtime_ns for path in (home / "all" / "runs").glob("*/summary.json")}
    done = run(program, "compare", *COMMON, "--policies", "locked,delayed+muon", "--groups", "2,3", "--links", "0,2ms",
               "--seeds", "2", "--steps", "30", "--out", "all", cwd=home)
    check(done.returncode == 0 and "16 of them made" in done.stdout, done.stdout, done.stderr)
    check(before == {path: path.stat().st_mtime_ns for path in before}, "runs were made again")

    # Killed in the middle, whatever it was doing: what is made stays, the rest is made.
    asked = ["compare", *COMMON, "--policies", "locked,synthetic", "--seeds", "4", "--until", "0.4s", "--eval-seconds",
             "0.1", "--out", "killed"]
    made, times = {}, 0
    for words in ("[1/8]", "[3/8]", "[5/8]"):
        process = start(program, home, *asked)
        read_until(process, words)
        wait_for(lambda: len(list((home / "killed" / "runs").iterdir())) > int(words[1]))  # the next one is under way
        process.send_signal(signal.SIGKILL)
        process.communicate()
        for path in (home / "killed" / "runs").iterdir():
            if is_made(path):
                stamp = (path / "summary.json").stat().st_mtime_ns
                check(made.setdefault(path.name, stamp) == stamp, f"{path.name} was made twice")
    done = run(program, *asked, cwd=home)
    check(done.returncode == 0, done.stdout, done.stderr)
    rows = rows_of(home / "killed")
    check(len(rows) == 8 and all(row["end"] == "finished" for row in rows), rows)
    check(len(list((home / "killed" / "runs").iterdir())) == 8, "folders")
    check(len(made) >= 5, made)
    for name, stamp in made.items():
        check((home / "killed" / "runs" / name / "summary.json").stat().st_mtime_ns == stamp, f"{name} was made twice")
    check(all(0.4 <= float(row["trained_s"]) < 20 for row in rows), rows)

    # Ctrl-C: the run that goes on is made again.
    asked = ["compare", *COMMON, "--policies", "locked", "--seeds", "2", "--until", "60s", "--out", "stopped"]
    process = start(program, home, *asked)
    wait_for(lambda: (home / "stopped" / "runs" / "locked,seed=1" / "metrics.csv").exists())
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    check(process.returncode == 130 and "goes on" in told, process.returncode, told)
    check([row["end"] for row in rows_of(home / "stopped")] == ["partial", "missing"], rows_of(home / "stopped"))

    # A run that fails is shown with its reason, and the rest goes on.
    done = run(program, "compare", *COMMON, "--policies", "locked,delayed", "--groups", "2", "--seeds", "1", "--steps",
               "20", "--vary", "link=delay@0:1ms|delay@5:1ms", "--out", "failed", cwd=home)
    check(done.returncode == 1 and "2 of 4 runs failed" in done.stderr, done.returncode, done.stdout, done.stderr)
    rows = rows_of(home / "failed")
    check([row["end"] for row in rows] == ["finished", "failed", "finished", "failed"], rows)
    check("expected interfaces 0 to 0" in rows[1]["reason"], rows[1])
    check("expected interfaces 0 to 0" in (home / "failed" / "index.html").read_text(), "the page")

    # A target ends runs, and the time to it is theirs.
    done = run(program, "compare", *COMMON, "--policies", "locked,delayed", "--seeds", "1", "--steps", "400",
               "--eval-every", "10", "--target", "error<=40", "--out", "target", cwd=home)
    check(done.returncode == 0, done.stdout, done.stderr)
    for row in rows_of(home / "target"):
        check(row["end"] == "target_reached" and row["time_to_target_s"] == row["trained_s"], row)

    for options, word in ((["--policies", "nosuch"], "--policies"), (["--links", "0,5"], "--links"),
                          (["--lr", "1e-3,x"], "--lr"), (["--run", "x"], "unknown option --run"),
                          (["--deterministic", "--until", "1s", "--seeds", "1", "--policies", "locked"], None),
                          (["--out", "all", "--policies", "locked"], "holds runs with other options")):
        done = run(program, "compare", *COMMON, "--steps", "10", *options, cwd=home)
        expected = 2 if word else 1
        check(done.returncode == expected and (word or "failed") in done.stderr, options, done.stdout, done.stderr)
