"""One run of tools/gpu-check: the programs, the sizes, and the clock that every part and the whole must keep to."""
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time


class PartFailed(Exception):
    """A part that does not get to its number: the reason stands in its row."""


class NotHere(Exception):
    """A part whose needs this machine does not meet."""


@dataclasses.dataclass(frozen=True)
class Sizes:
    """How large the parts are. A rehearsal shows in seconds, on the CPU, that every part works."""
    width: int = 4096
    batch: int = 4096
    hidden: int = 8
    steps_traced: int = 60
    steps_torch: int = 30
    steps_small_torch: int = 400
    steps_same: int = 300
    long_steps: int = 6000
    burst_s: float = 2.0
    pairs: int = 2


REHEARSAL = Sizes(width=32, batch=64, hidden=2, steps_traced=40, steps_torch=5, steps_small_torch=5, steps_same=20, long_steps=20,
                  burst_s=0.05, pairs=1)


@dataclasses.dataclass
class Session:
    syngrad: pathlib.Path
    suite: pathlib.Path
    peer: pathlib.Path
    python: str
    device: str  # cuda:0; cpu in a rehearsal
    data: str
    scratch: pathlib.Path
    sizes: Sizes
    deadline: float  # of the whole, in seconds of `clock`
    graphs: bool = False
    clock: object = time.monotonic
    part_deadline: float = 0

    def begin_part(self, limit_s):
        """Whether there is any time for it."""
        self.part_deadline = min(self.clock() + limit_s, self.deadline)
        return self.deadline - self.clock() >= 5

    def run(self, command, accepted=(0,)):
        """Runs a program within what is left of the part's time; it and its children end with that."""
        left = self.part_deadline - self.clock()
        name = " ".join(pathlib.Path(str(command[0])).name if i == 0 else str(word) for i, word in enumerate(command[:3]))
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, start_new_session=True)
        try:
            out, err = process.communicate(timeout=max(left, 0.1))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise PartFailed(f"no time left for `{name} ...`") from None
        if process.returncode not in accepted:
            said = (err.strip() or out.strip() or "nothing").splitlines()[-1]
            raise PartFailed(f"`{name} ...` ended with {process.returncode}: {said}")
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    @property
    def on_gpu(self):
        return self.device != "cpu"

    def devices(self, precision="f32", device=None):
        device = device or self.device
        if device == "cpu":
            return ["--device", "cpu"]
        graphs = ["--cuda-graphs", "on"] if self.graphs else []
        return ["--device", device, "--precision", precision, *graphs]

    def train(self, name, *options, precision="f32", device=None):
        """Trains into a new folder; returns it and its summary."""
        folder = self.scratch / name
        self.run([self.syngrad, "train", "--data", self.data, "--quiet", "--run", folder,
                  *self.devices(precision, device), *options])
        return folder, json.loads((folder / "summary.json").read_text())

    def bench(self, *options, precision="f32"):
        path = self.scratch / "bench.json"
        self.run([self.syngrad, "bench", "--json", path, "--pairs", "1", "--seconds", self.sizes.burst_s,
                  *self.devices(precision), *options])
        return json.loads(path.read_text())

    def torch(self, *options):
        """Steps per second of the peer."""
        device = "cuda" if self.on_gpu else "cpu"
        return json.loads(self.run([self.python, self.peer, "--device", device, *options]).stdout)["steps_per_s"]

    def need_torch(self):
        asked = "torch.cuda.is_available()" if self.on_gpu else "True"
        there = self.run([self.python, "-c", f"import torch, sys; sys.exit(not {asked})"], accepted=(0, 1))
        if there.returncode != 0:
            raise NotHere(f"no torch{' with CUDA' if self.on_gpu else ''} in {pathlib.Path(self.python).name} (--python)")

    def sanitizer(self):
        found = shutil.which("compute-sanitizer") or "/usr/local/cuda/bin/compute-sanitizer"
        if not pathlib.Path(found).exists():
            raise NotHere("compute-sanitizer was not found")
        return found
