"""Rows of texts as an aligned table."""

from __future__ import annotations

from collections.abc import Sequence


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned: texts to the left, figures (what starts with a digit) to the right.

    >>> print(table(("part", "share"), [("compute", "98 %"), ("exposed", "2 %")]))
    part     share
    -------  -----
    compute   98 %
    exposed    2 %
    """
    widths = [
        max([len(column), *(len(row[i]) for row in rows)]) for i, column in enumerate(columns)
    ]
    right = [bool(rows) and all(_is_figure(row[i]) for row in rows) for i in range(len(columns))]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(cells, widths, right, strict=True)
        ).rstrip()

    return "\n".join([line(columns), line(["-" * width for width in widths]), *map(line, rows)])


def _is_figure(text: str) -> bool:
    return not text or text[:1].isdigit() or text[:1] in "-–−<"
