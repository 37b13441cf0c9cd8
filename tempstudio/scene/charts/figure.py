"""A plugin's figure, as the worker sends it, turned into the studio's own charts."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from tempstudio.core.errors import InputError
from tempstudio.scene.charts.axis import Axis, axis_of
from tempstudio.scene.charts.chart import Chart
from tempstudio.scene.charts.columns import ColumnBars
from tempstudio.scene.charts.heat import Heat
from tempstudio.scene.charts.traces import Trace, Traces

BASE_UNITS = ("s", "B", "W", "J", "FLOP", "B/s", "FLOP/s", "tokens/s")  # these take a prefix
_LABEL = re.compile(r"(.*\S)\s*\[([^\]]+)\]\s*$")
MOST_POINTS = 100_000


@dataclass(frozen=True)
class TablePart:
    """Columns and rows of numbers or texts."""

    columns: tuple[str, ...]
    rows: tuple[tuple[float | str, ...], ...]


@dataclass(frozen=True)
class TextPart:
    """A paragraph."""

    text: str


Part = Chart | TablePart | TextPart


def parts_of(figure: dict[str, Any]) -> tuple[Part, ...]:
    """The parts in order; lines share one chart, and so do bars with the same names.

    Raises `InputError` in one line where a part is not what it says to be.
    """
    found: list[Part] = []
    lines = [part for part in figure["parts"] if part["kind"] == "Lines"]
    bars = [part for part in figure["parts"] if part["kind"] == "Bars"]
    drawn: set[str] = set()
    for part in figure["parts"]:
        kind = part["kind"]
        if kind == "Lines":
            if "lines" not in drawn:
                found.append(_lines(lines, figure))
            drawn.add("lines")
        elif kind == "Bars":
            names = "\0".join(part["names"])
            if names not in drawn:
                same = [other for other in bars if other["names"] == part["names"]]
                found.append(_bars(same, figure))
            drawn.add(names)
        elif kind == "Image":
            found.append(_image(part))
        elif kind == "Table":
            rows = tuple(tuple(row) for row in part["rows"])
            found.append(TablePart(tuple(str(name) for name in part["columns"]), rows))
        elif kind == "Text":
            found.append(TextPart(str(part["text"])))
        else:
            raise InputError(f"a figure's part is a {kind}, allowed: lines, bars, image, table")
    return tuple(found)


def labelled_axis(label: str, values: list[float], zero: bool = False) -> Axis:
    """An axis for a label of a plugin; a base unit in its brackets takes a prefix.

    >>> labelled_axis("power [W]", [0.0, 12000.0]).heading
    'power [kW]'
    >>> labelled_axis("time [ms]", [0.0, 2000.0]).heading
    'time [ms]'
    """
    match = _LABEL.match(label)
    if match and match[2] in BASE_UNITS:
        return axis_of(values, match[1], match[2], zero)
    axis = axis_of(values, label, "", zero)
    return Axis(axis.title, "", axis.low, axis.high, plain=True)


def _numbers(values: Any, where: str) -> list[float]:
    found = [float(value) for value in values]
    if len(found) > MOST_POINTS:
        raise InputError(f"{where}: {len(found):,} values, allowed: at most {MOST_POINTS:,}")
    if not all(math.isfinite(value) for value in found):
        raise InputError(f"{where}: a value is not a finite number")
    return found


def _lines(parts: list[dict[str, Any]], figure: dict[str, Any]) -> Traces:
    traces = []
    xs: list[float] = []
    ys: list[float] = []
    for part in parts:
        label = str(part["label"])
        x, y = (_numbers(part[key], f"line {label!r}") for key in ("x", "y"))
        if len(x) != len(y):
            raise InputError(f"line {label!r}: {len(x)} x for {len(y)} y")
        traces.append(Trace(label, np.array(x), np.array(y)))
        xs += x
        ys += y
    return Traces(
        labelled_axis(str(figure["x_label"]), xs),
        labelled_axis(str(figure["y_label"]), ys, zero=min(ys, default=0.0) >= 0),
        tuple(traces),
    )


def _bars(parts: list[dict[str, Any]], figure: dict[str, Any]) -> ColumnBars:
    names = tuple(str(name) for name in parts[0]["names"])
    series = []
    for part in parts:
        values = tuple(_numbers(part["values"], f"bars {part['label']!r}"))
        if len(values) != len(names):
            raise InputError(f"bars {part['label']!r}: {len(names)} names, {len(values)} values")
        series.append((str(part["label"]), values))
    every = [value for _, values in series for value in values]
    axis = labelled_axis(str(figure["y_label"]), [*every, 0.0], zero=True)
    return ColumnBars(axis, names, tuple(series), str(figure["x_label"]))


def _image(part: dict[str, Any]) -> Heat:
    label = str(part["label"])
    rows = [_numbers(row, f"image {label!r}") for row in part["values"]]
    if not rows or len({len(row) for row in rows}) != 1 or not rows[0]:
        raise InputError(f"image {label!r}: its rows are not of one length")
    values = np.array(rows)
    return Heat(labelled_axis(label, values.ravel().tolist()), values)
