"""The flags that describe a project, shared by run, compare and render."""

from __future__ import annotations

import argparse
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import tempstudio
from tempstudio.core.errors import InputError
from tempstudio.core.machine import Machine, Wafer, machine_from_json, machine_to_json
from tempstudio.core.parallel import Degrees
from tempstudio.core.project import Project, StrategyChoice
from tempstudio.core.quantities import from_json, to_json
from tempstudio.core.workload import TrainingJob

DEFAULT_MODEL = "llama2-7b"
MESH = re.compile(r"(\d{1,6})x(\d{1,6})")
KINDS = ("partitioner", "mapper", "solver")


def add_project_arguments(parser: argparse.ArgumentParser) -> None:
    """PROJECT and the flags that override what it says."""
    parser.add_argument("project", nargs="?", metavar="PROJECT", help="a .tempstudio file")
    parser.add_argument(
        "--machine", "--wafer", metavar="6x8|PRESET|FILE", help="rows x columns, preset or file"
    )
    parser.add_argument("--wafers", type=int, metavar="N", help="wafers in a chain")
    parser.add_argument("--model", metavar="PRESET|config.json|FILE", help="the model to train")
    parser.add_argument("--batch", type=int, metavar="N", help="sequences of one step")
    parser.add_argument("--micro-batch", type=int, metavar="N", help="sequences at once")
    parser.add_argument("--seq", type=int, metavar="N", help="tokens of a sequence")
    parser.add_argument("--recompute", metavar="none|selective|full", help="what is recomputed")
    parser.add_argument("--partitioner", metavar="NAME", help="how operators are cut")
    parser.add_argument("--mapper", metavar="NAME", help="where ranks lie and flows go")
    parser.add_argument("--solver", metavar="NAME", help="how degrees are found")
    parser.add_argument(
        "--parallel",
        metavar="DEGREES",
        help="fix the degrees: pp=1,dp=6,sp=1,tp=1,stream=8,zero=1 (dp takes what remains)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="an option of a strategy (solver.shard_states=false) or a field of the machine or "
        "job (machine.die.HBM_GB=96, job.flash_attention=true)",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="seed of every random choice")
    parser.add_argument("--safe-mode", action="store_true", help="no plugins but the built-ins")


def project_from_arguments(arguments: argparse.Namespace) -> Project:
    """The project that the flags describe; `InputError` names the flag that is wrong."""
    project = _base(arguments)
    machine = _machine(arguments, project.machine)
    project = replace(project, machine=machine, job=_job(arguments, project.job))
    for kind in KINDS:
        if name := getattr(arguments, kind):
            project = replace(project, **{kind: StrategyChoice(name)})
    if arguments.seed is not None:
        project = replace(project, seed=arguments.seed)
    for text in arguments.set:
        project = _with_setting(project, text)
    if arguments.parallel:
        degrees = degrees_from_text(arguments.parallel, project)
        project = replace(project, degrees=degrees)
    elif arguments.solver or arguments.machine or arguments.model:
        project = replace(project, degrees=None)
    return project


def _base(arguments: argparse.Namespace) -> Project:
    if arguments.project:
        project = tempstudio.load(arguments.project)
        if arguments.model:
            project = replace(project, model=tempstudio.load_model(arguments.model))
        return project
    model = tempstudio.load_model(arguments.model or DEFAULT_MODEL)
    job = TrainingJob(seq_len=min(model.max_seq_len or 2048, 4096))
    return Project(machine=Wafer(), model=model, job=job)


def _machine(arguments: argparse.Namespace, machine: Machine) -> Machine:
    if arguments.machine:
        machine = machine_from_text(arguments.machine, arguments.safe_mode)
    if arguments.wafers is not None:
        if not isinstance(machine, Wafer):
            raise InputError("--wafers: a cluster has no wafers")
        machine = replace(machine, wafers=arguments.wafers)
    return machine


