"""Runs over several processes: the weights of one process bit for bit; whatever is killed, every other process ends with
its weights saved, the right exit code and one line, and none is left."""
import json
import os
import re
import signal
import socket
import sys
from pathlib import Path

from program import (LIMIT, check, children, folder, free_address, read_until, run, send_again, start, tiny_csv,
                     wait_for, wait_gone)

program = sys.argv[1]
MODEL = ["--model", "mlp:4-8x2-3", "--batch", "16"]
ENDLESS = ["--steps", "1000000000", "--eval-every", "50"]


def train(home, name, *more):
    return start(program, home, "train", *MODEL, "--data", f"csv:{tiny_csv(home)}", "--threads", "2", "--run", name, *more)


def equal_to_one_process(home, policy):
    common = [*MODEL, "--data", f"csv:{tiny_csv(home)}", "--steps", "300", "--threads", "2", "--deterministic",
              "--policy", policy]
    places = ",".join(f"{i}=local-{i + 1}/cpu" for i in range(3))
    one = run(program, "train", *common, "--run", home / f"one-{policy}")
    check(one.returncode == 0, one.stderr)
    many = run(program, "train", *common, "--run", home / f"many-{policy}", "--local-nodes", "3", "--trace", "on",
               "--place", places, cwd=home)
    check(many.returncode == 0, many.stdout, many.stderr)
    check("placed: groups 0 on local-1 (cpu), 1 on local-2 (cpu), 2 on local-3 (cpu)" in many.stderr, many.stderr)
    weights = [(home / f"{kind}-{policy}" / "weights.safetensors").read_bytes() for kind in ("one", "many")]
    check(weights[0] == weights[1], f"{policy}: the weights differ")
    traces = sorted(each.name for each in (home / f"many-{policy}" / "trace").iterdir())
    check(traces == [f"node{i}-000000.trace" for i in range(4)], traces)
    info = run(program, "trace", "check", home / f"many-{policy}")
    check(info.returncode == 0, info.stdout, info.stderr)
    amounts = run(program, "trace", "bytes", home / f"many-{policy}", "--format", "csv", "--table", "by_interface")
    crossed = {tuple(line.split(",")[:2]) for line in amounts.stdout.splitlines()[1:]}
    check({(i, kind) for i in "01" for kind in ("activation", "gradient")} <= crossed, amounts.stdout, amounts.stderr)
    check(not list((home / f"many-{policy}").glob("local-*")), "a node's folder is left of a run that went well")


def fewer_gradients(home):
    """Every fourth gradient: three quarters of what gradients take are saved, and the summary says so."""
    def bytes_of(name, *more):
        result = run(program, "train", "--model", "mlp:4-64x2-3", "--batch", "16", "--data", f"csv:{tiny_csv(home)}",
                     "--steps", "200", "--threads", "2", "--deterministic", "--run", home / name, "--local-nodes", "2",
                     "--place", "0=local-1/cpu,1-2=local-2/cpu", *more, cwd=home)
        check(result.returncode == 0, result.stdout, result.stderr)
        summary = json.loads((home / name / "summary.json").read_text())
        return result.stdout, [summary[f"link_bytes_per_sample_{which}"] for which in ("up", "down", "saved")]

    shown, (up, down, saved) = bytes_of("all")
    check("over links, bytes a sample: " in shown and saved == 0, shown)
    # 64 numbers of 4 bytes each way, the input (4), the label, and what describes the messages.
    check(64 * 4 < down < up < 64 * 4 + 64, up, down)
    shown, (up_now, down_now, saved) = bytes_of("fourth", "--gradients", "every:4")
    check(up_now == up, up_now, up)
    check(abs(down_now + saved - down) < 1e-6, down_now, saved, down)
    check(down_now < 0.3 * down, down_now, down)
    check(" of what all would take" in shown, shown)


