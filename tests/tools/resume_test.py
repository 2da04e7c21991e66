"""A run goes on where its checkpoint is: after Ctrl-C, from an older one where the newest is damaged, with other groups, and
with the options of its run.ini; what it cannot go on with is refused by name."""
import csv
import json
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
from pathlib import Path

from program import LIMIT, check, check_refused, folder, read_until, run, start, tiny_csv

program = sys.argv[1]
SHORT = ["--model", "mlp:4-16x3-3", "--batch", "16", "--threads", "2", "--trace", "off", "--eval-every", "25", "--deterministic"]


def train(*arguments, code=0, **more):
    done = run(program, "train", *arguments, timeout=LIMIT, **more)
    check(done.returncode == code, arguments, done)
    return done


def steps_of(made):
    with (made / "metrics.csv").open() as file:
        return [int(row["step"]) for row in csv.DictReader(file)]


def checkpoints_of(made):
    return sorted(path.name for path in (made / "checkpoints").glob("step-*"))


def weights_of(made):
    return (made / "weights.safetensors").read_bytes()


def events_of(made):
    """Steps of the scalar events, of all event files."""
    steps = []
    for path in sorted(made.glob("events.out.tfevents.*")):
        data = path.read_bytes()
        while data:
            size = struct.unpack("<Q", data[:8])[0]
            event, data = data[12:12 + size], data[16 + size:]
            if event[9] == 0x10:  # a step, behind the wall time
                value = shift = 0
                for byte in event[10:]:
                    value |= (byte & 0x7f) << shift
                    shift += 7
                    if byte < 0x80:
                        break
                steps.append(value)
    return steps


def copied(made, name):
    return Path(shutil.copytree(made, made.parent / name))


def ended_early(home, data):
    """A run of 200 steps, and one that was told to make 100 and then goes on to 200."""
    whole = home / "whole"
    train("--data", data, *SHORT, "--steps", "200", "--schedule", "none", "--run", whole)
    first = home / "first"
    # In two parts: where steps are faster than the disk, a checkpoint that waits is replaced by the next one.
    train("--data", data, *SHORT, "--steps", "50", "--schedule", "none", "--checkpoint-every", "50", "--run", first)
    done = train("--resume", first, "--steps", "130")
    check(checkpoints_of(first) == ["step-000000050", "step-000000100"], checkpoints_of(first))
    check(done.stderr.count("checkpoint after step") + done.stdout.count("checkpoint after step") == 1, done)
    check(steps_of(first) == [25, 50, 75, 100, 125, 130], steps_of(first))
    verified = run(program, "checkpoint", "verify", first)
    check(verified.returncode == 0 and verified.stdout.count(": whole\n") == 4, verified)
    judged = run(program, "evaluate", first / "checkpoints" / "step-000000100", "--format", "json")
    with (first / "metrics.csv").open() as file:
        then = next(row for row in csv.DictReader(file) if row["step"] == "100")
    check(judged.returncode == 0 and abs(json.loads(judged.stdout)["loss"] - float(then["loss_nats"])) < 1e-5, judged, then)
    exported = run(program, "checkpoint", "export", first / "checkpoints" / "step-000000100", "--out", home / "torch")
    check(exported.returncode == 0, exported)
    gone_on = copied(first, "gone-on")
    done = train("--resume", gone_on, "--steps", "200")
    check("going on after step 100 of" in done.stdout, done.stdout)
    check(steps_of(gone_on) == steps_of(whole) and events_of(gone_on) == steps_of(whole), steps_of(gone_on), events_of(gone_on))
    check(weights_of(gone_on) == weights_of(whole), "other weights than in one go")
    check("steps = 200" in (gone_on / "run.ini").read_text(), "run.ini has the old number of steps")
    check(json.loads((gone_on / "summary.json").read_text())["steps"] == 200, "summary.json")
    return first, whole


def damaged(first, whole):
    """The newest checkpoint is damaged: the one before it is taken, and it is said."""
    made = copied(first, "damaged")
    victim = made / "checkpoints" / "step-000000100" / "group1.safetensors"
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)
    verified = run(program, "checkpoint", "verify", made)
    check(verified.returncode == 1 and "group1.safetensors" in verified.stdout, verified)
    done = train("--resume", made, "--steps", "200")
    check("group1.safetensors" in done.stderr and "goes on from step 50" in done.stderr, done.stderr)
    check(steps_of(made) == steps_of(whole) and weights_of(made) == weights_of(whole), steps_of(made))
    for each in (made / "checkpoints").glob("step-*"):
        (each / "manifest.json").write_text("{}")
    refused = run(program, "train", "--resume", made)
    check_refused(refused, "--resume", "no checkpoint is whole", "manifest.json")


def chosen(first, whole):
    """One checkpoint by its name: later ones go, for they come again."""
    made = copied(first, "chosen")
    train("--resume", made / "checkpoints" / "step-000000050", "--steps", "200")
    check(steps_of(made) == steps_of(whole) and weights_of(made) == weights_of(whole), steps_of(made))


