#!/usr/bin/env python3
"""Steps per second of whole models: backpropagation against PyTorch, and `exit` on two threads against backpropagation.

    python3 tests/bench/models_speed.py --text ../shared/data/tinyshakespeare/input.txt --mnist ../shared/data/mnist --out tests/bench/results/models_speed.md

Needs torch (as --python, where it is another one), takes five minutes. What is compared takes turns; medians, and ratios
pair by pair. Processor milliseconds a step are of the whole process, without what it takes to start and to evaluate; on a
machine that others use they say more than the time that went by.

`limit`: the ratio that this machine would allow if nothing but the step's multiply-adds took time, as fast as the products
of a network 256 wide, which `syngrad bench` measures in turn.
"""
import argparse, dataclasses, json, os, pathlib, re, resource, statistics, subprocess, sys, tempfile

from machine import Page, described

START_STEPS = 3  # of the run that is subtracted


@dataclasses.dataclass
class Model:
    model: str
    data: str  # which of the data below
    batch: int
    groups: int  # most that it has units for, up to four
    steps: int  # some two seconds on one thread
    peer: list
    goal: float  # against PyTorch


MODELS = [
    Model("gpt:4x128,heads=4,context=128", "text", 16, 4, 20,
          ["gpt", "--layers", "4", "--width", "128", "--heads", "4", "--context", "128"], 1.1),
    Model("cnn:28x28x1-32s2-32-64s2-64-10", "mnist", 64, 4, 180, ["cnn"], 1.1),
    Model("resnet:20", "images", 32, 4, 30, ["resnet", "--layers", "20"], 1.0),
    Model("lstm:1x128,chunk=64", "text", 32, 2, 130, ["lstm", "--width", "128", "--context", "64"], 1.0),
]
EXIT_GOAL = 1.3
# Multiply-adds that `exit` adds to its groups: model, the most that it may be in %
EXTRA_WORK = [("gpt:4x64,heads=4,context=64", 15), ("gpt:4x128,heads=4,context=128", 8)]

LOCKED = ["--policy", "locked", "--groups", "1", "--threads", "1"]


def locked_on_two(model):
    """How backpropagation may use two threads: by actors, or within products."""
    return {f"{model.groups} groups": ["--policy", "locked", "--groups", str(model.groups), "--threads", "2"],
            "--intra-op 2": ["--policy", "locked", "--groups", "1", "--threads", "1", "--intra-op", "2"]}


def exit_on_two(model):
    return ["--policy", "synthetic", "--sg", "exit", "--groups", str(model.groups), "--threads", "2"]


@dataclasses.dataclass
class Rate:
    steps_per_s: float
    cpu_ms: float  # a step


def children_cpu_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Bench:
    def __init__(self, arguments, folder):
        self.arguments, self.folder, self.runs, self.start_cpu_s = arguments, pathlib.Path(folder), 0, {}
        self.data = {"text": f"text:{arguments.text}", "mnist": f"mnist:{arguments.mnist}", "images": f"npz:{folder}/images.npz"}
        subprocess.run([arguments.python, "-c", "import numpy as n, sys; r = n.random.default_rng(1); "
                        "of = lambda k: (r.integers(0, 256, (k, 32, 32, 3), dtype=n.uint8), r.integers(0, 10, k)); "
                        "(x, y), (a, b) = of(4096), of(64); n.savez(sys.argv[1], x=x, y=y, x_test=a, y_test=b)",
                        f"{folder}/images.npz"], check=True)

    def train(self, model, how, steps):
        """The run's summary, and the processor time of its process."""
        self.runs += 1
        run, before = self.folder / f"run{self.runs}", children_cpu_s()
        least_test = ["--test-fraction", "0.002"] if model.data == "text" else []
        subprocess.run([self.arguments.binary, "train", "--data", self.data[model.data], *least_test, "--model", model.model,
                        "--optimizer", "adam", "--batch", str(model.batch), *how, "--steps", str(steps), "--eval-every", "0", "--trace", "off",
                        "--quiet", "--run", str(run)], check=True, stdout=subprocess.DEVNULL)
        return json.loads((run / "summary.json").read_text()), children_cpu_s() - before

    def ours(self, model, how):
        key = (model.model, *how)
        if key not in self.start_cpu_s:
            self.start_cpu_s[key] = self.train(model, how, START_STEPS)[1]
        summary, cpu_s = self.train(model, how, model.steps)
        return Rate(summary["steps_per_s"], 1000 * (cpu_s - self.start_cpu_s[key]) / (model.steps - START_STEPS))

    def theirs(self, model):
        text = ["--text", self.arguments.text] if model.data == "text" else []
        out = subprocess.run([self.arguments.python, self.arguments.peer, *model.peer, *text, "--batch", str(model.batch),
                              "--threads", "1", "--steps", str(model.steps)], check=True, capture_output=True, text=True,
                             env=dict(os.environ, OMP_NUM_THREADS="1"))
        said = json.loads(out.stdout)
        return Rate(said["steps_per_s"], 1000 * said["cpu_s_per_step"])

    def products_gflops(self):
        out = subprocess.run([self.arguments.binary, "bench", "--widths", "256", "--policy", "locked", "--threads", "1",
                              "--pairs", "3", "--seconds", "0.2", "--json", "-"], check=True, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True)
        return json.loads(out.stdout[out.stdout.index("{"):])["measurements"][0]["peak_gflops"]

    def step_gflop(self, model):
        shown = subprocess.run([self.arguments.binary, "models", model.model, "--data", self.data[model.data]], check=True,
                               capture_output=True, text=True).stdout
        multiply_adds = re.search(r"^ *all +[\d,]+ +([\d,]+)", shown, re.MULTILINE).group(1)
        return 2e-9 * float(multiply_adds.replace(",", "")) * model.batch