def thin_gradients(home):
    """Gradients as factors: fewer bytes, an error that is told, and the same weights each time."""
    def trained(name, *more):
        result = run(program, "train", "--model", "mlp:4-64x2-3", "--batch", "64", "--data", f"csv:{tiny_csv(home)}",
                     "--steps", "100", "--threads", "2", "--deterministic", "--policy", "delayed", "--run", home / name,
                     "--local-nodes", "2", "--place", "0=local-1/cpu,1-2=local-2/cpu", *more, cwd=home)
        check(result.returncode == 0, result.stdout, result.stderr)
        summary = json.loads((home / name / "summary.json").read_text())
        return result.stdout, summary, (home / name / "weights.safetensors").read_bytes()

    _, plain, _ = trained("plain")
    shown, thin, weights = trained("thin", "--wire", "bf16,rank:4")
    _, again, same = trained("thin-again", "--wire", "bf16,rank:4")
    # Two factors of 4 columns and 64 rows each, in 2 bytes, for 64 rows of 64 columns in 4.
    down = [each["link_bytes_per_sample_down"] for each in (plain, thin)]
    check(down[1] < 0.2 * down[0], *down)
    check("; gradients as factors of 4.0 columns, " in shown, shown)
    error = [each["gradient_error"] for each in thin["groups"]]
    check(0 < error[0] < 0.5 and error[1:] == [0, 0], *error)
    check(plain["groups"][0]["gradient_rank"] == 0, plain["groups"][0])
    check(weights == same and again["groups"][0]["gradient_error"] == error[0], "the weights differ")


def killed_node(home):
    process = train(home, "killed", "--local-nodes", "3", "--place", "0=local-1/cpu,1=local-2/cpu,2=local-3/cpu",
                    *ENDLESS)
    read_until(process, "test error")
    nodes = children(process.pid)
    check(len(nodes) == 3, nodes)
    os.kill(nodes[1], signal.SIGKILL)
    out, err = process.communicate(timeout=LIMIT)
    check(process.returncode == 1, process.returncode, out, err)
    lines = [line for line in err.splitlines() if line.startswith("syngrad train: node local-2 is gone: ")]
    check(len(lines) == 1 and "last heard of" in lines[0] and "lost with it: the weights of group 1" in lines[0], err)
    wait_gone(nodes)
    saved = list((home / "killed").glob("local-*/weights.safetensors"))
    check(len(saved) == 2, saved, err)
    check(json.loads((home / "killed" / "summary.json").read_text())["end"] == "failed", "summary")
    check((home / "killed" / "weights.safetensors").stat().st_size > 100, "no weights")


def interrupted(home):
    process = train(home, "interrupted", "--local-nodes", "2", *ENDLESS)
    read_until(process, "test error")
    nodes = children(process.pid)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=LIMIT)
    check(process.returncode == 130, process.returncode, out, err)
    check(out.splitlines()[-1].startswith("interrupted: test error"), out)
    wait_gone(nodes)


def equal_over_tls(home):
    made = run(program, "certs", home / "certs", "--names", "c,a,b")
    check(made.returncode == 0, made.stderr)

    def tls(name):
        return ["--tls-ca", home / "certs/ca.pem", "--tls-cert", home / f"certs/{name}.pem", "--tls-key",
                home / f"certs/{name}-key.pem"]

    where = free_address()
    nodes = [start(program, home, "node", "--join", where, "--threads", "1", *tls(name)) for name in "ab"]
    result = run(program, "train", *MODEL, "--data", f"csv:{tiny_csv(home)}", "--steps", "300", "--deterministic",
                 "--policy", "corrected", "--run", home / "tls", "--listen", where, "--nodes", "2", *tls("c"), cwd=home)
    check(result.returncode == 0, result.stderr)
    for node in nodes:
        _, said = node.communicate(timeout=LIMIT)
        check(node.returncode == 0, node.returncode, said)
    weights = [(home / name / "weights.safetensors").read_bytes() for name in ("one-corrected", "tls")]
    check(weights[0] == weights[1], "over TLS the weights differ")


