"""What the plugins offer, as plain data: what the window's menus and option forms are made of.

The window never imports a plugin; a worker does and answers with this document, which is kept in
the user's cache so that the next start shows it at once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import typing
from collections.abc import Mapping, Sequence
from enum import Enum
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tempstudio.core.errors import InputError
from tempstudio.core.machine import machine_to_json
from tempstudio.core.quantities import check_value, outside_key, to_json

if TYPE_CHECKING:
    from tempstudio.core.project import Project
    from tempstudio.plugin_host import Host, Offer

FORMAT = 1
STRATEGY_KINDS = ("partitioner", "mapper", "solver")
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def catalogue(host: Host) -> dict[str, Any]:
    """Everything that the plugins of `host` offer, as JSON-ready data.

    Keys: `format`, `plugins` [{name, version, path, summary, example, state}], `kinds`
    {partitioner: [{name, summary, version, plugin, plugin_version, options: [field]}], mapper,
    solver, reader, exporter, panel [.. title]}, `machines` [{name, summary, machine, plugin}],
    `samples` [{title, summary, path, plugin}], `failures` [{plugin, hook, message, traceback}].
    """
    host.load()
    return {
        "format": FORMAT,
        "safe_mode": host.safe_mode,
        "plugins": [dataclasses.asdict(plugin) for plugin in host.plugins],
        "kinds": {
            kind: [_described(offer) for offer in host.offers(kind).values()]
            for kind in (*STRATEGY_KINDS, "reader", "exporter", "panel")
        },
        "machines": [
            {
                "name": offer.name,
                "summary": offer.summary,
                "plugin": offer.plugin.name,
                "machine": machine_to_json(offer.object),
            }
            for offer in host.machines().values()
        ],
        "samples": [
            {
                "title": offer.name,
                "summary": offer.summary,
                "plugin": offer.plugin.name,
                "path": str(offer.object),
            }
            for offer in host.samples().values()
        ],
        "failures": [dataclasses.asdict(failure) for failure in host.failures],
    }


def _described(offer: Offer) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": offer.name,
        "summary": offer.summary,
        "version": offer.version,
        "plugin": offer.plugin.name,
        "plugin_version": offer.plugin.version,
    }
    if offer.kind == "panel":
        return document | {"title": offer.object.title}
    if offer.kind == "exporter":
        document["suffixes"] = [str(suffix) for suffix in offer.object.suffixes]
    return document | {"options": option_fields(offer.object.Options)}


def option_fields(options: type[Any]) -> list[dict[str, Any]]:
    """The fields of an `Options` dataclass as data: one a form row, JSON key and `--set` flag.

    Each has `name`, `type` ("bool", "int", "float", "str", "choice" or "list"; `item` is a list's
    element type), `default`, `optional`, `unit`, `minimum`, `maximum`, `choices`, `help`, in
    outside units; a structure has no row.  `TypeError` for a type that no form can show,
    `InputError` for a default out of limits.

    >>> from tempstudio.core.parallel import Degrees
    >>> option_fields(Degrees)[0]["name"], option_fields(Degrees)[0]["maximum"]
    ('pp', 65536)
    """
    if not isinstance(options, type) or not dataclasses.is_dataclass(options):
        raise TypeError(f"Options: found {options!r}, expected a dataclass")
    defaults = to_json(options())
    hints = typing.get_type_hints(options)
    return [
        _field(field, hints[field.name], defaults[outside_key(field)])
        for field in dataclasses.fields(options)
        if not field.metadata.get("structure")
    ]


def _field(field: dataclasses.Field[Any], hint: Any, default: Any) -> dict[str, Any]:
    name = outside_key(field)
    kind, item, optional = _form_type(hint, name)
    choices = list(field.metadata.get("choices") or ())
    plain = next((arg for arg in typing.get_args(hint) if arg is not type(None)), hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        choices = [str(member.value) for member in hint]
    elif optional and isinstance(plain, type) and issubclass(plain, Enum):
        choices = [str(member.value) for member in plain]
    if default is not None:
        _checked(field, hint, default, f"Options.{name}")
    return {
        "name": name,
        "type": "choice" if choices and kind in ("str", "choice") else kind,
        "item": item,
        "default": default,
        "optional": optional,
        "unit": field.metadata.get("unit") or "",
        "minimum": field.metadata.get("minimum"),
        "maximum": field.metadata.get("maximum"),
        "choices": choices,
        "help": field.metadata.get("help") or "",
    }


def _form_type(hint: Any, name: str) -> tuple[str, str, bool]:
    """(type, element type of a list, whether None is allowed) of a field's annotation."""
    arguments = typing.get_args(hint)
    if type(None) in arguments and typing.get_origin(hint) is not tuple:
        inner = [arg for arg in arguments if arg is not type(None)]
        if len(inner) == 1:
            kind, item, _ = _form_type(inner[0], name)
            return kind, item, True
    if hint in (bool, int, float, str):
        return hint.__name__, "", False
    if isinstance(hint, type) and issubclass(hint, Enum):
        return "choice", "", False
    if typing.get_origin(hint) is tuple or hint is tuple:
        elements = {arg for arg in arguments if arg is not Ellipsis} or {str}
        if len(elements) == 1 and elements <= {bool, int, float, str}:
            return "list", elements.pop().__name__, False
    raise TypeError(
        f"Options.{name}: type {hint!r} is not supported, "
        "allowed: bool, int, float, str, an Enum, or a tuple of one of them"
    )


