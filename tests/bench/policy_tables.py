#!/usr/bin/env python3
"""What small networks reach under every policy, as medians over seeds: a page for each kind of network.

    python3 tests/bench/policy_tables.py characters --data text:../shared/data/tinyshakespeare/input.txt
    python3 tests/bench/policy_tables.py digits --data mnist:../shared/data/mnist
    python3 tests/bench/policy_tables.py local_heads \\
        --data digits=mnist:../shared/data/mnist,characters=text:../shared/data/tinyshakespeare/input.txt

Deterministic, a thread each. Runs that are there under --runs are not repeated. `characters --tables long` takes hours: locked
for about 20 minutes of one core, the others for as many steps as take the same processor time.
"""
import argparse, concurrent.futures, json, math, pathlib, shutil, statistics, subprocess, sys

from machine import described

EXACT_MUON = ["--optimizer", "muon", "--muon-every", "1"]
LOCKED = ("locked", ["--policy", "locked"])
EXIT = ("synthetic, exit", ["--policy", "synthetic"])
LOCAL = ("local", ["--policy", "local"])
HEADS = [(f"local, {head}", [*LOCAL[1], "--local-head", head]) for head in ("linear", "mlp:64", "early-exit")]
ZERO = ("synthetic, zero (lower groups learn nothing)", ["--policy", "synthetic", "--sg", "zero"])
DELAYED = ("delayed", ["--policy", "delayed"])
CORRECTED = ("corrected, exit", ["--policy", "corrected"])
CORRECTED_WEIGHED = ("corrected, exit, weight auto", ["--policy", "corrected", "--residual-weight", "auto"])
GATED = ("gated, exit", ["--policy", "gated"])
WEIGHTED = ("corrected, exit, residual weight 0.2", [*CORRECTED[1], "--residual-weight", "0.2"])


def gpt(layers, rate, steps, every="0"):
    return ["--model", f"gpt:{layers}x64,heads=4,context=64", "--groups", str(layers), "--lr", rate, "--steps", str(steps),
            "--eval-every", every]


def cnn(rate):
    return ["--model", "cnn:28x28x1-32s2-32-64s2-64-10", "--groups", "4", "--epochs", "3", "--lr", rate, "--eval-every", "0"]


def slower(row, rate):
    return (row[0], [*row[1], "--lr", rate])


def at_rates(rows):
    return [(f"{name}, {rate}", [*row, "--lr", rate]) for name, row in rows for rate in ("5e-4", "1e-3", "2e-3")]


def lazily(row):
    return (row[0] + ", every 10th step", [*row[1], "--muon-every", "10"])


RIDGE = ("synthetic, ridge", ["--policy", "synthetic", "--sg", "ridge"])
CORRECTED_RIDGE = ("corrected, ridge", ["--policy", "corrected", "--sg", "ridge"])
VECTORS_EXIT = ("synthetic, exit", ["--policy", "synthetic", "--sg", "exit"])  # vectors have ridge by default
CORRECTED_VECTORS_EXIT = ("corrected, exit", ["--policy", "corrected", "--sg", "exit"])


def on_rows(row, rows):
    return (f"{row[0]}, trained on {rows} rows", [*row[1], "--sg-rows", str(rows)])


def deep(units, steps):
    return ["--model", f"mlp:784-256x{units - 1}-10", "--groups", str(units), "--steps", str(steps), "--eval-every", "0"]


def some(rows):
    return (f"corrected, ridge, {rows} rows", [*CORRECTED_RIDGE[1], "--correct-rows", rows])


CORRECTED_ON_128 = ("corrected, exit, 128 rows", [*CORRECTED_VECTORS_EXIT[1], "--correct-rows", "128:loss"])
CORRECTED_AUTO = ("corrected, ridge, weight auto", [*CORRECTED_RIDGE[1], "--residual-weight", "auto"])
GATED = ("gated, ridge", ["--policy", "gated", "--sg", "ridge"])
BY_DELAY = [DELAYED, RIDGE, CORRECTED_RIDGE, CORRECTED_AUTO, GATED]


