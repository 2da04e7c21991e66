"""`syngrad memory` tells what a run will hold, in the words of its summary.json, and the run holds that."""
import csv
import io
import json
import sys
from pathlib import Path

from program import check, check_refused, folder, run, tiny_csv

program = sys.argv[1]

OF_GROUP = ["weight_bytes", "gradient_bytes", "moment_bytes", "predictor_bytes"]


def memory(*arguments):
    done = run(program, "memory", *arguments)
    check(done.returncode == 0 and not done.stderr, done)
    return done.stdout


def near(told, held, share=0.05):
    return abs(told - held) <= share * held


with folder() as home:
    data = f"csv:{tiny_csv(home)}"
    options = ["--model", "mlp:4-256x3-3", "--batch", "64", "--threads", "1", "--steps", "80", "--deterministic",
               "--data", data]
    for policy in (["--policy", "synthetic"], ["--policy", "locked", "--recompute"], ["--policy", "delayed"],
                   ["--policy", "pipeline", "--micro-batches", "6"]):
        where = Path(home) / policy[1]
        done = run(program, "train", *options, *policy, "--run", where, "--eval-every", "0")
        check(done.returncode == 0, done)
        held = json.loads((where / "summary.json").read_text())
        told = json.loads(memory(*options, *policy, "--format", "json"))
        check(len(told["groups"]) == len(held["groups"]) == 4, told)
        for before, after in zip(told["groups"], held["groups"]):
            check([before[key] for key in OF_GROUP] == [after[key] for key in OF_GROUP], before, after)
            check(before["in_flight"] == after["most_in_flight"], before, after)
            check(near(before["cache_bytes"], after["cache_bytes"]), before, after)
        check(near(told["most_bytes_in_use"], held["most_bytes_in_use"]), policy, told, held["most_bytes_in_use"])
        check(held["most_bytes_in_use"] <= held["device_bytes"], held)
        check(told["at_most_bytes"] >= told["most_bytes_in_use"] > told["sample_bytes"] > 0, told)
        # The run's own file asks for the same.
        again = json.loads(memory("--config", where / "run.ini", "--format", "json"))
        check(near(again["most_bytes_in_use"], told["most_bytes_in_use"], 0.02), again, told)

rows = list(csv.DictReader(io.StringIO(memory("mlp:784-256x5-10", "--groups", "3", "--format", "csv"))))
check([row["group"] for row in rows] == ["0", "1", "2", "data", "samples", "workspace", "at once", "at most"], rows)
check(all(int(row["bytes"]) == sum(int(row[key]) for key in [*OF_GROUP, "cache_bytes"]) for row in rows[:3]), rows)
check(int(rows[4]["bytes"]) == 0, "no data were named", rows)

deep = json.loads(memory("mlp:8-16x39-4", "--batch", "16", "--format", "json"))
check(len(deep["groups"]) == 40, deep)  # each reads the targets of a batch

table = memory("gpt:2x32,heads=2,context=16,vocab=50", "--batch", "8")
check("in flight" in table and "at most" in table and "samples" not in table, table)
adam, sgd = (json.loads(memory("mlp:64-128x2-10", "--optimizer", each, "--format", "json")) for each in ("adam", "sgd"))
check(all(a["moment_bytes"] > 2 * a["gradient_bytes"] - 1 > s["moment_bytes"] for a, s in zip(adam["groups"], sgd["groups"])),
      adam, sgd)

check_refused(run(program, "memory", "--policy", "lucked"), "--policy", "locked", command="syngrad memory: ")
check_refused(run(program, "memory", "mlp:4-8-3", "mlp:4-8-2"), "mlp:4-8-2", command="syngrad memory: ")
check_refused(run(program, "memory", "mlp:4-8x2-3", "--groups", "9"), "--groups", command="syngrad memory: ")
check_refused(run(program, "memory", "--recompute", "--cuda-graphs", "on"), "--recompute", "--cuda-graphs off", command="syngrad memory: ")
check("--recompute" in run(program, "help", "memory").stdout, "explained")
