"""`syngrad certs` makes files that only their owner reads and never overwrites; `syngrad nodes` shows a roster with and
without them, and says in one line what is wrong."""
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from program import check, check_refused, folder, run

program, coordinator = sys.argv[1:]
VERSION = run(program, "--version").stdout.split()[1]


class Coordinator:
    """A process that answers for a coordinator."""

    def __init__(self, *words, version=VERSION):
        self.process = subprocess.Popen([coordinator, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "NODE_CHILD_VERSION": version})
        self.address = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=60)


def files_of(home, name):
    return [str(home / f"{name}.pem"), str(home / f"{name}-key.pem"), str(home / "ca.pem")]


def flags_of(home, name):
    return [word for pair in zip(("--tls-cert", "--tls-key", "--tls-ca"), files_of(home, name)) for word in pair]


with folder() as scratch:
    home, other = Path(scratch) / "certs", Path(scratch) / "other"
    made = run(program, "certs", home, "--names", "head,a", "--hosts", "10.0.0.1,head.example", "--days", "30")
    check(made.returncode == 0, made.stderr)
    names = sorted(path.name for path in home.iterdir())
    check(names == ["a-key.pem", "a.pem", "ca-key.pem", "ca.pem", "head-key.pem", "head.pem"], names)
    for path in home.iterdir():
        check(path.stat().st_mode & 0o777 == 0o600, path, oct(path.stat().st_mode))
        check(str(path) in made.stdout, path, "is not mentioned")
    before = (home / "a.pem").read_bytes()
    check_refused(run(program, "certs", home, "--names", "b"), "ca.pem", "nothing is overwritten", code=1,
                  command="syngrad certs: ")
    check((home / "a.pem").read_bytes() == before and not (home / "b.pem").exists(), "a folder was changed")
    for words, part in [([], "DIR"), (["x", "y"], "DIR"), (["x", "--names", "a,a"], "twice"),
                        (["x", "--names", "a/b"], "letters"), (["x", "--hosts", "a,DNS=b"], "machines"),
                        (["x", "--days", "0"], "--days")]:
        check_refused(run(program, "certs", *words, cwd=scratch), part, command="syngrad certs: ")
    run(program, "certs", other, "--names", "a")

    with Coordinator("head") as plain:
        table = run(program, "nodes", plain.address)
        check(table.returncode == 0 and len(table.stdout.splitlines()) == 2, table.stdout, table.stderr)
        check("127.0.0.1:7001" in table.stdout and "0-2" in table.stdout, table.stdout)
        answer = json.loads(run(program, "nodes", plain.address, "--format", "json").stdout)
        check([(node["name"], node["round_trip_ns"]) for node in answer] == [("b", 50000)], answer)
        check_refused(run(program, "nodes", plain.address, *flags_of(home, "a")), plain.address, "--tls-cert", code=1,
                      command="syngrad nodes: ")
    with Coordinator("head", *files_of(home, "head")) as safe:
        answer = json.loads(run(program, "nodes", safe.address, "--format", "json", *flags_of(home, "a")).stdout)
        check(answer[0]["name"] == "b", answer)
        check_refused(run(program, "nodes", safe.address), "TLS", code=1, command="syngrad nodes: ")
        check_refused(run(program, "nodes", safe.address, *flags_of(other, "a")), "--tls-ca", code=1,
                      command="syngrad nodes: ")
        gone = safe.address
    check_refused(run(program, "nodes", gone), gone, "connection refused", code=1, command="syngrad nodes: ")
    with Coordinator("head", version="9.8.7") as newer:
        check_refused(run(program, "nodes", newer.address), newer.address, "'head' runs syngrad 9.8.7", "same version", code=1,
                      command="syngrad nodes: ")
    with socket.create_server(("127.0.0.1", 0)) as silent:  # the kernel takes connections for it, and nobody speaks
        where = "127.0.0.1:%d" % silent.getsockname()[1]
        check_refused(run(program, "nodes", where, "--wait", "1"), where, "says nothing", "--tls-cert", code=1,
                      command="syngrad nodes: ")
        check_refused(run(program, "node", "--join", gone, "--listen", where), "--listen " + where, "in use", "0 for any",
                      command="syngrad node: ")
    check_refused(run(program, "nodes", "no-such-host.invalid:7000", "--insecure"), "no-such-host.invalid:7000", "mend HOST:PORT",
                  code=1, command="syngrad nodes: ")
    check_refused(run(program, "nodes", "10.0.0.9:7000"), "--insecure", "--tls-cert", command="syngrad nodes: ")
    check_refused(run(program, "nodes", "7000"), "HOST:PORT", command="syngrad nodes: ")
    check_refused(run(program, "nodes", "0177.1:7000"), "unusual spelling of the address 127.0.0.1",
                  command="syngrad nodes: ")
    check_refused(run(program, "node", "--join", "*:7000"), "--join", "where to listen", command="syngrad node: ")
    check_refused(run(program, "node", "--join", "192.0.2.1:7000"), "--join 192.0.2.1:7000 leaves this machine",
                  "--insecure", command="syngrad node: ")
    check_refused(run(program, "node", "--join", gone, "--listen", ":0"), "--listen 0.0.0.0:0 leaves this machine",
                  command="syngrad node: ")
