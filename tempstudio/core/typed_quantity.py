"""Figures as people type them: "72 GB", "4 TB/s", "200 ns", "1.8 PFLOPS", "85 %".

A dataclass field made by `quantities.quantity` knows its unit; a typed text may use that unit or
any other of the same dimension, with any SI prefix.  A bare number is in the field's own unit.
"""

from __future__ import annotations

import dataclasses
import math
import re
import typing
from functools import lru_cache
from typing import Any

from tempstudio.core.errors import InputError
from tempstudio.core.quantities import check_value, short_text

_NUMBER = re.compile(r"\s*([+-]?(?:[0-9][0-9, _]*\.?[0-9_]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*(.*)")

PREFIXES = {
    "": 1.0, "p": 1e-12, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "m": 1e-3,
    "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40,
}  # fmt: skip

# Spellings of a base unit, the dimension it belongs to, and its size in that dimension's SI unit.
_UNITS = (
    (("B", "byte", "bytes"), "bytes", 1.0),
    (("B/s", "Bps", "bytes/s"), "bytes a second", 1.0),
    (("bit/s", "b/s", "bps", "bits/s"), "bytes a second", 0.125),
    (("s", "sec"), "seconds", 1.0),
    (("FLOP/s", "FLOPS", "FLOPs", "flop/s", "flops", "Flops", "OPS"), "operations a second", 1.0),
    (("FLOPS/W", "FLOP/J", "FLOP/s/W", "flops/W"), "operations a joule", 1.0),
    (("J/bit", "J/b"), "joules a bit", 1.0),
    (("W", "watt"), "watts", 1.0),
    (("m2", "m²"), "square metres", 1.0),
    (("mm2", "mm²"), "square metres", 1e-6),
    (("cm2", "cm²"), "square metres", 1e-4),
    (("m", "metre", "meter"), "metres", 1.0),
    (("cm",), "metres", 1e-2),
    (("%",), "share", 1e-2),
    (("/cm²", "/cm2"), "defects", 1.0),
)  # fmt: skip
_UNPREFIXED = frozenset({"mm2", "mm²", "cm2", "cm²", "m2", "m²", "cm", "%", "/cm²", "/cm2"})
# What a figure is written in: the largest of these that leaves a number of at least one.
_SHOWN = {
    "bytes": ("B", ("", "k", "M", "G", "T", "P")),
    "bytes a second": ("B/s", ("", "k", "M", "G", "T", "P")),
    "seconds": ("s", ("p", "n", "µ", "m", "")),
    "operations a second": ("FLOP/s", ("", "k", "M", "G", "T", "P", "E")),
    "operations a joule": ("FLOP/J", ("", "k", "M", "G", "T", "P")),
    "joules a bit": ("J/bit", ("p", "n", "µ", "m", "")),
    "watts": ("W", ("µ", "m", "", "k", "M")),
}


@lru_cache(maxsize=256)
def unit_of(text: str) -> tuple[str, float] | None:
    """(dimension, size in SI) of a unit with its prefix; None for one that is not known.

    >>> unit_of("GB"), unit_of("TFLOPS")
    (('bytes', 1000000000.0), ('operations a second', 1000000000000.0))
    """
    for spellings, dimension, size in _UNITS:
        if text in spellings:
            return dimension, size
    for spellings, dimension, size in _UNITS:
        for spelling in spellings:
            prefix = text.removesuffix(spelling)
            if prefix != text and prefix in PREFIXES and spelling not in _UNPREFIXED:
                return dimension, size * PREFIXES[prefix]
    return None


def parse_quantity(record: type[Any], name: str, text: str, where: str = "") -> Any:
    """The SI value that a text stands for in a field of `record`; `InputError` if none.

    >>> from tempstudio.core.device import Die, Link
    >>> parse_quantity(Die, "hbm_bytes", "96 GB"), parse_quantity(Link, "bytes_per_s", "4 TB/s")
    (96000000000.0, 4000000000000.0)
    """
    field = record.__dataclass_fields__[name]
    where = where or str(field.metadata.get("key") or name)
    hint = typing.get_type_hints(record)[name]
    return check_value(field, hint, typed_number(text, own_unit(field), where), where)


def typed_number(text: str, unit: str, where: str) -> float | int:
    """A typed figure in `unit` (as a file has it); `InputError` with one line if it is none.

    >>> typed_number("0.5 TB", "GB", "HBM"), typed_number("50 %", "", "share")
    (500, 0.5)
    """
    found = _NUMBER.fullmatch(text)
    example = f"such as 4 {unit}" if unit else "without a unit"
    if found is None:
        raise InputError(f"{where}: found {short_text(text)}, expected a number {example}")
    value = float(re.sub(r"[, _]", "", found[1]))
    typed = found[2].strip()
    if typed and typed != unit:
        value = _converted(value, typed, unit, where)
    if not math.isfinite(value):
        raise InputError(f"{where}: found {short_text(text)}, expected a finite number")
    return int(value) if value == int(value) else value


def _converted(value: float, typed: str, unit: str, where: str) -> float:
    own = unit_of(unit) if unit else ("share", 1.0)
    given = unit_of(typed.replace(" ", ""))
    if own is None or given is None or own[0] != given[0]:
        allowed = f"a unit of {own[0]} such as {unit}" if own and unit else f"no unit or {unit}"
        if not unit:
            allowed = "a plain number or %"
        raise InputError(f"{where}: found the unit {short_text(typed)}, allowed: {allowed}")
    # 15 digits undo what the conversion did to the last bit.
    return float(f"{value * given[1] / own[1]:.15g}")


def own_unit(field: dataclasses.Field[Any]) -> str:
    """The unit of a field in files and forms."""
    return str(field.metadata.get("unit") or "")


def quantity_text(field: dataclasses.Field[Any], value: Any) -> str:
    """An SI value as a form shows it, to six digits.

    >>> from tempstudio.core.device import Die
    >>> quantity_text(Die.__dataclass_fields__["hbm_bytes"], 72e9)
    '72 GB'
    """
    unit = own_unit(field)
    known = unit_of(unit) if unit else None
    if isinstance(value, int) or known is None or known[0] not in _SHOWN:
        scale = field.metadata.get("scale", 1.0)
        outside = value if isinstance(value, int) else float(f"{value / scale:.6g}")
        return f"{outside:,.12g} {unit}".strip()
    base, prefixes = _SHOWN[known[0]]
    size = abs(float(f"{value:.6g}"))
    fitting = [prefix for prefix in prefixes if size >= PREFIXES[prefix]]
    if size == 0:
        return f"0 {unit}"
    prefix = fitting[-1] if fitting else prefixes[0]
    return f"{float(f'{value / PREFIXES[prefix]:.6g}'):.12g} {prefix}{base}"
