"""A project put together in Python, looked over before anything is made of it."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from typing import Any

from tempstudio.core.errors import InputError
from tempstudio.core.machine import Cluster, Wafer, machine_from_json, machine_to_json
from tempstudio.core.parallel import Degrees
from tempstudio.core.project import Project, StrategyChoice
from tempstudio.core.quantities import from_json, short_text, to_json
from tempstudio.core.workload import TrainingJob, Workload

MOST_SEED = 2**63 - 1


def check_project(project: object) -> None:
    """Raise `InputError` in one line where something in a project is not what it has to be.

    What comes from a file or from flags is so already; a dataclass takes whatever it is given.

    >>> check_project("llama2-7b")
    Traceback (most recent call last):
    tempstudio.core.errors.InputError: project: found 'llama2-7b', expected a Project
    """
    _expect(project, Project, "project", "a Project")
    assert isinstance(project, Project)
    _expect(project.machine, (Wafer, Cluster), "machine", "a Wafer or a Cluster")
    _expect(project.model, Workload, "model", "a Workload, as load_model returns it")
    _expect(project.job, TrainingJob, "job", "a TrainingJob")
    for kind in ("partitioner", "mapper", "solver"):
        _expect(getattr(project, kind), StrategyChoice, kind, "a StrategyChoice")
    if not _numbers_hold(project.machine):
        machine_from_json(machine_to_json(project.machine))  # it says which, and what is allowed
    from_json(TrainingJob, to_json(project.job), "job")
    if project.degrees is not None:
        _expect(project.degrees, Degrees, "degrees", "Degrees or None")
        from_json(Degrees, to_json(project.degrees), "degrees")
    seed = project.seed
    if type(seed) is not int or not 0 <= seed <= MOST_SEED:
        raise InputError(f"seed: found {short_text(seed)}, allowed: 0 to {MOST_SEED:,}")


def _expect(value: object, kind: type | tuple[type, ...], where: str, expected: str) -> None:
    if not isinstance(value, kind):
        raise InputError(f"{where}: found {short_text(value)}, expected {expected}")


def _numbers_hold(record: Any) -> bool:
    """Whether all numbers of the dataclasses inside a record are finite and not negative."""
    for field in fields(record):
        value = getattr(record, field.name)
        if is_dataclass(value):
            if not _numbers_hold(value):
                return False
        elif isinstance(value, (int, float)) and not 0 <= value < math.inf:
            return False
    return True
