"""The trace: well-formed, bounded, and the same events as the timeline's."""

from __future__ import annotations

import json
from collections import Counter, defaultdict

import numpy as np
import pytest
from timelines_by_hand import make_timeline

from tempstudio.core.machine import Cluster, Wafer
from tempstudio.core.timeline import BACKGROUND, MEMORY_KINDS
from tempstudio.export.chrome_trace import (
    DIES_PID,
    FIRST_STAGE_PID,
    LINKS_PID,
    SEGMENTS_TID,
    trace_document,
)
from tempstudio.export.trace_moments import moments_in, windows

MACHINE = Wafer(rows=4, cols=6, dead_dies=[(1, 1)])


def slices(document: dict, pid: int) -> list[dict]:
    return [e for e in document["traceEvents"] if e["ph"] == "X" and e["pid"] == pid]


def test_it_is_json_that_perfetto_reads() -> None:
    document = trace_document(make_timeline(MACHINE), MACHINE)
    events = json.loads(json.dumps(document))["traceEvents"]
    assert {event["ph"] for event in events} == {"X", "M", "C"}
    for event in events:
        assert isinstance(event["pid"], int) and isinstance(event["name"], str)
        if event["ph"] == "X":
            assert event["ts"] >= 0 and event["dur"] >= 0 and isinstance(event["tid"], int)
        if event["ph"] == "C":
            assert all(isinstance(value, float) for value in event["args"].values())
    named = {(e["pid"], e.get("tid")) for e in events if e["ph"] == "M"}
    used = {(e["pid"], e["tid"]) for e in events if e["ph"] == "X"}
    assert used <= named


def test_slices_of_a_thread_nest_or_follow() -> None:
    """The format draws nothing sensible otherwise."""
    document = trace_document(make_timeline(MACHINE), MACHINE)
    threads: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    for event in document["traceEvents"]:
        if event["ph"] == "X":
            begin = event["ts"]
            threads[event["pid"], event["tid"]].append((begin, begin + event["dur"]))
    for found in threads.values():
        open_ends: list[float] = []
        for begin, end in sorted(found, key=lambda one: (one[0], -one[1])):
            while open_ends and open_ends[-1] <= begin + 2e-4:
                open_ends.pop()
            assert not open_ends or end <= open_ends[-1] + 2e-4
            open_ends.append(end)


def test_every_copy_of_every_layer_is_there() -> None:
    timeline = make_timeline(MACHINE, stages=2)
    document = trace_document(timeline, MACHINE)
    for stage in range(2):
        layers = [e for e in slices(document, FIRST_STAGE_PID + stage) if e["tid"] == SEGMENTS_TID]
        mine = timeline.spans.stage == stage
        assert len(layers) == timeline.spans.repeats[mine].sum()
        length = sum(e["dur"] for e in layers) * 1e-6
        spans = timeline.spans
        assert np.isclose(length, (spans.repeats[mine] * spans.period_s[mine]).sum(), rtol=1e-6)


def test_every_transfer_in_the_windows_is_on_every_link_it_crosses() -> None:
    timeline = make_timeline(MACHINE)
    document = trace_document(timeline, MACHINE)
    assert document["otherData"]["left_out"] == []
    sets, table = timeline.flow_sets, timeline.templates
    crossings, moved = 0, 0.0
    for interval in windows(timeline):
        for moment in moments_in(timeline, interval):
            which = int(table.flow_set[moment.item])
            if which >= 0:
                first, last = sets.set_start[which : which + 2]
                hops = np.diff(sets.hop_start[first : last + 1])
                crossings += int(hops.sum())
                size = sets.unit_bytes[first:last] * table.scale[moment.item]
                moved += float((hops * size).sum())
    links = slices(document, LINKS_PID)
    assert len(links) == crossings
    assert np.isclose(sum(e["args"]["bytes"] for e in links), moved)


def test_each_die_computes_what_its_stage_computes() -> None:
    timeline = make_timeline(MACHINE, stages=2)
    document = trace_document(timeline, MACHINE)
    table = timeline.templates
    expected = Counter(
        moment.stage
        for interval in windows(timeline)
        for moment in moments_in(timeline, interval)
        if table.compute_s[moment.item] > 0 and table.lane[moment.item] != BACKGROUND
    )
    per_die = Counter(event["tid"] - 1 for event in slices(document, DIES_PID))
    assert set(per_die) == set(MACHINE.alive_ids)
    for die, count in per_die.items():
        assert count >= expected[int(timeline.stage_of_die[die])]


def test_counters_are_the_frames() -> None:
    timeline = make_timeline(MACHINE)
    counters = [e for e in trace_document(timeline, MACHINE)["traceEvents"] if e["ph"] == "C"]
    assert max(e["args"]["busiest"] for e in counters if e["pid"] == LINKS_PID) > 0
    for event in counters[:: len(counters) // 20]:
        frame = timeline.at(event["ts"] * 1e-6)
        if event["pid"] == LINKS_PID:
            assert 0 <= event["args"]["mean"] <= event["args"]["busiest"]
        else:
            assert tuple(event["args"]) == MEMORY_KINDS
            die = timeline.busy_dies[event["pid"] - FIRST_STAGE_PID][0]
            assert np.isclose(event["args"]["weights"] * 1e9, frame.memory[0, die])


@pytest.mark.parametrize("most", [500, 2000, 20_000])
@pytest.mark.parametrize("machine", [Wafer(rows=8, cols=8), Wafer(wafers=2), Cluster(nodes=4)])
def test_the_size_is_bounded_and_says_what_is_missing(machine: Wafer, most: int) -> None:
    timeline = make_timeline(machine, stages=machine.wafers, far=40, layers=8)
    whole = trace_document(timeline, machine, most_events=10**9)
    document = trace_document(timeline, machine, most_events=most)
    about = document["otherData"]
    assert len(document["traceEvents"]) == about["events"] <= most
    assert bool(about["left_out"]) == (about["events"] < whole["otherData"]["events"])
    assert about["most_events"] == most and about["expanded_s"]
