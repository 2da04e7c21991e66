"""Nodes of a run over several processes: who is there and how fast their links are, before it trains, while it does, and
when one is away; advice where links are slow; addresses that others cannot reach; nodes of this machine, with TLS and
without."""
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from program import LIMIT, check, check_refused, folder, free_address, read_until, run, start, tiny_csv

program, relay_program = sys.argv[1:3]
DELAY_MS = 100  # each way
PATIENCE_S = 2  # of silence
CREDITS = "512"  # too few for that delay, and enough within a machine, however busy


class Cluster:
    """A coordinator that waits for two nodes; whatever is left of it ends with this."""

    def __init__(self, home, name, *train):
        self.home, self.where, self.started = home, free_address(), []
        self.train = self.start("train", "--model", "mlp:4-8x2-3", "--batch", "16", "--data", f"csv:{tiny_csv(home)}",
                                "--threads", "2", "--run", home / name, "--listen", self.where, "--nodes", "2",
                                "--trace", "off", *train)

    def start(self, *arguments):
        self.started.append(start(program, self.home, *arguments))
        return self.started[-1]

    def node(self, name, join=None, *more):
        """Returns when the coordinator has it."""
        node = self.start("node", "--join", join or self.where, "--name", name, "--threads", "1", *more)
        read_until(self.train, f"node {name} is here", self.train.stderr)
        return node

    def rows(self, ready):
        """Of `syngrad nodes`, as soon as `ready(rows)`."""
        until = time.monotonic() + LIMIT
        while time.monotonic() < until:
            answer = run(program, "nodes", self.where, "--format", "json")
            check(answer.returncode == 0, answer.stderr)
            rows = {row["name"]: row for row in json.loads(answer.stdout)}
            if ready(rows):
                return rows
        check(False, "not in time:", rows)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.started:
            process.kill()
            process.communicate()


