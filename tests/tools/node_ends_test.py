"""Who is killed or told to end, and what is on disk then: a node whose coordinator is killed saves what it has; a signal
that reaches every process of a run is one request, and gives 130 everywhere; a folder that cannot be written is told
before the run begins."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from program import (LIMIT, check, check_refused, children, folder, free_address, read_until, remove, run, send_again, start,
                     tiny_csv, wait_gone)
from whole_weights import names_in

program = sys.argv[1]
MODEL = ["--model", "mlp:4-8x2-3", "--batch", "16"]
ENDLESS = ["--steps", "1000000000", "--eval-every", "50"]


def train(home, name, *arguments, **more):
    return start(program, home, "train", *MODEL, "--data", f"csv:{tiny_csv(home)}", "--threads", "2", "--run", name,
                 *arguments, **more)


def all_names(home):
    """What a run in one process saves."""
    result = run(program, "train", *MODEL, "--data", f"csv:{tiny_csv(home)}", "--steps", "20", "--run", home / "whole")
    check(result.returncode == 0, result.stderr)
    return names_in(home / "whole" / "weights.safetensors")


def killed_coordinator(home, wanted):
    """At several moments, with the threads of a coordinator in whatever order the system ends them."""
    for number in range(6):
        name = f"orphans-{number}"
        process = train(home, name, "--local-nodes", "3", "--place", "0=local-1/cpu,1=local-2/cpu,2=local-3/cpu", *ENDLESS)
        for _ in range(1 + number):
            read_until(process, "test error")
        nodes = children(process.pid)
        check(len(nodes) == 3, nodes)
        process.kill()
        _, err = process.communicate(timeout=LIMIT)
        wait_gone(nodes)
        files = sorted((home / name).glob("local-*/weights.safetensors"))
        check(len(files) == 3, name, files, err)
        check_parts(files, wanted)
        for node in ("local-1", "local-2", "local-3"):
            line, = (line for line in err.splitlines() if f"saved in {name}/{node}/weights.safetensors" in line)
            check("the process that started this node is gone;" in line or "the coordinator is gone:" in line, line)
        check(not list((home / name).glob("local-*/*.partial*")), "a temporary file is left")
        check(not list((home / name).glob("local-*/trace")), "a trace is left")


def killed_before_it_began(home):
    """Nodes that have nothing go, and leave nothing."""
    process = train(home, "early", "--local-nodes", "2", "--listen", "127.0.0.1:0", *ENDLESS)
    read_until(process, "node local-", process.stderr)
    nodes = children(process.pid)
    process.kill()
    process.communicate(timeout=LIMIT)
    wait_gone(nodes)
    left = [each for each in (home / "early").glob("local-*/*") if each.name != "weights.safetensors"]
    check(not left, left)


def joined(home, name, **more):
    """A coordinator and two nodes that were started by hand, in one process group."""
    where = free_address()
    process = train(home, name, "--listen", where, "--nodes", "2", "--place", "0=cpu,1=b/cpu,2=a/cpu", *ENDLESS,
                    process_group=0)
    nodes = [start(program, home, "node", "--join", where, "--name", each, "--threads", "1",
                   process_group=process.pid) for each in "ab"]
    read_until(process, "test error")
    return process, nodes


def signalled_together(home, wanted):
    """As a terminal's Ctrl-C and a scheduler's cancel do it; whoever hears of it first."""
    kept = set(home.glob("runs/*/weights.safetensors"))  # by nodes of runs before
    for number in (signal.SIGINT, signal.SIGTERM):
        for nodes_first in (True, False):
            name = f"together-{number}-{nodes_first}"
            process, nodes = joined(home, name)
            if nodes_first:
                for each in [*nodes, process]:
                    each.send_signal(number)
            else:
                os.killpg(process.pid, number)
            out, err = process.communicate(timeout=LIMIT)
            check(process.returncode == 130, name, process.returncode, out, err)
            check(out.splitlines()[-1].startswith("interrupted: test error"), out)
            check(names_in(home / name / "weights.safetensors") == wanted, "weights")
            for each in nodes:
                _, said = each.communicate(timeout=LIMIT)
                check(each.returncode == 130, name, each.returncode, said)
            check(set(home.glob("runs/*/weights.safetensors")) == kept, "a node kept what the coordinator has")


def signalled_local_nodes(home, wanted):
    """A scheduler that signals every process of a job: local nodes too."""
    process = train(home, "job", "--local-nodes", "3", *ENDLESS)
    read_until(process, "test error")
    nodes = children(process.pid)
    for each in [*nodes, process.pid]:
        os.kill(each, signal.SIGTERM)
    out, err = process.communicate(timeout=LIMIT)
    check(process.returncode == 130, process.returncode, out, err)
    wait_gone(nodes)
    check(names_in(home / "job" / "weights.safetensors") == wanted, "weights")
    check(not list((home / "job").glob("local-*")), "a node's folder is left")


def check_parts(files, wanted):
    """Together they have every tensor, once."""
    parts = [names_in(each) for each in files]
    check(set().union(*parts) == wanted and sum(map(len, parts)) == len(wanted), parts)


def asked_to_save(home, wanted):
    """Weights are on disk while the run goes on: whole in its folder, and at every node its own; killed then, they are
    left. At the end the nodes' are not needed any more."""
    for ended in (signal.SIGTERM, signal.SIGKILL):
        name = f"asked-{ended}"
        process = train(home, name, "--local-nodes", "3", "--place", "0=local-1/cpu,1=local-2/cpu,2=local-3/cpu", *ENDLESS)
        read_until(process, "test error")
        nodes = children(process.pid)
        files = [home / name / f"local-{i}" / "weights.safetensors" for i in (1, 2, 3)]
        seen = set()
        for _ in range(2):
            process.send_signal(signal.SIGUSR1)
            read_until(process, f"weights as they are now are saved in {name}/weights.safetensors; the run goes on",
                       process.stderr)
            check(names_in(home / name / "weights.safetensors") == wanted, "weights")
            check_parts(files, wanted)
            seen.add((home / name / "weights.safetensors").read_bytes())
            read_until(process, "test error")
        check(len(seen) == 2, "the run did not go on")
        for each in [process.pid, *(nodes if ended == signal.SIGKILL else [])]:
            os.kill(each, ended)
        out, err = process.communicate(timeout=LIMIT)
        wait_gone(nodes)
        check(names_in(home / name / "weights.safetensors") == wanted, "weights")
        if ended == signal.SIGKILL:
            check_parts(files, wanted)
        else:
            check(process.returncode == 130, process.returncode, out, err)
            check(not list((home / name).glob("local-*")), "a node's folder is left")


