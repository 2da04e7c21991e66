#!/usr/bin/env python3
"""The same network and policies in PyTorch as it is fastest on a GPU: CUDA graphs, bfloat16 products, fused Adam.

    python3 tests/bench/torch_mlp_cuda.py --policy backprop --hidden 8 --width 4096 --batch 4096 --graphs --precision bf16
    python3 tests/bench/torch_mlp_cuda.py --policy synthetic --device cpu --steps 20

Needs torch 2. Trains 784-WIDTHxHIDDEN-10 of Linear + BatchNorm + ReLU on random numbers: for speed only. Prints one line
of JSON. Policies: backprop; synthetic, with a group a layer, linear predictors and bootstrapped targets.
"""
import argparse
import contextlib
import json
import time

import torch
from torch import nn
from torch.nn import functional

INPUTS, CLASSES, SAMPLES = 784, 10, 65536


class LinearPredictor(nn.Module):
    """The gradient of a layer's output, by sample, from the output and its label; it starts with none."""

    def __init__(self, width, conditioned):
        super().__init__()
        self.of_output = nn.Linear(width, width)
        self.of_label = nn.Embedding(CLASSES, width) if conditioned else None
        for parameter in self.parameters():
            nn.init.zeros_(parameter)

    def forward(self, output, labels):
        guess = self.of_output(output)
        return guess if self.of_label is None else guess + self.of_label(labels)


def hidden_layer(inputs, outputs):
    return nn.Sequential(nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU())


class Training:
    """A step reads `x` and `y`, which keep their addresses, so that a graph of it can be replayed."""

    def __init__(self, options):
        self.options = options
        self.device = torch.device(options.device)
        widths = [INPUTS] + [options.width] * options.hidden
        layers = [hidden_layer(*pair) for pair in zip(widths, widths[1:])]
        self.groups = nn.ModuleList([*layers, nn.Linear(options.width, CLASSES)]).to(self.device)
        modules = [self.groups]
        if options.policy == "synthetic":
            self.predictors = nn.ModuleList(
                LinearPredictor(options.width, options.condition == "labels") for _ in layers).to(self.device)
            modules.append(self.predictors)
        on_gpu = self.device.type == "cuda"
        self.optimizers = [torch.optim.Adam(each.parameters(), lr=options.lr, capturable=on_gpu, fused=on_gpu or None)
                           for each in modules]
        self.x = torch.zeros(options.batch, INPUTS, device=self.device)
        self.y = torch.zeros(options.batch, dtype=torch.long, device=self.device)
        self.loss = torch.zeros((), device=self.device)

    def narrowed(self):
        if self.options.precision != "bf16":
            return contextlib.nullcontext()
        # Without the cache: it would keep tensors of one replay for the next.
        return torch.autocast(self.device.type, dtype=torch.bfloat16, cache_enabled=False)

    def step(self):
        for each in self.optimizers:
            each.zero_grad(set_to_none=True)
        backprop = self.options.policy == "backprop"
        (self.backprop if backprop else self.synthetic)()
        for each in self.optimizers:
            each.step()

    def judged(self, output):
        loss = functional.cross_entropy(output.float(), self.y)
        self.loss.copy_(loss.detach())
        return loss

    def backprop(self):
        with self.narrowed():
            h = self.x
            for group in self.groups:
                h = group(h)
        self.judged(h).backward()

    def synthetic(self):
        batch = self.options.batch  # what goes between groups is a gradient by sample, not divided by it
        interfaces, h = [], self.x
        with self.narrowed():
            for group, predictor in zip(self.groups, self.predictors):
                entry = h.detach().requires_grad_(bool(interfaces))
                h = group(entry)
                interfaces.append((entry, h, predictor(h.detach(), self.y)))
            top = h.detach().requires_grad_()
            output = self.groups[-1](top)
        self.judged(output).backward()
        arriving, error = top.grad, 0
        for entry, left, guess in reversed(interfaces):
            error = error + (guess.float() - arriving.float() * batch).square().sum(1).mean()
            left.backward((guess.detach() / batch).to(left.dtype))
            arriving = entry.grad
        error.backward()

    def captured(self):
        """A function that replays one step. Warms up beside the default stream, as capturing wants it."""
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self.step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        for each in self.optimizers:
            each.zero_grad(set_to_none=True)
        with torch.cuda.graph(graph):
            self.step()
        return graph.replay


def measure(options):
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    torch.backends.cuda.matmul.allow_tf32 = options.precision == "tf32"
    training = Training(options)
    wait = torch.cuda.synchronize if training.device.type == "cuda" else lambda: None
    samples = torch.rand(SAMPLES, INPUTS, device=training.device)
    labels = torch.randint(0, CLASSES, (SAMPLES,), device=training.device)
    step = training.captured() if options.graphs else training.step
    start = time.perf_counter()
    for i in range(options.warmup + options.steps):
        if i == options.warmup:
            wait()
            start = time.perf_counter()
        rows = torch.randint(0, SAMPLES, (options.batch,), device=training.device)
        torch.index_select(samples, 0, rows, out=training.x)
        torch.index_select(labels, 0, rows, out=training.y)
        step()
    wait()
    return time.perf_counter() - start, training.loss.item()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--policy", choices=["backprop", "synthetic"], default="backprop")
    parser.add_argument("--hidden", type=int, default=5)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--warmup", type=int, default=20)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--condition", choices=["labels", "none"], default="labels")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--graphs", action="store_true", help="capture the step and replay it; on CUDA only")
    parser.add_argument("--precision", choices=["f32", "tf32", "bf16"], default="f32")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.graphs and not options.device.startswith("cuda"):
        parser.error("--graphs: only a CUDA device has graphs; leave it out")
    seconds, loss = measure(options)
    print(json.dumps({"peer": "torch " + torch.__version__, "policy": options.policy, "width": options.width,
                      "hidden": options.hidden, "batch": options.batch, "device": options.device,
                      "graphs": options.graphs, "precision": options.precision, "steps": options.steps,
                      "steps_per_s": round(options.steps / seconds, 2), "loss": loss}))


if __name__ == "__main__":
    main()
