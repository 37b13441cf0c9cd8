"""The command that repeats a run headless."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

from tempstudio.core.machine import Machine, Wafer, machine_to_json
from tempstudio.core.parallel import Degrees
from tempstudio.core.project import Project
from tempstudio.core.quantities import to_json
from tempstudio.core.workload import TrainingJob

FLAGS = {
    "global_batch": "--batch",
    "micro_batch": "--micro-batch",
    "seq_len": "--seq",
    "recompute": "--recompute",
}
KINDS = ("partitioner", "mapper", "solver")


def command_of(
    project: Project,
    path: Path | None,
    clean: bool,
    degrees: Degrees | None,
    job: TrainingJob | None = None,
) -> str | None:
    """`tempstudio run ...` for a project and the degrees of its run (None: the solver's choice).

    `job` is that of the run, where its micro-batch or recomputation is not the project's.

    None where only a file can say it (faults, a model that is no preset) and it is not saved.

    >>> from tempstudio.core.workload import Block, Operator, Workload
    >>> block = Block("b", (Operator("a", "linear", in_features=8, out_features=8, parameters=64),))
    >>> model = Workload("tiny", (block,), 8, 8, 8, source="preset tiny")
    >>> command_of(Project(Wafer(), model), None, False, Degrees(dp=6, stream=8))
    'tempstudio run --machine 6x8 --model tiny --batch 128 --micro-batch 1 --seq 2048 --recompute \
none --partitioner tspp --mapper sequential --solver dual-level --parallel dp=6,stream=8'
    """
    job = job or project.job
    words = ["tempstudio", "run"]
    if path is not None and clean:
        words.append(str(path))
        for key in ("micro_batch", "recompute"):
            if getattr(job, key) != getattr(project.job, key):
                words += [FLAGS[key], str(getattr(job, key))]
    else:
        flags = _flags(replace(project, job=job))
        if flags is None:
            return None
        words += flags
    degrees = project.degrees or degrees
    if degrees is not None and not (path is not None and clean and project.degrees is not None):
        words += ["--parallel", parallel_text(degrees)]
    return shlex.join(words)


def parallel_text(degrees: Degrees) -> str:
    """Degrees as `--parallel` takes them.

    >>> parallel_text(Degrees(dp=1, stream=8))
    'dp=1,stream=8'
    """
    plain = to_json(Degrees())
    pairs = [(k, v) for k, v in to_json(degrees).items() if v != plain[k] or k == "dp"]
    shown = [f"{k}={v}" for k, v in pairs if k != "operators"]
    return ",".join([*shown, *map(str, degrees.operators)])


def _flags(project: Project) -> list[str] | None:
    machine = _machine_flags(project.machine)
    if machine is None or not project.model.source.startswith("preset "):
        return None
    words = [*machine, "--model", project.model.source.removeprefix("preset ")]
    job = to_json(project.job)
    for key, flag in FLAGS.items():
        words += [flag, str(job.pop(key))]
    words += _settings("job", job, to_json(TrainingJob()))
    for kind in KINDS:
        choice = getattr(project, kind)
        words += [f"--{kind}", choice.name]
        words += _settings(kind, dict(choice.options), {})
    if project.seed:
        words += ["--seed", str(project.seed)]
    return words


def _machine_flags(machine: Machine) -> list[str] | None:
    if not isinstance(machine, Wafer):
        return None
    if machine.dead_dies or machine.dead_links or machine.core_yield:
        return None
    words = ["--machine", f"{machine.rows}x{machine.cols}"]
    if machine.wafers > 1:
        words += ["--wafers", str(machine.wafers)]
    document, plain = machine_to_json(machine), machine_to_json(Wafer())
    for part in ("die", "link", "between_wafers"):
        words += _settings(f"machine.{part}", document[part], plain[part])
    return words


def _settings(prefix: str, values: dict[str, Any], plain: dict[str, Any]) -> list[str]:
    words: list[str] = []
    for key, value in values.items():
        if value != plain.get(key, ...):
            words += ["--set", f"{prefix}.{key}={_text(value)}"]
    return words


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ",".join(_text(item) for item in value)
    return str(value)
