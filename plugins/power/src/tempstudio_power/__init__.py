"""Panels and an exporter for TempStudio: power and link use over a training step.

A panel is a function from a run to a `Figure` of plain data; the studio draws, themes and exports
it. Nothing here knows of a window.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import tempstudio as ts

INSTANTS = 200
BINS = 20


def power_over_time(run: ts.Run, time_s: float, selection: dict[str, Any]) -> ts.Figure:
    """Watts of compute and of the links at `INSTANTS` instants of the step.

    Compute: a computing die draws its FLOP/s over FLOPS per watt. Links: the rate of every link
    times the energy of a bit. Memory traffic is not in the timeline, so it is left to the table,
    which holds the joules of the whole step as the run's score has them.
    """
    times, compute, links = watts(run)
    x = tuple((1e3 * times).tolist())
    energy = tuple((name, joules) for name, joules in run.score.energy_j.items())
    return ts.Figure(
        f"Power, {run.score.power_w / 1e3:,.1f} kW on average",
        (
            ts.Lines("compute", x, compute),
            ts.Lines("links", x, links),
            ts.Lines("now", (1e3 * time_s,) * 2, (0.0, max(*compute, *links))),
            ts.Table(("part", "energy of a step [J]"), energy),
        ),
        x_label="time [ms]",
        y_label="power [W]",
    )


def watts(run: ts.Run) -> tuple[np.ndarray, tuple[float, ...], tuple[float, ...]]:
    """(instants [s], watts of compute, watts of the links) over the step."""
    timeline, machine = run.timeline, run.project.machine
    die_w = machine.die.flop_per_s / machine.die.flop_per_joule
    bit_j = ts.topology_of(machine).joule_per_bit
    times = (np.arange(INSTANTS) + 0.5) / INSTANTS * timeline.duration_s
    frames = [timeline.at(time) for time in times]
    compute = tuple(die_w * float((frame.computing >= 0).sum()) for frame in frames)
    links = tuple(8.0 * float(frame.link_rate @ bit_j) for frame in frames)
    return times, compute, links


@dataclass(frozen=True)
class NoOptions:
    """There is nothing to choose."""


class PowerTable:
    """The curves of the panel as a table, for a spreadsheet or another tool."""

    name = "power-table"
    summary = "Watts of compute and links over the step, as CSV"
    version = "1.0"
    suffixes = (".csv",)
    Options = NoOptions

    def write(self, run: ts.Run, path: Path) -> None:
        """One row an instant: `time_s`, `compute_w`, `links_w`."""
        times, compute, links = watts(run)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("time_s", "compute_w", "links_w"))
            writer.writerows(zip(times.tolist(), compute, links, strict=True))


def link_histogram(run: ts.Run, time_s: float, selection: dict[str, Any]) -> ts.Figure:
    """How many directed links carry how many bytes in a step."""
    loads = run.timeline.step_link_bytes
    if not loads.size or not loads.max() > 0:
        return ts.Figure("Link loads", (ts.Text("No link carries anything in this step."),))
    counts, edges = np.histogram(loads / 1e9, bins=BINS)
    names = tuple(f"{low:.3g}" for low in edges[:-1])
    idle = int((loads == 0).sum())
    return ts.Figure(
        "Link loads",
        (
            ts.Bars("links", names, tuple(float(count) for count in counts)),
            ts.Text(f"{idle} of {loads.size} directed links carry nothing."),
        ),
        x_label="bytes in a step, from [GB]",
        y_label="directed links",
    )


@ts.hookimpl
def tempstudio_panels() -> list[ts.Panel]:
    """Power over time and a histogram of link loads."""
    return [
        ts.Panel("power", "Power over time", power_over_time, "Watts of compute and links"),
        ts.Panel("link-histogram", "Link loads", link_histogram, "How evenly links are used"),
    ]


@ts.hookimpl
def tempstudio_exporters() -> list[ts.Exporter]:
    """Power over time as a table."""
    return [PowerTable()]
