"""A run leaves every file; run.ini repeats it to the bit; the exit code tells that the target was reached."""
import csv
import json
import math
import struct
import sys
from pathlib import Path

from program import TINY, check, folder, run, tiny_csv

program = sys.argv[1]

GROUP_KEYS = {"group", "layers", "updates", "clipped_updates", "busy", "starved", "blocked", "staleness_updates", "cosine", "norm_ratio", "activation_rms",
              "audit_cosine", "audit_norm_ratio", "audit_bias", "parameters", "predictor_parameters",
              "predictor_share", "dropped_targets", "bytes_from_below", "bytes_from_above", "bytes_saved", "gradient_rank",
              "gradient_error", "alone", "residual_weight", "batches_predicting", "batches_correcting", "batches_waiting", "gate_turns",
              "multiply_adds_per_step", "optimizer_multiply_adds_per_step", "predictor_multiply_adds_per_step", "weight_bytes", "gradient_bytes", "moment_bytes",
              "predictor_bytes", "cache_bytes", "most_in_flight"}


def tensors(path):
    """The metadata of a safetensors file, and the bytes of each tensor."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8:8 + length])
    about = header.pop("__metadata__")
    data = content[8 + length:]
    return about, {name: data[slice(*each["data_offsets"])] for name, each in header.items()}


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
    check(len(names) == 9 and names[1].startswith("events.out.tfevents."), names)
    check(names[:1] + names[2:] == ["data.json", "metrics.csv", "report.html", "run.ini", "summary.json", "trace",
                        "weights.best.safetensors", "weights.safetensors"], names)

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

    # The best weights are those of the best evaluation: a run that ends there has the same ones.
    steady = [*TINY, "--data", f"csv:{home / 'tiny.csv'}", "--deterministic", "--sg", "linear", "--schedule", "none",
              "--lr", "0.02", "--eval-every", "20"]
    train(*steady, "--run", home / "whole", "--validation", "0.25", "--steps", "120")
    about, best = tensors(home / "whole" / "weights.best.safetensors")
    judged = [row for row in csv.DictReader((home / "whole" / "metrics.csv").open())
              if row["judged_on"] == "validation"]
    errors = [float(row["error_percent"]) for row in judged]
    check(round(float(about["error_percent"]), 4) == min(errors), about, errors)
    check(float(next(row for row in judged if row["step"] == about["step"])["error_percent"]) == min(errors), about)
    train(*steady, "--run", home / "short", "--validation", "0.25", "--steps", about["step"])
    check(tensors(home / "short" / "weights.safetensors")[1] == best, "other weights than at step", about["step"])
    train(*steady, "--run", home / "without", "--keep-best", "off", "--steps", "40")
    check(not (home / "without" / "weights.best.safetensors").exists(), "kept although not wanted")

    # A run that diverges keeps them, and nothing in its files is not a number.
    result = run(program, "train", *TINY, "--data", f"csv:{home / 'tiny.csv'}", "--run", home / "diverged",
                 "--optimizer", "sgd", "--lr", "1e8", "--on-nonfinite", "skip", "--steps", "400", "--eval-every", "1")
    check(result.returncode == 1 and "batches were all skipped" in result.stderr, result)
    for name in ("weights.safetensors", "weights.best.safetensors"):
        for tensor in tensors(home / "diverged" / name)[1].values():
            check(all(map(math.isfinite, struct.unpack(f"<{len(tensor) // 4}f", tensor))), name)
    check("best: " in result.stdout, result.stdout)
