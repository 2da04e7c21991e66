"""The weights of deterministic runs, as hashes: a change that must not change behaviour leaves every one as it is.

    deterministic_runs.py PROGRAM                 a test: against the hashes on record for this kind of machine
    deterministic_runs.py PROGRAM --record        puts this program's hashes on record
    deterministic_runs.py PROGRAM --against OLD   prints the runs in which two programs differ; exits 1 where there are any

Floating-point sums depend on instructions, compiler and operator library, so hashes are kept for each such kind of
machine (golden/deterministic_runs.json); on another kind the test is skipped, and --against is what remains.
"""
import argparse
import hashlib
import json
import pathlib
import re
import subprocess
import sys

from program import SKIPPED, check, folder, run

GOLDEN = pathlib.Path(__file__).with_name("golden") / "deterministic_runs.json"
COMMON = ["--model", "mlp:784-48x4-10", "--batch", "64", "--steps", "60", "--deterministic", "--quiet", "--trace", "off"]
EXACT = ["--optimizer", "muon", "--muon-every", "1"]
ADAM = ["--optimizer", "adam"]  # of runs that name no other
POLICIES = ["locked", "delayed", "synthetic", "corrected"]
PREDICTORS = ["ridge", "linear", "lowrank:8", "mlp:16x2"]

# Name of a run: its options.
RUNS = {
    **{policy: ["--policy", policy] for policy in POLICIES},
    **{f"{policy}, {kind}": ["--policy", policy, "--sg", kind]
       for policy in ("synthetic", "corrected") for kind in PREDICTORS[1:]},
    "synthetic without labels": ["--condition", "none"],
    "synthetic, warm-up": ["--sg-warmup", "20"],
    "synthetic, audit": ["--audit", "every:5"],
    "synthetic, gradients of every fourth": ["--gradients", "every:4"],
    "synthetic, three groups": ["--groups", "3"],
    "synthetic, sgd": ["--optimizer", "sgd", "--lr", "0.01", "--momentum", "0.9", "--nesterov"],
    "synthetic, adamw and decay": ["--optimizer", "adamw", "--weight-decay", "0.01", "--schedule", "0.5:0.1"],
    **{f"locked, {kind}": ["--policy", "locked", "--optimizer", kind]
       for kind in ("adam8bit", "adafactor", "nadam", "lion")},
    "locked, muon": ["--policy", "locked", *EXACT],
    "synthetic, bf16 moments": ["--moments", "bf16"],
    "synthetic, adam8bit, three groups": ["--optimizer", "adam8bit", "--groups", "3"],
    "synthetic, muon of bf16 moments": [*EXACT, "--moments", "bf16"],
    "synthetic, muon at every third step": ["--optimizer", "muon", "--muon-every", "3"],
    "what is usual": ["--optimizer", "muon"],
    "delayed, nadam by delay": ["--policy", "delayed", "--optimizer", "nadam", "--momentum-by-delay"],
    "delayed, stash and feedback": ["--policy", "delayed", "--weights", "stash", "--error-feedback"],
    "delayed, rate by delay": ["--policy", "delayed", "--delay-lr"],
    **{f"delayed, two versions{where}": ["--policy", "delayed", "--update", "every:6", "--error-feedback", *options]
       for where, options in (("", []), (", three processes", ["--local-nodes", "2"]))},
    "synthetic, a lag of four": ["--lag", "4"],
    "delayed, a link of three batches": ["--policy", "delayed", "--link", "delay@1:3b"],
    "corrected, some samples": ["--policy", "corrected", "--correct-rows", "16"],
    "corrected, some samples, three processes": ["--policy", "corrected", "--correct-rows", "16:uniform",
                                                 "--local-nodes", "2"],
    "corrected, a share of the batches": ["--policy", "corrected", "--correct", "p:0.3"],
    "corrected, a share of the batches, three processes": ["--policy", "corrected", "--correct", "p:0.3",
                                                           "--local-nodes", "2"],
    "corrected, weighs itself": ["--policy", "corrected", "--residual-weight", "auto"],
    "gated": ["--policy", "gated", "--gate", "predict:0.6,wait:0.2"],
    "gated, three processes": ["--policy", "gated", "--gate", "predict:0.6,wait:0.2", "--local-nodes", "2"],
    **{f"local, {head}{where}": ["--policy", "local", "--local-head", head, *options]
       for head in ("linear", "mlp:24", "early-exit")
       for where, options in (("", []), (", three processes", ["--local-nodes", "2"]))},
    "synthetic, a mix of targets": ["--target-mix", "0.5"],
    "delayed, validation": ["--policy", "delayed", "--validation", "0.1"],
    "pipeline": ["--policy", "pipeline"],
    "pipeline, zero-bubble": ["--policy", "pipeline", "--pipeline-schedule", "zero-bubble"],
    "pipeline, uneven micro-batches": ["--policy", "pipeline", "--micro-batches", "7"],
    "pipeline, three processes": ["--policy", "pipeline", "--pipeline-schedule", "gpipe", "--local-nodes", "2"],
    **{f"{policy}, three processes": ["--policy", policy, "--local-nodes", "2"] for policy in POLICIES},
}


def hash_of(program, options, home):
    where = pathlib.Path(home) / "run"
    done = run(program, "train", *COMMON, *options, *(() if "--optimizer" in options else ADAM), "--run", where)
    check(done.returncode == 0, options, done.stdout, done.stderr)
    weights = (where / "weights.safetensors").read_bytes()
    return hashlib.sha256(weights).hexdigest()[:16]


def hashes_of(program):
    hashes = {}
    for name, options in RUNS.items():
        with folder() as home:
            hashes[name] = hash_of(program, options, home)
    return hashes


def said_by(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout


def kind_of_machine():
    """What decides the last bits: the processor as the compiler sees it, the cache that oneDNN cuts its blocks for, and
    the versions of both."""
    target = said_by("g++", "-march=native", "-Q", "--help=target")
    tuned = re.search(r"-march=\s+(\S+)", target)
    wide = "AVX-512" if re.search(r"-mavx512f\s+\[enabled\]", target) else "AVX2 or less"
    cache = said_by("getconf", "LEVEL2_CACHE_SIZE").strip()
    compiler = said_by("g++", "-dumpfullversion").strip()
    library = said_by("dpkg-query", "-W", "-f", "${Version}", "libdnnl-dev")
    return f"{tuned.group(1) if tuned else '?'}, {wide}, {cache} bytes of L2, g++ {compiler}, oneDNN {library}"


def differences(found, expected):
    return [name for name in RUNS if found.get(name) != expected.get(name)]


parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("--record", action="store_true")
parser.add_argument("--against")
options = parser.parse_args()

on_record = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
kind = kind_of_machine()
if options.against:
    differing = differences(hashes_of(options.program), hashes_of(options.against))
    print("\n".join(differing) or f"all {len(RUNS)} runs left equal weights")
    sys.exit(1 if differing else 0)
if options.record:
    on_record[kind] = hashes_of(options.program)
    GOLDEN.write_text(json.dumps(on_record, indent=1, sort_keys=True) + "\n")
    sys.exit(0)
if kind not in on_record:
    print(f"skipped: no hashes on record for {kind}")
    sys.exit(SKIPPED)
differing = differences(hashes_of(options.program), on_record[kind])
check(not differing, f"other weights than on record ({kind}):", *differing)
