"""A figure as data: what a panel returns and the studio draws, themes and exports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Lines:
    """A line through (`x`, `y`)."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class Bars:
    """A bar of height `values[i]` for each `names[i]`."""

    label: str
    names: tuple[str, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Image:
    """A matrix of values, row by row from the top."""

    label: str
    values: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Table:
    """Rows of numbers or texts under `columns` (with their units)."""

    columns: tuple[str, ...]
    rows: tuple[tuple[float | str, ...], ...]


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Figure:
    """Parts drawn in one panel; units stand in the axis labels.

    >>> Figure("Power", (Bars("W", ("compute", "links"), (3.0, 1.0)),), y_label="power [W]").title
    'Power'
    """

    title: str
    parts: tuple[Lines | Bars | Image | Table | Text, ...] = ()
    x_label: str = ""
    y_label: str = ""


@dataclass(frozen=True)
class Panel:
    """A named figure of a run at a time, for the present selection (plain data)."""

    name: str
    title: str
    figure: Callable[[Any, float, dict[str, Any]], Figure]
    summary: str = ""
    version: str = "1.0"
