"""`--set KEY=VALUE`: one field of the machine or the job, or one option of a strategy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tempstudio.cli.arguments import shown
from tempstudio.core.errors import InputError
from tempstudio.core.machine import machine_from_json, machine_to_json
from tempstudio.core.project import Project, StrategyChoice
from tempstudio.core.quantities import from_json, to_json
from tempstudio.core.workload import TrainingJob

if TYPE_CHECKING:
    from tempstudio.plugin_host import Host

KINDS = ("partitioner", "mapper", "solver")


def with_setting(project: Project, text: str, host: Callable[[], Host]) -> Project:
    """The project with one thing changed; `InputError` names the key and what is allowed."""
    key, equals, value = text.partition("=")
    key = key.strip()
    if not equals or not key:
        raise InputError(f"--set: found {shown(text)}, allowed: KEY=VALUE")
    head, _, rest = key.partition(".")
    if head == "machine":
        document = machine_to_json(project.machine)
        kind = document.pop("kind")
        _put(document, rest, value, key)
        return replace(project, machine=_machine({"kind": kind, **document}))
    if head == "job":
        document = to_json(project.job)
        _put(document, rest, value, key)
        return replace(project, job=from_json(TrainingJob, document, "--set job"))
    return _with_option(project, key, value, host())


def _machine(document: dict[str, Any]) -> Any:
    try:
        return machine_from_json(document)
    except InputError as error:
        raise InputError(f"--set {error}") from None


def _put(document: dict[str, Any], path: str, text: str, key: str) -> None:
    """Put a value where a dotted path leads to, which has to be there already."""
    *parents, last = path.split(".")
    here: Any = document
    for part in parents:
        here = here.get(part) if isinstance(here, dict) else None
    if not isinstance(here, dict) or last not in here or isinstance(here[last], dict):
        start = key.partition(".")[0]
        allowed = ", ".join(f"{start}.{name}" for name in _paths(document))
        raise InputError(f"--set: found {shown(key)}, allowed: {allowed}")
    here[last] = _value(text)


def _paths(document: dict[str, Any]) -> list[str]:
    names = []
    for key, value in document.items():
        nested = isinstance(value, dict)
        names += [f"{key}.{name}" for name in _paths(value)] if nested else [key]
    return names


def _value(text: str) -> Any:
    """A text as JSON reads it; anything else stays a text."""
    from tempstudio.core.json_text import parse

    try:
        return parse(text, "--set")
    except InputError:
        return text


def _with_option(project: Project, key: str, text: str, host: Host) -> Project:
    from tempstudio.catalogue import option_fields, options_from_pairs

    head, dot, rest = key.partition(".")
    kinds = (head,) if head in KINDS and dot else KINDS
    name = rest if head in KINDS and dot else key
    found: dict[str, type[Any]] = {}
    known: list[str] = []
    for kind in kinds:
        options = host.find(kind, getattr(project, kind).name).object.Options
        names = [field["name"] for field in option_fields(options)]
        known += [f"{kind}.{option}" for option in names]
        if name in names:
            found[kind] = options
    if len(found) != 1:
        which = ", ".join(f"{kind}.{name}" for kind in found) if found else ", ".join(known)
        problem = "which is meant?" if found else "no such option;"
        allowed = which or "no options of these strategies"
        ending = "" if found else ", machine.*, job.*"
        raise InputError(f"--set: found {shown(key)}, {problem} allowed: {allowed}{ending}")
    ((kind, options),) = found.items()
    value = to_json(options_from_pairs(options, {name: text}, f"--set {kind}"))[name]
    choice: StrategyChoice = getattr(project, kind)
    pairs = dict(choice.options) | {name: value}
    changed: dict[str, Any] = {kind: replace(choice, options=tuple(pairs.items()))}
    return replace(project, **changed)
