"""What a worker can be asked to do: a table of functions, each answering one request.

A verb takes a `Call` and returns the content of its `done` message; what it sends before that, and
whatever it raises, crosses as tempstudio.lanes describes.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tempstudio.catalogue import catalogue
from tempstudio.comparison import compare
from tempstudio.core.candidate import Candidate, candidate_from_json
from tempstudio.core.decisions import Decisions, decisions_from_json
from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.machine import Wafer
from tempstudio.core.parallel import Degrees
from tempstudio.core.pipeline import Chosen, make_run
from tempstudio.core.pipeline import run as run_pipeline
from tempstudio.core.plan_check import PlanFault
from tempstudio.core.problem import Problem
from tempstudio.core.progress import Cancelled, Progress
from tempstudio.core.project import Project
from tempstudio.core.report import search_json
from tempstudio.core.run import Run, Search
from tempstudio.core.sharing import fill_with_numba, use_numba
from tempstudio.core.workload import TrainingJob, workload_to_json
from tempstudio.exporting import export
from tempstudio.inquiries import figure, read_results, remember, replay, sweep_project
from tempstudio.plan_message import send_plan
from tempstudio.plugin_guard import (
    PluginFault,
    blamed,
    choose,
    read_foreign,
    run_project,
)
from tempstudio.plugin_host import Host
from tempstudio.replanning import Again, plan_again
from tempstudio.storage.project_document import project_from_document

if TYPE_CHECKING:
    from tempstudio.worker import Call, Verb

SEARCH_EVERY_S = 0.4  # what a search has seen is told so often


def run(call: Call) -> dict[str, Any]:
    """Plan, simulate and score a project; every better plan is sent as it is found.

    Request: `project` (document), `options`: `budget_s` stops the search there with the best so
    far; `replan` (decisions as tempstudio.core.decisions writes them) keeps those, or where they
    are no longer legal the nearest that are, and searches nothing; `genome` builds that candidate
    of an earlier search.
    `done`: `document` of the best run and `notes`.
    """
    project = project_from_document(call.header["project"], "project")
    options = dict(call.header.get("options") or {})
    if options.get("budget_s"):
        call.deadline_s = time.monotonic() + float(options["budget_s"])
    chosen = choose(call.host, project, call.page.entered)
    try:
        if options.get("genome"):
            candidate = candidate_from_json(options["genome"])
            best, notes = _replanned(call, project, chosen, candidate)
        elif options.get("replan"):
            wanted = decisions_from_json(options["replan"], "options.replan")
            best, notes = _replanned(call, project, chosen, wanted)
        else:
            final = project.degrees is not None
            best = run_pipeline(
                project,
                chosen,
                call.progress,
                lambda run: send_plan(call, run, final),
                _search_reporter(call, project),
            )
            notes = []
    except PlanFault as error:
        raise blamed(call.host, project, error) from None
    except Cancelled:
        if call.cancelled:
            raise
        raise NoPlanError(f"no plan was found within {options['budget_s']:g} s") from None
    remember(best)
    return {"document": best.document, "notes": notes}


def _search_reporter(call: Call, project: Project) -> Callable[[Callable[[], Search]], None]:
    """Sends what a search has seen as a message `search`, a few times a second."""
    last_s = time.monotonic()

    def report(seen: Callable[[], Search]) -> None:
        nonlocal last_s
        now = time.monotonic()
        if now - last_s >= SEARCH_EVERY_S:
            last_s = now
            document = search_json(seen(), project.machine.die.hbm_bytes)
            call.send("search", {"search": document})

    return report


def _replanned(
    call: Call, project: Project, chosen: Chosen, wanted: Decisions | Candidate
) -> tuple[Run, list[str]]:
    started = time.perf_counter()
    problem = Problem(
        project,
        chosen.partitioner,
        chosen.mapper,
        chosen.partitioner_options,
        chosen.mapper_options,
        call.progress,
    )
    if isinstance(wanted, Candidate):
        again = Again(problem.build(wanted), [])
    else:
        again = plan_again(problem, wanted)
    problem.score(again.plan)
    search = Search(problem.evaluations, time.perf_counter() - started, project.seed)
    run = make_run(problem, again.plan, chosen, search)
    send_plan(call, run, final=True, notes=again.notes, placed=again.placed)
    return run, again.notes


def read(call: Call) -> dict[str, Any]:
    """A model by `path` or preset name as its JSON graph: `workload`, `parameters`, `reader`."""
    workload, reader = load_any(call, str(call.header["path"]))
    return {
        "workload": workload_to_json(workload),
        "parameters": workload.parameters,
        "active_parameters": workload.active_parameters,
        "layers": workload.layers,
        "reader": reader,
    }


def load_any(call: Call, source: str) -> tuple[Any, str]:
    """A model through the built-in readers, else through the first foreign one that can read it."""
    from tempstudio.readers import load_model

    try:
        return load_model(source), "tempstudio"
    except InputError as error:
        refused = error
    found = read_foreign(Path(source), call.host, call.page.entered)
    if found is not None:
        return found
    raise refused


def offered(call: Call) -> dict[str, Any]:
    """What the plugins offer."""
    return {"catalogue": catalogue(call.host)}


def warm_up(host: Host, wanted: Callable[[], bool]) -> None:
    """Do a small run, so that the first real one finds everything loaded and compiled.

    Stops as soon as a request is `wanted`.
    """
    from tempstudio.readers import load_model

    project = Project(
        machine=Wafer(rows=2, cols=4),
        model=load_model("llama2-7b"),
        job=TrainingJob(global_batch=8, seq_len=256),
        degrees=Degrees(dp=2, stream=4),
    )
    with contextlib.suppress(InputError, NoPlanError, Cancelled, PluginFault):
        run_project(host, project, Progress(cancelled=wanted)).timeline.to_arrays()


def settle() -> None:
    """Load the compiled kernels beside the next requests, which else would wait for them.

    Importing numba takes a second; until it is there the kernels of numpy answer.
    """
    use_numba(False)
    threading.Thread(target=_load_kernels, daemon=True).start()


def _load_kernels() -> None:
    hops = np.zeros(1, dtype=np.int32), np.array([0, 1], dtype=np.int32)
    fill_with_numba()(*hops, np.ones(1), np.ones(1), np.ones(1, dtype=bool))
    use_numba(True)


VERBS: dict[str, Verb] = {
    "run": run,
    "compare": compare,
    "replay": replay,
    "read_results": read_results,
    "sweep_project": sweep_project,
    "export": export,
    "catalogue": offered,
    "read_model": read,
    "figure": figure,
}