def asked_to_save_at_a_node(home):
    before = set(home.glob("runs/*-node-b/weights.safetensors"))
    process, nodes = joined(home, "asked-node")
    nodes[1].send_signal(signal.SIGUSR1)
    read_until(nodes[1], "the weights here, as they are now, are saved", nodes[1].stderr)
    file, = set(home.glob("runs/*-node-b/weights.safetensors")) - before
    check(all(name.startswith(("2.", "3.")) for name in names_in(file)), names_in(file))
    process.send_signal(signal.SIGTERM)
    for each in [process, *nodes]:
        _, said = each.communicate(timeout=LIMIT)
        check(each.returncode == 130, each.returncode, said)
    check(not file.exists(), "a node kept what the coordinator has")


def two_signals(home, wanted):
    """Close together they are one request, over several processes too."""
    for pause in (0, 0.005, 0.02, 0.2):
        name = f"two-{pause}"
        process = train(home, name, "--local-nodes", "2", *ENDLESS)
        read_until(process, "test error")
        nodes = children(process.pid)
        for each in [*nodes, process.pid]:
            os.kill(each, signal.SIGTERM)
        time.sleep(pause)
        for each in [*nodes, process.pid]:
            try:
                os.kill(each, signal.SIGTERM)
            except ProcessLookupError:  # it was fast
                pass
        out, err = process.communicate(timeout=LIMIT)
        check(process.returncode == 130, process.returncode, out, err)
        wait_gone(nodes)
        check(names_in(home / name / "weights.safetensors") == wanted, "weights")


