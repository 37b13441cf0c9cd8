"""Dataclass fields that know their unit and limits, and the JSON codec built on them.

A field carries what a form, a JSON key and a command-line flag need: the key it has outside
(`"HBM_GB"`), the factor that takes the outside number to SI, its unit, limits, choices and a
sentence of help.  Machine files and the `Options` of strategies are both made of such fields.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any

from tempstudio.core.errors import InputError


def quantity(
    default: Any,
    *,
    key: str = "",
    scale: float = 1.0,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
    structure: bool = False,
    help: str = "",
) -> Any:
    """A dataclass field with unit, limits and help; limits are in the outside unit.

    A `structure` is a tuple of records: it has no row in a form.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Tank:
    ...     size_bytes: float = quantity(72e9, key="HBM_GB", scale=1e9, unit="GB", minimum=0)
    >>> to_json(Tank())
    {'HBM_GB': 72.0}
    """
    metadata = {
        "key": key,
        "scale": scale,
        "unit": unit,
        "minimum": minimum,
        "maximum": maximum,
        "choices": choices,
        "structure": structure,
        "help": help,
    }
    return dataclasses.field(default=default, metadata=metadata)


def outside_key(field: dataclasses.Field[Any]) -> str:
    """The name a field has in JSON and on the command line."""
    return str(field.metadata.get("key") or field.name)


def to_json(record: Any) -> dict[str, Any]:
    """The record's fields under their outside keys and in their outside units."""
    document: dict[str, Any] = {}
    for field in dataclasses.fields(record):
        document[outside_key(field)] = _outside(
            getattr(record, field.name), field.metadata.get("scale", 1.0)
        )
    return document


def from_json(kind: type[Any], document: Any, where: str) -> Any:
    """Build a `kind` from outside keys; what is left out takes the default.

    Raises `InputError` that names `where`, the key, what was found and what is allowed.  Unknown
    keys are ignored here: whoever stores them keeps them.
    """
    if not isinstance(document, Mapping):
        raise InputError(f"{where}: found {short_text(document)}, expected an object")
    hints = typing.get_type_hints(kind)
    values = {}
    for field in dataclasses.fields(kind):
        key = outside_key(field)
        if key in document:
            place = f"{where}.{key}" if where else key
            values[field.name] = check_value(field, hints[field.name], document[key], place)
    return kind(**values)


def check_value(field: dataclasses.Field[Any], hint: Any, value: Any, where: str) -> Any:
    """One outside value checked against its field and converted to SI; `InputError` if not."""
    kind = _plain(hint)
    choices = field.metadata.get("choices") or ()
    if isinstance(kind, type) and issubclass(kind, Enum):
        choices = tuple(str(member.value) for member in kind)
        if str(value) not in choices:
            raise InputError(f"{where}: found {short_text(value)}, allowed: {', '.join(choices)}")
        return kind(value)
    if value is None and _optional(hint):
        return None
    if kind is bool:
        if not isinstance(value, bool):
            raise InputError(f"{where}: found {short_text(value)}, expected true or false")
        return value
    if kind in (int, float):
        return _number(field, kind, value, where)
    if kind is str:
        if not isinstance(value, str) or (choices and value not in choices):
            allowed = ", ".join(choices) if choices else "a text"
            raise InputError(f"{where}: found {short_text(value)}, allowed: {allowed}")
        return value
    if typing.get_origin(kind) is tuple or kind is tuple:
        if not isinstance(value, (list, tuple)):
            raise InputError(f"{where}: found {short_text(value)}, expected a list")
        record = next(iter(typing.get_args(kind)), None)
        if isinstance(record, type) and dataclasses.is_dataclass(record):
            return tuple(from_json(record, item, f"{where}[{i}]") for i, item in enumerate(value))
        return tuple(value)
    raise InputError(f"{where}: an option of type {hint!r} is not supported")


def _number(field: dataclasses.Field[Any], kind: type, value: Any, where: str) -> Any:
    low, high = field.metadata.get("minimum"), field.metadata.get("maximum")
    unit = field.metadata.get("unit") or ""
    span = _span(low, high, unit)
    whole = kind is int
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not good or not math.isfinite(float_of(value)) or (whole and value != int(value)):
        expected = "a whole number" if whole else "a number"
        raise InputError(f"{where}: found {short_text(value)}, expected {expected}{span}")
    if (low is not None and value < low) or (high is not None and value > high):
        raise InputError(f"{where}: found {short_text(value)}, allowed{span or ' is any number'}")
    return int(value) if whole else _scaled(float(value), field.metadata.get("scale", 1.0))


def _scaled(value: float, scale: float) -> float:
    """Outside to SI; small scales divide by their whole inverse, which rounds correctly."""
    return value * scale if scale >= 1.0 else value / round(1.0 / scale)


def float_of(value: Any) -> float:
    """`float(value)`, with whole numbers too large for a float read as infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _span(low: float | None, high: float | None, unit: str) -> str:
    unit = f" {unit}" if unit else ""
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}{unit}"
    if low is not None:
        return f" of at least {low:g}{unit}"
    if high is not None:
        return f" of at most {high:g}{unit}"
    return ""


def _outside(value: Any, scale: float) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [to_json(item) if dataclasses.is_dataclass(item) else item for item in value]
    if isinstance(value, bool) or not isinstance(value, float):
        return value
    # 15 digits undo what the multiplication by the scale did to the last bit.
    return float(f"{value / scale:.15g}")


def _plain(hint: Any) -> Any:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return next(arg for arg in typing.get_args(hint) if arg is not type(None))
    return hint


def _optional(hint: Any) -> bool:
    return type(None) in typing.get_args(hint)


def short_text(value: Any) -> str:
    """A value as an error message shows it: `repr`, cut to a readable length."""
    if isinstance(value, int) and abs(value) > 10**40:
        return "a whole number of more than 40 digits"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
