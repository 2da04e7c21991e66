#!/usr/bin/env python3
"""What a run over several processes costs, and what it survives: a row for each claim, measured on this machine.

    python3 tests/bench/network_table.py --mnist ../shared/data/mnist --out tests/bench/results/network.md

Everything runs on loopback; delays, cuts and resets come from a relay in front of each process (tests/support/tcp_relay).
Rows that are measured are kept under --runs and not measured again; --only takes those whose name contains a word.
"""
import argparse, csv, hashlib, json, os, pathlib, random, re, shutil, signal, statistics, subprocess, time

from cluster import Cluster
from machine import commit, described

WHAT_LIMITS = """
Load on the machine: none but the measured programs in the rows of links, rates and two nodes at once; the others ran
beside builds.

- Links: "same work" is CAF's own blobs of 1 MiB, cut from tensors and put together again, without a sum. One blob that is
  sent again and again and thrown away, which is not what a run needs, is faster.
- 100 ms each way: `locked` waits for a round trip through every gap for each batch; `synthetic` waits for none.
- Two nodes at once: what is left is the processor time of the links, on the same two cores. With 784-256x5-10, which two
  nodes cannot halve (0-2 and 3-5: one is busy for 97 %, the other for 69 %), and with four times fewer multiply-adds for
  each byte, it is 0.76 (five pairs, 0.68 to 0.84).
- Updates alone: of batches that ended at a gap, which are not among the steps; `--max-alone 200`.
- Kills: the time is to the end of the last process, with the relays left out.
"""

MODEL = "mlp:784-256x5-10"
PLACE = "0-1=a/cpu,2-3=b/cpu,4-5=c/cpu"


def training(arguments, steps, *more, policy="synthetic", kind="ridge"):
    return ["--model", MODEL, "--data", f"mnist:{arguments.mnist}", "--steps", steps, "--policy", policy, "--sg", kind,
            "--batch", 256, "--optimizer", "adam", "--seed", 1, "--threads", 1, "--place", PLACE, *more]


def alone(arguments, folder, options, threads=1):
    """The same in one process."""
    options = list(options)
    if "--place" in options:
        at = options.index("--place")
        del options[at:at + 2]
    options[options.index("--threads") + 1] = threads
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([arguments.binary, "train", "--quiet", "--run", folder, *map(str, options)], check=True,
                   stdout=subprocess.DEVNULL)
    return json.loads((pathlib.Path(folder) / "summary.json").read_text())


def together(arguments, folder, options, disturb=None, names=("a", "b", "c"), **more):
    shutil.rmtree(folder, ignore_errors=True)
    with Cluster(arguments.binary, folder, names, options, **more) as cluster:
        if disturb:
            cluster.wait_until_it_trains()
            disturb(cluster)
        codes = cluster.wait()
        if any(codes.values()) or None in codes.values():
            raise RuntimeError(f"{codes}\n" + "\n".join(cluster.log(name) for name in cluster.processes))
        return cluster.summary()


def weights(folder):
    return hashlib.sha256((pathlib.Path(folder) / "weights.safetensors").read_bytes()).hexdigest()


def batches_at_the_loss(arguments, run):
    """The batch of each update of the last group, from the trace of the run: nothing but the loss moves its weights."""
    top = len(json.loads((run / "summary.json").read_text())["groups"]) - 1
    shown = subprocess.run([arguments.binary, "trace", "show", run, "--actor", str(top), "--where", "kind = update",
                            "--format", "csv", "--limit", "10000000"], check=True, capture_output=True, text=True).stdout
    rows = csv.DictReader(shown.splitlines())
    return [int(row["batch"]) for row in rows if row["actor"] == f"group {top}"]


# ---- rows: each returns what was measured, and whether that is what was asked for


def equal_bits(arguments, folder, tls):
    options = training(arguments, 500, "--deterministic")
    alone(arguments, folder / "one", options)
    certificates = None
    if tls:
        certificates = folder / "certificates"
        shutil.rmtree(certificates, ignore_errors=True)
        subprocess.run([arguments.binary, "certs", certificates, "--names", "main,a,b,c"], check=True,
                       stdout=subprocess.DEVNULL)
    together(arguments, folder / "four", options, tls=certificates)
    same = weights(folder / "one") == weights(folder / "four" / "run")
    return "equal" if same else "different", same


def error(arguments, folder, policy):
    options = training(arguments, 3000, policy=policy)
    one = alone(arguments, folder / "one", options, threads=2)["test_error_percent"]
    three = together(arguments, folder / "three", options)["test_error_percent"]
    return f"{three:.2f} % on 3 nodes, {one:.2f} % in one process", three <= one + 0.1


