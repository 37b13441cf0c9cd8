"""The cost model: candidates to seconds, bytes and joules, a thousand at a time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tempstudio.core.candidate import OWN_PLACEMENT, Candidate
from tempstudio.core.costs.book import FloatArray
from tempstudio.core.costs.evaluate import Entry, figures
from tempstudio.core.costs.mesh import Mesh
from tempstudio.core.costs.program import Program, compile_program
from tempstudio.core.costs.table import Place, Table
from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.machine import Machine
from tempstudio.core.mapping import Mapping
from tempstudio.core.partition import Partition
from tempstudio.core.topology import topology_of

FIGURES = ("step_time_s", "memory_bytes", "energy_j")
AT_ONCE = 1024
MOST_KNOWN = 100_000

Places = tuple[Place, ...]


class Atlas:
    """What is known of one machine under one mapper: tables and meshes, whatever the model."""

    def __init__(self, machine: Machine) -> None:
        self.table = Table(machine.die)
        self.places: dict[object, Places | None] = {}


_atlases: OrderedDict[object, Atlas] = OrderedDict()
MOST_ATLASES = 4


def atlas_of(machine: Machine, mapper_key: object) -> Atlas:
    """The atlas of a machine and a mapper; kept between problems, the last few of them."""
    key = machine, mapper_key
    known = _atlases.get(key)
    if known is None or known.table.full:
        known = _atlases[key] = Atlas(machine)
    _atlases.move_to_end(key)
    while len(_atlases) > MOST_ATLASES:
        _atlases.popitem(last=False)
    return known


class CostModel:
    """Costs of the candidates of one problem.

    `partition(candidate)` and `mapping(partition, candidate)` are the problem's; `mapper_key`
    tells mappers and their options apart.  What is remembered are phases on meshes, where groups
    lie, and how a partition reads; never the figures of a candidate.
    """

    def __init__(
        self,
        machine: Machine,
        partition: Callable[[Candidate], Partition],
        mapping: Callable[[Partition, Candidate], Mapping],
        mapper_key: object,
    ) -> None:
        self.machine = machine
        self._partition, self._mapping = partition, mapping
        self.atlas = atlas_of(machine, mapper_key)
        self._programs: dict[Candidate, Program | None] = {}
        self._own: dict[Candidate, Places | None] = {}

    def figures(self, candidates: Sequence[Candidate]) -> FloatArray:
        """Columns `FIGURES` of candidates [candidates, 3]; inf where there is no such plan."""
        answer = np.full((len(candidates), len(FIGURES)), np.inf)
        ready: list[Entry] = []
        places: list[int] = []
        for place, candidate in enumerate(candidates):
            entry = self.entry(candidate)
            if entry is not None:
                ready.append(entry)
                places.append(place)
        for first in range(0, len(ready), AT_ONCE):
            part = slice(first, first + AT_ONCE)
            answer[places[part]] = figures(ready[part], self.atlas.table, self.machine)
        return answer

    def entry(self, candidate: Candidate) -> Entry | None:
        """A candidate ready to be costed, None where it cannot be built."""
        program = self.program(candidate)
        if program is None:
            return None
        places = self._places(program, candidate)
        return None if places is None else Entry(program, places)

    def program(self, candidate: Candidate) -> Program | None:
        """The columns of a candidate's partition, None where its degrees are not legal."""
        key = (
            replace(candidate, tiling=OWN_PLACEMENT, symmetry=0)
            if candidate.tiling >= 0
            else candidate
        )
        if key not in self._programs:
            if len(self._programs) > MOST_KNOWN:
                self._programs.clear()
            try:
                partition = self._partition(candidate)
                self._programs[key] = compile_program(partition, self.atlas.table.book)
            except InputError:
                self._programs[key] = None
        return self._programs[key]

    def _places(self, program: Program, candidate: Candidate) -> Places | None:
        """Where a candidate's stages lie: as the mapper would have it, or as chosen."""
        if candidate.tiling == OWN_PLACEMENT:
            known: dict[object, Places | None] = self._own  # type: ignore[assignment]
            key: object = candidate
        else:
            known = self.atlas.places
            degrees = candidate.degrees
            key = (
                degrees.shape,
                degrees.ep,
                candidate.tiling,
                candidate.symmetry,
                program.mapping_key,
            )
        if key not in known:
            try:
                mapping = self._mapping(program.partition, candidate)
                known[key] = self._stages(program.partition, mapping)
            except NoPlanError:
                known[key] = None
        return known[key]

    def _stages(self, partition: Partition, mapping: Mapping) -> Places:
        topology = topology_of(self.machine)
        return tuple(
            Place(Mesh(topology, partition.degrees, mapping, stage))
            for stage in range(partition.degrees.pp)
        )
