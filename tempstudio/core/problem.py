"""What a solver sees: the degrees that are legal, and what a plan with them scores (SURFACE.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from tempstudio.core.candidate import OWN_PLACEMENT, Candidate, as_candidate
from tempstudio.core.costs import FIGURES, CostModel
from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.genomes import Shapes, all_shapes
from tempstudio.core.interleave import check_interleave
from tempstudio.core.least_time import least_step_seconds
from tempstudio.core.mapping import Mapping
from tempstudio.core.parallel import Degrees, with_degree
from tempstudio.core.partition import Partition
from tempstudio.core.plan_check import PlanFault, check_plan, check_score
from tempstudio.core.progress import Progress
from tempstudio.core.project import Project
from tempstudio.core.run import Plan, Score
from tempstudio.core.score import score
from tempstudio.core.search_log import SearchLog
from tempstudio.core.simulate import simulate
from tempstudio.core.strategy import Mapper, Partitioner, offers_placements, offers_sketches
from tempstudio.core.symmetry import distinct_symmetries, symmetries, turned, turned_back
from tempstudio.core.timeline import Timeline
from tempstudio.core.topology import usable_dies
from tempstudio.core.workload import TrainingJob

MOST_TILINGS = 64
MOST_MAPPINGS = 64  # that are kept, with their routes
MANY_DIES = 256


class Problem:
    """A project with its partitioner and mapper: solvers ask it, they never see the simulator.

    `evaluations` counts the plans that were scored, `log` keeps some of them.
    """

    def __init__(
        self,
        project: Project,
        partitioner: Partitioner,
        mapper: Mapper,
        partitioner_options: Any,
        mapper_options: Any,
        progress: Progress | None = None,
    ) -> None:
        self.project = project
        self.partitioner = partitioner
        self.mapper = mapper
        self.partitioner_options = partitioner_options
        self.mapper_options = mapper_options
        # Its own steps would jump about in the solver's bar: it may only be stopped.
        self.progress = (progress or Progress()).silent()
        self.evaluations = 0
        self.log = SearchLog(project.machine.die.hbm_bytes)
        self._tilings: dict[tuple[Degrees, int], tuple[tuple[int, ...], ...]] = {}
        self._jobs: dict[tuple[str, int], TrainingJob] = {}
        self._mappings: dict[tuple[Candidate, TrainingJob], Mapping] = {}
        self._candidates: dict[int, tuple[Plan, Candidate]] = {}
        self._simulated: dict[int, tuple[Plan, Score, Timeline]] = {}

    def degrees(self) -> Iterator[Degrees]:
        """Every product of degrees up to the working dies that can be legal, largest first.

        With fixed degrees only those.  The partitioner has the last word: `build` raises where it
        refuses.
        """
        if self.project.degrees is not None:
            yield self.project.degrees
            return
        machine, job, model = self.project.machine, self.project.job, self.project.model
        most = usable_dies(machine)
        least_zero = self.least_zero
        found = [
            Degrees(pp=pp, dp=dp, sp=sp, tp=tp, stream=stream, zero=least_zero)
            for pp in self._pipeline_depths(most)
            for tp in _divisors(model.longest_head_count or 1, most // pp)
            for stream in range(1, most // (pp * tp) + 1)
            for sp in range(1, min(most // (pp * tp * stream), job.seq_len) + 1)
            for dp in range(1, min(most // (pp * tp * stream * sp), job.global_batch) + 1)
        ]
        yield from sorted(found, key=lambda d: (-d.size, d.pp, d.sp, d.tp, d.stream))

    @property
    def least_zero(self) -> int:
        """The ZeRO level below which the partitioner cuts nothing."""
        return int(getattr(self.partitioner, "least_zero", 0))

    @cached_property
    def shapes(self) -> Shapes:
        """Degrees without ZeRO as rows, the quickest by arithmetic alone first.

        On many hundreds of dies those that leave more than half of them idle are not listed, nor
        streams of so many dies that latency is all that is left of a round.
        """
        project = self.project
        rest = (0.5, MANY_DIES) if project.machine.alive_count > MANY_DIES else ()
        return all_shapes(project.machine, project.model, project.job, self._open_axes, *rest)

    @cached_property
    def _open_axes(self) -> frozenset[str]:
        """Axes that the partitioner cuts: it refuses the others whatever their degree."""
        return frozenset(axis for axis in ("dp", "sp", "tp", "stream") if self._cuts(axis))

    def _cuts(self, axis: str) -> bool:
        alone = Degrees(pp=self.project.machine.wafers, zero=self.least_zero)
        for degree in (2, 3, 4, 5, 8, 16):
            try:
                self.partition(with_degree(alone, axis, degree))
                return True
            except InputError:
                continue
        return False

    def _pipeline_depths(self, most: int) -> Sequence[int]:
        wafers = self.project.machine.wafers
        if wafers == 1:
            return (1,)
        return range(wafers, min(most, self.project.model.layers) + 1, wafers)

    def least_seconds(self, degrees: Degrees) -> float:
        """No plan with these degrees is faster: their compute alone.

        Raises `InputError` where the partitioner refuses the degrees.
        """
        return least_step_seconds(self.partition(degrees), self.project.machine)

    def partition(self, degrees: Degrees, job: TrainingJob | None = None) -> Partition:
        """The project's job cut up by these degrees; `InputError` where they are not legal."""
        found = self.partitioner.partition(
            self.project.model,
            self.project.machine,
            job or self.project.job,
            degrees,
            self.partitioner_options,
            self.progress,
        )
        check_interleave(degrees.pp, degrees.interleave, found.micro_batches)
        return found

    def _job(self, candidate: Candidate) -> TrainingJob:
        """The project's job with what a candidate chooses of it: equal ones are one object."""
        key = candidate.recompute, candidate.micro_batch
        if key not in self._jobs:
            self._jobs[key] = candidate.job(self.project.job)
        return self._jobs[key]

    def symmetries(self) -> tuple[int, ...]:
        """The symmetries that placements may be turned by; only 0 where the mapper offers none."""
        if not offers_placements(self.mapper):
            return (0,)
        return symmetries(self.project.machine)

    def distinct_symmetries(self) -> tuple[int, ...]:
        """Those whose placements are not mere mirror images of another's: equals cost the same."""
        if not offers_placements(self.mapper):
            return (0,)
        return distinct_symmetries(self.project.machine)

    def tilings(self, degrees: Degrees, symmetry: int = 0) -> tuple[tuple[int, ...], ...]:
        """The placements (a die for each rank) that the mapper offers for degrees, at most 64.

        Those of a symmetry are found on the machine's image and turned back, so that they go round
        its faults too.  () where the mapper keeps the choice to itself.
        """
        if not offers_placements(self.mapper):
            return ()
        key = replace(degrees, zero=0), symmetry
        if key not in self._tilings:
            machine = self.project.machine
            offered = self.mapper.placements(
                degrees, turned(machine, symmetry), self.mapper_options
            )
            self._tilings[key] = tuple(
                turned_back(placement, machine, symmetry)
                for placement in islice(offered, MOST_TILINGS)
            )
        return self._tilings[key]

    def build(self, chosen: Degrees | Candidate, job: TrainingJob | None = None) -> Plan:
        """Partition and map a candidate; `InputError` or `NoPlanError` where that fails.

        Degrees alone leave the placement to the mapper.
        """
        candidate, asked = as_candidate(chosen), job or self.project.job
        job = candidate.job(asked)
        partition = self.partition(candidate.degrees, job)
        mapping = self._mapping(partition, candidate, asked)
        plan = Plan(candidate.degrees, job, partition, mapping)
        check_plan(plan, self.project.machine, self.project)
        self._candidates = {id(plan): (plan, candidate)}
        return plan

    def _mapping(
        self, partition: Partition, candidate: Candidate, job: TrainingJob | None = None
    ) -> Mapping:
        """Where a candidate's ranks lie; what was placed lately is not placed again."""
        machine, options = self.project.machine, self.mapper_options
        job = job or self.project.job
        if candidate.tiling == OWN_PLACEMENT:
            rng = np.random.default_rng(self.project.seed)
            return self.mapper.map(partition, machine, options, rng, self.progress)
        found = self.tilings(candidate.degrees, candidate.symmetry)
        if candidate.tiling >= len(found) or not offers_placements(self.mapper):
            raise NoPlanError(
                f"placement: found tiling {candidate.tiling}, the mapper offers {len(found)}"
            )
        chosen = candidate.settled(job), job
        if chosen not in self._mappings:
            if len(self._mappings) == MOST_MAPPINGS:
                self._mappings.clear()
            placement = found[candidate.tiling]
            self._mappings[chosen] = self.mapper.place(
                partition, placement, machine, options, self.progress
            )
        return self._mappings[chosen]

    @property
    def sketches(self) -> bool:
        """Whether `sketch_many` is quicker than `score_many`."""
        return offers_sketches(self.mapper)

    def _sketched(self, partition: Partition, candidate: Candidate) -> Mapping:
        found = self.tilings(candidate.degrees, candidate.symmetry)
        if not offers_sketches(self.mapper) or not 0 <= candidate.tiling < len(found):
            return self._mapping(partition, candidate)
        machine, options = self.project.machine, self.mapper_options
        return self.mapper.sketch(partition, found[candidate.tiling], machine, options)

    def simulate(self, plan: Plan) -> tuple[Score, Timeline]:
        """The full simulation of a plan (kept while the plan lives)."""
        known = self._simulated.get(id(plan))
        if known is None or known[0] is not plan:
            known = (plan, *self._simulate(plan))
            self._simulated = {id(plan): known}
        return known[1], known[2]

    def _simulate(self, plan: Plan) -> tuple[Score, Timeline]:
        machine = self.project.machine
        try:
            step, timeline = simulate(plan, machine, Progress())
            figures = score(plan, step, timeline, self.project.model, machine)
        except (InputError, NoPlanError):
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # What `check_plan` lets pass can be simulated, unless a record holds something odd.
            reason = " ".join(str(error).split())[:200]
            raise PlanFault(f"partition: it cannot be simulated: {reason}") from error
        check_score(figures)
        return figures, timeline

    def score(self, plan: Plan) -> Score:
        """The figures of a plan."""
        self.evaluations += 1
        figures = self.simulate(plan)[0]
        _, candidate = self._candidates.get(id(plan), (plan, Candidate(plan.degrees)))
        self.log.note((candidate,), _columns(figures), simulated=True)
        return figures

    def score_many(self, candidates: Iterable[Degrees | Candidate]) -> dict[str, np.ndarray]:
        """Columns `step_time_s`, `memory_bytes`, `energy_j` of many candidates by the cost model.

        inf where there is no such plan.  `score` simulates; this estimates, thousands a second.
        """
        asked = self._asked(candidates)
        found = self.costs.figures(asked)
        self.evaluations += len(asked)
        self.log.note(asked, found)
        return dict(zip(FIGURES, found.T, strict=True))

    def sketch_many(self, candidates: Iterable[Degrees | Candidate]) -> dict[str, np.ndarray]:
        """The same columns while every flow has its usual route, where the mapper offers sketches.

        Routes that the mapper then chooses make a plan no slower.
        """
        asked = self._asked(candidates)
        found = self.costs.sketches(asked)
        self.evaluations += len(asked)
        self.log.note(asked, found)
        return dict(zip(FIGURES, found.T, strict=True))

    def _asked(self, candidates: Iterable[Degrees | Candidate]) -> list[Candidate]:
        job = self.project.job
        return [as_candidate(chosen).settled(job) for chosen in candidates]

    def alone_many(self, candidates: Iterable[Degrees | Candidate]) -> dict[str, np.ndarray]:
        """The same columns without contention: in every group as if the others kept quiet."""
        asked = self._asked(candidates)
        self.evaluations += len(asked)
        return dict(zip(FIGURES, self.costs.alone(asked).T, strict=True))

    def estimate_many(self, candidates: Iterable[Degrees | Candidate]) -> dict[str, np.ndarray]:
        """The same columns before dies are chosen, for groups as compact as can be: a guess."""
        asked = self._asked(candidates)
        self.evaluations += len(asked)
        return dict(zip(FIGURES, self.costs.estimates(asked).T, strict=True))

    def bound_many(self, candidates: Iterable[Degrees | Candidate]) -> dict[str, np.ndarray]:
        """Columns that `score_many` never falls below, wherever the candidates' dies lie."""
        asked = self._asked(candidates)
        return dict(zip(FIGURES, self.costs.bounds(asked).T, strict=True))

    @cached_property
    def costs(self) -> CostModel:
        """The cost model behind `score_many`."""
        project, mapper, cut = self.project, self.mapper, self.partitioner
        job = replace(project.job, recompute="none", micro_batch=1)
        return CostModel(
            project.machine,
            lambda c: self.partition(c.degrees, self._job(c)),
            self._mapping,
            self._sketched,
            (mapper.name, mapper.version, mapper.Options, repr(self.mapper_options)),
            (
                project.model,
                job,
                cut.name,
                cut.version,
                cut.Options,
                repr(self.partitioner_options),
            ),
        )


def _columns(figures: Score) -> np.ndarray:
    """Seconds, bytes and joules of one plan [1, 3]."""
    row = figures.step_time_s, figures.memory.peak_bytes, figures.energy_j["total"]
    return np.array([row])


def _divisors(number: int, most: int) -> list[int]:
    return [d for d in range(1, min(number, most) + 1) if number % d == 0]
