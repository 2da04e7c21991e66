"""Data as people have it: labels from 1, other separators, EMNIST's names, a left-over batch. Said once, kept in run.ini."""
import json
import sys
from pathlib import Path

from program import TINY, check, check_refused, folder, run, tiny_csv, write_idx

program = sys.argv[1]
SHORT = {**dict(zip(TINY[::2], TINY[1::2])), "--steps": "30", "--trace": "off"}


def short(*arguments, without=()):
    """`arguments`, and what makes the run short where they do not say it themselves."""
    left = {name: value for name, value in SHORT.items() if name not in arguments and name not in without}
    return [*map(str, arguments), *(word for option in left.items() for word in option)]


def train(*arguments, without=()):
    result = run(program, "train", *short(*arguments, without=without))
    check(result.returncode == 0, "exit code", result.returncode, result.stdout, result.stderr)
    return result.stdout


def refused(arguments, *parts):
    check_refused(run(program, "train", *short(*arguments), cwd=home), *parts)


def repeated(run_folder, *lines):
    """Whether run.ini has all `lines`, and the program reads it."""
    ini = (run_folder / "run.ini").read_text()
    for line in lines:
        check(line in ini.splitlines(), repr(line), "is not in", ini)
    train("--config", run_folder / "run.ini", "--run", str(run_folder) + "-again", without=SHORT)


def classes(run_folder):
    """What outputs 0, 1, ... stand for; None: these numbers."""
    return json.loads((run_folder / "summary.json").read_text())["classes"]


def split(path, labels):
    images = b"".join(bytes([40 * label, 255 - 40 * label, 7, i % 256]) for i, label in enumerate(labels))
    write_idx(path, labels, images)


with folder() as home:
    home = Path(home)
    rows = [line.split(",") for line in tiny_csv(home).read_text().splitlines()]

    def table(name, separator, change):
        path = home / name
        path.write_text("\n".join(separator.join(change(row)) for row in rows) + "\n")
        return f"csv:{path}"

    # Labels 1, 2, 3: refused with both remedies; each of them works.
    from_one = table("one.csv", ",", lambda row: row[:4] + [str(int(row[4]) + 1) if row[4].isdigit() else row[4]])
    refused(["--data", from_one], "one.csv: column 5 ('kind')", "'1' to '3'", "4 outputs", "--labels renumber",
            "--labels as-is")
    shown = train("--data", from_one, "--labels", "renumber", "--run", home / "renumbered")
    check(shown.count("classes 0 = '1', 1 = '2', 2 = '3'") == 1, shown)
    repeated(home / "renumbered", "labels = renumber")
    check(classes(home / "renumbered") == ["1", "2", "3"], classes(home / "renumbered"))
    refused(["--data", from_one, "--labels", "as-is"], "--model", "4 classes", "mlp:4-8x2-4")
    shown = train("--data", from_one, "--model", "mlp:4-8x2-4", "--labels", "as-is", "--run", home / "kept")
    check(shown.count("no sample has the label 0") == 1, shown)
    repeated(home / "kept", "labels = as-is")
    check(classes(home / "kept") is None, classes(home / "kept"))

    # Names and another separator are found, and said once; --quiet says nothing of it.
    names = table("names.csv", ";", lambda row: row[:4] + ["k" + row[4]])
    shown = train("--data", names, "--run", home / "named")
    check(shown.count("names.csv: line 1: semicolons") == 1 and shown.count("0 = 'k0', 1 = 'k1', 2 = 'k2'") == 1, shown)
    repeated(home / "named")
    check(classes(home / "named-again") == ["k0", "k1", "k2"], classes(home / "named-again"))
    check(len(train("--data", names, "--run", home / "quiet", "--quiet").splitlines()) == 1, "not quiet")
    tabs = table("tabs.csv", "\t", lambda row: row)
    for i, spelled in enumerate(("tab", "\t", "\\t")):
        train("--data", tabs, "--delimiter", spelled, "--run", home / f"tabs{i}")
        repeated(home / f"tabs{i}", "delimiter = tab")
    refused(["--data", tabs, "--delimiter", "tba"], "--delimiter", "comma|semicolon|tab")
    refused(["--delimiter", "tab"], "--delimiter", "--data csv:FILE")
    refused(["--labels", "renumber"], "--labels", "--data csv:FILE or mnist:DIR")

    # EMNIST: labels from 1, and several splits in a folder.
    emnist = home / "emnist"
    emnist.mkdir()
    for name in "letters", "mnist":
        split(emnist / f"emnist-{name}-train-{{}}-ubyte", [1 + i % 3 for i in range(100)])
        split(emnist / f"emnist-{name}-test-{{}}-ubyte", [1 + i % 3 for i in range(30)])
    refused(["--data", f"mnist:{emnist}"], "several", "emnist-letters, emnist-mnist",
            f"mnist:{emnist}/emnist-letters")
    letters = f"mnist:{emnist}/emnist-letters"
    refused(["--data", letters], "train-labels", "'1' to '3'", "--labels renumber")
    train("--data", letters, "--labels", "renumber", "--run", home / "letters")
    repeated(home / "letters", f"data = {letters}", "labels = renumber")

    # 160 samples to train on: 6 batches of 25 and 10 left over; 10 of 16 without.
    tiny = f"csv:{home / 'tiny.csv'}"
    for arguments, line in ((["--steps", "30"], "30 steps are 5 epochs of 6 batches: 150 of 160 samples, and the 10 left over are"),
                            (["--epochs", "2.5"], "15 steps are 2.5 epochs of 6 batches: 150 of 160 samples")):
        shown = train("--data", tiny, "--batch", "25", *arguments, "--run", home / arguments[1], without=["--steps"])
        check(shown.count(line) == 1 and shown.count("left over") == 1, shown)
    for i, arguments in enumerate((["--batch", "16"], ["--batch", "25", "--steps", "5"])):
        check("left over" not in train("--data", tiny, *arguments, "--run", home / f"whole{i}"), "nothing is left over")
    refused(["--data", tiny, "--batch", "161"], "--batch", "at most 160", "161")
    refused(["--data", tiny, "--batch", "121", "--validation", "0.25"], "--batch", "at most 120", "121")
    text = " ".join(run(program, "help", "train").stdout.split())
    check("left out of it" in text and "whole batches fit" in text, text)
