"""A trace that is exported as CSV and JSON, byte by byte, and as a database, by its answers."""
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))
from program import check, check_refused, folder, run  # noqa: E402

program, write_sample = sys.argv[1:]
golden = Path(__file__).parent / "golden"
TOP = 'group 1, the "top"'


def check_golden(path, name):
    check(path.read_text() == (golden / name).read_text(), f"{path} is not {golden / name}")


def check_database(path):
    database = sqlite3.connect(path)

    def ask(question):
        return database.execute(question).fetchall()

    check(ask("PRAGMA integrity_check") == [("ok",)], "integrity")
    check(ask("SELECT count(*) FROM records") == [(14,)], ask("SELECT * FROM records"))
    check(ask("SELECT title, role, number FROM actors ORDER BY id") ==
          [("source", "source", 0), ("group 0", "group", 0), (TOP, "group", 1)], "actors")
    check(dict(ask("SELECT * FROM facts")) ==
          {"policy": "decoupled", "trace.records": "14", "trace.lost_records": "0"}, "facts")
    check(ask("SELECT type, batch, bytes, queue_ns, handler_ns FROM messages ORDER BY sent_ns") ==
          [("activation", 0, 256, 1000, 3000), ("activation", 0, 512, 1500, 3000), ("gradient", 0, 512, 1500, 2000),
           ("activation", 1, 256, None, None)], ask("SELECT * FROM messages"))
    check(ask("SELECT actor, type, handled, mean_handler_ns, mean_queue_ns FROM handlers ORDER BY busy_ns, actor") ==
          [("group 0", "gradient", 1, 2000, 1500), ("group 0", "activation", 1, 3000, 1000),
           (TOP, "activation", 1, 3000, 1500)], ask("SELECT * FROM handlers"))
    check(ask("SELECT actor, gradient, version, predictor_version FROM updates") == [("group 0", "true", 1, 3)],
          ask("SELECT * FROM updates"))
    check(ask("SELECT measure, measured, batch, interface FROM metrics") ==
          [("staleness", 0, 0, 0), ("cosine", 0.75, 0, 0)], ask("SELECT * FROM metrics"))
    check(ask("SELECT actor, interface, updates, mean, most FROM staleness") == [("group 0", 0, 1, 0, 0)],
          ask("SELECT * FROM staleness"))
    database.close()


with folder() as home:
    home = Path(home)
    sample = home / "sample"
    subprocess.run([write_sample, sample], check=True)
    for format in "csv", "json", "sqlite":
        result = run(program, "trace", "export", sample, format)
        check(result.returncode == 0 and "14 records, 0 lost" in result.stdout, result.stdout, result.stderr)
    check_golden(sample / "trace.csv", "sample_trace.csv")
    check_golden(sample / "trace.json", "sample_trace.json")
    json.loads((sample / "trace.json").read_text())
    check_database(sample / "trace.sqlite")

    result = run(program, "trace", "export", sample, "csv", "--type", "gradient", "--out", home / "part.csv")
    kinds = [line.split(",")[1] for line in (home / "part.csv").read_text().splitlines()[1:]]
    check(result.returncode == 0 and kinds == ["send", "begin", "end"], kinds, result.stderr)

    check_refused(run(program, "trace", "export", sample, "csw"), "'csw'", "csv", command="syngrad trace export: ")
    check_refused(run(program, "trace", "export", sample), "perfetto, sqlite, csv, json",
                  command="syngrad trace export: ")
    check_refused(run(program, "trace", "export", sample, "sqlite", "--out", home / "no" / "such"), "cannot create",
                  command="syngrad trace export: ")
    check_refused(run(program, "trace", "export", sample, "csv", "--out", home / "no" / "such"), "cannot create",
                  command="syngrad trace export: ")
