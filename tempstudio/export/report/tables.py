"""The report's tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tempstudio.core.machine import Cluster, Machine
from tempstudio.core.timeline import MEMORY_KINDS
from tempstudio.export.report.html import Column, pairs, paragraph, table
from tempstudio.export.shown import Shown
from tempstudio.scene.describe import KIND_TITLES, vertex_name
from tempstudio.scene.format import (
    byte_count,
    byte_rate,
    flop_rate,
    percent,
    plural,
    seconds,
    si,
)
from tempstudio.scene.plan_words import micro_batch_of

MOST_LINKS = 10
MOST_GROUPS = 12
MOST_DIES = 24
AXES = (
    ("pp", "pipeline stages"), ("dp", "data parallel"), ("sp", "sequence parallel"),
    ("tp", "tensor parallel"), ("stream", "tensor stream"), ("ep", "expert parallel"),
    ("zero", "ZeRO level"), ("interleave", "interleaved chunks"),
)  # fmt: skip


def operators(known: dict[str, Any]) -> str:
    """Every operator's share of the step."""
    columns = (
        Column("operator"), Column("layout"), Column("compute", True), Column("exposed", True),
        Column("share of the step", True), Column("bound by"),
    )  # fmt: skip
    rows = [
        (
            row["name"],
            row["layout"] or "–",
            seconds(row["compute_s"]),
            seconds(_shown(row["exposed_s"], known["step_time_s"])),
            percent((row["compute_s"] + row["exposed_s"]) / known["step_time_s"]),
            _bound(row),
        )
        for row in known["per_operator"]
    ]
    return table(columns, rows)


def _bound(row: dict[str, Any]) -> str:
    """What an operator waits for while it computes."""
    if row["compute_s"] <= 0:
        return "–"
    return "memory" if row["memory_bound"] else "arithmetic"


def _shown(seconds_: float, step_s: float) -> float:
    """What is left where two equal times are subtracted is nothing."""
    return seconds_ if seconds_ > 1e-9 * step_s else 0.0


def memory(known: dict[str, Any]) -> str:
    """The kinds of memory at the peak."""
    held = known["memory_bytes"]
    columns = (Column("at the peak"), Column("bytes", True), Column("share of the die", True))
    rows = [
        (KIND_TITLES[kind], byte_count(held[kind]), percent(held[kind] / held["capacity"]))
        for kind in MEMORY_KINDS
    ]
    rows.append(("Together", byte_count(held["peak"]), percent(held["peak"] / held["capacity"])))
    return table(columns, rows)


def busiest_links(run: Shown) -> str:
    """The links that carry most for their width."""
    timeline, machine = run.timeline, run.project.machine
    use = timeline.step_link_bytes / (timeline.link_bytes_per_s * timeline.duration_s)
    busiest = np.argsort(-use, kind="stable")[:MOST_LINKS].tolist()
    columns = (
        Column("from"), Column("to"), Column("carries a step", True),
        Column("bandwidth", True), Column("mean use", True),
    )  # fmt: skip
    rows = [
        (
            vertex_name(machine, int(timeline.link_source[link])),
            vertex_name(machine, int(timeline.link_target[link])),
            byte_count(float(timeline.step_link_bytes[link])),
            byte_rate(float(timeline.link_bytes_per_s[link])),
            percent(float(use[link])),
        )
        for link in busiest
    ]
    return table(columns, rows)


