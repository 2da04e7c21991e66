"""Reads weights as a stranger would: whether a safetensors file is whole, with the shapes of its network and finite."""
import array
import json
import math
import struct


def widths_of(model):
    """Of `mlp:INPUTS-WIDTHxCOUNT-...-CLASSES`, from inputs to classes."""
    widths = []
    for part in model.removeprefix("mlp:").split("-"):
        width, _, count = part.partition("x")
        widths += [int(width)] * int(count or 1)
    return widths


def names_in(path):
    """The tensors of a file, which is whole: every one has its bytes."""
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    tensors = json.loads(data[8:8 + length])
    tensors.pop("__metadata__", None)
    assert max(entry["data_offsets"][1] for entry in tensors.values()) == len(data) - 8 - length, path
    return set(tensors)


def problem_with(path, model):
    """What is wrong with the file; None where it is whole."""
    return problem_with_parts([path], model)


def problem_with_parts(paths, model):
    """What is wrong with files that together have every tensor; None where they are whole."""
    matrices = {}
    for path in paths:
        if problem := look_into(path, model, matrices):
            return problem
    widths = widths_of(model)
    expected = [sorted(pair) for pair in zip(widths, widths[1:])]
    found = [shape for _, shape in sorted(matrices.items())]
    return None if found == expected else f"matrices {found}, not {expected}"


def look_into(path, model, matrices):
    """What is wrong with the file by itself; adds its matrices' shapes by their layer in the network."""
    data = path.read_bytes()
    if len(data) < 8:
        return f"{len(data)} bytes"
    length = struct.unpack("<Q", data[:8])[0]
    try:
        header = json.loads(data[8:8 + length])
    except ValueError as error:
        return f"header: {error}"
    metadata = header.pop("__metadata__", {})
    if metadata.get("model") != model:
        return f"of the model {metadata.get('model')}"
    body, end = data[8 + length:], 0
    for name, entry in sorted(header.items(), key=lambda each: each[1]["data_offsets"]):
        begin, until = entry["data_offsets"]
        if entry["dtype"] != "F32" or begin != end or until - begin != 4 * math.prod(entry["shape"]):
            return f"{name}: {entry}, after byte {end}"
        end = until
        values = array.array("f", body[begin:until])
        if len(values) * 4 != until - begin or not all(map(math.isfinite, values)):
            return f"{name}: cut off, or not finite"
        if name.endswith(".weight") and len(entry["shape"]) == 2:
            matrices[int(name.split(".")[0])] = sorted(entry["shape"])
    return f"{len(body) - end} bytes too many" if end != len(body) else None
