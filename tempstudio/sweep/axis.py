"""One axis of a sweep: the path of a project's field and the values it takes."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from tempstudio.core.errors import InputError
from tempstudio.core.quantities import short_text

MOST_VALUES = 100_000
SECTIONS = ("machine", "model", "job", "strategies", "parallel", "seed")
KINDS = ("partitioner", "mapper", "solver")
_RANGE_KEYS = ("from", "to", "step", "count", "scale")


@dataclass(frozen=True)
class Axis:
    """A dotted path in the project document, and its values in order."""

    path: str
    values: tuple[Any, ...]


def canonical_path(path: str, where: str) -> str:
    """The path as the document has it; `InputError` where it leads nowhere.

    A strategy may be named without `strategies.` before it, and stands for its name.

    >>> canonical_path("partitioner", "axes.partitioner")
    'strategies.partitioner.name'
    >>> canonical_path("solver.options.budget", "axes")
    'strategies.solver.options.budget'
    """
    parts = path.split(".")
    if parts[0] in KINDS:
        parts.insert(0, "strategies")
    if parts[0] not in SECTIONS or not all(parts):
        raise InputError(f"{where}: leads nowhere, allowed: {', '.join((*SECTIONS, *KINDS))}")
    if parts[0] == "strategies" and len(parts) == 2:
        parts.append("name")
    if len(parts) > 1 and parts[0] in ("model", "seed"):
        raise InputError(f"{where}: leads nowhere, allowed: {parts[0]}")
    return ".".join(parts)


def axis_values(value: Any, where: str) -> tuple[Any, ...]:
    """The values of a list or of a range `{from, to, step | count, scale}`.

    >>> axis_values({"from": 1, "to": 64, "scale": "log"}, "axes.parallel.stream")
    (1, 2, 4, 8, 16, 32, 64)
    """
    if isinstance(value, dict) and value:
        values = _range(value, where)
    elif isinstance(value, list) and value:
        values = list(value)
    else:
        raise InputError(
            f"{where}: found {short_text(value)}, expected a list of values or a range "
            "{from, to, step or count, scale}"
        )
    if len(values) > MOST_VALUES:
        raise InputError(f"{where}: {len(values):,} values, allowed: at most {MOST_VALUES:,}")
    seen = set()
    for item in values:
        _check_plain(item, where)
        text = json.dumps(item, sort_keys=True)
        if text in seen:
            raise InputError(f"{where}: the value {short_text(item)} stands there twice")
        seen.add(text)
    return tuple(values)


def _check_plain(value: Any, where: str) -> None:
    """Only what JSON can hold: no dates, no infinities."""
    if isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            _check_plain(item, where)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{where}: found {value}, expected a finite number")
    elif not isinstance(value, (str, int, float, bool)):
        raise InputError(f"{where}: found {short_text(str(value))}, expected a number or a text")


def _range(about: dict[str, Any], where: str) -> list[int | float]:
    for key in about:
        if key not in _RANGE_KEYS:
            raise InputError(f"{where}.{key}: no such key, allowed: {', '.join(_RANGE_KEYS)}")
    scale = about.get("scale", "linear")
    if scale not in ("linear", "log"):
        raise InputError(f"{where}.scale: found {short_text(scale)}, allowed: linear, log")
    if "step" in about and "count" in about:
        raise InputError(f"{where}: has both step and count, allowed: one of them")
    low, high = (_number(about, key, where) for key in ("from", "to"))
    if low > high or (scale == "log" and low <= 0):
        least = " above 0" if scale == "log" else ""
        raise InputError(f"{where}: found from {low:g} to {high:g}, allowed: a rising range{least}")
    if "count" in about:
        return _counted(low, high, about["count"], scale, where)
    step = _number(about, "step", where) if "step" in about else (2 if scale == "log" else 1)
    linear = scale == "linear"
    if step <= (0 if linear else 1):
        raise InputError(f"{where}.step: found {step:g}, allowed: above {0 if linear else 1}")
    start, end, stride = (low, high, step) if linear else map(math.log, (low, high, step))
    distance = (end - start) / stride
    if not distance < MOST_VALUES:
        raise InputError(f"{where}: {distance:.3g} values, allowed: at most {MOST_VALUES:,}")
    steps = math.floor(distance * (1 + 1e-12) + 1e-12)
    if linear:
        return [_tidy(low + i * step) for i in range(steps + 1)]
    if isinstance(low, int) and isinstance(step, int):
        return [low * step**i for i in range(steps + 1)]
    return [_tidy(math.exp(start + i * stride)) for i in range(steps + 1)]


def _counted(low: float, high: float, count: Any, scale: str, where: str) -> list[int | float]:
    """So many values at equal distances (or ratios), both ends among them."""
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST_VALUES:
        raise InputError(
            f"{where}.count: found {short_text(count)}, allowed: a whole number from 1 to "
            f"{MOST_VALUES:,}"
        )
    if count == 1:
        return [_tidy(low)]
    shares = [i / (count - 1) for i in range(count)]
    if scale == "linear":
        return [_tidy(low + (high - low) * share) for share in shares]
    return [_tidy(low ** (1 - share) * high**share) for share in shares]


def _number(about: dict[str, Any], key: str, where: str) -> float:
    value = about.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e300:
        raise InputError(f"{where}.{key}: found {short_text(value)}, expected a number")
    number: int | float = value
    return number


def _tidy(value: float) -> int | float:
    """Whole where it is whole but for rounding, else to 12 digits."""
    if isinstance(value, int):
        return value
    rounded = float(f"{value:.12g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 2**53 else rounded
