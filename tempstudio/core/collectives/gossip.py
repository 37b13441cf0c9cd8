"""All-gather on any connected group: in each step every link carries a piece its end still lacks.

Matching links to pieces step by step, the rarest piece first and the dies with the fewest links
before the others, builds one broadcast tree a piece, all packed into the links together (the idea
of TACOS, Won et al., MICRO 2024, arXiv 2304.05301).  Several seeded tries are made; the shortest
schedule counts.  It serves groups without a Hamiltonian cycle: those round a fault, and odd grids.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tempstudio.core.collectives.group import Group
from tempstudio.core.errors import NoPlanError

MOST_DIES = 128
TRIES = 12
CLOSE = 1.03  # a schedule this near the bound is not improved further

Transfer = tuple[int, int, int]  # sender, receiver, piece


@dataclass(frozen=True)
class Gossip:
    """`steps` of (sender, receiver, piece); piece p is part p mod `split` of member p // split."""

    split: int
    steps: tuple[tuple[Transfer, ...], ...]


def find_gossip(group: Group, tries: int = TRIES) -> Gossip:
    """The shortest schedule found, every vector whole or in two parts.  `NoPlanError` if the dies
    are not neighbours or too many."""
    if not group.edges or group.size > MOST_DIES:
        why = "are not neighbours" if not group.edges else f"are more than {MOST_DIES}"
        raise NoPlanError(f"trees: the group's dies {why}")
    best: Gossip | None = None
    for split in (1, 2):
        least = split * (group.size - 1) / min(len(others) for others in group.adjacency)
        for seed in range(tries):
            found = _try(group.adjacency, split, random.Random(seed))
            if best is None or len(found) / split < len(best.steps) / best.split:
                best = Gossip(split, tuple(found))
            if len(best.steps) / best.split <= CLOSE * least / split:
                return best
    assert best is not None
    return best


def _try(
    adjacency: Sequence[Sequence[int]], split: int, chance: random.Random
) -> list[tuple[Transfer, ...]]:
    size = len(adjacency)
    every = (1 << (size * split)) - 1
    held = [((1 << split) - 1) << (i * split) for i in range(size)]
    steps = []
    while any(have != every for have in held):
        rank = _by_rarity(held, size * split)
        # Dies that need the most from the fewest links are served first.
        order = sorted(
            (i for i in range(size) if held[i] != every),
            key=lambda i: (held[i].bit_count() / len(adjacency[i]), chance.random()),
        )
        step: list[Transfer] = []
        arriving = list(held)
        for i in order:
            senders = sorted(
                adjacency[i], key=lambda j: ((held[j] & ~held[i]).bit_count(), chance.random())
            )
            for j in senders:
                piece = _pick(held[j] & ~arriving[i], rank, chance)
                if piece >= 0:
                    arriving[i] |= 1 << piece
                    step.append((j, i, piece))
        held = arriving
        steps.append(tuple(step))
    return steps


def _by_rarity(held: Sequence[int], pieces: int) -> list[int]:
    """Sets of pieces, the rarest first."""
    holders = [0] * pieces
    for have in held:
        while have:
            low = have & -have
            holders[low.bit_length() - 1] += 1
            have ^= low
    sets: dict[int, int] = {}
    for piece, count in enumerate(holders):
        sets[count] = sets.get(count, 0) | 1 << piece
    return [sets[count] for count in sorted(sets)]


def _pick(wanted: int, by_rarity: Sequence[int], chance: random.Random) -> int:
    """A piece of the rarest kind among those wanted, -1 if none is."""
    for kind in by_rarity:
        found = wanted & kind
        if found:
            skip = chance.randrange(found.bit_count())
            for _ in range(skip):
                found &= found - 1
            return (found & -found).bit_length() - 1
    return -1
