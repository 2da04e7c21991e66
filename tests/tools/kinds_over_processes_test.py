"""Every kind of network over three more processes, with TLS: the weights of one process bit for bit; true gradients of
some samples take fewer bytes."""
import json
import sys
from pathlib import Path

from program import check, folder, run

program = sys.argv[1]
TEXT = "what a text repeats, and repeats, and repeats, a network that reads it soon foresees.\n" * 40
# Name of a kind: its options, and the policies that train it.
KINDS = {
    "gpt": (["--model", "gpt:3x8,heads=2,context=8", "--data", "text:input.txt", "--groups", "4"],
            ["locked", "synthetic", "local", "corrected", "gated"]),
    "lstm": (["--model", "lstm:2x8,chunk=4", "--data", "text:input.txt", "--windows", "continuing"],
             ["synthetic", "local", "corrected"]),
    "lstm, predicted later gradients": (["--model", "lstm:2x8,chunk=3", "--data", "copy:3", "--unroll", "dni",
                                         "--eval-samples", "640"], ["locked", "synthetic"]),
    "cnn": (["--model", "cnn:28x28x1-4s2-4s2-10", "--data", "digits"], ["local", "corrected"]),
}
# Of each kind whose interfaces are to cross between processes.
PLACES = {"gpt": "0=local-1/cpu,1=local-2/cpu,2-3=local-3/cpu", "cnn": "0=local-1/cpu,1=local-2/cpu,2=local-3/cpu"}
SOME = ["--policy", "corrected", "--correct-rows", "2"]
COMMON = ["--batch", "8", "--steps", "30", "--threads", "2", "--deterministic", "--trace", "off", "--quiet"]


def weights_of(home, name, *options):
    done = run(program, "train", *COMMON, *options, "--run", home / name, cwd=home)
    check(done.returncode == 0, name, done.stdout, done.stderr)
    return (home / name / "weights.safetensors").read_bytes()


def bytes_down(home, name):
    groups = json.loads((home / name / "summary.json").read_text())["groups"]
    return sum(each["bytes_from_above"] for each in groups)


with folder() as there:
    home = Path(there)
    (home / "input.txt").write_text(TEXT)
    made = run(program, "certs", home / "files", "--names", "a,local-1,local-2,local-3")
    check(made.returncode == 0, made.stderr)
    tls = ["--tls-cert", "files/a.pem", "--tls-key", "files/a-key.pem", "--tls-ca", "files/ca.pem"]
    for kind, (options, policies) in KINDS.items():
        places = ["--place", PLACES[kind]] if kind in PLACES else []
        variants = {policy: ["--policy", policy] for policy in policies}
        if kind in PLACES:
            variants["some"] = SOME
        for name, policy in variants.items():
            one = weights_of(home, f"{kind}-{name}-one", *options, *policy)
            many = weights_of(home, f"{kind}-{name}-many", *options, *policy, "--local-nodes", "3", *places, *tls)
            check(one == many, f"{kind}, {name}: the weights differ")
        if "some" in variants:
            # 2 of 8 samples, and what says which: values are by far the most of these messages.
            all_of_them, some = (bytes_down(home, f"{kind}-{name}-many") for name in ("corrected", "some"))
            check(some < 0.5 * all_of_them, kind, all_of_them, some)
