"""All that a run leaves and exports, in the readers that people have: pandas, sqlite3, TensorBoard, safetensors, torch."""
import importlib.util
import json
import sqlite3
import sys
from pathlib import Path

from program import check, folder, need, run, write_idx

numpy, pandas, safetensors, accumulator = need(
    "numpy", "pandas", "safetensors.numpy", "tensorboard.backend.event_processing.event_accumulator")
program = sys.argv[1]
CLASSES = 5
UNITS = [4, 16, 16, CLASSES]


def syngrad(*arguments):
    done = run(program, *arguments)
    check(done.returncode == 0, "exit code", done.returncode, done)
    return done


def images_of(labels):
    """Pixels that say their label, but not always."""
    random = numpy.random.default_rng(7)
    levels = numpy.stack([random.integers(0, 256, len(labels)) // 2 + (labels == pixel) * 90 for pixel in range(4)], 1)
    return levels.astype("uint8")


def outputs_in_numpy(weights, x):
    for unit in range(len(UNITS) - 2):
        norm = {name: weights[f"{2 * unit + 1}.{name}"] for name in ("gamma", "beta", "running_mean", "running_variance")}
        x = x @ weights[f"{2 * unit}.weight"].T
        x = norm["gamma"] * (x - norm["running_mean"]) / numpy.sqrt(norm["running_variance"] + 1e-5) + norm["beta"]
        x = numpy.maximum(x, 0)
    last = 2 * (len(UNITS) - 2)
    return x @ weights[f"{last}.weight"].T + weights[f"{last}.bias"]


def outputs_in_torch(path, x):
    """The file in a network that torch itself made: every name and shape has to fit."""
    import torch
    from safetensors.torch import load_file
    layers = []
    for inputs, width in zip(UNITS[:-2], UNITS[1:-1]):
        layers += [torch.nn.Linear(inputs, width, bias=False), torch.nn.BatchNorm1d(width), torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers, torch.nn.Linear(*UNITS[-2:])).eval()
    names = {"gamma": "weight", "beta": "bias", "running_variance": "running_var"}
    tensors = {}
    for key, tensor in load_file(path).items():
        layer, name = key.split(".")
        tensors[f"{int(layer) // 2 * 3 + int(layer) % 2}.{names.get(name, name)}"] = tensor
    missing = network.load_state_dict(tensors, strict=False)
    check(not missing.unexpected_keys and all("num_batches" in key for key in missing.missing_keys), missing)
    with torch.no_grad():
        return network(torch.from_numpy(x)).numpy()


def error_percent(outputs, labels):
    return 100 * float((outputs.argmax(1) != labels).mean())


with folder() as home:
    home = Path(home)
    random = numpy.random.default_rng(1)
    train_labels, test_labels = random.integers(0, CLASSES, 1000), random.integers(0, CLASSES, 300)
    test_images = images_of(test_labels)
    write_idx(home / "train-{}-ubyte", train_labels.tolist(), images_of(train_labels).tobytes())
    write_idx(home / "t10k-{}-ubyte", test_labels.tolist(), test_images.tobytes())
    result = home / "run"
    syngrad("train", "--data", f"mnist:{home}", "--model", f"mlp:4-16x2-{CLASSES}", "--batch", "20", "--steps", "200",
            "--eval-every", "50", "--threads", "2", "--trace", "on", "--run", result)
    summary = json.loads((result / "summary.json").read_text())

    # Weights: what they compute elsewhere errs as often as the run says.
    path = result / "weights.safetensors"
    x = test_images.astype("float32") / 255
    check(5 < summary["test_error_percent"] < 70, "neither learned nor hard:", summary["test_error_percent"])
    found = error_percent(outputs_in_numpy(safetensors.load_file(path), x), test_labels)
    check(abs(found - summary["test_error_percent"]) < 100 / 300 + 1e-6, found, summary["test_error_percent"])
    if importlib.util.find_spec("torch"):
        found = error_percent(outputs_in_torch(path, x), test_labels)
        check(abs(found - summary["test_error_percent"]) < 100 / 300 + 1e-6, "torch:", found, summary)

    # Metrics: numbers in every column but one, and TensorBoard has the same.
    metrics = pandas.read_csv(result / "metrics.csv")
    check(list(metrics["step"]) == [50, 100, 150, 200], metrics)
    words = [name for name in metrics if not pandas.api.types.is_numeric_dtype(metrics[name])]
    check(words == ["judged_on"], words, metrics.dtypes)
    events = accumulator.EventAccumulator(str(result))
    events.Reload()
    for tag, column in ("loss/test", "loss_nats"), ("error_percent/test", "error_percent"):
        scalars = events.Scalars(tag)
        check([one.step for one in scalars] == list(metrics["step"]), tag, scalars)
        check(numpy.allclose([one.value for one in scalars], metrics[column], rtol=1e-4), tag, scalars, metrics[column])

    # The trace: as many records in every format as were recorded, in columns of numbers.
    info = json.loads(syngrad("trace", "info", result, "--format", "json").stdout)
    for format in "csv", "sqlite", "json":
        syngrad("trace", "export", result, format, "--out", home / f"trace.{format}")
    records = pandas.read_csv(home / "trace.csv")
    database = sqlite3.connect(home / "trace.sqlite")
    counted = database.execute("SELECT count(*) FROM records").fetchone()[0]
    check(database.execute("PRAGMA integrity_check").fetchall() == [("ok",)], "integrity")
    frame = pandas.read_sql("SELECT * FROM messages", database)
    database.close()
    check(counted == len(records) == info["records"] > 1000 and info["lost_records"] == 0, counted, len(records), info)
    check(len(json.loads((home / "trace.json").read_text())["records"]) == counted, "JSON")
    for name in "time_ns", "batch":
        check(name in records and pandas.api.types.is_numeric_dtype(records[name]), name, records.dtypes)
    check(pandas.api.types.is_numeric_dtype(frame["handler_ns"]) and (frame["handler_ns"].dropna() >= 0).all(), frame)

    # An answer as a table.
    answer = home / "util.csv"
    answer.write_text(syngrad("trace", "util", result, "--format", "csv").stdout)
    util = pandas.read_csv(answer)
    check(any(str(name).startswith("group 0") for name in util.iloc[:, 0]), util)
