"""Families of flow sets with very different sizes, seeded: what routers find hard."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tempstudio.core.machine import Wafer
from tempstudio.core.routing import Demands
from tempstudio.core.topology import Topology

Ends = tuple[np.ndarray, np.ndarray]
Family = Callable[[np.random.Generator, np.ndarray, int], Demands]


def pairs(chance: np.random.Generator, dies: np.ndarray, flows: int) -> Ends:
    """Random different ends."""
    source = chance.integers(0, len(dies), flows)
    target = (source + chance.integers(1, len(dies), flows)) % len(dies)
    return dies[source], dies[target]


def lognormal(sigma: float) -> Family:
    return lambda chance, dies, flows: Demands.unicast(
        *pairs(chance, dies, flows), chance.lognormal(0.0, sigma, flows)
    )


def pareto(alpha: float) -> Family:
    return lambda chance, dies, flows: Demands.unicast(
        *pairs(chance, dies, flows), chance.pareto(alpha, flows) + 0.1
    )


def elephants(count: int) -> Family:
    """A few flows a hundred times as large as the mice that cross them."""

    def drawn(chance: np.random.Generator, dies: np.ndarray, flows: int) -> Demands:
        size = chance.uniform(0.005, 0.015, flows)
        size[chance.choice(flows, count, replace=False)] = 1.0
        return Demands.unicast(*pairs(chance, dies, flows), size)

    return drawn


def hot_spot(chance: np.random.Generator, dies: np.ndarray, flows: int) -> Demands:
    """A third of the traffic goes to one die."""
    source, target = pairs(chance, dies, flows)
    middle = dies[len(dies) // 2]
    target = np.where((chance.random(flows) < 0.3) & (source != middle), middle, target)
    return Demands.unicast(source, target, chance.lognormal(0.0, 1.0, flows))


def permutations(chance: np.random.Generator, dies: np.ndarray, flows: int) -> Demands:
    """Several permutations at once; a flow to its own die stays there."""
    rounds = -(-flows // len(dies))
    source = np.tile(dies, rounds)[:flows]
    target = np.concatenate([chance.permutation(dies) for _ in range(rounds)])[:flows]
    return Demands.unicast(source, target, chance.lognormal(0.0, 1.0, flows))


def all_to_one(chance: np.random.Generator, dies: np.ndarray, flows: int) -> Demands:
    one = dies[len(dies) // 3]
    source = np.resize(dies[dies != one], flows)
    return Demands.unicast(source, np.full(flows, one), chance.pareto(1.3, flows) + 0.1)


def all_to_all(chance: np.random.Generator, dies: np.ndarray, flows: int) -> Demands:
    """All pairs of some dies."""
    some = chance.choice(dies, min(len(dies), int(flows**0.5) + 1), replace=False)
    ends = np.array([(a, b) for a in some for b in some if a != b])[:flows]
    return Demands.unicast(ends[:, 0], ends[:, 1], chance.lognormal(0.0, 0.5, len(ends)))


FAMILIES: dict[str, Family] = {
    "lognormal 1": lognormal(1.0),
    "lognormal 1.5": lognormal(1.5),
    "lognormal 2": lognormal(2.0),
    "pareto 1.1": pareto(1.1),
    "pareto 1.5": pareto(1.5),
    "pareto 2": pareto(2.0),
    "1 elephant": elephants(1),
    "3 elephants": elephants(3),
    "8 elephants": elephants(8),
    "hot spot": hot_spot,
    "permutations": permutations,
    "all to one": all_to_one,
    "all to all": all_to_all,
}


def drawn(family: str, topology: Topology, flows: int, seed: int) -> Demands:
    """One flow set of a family among the dies of the largest part."""
    chance = np.random.default_rng([seed, list(FAMILIES).index(family)])
    return FAMILIES[family](chance, np.array(topology.components[0]), flows)


def faulty(rows: int, cols: int, dead: int, seed: int) -> Wafer:
    """A wafer with as many dead dies as dead links, at random."""
    chance = np.random.default_rng(seed)
    places = [(r, c) for r in range(rows) for c in range(cols)]
    steps = [((r, c), (r + i, c + j)) for r, c in places for i, j in ((0, 1), (1, 0))]
    links = [pair for pair in steps if pair[1][0] < rows and pair[1][1] < cols]
    return Wafer(
        rows=rows,
        cols=cols,
        dead_dies=tuple(places[k] for k in chance.choice(len(places), dead, replace=False)),
        dead_links=tuple(links[k] for k in chance.choice(len(links), dead, replace=False)),
    )
