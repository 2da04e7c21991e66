"""Exports for Perfetto by the rules of its viewer: of a hand-made trace, of a run, and of a run over three processes.

Every message that was sent and then handled has one arrow, from its send to its handling, whatever handled it in between;
the viewer drops nothing and moves nothing. The database of the same runs has one row for each message.
"""
import json
import sqlite3
import struct
import subprocess
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))
from perfetto_reader import COUNTER, INSTANT, SLICE_BEGIN, SLICE_END, Trace  # noqa: E402
from program import TINY, check, folder, run, tiny_csv  # noqa: E402

program, write_sample, write_awkward = sys.argv[1:]


# A trace by hand, to see that each fault is found.
def varint(value):
    out = b""
    while value >= 0x80:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def nested(field, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def packet(*parts, sequence=1, clear=False):
    return nested(1, b"".join(parts) + number(10, sequence) + (number(13, 1) if clear else b""))


def event(time, track, kind, flows=(), ends=(), **more):
    content = number(9, kind) + number(11, track) + nested(23, "x")
    content += b"".join(varint(47 << 3 | 1) + struct.pack("<Q", flow) for flow in flows)
    content += b"".join(varint(48 << 3 | 1) + struct.pack("<Q", flow) for flow in ends)
    return packet(number(8, time), nested(11, content), **more)


TRACKS = (packet(nested(60, number(1, 1) + nested(3, number(1, 1) + nested(6, "node 0"))), clear=True)
          + packet(nested(60, number(1, 2) + number(5, 1) + nested(4, number(2, 7) + nested(5, "group 0"))))
          + packet(nested(60, number(1, 3) + number(5, 1) + nested(2, "depth") + nested(8, b""))))
BAD = {
    "ends where none is open": event(1, 2, INSTANT, [5]) + event(2, 2, INSTANT, [], [5]) + event(3, 2, INSTANT, [], [5]),
    "goes on behind its end": event(1, 2, INSTANT, [5]) + event(2, 2, INSTANT, [], [5]) + event(3, 2, INSTANT, [5]),
    "never ends": event(1, 2, INSTANT, [5]),
    "an end without a slice": event(1, 2, SLICE_END),
    "a slice within a slice": event(1, 2, SLICE_BEGIN) + event(2, 2, SLICE_BEGIN),
    "a track that is not described": event(1, 9, INSTANT),
    "an event of kind 4": event(1, 2, COUNTER),
    "an event of kind 3": event(1, 3, INSTANT),
    "goes back in time": event(2, 2, INSTANT) + event(1, 2, INSTANT),
    "does not begin with a clear state": event(1, 2, INSTANT, sequence=2),
    "is described twice": packet(nested(60, number(1, 2) + number(5, 1) + nested(4, nested(5, "group 0")))),
    "belongs to no process": packet(nested(60, number(1, 8) + number(5, 2) + nested(2, "lost"))),
}


def check_checker():
    good = Trace(TRACKS + event(1, 2, SLICE_BEGIN, [5]) + event(2, 2, SLICE_END) + event(3, 2, INSTANT, [5])
                 + event(4, 2, SLICE_BEGIN, [], [5]) + event(5, 2, SLICE_END) + event(5, 3, COUNTER))
    check(not good.faults and len(good.arrows) == 2 and len(good.slices) == 3, good.faults, good.arrows)
    for what, events in BAD.items():
        faults = Trace(TRACKS + events).faults
        check(len(faults) == 1 and what in faults[0], what, faults)


def expected_arrows(records):
    """By message: how often it is handled after its send, and its last handler."""
    sent, handled = set(), {}
    for record in records:
        message = record["message"]
        if record["kind"] == "send" and message != "0":
            sent.add(message)
        if record["kind"] == "begin" and message in sent:
            hops, _ = handled.get(message, (0, None))
            handled[message] = hops + 1, record["actor"]
    return handled


def exported(run_folder, *options):
    result = run(program, "trace", "export", run_folder, "json", "--out", "-", *options)
    check(result.returncode == 0, result.stderr)
    records = json.loads(result.stdout)["records"]
    path = Path(run_folder) / "viewed.perfetto-trace"
    result = run(program, "trace", "export", run_folder, "perfetto", "--out", path, *options)
    check(result.returncode == 0, result.stderr)
    return records, Trace(path.read_bytes()), result.stdout


def check_export(run_folder, *options):
    records, trace, said = exported(run_folder, *options)
    check(not trace.faults, run_folder, options, Counter(fault.split(" ")[0] for fault in trace.faults), trace.faults[:5])
    wanted = expected_arrows(records)
    hops, ends = Counter(), {}
    for flow, _, to in trace.arrows:
        hops[flow] += 1
        ends[flow] = to
    check({str(flow): count for flow, count in hops.items()} == {flow: count for flow, (count, _) in wanted.items()},
          "arrows", len(hops), "of", len(wanted))
    for flow, to in ends.items():
        check(to.track.name == wanted[str(flow)][1] and to.name, "an arrow ends at", to.track.name, wanted[str(flow)])
    handlers = sum(1 for record in records if record["kind"] == "begin")
    gpu = sum(1 for record in records if record["kind"] == "gpu")
    drawn = [each for each in trace.slices if each.track.name.startswith(("stream", "group", "predictor", "solver", "source"))]
    check(len(trace.slices) >= handlers + gpu and drawn, "slices", len(trace.slices), handlers)
    return records, trace, hops, said


def check_database(run_folder, records):
    """As many messages as were sent; each ends at its last handler, and every handling is counted once."""
    path = Path(run_folder) / "viewed.sqlite"
    result = run(program, "trace", "export", run_folder, "sqlite", "--out", path)
    check(result.returncode == 0, result.stderr)
    database = sqlite3.connect(path)

    def ask(question):
        return database.execute(question).fetchall()

    sent = {record["message"] for record in records if record["kind"] == "send"}
    check(ask("SELECT count(*), count(DISTINCT message) FROM messages") == [(len(sent), len(sent))], "messages", len(sent))
    receivers = dict(ask("SELECT message, title FROM messages JOIN actors ON actors.id = receiver WHERE begin_ns IS NOT NULL"))
    wanted = {message: actor for message, (_, actor) in expected_arrows(records).items()}
    check({str(message % 2 ** 64): title for message, title in receivers.items()} == wanted, "receivers")
    handled = Counter(record["actor"] for record in records if record["kind"] == "end" and record["message"] in sent)
    check(dict(ask("SELECT actor, sum(handled) FROM handlers GROUP BY actor")) == handled, "handlers", handled)
    crossing = ask("SELECT count(wire_ns), min(wire_ns), min(queue_ns), min(handler_ns) FROM messages")[0]
    database.close()
    return crossing


check_checker()
with folder() as home:
    home = Path(home)
    sample = home / "sample"
    subprocess.run([write_sample, sample], check=True)
    _, trace, hops, _ = check_export(sample)
    check(sorted(hops.values()) == [1, 1, 1] and len(trace.slices) == 9, hops, len(trace.slices))

    awkward = home / "awkward"
    subprocess.run([write_awkward, awkward], check=True)
    _, trace, hops, said = check_export(awkward)
    check("1 message was handled before it was sent by the clocks of the nodes" in said, said)
    drawn = {}
    for each in trace.slices:
        if not each.name.startswith("send"):
            drawn.setdefault(each.track.name, []).append((each.begin, each.end))
    check(drawn == {"group 0": [(2000, 5000), (5000, 6000), (8000, 9000), (9000, 10000), (12000, 12500)],
                    "link": [(13200, 13300), (13600, 13700)], "group 1": [(14000, 14500), (15000, 15200)],
                    "stream 0:1": [(17000, 20000), (20000, 21000)], "stream 0:2": [(16500, 20500)]}, drawn)
    check(sorted(hops.values()) == [1, 1, 1, 1, 3], hops)

    options = [*TINY, "--data", f"csv:{tiny_csv(home)}", "--steps", "40", "--eval-every", "20"]
    one, three = home / "one", home / "three"
    done = run(program, "train", *options, "--run", one)
    check(done.returncode == 0, done.stderr)
    records, trace, hops, said = check_export(one)
    check(len(hops) > 500 and set(hops.values()) == {1} and "before it was sent" not in said, len(hops), said)
    check(check_database(one, records)[0] == 0, "nothing crosses a link here")
    check_export(one, "--actor", "1")
    check_export(one, "--from", "0.001", "--type", "activation")

    # Three groups on three processes: an arrow crosses by way of the link's handler, and ends once, on the other side.
    done = run(program, "train", *options, "--local-nodes", "2", "--place", "0=cpu,1=local-1/cpu,2=local-2/cpu", "--run", three)
    check(done.returncode == 0, done.stderr)
    records, trace, hops, said = check_export(three)
    crossing = [(before, to) for _, before, to in trace.arrows if trace.process_of(before.track) != trace.process_of(to.track)]
    check(len({trace.process_of(each.track) for each in trace.slices}) == 3, "processes")
    check(len(crossing) > 100 and max(hops.values()) == 2, len(crossing), Counter(hops.values()))
    check({to.track.name for _, to in crossing} >= {"group 1", "group 2", "group 0"}, {to.track.name for _, to in crossing})
    wires, _, *least = check_database(three, records)
    check(wires > 100 and min(least) >= 0, "wires", wires, least)