def joined_by_hand(home):
    """Nodes first, then the coordinator; Ctrl-C at a node ends the run in order; exit codes of all."""
    where = free_address()
    nodes = [start(program, home, "node", "--join", where, "--name", name, "--threads", "1") for name in "ab"]
    # It says what it waits for.
    check("waits for" in nodes[0].stderr.readline(), "no word of waiting")
    process = train(home, "joined", "--listen", where, "--nodes", "2", "--place", "0-1=b/cpu,2=a/cpu", *ENDLESS)
    read_until(process, "test error")
    nodes[1].send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=LIMIT)
    check(process.returncode == 130 and "node b was interrupted" in err, process.returncode, err)
    check("placed: groups 0-1 on b (cpu), 2 on a (cpu)" in err, err)
    for node in nodes:
        _, said = node.communicate(timeout=LIMIT)
        check(node.returncode == 130, node.returncode, said)


def interrupted_twice(home):
    """With a node that is frozen the batches in flight never end: the second Ctrl-C gives them up, and who has weights
    saves them."""
    where = free_address()
    frozen, well = [start(program, home, "node", "--join", where, "--name", name, "--threads", "1") for name in "ab"]
    process = train(home, "twice", "--listen", where, "--nodes", "2", "--place", "0=cpu,1=b/cpu,2=a/cpu", "--peer-timeout",
                    "2", *ENDLESS)
    read_until(process, "test error")
    frozen.send_signal(signal.SIGSTOP)
    process.send_signal(signal.SIGINT)
    read_until(process, "once more to leave to the nodes", process.stderr)
    wait_for(lambda: list(home.glob("runs/*-node-b/weights.safetensors")))  # saved first, whoever else does not answer
    send_again(process, signal.SIGINT)
    out, err = process.communicate(timeout=LIMIT)
    check(process.returncode == 130 and "not saved here: the weights of" in err, process.returncode, out, err)
    _, said = well.communicate(timeout=LIMIT)
    check(well.returncode == 130 and "-node-b/weights.safetensors" in said, well.returncode, said)
    frozen.send_signal(signal.SIGCONT)
    _, said = frozen.communicate(timeout=LIMIT)
    check(frozen.returncode in (1, 130) and "-node-a/weights.safetensors" in said, frozen.returncode, said)


def left_before_it_began(home):
    """Ctrl-C at a node that only waits: it goes at once, and its seat and name are free again."""
    where = free_address()
    process = train(home, "left", "--listen", where, "--nodes", "2", "--steps", "50")
    impatient = start(program, home, "node", "--join", where, "--name", "a", "--threads", "1")
    read_until(process, "node a is here", process.stderr)
    impatient.send_signal(signal.SIGINT)
    _, said = impatient.communicate(timeout=LIMIT)
    check(impatient.returncode == 130 and "did not end the run" not in said, impatient.returncode, said)
    read_until(process, "node a has left", process.stderr)
    nodes = [start(program, home, "node", "--join", where, "--name", name, "--threads", "1") for name in "ab"]
    out, err = process.communicate(timeout=LIMIT)
    check(process.returncode == 0, process.returncode, out, err)
    for node in nodes:
        _, said = node.communicate(timeout=LIMIT)
        check(node.returncode == 0, node.returncode, said)


def advised(home):
    """Who listens everywhere says an address that others can reach, and somebody answers there."""
    process = train(home, "advised", "--listen", "*:0", "--nodes", "1", "--insecure", "--steps", "50")
    line = read_until(process, "waiting for 1 node", process.stderr)[-1]
    found = re.search(r"at 0\.0\.0\.0:\d+: syngrad node --join ([\d.]+:\d+)", line)
    check(found and not found[1].startswith("0.0.0.0"), line)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way_out:  # that packets would take; nothing is sent
        try:
            way_out.connect(("192.0.2.1", 9))
            check(found[1].startswith(way_out.getsockname()[0] + ":"), line)
        except OSError:
            check("192.0.2" not in line, line)
    node = start(program, home, "node", "--join", found[1], "--name", "a", "--threads", "1", "--insecure")
    out, err = process.communicate(timeout=LIMIT)
    check(process.returncode == 0, process.returncode, out, err)
    _, said = node.communicate(timeout=LIMIT)
    check(node.returncode == 0, node.returncode, said)


