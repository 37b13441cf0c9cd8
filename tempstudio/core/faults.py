"""Faults drawn at random, and the yield that makes them likely.

Yield models give the probability that a die of some area works, from the density of defects:
Poisson, exp(-A D); Murphy, ((1 - exp(-A D)) / (A D))^2 (Murphy, Proc. IEEE 52, 1964); negative
binomial, (1 + A D / a)^-a with clustering a (Stapper, IBM J. Res. Dev. 27, 1983).
"""

from __future__ import annotations

import math
from dataclasses import replace

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
