"""--link: what is said before a run, what it leaves, and where it is refused."""
import json
import signal
import sys
from pathlib import Path

from program import check, folder, read_until, run, start, tiny_csv

program = sys.argv[1]
FOUR = ["--model", "mlp:4-8x3-3", "--batch", "16", "--threads", "2", "--groups", "4"]


def train(home, *options):
    return run(program, "train", *FOUR, "--data", f"csv:{tiny_csv(home)}", *options, cwd=home)


with folder() as there:
    home = Path(there)

    # Credits are advised, the bytes are counted, and run.ini repeats it.
    done = train(home, "--steps", "20", "--link", "delay@1:20ms,rate@2:1MB/s", "--run", "linked")
    check(done.returncode == 0, done.stderr)
    check("link: interface 1 takes 40 ms there and back" in done.stderr and "--credits" in done.stderr, done.stderr)
    check("over links, bytes a sample" in done.stdout, done.stdout)
    groups = json.loads((home / "linked" / "summary.json").read_text())["groups"]
    check([each["bytes_from_below"] > 0 for each in groups] == [False, False, True, True], groups)
    check([each["bytes_from_above"] > 0 for each in groups] == [False, True, True, False], groups)
    check("link = delay@1:20ms,rate@2:1MB/s" in (home / "linked" / "run.ini").read_text(), "run.ini")
    done = run(program, "train", "--config", "linked/run.ini", "--steps", "2", "--quiet", "--run", "again", cwd=home)
    check(done.returncode == 0, done.stderr)
    told = run(program, "trace", "latency", "linked", cwd=home)
    check(told.returncode == 0 and "wire" in told.stdout, told.stdout, told.stderr)
    checked = run(program, "trace", "check", "linked", cwd=home)
    check(checked.returncode == 0 and "whose send is not" not in checked.stdout, checked.stdout, checked.stderr)

    # A policy that waits is told what it waits for.
    done = train(home, "--steps", "4", "--policy", "locked", "--link", "delay@*:10ms", "--run", "locked")
    check(done.returncode == 0 and "waits for the way up and down again, 60 ms: at most" in done.stderr, done.stderr)
    done = train(home, "--steps", "4", "--link", "delay@*:10ms", "--credits", "4096", "--run", "enough")
    check(done.returncode == 0 and "--credits" not in done.stderr, done.stderr)

    # Ctrl-C ends in order, over the links.
    process = start(program, home, "train", *FOUR, "--data", f"csv:{home / 'tiny.csv'}", "--steps", "100000",
                    "--eval-every", "5", "--link", "delay@*:30ms,jitter@*:20ms", "--run", "interrupted")
    read_until(process, "step 5/")
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    check(process.returncode == 130, process.returncode, told)
    check((home / "interrupted" / "weights.safetensors").stat().st_size > 0, "weights")

    # In a deterministic run a delay counts batches: other weights, the same for the same seed.
    weights = []
    for name, options in (("plain", []), ("later", ["--link", "delay@1:3b"]), ("later again", ["--link", "delay@1:3b"])):
        done = train(home, "--steps", "30", "--deterministic", "--policy", "delayed", *options, "--run", name)
        check(done.returncode == 0, done.stderr)
        weights.append((home / name / "weights.safetensors").read_bytes())
    check(weights[0] != weights[1] and weights[1] == weights[2], "weights")

    for options, word in ((["--link", "delay@1:5"], "--link: expected"),
                          (["--link", "delay@7:5ms"], "expected interfaces 0 to 2"),
                          (["--link", "delay@1:3b"], "a delay in batches is for --deterministic"),
                          (["--link", "delay@1:5ms", "--deterministic"], "cannot depend on times")):
        done = train(home, *options)
        check(done.returncode == 2 and word in done.stderr, options, done.stderr)

    # Between processes there is a network; within one a link may be.
    two = ["--local-nodes", "2", "--place", "0-1=local-1/cpu,2-3=local-2/cpu", "--steps", "10", "--quiet"]
    done = train(home, *two, "--link", "delay@0:2ms", "--run", "inside")
    check(done.returncode == 0, done.stdout, done.stderr)
    groups = json.loads((home / "inside" / "summary.json").read_text())["groups"]
    check(all(each["bytes_from_below"] > 0 for each in groups[:3]), groups)
    done = train(home, *two, "--link", "delay@*:2ms", "--run", "across")
    check(done.returncode != 0 and "groups 1 and 2 are in different processes" in done.stderr, done.stderr)

    # What is on the way is no hang, in whatever process.
    split = ["--local-nodes", "1", "--place", "0-1=cpu,2-3=local-1/cpu", "--steps", "1", "--credits", "64",
             "--hang-after", "0.5", "--reconnect-for", "0.5"]
    for name, interface in (("here", 0), ("there", 2)):
        done = train(home, *split, "--link", f"delay@{interface}:2s", "--run", name)
        check(done.returncode == 0 and json.loads((home / name / "summary.json").read_text())["end"] == "finished", name,
              done.stdout, done.stderr)