def changed(first, data):
    made = copied(first, "changed")

    def refused(arguments, *parts):
        check_refused(run(program, "train", "--resume", made, *arguments), *parts)

    refused(["--seed", "2"], "--seed", "has 1", "cannot go on with 2")
    refused(["--model", "mlp:4-16x2-3"], "--model")
    refused(["--data", "digits"], "--data", "digits")
    refused(["--batch", "8"], "--batch", "16", "8")
    refused(["--optimizer", "sgd"], "--optimizer")
    refused(["--run", "elsewhere"], "--run", "--resume")
    refused(["--config", made / "run.ini"], "--config", "--resume")
    refused(["--steps", "100"], "--resume", "100 steps of 100")
    check_refused(run(program, "train", "--resume", made.parent / "gone"), "--resume", "gone", "no run.ini")
    path = Path(data.split(":", 1)[1])
    before = path.read_text()
    lines = before.splitlines()
    path.write_text("\n".join([lines[0], "7.25," + lines[1].split(",", 1)[1], *lines[2:]]) + "\n")
    refused(["--steps", "200"], "--resume", "is not what it was", "--init")
    path.write_text(before)
    check(steps_of(made) == [25, 50, 75, 100, 125, 130] and len(checkpoints_of(made)) == 2, "a refusal changed the folder")
    # Another number of groups: the same network goes on.
    done = train("--resume", made, "--steps", "200", "--groups", "2")
    check(steps_of(made) == [25, 50, 75, 100, 125, 150, 175, 200], steps_of(made))
    columns = {len(line.split(",")) for line in (made / "metrics.csv").read_text().splitlines()}
    check(len(columns) == 1, "rows of different length", columns)


def interrupted(home, data):
    """Ctrl-C saves a checkpoint, and SIGUSR1 does and the run goes on."""
    made = home / "interrupted"
    options = ["--data", data, *SHORT, "--steps", "1000000", "--schedule", "none", "--run", made]
    process = start(program, home, "train", *options)
    read_until(process, "step 50/")
    process.send_signal(signal.SIGUSR1)
    read_until(process, "checkpoint after step", process.stderr)
    first = checkpoints_of(made)
    check(len(first) == 1, first)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=LIMIT)
    check(process.returncode == 130, process.returncode, err)
    both = checkpoints_of(made)
    check(len(both) == 2 and both[0] == first[0], both, err)
    step = int(both[1][5:])
    done = train("--resume", made, "--steps", str(step + 60))
    check(f"going on after step {step} of" in done.stdout, done.stdout)
    found = steps_of(made)
    check(found == sorted(set(found)) and found[-1] == step + 60, found)


def full_disk(home, data):
    """A checkpoint that does not fit is said, and ends nothing."""
    made = home / "full"

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (45000, 45000))  # of the weights, not of a group's state

    done = run(program, "train", "--data", data, "--model", "mlp:4-64x3-3", *SHORT[2:], "--steps", "120", "--checkpoint-every",
               "50", "--run", made, preexec_fn=limit, timeout=LIMIT)
    check(done.returncode == 0, done)
    check(done.stderr.count("is not saved") in (1, 2) and "ulimit -f" in done.stderr, done.stderr)
    check(not checkpoints_of(made) and not list((made / "checkpoints").glob(".*")), "something is left")
    check((made / "weights.safetensors").exists(), "no weights")


def with_weights(home, first, data):
    """--init takes weights alone, and says what it does not take."""
    made = home / "init"
    done = train("--data", data, *SHORT, "--steps", "20", "--init", first / "weights.safetensors", "--lr", "1e-30", "--schedule",
                 "none", "--run", made)
    check("tensors begin as in" in done.stderr and "drawn" not in done.stderr, done.stderr)
    before, after = (json.loads(run(program, "checkpoint", "info", each / "weights.safetensors", "--format", "json").stdout)[0]
                     for each in (first, made))
    norms = [{each["name"]: each["norm"] for each in file["tensors"] if "running" not in each["name"]} for file in (before, after)]
    check(all(abs(norms[0][name] - norms[1][name]) < 1e-5 * (1 + norms[0][name]) for name in norms[0]), norms)
    done = train("--data", data, *SHORT[2:], "--model", "mlp:4-16x4-3", "--steps", "5", "--init", first / "weights.safetensors",
                 "--run", home / "deeper")
    check("drawn, for the file has another shape: 6.weight (3x16, here 16x16)" in done.stderr and "drawn, for the file has none:"
          in done.stderr and "8.weight" in done.stderr, done.stderr)
    check_refused(run(program, "train", "--init", first / "weights.safetensors", "--model", "mlp:784-9x2-10"), "--init", "no tensor")


def checkpoint_of_traced(home, data):
    """The trace so far is put aside, and that of what follows is in its place."""
    made = home / "traced"
    options = [each for each in SHORT if each not in ("--trace", "off")]
    train("--data", data, *options, "--steps", "30", "--schedule", "none", "--checkpoint-every", "30", "--run", made)
    done = train("--resume", made / "checkpoints" / "step-000000030", "--steps", "60")
    check("the trace so far is in" in done.stdout, done.stdout)
    for each in (made, made / "before-step-31"):
        told = run(program, "trace", "info", each)
        check(told.returncode == 0, told)


with folder() as home:
    home = Path(home)
    data = f"csv:{tiny_csv(home)}"
    first, whole = ended_early(home, data)
    damaged(first, whole)
    chosen(first, whole)
    changed(first, data)
    interrupted(home, data)
    full_disk(home, data)
    with_weights(home, first, data)
    checkpoint_of_traced(home, data)
