"""Holds a schedule against the five rules of SPEC section 4, walking through it round by round.

Shares nothing with the constructions (plain sets and dictionaries), so that it can check them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import TypeAlias

from tempstudio.core.streaming.rounds import Coordinate, Schedule

Link: TypeAlias = tuple[Coordinate, Coordinate]
Copies: TypeAlias = dict[tuple[int, int], list[tuple[int, int]]]


def verify(
    schedule: Schedule, links: Iterable[Link] | None = None, dead_links: Iterable[Link] = ()
) -> list[str]:
    """Violations as sentences, rule by rule; an empty list means that the schedule is valid.

    `links` are the live links as pairs of coordinates (either way round); without it, dies whose
    coordinates differ by 1 in one place only, that on the same wafer, are neighbours.  `dead_links`
    are taken away in both cases.

    >>> from tempstudio.core.streaming import schedule
    >>> verify(schedule(2, 4))
    []
    """
    broken = malformed(schedule)
    if broken:
        return broken
    live = None if links is None else {frozenset(link) for link in links}
    dead = {frozenset(link) for link in dead_links}
    return [
        *_one_hop(schedule, live, dead),
        *_one_part_each(schedule),
        *not_executable(schedule),
        *_true_buffers(schedule),
    ]


def not_executable(schedule: Schedule) -> list[str]:
    """What keeps a well-formed schedule from being run at all: rules 3 and 4."""
    return [*_only_what_is_held(schedule), *_each_part_once(schedule)]


def malformed(schedule: Schedule) -> list[str]:
    """Shapes, doubles and numbers out of range, which the rules could not even be asked about."""
    n, parts = schedule.n_dies, schedule.n_parts
    found = []
    if schedule.split not in (1, 2):
        found.append(f"split is {schedule.split}, not 1 or 2")
    if len(set(schedule.dies)) != n:
        found.append("a die is listed twice in the group")
    if schedule.compute.shape[1:] != (n, schedule.split):
        shape = list(schedule.compute.shape)
        found.append(f"compute has shape {shape}, not [rounds, {n}, {schedule.split}]")
        return found
    for t, row in enumerate(schedule.compute.tolist()):
        for die, computed in enumerate(row):
            found += [
                f"round {t}: die {die} computes part {part}, of {parts} parts"
                for part in computed
                if part < -1 or part >= parts
            ]
    rounds = schedule.n_rounds
    for t, source, target, part in schedule.transfers.tolist():
        if not (0 <= t < rounds and 0 <= source < n and 0 <= target < n and 0 <= part < parts):
            move = [t, source, target, part]
            found.append(f"transfer {move} names a round, die or part that is not there")
    return found


def _neighbours(a: Coordinate, b: Coordinate) -> bool:
    if len(a) != len(b) or a[:-2] != b[:-2]:
        return False
    return abs(a[-2] - b[-2]) + abs(a[-1] - b[-1]) == 1


def _one_hop(
    schedule: Schedule,
    live: set[frozenset[Coordinate]] | None,
    dead: set[frozenset[Coordinate]],
) -> list[str]:
    found = []
    for t, source, target, part in schedule.transfers.tolist():
        a, b = schedule.dies[source], schedule.dies[target]
        pair = frozenset((a, b))
        what = f"rule 1: round {t}: part {part} goes from {list(a)} to {list(b)}, "
        if pair in dead or (live is not None and pair not in live):
            found.append(what + "which no live link joins")
        elif live is None and not _neighbours(a, b):
            found.append(what + "which are not neighbours")
    return found


def _one_part_each(schedule: Schedule) -> list[str]:
    found = []
    load: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for t, source, target, part in schedule.transfers.tolist():
        load[t, source, target].append(part)
    for (t, source, target), parts in load.items():
        if len(parts) > 1:
            found.append(f"rule 2: round {t}: link {source} -> {target} carries parts {parts}")
    # A die computes at most `split` parts a round by the shape of `compute`.
    return found


def _only_what_is_held(schedule: Schedule) -> list[str]:
    found = []
    split = schedule.split
    held = [{die * split + s for s in range(split)} for die in range(schedule.n_dies)]
    sent: dict[int, list[list[int]]] = defaultdict(list)
    for t, *move in schedule.transfers.tolist():
        sent[t].append(move)
    for t, row in enumerate(schedule.compute.tolist()):
        for die, computed in enumerate(row):
            missing = [part for part in computed if part >= 0 and part not in held[die]]
            found += [f"rule 3: round {t}: die {die} computes part {p}, not there" for p in missing]
        for source, _, part in sent[t]:
            if part not in held[source]:
                found.append(f"rule 3: round {t}: die {source} forwards part {part}, not there")
        for _, target, part in sent[t]:
            held[target].add(part)
    return found


def _each_part_once(schedule: Schedule) -> list[str]:
    found = []
    for die in range(schedule.n_dies):
        computed = Counter(schedule.compute[:, die].ravel().tolist())
        for part in range(schedule.n_parts):
            times = computed[part]
            if times != 1:
                found.append(f"rule 4: die {die} computes part {part} {times} times")
    return found


def _true_buffers(schedule: Schedule) -> list[str]:
    held, buffered = _peaks(schedule)
    found = []
    for name, reported, true in (
        ("peak_foreign_chunks", schedule.peak_foreign_chunks, held / schedule.split),
        ("peak_buffer_chunks", schedule.peak_buffer_chunks, buffered / schedule.split),
    ):
        if reported != true:
            found.append(f"rule 5: {name} is reported as {reported:g} and is {true:g}")
    return found


def _peaks(schedule: Schedule) -> tuple[int, int]:
    """Most parts held at the start of a round on a die, and most held + arriving in a round."""
    arrivals: dict[tuple[int, int], list[int]] = defaultdict(list)
    uses: dict[tuple[int, int], list[int]] = defaultdict(list)
    for t, source, target, part in schedule.transfers.tolist():
        uses[source, part].append(t)
        if part // schedule.split != target:
            arrivals[target, part].append(t)
    for t, row in enumerate(schedule.compute.tolist()):
        for die, computed in enumerate(row):
            for part in computed:
                uses[die, part].append(t)
    held: dict[tuple[int, int], int] = defaultdict(int)
    arriving: dict[tuple[int, int], int] = defaultdict(int)
    for (die, part), arrived in arrivals.items():
        arrived.sort()
        for index, arrival in enumerate(arrived):
            arriving[die, arrival] += 1
            following = arrived[index + 1] if index + 1 < len(arrived) else schedule.n_rounds
            last = max((t for t in uses[die, part] if arrival < t <= following), default=arrival)
            for t in range(arrival + 1, last + 1):
                held[die, t] += 1
    both = {key: held.get(key, 0) + arriving.get(key, 0) for key in {*held, *arriving}}
    return max(held.values(), default=0), max(both.values(), default=0)
