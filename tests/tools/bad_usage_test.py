"""Bad usage: one line that names the option, exit code 2, and no folder left behind."""
import gzip
import shutil
import struct
import sys
import zlib
from pathlib import Path

from program import check, check_refused, folder, run, tiny_csv

program = sys.argv[1]

# arguments -> what the line must say
TABLE = [
    (["--bogus"], ["--bogus"]),
    (["--stpes", "5"], ["--stpes", "did you mean --steps?"]),
    (["5"], ["unexpected argument '5'"]),
    (["--steps"], ["--steps needs a value"]),
    (["--steps", "0"], ["--steps", "at least 1", "'0'"]),
    (["--steps", "1e3"], ["--steps", "whole number", "'1e3'"]),
    (["--epochs", "0"], ["--epochs", "above 0"]),
    (["--steps", "5", "--epochs", "1"], ["--steps", "--epochs", "exclude"]),
    (["--groups", "2", "--split", "3,3"], ["--groups", "--split", "exclude"]),
    (["--groups", "7"], ["--groups", "at most 6", "7"]),
    (["--split", "3,4"], ["--split", "6 in all"]),
    (["--model", "mlp:"], ["--model"]),
    (["--model", "resnet:51"], ["--model", "6n + 2"]),
    (["--model", "vgg:16"], ["--model", "unknown kind 'vgg'", "resnet"]),
    (["--model", "no.json"], ["--model", "no.json", "No such file"]),
    (["--model", "mlp:784-256x1000000000-10"], ["--model"]),
    (["--data", "cifar"], ["--data", "digits", "mnist:DIR", "csv:FILE"]),
    (["--data", "csv:/no/such/file.csv"], ["--data", "/no/such/file.csv"]),
    (["--data", "mnist:/no/such/folder"], ["--data", "/no/such/folder"]),
    (["--policy", "sinthetic"], ["--policy", "did you mean synthetic?"]),
    (["--sg", "linaer"], ["--sg"]),
    (["--sg", "ridge:2"], ["--sg"]),
    (["--condition", "label"], ["--condition", "labels or none", "did you mean labels?"]),
    (["--optimizer", "rmsprop"], ["--optimizer", "sgd, adam, adamw, adam8bit, adafactor, nadam, lion or muon"]),
    (["--lr", "-1"], ["--lr", "above 0"]),
    (["--lr", "nan"], ["--lr", "above 0"]),
    (["--schedule", "half"], ["--schedule", "no ':' in 'half'"]),
    (["--schedule", "warmup:0"], ["--schedule", "the warm-up '0'"]),
    (["--schedule", "warmup:30,cosine:0.1", "--steps", "30"], ["--schedule", "the run's 30", "cosine"]),
    (["--schedule", "half", "--epochs", "1"], ["--schedule", "no ':' in 'half'"]),
    (["--clip-norm", "-1"], ["--clip-norm", "at least 0"]),
    (["--betas", "0.9"], ["--betas", "two numbers", "0.9,0.95"]),
    (["--betas", "0.9,0.95", "--optimizer", "sgd"], ["--betas", "--momentum"]),
    (["--epsilon", "0"], ["--epsilon", "above 0"]),
    (["--momentum", "0.9"], ["--momentum", "--optimizer sgd"]),
    (["--optimizer", "adam", "--muon-every", "5"], ["--muon-every", "--optimizer muon", "adam"]),
    (["--relative-steps"], ["--relative-steps", "--optimizer adafactor", "muon"]),
    (["--momentum-by-delay"], ["--momentum-by-delay", "--optimizer nadam", "muon"]),
    (["--momentum-by-delay", "--optimizer", "nadam", "--policy", "locked"], ["--momentum-by-delay", "--policy delayed"]),
    (["--weights", "latest"], ["--weights", "current or stash"]),
    (["--weights", "stash"], ["--weights", "--policy delayed"]),
    (["--update", "12"], ["--update", "every:12"]),
    (["--update", "every:12"], ["--update", "synthetic", "--policy delayed"]),
    (["--update", "every:4", "--policy", "delayed"], ["--update", "at least every:6", "smaller --batch"]),
    (["--error-feedback"], ["--error-feedback", "--policy delayed"]),
    (["--delay-lr"], ["--delay-lr", "--policy delayed"]),
    (["--moments", "f16"], ["--moments", "f32 or bf16"]),
    (["--moments", "bf16", "--optimizer", "adam8bit"], ["--moments", "leave it out", "adam8bit"]),
    (["--optimizer", "adam", "--adam-ratio", "0.1"], ["--adam-ratio", "--optimizer muon", "adam"]),
    (["--batch", "0"], ["--batch", "from 1 to", "'0'"]),
    (["--batch", "1"], ["--batch", "at least 2", "statistics of a batch"]),
    (["--validation", "1"], ["--validation", "below 1"]),
    (["--audit", "10"], ["--audit", "every:N"]),
    (["--gradients", "some"], ["--gradients", "every:N", "above:ERROR"]),
    (["--gradients", "every:2", "--policy", "locked"], ["--gradients", "--policy synthetic"]),
    (["--gradients", "above:0.5", "--deterministic"], ["--gradients", "--deterministic"]),
    (["--lag", "2"], ["--lag", "--deterministic"]),
    (["--max-alone", "5"], ["--max-alone", "--listen or --local-nodes"]),
    (["--max-alone", "-1", "--local-nodes", "2"], ["--max-alone", "'-1'"]),
    (["--max-alone", "5", "--local-nodes", "2", "--policy", "delayed"], ["--max-alone", "delayed", "predicts"]),
    (["--max-alone", "5", "--local-nodes", "2", "--deterministic"], ["--max-alone", "--deterministic"]),
    (["--threads", "0"], ["--threads", "from 1 to 4096"]),
    (["--on-nonfinite", "ignore"], ["--on-nonfinite", "stop or skip"]),
    (["--target-error", "101"], ["--target-error", "at most 100"]),
    (["--label-column", "x"], ["--label-column", "--data csv:FILE"]),
    (["--config", "/no/such.ini"], ["--config", "/no/such.ini", "No such file"]),
    (["--run", "/proc/syngrad"], ["--run", "/proc/syngrad"]),
    (["--run", "/dev/null"], ["--run", "/dev/null", "Not a directory"]),
]


