"""A run moves its weights as torch.optim does, with torch's clipping and schedulers: from the same weights, on the same
data, to the same weights. Every batch holds all samples, so their order does not matter."""
import sys
from pathlib import Path

from program import check, folder, need, run, write_idx

numpy, torch, safetensors = need("numpy", "torch", "safetensors.torch")
program = sys.argv[1]
CLASSES = 5
WIDTHS = [4, 16, 16, CLASSES]
SAMPLES = 200
STEPS = 40
RATE = 0.02
GROUPS = [1, 2]  # units
SAME = 3e-4      # relative distance of a tensor's change: sums in another order, amplified by 40 steps; found: 5e-5


def adam(decay, decoupled):
    kind = torch.optim.AdamW if decoupled else torch.optim.Adam
    return lambda groups: kind(groups(decay), lr=RATE, betas=(0.9, 0.95), eps=1e-6)


def sgd(decay):
    return lambda groups: torch.optim.SGD(groups(decay), lr=RATE, momentum=0.8, nesterov=True)


class Muon(torch.optim.Optimizer):
    """Of the matrices the last one makes the outputs: that one and all vectors by AdamW, with a twentieth of the rate."""

    def __init__(self, groups):
        super().__init__(groups, {"lr": RATE})
        (*self.hidden, head), vectors = (each["params"] for each in self.param_groups)
        self.velocities = [torch.zeros_like(each) for each in self.hidden]
        self.others = torch.optim.AdamW([{"params": [head], "weight_decay": groups[0]["weight_decay"]},
                                         {"params": vectors, "weight_decay": 0}], betas=(0.9, 0.95), eps=1e-6)

    @torch.no_grad()
    def step(self):
        rate, decay = self.param_groups[0]["lr"], self.param_groups[0]["weight_decay"]
        for weight, velocity in zip(self.hidden, self.velocities):
            velocity.mul_(0.95).add_(weight.grad)
            x = weight.grad + 0.95 * velocity
            x = x / x.norm()
            for _ in range(5):
                square = x.T @ x
                x = 3.4445 * x + x @ (-4.7750 * square + 2.0315 * square @ square)
            weight.mul_(1 - rate * decay).add_(x, alpha=-rate * max(1, x.shape[0] / x.shape[1]) ** 0.5)
        for group in self.others.param_groups:
            group["lr"] = 0.05 * rate
        self.others.step()


def nadam(groups):
    return torch.optim.NAdam(groups(0.5), lr=RATE, betas=(0.9, 0.95), eps=1e-6, decoupled_weight_decay=True)


def adafactor(groups):
    return torch.optim.Adafactor(groups(0.5), lr=RATE)


def muon(decay):
    return lambda groups: Muon(groups(decay))


def warmup_and_cosine(optimizer):
    rise = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=1 / 5, total_iters=4)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=STEPS - 1 - 5, eta_min=RATE / 10)
    return torch.optim.lr_scheduler.SequentialLR(optimizer, [rise, fall], milestones=[5])


def falls(optimizer):
    return torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[10, 30], gamma=0.5)


ADAM = ["--betas", "0.9,0.95", "--epsilon", "1e-6"]
SGD = ["--optimizer", "sgd", "--momentum", "0.8", "--nesterov"]
SMOOTH = ["--schedule", "warmup:5,cosine:0.1"]

# Name: options, and in torch the optimizer, the schedule, the largest norm of a group's gradient. A run without what the
# name says has to come out otherwise, so that nothing passes by doing nothing.
CASES = {
    "adamw": (["--optimizer", "adamw", *ADAM, "--schedule", "none"], adam(0, True), None, None),
    "adamw, decay": (["--optimizer", "adamw", *ADAM, "--weight-decay", "0.5", "--schedule", "none"], adam(0.5, True), None,
                     None),
    "adam, decay": (["--optimizer", "adam", *ADAM, "--weight-decay", "0.1", "--schedule", "none"], adam(0.1, False), None,
                    None),
    "sgd, decay": ([*SGD, "--weight-decay", "0.1", "--schedule", "none"], sgd(0.1), None, None),
    "sgd, clipped": ([*SGD, "--clip-norm", "0.1", "--schedule", "none"], sgd(0), None, 0.1),
    "adamw, steps": (["--optimizer", "adamw", *ADAM, "--schedule", "0.25:0.5,30:0.5"], adam(0, True), falls, None),
    "adamw, all": (["--optimizer", "adamw", *ADAM, "--weight-decay", "0.5", *SMOOTH, "--clip-norm", "0.1"],
                   adam(0.5, True), warmup_and_cosine, 0.1),
    "nadam, decay": (["--optimizer", "nadam", *ADAM, "--weight-decay", "0.5", "--schedule", "none"], nadam, None, None),
    "adafactor, decay": (["--optimizer", "adafactor", "--weight-decay", "0.5", "--schedule", "none"], adafactor, None, None),
    "muon, decay": (["--optimizer", "muon", "--muon-every", "1", *ADAM, "--weight-decay", "0.5", "--schedule", "none"], muon(0.5), None, None),
    "muon, all": (["--optimizer", "muon", "--muon-every", "1", *ADAM, "--weight-decay", "0.5", *SMOOTH, "--clip-norm", "0.1"], muon(0.5),
                  warmup_and_cosine, 0.1),
    "sgd, all": ([*SGD, "--weight-decay", "0.1", *SMOOTH, "--clip-norm", "0.1"], sgd(0.1), warmup_and_cosine, 0.1),
}


