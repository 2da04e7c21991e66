"""Reads a Perfetto trace as its viewer does, and finds what the viewer would drop, move or complain of.

The rules are those of Perfetto's trace processor: events in the order of their timestamps; a slice's end closes the
innermost open slice of its track; the first event with a flow's id begins the flow, later ones are steps, a terminating id
ends it, and one that is not open has no end to draw. No package is needed: the wire format is decoded here.
"""
import struct
from collections import defaultdict

SLICE_BEGIN, SLICE_END, INSTANT, COUNTER = 1, 2, 3, 4


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(data):
    """A message's fields by number, each a list: numbers, or bytes."""
    found = defaultdict(list)
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        elif tag & 7 == 1:
            value, at = struct.unpack_from("<Q", data, at)[0], at + 8
        elif tag & 7 == 2:
            size, at = varint(data, at)
            if at + size > len(data):
                raise ValueError("a field that is longer than its message")
            value, at = data[at:at + size], at + size
        else:
            raise ValueError(f"wire type {tag & 7}")
        found[tag >> 3].append(value)
    return found


def one(message, number, otherwise=None):
    return message[number][0] if number in message else otherwise


class Track:
    def __init__(self, descriptor):
        self.uuid = one(descriptor, 1)
        self.parent = one(descriptor, 5)
        self.is_counter = 8 in descriptor
        process, thread = one(descriptor, 3), one(descriptor, 4)
        self.is_process = process is not None
        if process is not None:
            self.name = one(fields(process), 6).decode()
        elif thread is not None:
            self.name = one(fields(thread), 5).decode()
        else:
            self.name = one(descriptor, 2).decode()


class Slice:
    def __init__(self, track, name, begin):
        self.track, self.name, self.begin, self.end = track, name, begin, None


class Trace:
    """tracks by uuid, slices, arrows as (flow, from slice, to slice), and faults: what a viewer would not show as meant."""

    def __init__(self, data):
        self.tracks, self.slices, self.arrows, self.faults = {}, [], [], []
        self.open_flows = {}
        self._closed_flows, self._open = set(), defaultdict(list)
        for event in self._sorted_events(data):
            self._tell(*event)
        for flow in self.open_flows:
            self.faults.append(f"flow {flow:#x} never ends")

    def _sorted_events(self, data):
        events, last, begun = [], {}, set()
        for order, packet in enumerate(fields(data)[1]):
            packet = fields(packet)
            sequence = one(packet, 10)
            if not sequence:
                self.faults.append("a packet of no sequence")
            if sequence not in begun and not one(packet, 13, 0) & 1:
                self.faults.append(f"sequence {sequence} does not begin with a clear state")
            begun.add(sequence)
            if 60 in packet:
                self._describe(Track(fields(one(packet, 60))))
            if 11 in packet:
                time, event = one(packet, 8), fields(one(packet, 11))
                if time < last.get(sequence, 0):
                    self.faults.append(f"sequence {sequence} goes back in time at {time}")
                last[sequence] = time
                if one(event, 11) not in self.tracks:
                    self.faults.append(f"an event on a track that is not described before it, at {time}")
                    continue
                events.append((time, order, event))
        events.sort(key=lambda each: each[:2])
        return events

    def _describe(self, track):
        if track.uuid in self.tracks:
            self.faults.append(f"{track.name} is described twice")
        if not track.is_process and (track.parent not in self.tracks or not self.tracks[track.parent].is_process):
            self.faults.append(f"{track.name} belongs to no process")
        self.tracks[track.uuid] = track

    def process_of(self, track):
        return self.tracks[track.parent].name

    def _tell(self, time, _, event):
        track = self.tracks[one(event, 11)]
        kind, open_slices = one(event, 9), self._open[track.uuid]
        if (kind == COUNTER) != track.is_counter:
            self.faults.append(f"an event of kind {kind} on {track.name}")
        if kind == SLICE_END:
            if not open_slices:
                self.faults.append(f"an end without a slice on {track.name} at {time}")
            else:
                open_slices.pop().end = time
            if 47 in event or 48 in event:
                self.faults.append("a flow on an end")
            return
        if kind not in (SLICE_BEGIN, INSTANT):
            return
        drawn = Slice(track, (one(event, 23) or b"").decode(), time)
        self.slices.append(drawn)
        if kind == SLICE_BEGIN:
            if open_slices:
                self.faults.append(f"a slice within a slice on {track.name} at {time}")
            open_slices.append(drawn)
        else:
            drawn.end = time
        for flow in event[47]:
            self._pass(flow, drawn)
        for flow in event[48]:
            if flow not in self.open_flows:
                self.faults.append(f"flow {flow:#x} ends where none is open, at {drawn.name} of {drawn.track.name}")
                continue
            self._pass(flow, drawn)
            del self.open_flows[flow]
            self._closed_flows.add(flow)

    def _pass(self, flow, drawn):
        """Begins a flow, or draws the arrow to its next slice."""
        if flow in self._closed_flows:
            self.faults.append(f"flow {flow:#x} goes on behind its end, at {drawn.name} of {drawn.track.name}")
            return
        before = self.open_flows.get(flow)
        self.open_flows[flow] = drawn
        if before is not None:
            self.arrows.append((flow, before, drawn))