def write_png(path, side):
    """A grey square."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">2I5B", side, side, 8, 0, 0, 0, 0)
    pixels = zlib.compress((b"\0" + bytes(side)) * side)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))


with folder() as home:
    for arguments, parts in TABLE:
        check_refused(run(program, "train", *arguments, cwd=home), *parts)
    check(not any(Path(home).iterdir()), "left behind:", list(Path(home).rglob("*")))

    # Files: broken ones are named with what is wrong.
    tiny = tiny_csv(home)
    check_refused(run(program, "train", "--data", f"csv:{tiny}", cwd=home), "--model", "4 features", "mlp:4-256x5-3")
    check_refused(run(program, "train", "--data", f"csv:{tiny}", "--model", "mlp:4-8-3", "--batch", "500", cwd=home),
                  "--batch", "at most 160", "500")
    check_refused(run(program, "train", "--data", f"csv:{tiny}", "--label-column", "colour", cwd=home), "colour")
    ini = Path(home) / "my.ini"
    ini.write_text("steps = 5\nstpes = 6\n")
    check_refused(run(program, "train", "--config", ini, cwd=home), f"{ini}:2", "stpes", "did you mean steps?")
    mnist = Path(home) / "mnist"
    mnist.mkdir()
    for name, magic, rest in (("train-images-idx3-ubyte", 2051, [2, 28, 28]), ("train-labels-idx1-ubyte", 2049, [2]),
                              ("t10k-images-idx3-ubyte", 2051, [1, 28, 28]), ("t10k-labels-idx1-ubyte", 2049, [1])):
        with gzip.open(mnist / (name + ".gz"), "wb") as file:
            file.write(struct.pack(f">{1 + len(rest)}i", magic, *rest) + b"\0" * 5)
    check_refused(run(program, "train", "--data", f"mnist:{mnist}", cwd=home), "--data", str(mnist))

    # Data and networks that do not fit, before any work. A token beyond the vocabulary in files that are too large to be
    # looked through ends the run at the first batch that has it.
    images = Path(home) / "images"
    for name, side in (("cat/1.png", 4), ("dog/1.png", 4), ("dog/2.png", 5)):
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        write_png(images / name, side)
    check_refused(run(program, "train", "--data", f"images:{images}", "--model", "cnn:4x4x1-8-2", cwd=home),
                  str(images / "dog/2.png"), "5x5", str(images / "cat/1.png"), "4x4", "--resize 4x4")
    text = Path(home) / "short.txt"
    text.write_text("to be or not to be")
    check_refused(run(program, "train", "--data", f"text:{text}", "--model", "gpt:1x8,context=64", cwd=home),
                  str(text), "training part has 16 tokens", "a context of 64", "shorter context")
    tokens = Path(home) / "tokens"
    tokens.mkdir()
    (tokens / "train.bin").write_bytes(struct.pack("<20H", *[1] * 19, 9999))
    (tokens / "val.bin").write_bytes(struct.pack("<20H", *[1] * 20))
    of_tokens = ["train", "--data", f"tokens:{tokens}", "--model", "gpt:1x8,context=19", "--batch", "1", "--groups", "1"]
    beyond = [f"{tokens}/train.bin: token 19 is 9999", "beyond a vocabulary of 100", "--vocabulary"]
    check_refused(run(program, *of_tokens, "--vocabulary", "100", cwd=home), "--data", *beyond)
    with open(tokens / "val.bin", "wb") as file:
        file.truncate(257 << 20)
    check_refused(run(program, *of_tokens, cwd=home), "--vocabulary N", "50257")
    ended = run(program, *of_tokens, "--vocabulary", "100", cwd=home)
    check(ended.returncode == 1 and all(part in ended.stderr for part in beyond), ended)
    shutil.rmtree(Path(home) / "runs")
    network = Path(home) / "network.json"
    for layers, *parts in (('{"type": "Transformer"}', "units[0][0].type", "Transformer"),
                           ('{"type": "Residual", "layers": [{"$ref": "#/units/0"}]}', "units[0][0].layers[0]", "type")):
        network.write_text(f'{{"input": [784], "units": [[{layers}]]}}')
        check_refused(run(program, "train", "--model", network, cwd=home), "--model", str(network), *parts)

    # A folder that holds a run is not overwritten.
    taken = Path(home) / "taken"
    taken.mkdir()
    (taken / "run.ini").write_text("")
    check_refused(run(program, "train", "--run", taken, cwd=home), "--run", str(taken), "holds a run")
    check(list(taken.iterdir()) == [taken / "run.ini"], "touched:", list(taken.iterdir()))
    check(not (Path(home) / "runs").exists(), "a refused run left a folder")

# Other commands.
check_refused(run(program, "trian"), "trian", "did you mean train?", command="syngrad: ")
check_refused(run(program, "bench", "--widths", "0"), "--widths", command="syngrad bench: ")
check_refused(run(program, "bench", "--policy", "backprop"), "--policy", "locked", command="syngrad bench: ")
check_refused(run(program, "bench", "--precision", "bf16"), "--precision", "--device cuda:0", command="syngrad bench: ")
check_refused(run(program, "bench", "--json", "/proc/x.json"), "--json", "/proc/x.json", command="syngrad bench: ")
for arguments in ([], ["--help"], ["help"], ["help", "train"], ["train", "--help"], ["help", "bench"], ["--version"]):
    result = run(program, *arguments)
    check(result.returncode == 0 and result.stdout and not result.stderr, arguments, result)
