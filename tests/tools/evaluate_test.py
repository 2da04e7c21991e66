"""`syngrad evaluate` judges a run's network as the run did, and other data by what the run has learned of its own."""
import csv
import json
import sys
from pathlib import Path

from program import check, check_refused, folder, run, tiny_csv, trained, write_idx, TINY

program = sys.argv[1]
REFUSED = dict(command="syngrad evaluate: ")


def train(home, name, *options):
    return trained(program, home, name, *options)


def evaluate(*arguments, **more):
    done = run(program, "evaluate", *arguments, **more)
    check(done.returncode == 0 and not done.stderr, arguments, done)
    return done.stdout


def judged(*arguments, **more):
    return json.loads(evaluate(*arguments, "--format", "json", **more))


def metrics(result):
    return {each["name"]: each["value"] for each in result["metrics"]}


def same_as_the_run(home, made, name, column):
    """What it says is what the run has reported last."""
    result = judged(made, cwd=home)
    summary = json.loads((made / "summary.json").read_text())
    last = list(csv.DictReader((made / "metrics.csv").open()))[-1]
    loss = float(last.get("loss_nats") or last["loss"])
    check(abs(metrics(result)[name] - summary[f"test_{column}"]) < 1e-4 * abs(summary[f"test_{column}"]), result, summary)
    check(abs(result["loss"] - loss) < 1e-5 * loss, result["loss"], loss)
    return result


def classes(home):
    made = train(home, "tiny", "--data", f"csv:{tiny_csv(home)}", *TINY, "--steps", "60", "--lr", "1e-4")
    result = same_as_the_run(home, made, "error", "error_percent")
    check(result["classes"] == ["0", "1", "2"] and result["samples"] == 40, result)
    matrix = result["confusion"]
    wrong = sum(matrix[i][j] for i in range(3) for j in range(3) if i != j)
    check(sum(map(sum, matrix)) == 40 and wrong > 0, matrix)
    check(abs(metrics(result)["error"] - 100 * wrong / 40) < 1e-9, result)
    for i in range(3):
        check(abs(result["recall"][i] - matrix[i][i] / sum(matrix[i])) < 1e-12, result)
        taken = sum(row[i] for row in matrix)
        check(result["precision"][i] is None if taken == 0 else abs(result["precision"][i] - matrix[i][i] / taken) < 1e-12, result)
    shown = evaluate(made, cwd=home)
    check("error" in shown and "%" in shown and "nats" in shown and "Rows: what samples are" in shown, shown)
    best = judged(made, "--weights", "best", cwd=home)
    check(best["weights"].endswith("weights.best.safetensors"), best)
    check(judged(made, "--eval-samples", "10", cwd=home)["samples"] == 10, "not 10 samples")
    return made


def other_data(home, made):
    """All rows of a file, whose columns are found by name and scaled as those of the run; labels keep their classes."""
    rows = list(csv.reader(tiny_csv(home).open()))
    whole = judged(made, "--data", f"csv:{home}/tiny.csv")
    check(whole["samples"] == 200 and sum(map(sum, whole["confusion"])) == 200, whole)
    moved = home / "moved.csv"
    order = [4, 2, 0, 3, 1]
    moved.write_text("\n".join(",".join(row[i] for i in order) for row in rows) + "\n")
    check(judged(made, "--data", moved)["confusion"] == whole["confusion"], "columns are not found by their names")
    plain = home / "plain.csv"
    plain.write_text("\n".join(",".join(row) for row in rows[1:]) + "\n")
    check(judged(made, "--data", plain)["loss"] == whole["loss"], "without a header columns stand in their order")
    # Two of the three classes: the others keep their numbers.
    some = home / "some.csv"
    some.write_text("\n".join(",".join(row) for row in rows if row[4] != "0") + "\n")
    part = judged(made, "--data", some)
    check(part["confusion"][0] == [0, 0, 0] and part["confusion"][1:] == whole["confusion"][1:], part)

    def refused(text, *parts):
        bad = home / "bad.csv"
        bad.write_text(text)
        check_refused(run(program, "evaluate", made, "--data", bad), "bad.csv", *parts, **REFUSED)

    refused("a,b,c,d,kind\n1,2,3,4,7\n", "the label '7' (line 2)", "0 to 2")
    refused("a,b,c,e,kind\n1,2,3,4,0\n", "a header without the names", "'a', 'b', 'c', 'd'")
    refused("1,2,3,0\n", "4 columns", "4 features", "'d'")
    refused("a,b,c,d,kind\n1,2,x,4,0\n", "line 2", "'x' is not a number")
    refused("a,b,c,d\n1,2,3,4\n", "--label-column", "syngrad predict")
    refused("a,b,c,d,kind\n", "no rows")
    # The file of the run is another one now: its test rows are not those that the run was judged on.
    (home / "tiny.csv").write_text("\n".join(",".join(row) for row in rows[:150]) + "\n")
    check_refused(run(program, "evaluate", made, cwd=home), "tiny.csv", "than when the run", "--data", **REFUSED)


