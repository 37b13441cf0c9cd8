"""The flags that describe a project, shared by run, compare, render and trace."""

from __future__ import annotations

import argparse
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tempstudio.cli.arguments import field_of, shown, whole
from tempstudio.cli.plugin_access import add_plugin_flags, check_loaded, host_of
from tempstudio.core.errors import InputError
from tempstudio.core.workload import TrainingJob

if TYPE_CHECKING:
    from tempstudio.core.machine import Machine
    from tempstudio.core.project import Project
    from tempstudio.plugin_host import Host

DEFAULT_MODEL = "llama2-7b"
MOST_SEED = 2**63 - 1
KINDS = ("partitioner", "mapper", "solver")
JOB_FLAGS = {
    "global_batch": "--batch",
    "micro_batch": "--micro-batch",
    "seq_len": "--seq",
    "recompute": "--recompute",
}
# With one of these, degrees that a project file fixes are the solver's to choose again.
_REOPENING = ("machine", "wafers", "model", "partitioner", "solver")


@dataclass(frozen=True)
class Asked:
    """What the flags ask for: the project, the plugins to run it with, and notes for stderr.

    `parallel_flag`: the degrees are those of `--parallel`.
    """

    project: Project
    host: Host
    notes: tuple[str, ...] = ()
    parallel_flag: bool = False


def add_project_arguments(parser: argparse.ArgumentParser) -> None:
    """PROJECT and the flags that override what it says."""
    add = parser.add_argument
    add("project", nargs="?", metavar="PROJECT", help="a .tempstudio file")
    add(
        "--machine",
        "--wafer",
        metavar="6x8|PRESET|FILE",
        help="rows x columns, a preset's name or a machine file (default 6x8)",
    )
    add("--wafers", type=whole(1, 64), metavar="N", help="wafers in a chain")
    add(
        "--model",
        metavar="PRESET|config.json|FILE",
        help=f"the model to train (default {DEFAULT_MODEL})",
    )
    job = partial(field_of, TrainingJob)
    add("--batch", type=job("global_batch"), metavar="N", help="sequences of one step")
    add("--micro-batch", type=job("micro_batch"), metavar="N", help="sequences at once")
    add("--seq", type=job("seq_len"), metavar="N", help="tokens of a sequence")
    add(
        "--recompute",
        type=job("recompute"),
        metavar="none|selective|full",
        help="activations that are computed again in the backward pass",
    )
    add("--partitioner", metavar="NAME", help="how operators are cut")
    add("--mapper", metavar="NAME", help="where ranks lie and flows go")
    add("--solver", metavar="NAME", help="how degrees are found")
    add(
        "--parallel",
        metavar="DEGREES",
        help="fix the degrees, as in pp=1,dp=6,sp=1,tp=1,stream=8,zero=1 (dp takes what remains, "
        "the others are 1), and an operator's own as in mlp.down:tp=2/stream=4/layout=weight; "
        "auto: the solver chooses",
    )
    add(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="an option of a strategy (solver.shard_states=false) or a field of the machine or "
        "job (machine.die.HBM_GB=96, job.flash_attention=true)",
    )
    add("--seed", type=whole(0, MOST_SEED), metavar="N", help="seed of every random choice")
    add_plugin_flags(parser)


def project_from_arguments(arguments: argparse.Namespace, keep_degrees: bool = True) -> Asked:
    """The project that the flags describe; `InputError` names the flag or file that is wrong.

    Unless `keep_degrees`, those that a project file fixes do not count, only `--parallel` does.
    """
    host = host_of(arguments)
    if arguments.develop:
        check_loaded(host(), arguments.develop)
    project = _base(arguments, host)
    project = replace(project, job=_job(arguments, project.job))
    machine, notes = _machine(arguments, project.machine, host)
    project = replace(project, machine=machine)
    for kind in KINDS:
        if (name := getattr(arguments, kind)) is not None:
            project = _with_strategy(project, kind, name, host())
    if arguments.seed is not None:
        project = replace(project, seed=arguments.seed)
    if arguments.set:
        from tempstudio.cli.setting_flag import with_setting

        for text in arguments.set:
            _check_single(text, arguments)
            project = with_setting(project, text, host)
    if not keep_degrees:
        project = replace(project, degrees=None)
    project, more = _with_degrees(project, arguments, host())
    _check_strategies(project, arguments, host())
    notes = (*notes, *more, *_beyond_positions(project))
    return Asked(project, host(), notes, arguments.parallel is not None)


