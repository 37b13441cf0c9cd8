"""A project: everything a run depends on, frozen, comparable and hashable."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tempstudio.core.machine import Machine, Wafer, machine_to_json
from tempstudio.core.parallel import Degrees
from tempstudio.core.quantities import to_json
from tempstudio.core.workload import TrainingJob, Workload, workload_to_json


@dataclass(frozen=True)
class StrategyChoice:
    """A strategy by name, with the options that differ from its defaults, as sorted pairs.

    >>> StrategyChoice("tspp", options={"waves": 2}).options
    (('waves', 2),)
    """

    name: str
    version: str = ""
    options: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        pairs = self.options.items() if isinstance(self.options, dict) else self.options
        frozen = tuple(sorted((str(key), _frozen(value)) for key, value in pairs))
        object.__setattr__(self, "options", frozen)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, (list, tuple)) else value


@dataclass(frozen=True)
class KeptRun:
    """A run kept in a project: how it differs from it, its plan and its score, as JSON texts."""

    name: str
    fingerprint: str
    document: str  # {"changes", "plan", "score", "made_by"} as canonical JSON


@dataclass(frozen=True)
class Project:
    """A machine, a model, a training job and the strategies to plan it with.

    `degrees` fixes the degrees of parallelism; None leaves them to the solver.  `extra` holds, as
    JSON text, the keys of a project file that this version does not know.
    """

    machine: Machine
    model: Workload
    job: TrainingJob = field(default_factory=TrainingJob)
    partitioner: StrategyChoice = StrategyChoice("tspp")
    mapper: StrategyChoice = StrategyChoice("sequential")
    solver: StrategyChoice = StrategyChoice("dual-level")
    degrees: Degrees | None = None
    seed: int = 0
    runs: tuple[KeptRun, ...] = ()
    notes: str = ""
    extra: str = ""

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all that a run depends on: equal fingerprints give equal runs."""
        machine = machine_to_json(self.machine)
        machine.pop("area", None)  # it says whether the machine can be built, not how it runs
        document = {
            "machine": machine,
            "model": model_hash(self.model),
            "job": to_json(self.job),
            "strategies": [
                [choice.name, choice.options]
                for choice in (self.partitioner, self.mapper, self.solver)
            ],
            "degrees": to_json(self.degrees) if self.degrees else None,
            "seed": self.seed,
        }
        text = json.dumps(document, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def model_hash(workload: Workload) -> str:
    """A hash of the operator graph."""
    text = json.dumps(workload_to_json(workload), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def default_project(model: Workload) -> Project:
    """The studio's first project: a 6 x 8 wafer and this model."""
    return Project(machine=Wafer(), model=model)
