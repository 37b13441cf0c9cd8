"""Pieces of HTML: escaped words, tables, figures in both themes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import count

from tempstudio.export.svg import svg_of
from tempstudio.scene.display_list import DisplayList
from tempstudio.scene.tokens import THEMES, Tokens

Draw = Callable[[Tokens], DisplayList]


@dataclass(frozen=True)
class Column:
    """A column's head, and whether it holds numbers."""

    head: str
    number: bool = False


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> str:
    """A table on a card; every cell is escaped."""
    heads = "".join(f"<th{_kind(c)}>{escape(c.head)}</th>" for c in columns)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{_kind(c)}>{escape(cell)}</td>" for c, cell in zip(columns, row, strict=True)
        )
        + "</tr>\n"
        for row in rows
    )
    head = f"<thead><tr>{heads}</tr></thead>\n" if any(c.head for c in columns) else ""
    return f'<div class="card scroll"><table>{head}<tbody>\n{body}</tbody></table></div>\n'


def pairs(rows: Iterable[tuple[str, str]]) -> str:
    """A table of names and values."""
    return table((Column(""), Column("", number=True)), rows)


def _kind(column: Column) -> str:
    return ' class="number"' if column.number else ""


class Figures:
    """Pictures of one page, each drawn in both themes, with names of their own."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def figure(self, draw: Draw, title: str, caption: str = "") -> str:
        """A picture in both themes, of which the reader sees one."""
        number = next(self._numbers)
        parts = [
            f'<div class="{name}">{svg_of(draw(tokens), title, f"{name[0]}{number}-")}</div>'
            for name, tokens in THEMES.items()
        ]
        below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
        return f"<figure>{''.join(parts)}{below}</figure>\n"


def paragraph(text: str) -> str:
    """A paragraph of words."""
    return f"<p>{escape(text)}</p>\n"


def section(title: str, *parts: str) -> str:
    """A section with its heading."""
    return f"<section>\n<h2>{escape(title)}</h2>\n{''.join(parts)}</section>\n"
