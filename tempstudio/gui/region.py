"""The condition of a piece of a wafer, to be copied onto another piece."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from tempstudio.core.errors import InputError
from tempstudio.core.machine import Wafer
from tempstudio.core.project import Project

MARK = "tempstudio region"  # tells our text on the clipboard from any other
Place = tuple[int, int]  # row and column from the region's upper left corner


@dataclass(frozen=True)
class Region:
    """Dies as (row, column, works, core yield) and the links among them as (ends, works)."""

    dies: tuple[tuple[int, int, bool, float], ...]
    links: tuple[tuple[Place, Place, bool], ...] = ()

    def to_text(self) -> str:
        """As it lies on the clipboard."""
        return json.dumps({"format": MARK, **asdict(self)})


def region_from_text(text: str) -> Region | None:
    """A region that was copied in this or another window; None for any other text."""
    try:
        document: Any = json.loads(text)
        if document["format"] != MARK:
            return None
        dies = [(int(r), int(c), bool(w), float(y)) for r, c, w, y in document["dies"]]
        links = [((int(a), int(b)), (int(c), int(d)), bool(w))
                 for (a, b), (c, d), w in document["links"]]  # fmt: skip
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    good = all(r >= 0 and c >= 0 and 0 < y <= 1 for r, c, _, y in dies)
    return Region(tuple(dies), tuple(links)) if dies and good else None


def region_of(wafer: Wafer, dies: Iterable[int]) -> Region:
    """What of these dies, and of the links among them, works.

    >>> region_of(Wafer(rows=2, cols=2, dead_dies=[(1, 1)]), (2, 3)).dies
    ((0, 0, True, 1.0), (0, 1, False, 1.0))
    """
    places = dict(sorted((wafer.chain_place(wafer.coordinate(die)), die) for die in dies))
    top, left = corner_of(places)
    yields = {wafer.die_id(tuple(map(int, item[:-1]))): item[-1] for item in wafer.core_yield}
    broken = {frozenset(wafer.die_id(end) for end in pair) for pair in wafer.dead_links}
    found, links = [], []
    for (row, col), die in places.items():
        found.append((row - top, col - left, die not in wafer.dead_ids, yields.get(die, 1.0)))
        for other in ((row, col + 1), (row + 1, col)):
            if other in places:
                works = frozenset((die, places[other])) not in broken
                ends = (row - top, col - left), (other[0] - top, other[1] - left)
                links.append((*ends, works))
    return Region(tuple(found), tuple(links))


def corner_of(places: Iterable[Place]) -> Place:
    """The upper left corner of what encloses some places."""
    rows, cols = zip(*places, strict=True)
    return min(rows), min(cols)


def with_region(project: Project, region: Region, die: int) -> Project:
    """The project with a region's condition laid on the wafer, its upper left corner on `die`.

    What would lie outside the mesh is left out; `InputError` if that is all of it.
    """
    wafer = project.machine
    if not isinstance(wafer, Wafer):
        raise InputError("a GPU cluster has no dies to edit: choose a wafer first")
    top, left = wafer.chain_place(wafer.coordinate(die))

    def there(row: int, col: int) -> tuple[int, ...] | None:
        row, col = row + top, col + left
        if row >= wafer.rows or col >= wafer.cols * wafer.wafers:
            return None
        number, inside = divmod(col, wafer.cols)
        return (row, inside) if wafer.wafers == 1 else (number, row, inside)

    dead, links = set(wafer.dead_dies), set(wafer.dead_links)
    yields = {tuple(map(int, item[:-1])): item[-1] for item in wafer.core_yield}
    laid = 0
    for row, col, works, factor in region.dies:
        place = there(row, col)
        if place is None:
            continue
        laid += 1
        dead = dead - {place} if works else dead | {place}
        yields[place] = factor
    for first, second, works in region.links:
        ends = there(*first), there(*second)
        if ends[0] is None or ends[1] is None:
            continue
        pair = (min(ends[0], ends[1]), max(ends[0], ends[1]))
        links = links - {pair} if works else links | {pair}
    if not laid:
        raise InputError("nothing of the copied region lies on the wafer there")
    changed = tuple((*place, factor) for place, factor in yields.items())
    return replace(project, machine=replace(
        wafer, dead_dies=tuple(dead), dead_links=tuple(links), core_yield=changed,
    ))  # fmt: skip
