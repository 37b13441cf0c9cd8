"""How dies and links are named wherever the window names them."""

from __future__ import annotations

from functools import lru_cache

from tempstudio.core.machine import Machine
from tempstudio.core.timeline import Timeline


def die_name(machine: Machine, die: int) -> str:
    """(row, column) of a die, (wafer, row, column) in a chain; a cluster's switches by name.

    >>> from tempstudio.core.machine import Wafer
    >>> die_name(Wafer(rows=6, cols=8), 9)
    '1,1'
    """
    if die < machine.die_count:
        return ",".join(str(number) for number in machine.coordinate(die))
    switch = die - machine.die_count
    return "spine" if switch == machine.rows else f"switch {switch}"


def link_name(machine: Machine, source: int, target: int) -> str:
    """The two ends of a directed link.

    >>> from tempstudio.core.machine import Wafer
    >>> link_name(Wafer(rows=6, cols=8), 0, 1)
    '0,0 → 0,1'
    """
    return f"{die_name(machine, source)} → {die_name(machine, target)}"


@lru_cache(maxsize=8)
def link_pairs(timeline: Timeline) -> tuple[tuple[int, int], ...]:
    """(source, target) of every live directed link of a timeline."""
    return tuple(zip(timeline.link_source.tolist(), timeline.link_target.tolist(), strict=True))
