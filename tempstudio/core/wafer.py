"""A wafer of dies, or a chain of wafers, with what is broken on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tempstudio.core.device import Die, Link, WaferJoint
from tempstudio.core.errors import InputError
from tempstudio.core.floorplan import WaferArea
from tempstudio.core.quantities import short_text

Coordinate = tuple[int, ...]  # (row, column), or (wafer, row, column)

MOST_DIES = 32_768


@dataclass(frozen=True)
class Wafer:
    """A mesh of `rows` x `cols` dies, or a chain of `wafers` such meshes, with its faults.

    Dies are numbered wafer by wafer, row by row.  `dead_dies` holds coordinates, `dead_links` pairs
    of them (both directions die), `core_yield` coordinates followed by a factor in (0, 1].

    >>> wafer = Wafer(rows=2, cols=3, dead_dies=[(0, 1)])
    >>> wafer.die_count, wafer.alive_count, wafer.coordinate(5)
    (6, 5, (1, 2))
    """

    rows: int = 6
    cols: int = 8
    wafers: int = 1
    die: Die = field(default_factory=Die)
    link: Link = field(default_factory=Link)
    between_wafers: WaferJoint = field(default_factory=WaferJoint)
    area: WaferArea = field(default_factory=WaferArea)
    dead_dies: tuple[Coordinate, ...] = ()
    dead_links: tuple[tuple[Coordinate, Coordinate], ...] = ()
    core_yield: tuple[tuple[float, ...], ...] = ()

    kind = "wafer"

    def __post_init__(self) -> None:
        for name, most in (("rows", 1024), ("cols", 1024), ("wafers", 64)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
                raise InputError(f"machine.{name}: found {short_text(value)}, allowed: 1 to {most}")
        if self.die_count > MOST_DIES:
            raise InputError(f"machine: {self.die_count} dies, allowed: at most {MOST_DIES}")
        dead = tuple(sorted({self._check(die, "dead_dies") for die in self.dead_dies}))
        links = tuple(sorted({self._check_link(link) for link in self.dead_links}))
        yields = tuple(sorted({self._check_yield(item) for item in self.core_yield}))
        if len({item[:-1] for item in yields}) != len(yields):
            raise InputError("machine.core_yield: a die is listed twice with different yields")
        object.__setattr__(self, "dead_dies", dead)
        object.__setattr__(self, "dead_links", links)
        object.__setattr__(self, "core_yield", tuple(item for item in yields if item[-1] != 1.0))

    @property
    def die_count(self) -> int:
        """All dies, dead ones included."""
        return self.rows * self.cols * self.wafers

    @property
    def alive_count(self) -> int:
        """Dies that work."""
        return self.die_count - len(self.dead_dies)

    @cached_property
    def dead_ids(self) -> frozenset[int]:
        """Numbers of the dead dies."""
        return frozenset(self.die_id(die) for die in self.dead_dies)

    @cached_property
    def alive_ids(self) -> tuple[int, ...]:
        """Numbers of the working dies, ascending."""
        return tuple(i for i in range(self.die_count) if i not in self.dead_ids)

    def coordinate(self, die_id: int) -> Coordinate:
        """(row, column) of a die number, or (wafer, row, column) where there are several wafers."""
        wafer, rest = divmod(die_id, self.rows * self.cols)
        place = divmod(rest, self.cols)
        return place if self.wafers == 1 else (wafer, *place)

    def die_id(self, coordinate: Coordinate) -> int:
        """The die number of a coordinate."""
        wafer, row, col = (0, *coordinate) if len(coordinate) == 2 else coordinate
        return (wafer * self.rows + row) * self.cols + col

    def _check(self, value: Any, where: str) -> Coordinate:
        sizes = (self.rows, self.cols) if self.wafers == 1 else (self.wafers, self.rows, self.cols)
        try:
            place = tuple(value)
        except TypeError:
            place = ()
        whole = all(isinstance(x, int) and not isinstance(x, bool) for x in place)
        if self.wafers == 1 and len(place) == 3 and whole and place[0] == 0:
            place = place[1:]
        inside = len(place) == len(sizes) and whole
        if not inside or not all(0 <= x < size for x, size in zip(place, sizes, strict=True)):
            form = "[row, column]" if self.wafers == 1 else "[wafer, row, column]"
            limits = " x ".join(str(size) for size in sizes)
            raise InputError(
                f"machine.{where}: found {short_text(value)}, allowed: {form} inside {limits}"
            )
        return place

    def _check_link(self, value: Any) -> tuple[Coordinate, Coordinate]:
        try:
            first, second = value
        except (TypeError, ValueError):
            raise InputError(
                f"machine.dead_links: found {short_text(value)}, allowed: two neighbouring dies"
            ) from None
        pair = sorted((self._check(first, "dead_links"), self._check(second, "dead_links")))
        if not self.neighbours(pair[0], pair[1]):
            raise InputError(
                f"machine.dead_links: {short_text(list(pair[0]))} and {short_text(list(pair[1]))} "
                "are not neighbours"
            )
        return pair[0], pair[1]

    def _check_yield(self, value: Any) -> tuple[float, ...]:
        try:
            *place, factor = value
        except (TypeError, ValueError):
            place, factor = [], None
        number = isinstance(factor, (int, float)) and not isinstance(factor, bool)
        if not number or not 0 < factor <= 1:
            raise InputError(
                f"machine.core_yield: found {short_text(value)}, allowed: a die, a factor in (0, 1]"
            )
        return (*self._check(place, "core_yield"), float(factor))

    def neighbours(self, first: Coordinate, second: Coordinate) -> bool:
        """Whether a link of the mesh (or of the chain) joins two coordinates, dead or alive."""
        a, b = self.chain_place(first), self.chain_place(second)
        return abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1

    def chain_place(self, coordinate: Coordinate) -> tuple[int, int]:
        """(row, column) on the chain drawn as one mesh of rows x (wafers x cols)."""
        wafer, row, col = (0, *coordinate) if len(coordinate) == 2 else coordinate
        return row, wafer * self.cols + col
