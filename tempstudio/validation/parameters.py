"""Published parameter counts beside those that the readers find in a configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tempstudio.readers import workload_from_config
from tempstudio.validation.case import Case
from tempstudio.validation.row import Row

_COUNT = re.compile(r"(\d{6,})")
_ROUNDED = re.compile(r"(\d+(?:\.\d+)?)\s*([MBT])")
MAGNITUDES = {"M": 1e6, "B": 1e9, "T": 1e12}


def parameter_rows(case: Case) -> Iterator[Row]:
    """Exact where the exact count is known; a rounded one is shown."""
    counted = workload_from_config(dict(case.document), case.where).parameters
    published = case.document.get("_published_params")
    source = case.text("_source", case.source)
    if isinstance(published, int) and not isinstance(published, bool):
        yield Row(case.id, "parameters", published, counted, source, rel_tol=0.0)
        return
    note = case.text("_note", "")
    exact = _COUNT.search(note)
    if exact:
        yield Row(case.id, "parameters", int(exact[1]), counted, source, rel_tol=0.0, note=note)
    rounded = _ROUNDED.fullmatch(published.strip()) if isinstance(published, str) else None
    if rounded:
        value = float(rounded[1]) * MAGNITUDES[rounded[2]]
        yield Row(
            case.id,
            "parameters",
            value,
            counted,
            source,
            figure="as the paper rounds it",
            note="shown only",
        )
    if not exact and not rounded:
        case.refuse("_published_params", "a count, or one like 6.7B")
