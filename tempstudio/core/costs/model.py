"""The cost model: candidates to seconds, bytes and joules, a thousand at a time."""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import numpy as np

from tempstudio.core.candidate import OWN_PLACEMENT, Candidate
from tempstudio.core.costs.evaluate import Entry, figures
from tempstudio.core.costs.ideal import FreeMesh, IdealMesh
from tempstudio.core.costs.lane import FloatArray, Lanes
from tempstudio.core.costs.mesh import LoneMesh, Mesh
from tempstudio.core.costs.place import Place
from tempstudio.core.costs.program import Program, compile_program
from tempstudio.core.costs.sheet import Sheet
from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.machine import Machine
from tempstudio.core.mapping import Mapping
from tempstudio.core.parallel import Degrees
from tempstudio.core.partition import Partition
from tempstudio.core.partition_check import PlanFault, check_partition
from tempstudio.core.topology import topology_of

Kept = TypeVar("Kept")

SKETCH, ALONE = "sketch", "alone"
FIGURES = ("step_time_s", "memory_bytes", "energy_j")
AT_ONCE = 1024
MOST_PROGRAMS = 8_000
MOST_PLACES = 2_048
MOST_ATLASES = 4
MOST_MODELS = 4

Places = tuple[Place, ...]
Programs = dict[tuple[Degrees, str, int], Program | None]


class Atlas:
    """What is known of one machine under one mapper: lanes and meshes, whatever the model."""

    def __init__(self) -> None:
        self.lanes, self.sheet = Lanes(), Sheet()
        self.places: dict[object, Places | None] = {}
        self._programs: OrderedDict[object, Programs] = OrderedDict()

    def programs(self, key: object) -> Programs:
        """Programs of one model, job and partitioner; those of the last few are kept."""
        return _kept(self._programs, key, dict, MOST_MODELS)


_atlases: OrderedDict[object, Atlas] = OrderedDict()


def atlas_of(machine: Machine, mapper_key: object) -> Atlas:
    """The atlas of a machine and a mapper; kept between problems, the last few of them."""
    key = machine, mapper_key
    return _kept(_atlases, key, Atlas, MOST_ATLASES)


def _kept(
    store: OrderedDict[object, Kept], key: object, make: Callable[[], Kept], most: int
) -> Kept:
    """What a store holds under a key, made if it is not there; the longest unused go."""
    if key not in store:
        store[key] = make()
    store.move_to_end(key)
    while len(store) > most:
        store.popitem(last=False)
    return store[key]