def options_from_pairs(options: type[Any], pairs: Mapping[str, Any], where: str = "options") -> Any:
    """An `Options` made of values or texts (`--set key=value`) by outside key.

    Raises `InputError` that names `where` and the key: unknown, of the wrong type, out of limits.

    >>> from tempstudio.core.parallel import Degrees
    >>> options_from_pairs(Degrees, {"dp": "6", "stream": 8}).size
    48
    """
    fields = {outside_key(field): field for field in dataclasses.fields(options)}
    hints = typing.get_type_hints(options)
    values: dict[str, Any] = {}
    for key, value in pairs.items():
        if key not in fields:
            allowed = ", ".join(fields) or "no option"
            raise InputError(f"{where}: found {key!r}, allowed: {allowed}")
        field, place = fields[key], f"{where}.{key}"
        hint = hints[field.name]
        if isinstance(value, str):
            value = _from_text(value, *_form_type(hint, key), place)
        values[field.name] = _checked(field, hint, value, place)
    try:
        return options(**values)
    except (ValueError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{where}: {' '.join(str(error).split())}") from None


def options_to_pairs(options: Any) -> dict[str, Any]:
    """The options that differ from their defaults, by outside key and in outside units.

    >>> from tempstudio.core.parallel import Degrees
    >>> options_to_pairs(Degrees(dp=6))
    {'dp': 6}
    """
    defaults = to_json(type(options)())
    return {key: value for key, value in to_json(options).items() if value != defaults[key]}


def _checked(field: dataclasses.Field[Any], hint: Any, value: Any, where: str) -> Any:
    kind, item, _ = _form_type(hint, outside_key(field))
    if kind != "list" or not isinstance(value, (list, tuple)):
        return check_value(field, hint, value, where)
    types = {"bool": bool, "int": int, "float": float, "str": str}
    return tuple(
        check_value(field, types[item], element, f"{where}[{i}]") for i, element in enumerate(value)
    )


def _from_text(text: str, kind: str, item: str, optional: bool, where: str) -> Any:
    """What a text on the command line stands for; limits are checked afterwards."""
    stripped = text.strip()
    if optional and stripped.lower() in ("", "none"):
        return None
    if kind == "bool":
        if stripped.lower() in _TRUE + _FALSE:
            return stripped.lower() in _TRUE
        raise InputError(f"{where}: found {text!r}, expected true or false")
    if kind in ("int", "float"):
        try:
            number = float(stripped)
            return int(stripped) if stripped.lstrip("+-").isdigit() else number
        except ValueError:
            expected = "a whole number" if kind == "int" else "a number"
            raise InputError(f"{where}: found {text!r}, expected {expected}") from None
    if kind == "list":
        parts = [part for part in stripped.split(",") if part.strip()]
        return [_from_text(part.strip(), item, "", False, where) for part in parts]
    return text


def needs_of(
    project: Project, document: Mapping[str, Any], before: Sequence[Mapping[str, str]] = ()
) -> list[dict[str, str]]:
    """The foreign plugins that a project's strategies come from, for the project file's `needs`.

    `document` is the catalogue.  What the file named `before` and is not here stays named while a
    strategy is missing: it may be from there.
    """
    needs: dict[str, str] = {}
    if any(absent_strategies(project, document)):
        present = {plugin["name"] for plugin in document["plugins"] if plugin["state"] == "on"}
        needs = {n["plugin"]: n["version"] for n in before if n["plugin"] not in present}
    for kind in STRATEGY_KINDS:
        chosen = getattr(project, kind).name
        for offer in document["kinds"][kind]:
            if offer["name"] == chosen and offer["plugin"] != "tempstudio":
                needs[offer["plugin"]] = offer["plugin_version"]
    return [{"plugin": plugin, "version": version} for plugin, version in sorted(needs.items())]


def absent_strategies(project: Project, document: Mapping[str, Any]) -> list[str]:
    """The kinds of a project's strategies that no plugin of the catalogue offers."""
    return [
        kind
        for kind in STRATEGY_KINDS
        if getattr(project, kind).name not in {offer["name"] for offer in document["kinds"][kind]}
    ]


def missing_from(
    project: Project, document: Mapping[str, Any], needs: Sequence[Mapping[str, str]] = ()
) -> list[str]:
    """A line for each strategy of a project that no plugin offers here, and what its file needs.

    `document` is the catalogue, `needs` the plugins that the project's file names.
    """
    lines = [
        f"{kind} {getattr(project, kind).name!r} is not installed"
        for kind in absent_strategies(project, document)
    ]
    states = {plugin["name"]: plugin["state"] for plugin in document["plugins"]}
    absent = [_need(need, states) for need in needs if states.get(need["plugin"]) != "on"]
    if lines and absent:
        lines[-1] += f"; the file needs {', '.join(absent)}"
    return lines


def _need(need: Mapping[str, str], states: Mapping[str, str]) -> str:
    named = f"{need['plugin']} {need.get('version', '')}".strip()
    state = states.get(need["plugin"])
    return f"{named}, which is {state} here" if state else named


def versions_key(
    safe_mode: bool = False, disabled: Sequence[str] = (), places: Sequence[str] = ()
) -> str:
    """A digest of the installed plugins and their versions, without importing any of them.

    `places` are the folders and files that others are looked for in.
    """
    from tempstudio.hookspecs import ENTRY_POINT_GROUP

    found = sorted(
        (
            entry.name,
            entry.value,
            entry.dist.name if entry.dist else "",
            entry.dist.version if entry.dist else "",
        )
        for entry in metadata.entry_points(group=ENTRY_POINT_GROUP)
    )
    text = json.dumps([FORMAT, safe_mode, sorted(disabled), list(places), found])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def cached(key: str, folder: Path | None = None) -> dict[str, Any] | None:
    """The catalogue kept for this set of versions, or None; a broken file counts as none."""
    try:
        document = json.loads(_cache_path(key, folder).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    good = isinstance(document, dict) and document.get("format") == FORMAT
    return document if good and isinstance(document.get("kinds"), dict) else None


def keep(key: str, document: Mapping[str, Any], folder: Path | None = None) -> None:
    """Keep a catalogue for the next start; a cache that cannot be written is done without."""
    path = _cache_path(key, folder)
    fresh = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in path.parent.glob("catalogue-*.json"):
            if old != path:
                old.unlink(missing_ok=True)
        fresh.write_text(json.dumps(document), encoding="utf-8")
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)


def _cache_path(key: str, folder: Path | None) -> Path:
    if folder is None:
        from platformdirs import user_cache_path

        folder = user_cache_path("tempstudio", appauthor=False)
    return folder / f"catalogue-{key}.json"