def folder_is_gone(home):
    """A node whose folder was removed meanwhile saves elsewhere, and says where."""
    before = set(home.glob("runs/*-node-b"))
    process, nodes = joined(home, "gone")
    mine, = set(home.glob("runs/*-node-b")) - before
    remove(mine)
    process.kill()
    process.communicate(timeout=LIMIT)
    for each in nodes:
        each.send_signal(signal.SIGTERM)
        send_again(each, signal.SIGTERM)
    _, said = nodes[1].communicate(timeout=LIMIT)
    nodes[0].communicate(timeout=LIMIT)
    line, = (line for line in said.splitlines() if "the weights here are saved in" in line)
    check(names_in(home / line.split("saved in ")[1]), line)


def interrupted_node(home, wanted):
    """One node alone: the run ends in order, for all."""
    process, nodes = joined(home, "one")
    nodes[1].send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=LIMIT)
    check(process.returncode == 130, process.returncode, out, err)
    check("node b was interrupted: the run ends after the batches in flight" in err, err)
    check(names_in(home / "one" / "weights.safetensors") == wanted, "weights")
    for each in nodes:
        _, said = each.communicate(timeout=LIMIT)
        check(each.returncode == 130, each.returncode, said)


def killed_node(home, wanted):
    """What is elsewhere is saved, by the coordinator and by who has it; what was lost is said."""
    process, nodes = joined(home, "lost")
    nodes[1].kill()
    out, err = process.communicate(timeout=LIMIT)
    check(process.returncode == 1, process.returncode, out, err)
    check("lost with it: the weights of group 1" in err, err)
    lost = {name for name in wanted if name.startswith(("2.", "3."))}
    check(names_in(home / "lost" / "weights.safetensors") == wanted - lost, err)
    _, said = nodes[0].communicate(timeout=LIMIT)
    check(nodes[0].returncode == 1, nodes[0].returncode, said)
    kept, = home.glob("runs/*-node-a/weights.safetensors")
    check(f"the weights here are saved in {kept.relative_to(home)}" in said, said)
    check(names_in(kept) == {name for name in wanted if name.startswith("4.")}, kept)


def refused(home):
    (home / "file").write_text("")
    node = ["node", "--join", free_address(), "--name", "a"]
    result = run(program, *node, "--run", home / "file" / "x")
    check_refused(result, "--run: ", "file", command="syngrad node: ")
    result = run(program, *node, cwd="/proc")  # where nobody, not even root, makes a folder
    check_refused(result, "--run: ", "cannot create folder 'runs'", command="syngrad node: ")
    result = run(program, *node, "--run", home / "whole")
    check_refused(result, "--run: ", "holds a run already", command="syngrad node: ")
    check(run(program, "node", "--end-with-input", "--join", free_address(), cwd=home, stdin=subprocess.DEVNULL).returncode
          == 1, "ends with its input")


def no_space(home):
    """The space for weights is taken before the training, at the node as at the coordinator."""
    where = free_address()
    node = subprocess.Popen(["sh", "-c", 'ulimit -f 100; exec "$0" "$@"', program, "node", "--join", where, "--name", "a",
                             "--threads", "1"], cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    result = run(program, "train", "--model", "mlp:4-512x2-3", "--batch", "16", "--data", f"csv:{tiny_csv(home)}",
                 "--trace", "off", "--listen", where, "--nodes", "1", "--place", "0-2=a/cpu", "--run", home / "space", cwd=home)
    check(result.returncode == 1, result.returncode, result.stderr)
    for part in ("node a cannot build its groups: no room for the weights: cannot reserve", "weights.safetensors"):
        check(part in result.stderr, result.stderr)
    _, said = node.communicate(timeout=LIMIT)
    check(node.returncode == 1 and "no room for the weights" in said, node.returncode, said)


with folder() as path:
    home = Path(path)
    wanted = all_names(home)
    refused(home)
    no_space(home)
    killed_before_it_began(home)
    killed_coordinator(home, wanted)
    killed_node(home, wanted)
    interrupted_node(home, wanted)
    asked_to_save(home, wanted)
    asked_to_save_at_a_node(home)
    two_signals(home, wanted)
    folder_is_gone(home)
    signalled_together(home, wanted)
    signalled_local_nodes(home, wanted)
