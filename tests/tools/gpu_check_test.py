"""tools/gpu-check without a GPU: its table, its verdicts, what it takes from a trace, its clock, and a rehearsal."""
import json
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/bench"))

from gpu import parts, session, table, trace  # noqa: E402
from gpu.table import Outcome  # noqa: E402
from program import check, run  # noqa: E402

program = pathlib.Path(sys.argv[1])


def rows_of(text):
    """The table's cells, by what is measured."""
    lines = [line for line in text.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_table():
    text = table.table({"losses": Outcome.judged(True, "1e-4 |a\nb"), "racecheck": Outcome.failed("why")}, "A GPU, a date")
    check("\nA GPU, a date\n" in text, text)
    rows = rows_of(text.replace("\\|", "/"))
    check(len(rows) == len(table.ROWS) == 12, rows)
    verdicts = [row[3] for row in rows]
    check(verdicts == ["not run", "met"] + ["not run"] * 9 + ["failed"], verdicts)
    check(rows[1][2] == "1e-4 /a b" and rows[11][2] == "why", rows)
    try:
        table.table({"lossses": Outcome.not_run()}, "")
        check(False, "an unknown row was taken")
    except KeyError:
        pass
    filled = [row for names, _, _ in parts.PARTS for row in names]
    check(sorted(filled) == sorted(key for key, _, _ in table.ROWS), "parts fill", filled)


def test_verdicts():
    check(table.errors([1.6, 1.5, 1.7], (1.6, 1.6, 1.7)) == Outcome("1.60 / 1.50 / 1.70 %", "met"))
    check(table.errors([1.6, 1.61, 1.7], (1.6, 1.6, 1.7)).verdict == "missed")
    check(table.errors([1.6, None, 1.7], (1.6, 1.6, 1.7)) == Outcome("1.60 / - / 1.70 %", "failed"))
    # Ratios 2, 3 and 8: the median counts.
    check(table.ratio([2, 9, 8], [1, 3, 1], 3.0) == Outcome("3.00x (2.0 : 1.0, 9.0 : 3.0, 8.0 : 1.0 steps/s)", "met"))
    check(table.ratio([2, 4], [1, 1], 3.01).verdict == "missed")
    # 100 steps/s of 7,000 GFLOP needed, of 8,000 run, against 1,000 TFLOP/s.
    check(table.throughput(100, 7e6, 8e6, 1e6) ==
          Outcome("0.70 (700.0 of 1000.0 TFLOP/s, 100.0 steps/s; 0.80 with repeated products)", "met"))
    check(table.throughput(99, 7e6, 8e6, 1e6).verdict == "missed", "what is repeated must not count")
    check([Outcome("1", verdict).rehearsed().verdict for verdict in ("met", "missed", "failed", "not run")] ==
          ["rehearsed", "rehearsed", "failed", "not run"])


TRACE = """time_ns,kind,type,node,actor,peer,message,parent,batch,version,value,measured,interface
500,begin,activation,0,group 0,source,1,0,0,0,,,
900,end,activation,0,group 0,source,1,0,0,0,,,
1000,begin,activation,0,group 0,source,2,0,1,0,,,
2000,begin,predict,0,predictor 0,group 0,3,0,1,0,,,
3000,end,predict,0,predictor 0,group 0,3,0,1,0,,,
4000,end,activation,0,group 0,source,2,0,1,0,,,
4100,begin,batch_done,0,coordinator,group 0,4,0,1,0,,,
9100,end,batch_done,0,coordinator,group 0,4,0,1,0,,,
9200,metric,loss,0,group 0,,2,0,1,1,,0.5,
9300,metric,cosine,0,group 0,,2,0,1,1,,0.9,0
9400,metric,loss,0,group 0,,1,0,0,1,,0.75,
10000,gpu,,0,group 0,stream a,2,4000,,0,,,
12000,gpu,,0,group 0,stream a,2,3000,,0,,,
13000,gpu,,0,predictor 0,stream b,3,4000,,0,,,
16000,gpu,,0,predictor 0,stream b,3,1000,,0,,,
"""


def test_trace():
    with tempfile.TemporaryDirectory() as home:
        path = pathlib.Path(home) / "trace.csv"
        path.write_text(TRACE)
        rows = list(trace.records(path))
    check(len(rows) == 15, len(rows))
    check(trace.losses(rows) == [0.75, 0.5], trace.losses(rows))
    check(trace.handler_times_us(rows) == [0.4, 1.0, 3.0], trace.handler_times_us(rows))
    warm = trace.since_batch(rows, 1)
    check(trace.handler_times_us(warm) == [1.0, 3.0], "the first batch is left out")
    check(trace.since_batch(rows, 7) == [], "no batch is so late")
    streams = trace.busy_intervals(rows)
    check(streams == {"stream a": [(6000, 12000)], "stream b": [(9000, 13000), (15000, 16000)]}, streams)
    # 6..16: both from 9 to 12; none from 13 to 15.
    check(trace.share_with_at_least(streams, 2) == 0.3, trace.share_with_at_least(streams, 2))
    check(trace.share_with_at_least(streams, 1) == 0.8, trace.share_with_at_least(streams, 1))
    check(trace.share_with_at_least(streams, 3) == 0 == trace.share_with_at_least({}, 1))


def session_at(now, deadline, home="."):
    nothing = pathlib.Path("nothing")
    return session.Session(nothing, nothing, nothing, sys.executable, "cpu", "digits", pathlib.Path(home),
                           session.REHEARSAL, deadline, clock=lambda: now)


def test_clock():
    ran = []
    part = lambda s: ran.append(s.part_deadline) or {"losses": Outcome.judged(True, "1")}
    check(parts.run_part(session_at(100, 200), ["losses"], part, 30) == {"losses": Outcome("1", "met")})
    check(parts.run_part(session_at(190, 200), ["losses"], part, 30)["losses"].verdict == "met")
    check(ran == [130, 200], "a part ends with its own limit or the whole's, whichever is first:", ran)
    late = parts.run_part(session_at(196, 200), ["losses", "errors"], part, 30)
    check(late == {row: Outcome("no time left", "not run") for row in ("losses", "errors")}, late)
    check(len(ran) == 2, "a part without time was begun")

    def endless(s):
        s.part_deadline = s.clock() + 0.2
        s.run([sys.executable, "-c", "import signal; signal.pause()"])

    out = parts.run_part(session_at(0, 100), ["losses"], endless, 30)["losses"]
    check(out.verdict == "failed" and out.measured.startswith("no time left for `python"), out)

    def broken(s):
        s.run([sys.executable, "-c", "import sys; sys.exit('the last\\nline says why')"])

    out = parts.run_part(session_at(0, 100), ["losses"], broken, 30)["losses"]
    check(out.verdict == "failed" and out.measured.endswith("ended with 1: line says why"), out)
    out = parts.run_part(session_at(0, 100), ["operators"], parts.operators, 30)["operators"]
    check(out == Outcome("nothing is not built", "not run"), out)


def test_program():
    script = ROOT / "tools/gpu-check"
    build = program.parent.parent
    found = json.loads(run(program, "devices", "--format", "json").stdout)["cuda"]
    with tempfile.TemporaryDirectory() as home:
        out = pathlib.Path(home) / "gpu.md"
        if all(gpu["problem"] for gpu in found["devices"]):
            refused = run(script, "--build", build, "--out", out)
            check(refused.returncode == 77 and not out.exists(), "ran without a GPU:", refused)
            check("no usable GPU: " + (found["problem"] or "cuda:") in refused.stderr, refused.stderr)
        check(run(script, "--build", home, "--out", out).returncode == 2, "nothing is built there")
        check(run(script, "--rehearse").returncode == 2, "a rehearsal must not write over results")

        none = run(script, "--no-runs", "--out", out)
        check(none.returncode == 0, none)
        check([row[3] for row in rows_of(out.read_text())] == ["not run"] * 12, out.read_text())

        done = run(script, "--rehearse", "--build", build, "--out", out, "--mnist", home + "/none", "--python", sys.executable)
        check(done.returncode == 0, done)
        rows = {key: row for (key, _, _), row in zip(table.ROWS, rows_of(out.read_text()))}
        for key in ("losses", "errors", "deterministic", "host_time", "throughput"):
            check(rows[key][3] == "rehearsed", key, rows[key])
        check(rows["losses"][2].startswith("0.0e+00 at most"), "the CPU against itself:", rows["losses"])
        check(rows["deterministic"][2] == "weights after 20 steps are equal", rows["deterministic"])
        check(not {row[3] for row in rows.values()} & {"met", "missed"}, "a rehearsal gave a verdict:", rows)


for test in (test_table, test_verdicts, test_trace, test_clock, test_program):
    test()