def late(steps, *how):
    return [*deep(4, steps), *how]


def once(settings, row):
    """The settings with those of the row in their place."""
    out = {}
    for word in [*settings, *row]:
        if word.startswith("--"):
            name = word
            out[name] = []
        else:
            out[name].append(word)
    return [word for name, values in out.items() for word in (name, *values)]


# Batches of 256 / 12 samples: as many samples an update, and as many updates, as the others.
TWO_VERSIONS = ["--update", "every:12", "--batch", "21"]


def by_delay(how, more=()):
    """What is done about the delay, in twelve groups and 1,500 updates. `how`: the optimizer; `more`: its settings where
    gradients come late by many updates."""
    delayed, two_versions = ["--policy", "delayed", *how, *more], [*TWO_VERSIONS, "--steps", "18000", "--policy", "delayed", *how]
    stash, discount, feedback = ["--weights", "stash"], ["--delay-lr"], ["--error-feedback"]
    return [("locked", [*LOCKED[1], *how]), ("delayed", delayed), ("weights stashed", [*delayed, *stash]),
            ("rate by delay", [*delayed, *discount]), ("weights stashed, rate by delay", [*delayed, *stash, *discount]),
            ("errors fed back", [*delayed, *feedback]), ("weights stashed, errors fed back", [*delayed, *stash, *feedback]),
            ("two versions", two_versions), ("two versions, errors fed back", [*two_versions, *feedback]),
            ("no delay, batches of 21, 12 an update", [*two_versions, "--groups", "1"])]


def by_both(rows):
    """The rows as they are, by Adam, and by Muon."""
    return [(f"{name}{by}", [*row, *how]) for by, how in (("", ["--optimizer", "adam"]), (", muon every 10th step", []))
            for name, row in rows]


AT_DEPTH = [("locked, Adam", [*LOCKED[1], "--optimizer", "adam", "--lr", "1e-3"]), *(
    lazily(row) for row in (LOCKED, DELAYED, RIDGE, VECTORS_EXIT, CORRECTED_RIDGE, CORRECTED_ON_128))]


