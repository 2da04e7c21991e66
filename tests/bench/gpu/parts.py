"""The parts of tools/gpu-check. Each fills one or more rows of the table, within a limit in seconds of its own."""
import os
import re
import statistics

from gpu import table, trace
from gpu.session import NotHere, PartFailed
from gpu.table import Outcome

THREADS = str(min(8, len(os.sched_getaffinity(0))))


def operators(session):
    if not session.suite.exists():
        raise NotHere(f"{session.suite.name} is not built")
    done = session.run([session.suite], accepted=(0, 77))
    if done.returncode == 77:
        raise NotHere("the suite found no usable GPU")
    passed = re.search(r"All tests passed \((.*)\)", done.stdout)
    if not passed:
        raise PartFailed("the suite did not say that all tests passed")
    return {"operators": Outcome.judged(True, passed.group(1))}


def losses_on(session, device, name):
    folder, _ = session.train(f"losses-{name}", "--policy", "locked", "--steps", "100", "--threads", THREADS, "--trace",
                              "on", device=device)
    path = folder / "trace.csv"
    session.run([session.syngrad, "trace", "export", folder, "csv", "--out", path])
    return trace.losses(trace.records(path))


def losses(session):
    here, there = (losses_on(session, device, name) for device, name in (("cpu", "cpu"), (session.device, "other")))
    if len(here) != 100 or len(there) != 100:
        raise PartFailed(f"{len(here)} and {len(there)} losses were recorded, not 100")
    farthest = max(abs(a - b) for a, b in zip(here, there))
    return {"losses": Outcome.judged(farthest <= 1e-3, f"{farthest:.1e} at most, on {session.data.split(':')[0]}")}


