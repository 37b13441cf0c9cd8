"""Edits of a project as plain functions: each returns the project after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tempstudio.core.errors import InputError
from tempstudio.core.machine import Machine, Wafer
from tempstudio.core.project import KeptRun, Project, StrategyChoice
from tempstudio.gui.places import die_name
from tempstudio.scene.format import percent

if TYPE_CHECKING:
    from tempstudio.gui.views.wafer_hand import Stroke

Pair = tuple[int, int]


def with_dies(project: Project, dies: Iterable[int], dead: bool) -> Project:
    """These dies made dead, or working again."""
    wafer = _wafer(project)
    chosen = {wafer.coordinate(die) for die in dies}
    left = set(wafer.dead_dies)
    left = left | chosen if dead else left - chosen
    return replace(project, machine=replace(wafer, dead_dies=tuple(left)))


def with_links(project: Project, pairs: Iterable[Pair], dead: bool) -> Project:
    """The links between these dies broken (both directions), or whole again."""
    wafer = _wafer(project)
    ends = [sorted((wafer.coordinate(a), wafer.coordinate(b))) for a, b in pairs]
    chosen = {(first, second) for first, second in ends}
    left = set(wafer.dead_links)
    left = left | chosen if dead else left - chosen
    return replace(project, machine=replace(wafer, dead_links=tuple(left)))


def with_core_yield(project: Project, dies: Iterable[int], factor: float) -> Project:
    """The share of these dies' compute that works, in (0, 1]."""
    wafer = _wafer(project)
    places = {wafer.coordinate(die) for die in dies}
    left = [item for item in wafer.core_yield if tuple(map(int, item[:-1])) not in places]
    left += [(*place, factor) for place in sorted(places)]
    return replace(project, machine=replace(wafer, core_yield=tuple(left)))


def edit_of_stroke(project: Project, stroke: Stroke) -> tuple[Callable[[Project], Project], str]:
    """What a piece of a tool's stroke does to a project, and the step's name."""
    machine, mended = project.machine, "Mend" if stroke.erase else "Break"
    if stroke.tool == "dead_link":
        name = " – ".join(die_name(machine, die) for die in stroke.links[0])
        return partial(
            with_links, pairs=stroke.links, dead=not stroke.erase
        ), f"{mended} link {name}"
    name = die_name(machine, stroke.dies[0])
    if stroke.tool == "dead_die":
        return partial(with_dies, dies=stroke.dies, dead=not stroke.erase), f"{mended} die {name}"
    factor = 1.0 if stroke.erase else lower_yield(_wafer(project), stroke.dies[0])
    return (
        partial(with_core_yield, dies=stroke.dies, factor=factor),
        f"Core yield of die {name} {percent(factor)}",
    )


def lower_yield(wafer: Wafer, die: int) -> float:
    """A die's core yield, a tenth lower than it is, never below a tenth.

    >>> lower_yield(Wafer(core_yield=[(0, 0, 0.9)]), 0)
    0.8
    """
    place = wafer.coordinate(die)
    present = [item[-1] for item in wafer.core_yield if tuple(map(int, item[:-1])) == place]
    return max(round((present[0] if present else 1.0) - 0.1, 2), 0.1)


def with_machine(project: Project, machine: Machine) -> Project:
    """Another machine; fixed degrees that it has no room for are let go."""
    degrees = project.degrees
    if degrees is not None and degrees.size > machine.alive_count:
        degrees = None
    return replace(project, machine=machine, degrees=degrees)


def with_strategy(project: Project, kind: str, choice: StrategyChoice) -> Project:
    """Another partitioner, mapper or solver."""
    changes: dict[str, Any] = {kind: choice}
    return replace(project, **changes)


def with_run(project: Project, kept: KeptRun) -> Project:
    """A run kept in the project; one of the same name makes room."""
    others = tuple(run for run in project.runs if run.name != kept.name)
    return replace(project, runs=(*others, kept))


def without_run(project: Project, name: str) -> Project:
    """A kept run let go."""
    return replace(project, runs=tuple(run for run in project.runs if run.name != name))


def _wafer(project: Project) -> Wafer:
    if not isinstance(project.machine, Wafer):
        raise InputError("a GPU cluster has no dies to edit: choose a wafer first")
    return project.machine
