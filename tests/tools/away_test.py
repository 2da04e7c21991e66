"""A run whose network between two nodes is away for a while: the groups below the gap go on alone, all of the steps reach
the loss, and the summary tells the two apart."""
import json
import subprocess
import sys
from pathlib import Path

from program import check, folder, free_port, tiny_csv

program, relay_program = sys.argv[1:3]
STEPS = 12000
LIMIT = 240  # s; generous: the machine may be busy


def start(home, arguments, **more):
    return subprocess.Popen([*map(str, arguments)], cwd=home, stdout=subprocess.PIPE, text=True, **more)


with folder() as path:
    home = Path(path)
    where, started = f"127.0.0.1:{free_port()}", []
    try:
        relays = []
        for name in "ab":  # all that crosses between the two nodes goes through one of these
            own = free_port()
            relay = start(home, [relay_program, "--listen", "0", "--to", f"127.0.0.1:{own}"], stdin=subprocess.PIPE)
            started.append(relay)
            relays.append(relay)
            port = relay.stdout.readline().split()[-1]
            started.append(start(home, [program, "node", "--join", where, "--name", name, "--threads", "1", "--listen",
                                        f"127.0.0.1:{own}", "--advertise", f"127.0.0.1:{port}", "--peer-timeout", "1"],
                                 stderr=subprocess.DEVNULL))
        train = start(home, [program, "train", "--model", "mlp:4-8x2-3", "--batch", "16", "--data",
                             f"csv:{tiny_csv(home)}", "--threads", "2", "--run", home / "away", "--listen", where,
                             "--nodes", "2", "--place", "0-1=a/cpu,2=b/cpu", "--steps", STEPS, "--eval-every", STEPS // 3,
                             "--peer-timeout", "1", "--max-alone", "300", "--trace", "off"], stderr=subprocess.PIPE)
        started.append(train)
        for line in train.stdout:
            if "test error" in line:
                break
        else:
            check(False, "it did not begin to train:", train.stderr.read())
        for relay in relays:
            relay.stdin.write("cut 4000\n")
            relay.stdin.flush()
        out, err = train.communicate(timeout=LIMIT)
    finally:
        for each in started:
            each.kill()
            each.wait()
    check(train.returncode == 0, train.returncode, out, err)
    summary = json.loads((home / "away" / "summary.json").read_text())
    check(summary["steps"] == STEPS, summary)
    groups = summary["groups"]
    alone = groups[1]["alone"]
    check(alone > 0, "nothing was trained alone:", out, err)
    check([group["alone"] for group in groups] == [0, alone, 0], groups)
    check([group["updates"] for group in groups] == [STEPS + alone, STEPS + alone, STEPS], groups)
    check(f", {alone} more batches trained alone" in out.splitlines()[-1], out)
    check("max-alone = 300" in (home / "away" / "run.ini").read_text(), "run.ini")
