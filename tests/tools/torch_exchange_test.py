"""What `syngrad checkpoint export` writes is a state_dict that torch.nn.Sequential takes as it is, and gives the same
outputs; `import` takes it back, from torch's own file too."""
import subprocess
import sys
from pathlib import Path

from program import check, folder, need, run

torch, safetensors_torch, numpy = need("torch", "safetensors.torch", "numpy")

program, write_logits = sys.argv[1:3]
FAMILIES = {
    "mlp": ["--model", "mlp:784-32x2-10"],
    "flattened": ["--model", "flattened.json"],
    "cnn": ["--model", "cnn:28x28x1-8s2-8-16s2-10"],
    "resnet": ["--data", "npz:images.npz", "--model", "resnet:8", "--batch", "16"],
    "gpt": ["--data", "text:text.txt", "--model", "gpt:2x32,heads=4,context=16", "--batch", "8"],
    "lstm": ["--data", "text:text.txt", "--model", "lstm:2x16,chunk=5", "--batch", "8"],
    "gru": ["--data", "text:text.txt", "--model", "gru:1x16,chunk=5", "--batch", "8"],
}
# Behind a Flatten of several positions PyTorch has the features in another order.
FLATTENED = """{"input": [28, 28, 1], "units": [
  [{"type": "Conv2d", "in_channels": 1, "out_channels": 6, "kernel_size": [5, 3], "stride": 4}, {"type": "ReLU"}],
  [{"type": "Flatten"}, {"type": "BatchNorm1d", "num_features": 252}, {"type": "ReLU"},
   {"type": "Linear", "in_features": 252, "out_features": 20}],
  [{"type": "GELU"}, {"type": "Linear", "in_features": 20, "out_features": 10, "bias": false}]]}"""


def network_of(python):
    names = {}
    exec(Path(python).read_text(), names)
    return names["network"]


def compare(home, name, made):
    exported, python, outputs = home / f"{name}.torch", home / f"{name}.py", home / f"{name}.outputs"
    done = run(program, "checkpoint", "export", made, "--out", exported, "--print-torch", python)
    check(done.returncode == 0 and not done.stderr, name, done)
    network = network_of(python)
    check(isinstance(network, torch.nn.Sequential), network)
    state = safetensors_torch.load_file(exported)
    network.load_state_dict(state)  # strict: every name, every shape
    network.eval()
    subprocess.run([write_logits, made / "weights.safetensors", outputs], check=True, timeout=60)
    tensors = safetensors_torch.load_file(outputs)
    x, ours = tensors["x"], tensors["logits"]
    x = x.long() if x.dtype == torch.int32 else x
    if x.dim() == 4:
        x = x.permute(0, 3, 1, 2)
    with torch.no_grad():
        theirs = network(x).flatten(0, -2)
    furthest = (ours - theirs).abs().max().item()
    print(f"{name}: outputs up to {ours.abs().max().item():.2f}, at most {furthest:.1e} from PyTorch's")
    check(ours.abs().max().item() > 0.1 and furthest < 1e-5, name, furthest)
    # Back, from what torch itself has saved.
    saved, back = home / f"{name}.saved", home / f"{name}.back"
    safetensors_torch.save_file({key: value.contiguous() for key, value in network.state_dict().items()}, saved)
    model = FAMILIES[name][FAMILIES[name].index("--model") + 1]
    if ":" in model and name in ("gpt", "lstm", "gru"):
        model = next(line[8:] for line in (made / "run.ini").read_text().splitlines() if line.startswith("model = "))
    done = run(program, "checkpoint", "import", saved, "--model", model, "--out", back, cwd=home)
    check(done.returncode == 0, done)
    before, after = (safetensors_torch.load_file(path) for path in (made / "weights.safetensors", back))
    check(before.keys() == after.keys() and all(torch.equal(before[key], after[key]) for key in before), name)


torch.set_num_threads(1)
with folder() as home:
    home = Path(home)
    draw = numpy.random.default_rng(1)
    numpy.savez(home / "images.npz", x=draw.integers(0, 256, (60, 32, 32, 3), dtype="uint8"), y=numpy.arange(60) % 10)
    (home / "text.txt").write_text("to be or not to be, that is the question. " * 40)
    (home / "flattened.json").write_text(FLATTENED)
    for name, options in FAMILIES.items():
        done = run(program, "train", *options, "--steps", "25", "--threads", "1", "--policy", "locked", "--trace", "off",
                   "--quiet", "--run", home / name, cwd=home)
        check(done.returncode == 0, name, done)
        compare(home, name, home / name)
