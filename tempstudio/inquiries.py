"""Verbs about what there is already: a run played again, a panel's figure, a sweep's results."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tempstudio.core.errors import InputError
from tempstudio.core.parallel import Degrees
from tempstudio.core.pipeline import make_run
from tempstudio.core.plan_check import PlanFault
from tempstudio.core.problem import Problem
from tempstudio.core.quantities import from_json
from tempstudio.core.run import Run, Search
from tempstudio.core.workload import TrainingJob
from tempstudio.plan_message import send_plan
from tempstudio.plugin_guard import blamed, choose, figure_of
from tempstudio.replanning import with_placement
from tempstudio.storage.project_document import project_from_document, project_to_document

if TYPE_CHECKING:
    from tempstudio.worker import Call

MOST_HELD = 4

_held: OrderedDict[str, Run] = OrderedDict()  # the last few runs of this worker


def remember(run: Run, key: str = "") -> None:
    """Hold a run of this worker; `key` names the request that it answers."""
    _held[key] = run
    _held.move_to_end(key)
    while len(_held) > MOST_HELD:
        _held.popitem(last=False)


def replay(call: Call) -> dict[str, Any]:
    """Build and simulate the plan of a run that was kept: `project`, `plan` -> `document`.

    The run with its timeline is sent as a message `plan`.
    """
    run = held_run(call)
    send_plan(call, run, final=True)
    return {"document": run.document}


def held_run(call: Call) -> Run:
    """The run that a request speaks of: its `project` with its `plan`, else the last one here."""
    if "project" not in call.header:
        if not _held:
            raise InputError("there is no run yet")
        return next(reversed(_held.values()))
    key = json.dumps([call.header["project"], call.header.get("plan")], sort_keys=True)
    if key not in _held:
        remember(_rebuilt(call), key)
    _held.move_to_end(key)
    return _held[key]


def _rebuilt(call: Call) -> Run:
    project = project_from_document(call.header["project"], "project")
    document = call.header["plan"]
    degrees = from_json(Degrees, document["parallel"], "plan.parallel")
    job = from_json(TrainingJob, document["job"], "plan.job")
    chosen = choose(call.host, project, call.page.entered)
    problem = Problem(
        project,
        chosen.partitioner,
        chosen.mapper,
        chosen.partitioner_options,
        chosen.mapper_options,
        call.progress,
    )
    try:
        plan = problem.build(degrees, job)
        # Every rank on the die where it was, where a solver had chosen that.
        placement = tuple(document.get("mapping", {}).get("placement") or plan.mapping.placement)
        plan = with_placement(problem, plan, placement)
        return make_run(problem, plan, chosen, Search(0, 0.0, project.seed))
    except PlanFault as error:
        raise blamed(call.host, project, error) from None


def figure(call: Call) -> dict[str, Any]:
    """A panel's figure of a run: `panel`, `time_s`, `selection` -> `figure`."""
    run = held_run(call)
    offer = call.host.find("panel", str(call.header["panel"]))
    drawn = figure_of(
        offer,
        run,
        float(call.header.get("time_s", 0.0)),
        dict(call.header.get("selection") or {}),
        call.page.entered,
    )
    return {"figure": figure_document(drawn)}


def read_results(call: Call) -> dict[str, Any]:
    """A sweep's table: `path` of its folder or a CSV -> columns, as `results_from` takes them."""
    from tempstudio.sweep.result_table import read_results as read

    table = read(Path(str(call.header["path"])))
    call.send("columns", {"texts": table.texts}, table.numbers)
    return {
        "path": str(table.path),
        "names": list(table.names),
        "flags": sorted(table.flags),
        "rows": table.rows,
        "opens": table.opens,
    }


def sweep_project(call: Call) -> dict[str, Any]:
    """The project of one `point` of the sweep whose results are in `folder`: `project`."""
    from tempstudio.sweep.kept_sweep import project_at

    project = project_at(Path(str(call.header["folder"])), int(call.header["point"]))
    return {"project": project_to_document(project)}


def figure_document(value: Any) -> Any:
    """A `Figure` as plain data: each part a dict with its `kind` (Lines, Bars, Image, ...)."""
    if is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: figure_document(getattr(value, f.name)) for f in fields(value)}
        return {"kind": type(value).__name__, **parts}
    if isinstance(value, (list, tuple)):
        return [figure_document(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return value.item() if hasattr(value, "item") else str(value)
