"""Every table that `syngrad trace` knows, as CSV, in a foreign reader: Python's csv module, or pandas.

    csv_test.py csv|pandas PROGRAM WRITE_SAMPLE_TRACE

A reader gets the rows of the JSON answer and nothing else: as many of them, each as wide as the header, numbers as numbers.
"""
import csv
import io
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))
from program import TINY, check, folder, need, run, tiny_csv  # noqa: E402

reader, program, write_sample = sys.argv[1:]
AWKWARD = 'group 1, the "top"'  # an actor of the sample

COMMANDS = [["info"], ["check"], ["show"], ["util"], ["latency"], ["queue"], ["path"], ["staleness"], ["gradients"],
            ["bytes"], ["locks"], ["follow", "--batch", "5"], ["why", "1", "10"]]


def read_with_csv(text):
    rows = list(csv.reader(io.StringIO(text, newline="")))
    header, rows = rows[0], rows[1:]
    check(all(len(row) == len(header) for row in rows), "rows of other widths", header, rows)
    return header, [[number_or_text(cell) for cell in row] for row in rows]


def number_or_text(cell):
    try:
        return float(cell)
    except ValueError:
        return cell or None


def read_with_pandas(text):
    pandas, = need("pandas")
    frame = pandas.read_csv(io.StringIO(text), keep_default_na=False, na_values=[""])
    for name in frame.columns:
        values = frame[name].dropna()
        check(frame[name].dtype.kind in "iuf" or not len(values) or any(isinstance(number_or_text(str(v)), str) for v in values),
              "a column of numbers became text:", name)
    rows = [[None if pandas.isna(cell) else cell for cell in row] for row in frame.itertuples(index=False)]
    return list(frame.columns), [[number_or_text(str(cell)) if cell is not None else None for cell in row] for row in rows]


def check_table(read, arguments, name, expected, first):
    result = run(program, "trace", *arguments, "--format", "csv", *([] if first else ["--table", name]))
    check(result.returncode == 0, arguments, name, result.stderr)
    check(" lost" in result.stderr.splitlines()[-1], "no word of lost records:", result.stderr)
    if not expected:
        check(len(result.stdout.splitlines()) == 1, "not a header alone:", result.stdout)
        return
    header, rows = read(result.stdout)
    check(header == list(expected[0]), arguments, name, header, expected[0])
    check(len(rows) == len(expected), arguments, name, f"{len(rows)} rows, not {len(expected)}")
    for row, wanted in zip(rows, expected):
        wanted = [number_or_text(cell) if isinstance(cell, str) else cell for cell in wanted.values()]
        same = [a == b or (isinstance(a, float) and isinstance(b, (int, float)) and abs(a - b) <= 1e-8 * abs(b))
                for a, b in zip(row, wanted)]
        check(all(same), arguments, name, row, wanted)


def check_commands(read, run_folder):
    tables = 0
    for command, *words in COMMANDS:
        arguments = [command, run_folder, *words]
        answer = run(program, "trace", *arguments, "--format", "json")
        check(answer.returncode == 0, arguments, answer.stderr)
        answer = json.loads(answer.stdout)["tables"]
        for name, expected in answer.items():
            check_table(read, arguments, name, expected, first=name == next(iter(answer)))
            tables += 1
    check(tables >= 25, "only", tables, "tables were tried")


def check_export(read, run_folder, *, awkward):
    result = run(program, "trace", "export", run_folder, "csv", "--out", "-")
    check(result.returncode == 0 and "0 lost" in result.stderr, result.stderr)
    header, rows = read(result.stdout)
    exported = run(program, "trace", "export", run_folder, "json", "--out", "-")
    records = json.loads(exported.stdout)["records"]
    check(len(rows) == len(records), f"{len(rows)} rows of {len(records)} records")
    times, actors = header.index("time_ns"), header.index("actor")
    check([row[times] for row in rows] == [record["time_ns"] for record in records], "times")
    check([row[actors] for row in rows] == [record["actor"] for record in records], "actors")
    check(any(row[actors] == AWKWARD for row in rows) == awkward, "the awkward name")


with folder() as home:
    home = Path(home)
    read = {"csv": read_with_csv, "pandas": read_with_pandas}[reader]
    trained, sample = home / "trained", home / "sample"
    done = run(program, "train", *TINY, "--data", f"csv:{tiny_csv(home)}", "--steps", "60", "--audit", "every:10", "--run",
               trained)
    check(done.returncode == 0, done.stderr)
    subprocess.run([write_sample, sample], check=True)
    check_commands(read, trained)
    check_export(read, trained, awkward=False)
    check_export(read, sample, awkward=True)
    header, rows = read((trained / "metrics.csv").read_text())
    check(header[0] == "step" and [row[0] for row in rows][-1] == 60, header, rows)
