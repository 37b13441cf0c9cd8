"""The shapes of strategies: what a plugin's partitioner, mapper or solver must offer (SURFACE.md).

A strategy is a small object with `name`, `summary`, `version` and an `Options` dataclass whose
fields are made with `tempstudio.option` (unit, limits, help); the form in the window, the JSON in
the project and the `--set` flags all follow from `Options`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard, runtime_checkable

import numpy as np

from tempstudio.core.machine import Machine
from tempstudio.core.mapping import Mapping
from tempstudio.core.parallel import Degrees
from tempstudio.core.partition import Partition
from tempstudio.core.progress import Progress
from tempstudio.core.quantities import quantity
from tempstudio.core.workload import TrainingJob, Workload

if TYPE_CHECKING:
    from tempstudio.core.problem import Problem
    from tempstudio.core.run import Plan, Run

option = quantity


@runtime_checkable
class Strategy(Protocol):
    """What every plugin object has."""

    name: str
    summary: str
    version: str
    Options: type[Any]


@runtime_checkable
class Partitioner(Strategy, Protocol):
    """Cuts a model's training job over logical ranks."""

    def partition(
        self,
        workload: Workload,
        machine: Machine,
        job: TrainingJob,
        degrees: Degrees,
        options: Any,
        progress: Progress,
    ) -> Partition:
        """The programs of all stages; `InputError` where these degrees are not legal."""
        ...


@runtime_checkable
class Mapper(Strategy, Protocol):
    """Chooses the die of every logical rank and the routes of every flow."""

    def map(
        self,
        partition: Partition,
        machine: Machine,
        options: Any,
        rng: np.random.Generator,
        progress: Progress,
    ) -> Mapping:
        """Placement, stream schedules and routes; `NoPlanError` where there are none."""
        ...


class PlacingMapper(Mapper, Protocol):
    """A mapper that lets a solver choose among its placements (optional; SPEC 9)."""

    def placements(
        self, degrees: Degrees, machine: Machine, options: Any
    ) -> Iterable[tuple[int, ...]]:
        """Placements (the die of each rank) worth trying, the most promising first."""
        ...

    def place(
        self,
        partition: Partition,
        placement: Sequence[int],
        machine: Machine,
        options: Any,
        progress: Progress,
    ) -> Mapping:
        """The mapping with ranks lying there, up to their order inside stream groups.

        Routes follow from the placement and the traffic alone; `NoPlanError` where a stream group
        cannot stream on its dies.
        """
        ...


def offers_placements(mapper: Mapper) -> TypeGuard[PlacingMapper]:
    """Whether a mapper (or what stands guard before it) lets others choose its placement."""
    return hasattr(mapper, "placements") and hasattr(mapper, "place")


class SketchingMapper(PlacingMapper, Protocol):
    """A placing mapper that can leave out what takes it long (optional)."""

    def sketch(
        self, partition: Partition, placement: Sequence[int], machine: Machine, options: Any
    ) -> Mapping:
        """What `place` returns, but every flow on its usual route; `NoPlanError` as there."""
        ...


def offers_sketches(mapper: Mapper) -> TypeGuard[SketchingMapper]:
    """Whether a mapper can show a placement before it chooses routes."""
    return offers_placements(mapper) and hasattr(mapper, "sketch")


@runtime_checkable
class Solver(Strategy, Protocol):
    """Searches degrees, layouts and placements; every plan it yields is its best so far."""

    def solve(
        self, problem: Problem, options: Any, rng: np.random.Generator, progress: Progress
    ) -> Iterator[Plan]:
        """Yield ever better plans; may be stopped between two of them."""
        ...


@runtime_checkable
class Reader(Strategy, Protocol):
    """Reads a model file of some format."""

    def read(self, path: Path) -> Workload:
        """The model; `InputError` with one line that names the field that is wrong."""
        ...


@runtime_checkable
class Exporter(Strategy, Protocol):
    """Writes a run in some format; `suffixes` names the files it writes."""

    suffixes: Sequence[str]

    def write(self, run: Run, path: Path) -> None:
        """Write the file."""
        ...