def delayed(arguments, folder, policy):
    """In turns: the relays are there in both, and delay from the first connection on. One evaluation, at the end."""
    def rate(delay, steps):
        options = training(arguments, steps, "--credits", arguments.credits, "--eval-every", 0, policy=policy)
        return together(arguments, folder / f"{delay}", options, relay=arguments.relay,
                        told=(f"delay {delay}",))["steps_per_s"]
    near_steps, far_steps, count = (800, 800, arguments.pairs) if policy == "synthetic" else (300, 60, 1)
    pairs = [(rate(0, near_steps), rate(100, far_steps)) for _ in range(count)]
    ratio = statistics.median(far / near for near, far in pairs)
    shown = "; ".join(f"{near:.1f} steps/s, {far:.1f} delayed" for near, far in pairs)
    return f"{ratio:.2f} (--credits {arguments.credits}: {shown})", ratio


def gradient_bytes(arguments, folder):
    """Gradients as the wire can have them, against whole ones for ridge."""
    def run(kind, wire):
        done = together(arguments, folder / f"{kind}-{wire}", training(arguments, 3000, "--credits", arguments.credits, "--wire",
                                                                       wire, "--eval-every", 0, kind=kind),
                        relay=arguments.relay, told=("delay 100",))
        return done["link_bytes_per_sample_down"], done["test_error_percent"]
    ways = [("ridge", "f32"), ("exit", "f32"), ("ridge", "bf16,rank:auto"), ("exit", "bf16,rank:auto"), ("exit", "int8,rank:auto")]
    found = {way: run(*way) for way in ways}
    whole, of_ridge = found[ways[0]]
    text = "; ".join(f"{kind} {wire} {size / whole:.2f} at {wrong:.2f} %" for (kind, wire), (size, wrong) in found.items())
    return f"{text} (of {whole:.0f} bytes; 3,000 steps)", any(
        size <= whole / 4 and wrong <= of_ridge + 0.1 for size, wrong in found.values())


def at_once(arguments, folder):
    """Two nodes of a thread each and one process of two threads, in turns; the program places the groups. A model whose
    groups can be halved: whichever node has more to do is what the rate is."""
    ratios = []
    options = training(arguments, 400, "--eval-every", 0)
    at = options.index("--place")
    del options[at:at + 2]
    options[options.index("--model") + 1] = "mlp:784-512x6-10"
    for i in range(arguments.pairs):
        one = alone(arguments, folder / f"one-{i}", options, threads=2)["steps_per_s"]
        two = together(arguments, folder / f"two-{i}", options, names=("a", "b"))["steps_per_s"]
        ratios.append(two / one)
    ratio = statistics.median(ratios)
    return (f"{ratio:.2f} (784-512x6-10, 7 groups, placed by the program; median of {len(ratios)} pairs: {min(ratios):.2f} to "
            f"{max(ratios):.2f})"), ratio >= 0.9


def undisturbed(arguments, steps):
    folder = arguments.runs / f"undisturbed-{steps}"
    kept = folder / "run" / "summary.json"
    if kept.exists() and json.loads(kept.read_text())["end"] == "finished":
        return json.loads(kept.read_text())
    return together(arguments, folder, training(arguments, steps), relay=arguments.relay)


def disturbed(arguments, folder, times, disturb, steps):
    quiet = undisturbed(arguments, steps)
    done = [0]

    def all_of_them(cluster):
        while done[0] < times and cluster.processes[Cluster.COORDINATOR].poll() is None:
            disturb(cluster)
            done[0] += 1

    after = together(arguments, folder / "disturbed", training(arguments, steps, *arguments.alone), disturb=all_of_them,
                     relay=arguments.relay)
    difference = after["test_error_percent"] - quiet["test_error_percent"]
    alone_updates = ", ".join(str(group["alone"]) for group in after["groups"] if "alone" in group) or "none"
    batches = batches_at_the_loss(arguments, folder / "disturbed" / "run")
    twice = len(batches) - len(set(batches))
    fine = len(batches) == after["steps"] == steps and twice == 0 and difference <= 0.2 and done[0] == times
    return (f"{done[0]} times; {len(set(batches))} of {steps} batches at the loss, {twice} twice; updates alone, by group: "
            f"{alone_updates}; error {after['test_error_percent']:.2f} %, {quiet['test_error_percent']:.2f} % undisturbed"), fine


def cut(cluster):
    cluster.say("cut 10000")
    time.sleep(10 + random.uniform(1, 2))


def reset(cluster):
    cluster.say(f"reset_after {random.randrange(1, 400_000)}")
    cluster.say("reset")
    time.sleep(random.uniform(1, 2))


def stop(cluster):
    process = cluster.processes[random.choice("abc")]
    process.send_signal(signal.SIGSTOP)
    time.sleep(5)
    process.send_signal(signal.SIGCONT)
    time.sleep(random.uniform(1, 2))


