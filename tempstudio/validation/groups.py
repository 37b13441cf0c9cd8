"""Rows that are held together: their mean error has a limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tempstudio.validation.row import Row

ITERATIONS = "A100 iteration times"
OLDER = "older software"
SHARDED = "ZeRO-3"


@dataclass(frozen=True)
class Limit:
    """The mean of the absolute relative errors allowed; `trend`: rows rise and fall as measured."""

    mean: float
    trend: bool = False


LIMITS = {ITERATIONS: Limit(0.035), OLDER: Limit(0.08), SHARDED: Limit(0.20, trend=True)}


def group_documents(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Each group that has rows: their number, mean and largest error, limit, whether it holds."""
    found = []
    for name, limit in LIMITS.items():
        members = [row for row in rows if row.group == name and row.error is not None]
        if not members:
            continue
        errors = [abs(row.error or 0.0) for row in members]
        mean = sum(errors) / len(errors)
        same = _same_trend(members) if limit.trend else None
        found.append(
            {
                "group": name,
                "rows": len(members),
                "mean_error": mean,
                "max_error": max(errors),
                "mean_limit": limit.mean,
                "trend": same,
                "pass": mean <= limit.mean and same is not False,
            }
        )
    return found


def _same_trend(rows: Sequence[Row]) -> bool:
    """Whether no two rows are computed in the opposite order of what was clearly measured."""
    figures = [(float(row.published or 0), float(row.computed or 0)) for row in rows]
    return all(
        (a[0] - b[0]) * (a[1] - b[1]) >= 0
        for a in figures
        for b in figures
        if abs(a[0] - b[0]) > CLEARLY * max(a[0], b[0])
    )


CLEARLY = 0.2  # measured figures that differ by less may change places
