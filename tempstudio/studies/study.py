"""What a study is: the tables that it needs, and what it tells of them.

A table comes from a sweep (a project varied along axes, as `tempstudio sweep` takes it) or from
calls of one function.  `tell` sees nothing but the rows, so that the same document is written from
the tables on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tempstudio.core.progress import Progress
from tempstudio.core.project import Project
from tempstudio.studies.chart import Chart
from tempstudio.studies.setting import Setting

Row = dict[str, Any]
Tables = Mapping[str, Sequence[Row]]

HOLDS, IN_PART, FAILS, SHOWN = "holds", "holds in part", "does not hold", "measured only"


@dataclass(frozen=True)
class SweepTable:
    """Rows of one or several sweeps; `documents` are what SWEEP.toml files say.

    Models by path are looked for in `tempstudio/studies/models`.
    """

    name: str
    documents: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class CallTable:
    """A row for each of `points`, the keywords of one call; the function gives the other cells.

    `fresh` calls know nothing of each other: each has a process of its own.
    """

    name: str
    function: Callable[..., Row]
    points: tuple[Row, ...]
    fresh: bool = False


@dataclass(frozen=True)
class Claim:
    """What was published beside what is measured here.

    `ratio` is measured / published where both are one number; `why` says in plain words where the
    difference comes from, or what makes them agree.
    """

    published: str
    measured: str
    verdict: str
    why: str
    ratio: float | None = None


@dataclass(frozen=True)
class TextTable:
    """Rows of texts under columns, with a line above; columns that hold numbers stand right."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Told:
    """What a study says: claims, what is to be seen, charts and tables in this order."""

    claims: tuple[Claim, ...]
    reading: tuple[str, ...]
    charts: tuple[Chart, ...]
    tables: tuple[TextTable, ...] = ()


@dataclass(frozen=True)
class Study:
    """One question; `method` says what is run, `tables` and `tell` do it.

    `compare` makes of the tables a project with kept runs, for the studio.
    """

    name: str
    title: str
    question: str
    method: str
    tables: Callable[[Setting], tuple[SweepTable | CallTable, ...]]
    tell: Callable[[Setting, Tables], Told]
    compare: Callable[[Setting, Tables, Progress], Project] | None = None


@dataclass(frozen=True)
class Section:
    """A study and what came of it."""

    study: Study
    told: Told
    tables: tuple[str, ...] = field(default=())
