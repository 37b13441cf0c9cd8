"""One point of a sweep: plain data in, plain data out, wherever the process runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tempstudio.core.errors import InputError, NoPlanError

if TYPE_CHECKING:
    from tempstudio.core.parallel import Degrees
    from tempstudio.core.project import Project


def run_point(task: dict[str, Any]) -> dict[str, Any]:
    """The cells of a row but for its axes; a failing point is a row that says why.

    `task`: `{"point", "document", "columns"}`, the document as `Sweep.document` makes it.
    `outcome` is `ok`, `does not fit` (the figures are there all the same), `no plan`, `input`
    (what was asked for is not allowed), `plugin` or `fault`.
    """
    started = time.perf_counter()
    cells = _cells(task["document"], task["columns"])
    return {**cells, "wall_s": round(time.perf_counter() - started, 6)}


def _cells(document: dict[str, Any], columns: list[str]) -> dict[str, Any]:
    from tempstudio.plugin_guard import PluginFault, run_project
    from tempstudio.plugin_host import shared_host

    try:
        run = run_project(shared_host(), project_of(document))
    except InputError as error:
        return _failed("input", str(error))
    except NoPlanError as error:
        return _failed("no plan", str(error))
    except PluginFault as error:
        return _failed("plugin", str(error))
    except Exception as error:  # noqa: BLE001 - one point must not take the others with it
        return _failed("fault", f"fault of the program: {type(error).__name__}: {error}")
    from tempstudio.sweep.columns import measured

    cells = measured(run.document, columns)
    if run.score.fits:
        return {**cells, "outcome": "ok", "error": ""}
    return {**cells, "outcome": "does not fit", "error": _misfit(run.document["memory_bytes"])}


def _failed(outcome: str, error: str) -> dict[str, Any]:
    line = " ".join(error.split())
    return {"fits": False, "outcome": outcome, "error": line[:1000]}


def _misfit(memory: dict[str, Any]) -> str:
    die = ",".join(map(str, memory["peak_die"]))
    return (
        f"does not fit: die {die} needs {memory['peak'] / 1e9:.4g} GB of "
        f"{memory['capacity'] / 1e9:.4g} GB"
    )


def project_of(document: dict[str, Any]) -> Project:
    """The project of a point's document, its faults drawn and its degrees made complete."""
    from dataclasses import replace

    from tempstudio.core.faults import random_faults
    from tempstudio.core.wafer import Wafer
    from tempstudio.storage import project_from_document

    document = {**document, "machine": dict(document["machine"])}
    faults = document["machine"].pop("faults", None)
    degrees = document.pop("parallel", None)
    project = project_from_document(document, "point")
    if faults is not None:
        if not isinstance(project.machine, Wafer):
            raise InputError("machine.faults: the machine is a cluster, allowed: only with a wafer")
        project = replace(project, machine=random_faults(project.machine, **faults))
    if degrees in (None, "auto"):
        return project
    return replace(project, degrees=_degrees(degrees, project))


def _degrees(given: dict[str, Any], project: Project) -> Degrees:
    """What is left out is 1, save `dp`, which takes what remains, as with `run --parallel`."""
    from dataclasses import replace

    from tempstudio.core.parallel import Degrees
    from tempstudio.core.quantities import from_json
    from tempstudio.plugin_host import shared_host

    partitioner = shared_host().find("partitioner", project.partitioner.name)
    least_zero = int(getattr(partitioner.object, "least_zero", 0))
    degrees: Degrees = from_json(Degrees, {"zero": least_zero, **given}, "parallel")
    alive = project.machine.alive_count
    if "dp" not in given:
        room = max(1, alive // degrees.size)
        degrees = replace(degrees, dp=min(room, project.job.global_batch))
    if degrees.size > alive:
        raise InputError(
            f"parallel: {degrees.size:,} dies, allowed: at most the {alive:,} that work"
        )
    return degrees
