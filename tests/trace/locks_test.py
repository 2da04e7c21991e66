"""What `locks` says backpropagation would cost, replayed from synthetic runs, against real locked runs, in turn.

    locks_test.py PROGRAM

Medians of five pairs have to agree within 15 %. On one thread, which never sleeps between messages: how long a thread takes
to wake up is the machine's business of the moment. CTest runs this test alone.
"""
import json
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
from program import SKIPPED, check, run  # noqa: E402

PAIRS, STEPS, WITHIN = 5, 120, 0.15
OF_A_PROCESSOR = 0.85  # with less of one, preemptions are measured instead


def locks_of(program, folder, policy, number):
    path = Path(folder) / f"{policy}-{number}"
    done = run(program, "train", "--policy", policy, "--steps", STEPS, "--eval-every", 0, "--threads", 1, "--trace", "on",
               "--quiet", "--run", path)
    check(done.returncode == 0, done.stderr)
    shown = run(program, "trace", "locks", path, "--format", "json")
    check(shown.returncode == 0, shown.stderr)
    rows = json.loads(shown.stdout)["tables"]["a_batch"]
    return {row["what"]: row["time_ms"] for row in rows}


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main():
    program = sys.argv[1]
    replayed, real = [], []
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="syngrad-") as folder:
        for number in range(PAIRS):
            replayed.append(locks_of(program, folder, "synthetic", number)["locked"])
            real.append(locks_of(program, folder, "locked", number)["median"])
    ratio = statistics.median(a / b for a, b in zip(replayed, real))
    print(f"replayed {statistics.median(replayed):.2f} ms, locked {statistics.median(real):.2f} ms a batch, ratio {ratio:.3f}")
    share = processor_seconds() / (time.monotonic() - began)
    if share < OF_A_PROCESSOR:
        print(f"skipped: this machine gave the runs {share:.2f} of a processor; they need one to themselves")
        sys.exit(SKIPPED)
    check(abs(ratio - 1) <= WITHIN, "replayed", replayed, "real", real)


main()
