#!/usr/bin/env python3
"""What strangers at its TLS port cost a run: a row for each sort, measured on this machine, in pairs with an undisturbed run.

    python3 tests/bench/strangers_table.py --out tests/bench/results/strangers.md

A coordinator and two nodes share the first half of the processors, the strangers (strangers.py) have the other half, so that
what they cost themselves is not counted; what their handshakes cost the coordinator is.
"""
import argparse, json, os, pathlib, resource, shutil, statistics, subprocess, sys, tempfile, time

from cluster import Cluster
from machine import described
from strangers import SORTS

HERE = pathlib.Path(__file__).resolve().parent
TRAINING = ["--model", "mlp:784-256x5-10", "--batch", 256, "--threads", 1, "--place", "0-2=a/cpu,3-5=b/cpu", "--eval-every", 50,
            "--trace", "off", "--policy", "synthetic"]
ASKED = 0.9  # of the undisturbed rate, at least


def processor_seconds():
    """Of processes that have ended and been waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def state_of(pid):
    """Open descriptors, and resident MiB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return len(os.listdir(f"/proc/{pid}/fd")), int(status.split("VmRSS:")[1].split()[0]) / 1024


def make_certificates(binary, folder):
    for name, names in (("ours", "main,a,b"), ("theirs", "stranger")):
        subprocess.run([binary, "certs", folder / name, "--names", names], check=True, stdout=subprocess.DEVNULL)


def start_strangers(port, sort, folder, arguments, processors):
    stranger = folder / "theirs" / "stranger"
    return subprocess.Popen([sys.executable, HERE / "strangers.py", f"127.0.0.1:{port}", "--sort", sort, "--rate",
                             str(arguments.rate), "--seconds", "600", "--cert", f"{stranger}.pem", "--key",
                             f"{stranger}-key.pem", "--ca", folder / "ours" / "ca.pem"], stdout=subprocess.PIPE, text=True,
                            preexec_fn=lambda: os.sched_setaffinity(0, processors))


def one_run(arguments, folder, sort):
    """Strangers come from the first evaluation on, until the last process has ended."""
    processors = sorted(os.sched_getaffinity(0))
    half = max(1, len(processors) // 2)
    path = folder / (sort or "nobody")
    shutil.rmtree(path, ignore_errors=True)
    before, strangers, states = processor_seconds(), None, []
    os.sched_setaffinity(0, processors[:half])  # what is started from here on
    try:
        with Cluster(arguments.binary, path, ("a", "b"), [*TRAINING, "--steps", arguments.steps],
                     tls=folder / "ours") as cluster:
            cluster.wait_until_it_trains(600)
            if sort:
                strangers = start_strangers(cluster.port, sort, folder, arguments, processors[half:] or processors)
            main = cluster.processes[Cluster.COORDINATOR]
            while main.poll() is None:
                try:
                    states.append(state_of(main.pid))
                except (OSError, IndexError):  # it has just ended
                    break
                time.sleep(0.2)
            codes = cluster.wait(60)
            ended_after = time.time() - (cluster.run / "summary.json").stat().st_mtime
            if any(codes.values()) or None in codes.values():
                raise RuntimeError(f"{sort}: {codes}\n" + "\n".join(cluster.log(name) for name in cluster.processes))
            losses = [line for name in cluster.processes for line in cluster.log(name).splitlines()
                      if "lost the connection" in line]
            if losses:
                print(*losses, sep="\n", flush=True)
            used = processor_seconds() - before
            told = {}
            if strangers:
                strangers.terminate()
                told = json.loads(strangers.communicate(timeout=30)[0].splitlines()[-1])
            return dict(rate=cluster.summary()["steps_per_s"], used=used, lost=len(losses), states=states, told=told,
                        ended_after=ended_after)
    finally:
        os.sched_setaffinity(0, processors)
        if strangers and strangers.poll() is None:
            strangers.kill()
            strangers.wait()


def grew(states):
    """Between the second fifth and the last one: what each kept at most."""
    fifth = max(1, len(states) // 5)
    early, late = states[fifth:2 * fifth] or states, states[-fifth:]
    return [max(state[i] for state in late) - max(state[i] for state in early) for i in (0, 1)]


def row(arguments, folder, sort):
    pairs = [(one_run(arguments, folder, None), one_run(arguments, folder, sort)) for _ in range(arguments.pairs)]
    ratio = statistics.median(with_them["rate"] / alone["rate"] for alone, with_them in pairs)
    work = statistics.median(with_them["used"] / alone["used"] for alone, with_them in pairs)
    runs = [with_them for _, with_them in pairs]
    made, lost = sum(each["told"]["made"] for each in runs), sum(each["lost"] for each in runs)
    descriptors, memory = (max(grew(each["states"])[i] for each in runs) for i in (0, 1))
    most = max(state[0] for each in runs for state in each["states"])
    ended = max(each["ended_after"] for each in runs)
    rates = "; ".join(f"{alone['rate']:.1f} alone, {with_them['rate']:.1f}" for alone, with_them in pairs)
    theirs = sum(each["told"]["processor_s"] for each in runs)
    holds = ratio >= ASKED and lost == 0 and descriptors <= 8 and memory <= 16 and ended <= 5
    return (f"| {sort} | {made} | {ratio:.2f} ({rates}) | {work:.2f} | {lost} | {descriptors:+d} of {most} | {memory:+.1f} MiB | "
            f"{ended:.1f} s | {theirs:.0f} s | {'yes' if holds else 'no'} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="build/release/bin/syngrad")
    parser.add_argument("--steps", type=int, default=2000, help="of each run; about a minute's")
    parser.add_argument("--rate", type=float, default=100, help="strangers a second")
    parser.add_argument("--pairs", type=int, default=1)
    parser.add_argument("--sorts", default=",".join(SORTS))
    parser.add_argument("--out")
    arguments = parser.parse_args()
    arguments.binary = os.path.abspath(arguments.binary)
    with tempfile.TemporaryDirectory(prefix="syngrad-strangers-") as made:
        folder = pathlib.Path(made)
        make_certificates(arguments.binary, folder)
        rows = []
        for sort in arguments.sorts.split(","):
            rows.append(row(arguments, folder, sort))
            print(rows[-1], flush=True)
    text = f"""# Strangers at a TLS port

{described()} Load on the machine: {os.getloadavg()[2]:.0f} over the last quarter of an hour.

784-256x5-10 on the built-in digits, batch 256, {arguments.steps} steps, a coordinator and two nodes of one thread each on half of the
processors, with TLS; {arguments.rate:.0f} strangers a second from the other half, from the first evaluation to the end of the last process.
Rates in steps/s, in turns. Processor seconds are those of the three processes, against a run without strangers.

    python3 tests/bench/strangers_table.py --steps {arguments.steps} --pairs {arguments.pairs}

| sort | strangers | rate of training | processor seconds | connections lost | descriptors grew by | memory grew by | exit after the end | strangers' own | as asked |
|---|---|---|---|---|---|---|---|---|---|
""" + "\n".join(rows) + """

Asked: a rate of 0.9 or more, nothing lost, descriptors and memory flat, exit within 5 s. The sorts are those of
[strangers.py](../strangers.py).
"""
    if arguments.out:
        pathlib.Path(arguments.out).write_text(text)


if __name__ == "__main__":
    main()
