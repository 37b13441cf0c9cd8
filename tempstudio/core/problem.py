"""What a solver sees: the degrees that are legal, and what a plan with them scores (SURFACE.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.least_time import least_step_seconds
from tempstudio.core.parallel import Degrees
from tempstudio.core.partition import Partition
from tempstudio.core.plan_check import check_plan
from tempstudio.core.progress import Progress
from tempstudio.core.project import Project
from tempstudio.core.run import Plan, Score
from tempstudio.core.score import score
from tempstudio.core.simulate import simulate
from tempstudio.core.strategy import Mapper, Partitioner
from tempstudio.core.timeline import Timeline
from tempstudio.core.workload import TrainingJob


class Problem:
    """A project with its partitioner and mapper: solvers ask it, they never see the simulator.

    `evaluations` counts the plans that were scored.
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
        most = machine.alive_count
        least_zero = getattr(self.partitioner, "least_zero", 0)
        found = [
            Degrees(pp=pp, dp=dp, sp=sp, tp=tp, stream=stream, zero=least_zero)
            for pp in self._pipeline_depths(most)
            for tp in _divisors(model.longest_head_count or 1, most // pp)
            for stream in range(1, most // (pp * tp) + 1)
            for sp in range(1, min(most // (pp * tp * stream), job.seq_len) + 1)
            for dp in range(1, min(most // (pp * tp * stream * sp), job.global_batch) + 1)
        ]
        yield from sorted(found, key=lambda d: (-d.size, d.pp, d.sp, d.tp, d.stream))

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
        return self.partitioner.partition(
            self.project.model,
            self.project.machine,
            job or self.project.job,
            degrees,
            self.partitioner_options,
            self.progress,
        )

    def build(self, degrees: Degrees, job: TrainingJob | None = None) -> Plan:
        """Partition and map with these degrees; `InputError` or `NoPlanError` where that fails."""
        job = job or self.project.job
        partition = self.partition(degrees, job)
        rng = np.random.default_rng(self.project.seed)
        mapping = self.mapper.map(
            partition, self.project.machine, self.mapper_options, rng, self.progress
        )
        plan = Plan(degrees, job, partition, mapping)
        check_plan(plan, self.project.machine)
        return plan

    def simulate(self, plan: Plan) -> tuple[Score, Timeline]:
        """The full simulation of a plan (kept while the plan lives)."""
        known = self._simulated.get(id(plan))
        if known is None or known[0] is not plan:
            machine = self.project.machine
            step, timeline = simulate(plan, machine, Progress())
            figures = score(plan, step, timeline, self.project.model, machine)
            known = (plan, figures, timeline)
            self._simulated = {id(plan): known}
        return known[1], known[2]

    def score(self, plan: Plan) -> Score:
        """The figures of a plan."""
        self.evaluations += 1
        return self.simulate(plan)[0]

    def score_many(self, candidates: Iterable[Degrees]) -> dict[str, np.ndarray]:
        """Columns `step_time_s`, `memory_bytes`, `energy_j` of many degrees (inf: illegal)."""
        rows = []
        for degrees in candidates:
            try:
                figures = self.score(self.build(degrees))
            except (InputError, NoPlanError):
                rows.append((np.inf, np.inf, np.inf))
                continue
            rows.append((figures.step_time_s, figures.memory.peak_bytes, figures.energy_j["total"]))
        table = np.array(rows, dtype=float).reshape(-1, 3)
        return dict(zip(("step_time_s", "memory_bytes", "energy_j"), table.T, strict=True))


def _divisors(number: int, most: int) -> list[int]:
    return [d for d in range(1, min(number, most) + 1) if number % d == 0]