def killed(arguments, folder, times):
    """kill -9 of a random process at a random moment; how long the others live on, and what they leave."""
    longest, wrong = 0.0, []
    for i in range(times):
        where = folder / f"{i}"
        shutil.rmtree(where, ignore_errors=True)
        with Cluster(arguments.binary, where, ("a", "b", "c"), training(arguments, 200_000, "--eval-every", 50,
                                                                        "--trace", "off")) as cluster:
            cluster.wait_until_it_trains()
            time.sleep(random.uniform(0, 1))
            victim = random.choice(list(cluster.processes))
            cluster.processes[victim].kill()
            began = time.monotonic()
            codes = cluster.wait(arguments.peer_timeout + 30, after_the_first=arguments.peer_timeout + 30)
            longest = max(longest, time.monotonic() - began)
            for name, code in codes.items():
                if name == victim:
                    continue
                if code != 1:
                    wrong.append(f"run {i}, {victim} killed: {name} ended with {code}\n" + cluster.log(name))
                mine = "run" if name == Cluster.COORDINATOR else f"runs/*-node-{name}"
                if not list(where.glob(f"{mine}/weights.safetensors")):
                    wrong.append(f"run {i}, {victim} killed: {name} saved nothing\n" + cluster.log(name))
        if not wrong:
            shutil.rmtree(where)
    for line in wrong:
        print(line, flush=True)
    return f"{times} times; the last process ended after at most {longest:.1f} s; {len(wrong)} faults", \
        not wrong and longest <= arguments.peer_timeout + 5


def link_rates(arguments, folder, tls):
    options = []
    if tls:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        subprocess.run([arguments.binary, "certs", folder, "--names", "node"], check=True, stdout=subprocess.DEVNULL)
        (folder / "node-key.pem").rename(folder / "node.key")
        options = ["--tls", folder]
    said = subprocess.run([arguments.programs / "link_bench", *options], check=True, capture_output=True, text=True).stdout
    ratios = [float(each) for each in re.findall(r"ratio (?:of the rates )?([0-9.]+)", said)]
    same_work, bare, round_trip = ratios
    resident = re.findall(r"at most (\d+) MiB resident after (\d+)", said)
    return (f"{same_work:.2f} against the same work, {bare:.2f} against one blob again and again; round trip "
            f"{round_trip:.2f}; resident " + ", ".join(f"{mib} MiB after {count}" for mib, count in resident) + " tensors"), \
        same_work >= 0.8 and round_trip <= 2


def cases(arguments, program, *names, **environment):
    """Test cases of a program, each by its beginning: how many passed, with how many checks."""
    checks, took = 0, time.monotonic()
    for name in names:
        done = subprocess.run([arguments.programs / program, name.replace(",", "\\,") + "*"], capture_output=True, text=True,
                              env={**os.environ, **environment})
        passed = re.search(r"All tests passed \((\d+) assertions? in 1 test case\)", done.stdout)
        if done.returncode or not passed:
            print(done.stdout, done.stderr)
            return f"'{name}' failed", False
        checks += int(passed.group(1))
    return f"{len(names)} tests passed, {checks:,} checks, {time.monotonic() - took:.0f} s", True


def every_bit(arguments, _):
    return both(
        cases(arguments, "test_links", "a tensor of any bits, of any rank", "f32 comes back bit for bit",
              "tensors of 64 MiB and small messages"),
        cases(arguments, "test_links_slow", "a tensor of 1 GiB"))


def hostile(arguments, _):
    rounds = arguments.attacks
    text, fine = both(
        cases(arguments, "test_links", "100,000 frames of noise", "a length beyond the limit",
              "a connection that stands still", "a bit that flips"),
        cases(arguments, "test_nodes", "a port scan, HTTP", "a flood of greetings", "what is no node is told apart",
              "who has no certificate", "without a certificate a node waits", SYNGRAD_ATTACKS=str(rounds)))
    return f"{text}. At the port: {rounds:,} times a scan, HTTP, garbage and 4 forged frames, plain and again with TLS", fine


def both(first, second):
    return f"{first[0]}; {second[0]}", first[1] and second[1]