def strategy(run: Shown, known: dict[str, Any]) -> list[str]:
    """Who made the plan, its degrees, its groups, and dies that have nothing to do."""
    project, parallel = run.project, known["parallel"]
    chosen = [
        (kind, f"{choice.name}{_options(choice.options)}")
        for kind, choice in (
            ("partitioner", project.partitioner),
            ("mapper", project.mapper),
            ("solver", project.solver),
        )
    ]
    degrees = [(title, str(parallel[key])) for key, title in AXES if key in parallel]
    parts = [f'<div class="pair"><div>{pairs(chosen)}</div><div>{pairs(degrees)}</div></div>\n']
    own = [
        (row["name"], f"tp {row['tp']}, stream {row['stream']}")
        for row in parallel.get("operators", ())
    ]
    if own:
        parts += ["<h3>Operators with degrees of their own</h3>\n", pairs(own)]
    parts += ["<h3>Groups</h3>\n", _groups(known["groups"])]
    if known["idle"]:
        parts.append(paragraph(f"Idle: {_dies(known['idle'])}."))
    parts += [paragraph(f"{note}.") for note in known.get("notes", ())]
    return parts


def _options(options: Sequence[tuple[str, Any]]) -> str:
    return f" ({', '.join(f'{key} {value}' for key, value in options)})" if options else ""


def _groups(groups: list[dict[str, Any]]) -> str:
    if not groups:
        return paragraph("One die does all.")
    columns = (Column("axis"), Column("dies", True), Column("schedule"), Column("which"))
    rows = []
    for group in groups[:MOST_GROUPS]:
        schedule = group["schedule"]
        how = f"{schedule['orchestration']}, {len(schedule['rounds'])} rounds" if schedule else "–"
        rows.append((group["axis"], str(len(group["dies"])), how, _dies(group["dies"])))
    more = len(groups) - MOST_GROUPS
    rest = paragraph(f"And {plural(more, 'more group')}.") if more > 0 else ""
    return table(columns, rows) + rest


def _dies(dies: list[list[int]]) -> str:
    shown = "  ".join(",".join(map(str, die)) for die in dies[:MOST_DIES])
    more = len(dies) - MOST_DIES
    return f"{shown} and {more} more" if more > 0 else shown


def project(run: Shown) -> list[str]:
    """What was planned: machine, model, training job."""
    model, job = run.project.model, run.document["job"]
    about = [
        ("model", model.name),
        ("parameters", f"{model.parameters:,}"),
        ("of them active", f"{model.active_parameters:,}"),
        ("hidden size", f"{model.hidden:,}"),
        ("global batch", f"{job['global_batch']:,} sequences"),
        ("micro-batch", f"{micro_batch_of(run.document):,} sequences"),
        ("sequence length", f"{job['seq_len']:,} tokens"),
        ("bytes per element", str(job["bytes_per_element"])),
        ("recompute", job["recompute"]),
    ]
    parts = [
        f'<div class="pair"><div>{pairs(_machine(run.project.machine))}</div>'
        f"<div>{pairs(about)}</div></div>\n"
    ]
    beyond = model.beyond_positions(job["seq_len"])
    return [*parts, paragraph(f"Sequence length: {beyond}.")] if beyond else parts


def _machine(machine: Machine) -> list[tuple[str, str]]:
    die = machine.die
    rows = [
        ("dies", f"{machine.rows} × {machine.cols}"),
        ("working", f"{machine.alive_count:,}"),
        ("compute of a die", flop_rate(die.flop_per_s)),
        ("SRAM", byte_count(die.sram_bytes)),
        ("memory", byte_count(die.hbm_bytes)),
        ("memory bandwidth", byte_rate(die.hbm_bytes_per_s)),
    ]
    if isinstance(machine, Cluster):
        return rows
    rows += [
        ("link, each way", byte_rate(machine.link.bytes_per_s)),
        ("hop latency", seconds(machine.link.latency_s)),
        ("energy of a link", f"{si(machine.link.joule_per_bit, 'J/bit')} and hop"),
    ]
    if machine.wafers > 1:
        rows.insert(0, ("wafers", str(machine.wafers)))
        rows.append(("between wafers", byte_rate(machine.between_wafers.bytes_per_s)))
    faults = [
        plural(len(found), name)
        for found, name in (
            (machine.dead_dies, "dead die"),
            (machine.dead_links, "dead link"),
            (machine.core_yield, "slower die"),
        )
        if found
    ]
    rows.append(("faults", ", ".join(faults) or "none"))
    return rows
