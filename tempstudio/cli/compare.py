"""Every partitioner and mapper side by side, each with the same solver."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import Any

import tempstudio
from tempstudio.cli.project_flags import add_project_arguments, project_from_arguments
from tempstudio.cli.summary import degrees_text
from tempstudio.cli.terminal import end_progress, table, terminal_progress, write_json
from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.project import Project, StrategyChoice
from tempstudio.scene import format as figures

EXAMPLE = "tempstudio compare --machine 4x8 --model llama2-7b --batch 128"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The project's flags; --partitioner or --mapper narrow the comparison."""
    add_project_arguments(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Print a row a pair, fastest first; 0 if any row fits."""
    from tempstudio.plugin_host import Host

    project = project_from_arguments(arguments)
    host = Host(safe_mode=arguments.safe_mode)
    pairs = [
        (partitioner, mapper)
        for partitioner in (
            [arguments.partitioner] if arguments.partitioner else sorted(host.names("partitioner"))
        )
        for mapper in ([arguments.mapper] if arguments.mapper else sorted(host.names("mapper")))
    ]
    progress = terminal_progress()
    rows = []
    for number, pair in enumerate(pairs):
        part = progress.part(number / len(pairs), (number + 1) / len(pairs))
        rows.append(_row(project, pair, part, arguments.safe_mode))
    end_progress()
    rows.sort(key=lambda row: (not row["fits"], row.get("step_time_s", float("inf"))))
    if arguments.json:
        write_json({"rows": rows})
    else:
        print(_table(rows))
    if any(row["fits"] for row in rows):
        return 0
    print("tempstudio: no row fits", file=sys.stderr)
    return 3


def _row(
    project: Project, pair: tuple[str, str], progress: tempstudio.Progress, safe_mode: bool
) -> dict[str, Any]:
    one = replace(project, partitioner=StrategyChoice(pair[0]), mapper=StrategyChoice(pair[1]))
    try:
        return dict(tempstudio.run(one, progress=progress, safe_mode=safe_mode).document)
    except (InputError, NoPlanError) as error:
        strategy = {"partitioner": pair[0], "mapper": pair[1], "solver": project.solver.name}
        return {"strategy": strategy, "fits": False, "error": str(error)}


def _table(rows: list[dict[str, Any]]) -> str:
    cells = []
    for row in rows:
        strategy = row["strategy"]
        head = (strategy["partitioner"], strategy["mapper"])
        if "error" in row:
            cells.append((*head, "-", "-", "-", "-", "-", row["error"]))
            continue
        cells.append(
            (
                *head,
                figures.seconds(row["step_time_s"]),
                figures.si(row["tokens_per_s"], "tokens/s"),
                f"{100 * row['mfu']:.3g} %",
                figures.byte_count(row["memory_bytes"]["peak"]),
                figures.joules(row["energy_j"]["total"]),
                degrees_text(row["parallel"]) + ("" if row["fits"] else " (does not fit)"),
            )
        )
    columns = ("partitioner", "mapper", "step", "throughput", "MFU", "memory", "energy", "degrees")
    return table(columns, cells)
