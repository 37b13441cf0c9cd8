"""The verb `compare`: every partitioner with every mapper under one solver, row by row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tempstudio.catalogue import STRATEGY_KINDS
from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.pipeline import run
from tempstudio.core.plan_check import PlanFault
from tempstudio.core.project import Project, StrategyChoice
from tempstudio.plan_message import plan_document
from tempstudio.plugin_guard import PluginFault, blamed, choose
from tempstudio.storage.project_document import project_from_document

if TYPE_CHECKING:
    from tempstudio.core.progress import Progress
    from tempstudio.worker import Call


def compare(call: Call) -> dict[str, Any]:
    """Every partitioner with every mapper under the project's solver: `rows` of run documents.

    Request: `project`, optional `partitioners` and `mappers` (names) or `pairs` of them.  A row
    that fails has `strategy` and `error` {kind, message}.  Each is sent as a message `row`
    {index, of, row, plan} when it is done, and a message `trying` {index, partitioner, mapper}
    before.
    """
    project = project_from_document(call.header["project"], "project")
    pairs = [tuple(pair) for pair in call.header.get("pairs") or ()] or [
        (partitioner, mapper)
        for partitioner in call.header.get("partitioners") or sorted(call.host.partitioners())
        for mapper in call.header.get("mappers") or sorted(call.host.mappers())
    ]
    rows = []
    for i, (partitioner, mapper) in enumerate(pairs):
        call.progress.step(i / len(pairs), f"{partitioner} with {mapper}")
        call.send("trying", {"index": i, "partitioner": partitioner, "mapper": mapper})
        changed = with_pair(project, partitioner, mapper)
        part = call.progress.part(i / len(pairs), (i + 1) / len(pairs))
        row, plan = _compared(call, changed, part)
        call.send("row", {"index": i, "of": len(pairs), "row": row, "plan": plan})
        rows.append(row)
    return {"rows": rows}


def _compared(
    call: Call, project: Project, progress: Progress
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A run document and its plan, or why there is none."""
    try:
        chosen = choose(call.host, project, call.page.entered)
        best = run(project, chosen, progress)
        if call.cancelled:  # the pipeline answers with the best so far, which is no fair row
            progress.step(0.0)
        return best.document, plan_document(best.plan)
    except PlanFault as error:
        return _failed(project, "fault", str(blamed(call.host, project, error))), {}
    except PluginFault as error:
        if error.grave:
            raise
        return _failed(project, "fault", str(error)), {}
    except InputError as error:
        return _failed(project, "input", str(error)), {}
    except NoPlanError as error:
        return _failed(project, "noplan", str(error)), {}


def _failed(project: Project, kind: str, message: str) -> dict[str, Any]:
    names = {kind: getattr(project, kind).name for kind in STRATEGY_KINDS}
    error = {"kind": kind, "message": " ".join(message.split())}
    return {"strategy": names, "fits": False, "error": error}


def with_pair(project: Project, partitioner: str, mapper: str) -> Project:
    """The project with another pair; its own strategies keep their options."""
    return replace(
        project,
        partitioner=_choice(project.partitioner, partitioner),
        mapper=_choice(project.mapper, mapper),
    )


def _choice(present: StrategyChoice, name: str) -> StrategyChoice:
    return present if present.name == name else StrategyChoice(name)