def weights_after(data, steps, rate, *options):
    with folder() as home:
        result = Path(home) / "run"
        done = run(program, "train", "--data", f"mnist:{data}", "--model", f"mlp:{'-'.join(map(str, WIDTHS))}", "--batch",
                   SAMPLES, "--split", ",".join(map(str, GROUPS)), "--policy", "locked", "--deterministic", "--quiet",
                   "--trace", "off", "--steps", steps, "--lr", rate, "--run", result, *options)
        check(done.returncode == 0, options, done.stdout, done.stderr)
        tensors = safetensors.load_file(result / "weights.safetensors")
    return {name: each for name, each in tensors.items() if "running" not in name}


def outputs(weights, x):
    units = len(WIDTHS) - 1
    for unit in range(units - 1):
        x = torch.nn.functional.linear(x, weights[f"{2 * unit}.weight"])
        gamma, beta = weights[f"{2 * unit + 1}.gamma"], weights[f"{2 * unit + 1}.beta"]
        x = torch.nn.functional.batch_norm(x, None, None, gamma, beta, training=True).relu()
    last = 2 * (units - 1)
    return torch.nn.functional.linear(x, weights[f"{last}.weight"], weights[f"{last}.bias"])


def train_in_torch(start, x, labels, make_optimizer, make_schedule, largest_norm):
    weights = {name: each.clone().requires_grad_() for name, each in start.items()}
    everything = list(weights.values())
    lower = [each for name, each in weights.items() if int(name.split(".")[0]) < 2 * GROUPS[0]]
    upper = [each for each in everything if all(each is not other for other in lower)]

    def groups(decay):
        return [{"params": [each for each in everything if each.dim() >= 2], "weight_decay": decay},
                {"params": [each for each in everything if each.dim() < 2], "weight_decay": 0}]

    optimizer = make_optimizer(groups)
    schedule = make_schedule(optimizer) if make_schedule else None
    for _ in range(STEPS):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(outputs(weights, x), labels).backward()
        if largest_norm:
            for group in lower, upper:
                torch.nn.utils.clip_grad_norm_(group, largest_norm)
        optimizer.step()
        if schedule:
            schedule.step()
    return {name: each.detach() for name, each in weights.items()}


def distances(found, expected, start):
    """Of each tensor: how far apart, as a part of how far it has come."""
    return {name: float((found[name] - each).norm() / (each - start[name]).norm()) for name, each in expected.items()}


with folder() as home:
    home = Path(home)
    random = numpy.random.default_rng(3)
    labels = random.integers(0, CLASSES, SAMPLES)
    images = numpy.stack([random.integers(0, 256, SAMPLES) // 2 + (labels == pixel) * 90 for pixel in range(4)], 1)
    images = images.astype("uint8")
    for part in "train", "t10k":
        write_idx(home / f"{part}-{{}}-ubyte", labels.tolist(), images.tobytes())
    x, labels = torch.from_numpy(images.astype("float32") / 255), torch.from_numpy(labels)

    # A rate that moves nothing leaves the weights that a run starts from.
    start = weights_after(home, 1, 1e-45)
    came_to = {}
    for name, (options, *torch_part) in CASES.items():
        found = weights_after(home, STEPS, RATE, *options)
        expected = train_in_torch(start, x, labels, *torch_part)
        apart = distances(found, expected, start)
        check(max(apart.values()) < SAME, name, apart)
        for other, weights in came_to.items():
            check(max(distances(weights, expected, start).values()) > 10 * SAME, name, "is the same as", other)
        came_to[name] = found
