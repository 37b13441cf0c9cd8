"""Plan, score and run: what comes out of the pipeline, and its public JSON document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tempstudio.core.flows import Flows
from tempstudio.core.machine import Coordinate
from tempstudio.core.mapping import Mapping
from tempstudio.core.parallel import Degrees
from tempstudio.core.partition import Partition
from tempstudio.core.project import Project
from tempstudio.core.search_log import Seen
from tempstudio.core.timeline import Timeline
from tempstudio.core.workload import TrainingJob


@dataclass(frozen=True)
class Plan:
    """One answer: the degrees, how the job is cut, and where everything lies.

    `job` is the project's job with what the solver chose of it (micro-batch, recompute).
    """

    degrees: Degrees
    job: TrainingJob
    partition: Partition = field(compare=False)
    mapping: Mapping = field(compare=False)


@dataclass(frozen=True)
class MemoryPeak:
    """The fullest die at its fullest instant; `by_kind` is keyed as MEMORY_KINDS."""

    capacity_bytes: float
    peak_bytes: float
    peak_die: Coordinate
    peak_time_s: float
    by_kind: dict[str, float]

    @property
    def fits(self) -> bool:
        """Whether the peak is within the die's memory."""
        return self.peak_bytes <= self.capacity_bytes


@dataclass(frozen=True)
class LinkScore:
    """Load of the links; `max_load_bytes` and `bound_bytes` are of the `worst` phase.

    `bound_bytes` is a cut: what must cross it, over its links.  That phase takes `phase_s`, its
    slowest flow alone on the mesh `alone_s`; the factor is the one over the other.
    """

    max_utilization: float
    mean_utilization: float
    max_load_bytes: float
    bound_bytes: float
    contention_factor: float
    worst_operator: str = ""
    phase_s: float = 0.0
    alone_s: float = 0.0
    worst: Flows | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class OperatorTime:
    """Where one operator's share of the step goes, all copies and micro-batches together."""

    name: str
    degrees: Degrees
    layout: str
    compute_s: float
    exposed_s: float
    memory_bound: bool = False


@dataclass(frozen=True)
class Score:
    """Every figure of a run (SURFACE.md); seconds, bytes, joules.

    `flop` is what MFU is made of: `parameters` (6 N T) and `attention` that the model needs, and
    what all working dies have `available` in the step.
    """

    step_time_s: float
    tokens_per_s: float
    mfu: float
    compute_s: float
    exposed_s: float
    bubble_s: float
    optimizer_s: float
    communication_s: float
    memory: MemoryPeak
    links: LinkScore
    energy_j: dict[str, float]
    per_operator: tuple[OperatorTime, ...] = ()
    notes: tuple[str, ...] = ()
    flop: dict[str, float] = field(default_factory=dict)

    @property
    def fits(self) -> bool:
        """Whether every die's peak is within its memory."""
        return self.memory.fits

    @property
    def power_w(self) -> float:
        """Mean power over the step."""
        return self.energy_j["total"] / self.step_time_s


@dataclass(frozen=True)
class MadeBy:
    """The plugin and version that supplied one strategy of a run."""

    kind: str
    name: str
    plugin: str
    version: str


@dataclass(frozen=True)
class Found:
    """A plan that beat all before it, and when: its simulated figures."""

    wall_s: float
    evaluations: int
    step_time_s: float
    peak_bytes: float
    energy_j: float
    fits: bool


@dataclass(frozen=True)
class Search:
    """What finding the plan took, and what was seen on the way.

    `trace` holds every better plan as it came; `candidates` is a bounded sample of all that were
    scored, `pareto` those of which none is beaten in time, memory and energy.
    """

    evaluations: int
    wall_s: float
    seed: int
    trace: tuple[Found, ...] = ()
    candidates: tuple[Seen, ...] = ()
    pareto: tuple[Seen, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """A project, the plan found for it, its simulation and its figures."""

    project: Project
    plan: Plan
    timeline: Timeline = field(compare=False)
    score: Score
    made_by: tuple[MadeBy, ...] = ()
    search: Search = Search(0, 0.0, 0)
    document: dict[str, Any] = field(default_factory=dict, compare=False)
