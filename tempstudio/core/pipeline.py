"""From a project and its strategies to a run: solve, simulate, score."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.problem import Problem
from tempstudio.core.progress import Cancelled, Progress
from tempstudio.core.project import Project
from tempstudio.core.report import run_document
from tempstudio.core.run import Found, MadeBy, Plan, Run, Search
from tempstudio.core.strategy import Mapper, Partitioner, Solver


@dataclass(frozen=True)
class Chosen:
    """The strategy objects of a run with their options, and who supplied them."""

    partitioner: Partitioner
    mapper: Mapper
    solver: Solver
    partitioner_options: Any
    mapper_options: Any
    solver_options: Any
    made_by: tuple[MadeBy, ...] = ()


def run(
    project: Project,
    chosen: Chosen,
    progress: Progress | None = None,
    on_plan: Callable[[Run], None] | None = None,
    on_search: Callable[[Callable[[], Search]], None] | None = None,
) -> Run:
    """The best run that the solver finds; `on_plan` sees every better one as it comes.

    `on_search` is called at every step of the solver's progress, with a function that tells what
    was seen so far.
    Cancelled after a first plan was found, it returns the best so far.  Raises `NoPlanError` where
    there is none, and `InputError` where the project asks for what is not allowed.
    """
    progress = progress or Progress()
    problem = Problem(
        project,
        chosen.partitioner,
        chosen.mapper,
        chosen.partitioner_options,
        chosen.mapper_options,
        progress,
    )
    started = time.perf_counter()
    best: Run | None = None
    trace: list[Found] = []
    if on_search is not None:
        progress = progress.watched(
            lambda: on_search(lambda: _search(problem, trace, time.perf_counter() - started))
        )
    try:
        for plan in _plans(problem, chosen, progress):
            trace.append(_found(problem, plan, time.perf_counter() - started))
            search = _search(problem, trace, time.perf_counter() - started)
            best = make_run(problem, plan, chosen, search)
            if on_plan is not None:
                on_plan(best)
    except Cancelled:
        if best is None:
            raise
    if best is None:
        raise NoPlanError("no plan: the solver found no degrees that can be placed")
    return _finished(best, _search(problem, trace, time.perf_counter() - started))


def _found(problem: Problem, plan: Plan, wall_s: float) -> Found:
    score, _ = problem.simulate(plan)
    return Found(
        wall_s,
        problem.evaluations,
        score.step_time_s,
        score.memory.peak_bytes,
        score.energy_j["total"],
        score.fits,
    )


def _search(problem: Problem, trace: list[Found], wall_s: float) -> Search:
    log = problem.log
    return Search(
        problem.evaluations,
        wall_s,
        problem.project.seed,
        tuple(trace),
        tuple(log.sample),
        log.pareto,
        tuple(log.notes),
    )


def _plans(problem: Problem, chosen: Chosen, progress: Progress) -> Iterator[Plan]:
    if problem.project.degrees is not None:
        plan = problem.build(problem.project.degrees)
        problem.score(plan)
        return iter((plan,))
    _check_stages(problem.project)
    rng = np.random.default_rng(problem.project.seed)
    return chosen.solver.solve(problem, chosen.solver_options, rng, progress)


def _check_stages(project: Project) -> None:
    """Raise `NoPlanError` where there cannot be a stage a wafer, whatever a solver tries."""
    wafers, layers, dies = project.machine.wafers, project.model.layers, project.machine.alive_count
    if dies < wafers:
        raise NoPlanError(f"no plan: working dies: found {dies}, allowed: at least one a wafer")
    if layers < wafers:
        raise NoPlanError(
            f"no plan: layers of the model: found {layers}, allowed: at least {wafers}, as each "
            "wafer holds a pipeline stage of whole layers"
        )


def make_run(problem: Problem, plan: Plan, chosen: Chosen, search: Search) -> Run:
    """A run of one plan, fully simulated."""
    score, timeline = problem.simulate(plan)
    bare = Run(problem.project, plan, timeline, score, chosen.made_by, search)
    return Run(problem.project, plan, timeline, score, chosen.made_by, search, run_document(bare))


def _finished(best: Run, search: Search) -> Run:
    bare = Run(best.project, best.plan, best.timeline, best.score, best.made_by, search)
    return Run(
        best.project,
        best.plan,
        best.timeline,
        best.score,
        best.made_by,
        search,
        run_document(bare),
    )


def explain_failure(project: Project, error: Exception) -> str:
    """One line for a project that has no plan."""
    if isinstance(error, (InputError, NoPlanError)):
        return str(error)
    return f"{project.model.name}: {error}"
