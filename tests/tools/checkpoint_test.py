"""`syngrad checkpoint` tells what a run has stored, finds damage, and exchanges weights with PyTorch's names."""
import json
import struct
import sys
from pathlib import Path

from program import TINY, check, check_refused, folder, run, tiny_csv

program = sys.argv[1]
REFUSED = dict(command="syngrad checkpoint: ")


def checkpoint(*arguments, code=0):
    done = run(program, "checkpoint", *arguments)
    check(done.returncode == code and not done.stderr, arguments, done)
    return done.stdout


def tensors_of(path):
    """Name -> (type, shape, numbers), and the metadata."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    metadata = header.pop("__metadata__", {})
    codes = {"F32": "f", "I32": "i"}
    found = {}
    for name, about in header.items():
        begin, end = about["data_offsets"]
        body = data[8 + size + begin:8 + size + end]
        found[name] = (about["dtype"], about["shape"], struct.unpack(f"<{len(body) // 4}{codes[about['dtype']]}", body))
    return found, metadata


def told(made):
    weights = made / "weights.safetensors"
    tensors, metadata = tensors_of(weights)
    said = json.loads(checkpoint("info", weights, "--format", "json"))
    check(len(said) == 1 and said[0]["metadata"] == metadata and said[0]["bytes"] == weights.stat().st_size, said)
    check({each["name"]: each["shape"] for each in said[0]["tensors"]} == {name: each[1] for name, each in tensors.items()}, said)
    for each in said[0]["tensors"]:
        numbers = tensors[each["name"]][2]
        check(abs(each["norm"] - sum(x * x for x in numbers) ** 0.5) < 1e-9 * (1 + each["norm"]), each)
        check(each["min"] == min(numbers) and each["max"] == max(numbers) and each["nonfinite"] == 0, each)
    shown = checkpoint("info", made)
    check("0.weight" in shown and "8x4" in shown and "weights.best.safetensors" in shown and "model: mlp:4-8x2-3" in shown, shown)


def verified(home, made):
    check(checkpoint("verify", made).count(": whole\n") == 2, "not two whole files")
    content = bytearray((made / "weights.safetensors").read_bytes())
    content[-3:] = b"\xff\xff\x7f"
    (home / "nan.safetensors").write_bytes(content)
    check("not finite" in checkpoint("verify", home / "nan.safetensors", code=1), "a NaN is not seen")
    (home / "cut.safetensors").write_bytes(content[:-5])
    check("cut.safetensors" in checkpoint("verify", home / "cut.safetensors", made, code=1), "a cut file is not seen")


def exchanged(home, made):
    out, python = home / "torch.safetensors", home / "network.py"
    checkpoint("export", made, "--out", out, "--print-torch", python)
    theirs, _ = tensors_of(out)
    ours, _ = tensors_of(made / "weights.safetensors")
    # Linear, BatchNorm1d, ReLU, twice, and a Linear: a module each.
    check(sorted(theirs) == sorted(["0.weight", "3.weight", "6.weight", "6.bias"] +
                                   [f"{i}.{name}" for i in (1, 4) for name in
                                    ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")]), sorted(theirs))
    check(theirs["1.num_batches_tracked"][:2] == ("I32", []), theirs["1.num_batches_tracked"])
    check(theirs["4.running_var"][2] == ours["3.running_variance"][2] and theirs["6.weight"] == ours["4.weight"], "numbers differ")
    text = python.read_text()
    check("network = nn.Sequential(" in text and "nn.Linear(in_features=4, out_features=8, bias=False)" in text, text)
    compile(text, "network.py", "exec")
    back = home / "back.safetensors"
    checkpoint("import", out, "--model", "mlp:4-8x2-3", "--out", back)
    check(tensors_of(back)[0] == ours, "another network comes back")
    evaluated = [run(program, "evaluate", made, "--format", "json", *more).stdout for more in ([], ["--weights", back])]
    first, second = (json.loads(each) for each in evaluated)
    check(first["loss"] == second["loss"], first, second)
    best = home / "best.safetensors"
    checkpoint("export", made / "weights.best.safetensors", "--out", best)
    check(tensors_of(best)[0]["1.num_batches_tracked"][2][0] > 0, "the steps of the best weights are known")


def refused(home, made):
    def check_line(arguments, *parts, **more):
        check_refused(run(program, "checkpoint", *arguments, cwd=home), *parts, **REFUSED, **more)

    check_line([], "info, verify, export or import")
    check_line(["tell"], "'tell'")
    check_line(["info"], "one path")
    check_line(["info", "gone"], "gone: no such file")
    check_line(["verify", home], "neither weights nor checkpoints")
    check_line(["export", made], "--out")
    check_line(["import", home / "torch.safetensors", "--out", "a"], "--model")
    check_line(["import", home / "torch.safetensors", "--model", "mlp:4-9x2-3", "--out", "a"], "torch.safetensors", "'0.weight'",
               "[9, 4]", code=1)
    check_line(["import", made / "weights.safetensors", "--model", "mlp:4-8x2-3", "--out", "a"], "there is no '1.weight'", code=1)
    check_line(["export", home / "torch.safetensors", "--out", "a"], "there is no '1.gamma'", code=1)
    check(not (home / "a").exists(), "a file is left")


with folder() as home:
    home = Path(home)
    done = run(program, "train", "--data", f"csv:{tiny_csv(home)}", *TINY, "--steps", "40", "--trace", "off", "--quiet", "--run",
               home / "made")
    check(done.returncode == 0, done)
    told(home / "made")
    verified(home, home / "made")
    exchanged(home, home / "made")
    refused(home, home / "made")

shown = run(program, "checkpoint", "--help")
check(shown.returncode == 0 and all(part in shown.stdout for part in ("--print-torch FILE", "verify", "state_dict")), shown)
