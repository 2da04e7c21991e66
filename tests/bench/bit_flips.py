#!/usr/bin/env python3
"""One flipped bit in each of many runs over connections without TLS: at a random byte, from a connection's first bytes on.

    python3 tests/bench/bit_flips.py --runs 100 --out tests/bench/results/bit_flips.md

A coordinator and two nodes on built-in data; all that passes between them, the nodes' own link too, goes through relays of this
script, one of which flips the bit. Half of the bytes are among the first 4 KiB, where connections begin.
"""
import argparse, collections, os, pathlib, random, shutil, socket, tempfile, threading, time

from cluster import Cluster
from machine import described

TRAINING = ["--model", "mlp:784-32x2-10", "--batch", 64, "--threads", 1, "--place", "0=a/cpu,1-2=b/cpu", "--eval-every", 0,
            "--trace", "off", "--policy", "delayed", "--peer-timeout", 4]


class Flipper:
    """One bit of what passes in one direction, at its `offset`-th byte; the count goes on over all connections."""

    def __init__(self, up, offset, bit):
        self.up, self.left, self.bit, self.done, self.lock = up, offset, bit, False, threading.Lock()

    def change(self, data, up):
        with self.lock:
            if self.done or up != self.up:
                return data
            if self.left >= len(data):
                self.left -= len(data)
                return data
            changed = bytearray(data)
            changed[self.left] ^= 1 << self.bit
            self.done = True
            return bytes(changed)


class Relay:
    """Like cluster.Relay, within this process."""

    def __init__(self, to, flipper=None):
        self.to, self.flipper, self.passed = to, flipper, {True: 0, False: 0}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                client.close()
                continue
            for source, sink, up in ((client, server, True), (server, client, False)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self.passes, args=(source, sink, up), daemon=True).start()

    def passes(self, source, sink, up):
        try:
            while data := source.recv(65536):
                self.passed[up] += len(data)
                sink.sendall(self.flipper.change(data, up) if self.flipper else data)
        except OSError:
            pass
        for each in (source, sink):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


class RelayedCluster(Cluster):
    """Its relays are of this process; `flippers`: by the name of the process that one stands before."""

    def __init__(self, *arguments, flippers, **more):
        self.flippers = flippers
        super().__init__(*arguments, relay=True, **more)

    def relay_before(self, name, _program, port, _told):
        return Relay(port, self.flippers.get(name))


def one_run(arguments, folder, flippers):
    shutil.rmtree(folder, ignore_errors=True)
    began = time.monotonic()
    with RelayedCluster(arguments.binary, folder, ("a", "b"), [*TRAINING, "--steps", arguments.steps],
                        flippers=flippers) as cluster:
        codes = cluster.wait(arguments.patience)
        passed = {name: dict(relay.passed) for name, relay in cluster.relays.items()}
        logs = "\n".join(cluster.log(name) for name in cluster.processes)
        steps = cluster.summary()["steps"] if (cluster.run / "summary.json").exists() else 0
    good = not any(codes.values()) and None not in codes.values() and steps == arguments.steps
    return good, logs, passed, time.monotonic() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="build/release/bin/syngrad")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patience", type=float, default=120, help="seconds for each run")
    parser.add_argument("--out")
    arguments = parser.parse_args()
    arguments.binary = os.path.abspath(arguments.binary)
    choose = random.Random(arguments.seed)
    counts, longest = collections.Counter(), 0.0
    with tempfile.TemporaryDirectory(prefix="syngrad-flips-") as made:
        good, logs, passed, _ = one_run(arguments, pathlib.Path(made) / "quiet", {})
        if not good:
            raise SystemExit("the undisturbed run failed:\n" + logs)
        ways = [(name, up) for name, ways in passed.items() for up, amount in ways.items() if amount > 0]
        for number in range(arguments.runs):
            name, up = choose.choice(ways)
            most = passed[name][up]
            offset = choose.randrange(min(most, 4096)) if choose.random() < 0.5 else choose.randrange(most)
            flipper = Flipper(up, offset, choose.randrange(8))
            good, logs, _, took = one_run(arguments, pathlib.Path(made) / "flipped", {name: flipper})
            longest = max(longest, took)
            counts["flipped" if flipper.done else "not reached"] += 1
            counts["lost and made anew"] += "lost the connection" in logs
            counts["finished" if good else "failed"] += 1
            if not good:
                print(f"run {number}: before {name}, {'up' if up else 'down'}, byte {offset}, bit {flipper.bit}\n{logs}",
                      flush=True)
    line = (f"| {arguments.runs} | {counts['flipped']} | {counts['lost and made anew']} | {counts['finished']} | "
            f"{counts['failed']} | {longest:.0f} s |")
    print(line)
    if arguments.out:
        pathlib.Path(arguments.out).write_text(f"""# One flipped bit in a run without TLS

{described()}

784-32x2-10 on the built-in digits, {arguments.steps} steps, a coordinator and two nodes; a bit of what passes between any two of them,
at a random byte: half of the bytes among the first 4 KiB of a direction, half anywhere.

    python3 tests/bench/bit_flips.py --runs {arguments.runs} --seed {arguments.seed}

| runs | bits flipped | an established connection lost and made anew | runs that finished with all steps | runs that failed | longest run |
|---|---|---|---|---|---|
{line}

Where no established connection was lost, the bit was in an attempt to connect, which the next attempt makes good.
""")
    raise SystemExit(counts["failed"] > 0)


if __name__ == "__main__":
    main()
