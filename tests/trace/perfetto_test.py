"""A trace that is exported for Perfetto, decoded by protoc: slices, arrows and counters are those of the sample."""
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))
from program import SKIPPED, check, folder, run  # noqa: E402

program, write_sample = sys.argv[1:]


def parse(lines):
    """protoc's text format as a list of (name, value) pairs; a message is such a list itself."""
    fields = []
    for line in lines:
        line = line.strip()
        if line == "}":
            return fields
        if line.endswith("{"):
            fields.append((line[:-1].strip(), parse(lines)))
        else:
            name, value = line.split(": ", 1)
            fields.append((name, value[1:-1].replace('\\"', '"') if value.startswith('"') else value))
    return fields


def one(fields, name, otherwise=None):
    return next((value for key, value in fields if key == name), otherwise)


def every(fields, name):
    return [value for key, value in fields if key == name]


def decode(path):
    text = subprocess.run(["protoc", f"--proto_path={Path(__file__).parent}", "--decode=perfetto_subset.Trace",
                           "perfetto_subset.proto"], stdin=path.open("rb"), capture_output=True, text=True, check=True)
    check(not re.search(r"^\s*\d+[: ]", text.stdout, re.M), "fields that the subset does not know")
    return every(parse(iter(text.stdout.splitlines())), "packet")


def tracks_of(packets):
    """By number: what kind of track, and its name."""
    found = {}
    for track in filter(None, (one(packet, "track_descriptor") for packet in packets)):
        process, thread = one(track, "process"), one(track, "thread")
        if process is not None:
            what = "process", one(process, "process_name")
        elif thread is not None:
            what = "thread", one(thread, "thread_name")
        else:
            what = "counter" if one(track, "counter") is not None else "track", one(track, "name")
        check(one(track, "uuid") not in found, "described twice:", what)
        check(what[0] == "process" or found[one(track, "parent_uuid")] == ("process", "node 0"), "parent of", what)
        found[one(track, "uuid")] = what
    return found


def check_sample(packets):
    tracks = tracks_of(packets)
    check(set(tracks.values()) == {
        ("process", "node 0"), ("thread", "source"), ("thread", "group 0"), ("thread", 'group 1, the "top"'),
        ("track", "stream 0:1"), ("counter", "queue depth of group 0"), ("counter", 'queue depth of group 1, the "top"'),
        ("counter", "staleness of group 0"), ("counter", "cosine of group 0")}, tracks)
    slices, open_slices, counters, begins, ends = [], {}, {}, {}, {}
    for packet in packets:
        event = one(packet, "track_event")
        if event is None:
            continue
        time, track = int(one(packet, "timestamp")), tracks[one(event, "track_uuid")][1]
        kind = one(event, "type")
        if kind == "TYPE_SLICE_BEGIN":
            check(track not in open_slices, "a slice within a slice on", track)
            notes = {one(note, "name"): int(one(note, "int_value")) for note in every(event, "debug_annotations")}
            open_slices[track] = time, one(event, "name"), notes.get("batch")
        elif kind == "TYPE_SLICE_END":
            begin, name, batch = open_slices.pop(track)
            slices.append((track, name, begin, time, batch))
        elif kind == "TYPE_COUNTER":
            counters.setdefault(track, []).append((time, float(one(event, "double_counter_value"))))
        for flow in every(event, "flow_ids"):
            check(flow not in begins, "an arrow begins twice", flow)
            begins[flow] = track, time
        for flow in every(event, "terminating_flow_ids"):
            check(flow not in ends and kind == "TYPE_SLICE_BEGIN", "where an arrow ends", flow)
            ends[flow] = track, time
    check(not open_slices, open_slices)
    top = 'group 1, the "top"'
    check(sorted(slices) == sorted([
        ("group 0", "activation", 2000, 5000, 0), (top, "activation", 6000, 9000, 0),
        ("group 0", "gradient", 10000, 12000, 0), ("stream 0:1", "gradient", 8300, 8900, None)]), slices)
    check(begins.keys() == ends.keys() and len(begins) == 3, begins, ends)
    check(sorted((begins[flow], ends[flow]) for flow in begins) == [
        (("group 0", 4500), (top, 6000)), ((top, 8500), ("group 0", 10000)), (("source", 1000), ("group 0", 2000))],
        begins, ends)
    check(counters["queue depth of group 0"] ==
          [(1000, 1), (2000, 0), (8500, 1), (10000, 0), (12500, 1)], counters)
    check(counters["cosine of group 0"] == [(11700, 0.75)] and counters["staleness of group 0"] == [(11600, 0)],
          counters)


if not shutil.which("protoc"):
    print("protoc is not there")
    sys.exit(SKIPPED)
with folder() as home:
    sample = Path(home) / "sample"
    subprocess.run([write_sample, sample], check=True)
    result = run(program, "trace", "export", sample, "perfetto")
    check(result.returncode == 0, result.stderr)
    check_sample(decode(sample / "trace.perfetto-trace"))
