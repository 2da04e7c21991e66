"""A run leaves every file; run.ini repeats it to the bit; the exit code tells that the target was reached."""
import csv
import json
import sys
from pathlib import Path

from program import TINY, check, folder, run, tiny_csv

program = sys.argv[1]

GROUP_KEYS = {"group", "layers", "updates", "busy", "starved", "blocked", "staleness_updates", "cosine", "norm_ratio",
              "audit_cosine", "audit_norm_ratio", "audit_bias", "parameters", "predictor_parameters",
              "predictor_share", "dropped_targets", "bytes_from_below", "bytes_from_above", "bytes_saved", "alone"}


def train(*arguments):
    result = run(program, "train", *arguments)
    check(result.returncode == 0, "exit code", result.returncode, result.stdout, result.stderr)
    return result.stdout


with folder() as home:
    home = Path(home)
    first, second, third = home / "first", home / "second", home / "third"
    options = [*TINY, "--data", f"csv:{tiny_csv(home)}", "--steps", "120", "--eval-every", "40", "--deterministic",
               "--audit", "every:10", "--sg", "linear"]
    shown = train(*options, "--run", first)
    names = sorted(path.name for path in first.iterdir())
    check(len(names) == 7 and names[0].startswith("events.out.tfevents."), names)
    check(names[1:] == ["metrics.csv", "report.html", "run.ini", "summary.json", "trace", "weights.safetensors"], names)

    summary = json.loads((first / "summary.json").read_text())
    check(summary["end"] == "finished" and summary["failure"] is None, summary)
    check(summary["steps"] == 120, summary)
    check(0 <= summary["test_error_percent"] <= 50, "did not learn:", summary["test_error_percent"])
    for key in ("steps_per_s", "samples_per_s", "wall_s"):
        check(summary[key] > 0, key, summary)
    check([set(group) for group in summary["groups"]] == [GROUP_KEYS] * 3, summary["groups"])
    check([group["updates"] for group in summary["groups"]] == [120] * 3, summary["groups"])
    check(summary["groups"][2]["cosine"] is None, "the top group has no prediction")
    check(summary["groups"][0]["audit_cosine"] is not None, "audited, but not measured")

    check(summary["link_bytes_per_sample_up"] is None and "over links" not in shown, "there is no link", summary)

    rows = list(csv.DictReader((first / "metrics.csv").open()))
    check([int(row["step"]) for row in rows] == [40, 80, 120], rows)
    check(all(row["judged_on"] == "test" for row in rows), rows)
    check(float(rows[-1]["error_percent"]) == round(summary["test_error_percent"], 4), rows[-1], summary)
    check("audit cos" in shown and shown.splitlines()[-1].startswith("test error "), shown)

    # The run again from its run.ini, on another number of threads: the same bytes.
    train("--config", first / "run.ini", "--run", second, "--threads", "1")
    weights = (first / "weights.safetensors").read_bytes()
    check(weights == (second / "weights.safetensors").read_bytes(), "the repeated run has other weights")
    again = (second / "run.ini").read_text().replace(str(second), str(first)).replace("threads = 1", "threads = 2")
    check(again == (first / "run.ini").read_text(), again)
    # Another seed on the command line wins over the file.
    train("--config", first / "run.ini", "--run", third, "--seed", "2")
    check(weights != (third / "weights.safetensors").read_bytes(), "another seed gave the same weights")

    # Quiet: one line. Target reached: the end is told, and the exit code is 0.
    fourth = home / "fourth"
    shown = train(*options, "--run", fourth, "--quiet", "--target-error", "100")
    check(len(shown.splitlines()) == 1 and shown.startswith("target reached: test error"), shown)
    summary = json.loads((fourth / "summary.json").read_text())
    check(summary["end"] == "target_reached" and summary["steps"] < 120, summary)

    # Validation: metrics are judged on it, the test set only at the end.
    fifth = home / "fifth"
    train(*options, "--run", fifth, "--validation", "0.25")
    judged = [row["judged_on"] for row in csv.DictReader((fifth / "metrics.csv").open())]
    check(judged == ["validation"] * 3 + ["test"], judged)
    summary = json.loads((fifth / "summary.json").read_text())
    check(summary["validation_error_percent"] is not None and summary["test_error_percent"] is not None, summary)
