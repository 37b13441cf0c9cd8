"""Every hook that a plugin can answer.  A hook takes no argument, returns things, never acts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from pathlib import Path

    from tempstudio.core.figure import Panel
    from tempstudio.core.machine import Machine
    from tempstudio.core.strategy import Exporter, Mapper, Partitioner, Reader, Solver

PROJECT_NAME = "tempstudio"
ENTRY_POINT_GROUP = "tempstudio.plugins"

hookspec = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl = pluggy.HookimplMarker(PROJECT_NAME)


@hookspec
def tempstudio_partitioners() -> Iterable[Partitioner]:
    """Partitioners: cut a model's training job over logical ranks."""
    raise AssertionError("a specification is never called")


@hookspec
def tempstudio_mappers() -> Iterable[Mapper]:
    """Mappers: choose the die of every rank and the routes of every flow."""
    raise AssertionError("a specification is never called")


@hookspec
def tempstudio_solvers() -> Iterable[Solver]:
    """Solvers: search degrees, layouts and placements."""
    raise AssertionError("a specification is never called")


@hookspec
def tempstudio_readers() -> Iterable[Reader]:
    """Readers: turn a model file into an operator graph."""
    raise AssertionError("a specification is never called")


@hookspec
def tempstudio_machines() -> Iterable[tuple[str, str, Machine]]:
    """Machine presets as (name, summary, machine)."""
    raise AssertionError("a specification is never called")


@hookspec
def tempstudio_samples() -> Iterable[tuple[str, str, Path]]:
    """Sample projects as (title, summary, path of a project file)."""
    raise AssertionError("a specification is never called")


@hookspec
def tempstudio_exporters() -> Iterable[Exporter]:
    """Exporters: write a run in some file format."""
    raise AssertionError("a specification is never called")


@hookspec
def tempstudio_panels() -> Iterable[Panel]:
    """Panels: a figure as data, drawn and themed by the studio."""
    raise AssertionError("a specification is never called")


@hookspec
def tempstudio_migrate_options(
    kind: str, name: str, version: str, options: dict[str, Any]
) -> dict[str, Any] | None:
    """New options for a strategy whose options were saved by an older version, or None."""
    raise AssertionError("a specification is never called")
