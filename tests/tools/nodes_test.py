"""`syngrad certs` makes files that only their owner reads and never overwrites; `syngrad nodes` shows a roster with and
without them, and says in one line what is wrong."""
import json
import os
import re
import shutil
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


def table_of(home):
    """The rows of `certs --list`, by serial number."""
    shown = run(program, "certs", home)
    listed = run(program, "certs", home, "--list")
    again = run(program, "certs", home)  # the days that are left may have become less meanwhile
    check(shown.returncode == listed.returncode == 0 and listed.stdout in (shown.stdout, again.stdout),
          "--list shows something else:", shown.stdout, listed.stdout, shown.stderr)
    rows = [re.split(r" {2,}", line.strip()) for line in shown.stdout.splitlines()[1:]]
    return {row[-1]: row[:-1] for row in rows}


def states_of(home):
    return sorted((row[0], row[1]) for row in table_of(home).values())


def administered(scratch):
    """Nodes are added later, renewed, listed and revoked, and the others hold to it."""
    home, far = scratch / "administered", scratch / "far"

    def certs(*words, code=0):
        result = run(program, "certs", home, *words)
        check(result.returncode == code, words, result.returncode, result.stdout, result.stderr)
        return result

    def copy_of(name, into):  # what is on that node's machine, which has no list of its own
        into.mkdir()
        for each in (f"{name}.pem", f"{name}-key.pem", "ca.pem"):
            shutil.copy(home / each, into / each)
        return flags_of(into, name)

    def let_in(flags):
        with Coordinator("head", *files_of(home, "head")) as head:
            answer = run(program, "nodes", head.address, "--wait", "20", *flags)
            check(answer.returncode in (0, 1), answer.stderr)
            return answer.returncode == 0, answer.stderr

    certs("--names", "head,a", "--hosts", "10.0.0.1")
    check("b.pem" in certs("--names", "b", "--days", "40").stdout, "what to copy is not said")
    check(states_of(home) == [("a", "good"), ("b", "good"), ("ca", "good"), ("head", "good")], states_of(home))
    rows = {row[0]: row for row in table_of(home).values()}
    check(rows["b"][-1] in ("39", "40") and rows["ca"][-1] in ("364", "365"), rows)
    old_b = copy_of("b", far)
    check(let_in(old_b)[0], "a node that was added later is not let in")

    certs("--renew", "b")
    check(states_of(home).count(("b", "replaced, still good")) == 1, states_of(home))
    check(let_in(old_b)[0] and let_in(flags_of(home, "b"))[0], "a renewed node is not let in, or its old certificate")
    said = certs("--revoke", "b").stdout
    check("2 certificates of b" in said and str(home / "crl.pem") in said, said)
    check(states_of(home).count(("b", "revoked")) == 2, states_of(home))
    welcome, why = let_in(old_b)
    check(not welcome and "revoked" in why, "who is revoked:", welcome, why)
    check_refused(run(program, "nodes", "127.0.0.1:1", *flags_of(home, "b")), "--tls-cert", "revoked", code=1,
                  command="syngrad nodes: ")
    check(let_in(flags_of(home, "a"))[0], "who is not revoked is not let in")
    certs("--renew", "b")
    check(let_in(flags_of(home, "b"))[0] and not let_in(old_b)[0], "a node that was renewed after that is not let in")

    before = (home / "ca.pem").read_bytes()
    certs("--renew", "ca", "--days", "1000")
    check((home / "ca.pem").read_bytes() != before, "the CA has its old certificate")
    check(let_in(flags_of(home, "a"))[0] and not let_in(old_b)[0], "a new certificate of the CA changed who is let in")
    check((home / "crl.pem").stat().st_mode & 0o777 == 0o600, "crl.pem")

    (home / "ca-key.pem").rename(scratch / "kept-key.pem")
    check_refused(run(program, "certs", home, "--names", "d"), "ca-key.pem", "--ca-key FILE", code=1,
                  command="syngrad certs: ")
    check_refused(run(program, "certs", home, "--names", "d", "--ca-key", home / "a-key.pem"), "is not that of the CA",
                  code=1, command="syngrad certs: ")
    check(not (home / "d.pem").exists(), "a certificate without a CA")
    (scratch / "kept-key.pem").chmod(0o644)
    said = certs("--names", "d", "--ca-key", scratch / "kept-key.pem").stderr
    check("kept-key.pem" in said and "chmod 600" in said, said)
    check(let_in(flags_of(home, "d"))[0], "a node of a CA whose key is elsewhere is not let in")
    certs("--revoke", "nobody", "--ca-key", scratch / "kept-key.pem", code=2)


with folder() as scratch:
    administered(Path(scratch))
    home, other = Path(scratch) / "certs", Path(scratch) / "other"
    made = run(program, "certs", home, "--names", "head,a", "--hosts", "10.0.0.1,head.example", "--days", "30")
    check(made.returncode == 0, made.stderr)
    names = sorted(path.name for path in home.iterdir())
    check(names == ["a-key.pem", "a.pem", "ca-key.pem", "ca.pem", "head-key.pem", "head.pem", "issued"], names)
    for path in home.rglob("*.pem"):
        check(path.stat().st_mode & 0o777 == 0o600, path, oct(path.stat().st_mode))
        check(path.parent.name == "issued" or str(path) in made.stdout, path, "is not mentioned")
    check(len(list((home / "issued").iterdir())) == 2, "not every certificate is kept")
    before = (home / "a.pem").read_bytes()
    check_refused(run(program, "certs", home, "--names", "c,a"), "a.pem", "--renew a", code=2, command="syngrad certs: ")
    check((home / "a.pem").read_bytes() == before and not (home / "c.pem").exists(), "a folder was changed")
    missing = Path(scratch) / "missing"
    for words in (["--list"], ["--renew", "a"], ["--revoke", "a"]):
        check_refused(run(program, "certs", missing, *words), str(missing), "no CA", code=1, command="syngrad certs: ")
    check(not missing.exists(), "a folder was made")
    for words in (["--names", "b", "--renew", "a"], ["--renew", "a", "--list"], ["--names", "b", "--revoke", "a"]):
        check_refused(run(program, "certs", home, *words), "exclude", command="syngrad certs: ")
    for words, part in [([], "DIR"), (["x", "y"], "DIR"), (["x", "--names", "a,a"], "twice"),
                        (["x", "--names", "a/b"], "letters"), (["x", "--hosts", "a,DNS=b"], "machines"),
                        (["x", "--days", "0"], "--days"), (["x", "--names", "crl"], "crl"),
                        (["x", "--revoke", "ca"], "ca")]:
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
