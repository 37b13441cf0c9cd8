"""Whether a path leads to a field of a project and a value may stand there, before anything runs.

Only what is wrong in every point is refused here: a value that does not go with those of other
axes makes its points failing rows.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tempstudio.core.errors import InputError
from tempstudio.core.machine import Die, Link, WaferJoint, machine_from_json
from tempstudio.core.parallel import Degrees
from tempstudio.core.quantities import check_value, outside_key, short_text
from tempstudio.core.workload import TrainingJob
from tempstudio.sweep.axis import KINDS

if TYPE_CHECKING:
    from tempstudio.plugin_host import Host

MOST_SEED = 2**63 - 1
FAULTS = ("die_rate", "link_rate", "seed")
_PARTS: dict[str, type[Any]] = {
    "die": Die,
    "link": Link,
    "between_wafers": WaferJoint,
    "device": Die,
    "intra": Link,
    "inter": Link,
}
_COUNTS = ("rows", "cols", "wafers", "nodes", "devices_per_node")
_LISTS = ("dead_dies", "dead_links", "core_yield")
_OF_KIND = {
    "wafer": ("rows", "cols", "wafers", "die", "link", "between_wafers", *_LISTS),
    "cluster": ("nodes", "devices_per_node", "device", "intra", "inter"),
}


def check_field(
    path: str, value: Any, base: dict[str, Any], host: Callable[[], Host], where: str
) -> None:
    """`InputError` beginning with `where` if no point can have this value there."""
    head, _, rest = path.partition(".")
    if head == "job":
        _record(TrainingJob, rest, value, where)
    elif head == "parallel":
        if rest or value != "auto":
            _record(Degrees, rest, value, where)
    elif head == "seed":
        _whole_from_0(value, where)
    elif head == "machine":
        _machine(rest, value, base["machine"].get("kind", "wafer"), where)
    elif head == "strategies":
        _strategy(rest, value, host, where)
    # a model is loaded by whoever asks


def _record(kind: Any, name: str, value: Any, where: str) -> None:
    """A field of a dataclass of quantities, or a table of some."""
    if not name:
        for key, item in _table(value, where).items():
            _record(kind, key, item, f"{where}.{key}")
        return
    fields = _fields(kind)
    if name not in fields:
        raise InputError(f"{where}: leads nowhere, allowed: {', '.join(fields)}")
    check_value(*fields[name], value, where)


@lru_cache(maxsize=16)
def _fields(kind: Any) -> dict[str, tuple[dataclasses.Field[Any], Any]]:
    """A record's fields and their types by outside key."""
    hints = typing.get_type_hints(kind)
    return {outside_key(field): (field, hints[field.name]) for field in dataclasses.fields(kind)}


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{where}: found {short_text(value)}, expected a table of fields")
    return value


def _machine(path: str, value: Any, kind: str, where: str) -> None:
    if not path:
        table = _table(value, where)
        kind = table.get("kind", kind)
        for key, item in table.items():
            _machine(key, item, kind, f"{where}.{key}")
        return
    name, _, rest = path.partition(".")
    if path == "kind":
        machine_from_json({"kind": value}, where.removesuffix(".kind"))
        return
    if name == "faults" and kind == "wafer":
        _faults(rest, value, where)
        return
    known = _OF_KIND.get(kind, ())
    if name not in known or (rest and name not in _PARTS):
        more = ", faults" if kind == "wafer" else ""
        raise InputError(
            f"{where}: leads nowhere, allowed of a {kind}: {', '.join(('kind', *known))}{more}"
        )
    if name in _PARTS:
        _record(_PARTS[name], rest, value, where)
    elif name in _COUNTS:
        try:
            machine_from_json({"kind": kind, name: value})
        except InputError as error:
            _, _, what = str(error).partition(": ")
            raise InputError(f"{where}: {what}") from None
    elif not isinstance(value, list):
        raise InputError(f"{where}: found {short_text(value)}, expected a list")


def _faults(name: str, value: Any, where: str) -> None:
    if not name:
        for key, item in _table(value, where).items():
            _faults(key, item, f"{where}.{key}")
    elif name not in FAULTS:
        raise InputError(f"{where}: leads nowhere, allowed: {', '.join(FAULTS)}")
    elif name == "seed":
        _whole_from_0(value, where)
    elif isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise InputError(f"{where}: found {short_text(value)}, allowed: a share from 0 to 1")


def _whole_from_0(value: Any, where: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_SEED:
        raise InputError(
            f"{where}: found {short_text(value)}, allowed: a whole number from 0 to {MOST_SEED}"
        )


def _strategy(path: str, value: Any, host: Callable[[], Host], where: str) -> None:
    kind, _, rest = path.partition(".")
    if not kind:
        for key, item in _table(value, where).items():
            _strategy(key, item, host, f"{where}.{key}")
        return
    if kind not in KINDS:
        raise InputError(f"{where}: leads nowhere, allowed: {', '.join(KINDS)}")
    if not rest and isinstance(value, dict):
        for key, item in value.items():
            _strategy(f"{kind}.{key}", item, host, f"{where}.{key}")
        return
    name, _, option = rest.partition(".")
    if name in ("", "name"):
        _offered(kind, value, host(), where)
    elif name == "options" and option:
        _option(kind, option, host(), where)
    elif name == "options":
        for key in _table(value, where):
            _option(kind, key, host(), f"{where}.{key}")
    elif name != "version":
        raise InputError(f"{where}: leads nowhere, allowed: name, options.NAME")


def _offered(kind: str, value: Any, host: Host, where: str) -> None:
    if isinstance(value, dict):  # a strategy with its options
        _strategy(kind, value, lambda: host, where)
        return
    try:
        host.find(kind, value if isinstance(value, str) else str(value))
    except InputError as error:
        raise InputError(f"{where}: {str(error).removeprefix(f'{kind}: ')}") from None


def _option(kind: str, option: str, host: Host, where: str) -> None:
    """An option that none of the strategies of its kind has is a slip of the pen."""
    from tempstudio.catalogue import option_fields

    known = {
        field["name"]: None
        for name in host.names(kind)
        for field in option_fields(host.find(kind, name).object.Options)
    }
    if option not in known:
        allowed = ", ".join(sorted(known)) or f"nothing: no {kind} has options"
        raise InputError(f"{where}: leads nowhere, allowed: {allowed}")
