"""Every kind of network is the one that PyTorch makes of its JSON: the same losses from the same weights, 20 steps."""
import functools
import json
import subprocess
import sys
from pathlib import Path

from program import check, folder, need

torch, safetensors = need("torch", "safetensors")
from torch import nn

write_losses = sys.argv[1]
MODELS = ["mlp:20-32x2-5", "cnn:8x8x3-8s2-8-16s2-5", "resnet:8", "gpt:2x32,heads=4,context=16,vocab=31",
          "lstm:2x16,chunk=5,vocab=31", "gru:1x16,chunk=5,vocab=31"]
STEPS = 20
LEARNING_RATE = 1e-4  # also in write_losses.cpp

# Ours where they differ from PyTorch's.
NAMES = {"gamma": "weight", "beta": "bias", "running_variance": "running_var"}
OWN_ARGUMENTS = {"type", "init_std", "out_proj_init_std"}


class Residual(nn.Module):
    def __init__(self, layers, skip):
        super().__init__()
        self.layers, self.skip = layers, skip

    def forward(self, x):
        return self.layers(x) + self.skip(x)


class Attention(nn.Module):
    def __init__(self, is_causal=False, **arguments):
        super().__init__()
        self.inner, self.is_causal = nn.MultiheadAttention(**arguments, batch_first=True), is_causal

    def forward(self, x):
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1], dtype=x.dtype) if self.is_causal else None
        return self.inner(x, x, x, attn_mask=mask, need_weights=False)[0]


class Embedding(nn.Module):
    def __init__(self, num_embeddings, embedding_dim, positions=0):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(num_embeddings, embedding_dim))
        self.position = nn.Parameter(torch.zeros(positions, embedding_dim)) if positions else None

    def forward(self, x):
        y = nn.functional.embedding(x, self.weight)
        return y if self.position is None else y + self.position[: x.shape[1]]


class Recurrent(nn.Module):
    def __init__(self, kind, carry=False, **arguments):
        super().__init__()
        self.inner, self.carry, self.state = kind(**arguments, batch_first=True), carry, None

    def forward(self, x):
        y, state = self.inner(x, self.state)
        if self.carry:
            self.state = tuple(each.detach() for each in state) if isinstance(state, tuple) else state.detach()
        return y


def is_part_of(layer, before):
    """Whether a layer and the one in front of it are one of ours, with one number."""
    return (before, layer) in {("BatchNorm1d", "ReLU"), ("BatchNorm2d", "ReLU"), ("Residual", "ReLU"),
                               ("AdaptiveAvgPool2d", "Flatten")}


def place_weights(module, prefix, weights):
    """Sets what the module holds from the tensors of that prefix, which are used up."""
    for key in [key for key in weights if key.startswith(prefix)]:
        name = key[len(prefix):]
        tensor = weights.pop(key)
        target = (module.inner if isinstance(module, (Attention, Recurrent)) else module).get_parameter_or_buffer(NAMES.get(name, name))
        if tensor.dim() == 4:
            tensor = tensor.permute(0, 3, 1, 2)  # a convolution's, channels last
        check(target.shape == tensor.shape, key, target.shape, tensor.shape)
        target.data.copy_(tensor)


OWN_MODULES = {"MultiheadAttention": Attention, "Embedding": Embedding, "LSTM": functools.partial(Recurrent, nn.LSTM),
               "GRU": functools.partial(Recurrent, nn.GRU)}


def get_parameter_or_buffer(self, name):
    return dict(self.named_buffers())[name] if name in dict(self.named_buffers()) else self.get_parameter(name)


nn.Module.get_parameter_or_buffer = get_parameter_or_buffer


def make_layers(documents, prefix, weights, first):
    """The modules of a list, with their weights, and the number behind the last one."""
    modules, number, before = [], first - 1, None
    for document in documents:
        kind = document["type"]
        number += not is_part_of(kind, before)
        arguments = {name: value for name, value in document.items() if name not in OWN_ARGUMENTS}
        own = f"{prefix}{number}."
        if kind == "Residual":
            inner, _ = make_layers(document["layers"], own, weights, 0)
            skip, _ = make_layers(document["skip"], own + "skip.", weights, 0) if "skip" in document else (nn.Identity(), 0)
            module = Residual(inner, skip)
        else:
            module = OWN_MODULES.get(kind, getattr(nn, kind, None))(**arguments)
            place_weights(module, own, weights)
        modules.append(module)
        before = kind
    return nn.Sequential(*modules), number + 1


def make_network(document, weights):
    units, number = [], 0
    for unit in document["units"]:
        layers, number = make_layers(unit, "", weights, number)
        units.append(layers)
    check(not weights, "not used:", list(weights))
    return nn.Sequential(*units)


def losses_of(path):
    """Ours, and PyTorch's."""
    with safetensors.safe_open(path, "pt") as file:
        document = json.loads(file.metadata()["model"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}
    x, labels, ours = (tensors.pop(name) for name in ("x", "labels", "losses"))
    network = make_network(document, tensors).train().double()  # whose own rounding then counts for nothing
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    theirs = []
    for inputs, targets in zip(x.chunk(STEPS), labels.long().chunk(STEPS)):
        inputs = inputs.long() if inputs.dtype == torch.int32 else inputs.double()
        if inputs.dim() == 4:
            inputs = inputs.permute(0, 3, 1, 2)
        optimizer.zero_grad()
        outputs = network(inputs)
        loss = nn.functional.cross_entropy(outputs.flatten(0, -2), targets)
        loss.backward()
        optimizer.step()
        theirs.append(loss.item())
    return ours.tolist(), theirs


torch.set_num_threads(1)
with folder() as home:
    for model in MODELS:
        path = Path(home) / "losses.safetensors"
        subprocess.run([write_losses, model, path], check=True, timeout=240)
        ours, theirs = losses_of(path)
        furthest = max(abs(a - b) for a, b in zip(ours, theirs))
        print(f"{model}: loss {ours[0]:.4f} to {ours[-1]:.4f}, at most {furthest:.1e} from PyTorch's")
        check(len(ours) == len(theirs) == STEPS and furthest < 1e-3, model, list(zip(ours, theirs)))
        check(abs(ours[0] - ours[-1]) > 1e-3, "nothing was learnt:", ours)