def median(values):
    return statistics.median(list(values))


def columns(first, second, pairs):
    """The columns that both tables share: rates, processor time, and their ratios."""
    return (f"{median(a.steps_per_s for a, _ in pairs):.1f} | {median(b.steps_per_s for _, b in pairs):.1f} | "
            f"{median(a.cpu_ms for a, _ in pairs):.1f} | {median(b.cpu_ms for _, b in pairs):.1f} | "
            f"**{median(a.steps_per_s / b.steps_per_s for a, b in pairs):.2f}** | "
            f"{median(b.cpu_ms / a.cpu_ms for a, b in pairs):.2f}")


def against_peer(bench, model):
    gflop, pairs, limits = bench.step_gflop(model), [], []
    for _ in range(bench.arguments.pairs):
        limits.append(bench.products_gflops() / gflop)
        pairs.append((bench.ours(model, LOCKED), bench.theirs(model)))
    limit = median(most / theirs.steps_per_s for most, (_, theirs) in zip(limits, pairs))
    return (f"| {model.model}, batch {model.batch} | {columns('syngrad', 'PyTorch', pairs)} | {model.goal} | {limit:.2f} | "
            f"{median(limits):.1f} |")


def exit_against_locked(bench, model):
    ways = locked_on_two(model)
    best = max(ways, key=lambda way: bench.ours(model, ways[way]).steps_per_s)
    pairs = [(bench.ours(model, exit_on_two(model)), bench.ours(model, ways[best])) for _ in range(bench.arguments.pairs)]
    return f"| {model.model}, {model.groups} groups | {best} | {columns('exit', 'locked', pairs)} | {EXIT_GOAL} |"


def extra_work(bench, name, goal):
    model = dataclasses.replace(MODELS[0], model=name)
    groups = bench.train(model, exit_on_two(model), START_STEPS)[0]["groups"]
    shares = [group["predictor_share"] for group in groups if group["predictor_share"] > 0]
    most = 100 * max(share / (1 - share) for share in shares)
    return f"| {name} | {most:.1f} % | {goal} % |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="build/release/bin/syngrad")
    parser.add_argument("--peer", default="../shared/peers/torch_models.py")
    parser.add_argument("--python", default=sys.executable, help="the one that has torch")
    parser.add_argument("--text", default="../shared/data/tinyshakespeare/input.txt")
    parser.add_argument("--mnist", default="../shared/data/mnist")
    parser.add_argument("--out", default="tests/bench/results/models_speed.md")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--only", default="", help="models whose name begins so")
    arguments = parser.parse_args()
    models = [model for model in MODELS if model.model.startswith(arguments.only)]
    add = Page(arguments.out).add
    add("# Speed of whole models", "", described() + f" Medians of {arguments.pairs} pairs in turn.", "",
        "    python3 tests/bench/models_speed.py " + " ".join(sys.argv[1:]), "",
        "Steps/s; processor ms a step, of all threads; ratios of steps/s, and of processor time the other way round.", "",
        "## Backpropagation (`locked`) on one thread against PyTorch on one", "",
        "Limit: the ratio if the multiply-adds alone took time, at the rate of products 256 wide; beside it the steps/s.", "",
        "| model | syngrad | PyTorch | ms | ms | ratio | of processor time | goal | limit | steps/s |",
        "|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, folder)
        for model in models:
            add(against_peer(bench, model))
        add("", "## `exit` on two threads against `locked` on two, as actors or within products, whichever is faster", "",
            "| model | locked by | exit | locked | ms | ms | ratio | of processor time | goal |",
            "|---|---|---|---|---|---|---|---|---|")
        for model in models:
            add(exit_against_locked(bench, model))
        add("", "## Multiply-adds that `exit` adds to a group", "", "| model | most | goal |", "|---|---|---|")
        for name, goal in EXTRA_WORK:
            add(extra_work(bench, name, goal))


if __name__ == "__main__":
    main()