# Of a page: title, what is taken of a run's summary (of all tables, or of each) and its decimals, the settings of all runs, and
# tables. Of a table: what it is, the settings of its runs, its rows, seeds. A row's own settings come last.
PAGES = {
    "characters": ("Validation loss of character transformers, in nats", "test_perplexity", 3,
                   ["--batch", "8", "--optimizer", "adamw", "--betas", "0.9,0.95", "--weight-decay", "0.1", "--schedule",
                    "warmup:100,cosine:0.1"], {
        "short": ("800 steps at 2e-3, four groups", gpt(4, "2e-3", 800),
                  [LOCKED, EXIT, LOCAL, CORRECTED, WEIGHTED, ZERO, DELAYED], 3),
        "middle": ("1,500 steps at 4e-3, four groups", gpt(4, "4e-3", 1500), [LOCKED, EXIT, LOCAL, ZERO], 3),
        "deep": ("600 steps at 3e-3, eight groups", gpt(8, "3e-3", 600), [LOCKED, EXIT, LOCAL], 3),
        "long": ("20 minutes of processor time each, at 2e-3, four groups; steps as in the rows",
                 gpt(4, "2e-3", 113000, "5650"),
                 [LOCKED, (EXIT[0], [*EXIT[1], "--steps", "91000", "--eval-every", "4550"]),
                  (LOCAL[0], [*LOCAL[1], "--steps", "97000", "--eval-every", "4850"]),
                  ("delayed, rate 5e-4", [*DELAYED[1], "--steps", "112000", "--eval-every", "5600", "--lr", "5e-4"])], 1),
    }),
    "muon-digits": ("Test error on MNIST, trained by Muon, in percent", "test_error_percent", 2,
                    ["--batch", "256", *EXACT_MUON, "--schedule", "0.6:0.1,0.8:0.1"], {
        "deep": ("784-256x11-10 in twelve groups, 1,500 steps",
                 deep(12, 1500),
                 [LOCKED, DELAYED, RIDGE, VECTORS_EXIT, CORRECTED_RIDGE, lazily(LOCKED), lazily(RIDGE)], 3),
        "twelve": ("784-256x11-10 in twelve groups, 3,000 steps", deep(12, 3000), AT_DEPTH, 3),
        "twentyfour": ("784-256x23-10 in 24 groups, 3,000 steps", deep(24, 3000), AT_DEPTH, 1),
    }),
    "mlp-digits": ("Test error on MNIST by what predicts gradients, in percent", "test_error_percent", 2,
                   ["--batch", "256", "--optimizer", "adam", "--schedule", "0.6:0.1,0.8:0.1"], {
        "six": ("784-256x5-10 in six groups, 6,000 steps", deep(6, 6000),
                [LOCKED, RIDGE, VECTORS_EXIT, on_rows(VECTORS_EXIT, 128), CORRECTED_VECTORS_EXIT], 3),
        "twelve": ("784-256x11-10 in twelve groups, 3,000 steps", deep(12, 3000),
                   [LOCKED, RIDGE, VECTORS_EXIT, CORRECTED_VECTORS_EXIT], 3),
    }),
    "delays": ("Test error on MNIST by how late gradients come, in percent", "test_error_percent", 2,
               ["--batch", "256", "--optimizer", "adam", "--schedule", "0.6:0.1,0.8:0.1"], {
        "chain": ("784-256x3-10 in four groups, 1,000 steps: gradients as late as the chain makes them, 6, 4 and 2 updates",
                  late(1000), BY_DELAY, 1),
        **{f"lag{turns}": (f"1,000 steps, gradients {turns} updates late at every interface",
                           late(1000, "--lag", str(turns)), BY_DELAY, 1) for turns in (1, 10, 30)},
        **{f"hop{turns}": (f"4,000 steps, gradients {turns} updates later by each interface that they cross",
                           late(4000, *(["--link", f"delay@*:{turns}b"] if turns else [])), BY_DELAY, 1)
           for turns in (0, 1, 10, 30)},
    }),
    "local_heads": ("What groups reach by losses of their own: test error on MNIST in percent, validation loss of characters "
                    "in nats", {"digits": "test_error_percent", "characters": "test_perplexity"}, 3, [], {
        "digits": ("784-256x5-10 in six groups, 600 steps",
                   [*deep(6, 600), "--batch", "256", "--optimizer", "adam", "--schedule", "0.6:0.1,0.8:0.1"], [LOCKED, *HEADS], 1),
        "characters": ("Character transformer in four groups, 300 steps at 2e-3",
                       [*gpt(4, "2e-3", 300), "--batch", "8", "--optimizer", "adamw", "--betas", "0.9,0.95",
                        "--weight-decay", "0.1", "--schedule", "warmup:100,cosine:0.1"], [LOCKED, *HEADS], 1),
    }),
    "moments": ("Test error on MNIST by what the moments of Adam are kept in, in percent", "test_error_percent", 2,
                ["--batch", "256", "--policy", "locked", "--optimizer", "adam", "--schedule", "0.6:0.1,0.8:0.1"], {
        "six": ("784-256x5-10, 6,000 steps",
                ["--model", "mlp:784-256x5-10", "--steps", "6000", "--eval-every", "0"],
                [("adam, 8 bytes a parameter", []), ("adam, bf16, 4 bytes", ["--moments", "bf16"]),
                 ("adam8bit, 2.03 bytes", ["--optimizer", "adam8bit"])], 3),
    }),
    "corrected-rows": ("Test error on MNIST, corrected on some rows of each batch, in percent", "test_error_percent", 2,
                       ["--batch", "256", "--optimizer", "adam", "--schedule", "0.6:0.1,0.8:0.1"], {
        "six": ("784-256x5-10 in six groups, 3,000 steps",
                deep(6, 3000),
                [LOCKED, CORRECTED_RIDGE, *(some(f"{count}:{how}") for count in (64, 128) for how in ("loss", "uniform"))],
                3),
        "cheap": ("784-256x5-10 in six groups, 6,000 steps", deep(6, 6000),
                  [CORRECTED_ON_128], 3),
    }),
    "first-runs": ("Test error of what `syngrad train` does where nothing is said, and of what else it might do, in percent",
                   "test_error_percent", 2, ["--eval-every", "0"], {
        "digits": ("Drawn digits, 2,000 steps", ["--model", "mlp:784-256x5-10", "--groups", "6", "--steps", "2000"],
                   by_both([LOCKED, RIDGE, VECTORS_EXIT, CORRECTED_RIDGE, CORRECTED_ON_128]), 3),
        "cnn": ("Drawn digits, a convolutional network, 600 steps",
                ["--model", "cnn:28x28x1-32s2-32-64s2-64-10", "--batch", "64", "--steps", "600"],
                by_both([LOCKED, EXIT, CORRECTED, LOCAL, DELAYED]), 1),
    }),
    "first-texts": ("Validation loss of what `syngrad train` does on a text where nothing is said, and of what else it might do, "
                    "in nats", "test_perplexity", 3, ["--batch", "32", "--eval-every", "0"], {
        "gpt": ("gpt:4x64, 400 steps", ["--model", "gpt:4x64", "--steps", "400"],
                by_both([LOCKED, EXIT, WEIGHTED, LOCAL, DELAYED]), 1),
        "lstm": ("lstm:2x128,chunk=8, 400 steps", ["--model", "lstm:2x128,chunk=8", "--steps", "400"],
                 by_both([LOCKED, EXIT, CORRECTED, LOCAL]), 1),
    }),
    "delayed": ("Test error on MNIST of delayed gradients, by what is done about the delay, in percent",
                "test_error_percent", 2, ["--batch", "256", "--optimizer", "adam", "--schedule", "0.6:0.1,0.8:0.1"], {
        **{name: (f"784-256x11-10 in twelve groups, 1,500 steps, {title}", deep(12, 1500), by_delay(*how), 1)
           for name, title, how in (
               ("adam", "Adam", [["--optimizer", "adam", "--lr", "1e-3"]]),
               ("nadam", "NAdam", [["--optimizer", "nadam", "--lr", "1e-3"], ["--momentum-by-delay"]]),
               ("muon", "Muon", [[*EXACT_MUON, "--lr", "0.02"]]))},
        "long": ("784-256x11-10 in twelve groups, 3,000 steps, Adam", deep(12, 3000),
                 [("two versions", ["--policy", "delayed", *TWO_VERSIONS, "--steps", "36000"])], 1),
    }),
    "muon-characters": ("Validation loss of character transformers, trained by Muon, in nats", "test_perplexity", 3,
                        ["--batch", "8", *EXACT_MUON, "--betas", "0.9,0.95", "--weight-decay", "0.1", "--schedule",
                         "warmup:100,cosine:0.1"], {
        "short": ("800 steps at 0.02, four groups", gpt(4, "0.02", 800), [LOCKED, LOCAL, EXIT, DELAYED], 3),
    }),
    "late-characters": ("Validation loss of character transformers by how late messages come, in nats", "test_perplexity", 3,
                        ["--batch", "8", "--optimizer", "adamw", "--betas", "0.9,0.95", "--weight-decay", "0.1", "--schedule",
                         "warmup:100,cosine:0.1"], {
        "near": ("800 steps, four groups, at three rates", gpt(4, "2e-3", 800),
                 at_rates([LOCKED, DELAYED, EXIT, WEIGHTED, CORRECTED_WEIGHED, GATED, LOCAL]), 1),
        "far": ("800 steps, gradients and activations 20 batches later by each interface that they cross",
                [*gpt(4, "2e-3", 800), "--link", "delay@*:20b"],
                at_rates([DELAYED, EXIT, WEIGHTED, CORRECTED_WEIGHED, GATED, LOCAL]), 1),
    }),
    "digits": ("Test error of a convolutional network on MNIST, in percent", "test_error_percent", 2,
               ["--batch", "64", "--optimizer", "adam", "--schedule", "warmup:100,cosine:0.01"], {
        "cnn": ("Four blocks in four groups, 3 epochs", cnn("2e-3"),
                [slower(LOCKED, "4e-3"), CORRECTED, EXIT, LOCAL, DELAYED], 3),
    }),
}
USUAL = {"characters": "short,middle,deep", "muon-digits": "deep,twelve,twentyfour", "mlp-digits": "six,twelve",
         "delays": "chain,lag1,lag10,lag30", "local_heads": "digits,characters", "moments": "six",
         "corrected-rows": "six,cheap", "first-runs": "digits,cnn", "first-texts": "gpt,lstm",
         "delayed": "adam,nadam,muon,long", "muon-characters": "short", "late-characters": "near,far", "digits": "cnn"}