def waited_for(home):
    """Who waits says who is here and who is missing, lets in only those that it has seats for, and gives up in time."""
    where = free_address()
    join = lambda name: start(program, home, "node", "--join", where, "--name", name, "--threads", "1")
    process = train(home, "waits", "--listen", where, "--nodes", "2", "--place", "0=cpu,1=a/cpu,2=b/cpu", "--wait-for",
                    "3600", "--steps", "50")
    a = join("a")
    check("here: a; missing: b" in read_until(process, "waited ", process.stderr)[-1], "a line that says who is missing")
    c = join("c")
    _, said = c.communicate(timeout=LIMIT)
    check(c.returncode == 1 and "the seats that are left in this run are for b (--place)" in said, said)
    b = join("b")
    for each in (process, a, b):
        out, err = each.communicate(timeout=LIMIT)
        check(each.returncode == 0, each.args, each.returncode, out, err)

    process = train(home, "waits-in-vain", "--listen", where, "--nodes", "2", "--wait-for", "5")
    a = join("a")
    read_until(process, "node a is here", process.stderr)
    out, err = process.communicate(timeout=LIMIT)
    check(process.returncode == 1 and "--wait-for: waited 5 s for 2 nodes; here: a; missing: 1 node" in err, out, err)
    _, said = a.communicate(timeout=LIMIT)
    check(a.returncode == 1 and "--wait-for: waited 5 s" in said, a.returncode, said)
    result = run(program, "node", "--join", where, "--wait-for", "0.5", cwd=home)
    check(result.returncode == 1 and f"nobody listens at {where}" in result.stderr, result.returncode, result.stderr)


def belongs_to_no_run(home):
    """Processes that a run which has begun has no seat for are told so, and end: a further node, and a second one of
    a name."""
    where = free_address()
    join = lambda name: start(program, home, "node", "--join", where, "--name", name, "--threads", "1",
                              "--peer-timeout", "2")
    process = train(home, "full", "--listen", where, "--nodes", "1", "--peer-timeout", "2", *ENDLESS)
    a = join("a")
    read_until(process, "test error")
    for name, line in ("b", "the run has begun, and takes no nodes any more"), ("a", "and takes no other"):
        late = join(name)
        _, said = late.communicate(timeout=LIMIT)
        check(late.returncode == 1 and line in said and "start this one again for the next run" in said, name, said)
    process.send_signal(signal.SIGINT)
    for each in (process, a):
        out, err = each.communicate(timeout=LIMIT)
        check(each.returncode == 130, each.args, each.returncode, out, err)


def refused(home):
    result = run(program, "node")
    check(result.returncode == 2 and "--join" in result.stderr, result.stderr)
    result = run(program, "train", *MODEL, "--data", f"csv:{tiny_csv(home)}", "--nodes", "2", "--run", home / "no")
    check(result.returncode == 2 and "--listen" in result.stderr, result.stderr)
    for everywhere in ("0.0.0.0:0", "*:0", ":0"):
        result = run(program, "train", *MODEL, "--data", f"csv:{tiny_csv(home)}", "--listen", everywhere, "--run",
                     home / "no")
        check(result.returncode == 2 and "--insecure" in result.stderr, everywhere, result.stderr)
    result = run(program, "train", *MODEL, "--data", f"csv:{tiny_csv(home)}", "--local-nodes", "1", "--place",
                 "0-2=elsewhere/cpu", "--run", home / "no")
    check(result.returncode == 2 and "there is no node 'elsewhere'" in result.stderr, result.stderr)
    check(not (home / "no").exists(), "a refused run left a folder")


with folder() as path:
    home = Path(path)
    refused(home)
    advised(home)
    waited_for(home)
    belongs_to_no_run(home)
    for policy in ("synthetic", "corrected"):
        equal_to_one_process(home, policy)
    equal_over_tls(home)
    fewer_gradients(home)
    thin_gradients(home)
    killed_node(home)
    interrupted(home)
    joined_by_hand(home)
    interrupted_twice(home)
    left_before_it_began(home)
