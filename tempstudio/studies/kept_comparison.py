"""A study's best plans as a project with kept runs, which the studio opens as a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tempstudio.core.parallel import Degrees
from tempstudio.core.progress import Progress
from tempstudio.core.project import KeptRun, Project
from tempstudio.plan_message import plan_document
from tempstudio.storage.kept_runs import kept_run
from tempstudio.studies.study import Row
from tempstudio.sweep import sweep_from_document
from tempstudio.sweep.point_run import project_of

AXES = ("pp", "dp", "sp", "tp", "stream", "ep", "zero", "interleave")


def comparison_project(
    document: dict[str, Any], rows: Sequence[Row], notes: str, progress: Progress
) -> Project:
    """The project of the last of `rows` with a kept run of each, at the degrees that it tells.

    `document` is the sweep that made the rows, all of it or a part, in its order.  Placement is the
    mapper's own.
    """
    from tempstudio import run
    from tempstudio.plugin_host import shared_host

    sweep = sweep_from_document(document, Path(), shared_host, "comparison")
    kept: list[KeptRun] = []
    project = None
    for number, (point, row) in enumerate(zip(sweep.points, rows, strict=True)):
        progress.step(number / len(rows), f"keeping run {number + 1} of {len(rows)}")
        if not row["step_time_s"]:
            continue
        project = _at_its_degrees(project_of(sweep.document(point)), row)
        made = run(project, progress.silent())
        name = f"{project.partitioner.name} + {project.mapper.name}"
        kept.append(kept_run(name, project, made.document, plan_document(made.plan)))
    assert project is not None
    return replace(project, runs=tuple(kept), notes=notes)


def _at_its_degrees(project: Project, row: Row) -> Project:
    degrees = Degrees(**{axis: row[axis] for axis in AXES})
    job = replace(project.job, micro_batch=row["micro_batch"], recompute=row["recompute"])
    return replace(project, degrees=degrees, job=job)