def errors(session):
    if not session.data.startswith("mnist:") and session.on_gpu:
        raise NotHere("no MNIST (--mnist DIR)")
    long, measured = session.sizes.long_steps, []
    for policy, steps in (("locked", long), ("synthetic", long), ("corrected", long // 2)):
        _, summary = session.train(f"errors-{policy}", "--policy", policy, "--sg", "ridge", "--steps", str(steps),
                                   "--deterministic", "--eval-every", "0", "--trace", "off", "--threads", THREADS)
        measured.append(summary["test_error_percent"])
    return {"errors": table.errors(measured, (1.6, 1.6, 1.7))}


def deterministic(session):
    weights = []
    for name, threads in (("first", "2"), ("second", THREADS)):
        folder, _ = session.train(f"same-{name}", "--deterministic", "--steps", str(session.sizes.steps_same),
                                  "--threads", threads, "--trace", "off")
        weights.append((folder / "weights.safetensors").read_bytes())
    same = weights[0] == weights[1]
    return {"deterministic": Outcome.judged(same, f"weights after {session.sizes.steps_same} steps {'are equal' if same else 'differ'}")}


def overlap(session):
    s = session.sizes
    folder, _ = session.train("overlap", "--model", f"mlp:784-{s.width}x4-10", "--split", "1,1,1,2", "--sg", "linear",
                              "--batch", str(s.batch), "--steps", str(s.steps_traced), "--eval-every", "0", "--trace",
                              "on", "--threads", THREADS, precision="bf16")
    path = folder / "trace.csv"
    session.run([session.syngrad, "trace", "export", folder, "csv", "--out", path])
    rows = trace.since_batch(trace.records(path), s.steps_traced // 3)
    out = {}
    times = sorted(trace.handler_times_us(rows))
    if times:
        mean = statistics.fmean(times)
        out["host_time"] = Outcome.judged(mean <= 20, f"{mean:.1f} us mean, {times[len(times) // 2]:.1f} median, "
                                                      f"{times[int(len(times) * 0.99)]:.1f} p99, {len(times)} messages")
    else:
        out["host_time"] = Outcome.failed("the trace has no handlers")
    streams = trace.busy_intervals(rows)
    if streams:
        two, one = (trace.share_with_at_least(streams, count) for count in (2, 1))
        out["overlap"] = Outcome.judged(two >= 0.25, f"{two:.0%} of the time two or more of {len(streams)} streams busy, "
                                                     f"{one:.0%} at least one")
    else:
        out["overlap"] = Outcome.failed("the trace has no records of streams")
    return out


def model_of(session, policy):
    s = session.sizes
    return ["--policy", policy, "--widths", str(s.width), "--hidden", str(s.hidden), "--batch", str(s.batch), "--threads",
            THREADS]


def throughput(session):
    found = session.bench(*model_of(session, "synthetic"), precision="bf16")
    (one,) = found["measurements"]
    peak = found["device_gflops"] if session.on_gpu else one["peak_gflops"]
    return {"throughput": table.throughput(one["steps_per_s"], one["needed_step_mflop"], one["step_mflop"], peak)}


def in_turn(session, ours, theirs):
    pairs = [(ours(), theirs()) for _ in range(session.sizes.pairs)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def torch_large(session):
    session.need_torch()
    s = session.sizes
    graphs = ["--graphs"] if session.on_gpu else []
    ours = lambda: session.bench(*model_of(session, "locked"), precision="bf16")["measurements"][0]["steps_per_s"]
    theirs = lambda: session.torch("--policy", "backprop", "--hidden", str(s.hidden), "--width", str(s.width), "--batch",
                                   str(s.batch), "--steps", str(s.steps_torch), "--warmup", "5", "--precision", "bf16", *graphs)
    return {"torch_large": table.ratio(*in_turn(session, ours, theirs), 1.0)}


def torch_small(session):
    session.need_torch()
    out = {}
    for policy, peer_policy, goal in (("synthetic", "synthetic", 5.0), ("locked", "backprop", 1.5)):
        ours = lambda: session.bench("--policy", policy, "--widths", "256", "--threads", THREADS)["measurements"][0]["steps_per_s"]
        asked = ["--policy", peer_policy, "--steps", str(session.sizes.steps_small_torch)]
        pairs = in_turn(session, ours, lambda: session.torch(*asked))
        remark = ""
        if session.on_gpu:  # beside the bound: the peer at its fastest
            fast = session.torch(*asked, "--graphs")
            remark = f"; against CUDA graphs {statistics.median(pairs[0]) / fast:.2f}x ({fast:.1f} steps/s)"
        out[f"torch_small_{policy}"] = table.ratio(*pairs, goal, remark)
    return out


def sanitized(session, tool):
    if not session.suite.exists():
        raise NotHere(f"{session.suite.name} is not built")
    done = session.run([session.sanitizer(), "--tool", tool, session.suite], accepted=range(256))
    summaries = re.findall(r"(?:ERROR|RACECHECK) SUMMARY: (.*)", done.stdout + done.stderr)
    if not summaries or done.returncode == 77:
        raise PartFailed("compute-sanitizer gave no summary")
    clean = done.returncode == 0 and all(re.match(r"0 (errors|hazards)", each) for each in summaries)
    return {tool: Outcome.judged(clean, summaries[-1])}


# rows, function, limit in seconds: what matters most comes first, for later ones may find no time left
PARTS = [
    (["operators"], operators, 60),
    (["losses"], losses, 40),
    (["deterministic"], deterministic, 30),
    (["overlap", "host_time"], overlap, 45),
    (["throughput"], throughput, 45),
    (["torch_large"], torch_large, 60),
    (["torch_small_synthetic", "torch_small_locked"], torch_small, 70),
    (["errors"], errors, 80),
    (["memcheck"], lambda session: sanitized(session, "memcheck"), 120),
    (["racecheck"], lambda session: sanitized(session, "racecheck"), 120),
]


def run_part(session, rows, function, limit_s):
    """The outcomes of its rows, whatever happens."""
    if not session.begin_part(limit_s):
        return {row: Outcome.not_run("no time left") for row in rows}
    try:
        return function(session)
    except NotHere as missing:
        return {row: Outcome.not_run(str(missing)) for row in rows}
    except (PartFailed, KeyError, ValueError, OSError) as failure:
        return {row: Outcome.failed(str(failure)) for row in rows}
