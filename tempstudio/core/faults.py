"""Faults drawn at random, and the yield that makes them likely.

Yield models give the probability that a die of some area works, from the density of defects:
Poisson, exp(-A D); Murphy, ((1 - exp(-A D)) / (A D))^2 (Murphy, Proc. IEEE 52, 1964); negative
binomial, (1 + A D / a)^-a with clustering a (Stapper, IBM J. Res. Dev. 27, 1983).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from tempstudio.core.errors import InputError
from tempstudio.core.topology import topology_of
from tempstudio.core.wafer import Wafer

YIELD_MODELS = ("poisson", "murphy", "negative-binomial")


def die_yield(
    area_mm2: float,
    defects_per_cm2: float,
    model: str = "negative-binomial",
    clustering: float = 2.0,
) -> float:
    """Probability that a die works.

    >>> round(die_yield(500, 0.1, "poisson"), 4)
    0.6065
    """
    if model not in YIELD_MODELS:
        raise InputError(f"yield model: found {model!r}, allowed: {', '.join(YIELD_MODELS)}")
    for name, value in (("area_mm2", area_mm2), ("defects_per_cm2", defects_per_cm2)):
        if not 0 <= value < math.inf:
            raise InputError(f"{name}: found {value}, allowed: a number of at least 0")
    if not 0 < clustering < math.inf:
        raise InputError(f"clustering: found {clustering}, allowed: a number above 0")
    expected = area_mm2 / 100.0 * defects_per_cm2
    if expected == 0:
        return 1.0
    if model == "poisson":
        return math.exp(-expected)
    if model == "murphy":
        return (-math.expm1(-expected) / expected) ** 2
    return float((1.0 + expected / clustering) ** -clustering)


def random_faults(
    wafer: Wafer, die_rate: float = 0.0, link_rate: float = 0.0, seed: int = 0
) -> Wafer:
    """The wafer with further dies and links dead, each with its rate; a seed repeats its faults.

    A fault that is there at one rate is there at every higher one, so that rates compare.

    >>> random_faults(Wafer(rows=4, cols=4), die_rate=0.2, seed=1).alive_count
    14
    """
    for name, rate in (("die_rate", die_rate), ("link_rate", link_rate)):
        if not 0 <= rate <= 1:
            raise InputError(f"{name}: found {rate}, allowed: a share from 0 to 1")
    rng = np.random.default_rng(seed)
    whole = replace(wafer, dead_dies=(), dead_links=(), core_yield=())
    pairs = [(a, b) for a, b in topology_of(whole).link_ids if a < b]
    die_luck, link_luck = rng.random(wafer.die_count), rng.random(len(pairs))
    dead = [wafer.coordinate(die) for die in np.flatnonzero(die_luck < die_rate).tolist()]
    broken = [
        (wafer.coordinate(a), wafer.coordinate(b))
        for (a, b), luck in zip(pairs, link_luck.tolist(), strict=True)
        if luck < link_rate
    ]
    return replace(
        wafer,
        dead_dies=(*wafer.dead_dies, *dead),
        dead_links=(*wafer.dead_links, *broken),
    )


def resized(wafer: Wafer, rows: int, cols: int, wafers: int) -> Wafer:
    """The wafer (or chain) in another size; faults that lie outside it are let go.

    >>> resized(Wafer(rows=2, cols=2, dead_dies=[(0, 0), (1, 1)]), 1, 4, 1).dead_dies
    ((0, 0),)
    """

    def place(coordinate: tuple[int, ...]) -> tuple[int, ...] | None:
        number, row, col = (0, *coordinate) if len(coordinate) == 2 else coordinate
        if number >= wafers or row >= rows or col >= cols:
            return None
        return (row, col) if wafers == 1 else (number, row, col)

    dead = [at for die in wafer.dead_dies if (at := place(die)) is not None]
    pairs = [(place(a), place(b)) for a, b in wafer.dead_links]
    links = [(a, b) for a, b in pairs if a is not None and b is not None]
    yields: list[tuple[Any, ...]] = [
        (*at, item[-1])
        for item in wafer.core_yield
        if (at := place(tuple(map(int, item[:-1])))) is not None
    ]
    whole = replace(wafer, dead_dies=(), dead_links=(), core_yield=())
    sized = replace(whole, rows=rows, cols=cols, wafers=wafers)
    # Across a joint two dies are neighbours only while the columns are as many as before.
    links = [pair for pair in links if sized.neighbours(*pair)]
    return replace(sized, dead_dies=tuple(dead), dead_links=tuple(links), core_yield=tuple(yields))