def seen_and_advised(home):
    """One node is behind a slow network, the other is not: its row says so, and the advice does."""
    with Cluster(home, "slow", "--credits", CREDITS, "--place", "0-1=far/cpu,2=near/cpu", "--steps", "1000000000",
                 "--eval-every", "20", "--peer-timeout", PATIENCE_S) as cluster:
        relay = subprocess.Popen([relay_program, "--listen", "0", "--to", cluster.where, f"delay {DELAY_MS}"],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cluster.started.append(relay)
        cluster.node("far", f"127.0.0.1:{relay.stdout.readline().split()[-1]}", "--peer-timeout", PATIENCE_S)
        rows = cluster.rows(lambda rows: rows["far"]["bytes_per_second"])  # while it waits for the other one
        own, far = rows["coordinator"], rows["far"]
        check(own["node"] == 0 and own["state"] == "up" and own["devices"] == "cpu" and own["version"], own)
        check(own["round_trip_ns"] is None and own["last_heard_ms"] is None and own["groups"] == "", own)
        check(far["state"] == "up" and far["groups"] == "" and far["version"] == own["version"], far)
        check(2 * DELAY_MS <= far["round_trip_ns"] / 1e6 < 5000, far)
        check(0 <= far["last_heard_ms"] < 5000, far)

        cluster.node("near", None, "--peer-timeout", PATIENCE_S)
        said = "".join(read_until(cluster.train, "placed: ", cluster.train.stderr))
        said += cluster.train.stderr.readline()
        advice = re.search(r"links take (\d+) ms there and back, about (\d+) batches at (\d+) steps/s: --credits (\d+) "
                           r"would keep the nodes busy \(now 512\)", said)
        check(advice, said)
        round_trip, batches, rate, credits = map(int, advice.groups())
        check(2 * DELAY_MS <= round_trip < 5000 and credits >= batches > int(CREDITS), said)
        check(abs(batches - round_trip * rate / 1000) <= 1 + rate / 1000, said)

        read_until(cluster.train, "test error")
        both_up = lambda rows: all(rows[name]["state"] == "up" for name in ("far", "near"))
        rows = cluster.rows(both_up)  # while it trains
        check([rows[name]["groups"] for name in ("coordinator", "far", "near")] == ["", "0-1", "2"], rows)
        check(2 * DELAY_MS <= rows["far"]["round_trip_ns"] / 1e6 < 5000, rows)
        check(0 < rows["near"]["round_trip_ns"] / 1e6 < 2 * DELAY_MS, rows)
        check(all(0 <= rows[name]["last_heard_ms"] < 5000 for name in ("far", "near")), rows)
        table = run(program, "nodes", cluster.where).stdout.splitlines()
        check(len(table) == 4 and table[0].split()[0] == "node", table)
        check(table[1].split()[1] == "coordinator" and table[1].split()[-3:-1] == ["-", "-"], table)
        relay.stdin.write(f"cut {3000 * PATIENCE_S}\n")
        relay.stdin.flush()
        away = cluster.rows(lambda rows: rows["far"]["state"] == "away")["far"]
        check(away["last_heard_ms"] > 500 * PATIENCE_S and away["groups"] == "0-1", away)
        cluster.rows(both_up)
        cluster.train.send_signal(signal.SIGINT)
        out, err = cluster.train.communicate(timeout=LIMIT)
        check(cluster.train.returncode == 130, cluster.train.returncode, out, err)


def not_reached(home):
    """An address that a node gave and is not reached at: --advertise is named, at the coordinator too."""
    with Cluster(home, "refused", "--place", "0=a/cpu,1-2=b/cpu") as cluster:
        cluster.node("a")
        wrong = free_address()
        cluster.node("b", None, "--advertise", wrong)
        _, err = cluster.train.communicate(timeout=LIMIT)
        check(cluster.train.returncode == 1, cluster.train.returncode, err)
        check(f"node b was never reached: nobody listens at {wrong} (connection refused): start the process there, or "
              "mend the address that it gave; if others reach it at another address, start it with --advertise HOST:PORT" in err, err)
    with Cluster(home, "elsewhere", "--place", "0=a/cpu,1-2=b/cpu") as cluster:
        cluster.node("a")
        cluster.node("b", None, "--listen", "0.0.0.0:0", "--insecure", "--advertise", "192.0.2.1:7000")
        _, err = cluster.train.communicate(timeout=LIMIT)
        check(cluster.train.returncode == 1, cluster.train.returncode, err)
        check("node a joined by a loopback address" in err and "neighbour b is at 192.0.2.1:7000" in err
              and "--advertise HOST:PORT" in err, err)


def local_nodes(home):
    """On all addresses, with the certificates of a folder or without any; what each process holds is in the summary."""
    for name, names in ("certs", "main,local-1,local-2"), ("too-few", "main"):
        made = run(program, "certs", home / name, "--names", names)
        check(made.returncode == 0, made.stderr)

    def train(name, *more):
        return run(program, "train", "--model", "mlp:4-8x2-3", "--batch", "16", "--data", f"csv:{tiny_csv(home)}",
                   "--threads", "2", "--credits", CREDITS, "--run", home / name, "--steps", "100", "--local-nodes", "2",
                   "--listen", "0.0.0.0:0", "--place", "0=local-1/cpu,1-2=local-2/cpu", *more, cwd=home)

    def tls(name):
        return ["--tls-ca", home / name / "ca.pem", "--tls-cert", home / name / "main.pem", "--tls-key",
                home / name / "main-key.pem"]

    for name, more in ("safe", tls("certs")), ("open", ["--insecure"]):
        result = train(name, *more)
        check(result.returncode == 0, name, result.stdout, result.stderr)
        check("there and back" in result.stderr and "links take" not in result.stderr, result.stderr)
        summary = json.loads((home / name / "summary.json").read_text())
        held = {row["node"]: row["memory_bytes"] for row in summary["memory"]}
        check(sorted(held) == ["coordinator", "local-1", "local-2"], summary["memory"])
        check(all(held.values()) and sum(held.values()) == summary["device_bytes"], held, summary["device_bytes"])
        shown = re.search(r"^memory: coordinator cpu [\d.]+ [KM]iB; local-1 cpu [\d.]+ [KM]iB; local-2 cpu "
                          r"[\d.]+ [KM]iB$", result.stdout, re.MULTILINE)
        check(shown, result.stdout)
    check_refused(train("no-certificates", *tls("too-few")), "--local-nodes", str(home / "too-few" / "local-1.pem"),
                  "syngrad certs DIR --names local-1,local-2")


with folder() as path:
    home = Path(path)
    seen_and_advised(home)
    not_reached(home)
    local_nodes(home)