def settings_of(arguments, table, row=()):
    return [*once([*PAGES[arguments.page][3], *PAGES[arguments.page][4][table][1], "--threads", "1", "--trace", "off"], row),
            "--deterministic"]


def data_of(arguments, table):
    by_table = dict(each.split("=", 1) for each in arguments.data.split(",") if "=" in each)
    return by_table.get(table, arguments.data)


def result_of(arguments, table, row, seed):
    folder = pathlib.Path(arguments.runs) / arguments.page / table / (row[0].replace(" ", "-").replace(",", "") + f"-{seed}")
    summary = folder / "summary.json"
    if not (summary.exists() and json.loads(summary.read_text())["end"] == "finished"):
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was stopped
        folder.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([arguments.binary, "train", "--data", data_of(arguments, table), *settings_of(arguments, table, row[1]),
                        "--seed", str(seed), "--run", str(folder), "--quiet"], check=True, stdout=subprocess.DEVNULL)
    measure = PAGES[arguments.page][1]
    measure = measure if isinstance(measure, str) else measure[table]
    result = json.loads(summary.read_text())[measure]
    if measure == "test_perplexity":
        result = math.log(result)  # the test's loss, in nats
    print(table, row[0], seed, result, flush=True)
    return result


def lines_of(arguments, pool, table):
    what, _, rows, seeds = PAGES[arguments.page][4][table]
    decimals = PAGES[arguments.page][2]
    by_seed = [[pool.submit(result_of, arguments, table, row, seed) for row in rows] for seed in range(1, seeds + 1)]
    lines = [f"## {what}", "", f"    syngrad train --data {data_of(arguments, table).split(':')[0]}:PATH " +
             " ".join(settings_of(arguments, table)) + " --seed SEED ROW", "", "| policy | ROW | result |", "|---|---|---|"]
    for row, of_row in zip(rows, zip(*by_seed)):
        values = [each.result() for each in of_row]
        lines.append(f"| {row[0]} | `{' '.join(row[1])}` | {statistics.median(values):.{decimals}f} "
                     f"({', '.join(f'{each:.{decimals}f}' for each in values)}) |")
    return lines + [""]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", choices=PAGES)
    parser.add_argument("--binary", default="build/release/bin/syngrad")
    parser.add_argument("--data", required=True,
                        help="as syngrad train takes it; TABLE=DATA with commas between, where tables differ")
    parser.add_argument("--runs", default="runs/tables")
    parser.add_argument("--out", help="[tests/bench/results/PAGE.md]")
    parser.add_argument("--tables", help="names with commas between [all but long]")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    arguments = parser.parse_args()
    lines = [f"# {PAGES[arguments.page][0]}", "", described() + " Deterministic, one thread.", "",
             "Median over seeds, the results in brackets in the order of the seeds.", ""]
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for table in (arguments.tables or USUAL[arguments.page]).split(","):
            lines += lines_of(arguments, pool, table)
    pathlib.Path(arguments.out or f"tests/bench/results/{arguments.page}.md").write_text("\n".join(lines[:-1]) + "\n")


if __name__ == "__main__":
    main()
