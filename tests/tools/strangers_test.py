"""Strangers of every sort at the TLS port of a run: it loses no connection, keeps nothing of them, and ends while they are
there. A minute of each, with rates: tests/bench/strangers_table.py."""
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from program import LIMIT, TINY, check, folder, free_address, read_until, run, start, tiny_csv

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))
from strangers import SORTS, WITH_TLS

program = sys.argv[1]
STRANGERS = Path(__file__).resolve().parents[1] / "bench" / "strangers.py"


def certificates(home):
    for name, names in (("ours", "c,a"), ("theirs", "s")):
        made = run(program, "certs", home / name, "--names", names)
        check(made.returncode == 0, made.stderr)


def secured(home, name, of="ours"):
    return ["--tls-ca", home / of / "ca.pem", "--tls-cert", home / of / f"{name}.pem", "--tls-key",
            home / of / f"{name}-key.pem"]


def strangers(home, where, sort, seconds):
    process = subprocess.Popen([sys.executable, STRANGERS, where, "--sort", sort, "--seconds", str(seconds), "--cert",
                                home / "theirs" / "s.pem", "--key", home / "theirs" / "s-key.pem", "--ca",
                                home / "ours" / "ca.pem"],
                               stdout=subprocess.PIPE, text=True)
    check(process.stdout.readline(), "strangers.py did not begin")
    return process


def told(process):
    out, _ = process.communicate(timeout=LIMIT)
    check(process.returncode == 0, "strangers.py ended with", process.returncode, process.args)
    return json.loads(out)


def descriptors(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


with folder() as home:
    home = Path(home)
    certificates(home)
    where = free_address()
    node = start(program, home, "node", "--join", where, "--threads", 1, "--run", home / "a", *secured(home, "a"))
    train = start(program, home, "train", *TINY, "--data", f"csv:{tiny_csv(home)}", "--steps", "1000000000", "--eval-every",
                  "50", "--run", home / "c", "--listen", where, "--nodes", "1", "--place", "0-1=a/cpu,2=cpu",
                  *secured(home, "c"), "--trace", "off")
    last = None
    try:
        read_until(train, "test error")
        before = descriptors(train)
        for sort in SORTS:
            came = told(strangers(home, where, sort, 1.5))
            check(came["made"] > 20 and came["refused"] == 0, sort, came)
            if sort in WITH_TLS:
                check(came["answered"] > 20, sort, came)
            if sort in ("garbage", "wrong-ca", "pretends"):
                check(came["closed"] > 20, sort, came)
            read_until(train, "test error")
        check(descriptors(train) <= before + 64 + 8, descriptors(train), before)
        last = strangers(home, where, "silent", LIMIT)
        read_until(train, "test error")
        train.send_signal(signal.SIGINT)
        out, err = train.communicate(timeout=LIMIT)
        check(train.returncode == 130, train.returncode, out, err)
        _, of_node = node.communicate(timeout=LIMIT)
        check("lost the connection" not in err + of_node, err, of_node)
        check((home / "c" / "weights.safetensors").stat().st_size > 100, "no weights")
        check(last.poll() is None, "the strangers had left")
        last.send_signal(signal.SIGTERM)
        told(last)
    finally:
        for each in (train, node, last):
            if each and each.poll() is None:
                each.kill()
                each.wait()
