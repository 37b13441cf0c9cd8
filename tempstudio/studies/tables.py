"""Tables on disk read back, and what studies ask of their rows."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from tempstudio.studies.study import Row


def read_csv(text: str) -> list[Row]:
    """Rows of a table as `csv_text` writes it; numbers, truth values and JSON come back as such.

    >>> read_csv("seed,fits,error\\n1,true,\\n")
    [{'seed': 1, 'fits': True, 'error': None}]
    """
    return [
        {name: _cell(cell) for name, cell in row.items()}
        for row in csv.DictReader(io.StringIO(text, newline=""))
    ]


def _cell(text: str) -> Any:
    if text == "":
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def where(rows: Iterable[Row], **values: Any) -> list[Row]:
    """The rows with these values in these columns.

    >>> where([{"job.seq_len": 1}, {"job.seq_len": 2}], **{"job.seq_len": 2})
    [{'job.seq_len': 2}]
    """
    return [row for row in rows if all(row.get(name) == value for name, value in values.items())]


def only(rows: Iterable[Row], **values: Any) -> Row | None:
    """The first row with these values, None where there is none."""
    return next(iter(where(rows, **values)), None)


def distinct(rows: Iterable[Row], name: str) -> list[Any]:
    """The values of a column in the order in which they come."""
    return list(dict.fromkeys(row[name] for row in rows))


def degrees_text(row: Row) -> str:
    """The degrees of a row above 1, and what is sharded.

    >>> degrees_text({"dp": 3, "stream": 16, "zero": 1})
    'dp 3, stream 16, ZeRO-1'
    """
    axes = ("pp", "dp", "sp", "tp", "stream", "ep")
    shown = [f"{name} {row[name]}" for name in axes if (row.get(name) or 1) > 1]
    if row.get("zero"):
        shown.append(f"ZeRO-{row['zero']}")
    if (row.get("micro_batch") or 1) > 1:
        shown.append(f"micro-batch {row['micro_batch']}")
    if row.get("recompute") not in (None, "none"):
        shown.append(f"{row['recompute']} recompute")
    return ", ".join(shown) or "one die"


def fastest(rows: Iterable[Row]) -> Row | None:
    """The row with the shortest step of those that fit, None where none does."""
    return min((row for row in rows if row["fits"]), key=lambda r: r["step_time_s"], default=None)


def geometric_mean(values: Sequence[float]) -> float:
    """The mean of ratios; nan of none.

    >>> round(geometric_mean([0.5, 2.0, 8.0]), 9)
    2.0
    """
    if not values:
        return math.nan
    return math.exp(sum(map(math.log, values)) / len(values))


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """The lower quartile, the median and the upper quartile.

    >>> quartiles([1, 2, 3, 4, 5])
    (2.0, 3.0, 4.0)
    """
    ordered = sorted(values)

    def at(share: float) -> float:
        place = share * (len(ordered) - 1)
        low = math.floor(place)
        high = min(low + 1, len(ordered) - 1)
        return float(ordered[low] + (ordered[high] - ordered[low]) * (place - low))

    return at(0.25), at(0.5), at(0.75)
