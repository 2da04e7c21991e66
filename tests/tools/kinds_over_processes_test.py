"""Every kind of network over three more processes, with TLS: the weights of one process bit for bit."""
import sys
from pathlib import Path

from program import check, folder, run

program = sys.argv[1]
TEXT = "what a text repeats, and repeats, and repeats, a network that reads it soon foresees.\n" * 40
# Name of a kind: its options, and the policies that train it.
KINDS = {
    "gpt": (["--model", "gpt:3x8,heads=2,context=8", "--data", "text:input.txt", "--groups", "4"],
            ["locked", "synthetic", "local", "corrected"]),
    "lstm": (["--model", "lstm:2x8,chunk=4", "--data", "text:input.txt", "--windows", "continuing"],
             ["synthetic", "local", "corrected"]),
    "lstm, predicted later gradients": (["--model", "lstm:2x8,chunk=3", "--data", "copy:3", "--unroll", "dni",
                                         "--eval-samples", "640"], ["locked", "synthetic"]),
    "cnn": (["--model", "cnn:28x28x1-4s2-4s2-10", "--data", "digits"], ["local", "corrected"]),
}
COMMON = ["--batch", "8", "--steps", "30", "--threads", "2", "--deterministic", "--trace", "off", "--quiet"]


def weights_of(home, name, *options):
    done = run(program, "train", *COMMON, *options, "--run", home / name, cwd=home)
    check(done.returncode == 0, name, done.stdout, done.stderr)
    return (home / name / "weights.safetensors").read_bytes()


with folder() as there:
    home = Path(there)
    (home / "input.txt").write_text(TEXT)
    made = run(program, "certs", home / "files", "--names", "a,local-1,local-2,local-3")
    check(made.returncode == 0, made.stderr)
    tls = ["--tls-cert", "files/a.pem", "--tls-key", "files/a-key.pem", "--tls-ca", "files/ca.pem"]
    for kind, (options, policies) in KINDS.items():
        for policy in policies:
            wanted = [*options, "--policy", policy]
            one = weights_of(home, f"{kind}-{policy}-one", *wanted)
            many = weights_of(home, f"{kind}-{policy}-many", *wanted, "--local-nodes", "3", *tls)
            check(one == many, f"{kind}, {policy}: the weights differ")
