"""A run's tables as CSV: dies, links, operators.  SI units, named in the column heads."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tempstudio.core.timeline import MEMORY_KINDS
from tempstudio.core.topology import topology_of
from tempstudio.export.shown import Shown
from tempstudio.export.whole_file import whole_file

Table = tuple[Sequence[str], Iterable[Sequence[Any]]]


def die_table(run: Shown, time_s: float | None = None) -> Table:
    """One row a die: place, state, stage, and memory by kind at a time (by default at the peak)."""
    machine, timeline = run.project.machine, run.timeline
    frame = timeline.at(run.document["memory_bytes"]["peak_time_s"] if time_s is None else time_s)
    factors = topology_of(machine).die_yield
    head = ("die", *_place_head(machine.wafers), "state", "core_yield", "stage", "time_s",
            "memory_bytes", *(f"{kind}_bytes" for kind in MEMORY_KINDS))  # fmt: skip

    def rows() -> Iterable[Sequence[Any]]:
        for die in range(machine.die_count):
            stage = int(timeline.stage_of_die[die])
            dead = die in machine.dead_ids
            state = "dead" if dead else "idle" if stage < 0 else "working"
            held = frame.memory[:, die].tolist()
            yield (die, *machine.coordinate(die), state, float(factors[die]),
                   "" if stage < 0 else stage, frame.time_s, sum(held), *held)  # fmt: skip

    return head, rows()


def link_table(run: Shown) -> Table:
    """One row a live directed link: its ends, bandwidth, latency, and its load over the step."""
    machine, timeline = run.project.machine, run.timeline
    topology = topology_of(machine)
    head = ("link", "from", "to", "bytes_per_s", "latency_s", "step_bytes", "mean_utilization")

    def rows() -> Iterable[Sequence[Any]]:
        for link in range(topology.links):
            rate = float(topology.bytes_per_s[link])
            moved = float(timeline.step_link_bytes[link])
            yield (link, _vertex(run, int(topology.source[link])),
                   _vertex(run, int(topology.target[link])), rate,
                   float(topology.latency_s[link]), moved,
                   moved / rate / timeline.duration_s)  # fmt: skip

    return head, rows()


def operator_table(run: Shown) -> Table:
    """One row an operator: degrees, layout, and where its share of the step goes."""
    names = ("pp", "dp", "sp", "tp", "stream", "ep", "zero")
    head = ("operator", "layout", *names, "compute_s", "exposed_s", "memory_bound")
    rows = (
        (row["name"], row["layout"], *(row["degrees"][name] for name in names),
         row["compute_s"], row["exposed_s"], row["memory_bound"])
        for row in run.document["per_operator"]
    )  # fmt: skip
    return head, rows


TABLES = {"dies": die_table, "links": link_table, "operators": operator_table}


def write_table(path: Path | str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write one table: commas, a head line, UTF-8, lines that end in LF."""
    with whole_file(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


def write_tables(run: Shown, folder: Path | str) -> tuple[Path, ...]:
    """Write dies.csv, links.csv and operators.csv into a folder; returns what was written."""
    written = []
    for name, table in TABLES.items():
        path = Path(folder) / f"{name}.csv"
        write_table(path, *table(run))
        written.append(path)
    return tuple(written)


def _place_head(wafers: int) -> tuple[str, ...]:
    return ("row", "column") if wafers == 1 else ("wafer", "row", "column")


def _vertex(run: Shown, vertex: int) -> str:
    machine = run.project.machine
    if vertex >= machine.die_count:
        return f"switch {vertex - machine.die_count}"
    return ",".join(str(number) for number in machine.coordinate(vertex))