def rows_of(arguments):
    at_delay = lambda policy: lambda folder: delayed(arguments, folder, policy)

    def at_least(measure, bound):
        def row(folder):
            text, ratio = measure(folder)
            return text, ratio >= bound
        return row

    steps = arguments.disturbed_steps
    return [
        ("4 processes, `--deterministic`, 500 steps: weights against one process", "equal",
         lambda folder: equal_bits(arguments, folder, False)),
        ("the same with TLS", "equal", lambda folder: equal_bits(arguments, folder, True)),
        ("MNIST, 6 groups on 3 nodes, 3,000 steps, synthetic", "within 0.1", lambda folder: error(arguments, folder, "synthetic")),
        ("MNIST, 6 groups on 3 nodes, 3,000 steps, corrected", "within 0.1", lambda folder: error(arguments, folder, "corrected")),
        ("links, plain: 64 MiB tensors and round trips against CAF's own", ">= 0.8, <= 2",
         lambda folder: link_rates(arguments, folder, False)),
        ("links, TLS: 64 MiB tensors and round trips against CAF's own", ">= 0.8, <= 2",
         lambda folder: link_rates(arguments, folder, True)),
        ("100 ms each way, 3 nodes: steps/s, synthetic", ">= 0.9", at_least(at_delay("synthetic"), 0.9)),
        ("100 ms each way, 3 nodes: steps/s, locked", "", lambda folder: (delayed(arguments, folder, "locked")[0], None)),
        ("100 ms each way, 3 nodes: bytes of gradients a sample", "<= 1/4 at the same error",
         lambda folder: gradient_bytes(arguments, folder)),
        ("2 nodes that compute at once, against one process of 2 threads", ">= 0.9", lambda folder: at_once(arguments, folder)),
        ("links cut for 10 s, 20 times", "finishes; within 0.2", lambda folder: disturbed(arguments, folder, 20, cut, steps)),
        ("connections reset, in the middle of tensors, 20 times", "finishes; within 0.2",
         lambda folder: disturbed(arguments, folder, 20, reset, steps)),
        ("a node stopped for 5 s, 20 times", "finishes; within 0.2", lambda folder: disturbed(arguments, folder, 20, stop, steps)),
        ("kill -9 of a random process, 50 times", "all end within the time-out + 5 s",
         lambda folder: killed(arguments, folder, 50)),
        ("NaN, Inf, denormals, -0, empty and 1 GiB tensors", "bit for bit", lambda folder: every_bit(arguments, folder)),
        ("100,000 damaged frames, a scan, wrong TLS, a peer that stops reading, 20,000 greetings",
         "no crash, no growth, one line a second", lambda folder: hostile(arguments, folder)),
    ]


def write(arguments, rows, done):
    lines = ["# Several processes", "", described(), "",
             "784-256x5-10 on MNIST, batch 256, ridge predictors, one thread for each node, free-running unless it says else.", "",
             "    python3 tests/bench/network_table.py --mnist MNIST", "", "| what | asked | measured | | commit |", "|---|---|---|---|---|"]
    for name, asked, _ in rows:
        text, fine, when = done.get(name, ("not run", None, ""))
        lines.append(f"| {name} | {asked} | {text} | {'' if fine is None else 'yes' if fine else '**no**'} | {when} |")
    pathlib.Path(arguments.out).write_text("\n".join(lines) + "\n" + WHAT_LIMITS)


def read(kept):
    return json.loads(kept.read_text()) if kept.exists() else {}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", default="build/release/bin", help="syngrad, tcp_relay, link_bench, test_links, ...")
    parser.add_argument("--attacks", type=int, default=8400, help="rounds of strangers: two times six bad frames in each")
    parser.add_argument("--mnist", default="../shared/data/mnist")
    parser.add_argument("--runs", default="runs/network")
    parser.add_argument("--out", default="tests/bench/results/network.md")
    parser.add_argument("--peer-timeout", type=float, default=10)
    parser.add_argument("--credits", type=int, default=64, help="in the rows with a delay")
    parser.add_argument("--pairs", type=int, default=3, help="of runs that alternate, in rows of speeds")
    parser.add_argument("--disturbed-steps", type=int, default=3000)
    parser.add_argument("--only", default="", help="only rows whose name contains this")
    parser.add_argument("--no-runs", action="store_true", help="only write the table of what was measured")
    arguments = parser.parse_args()
    arguments.programs = pathlib.Path(arguments.programs).resolve()
    arguments.binary, arguments.relay = arguments.programs / "syngrad", arguments.programs / "tcp_relay"
    arguments.mnist = pathlib.Path(arguments.mnist).resolve()
    base = arguments.runs = pathlib.Path(arguments.runs).resolve()
    base.mkdir(parents=True, exist_ok=True)
    kept = base / "done.json"
    done = read(kept)
    help_of_train = subprocess.run([arguments.binary, "train", "--help"], capture_output=True, text=True).stdout
    arguments.alone = ["--max-alone", 200] if "--max-alone" in help_of_train else []
    rows = rows_of(arguments)
    for name, _, measure in rows:
        if arguments.no_runs or name in done or arguments.only not in name:
            continue
        print(name, "...", flush=True)
        row = measure(base / re.sub(r"\W+", "-", name)[:60])
        done = read(kept)  # another one of these may measure other rows at the same time
        done[name] = [*row, commit()]
        kept.write_text(json.dumps(done, indent=1))
        print(" ", *row, flush=True)
        write(arguments, rows, done)
    write(arguments, rows, done)


if __name__ == "__main__":
    main()
