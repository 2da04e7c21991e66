"""`syngrad models` shows networks, and JSON files are networks: in one process, over several, and from run.ini."""
import json
import sys
from pathlib import Path

from program import check, check_refused, folder, run, tiny_csv

program = sys.argv[1]


def models(*arguments):
    done = run(program, "models", *arguments)
    check(done.returncode == 0 and not done.stderr, done)
    return done.stdout


def train(home, name, *arguments):
    done = run(program, "train", "--data", f"csv:{home}/tiny.csv", "--batch", "16", "--steps", "30", "--deterministic",
               "--run", Path(home) / name, *arguments, cwd=home)
    check(done.returncode == 0, done)
    return Path(home) / name


def tensors(run_folder):
    """The bytes of all weights; the metadata in front of them names the model."""
    content = (run_folder / "weights.safetensors").read_bytes()
    return content[8 + int.from_bytes(content[:8], "little"):]


kinds = json.loads(models("--format", "json"))
check({"mlp", "cnn", "resnet", "gpt"} <= {each["kind"] for each in kinds}, kinds)
for each in kinds:
    check(each["form"] in models() and each["example"] in models(), each)
    shown = json.loads(models(each["example"], "--format", "json"))
    check(shown["model"] == each["example"] and shown["parameters"] == sum(u["parameters"] for u in shown["units"]), shown)
    check("group" in models(each["example"]), each)
check(len(json.loads(models("resnet:20", "--groups", "3", "--format", "json"))["groups"]) == 3, "three groups")
check([g["units"] for g in json.loads(models("mlp:4-8x2-3", "--split", "2,1", "--format", "json"))["groups"]] == [2, 1], "split")

with folder() as home:
    csv = tiny_csv(home)
    (Path(home) / "text.txt").write_text("to be or not to be " * 40)

    # What data leave no choice about is filled in, and has to fit.
    shown = json.loads(models("gpt:1x8,heads=2,context=8", "--data", f"text:{home}/text.txt", "--format", "json"))
    check(shown["model"] == "gpt:1x8,heads=2,context=8,vocab=7", shown["model"])
    check(shown["input"] == {"shape": [8], "categories": 7}, shown["input"])
    shown = json.loads(models("lstm:1x8,chunk=4", "--data", f"text:{home}/text.txt", "--format", "json"))
    check(shown["model"] == "lstm:1x8,chunk=4,vocab=7", shown["model"])
    refused = dict(command="syngrad models: ")
    check_refused(run(program, "models", "mlp:5-8-3", "--data", f"csv:{csv}"), "4 features", "mlp:4-8-3", **refused)
    check_refused(run(program, "models", "gpt:1x8", "--data", f"csv:{csv}"), "4 features", **refused)

    # A state that is carried wants windows that continue each other.
    text = ["train", "--data", f"text:{home}/text.txt", "--model", "lstm:1x8,chunk=4", "--batch", "4", "--steps", "20",
            "--policy", "locked", "--run", Path(home) / "lstm"]
    check_refused(run(program, *text, "--windows", "random", cwd=home), "--windows", "continuing", "lstm 8->8")
    done = run(program, *text, cwd=home)
    check(done.returncode == 0, done)
    check("windows = continuing" in (Path(home) / "lstm/run.ini").read_text(), "not continuing")

    # JSON makes the network that it was printed from.
    file = Path(home) / "mine.json"
    file.write_text(models("mlp:4-8x2-3", "--as-json"))
    expected = tensors(train(home, "short", "--model", "mlp:4-8x2-3"))
    own = train(home, "own", "--model", file)
    check(tensors(own) == expected, "other weights")
    check(models(file, "--as-json").startswith('{\n  "name": '), models(file, "--as-json"))

    # A run keeps the network, not the path: with the file gone it is repeated, and other processes get it.
    content = file.read_text()
    file.write_text("{}")
    repeated = run(program, "train", "--config", own / "run.ini", "--run", Path(home) / "again", cwd=home)
    check(repeated.returncode == 0 and f"training {file} in groups" in repeated.stdout, repeated)
    check(tensors(Path(home) / "again") == expected, "other weights when repeated")
    file.write_text(content)
    check(tensors(train(home, "nodes", "--model", file, "--local-nodes", "2")) == expected, "other weights over processes")

    # What is wrong with a file is said with its place.
    broken = Path(home) / "broken.json"
    for text, place in (("{", "line 1, column 2"), ('{"input": [4]}', "units"),
                        (content.replace('"ReLU"', '"Relu"', 1), "units[0][2].type"),
                        (content.replace("out_features", "out_feature", 1), "units[0][0]"),
                        (content.replace("[4]", '["4"]'), "input[0]"), ("[" * 1000, "[0][0]")):
        broken.write_text(text)
        for command in (["models", broken], ["train", "--model", broken, "--run", Path(home) / "none"]):
            check_refused(run(program, *command), str(broken), place, command=f"syngrad {command[0]}: ")
    check_refused(run(program, "models", Path(home) / "gone.json"), "gone.json", "No such file", **refused)
    check(not (Path(home) / "none").exists(), "left behind")

check_refused(run(program, "models", "mlp:4"), "inputs and outputs", **refused)
check_refused(run(program, "models", "mlp:4-3", "mlp:5-3"), "one model", **refused)
check_refused(run(program, "models", "mlp:4-3", "--groups", "2"), "1 to 1 groups", **refused)
check_refused(run(program, "models", "mlp:4-3", "--split", "2"), "--split", **refused)
check_refused(run(program, "models", "mlp:4-3", "--labels", "as-is"), "--labels", **refused)
check_refused(run(program, "models", "--as-json"), "--as-json", **refused)
