"""Every partitioner and mapper side by side, each with the same solver."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tempstudio.cli.answer import DONE, NO_PLAN, Answer
from tempstudio.cli.progress_bar import progress_bar
from tempstudio.cli.project_flags import Asked, add_project_arguments, project_from_arguments
from tempstudio.cli.summary import degrees_text
from tempstudio.cli.table import table
from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.scene import format as figures

if TYPE_CHECKING:
    from tempstudio.core.progress import Progress
    from tempstudio.core.project import Project

EXAMPLE = "tempstudio compare --machine 2x4 --model llama2-7b --batch 16 --mapper sequential"
COLUMNS = ("partitioner", "mapper", "step", "throughput", "MFU", "memory", "energy", "degrees")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The project's flags; --partitioner or --mapper narrow the comparison."""
    add_project_arguments(parser)


def execute(arguments: argparse.Namespace) -> Answer:
    """A row a pair: what fits first, the fastest first; 0 if any row fits.

    The degrees are searched for each pair by itself, whatever the project fixes; only `--parallel`
    gives all of them the same.
    """
    asked = project_from_arguments(arguments, keep_degrees=False)
    pairs = [
        (partitioner, mapper)
        for partitioner in _named(arguments.partitioner, asked, "partitioner")
        for mapper in _named(arguments.mapper, asked, "mapper")
    ]
    rows = []
    with progress_bar() as progress:
        for number, pair in enumerate(pairs):
            progress.step(number / len(pairs), f"{pair[0]} with {pair[1]}")
            part = progress.part(number / len(pairs), (number + 1) / len(pairs))
            rows.append(_row(asked, pair, part))
    rows.sort(key=lambda row: (not row["fits"], row.get("step_time_s", float("inf"))))
    fits = any(row["fits"] for row in rows)
    complaint = "" if fits else "no row fits"
    status = DONE if fits else NO_PLAN
    return Answer({"rows": rows}, lambda: _text(rows), status, complaint, asked.notes)


def _named(name: str | None, asked: Asked, kind: str) -> list[str]:
    return [name] if name is not None else asked.host.names(kind)


def _row(asked: Asked, pair: tuple[str, str], progress: Progress) -> dict[str, Any]:
    """A run document, or why there is none for this pair."""
    from tempstudio.plugin_guard import PluginFault, run_project

    project = _with_pair(asked.project, pair)
    try:
        return dict(run_project(asked.host, project, progress).document)
    except (InputError, NoPlanError, PluginFault) as error:
        strategy = {"partitioner": pair[0], "mapper": pair[1], "solver": project.solver.name}
        line = " ".join(str(error).split())
        return {"strategy": strategy, "fits": False, "error": line}


def _with_pair(project: Project, pair: tuple[str, str]) -> Project:
    """The project with another pair; its own strategies keep their options."""
    from tempstudio.core.project import StrategyChoice

    partitioner, mapper = (
        present if present.name == name else StrategyChoice(name)
        for present, name in zip((project.partitioner, project.mapper), pair, strict=True)
    )
    return replace(project, partitioner=partitioner, mapper=mapper)


def _text(rows: list[dict[str, Any]]) -> str:
    lines = [table(COLUMNS, [_cells(row) for row in rows])]
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if "error" in row:
            pair = f"{row['strategy']['partitioner']} + {row['strategy']['mapper']}"
            reasons.setdefault(row["error"], []).append(pair)
    for reason, pairs in reasons.items():
        more = f" and {len(pairs) - 1} more" if len(pairs) > 1 else ""
        lines.append(f"{pairs[0]}{more}: {reason}")
    return "\n".join(lines)


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    head = (row["strategy"]["partitioner"], row["strategy"]["mapper"])
    if "error" in row:
        return (*head, "-", "-", "-", "-", "-", "no plan")
    return (
        *head,
        figures.seconds(row["step_time_s"]),
        figures.si(row["tokens_per_s"], "tokens/s"),
        figures.percent(row["mfu"]),
        figures.byte_count(row["memory_bytes"]["peak"]),
        figures.joules(row["energy_j"]["total"]),
        degrees_text(row["parallel"]) + ("" if row["fits"] else "  DOES NOT FIT"),
    )