def _check_single(setting: str, arguments: argparse.Namespace) -> None:
    """`InputError` where a field of the job is given twice, by its own flag and by `--set`."""
    key = setting.partition("=")[0].strip()
    flag = JOB_FLAGS.get(key.removeprefix("job.")) if key.startswith("job.") else None
    if flag and getattr(arguments, flag.removeprefix("--").replace("-", "_")) is not None:
        raise InputError(f"--set {key}: given by {flag} as well, allowed: one of them")


def _beyond_positions(project: Project) -> tuple[str, ...]:
    """A note where sequences are longer than the model's table of learned positions."""
    said = project.model.beyond_positions(project.job.seq_len)
    return (f"job.seq_len: {said}",) if said else ()


def _base(arguments: argparse.Namespace, host: partial[Host]) -> Project:
    from tempstudio.cli.model_source import load_model
    from tempstudio.core.machine import Wafer
    from tempstudio.core.project import Project

    if arguments.project is not None:
        from tempstudio.storage import load

        if not arguments.project:
            raise InputError("PROJECT: found '', expected a .tempstudio file")
        project = load(arguments.project)
        if arguments.model is not None:
            project = replace(project, model=load_model(arguments.model, host, "--model"))
        return project
    name = DEFAULT_MODEL if arguments.model is None else arguments.model
    model = load_model(name, host, "--model")
    job = TrainingJob(seq_len=min(model.max_seq_len or 2048, 4096))
    return Project(machine=Wafer(), model=model, job=job)


def _job(arguments: argparse.Namespace, job: TrainingJob) -> TrainingJob:
    values = {
        key: getattr(arguments, flag.removeprefix("--").replace("-", "_"))
        for key, flag in JOB_FLAGS.items()
    }
    return replace(job, **{key: value for key, value in values.items() if value is not None})


def _machine(
    arguments: argparse.Namespace, machine: Machine, host: partial[Host]
) -> tuple[Machine, tuple[str, ...]]:
    from tempstudio.core.machine import Wafer

    notes: tuple[str, ...] = ()
    if arguments.machine is not None:
        from tempstudio.cli.machine_flag import machine_from_text

        machine, notes = machine_from_text(arguments.machine, host)
    if arguments.wafers is not None:
        if not isinstance(machine, Wafer):
            raise InputError("--wafers: the machine is a cluster, allowed: only with a wafer")
        try:
            machine = replace(machine, wafers=arguments.wafers)
        except InputError as error:
            raise InputError(f"--wafers {arguments.wafers}: {error}") from None
    return machine, notes


def _with_strategy(project: Project, kind: str, name: str, host: Host) -> Project:
    from tempstudio.core.project import StrategyChoice

    try:
        host.find(kind, name)
    except InputError as error:
        raise InputError(f"--{error}") from None
    if getattr(project, kind).name == name:
        return project
    changed: dict[str, Any] = {kind: StrategyChoice(name)}
    return replace(project, **changed)


def _with_degrees(
    project: Project, arguments: argparse.Namespace, host: Host
) -> tuple[Project, tuple[str, ...]]:
    """The degrees as `--parallel` says, else as the project has them unless a flag upsets them."""
    if arguments.parallel is not None:
        from tempstudio.cli.degrees_flag import AUTO, degrees_from_text

        if arguments.parallel.strip() == AUTO:
            return replace(project, degrees=None), ()
        least = 0
        with suppress(InputError):  # an unknown partitioner is told of later
            offer = host.find("partitioner", project.partitioner.name)
            least = int(getattr(offer.object, "least_zero", 0))
        return replace(project, degrees=degrees_from_text(arguments.parallel, project, least)), ()
    upset = [flag for flag in _REOPENING if getattr(arguments, flag) is not None]
    if project.degrees is None or not upset:
        return project, ()
    note = f"the degrees that the project fixes are left to the solver, as --{upset[0]} is given"
    return replace(project, degrees=None), (note,)


def _check_strategies(project: Project, arguments: argparse.Namespace, host: Host) -> None:
    """A strategy that the project file names and that is not here: which plugin brought it."""
    for kind in KINDS:
        try:
            host.find(kind, getattr(project, kind).name)
        except InputError as error:
            raise InputError(f"{arguments.project}: {error}{_needed(arguments.project)}") from None


def _needed(path: str | None) -> str:
    if path is None:
        return ""
    from tempstudio.storage import read_project_file

    needs = read_project_file(Path(path)).needs
    if not needs:
        return ""
    listed = ", ".join(f"{need['plugin']} {need['version']}".strip() for need in needs)
    return f" (the project was made with {shown(listed)[1:-1]})"
