"""What the commands write: JSON on stdout, tables and summaries, a progress bar on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from tempstudio.core.progress import Progress

BAR = 24


def write_json(document: Any) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(document, allow_nan=False) + "\n")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned: texts to the left, figures (what starts with a digit) to the right."""
    widths = [
        max(len(column), *(len(row[i]) for row in rows)) if rows else len(column)
        for i, column in enumerate(columns)
    ]
    right = [
        bool(rows) and all(row[i][:1].isdigit() or row[i][:1] in "-–" for row in rows)
        for i in range(len(columns))
    ]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(cells, widths, right, strict=True)
        ).rstrip()

    return "\n".join([line(columns), line(["-" * width for width in widths]), *map(line, rows)])


def terminal_progress() -> Progress:
    """A bar on a terminal's stderr; silent elsewhere."""
    if not sys.stderr.isatty():
        return Progress()

    def report(fraction: float, caption: str) -> None:
        filled = round(fraction * BAR)
        bar = "#" * filled + "." * (BAR - filled)
        sys.stderr.write(f"\r[{bar}] {fraction:4.0%} {caption[:48]:<48}")
        sys.stderr.flush()

    return Progress(report)


def end_progress() -> None:
    """Clear the bar."""
    if sys.stderr.isatty():
        sys.stderr.write("\r" + " " * (BAR + 60) + "\r")
        sys.stderr.flush()
