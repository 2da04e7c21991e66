"""What the table of GPU results takes from a trace that was exported as CSV."""
import csv


def records(path):
    with open(path, newline="") as file:
        yield from csv.DictReader(file)


def losses(rows):
    """Of every batch, in order."""
    found = {int(row["batch"]): float(row["measured"]) for row in rows
             if row["kind"] == "metric" and row["type"] == "loss"}
    return [found[batch] for batch in sorted(found)]


def since_batch(rows, batch):
    """The records from the first one on that belongs to `batch` or a later one: what is before only warms up."""
    rows = list(rows)
    begins = [int(row["time_ns"]) for row in rows if row["batch"] and int(row["batch"]) >= batch]
    return [row for row in rows if begins and int(row["time_ns"]) >= min(begins)]


def handler_times_us(rows, roles=("group", "predictor")):
    """Durations of handlers of actors whose names begin with one of `roles`."""
    begun, times = {}, []
    for row in rows:
        if not row["actor"].startswith(roles):
            continue
        if row["kind"] == "begin":
            begun[row["actor"]] = int(row["time_ns"])
        elif row["kind"] == "end" and row["actor"] in begun:
            times.append((int(row["time_ns"]) - begun.pop(row["actor"])) / 1e3)
    return times


def busy_intervals(rows):
    """By stream: when it was busy, [from, to) in ns, in order and apart. A gpu record comes at the end of its work."""
    streams = {}
    for row in rows:
        if row["kind"] == "gpu":
            end = int(row["time_ns"])
            streams.setdefault(row["peer"], []).append((end - int(row["parent"]), end))
    for name, spans in streams.items():
        apart = []
        for begin, end in sorted(spans):
            if apart and begin <= apart[-1][1]:
                apart[-1] = (apart[-1][0], max(apart[-1][1], end))
            else:
                apart.append((begin, end))
        streams[name] = apart
    return streams


def share_with_at_least(streams, count):
    """Of the time from the first to the last work: the share in which at least `count` streams were busy."""
    changes = sorted((time, step) for spans in streams.values() for begin, end in spans
                     for time, step in ((begin, 1), (end, -1)))
    if not changes or changes[0][0] == changes[-1][0]:
        return 0.0
    busy, together, last = 0, 0, changes[0][0]
    for time, step in changes:
        if busy >= count:
            together += time - last
        busy, last = busy + step, time
    return together / (changes[-1][0] - changes[0][0])