@contextmanager
def collection_put_off() -> Iterator[None]:
    """No search for garbage meanwhile: it would go through thousands of phases that live on."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _likeness(candidate: Candidate) -> tuple[object, ...]:
    """Candidates that are near one another in this order share most of their phases."""
    degrees = candidate.degrees
    cut = degrees.stream, degrees.tp, degrees.sp, degrees.ep, len(degrees.operators)
    return *cut, candidate.micro_batch, degrees.dp, degrees.zero


class CostModel:
    """Costs of the candidates of one problem.

    `partition(candidate)`, `mapping(partition, candidate)` and `sketch`, which leaves out the
    choice of routes, are the problem's; `mapper_key` and `model_key` tell mappers and models, jobs
    and partitioners apart.  What is remembered are phases on meshes, where groups lie, and how a
    partition reads; never the figures of a candidate.
    """

    def __init__(
        self,
        machine: Machine,
        partition: Callable[[Candidate], Partition],
        mapping: Callable[[Partition, Candidate], Mapping],
        sketch: Callable[[Partition, Candidate], Mapping],
        mapper_key: object,
        model_key: object,
    ) -> None:
        self.machine = machine
        self._partition, self._mapping, self._sketch = partition, mapping, sketch
        self.atlas = atlas_of(machine, mapper_key)
        self._programs = self.atlas.programs(model_key)
        self._own: dict[object, Places | None] = {}
        self._ideal: dict[object, Places] = {}

    def figures(self, candidates: Sequence[Candidate]) -> FloatArray:
        """Columns `FIGURES` of candidates [candidates, 3]; inf where there is no such plan."""
        return self._figures(candidates, self._placed)

    def sketches(self, candidates: Sequence[Candidate]) -> FloatArray:
        """The same with every flow on its usual route: what a placement costs at most."""
        return self._figures(candidates, self._sketched)

    def alone(self, candidates: Sequence[Candidate]) -> FloatArray:
        """The same without contention: in every group as if the others kept quiet."""
        return self._figures(candidates, self._lone)

    def estimates(self, candidates: Sequence[Candidate]) -> FloatArray:
        """The same before dies are chosen: groups as compact as can be on a mesh."""
        return self._figures(candidates, self._compact)

    def bounds(self, candidates: Sequence[Candidate]) -> FloatArray:
        """Figures that no placement of a candidate beats: communication takes no time."""
        return self._figures(candidates, self._free)

    def _figures(
        self,
        candidates: Sequence[Candidate],
        places_of: Callable[[Program, Candidate], Places | None],
    ) -> FloatArray:
        answer = np.full((len(candidates), len(FIGURES)), np.inf)
        order = sorted(range(len(candidates)), key=lambda k: _likeness(candidates[k]))
        for first in range(0, len(order), AT_ONCE):
            with collection_put_off():
                part = order[first : first + AT_ONCE]
                self._enter(part, candidates, places_of, answer)
        for odd in np.flatnonzero(np.isnan(answer).any(axis=1)).tolist():
            check_partition(self._partition(candidates[odd]), candidates[odd].degrees, None, None)
            raise PlanFault("partition: what it costs is no number")
        return answer

    def _enter(
        self,
        numbers: Sequence[int],
        candidates: Sequence[Candidate],
        places_of: Callable[[Program, Candidate], Places | None],
        answer: FloatArray,
    ) -> None:
        """Write the figures of some of the candidates into their rows of the answer."""
        ready: list[Entry] = []
        where: list[int] = []
        for number in numbers:
            program = self.program(candidates[number])
            places = None if program is None else places_of(program, candidates[number])
            if program is not None and places is not None:
                ready.append(Entry(program, places))
                where.append(number)
        if ready:
            answer[where] = figures(ready, self.atlas.lanes.kinds, self.atlas.sheet, self.machine)

    def program(self, candidate: Candidate) -> Program | None:
        """The columns of a candidate's partition, None where its degrees are not legal."""
        key = candidate.degrees, candidate.recompute, candidate.micro_batch
        if key not in self._programs:
            if len(self._programs) >= MOST_PROGRAMS:
                self._programs.clear()
            try:
                partition = self._partition(candidate)
                self._programs[key] = self._compiled(partition)
            except InputError:
                self._programs[key] = None
        return self._programs[key]

    def _compiled(self, partition: Partition) -> Program:
        try:
            return compile_program(partition, self.atlas.lanes)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise PlanFault(f"partition: it cannot be costed: {reason}") from error

    def _placed(self, program: Program, candidate: Candidate) -> Places | None:
        """Where a candidate's stages lie: as the mapper would have it, or as chosen."""
        return self._found(program, candidate, "")

    def _lone(self, program: Program, candidate: Candidate) -> Places | None:
        """The same with one group of each kind."""
        return self._found(program, candidate, ALONE)

    def _sketched(self, program: Program, candidate: Candidate) -> Places | None:
        """The same before routes are chosen."""
        kind = "" if candidate.tiling == OWN_PLACEMENT else SKETCH
        return self._found(program, candidate, kind)

    def _found(self, program: Program, candidate: Candidate, kind: str) -> Places | None:
        degrees, known = candidate.degrees, self._own
        key: object = kind, candidate
        if candidate.tiling != OWN_PLACEMENT:
            known = self.atlas.places
            where = candidate.tiling, candidate.symmetry
            key = kind, degrees.shape, degrees.ep, where, program.mapping_key
        if key not in known:
            if len(known) >= MOST_PLACES:
                known.clear()
            try:
                known[key] = self._laid(program, candidate, kind)
            except NoPlanError:
                known[key] = None
        return known[key]

    def _laid(self, program: Program, candidate: Candidate, kind: str) -> Places | None:
        partition = self._partition(candidate)
        mapping = (self._sketch if kind else self._mapping)(partition, candidate)
        usual = not mapping.routes and not mapping.trees
        if not kind and usual and candidate.tiling != OWN_PLACEMENT:
            # Nothing was routed anew: what is known of the sketch holds.
            return self._sketched(program, candidate)
        return self._stages(partition, mapping, lone=kind == ALONE)

    def _stages(self, partition: Partition, mapping: Mapping, lone: bool = False) -> Places:
        topology, kind = topology_of(self.machine), LoneMesh if lone else Mesh
        return tuple(
            Place(kind(topology, partition.degrees, mapping, stage), crowded=not lone)
            for stage in range(partition.degrees.pp)
        )

    def _compact(self, program: Program, candidate: Candidate) -> Places:
        degrees = candidate.degrees
        return self._without_place(
            (degrees.shape, degrees.ep), degrees, lambda: IdealMesh(self.machine, degrees)
        )

    def _free(self, program: Program, candidate: Candidate) -> Places:
        return self._without_place("free", candidate.degrees, lambda: FreeMesh(self.machine))

    def _without_place(
        self, key: object, degrees: Degrees, make: Callable[[], FreeMesh | IdealMesh]
    ) -> Places:
        """One imagined mesh for all stages."""
        known = self.atlas.places
        if key not in known:
            known[key] = (Place(make(), crowded=False),)
        found = known[key]
        assert found is not None
        return found * degrees.pp