def names_and_values(home):
    rows = list(csv.reader(tiny_csv(home).open()))
    named = home / "named.csv"
    words = {"0": "rose", "1": "lily, white", "2": "tulip"}
    named.write_text("\n".join(",".join(row[:4] + [f'"{words.get(row[4], "kind")}"']) for row in rows) + "\n")
    made = train(home, "named", "--data", f"csv:{named}", *TINY, "--steps", "40")
    result = same_as_the_run(home, made, "error", "error_percent")
    check(result["classes"] == ["lily, white", "rose", "tulip"], result["classes"])
    check("lily, white" in evaluate(made), "no names")
    values = home / "values.csv"
    values.write_text("x,y,sum\n" + "".join(f"{i % 7},{i % 5},{i % 7 - 2 * (i % 5)}\n" for i in range(200)))
    made = train(home, "values", "--data", f"csv:{values}", "--objective", "mse", "--model", "mlp:2-8x1-1", "--batch", "16",
                 "--steps", "60")
    result = same_as_the_run(home, made, "mse", "mse")
    check(result["confusion"] is None and result["samples"] == 40, result)
    check(judged(made, "--data", values)["samples"] == 200, "not all rows")


def images_and_texts(home):
    digits = home / "idx"
    digits.mkdir()
    labels = [i % 3 for i in range(120)]
    for part, some in (("train", labels), ("t10k", labels[:40])):
        write_idx(digits / (part + "-{}-ubyte"), some, b"".join(bytes([90 * each, 200 - 90 * each, i % 50, 3]) for i, each in enumerate(some)))
    made = train(home, "idx-run", "--data", f"mnist:{digits}", "--model", "mlp:4-8x1-3", "--batch", "16", "--steps", "40")
    same_as_the_run(home, made, "error", "error_percent")
    check(judged(made, "--data", f"mnist:{digits}")["samples"] == 40, "mnist has a test set of its own")
    check_refused(run(program, "evaluate", made, "--data", "digits"), "28x28", "mlp:4-8x1-3", "takes 4", **REFUSED)
    (home / "text.txt").write_text("to be or not to be. " * 60)
    for model in ("gpt:1x16,heads=2,context=12", "lstm:1x16,chunk=12"):
        made = train(home, model.split(":")[0], "--data", f"text:{home}/text.txt", "--model", model, "--batch", "8", "--steps",
                     "30", "--policy", "locked", "--lr", "3e-3", "--test-fraction", "0.3")
        result = same_as_the_run(home, made, "perplexity", "perplexity")
        check(result["confusion"] is None, result)
        other = home / "other.txt"
        other.write_text("not to be or to be. " * 20)
        check(judged(made, "--data", f"text:{other}")["samples"] == 399 // 12 // (8 if "lstm" in model else 1)
              * (8 if "lstm" in model else 1), "not the whole text")
        other.write_text("a word with other letters, and long enough for a window")
        check_refused(run(program, "evaluate", made, "--data", f"text:{other}"), "other.txt", "other characters", **REFUSED)


def refused(home, made):
    check_refused(run(program, "evaluate"), "syngrad evaluate RUN", **REFUSED)
    check_refused(run(program, "evaluate", home / "gone"), "gone: no such folder", **REFUSED)
    check_refused(run(program, "evaluate", made, "--weights", "gone.safetensors"), "--weights", "gone.safetensors", **REFUSED)
    check_refused(run(program, "evaluate", made, "--weights", home / "named" / "weights.best.safetensors", "--format", "xml"),
                  "--format", "table", **REFUSED)
    content = bytearray((made / "weights.safetensors").read_bytes())
    begin = 8 + int.from_bytes(content[:8], "little")
    content[begin:] = b"\xff" * (len(content) - begin)
    (home / "nan.safetensors").write_bytes(content)
    tiny_csv(home)
    check_refused(run(program, "evaluate", made, "--weights", home / "nan.safetensors"), "nan.safetensors", "not finite",
                  code=1, **REFUSED)
    weights = made / "weights.safetensors"
    weights.rename(home / "aside")
    check_refused(run(program, "evaluate", made), "weights.safetensors: no such file", "--weights", **REFUSED)
    (home / "aside").rename(weights)


with folder() as home:
    home = Path(home)
    made = classes(home)
    other_data(home, made)
    names_and_values(home)
    images_and_texts(home)
    refused(home, made)

shown = run(program, "evaluate", "--help")
check(shown.returncode == 0 and all(part in shown.stdout for part in ("--data DATA", "RUN", "[last]")), shown)