def machine_from_text(text: str, safe_mode: bool = False) -> Machine:
    """`6x8`, a preset's name, or a machine file."""
    if found := MESH.fullmatch(text):
        return Wafer(rows=int(found[1]), cols=int(found[2]))
    from tempstudio.plugin_host import Host

    presets = {name: machine for name, _, machine in Host(safe_mode=safe_mode).machines()}
    if text in presets:
        return presets[text]
    path = Path(text)
    if path.suffix == ".json" or path.exists():
        from tempstudio.storage import read_json

        document = read_json(path)
        return machine_from_json(document.get("machine", document), str(path))
    raise InputError(
        f"--machine: found {text!r}, allowed: ROWSxCOLUMNS, a .json file, or one of "
        f"{', '.join(sorted(presets))}"
    )


def _job(arguments: argparse.Namespace, job: TrainingJob) -> TrainingJob:
    changes: dict[str, Any] = {
        "global_batch": arguments.batch,
        "micro_batch": arguments.micro_batch,
        "seq_len": arguments.seq,
        "recompute": arguments.recompute,
    }
    document = to_json(job)
    for key, value in changes.items():
        if value is not None:
            one = from_json(TrainingJob, {key: value}, "")
            document[key] = getattr(one, key)
    return from_json(TrainingJob, document, "job")


def degrees_from_text(text: str, project: Project) -> Degrees:
    """`dp=6,stream=8` -> degrees; what is left out is 1, but dp takes what remains."""
    values: dict[str, Any] = {}
    names = ("pp", "dp", "sp", "tp", "stream", "ep", "zero", "interleave")
    for part in filter(None, (word.strip() for word in text.split(","))):
        name, equals, number = part.partition("=")
        if name not in names or not equals:
            raise InputError(
                f"--parallel: found {part!r}, allowed: {'=N, '.join(names)}=N, joined by commas"
            )
        if name in values:
            raise InputError(f"--parallel: {name} is given twice")
        try:
            values[name] = int(number)
        except ValueError:
            raise InputError(f"--parallel: {name}={number}, allowed: a whole number") from None
    degrees: Degrees = from_json(Degrees, values, "--parallel")
    if "dp" in values:
        return degrees
    least_zero = 3 if project.partitioner.name == "fsdp" and "zero" not in values else degrees.zero
    room = max(1, project.machine.alive_count // degrees.size)
    return replace(degrees, dp=min(room, project.job.global_batch), zero=least_zero)


def _with_setting(project: Project, text: str) -> Project:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise InputError(f"--set: found {text!r}, allowed: KEY=VALUE")
    head, _, rest = key.partition(".")
    if head == "machine" and rest:
        document = machine_to_json(project.machine)
        _put(document, rest.split("."), value, key)
        return replace(project, machine=machine_from_json(document))
    if head == "job" and rest:
        document = to_json(project.job)
        _put(document, [rest], value, key)
        return replace(project, job=from_json(TrainingJob, document, "job"))
    kinds = (head,) if head in KINDS and rest else KINDS
    name = rest if head in KINDS and rest else key
    return _with_option(project, kinds, name, value)


def _put(document: dict[str, Any], path: list[str], text: str, key: str) -> None:
    *parents, last = path
    here: Any = document
    for part in parents:
        here = here.get(part) if isinstance(here, dict) else None
    if not isinstance(here, dict) or last not in here:
        allowed = ", ".join(here) if isinstance(here, dict) else "no further part"
        raise InputError(f"--set {key}: allowed: {allowed}")
    here[last] = _value(text)


def _value(text: str) -> Any:
    """A flag's text as JSON would have it; anything else is a text."""
    from tempstudio.core.json_text import parse

    try:
        return parse(text, "--set")
    except InputError:
        return text


def _with_option(project: Project, kinds: tuple[str, ...], name: str, value: str) -> Project:
    from tempstudio.catalogue import option_fields, options_from_pairs
    from tempstudio.plugin_host import Host

    host = Host()
    known: list[str] = []
    for kind in kinds:
        choice: StrategyChoice = getattr(project, kind)
        offered = host.find(kind, choice.name).strategy
        names = [field["name"] for field in option_fields(offered.Options)]
        known += [f"{kind}.{option}" for option in names]
        if name in names:
            options_from_pairs(offered.Options, {name: value}, f"--set {kind}")
            pairs = dict(choice.options) | {name: _value(value)}
            return replace(project, **{kind: replace(choice, options=tuple(pairs.items()))})
    raise InputError(
        f"--set {name}: no such option, allowed: {', '.join(known) or 'none'}, machine.*, job.*"
    )
