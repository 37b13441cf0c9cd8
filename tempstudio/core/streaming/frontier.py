"""Hamiltonian cycles and paths of any graph by frontier search.

The search takes the vertices in an order that keeps few edges between those taken and the rest
(the *cut*; on a mesh w wide, w + 1).  A state says which cut edges the partial solution uses and
which of them belong to one fragment; nothing else about the past matters, so equal states are one,
and a full sweep decides the question either way (as Knuth's *Simpath* does, TAOCP 4A, 7.1.4).  A
narrow beam of states is tried first: it finds a solution where there are many; only the full sweep
can show that there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Adjacency: TypeAlias = tuple[tuple[int, ...], ...]
State: TypeAlias = tuple[int, ...]

BEAM = 48  # states kept per vertex in the quick try
BEAM_ORDERS = 3  # orders of the vertices that a beam is tried on
# States (some 5 microseconds each) of a full sweep before it gives up, and of a last wide beam.  A
# mesh of 8 x 8 with faults is decided within some 150,000; a cut wider than 12 is hopeless.
STATE_BUDGET, WIDE_BEAM_STATES = 400_000, 100_000
WIDEST_SWEEP = 12


@dataclass(frozen=True, slots=True)
class Found:
    """`order`: the vertices along the cycle or path, None if there is none or none was found;
    `proved`: whether None is certain."""

    order: tuple[int, ...] | None
    proved: bool = True


def search(adjacency: Adjacency, ends: frozenset[int] | None) -> Found:
    """A path through all vertices that ends on two of `ends`; with `ends` None, a cycle."""
    sweeps = [_steps(adjacency, order) for order in _narrow_orders(adjacency)]
    attempts: list[tuple[tuple[Step, ...], int | None]]
    attempts = [(steps, BEAM) for steps in sweeps[:BEAM_ORDERS]]
    if max(len(step.entering) + len(step.staying) for step in sweeps[0]) <= WIDEST_SWEEP:
        attempts.append((sweeps[0], None))
    attempts += [(steps, WIDE_BEAM_STATES // len(steps)) for steps in sweeps[:BEAM_ORDERS]]
    for steps, beam in attempts:
        found = _sweep(steps, ends, beam)
        if found.order is not None or found.proved:
            return found
    return Found(None, proved=False)


@dataclass(frozen=True, slots=True)
class Step:
    """Taking one vertex: which positions of the cut lead to it, which stay, its edges onwards."""

    vertex: int
    entering: tuple[int, ...]
    staying: tuple[int, ...]
    onward: tuple[int, ...]


def _narrow_orders(adjacency: Adjacency) -> list[tuple[int, ...]]:
    """Orders of the vertices, the narrowest cut first: as given, and greedy from low corners."""
    n = len(adjacency)
    fewest = min(len(others) for others in adjacency)
    corners = [v for v in range(n) if len(adjacency[v]) <= max(2, fewest)] or [0]
    greedy = (_greedy_order(adjacency, corner) for corner in corners[:8])
    orders = dict.fromkeys([tuple(range(n)), *greedy])
    return sorted(orders, key=lambda order: _cost(adjacency, order))


def _greedy_order(adjacency: Adjacency, start: int) -> tuple[int, ...]:
    order, taken = [start], {start}
    front: dict[int, None] = dict.fromkeys(
        adjacency[start]
    )  # insertion order: the oldest first on a tie
    while len(order) < len(adjacency):
        if not front:
            front[min(set(range(len(adjacency))) - taken)] = None
        v = min(front, key=lambda x: sum(1 if y not in taken else -1 for y in adjacency[x]))
        del front[v]
        order.append(v)
        taken.add(v)
        front.update(dict.fromkeys(x for x in adjacency[v] if x not in taken and x not in front))
    return tuple(order)


def _cost(adjacency: Adjacency, order: Sequence[int]) -> float:
    """A stand-in for the number of states: 3 to the width of the cut, summed over the sweep."""
    place = {v: k for k, v in enumerate(order)}
    width, total = 0, 0.0
    for k, v in enumerate(order):
        width += sum(1 if place[x] > k else -1 for x in adjacency[v])
        total += 3.0 ** min(width, 600)
    return total


def _steps(adjacency: Adjacency, order: Sequence[int]) -> tuple[Step, ...]:
    place = {v: k for k, v in enumerate(order)}
    cut: list[int] = []  # the vertex that each cut edge leads to
    steps = []
    for k, v in enumerate(order):
        entering = tuple(e for e, target in enumerate(cut) if target == v)
        staying = tuple(e for e, target in enumerate(cut) if target != v)
        onward = sorted((x for x in adjacency[v] if place[x] > k), key=lambda x: place[x])
        cut = [cut[e] for e in staying] + onward
        steps.append(Step(v, entering, staying, tuple(onward)))
    return tuple(steps)


def _sweep(steps: tuple[Step, ...], ends: frozenset[int] | None, beam: int | None) -> Found:
    """One pass over all vertices; `ends` are those a path may end on, None asks for a cycle."""
    layer: dict[State, tuple[State, tuple[int, ...]]] = {(): ((), ())}
    layers = []
    seen, truncated = 0, False
    for k, step in enumerate(steps):
        final = k == len(steps) - 1
        after: dict[State, tuple[State, tuple[int, ...]]] = {}
        for state in layer:
            for following, used in _moves(state, step, ends, final):
                if following not in after:
                    after[following] = (state, used)
        if beam is not None and len(after) > beam:
            truncated = True
            after = {state: after[state] for state in _spread(after, beam)}
        seen += len(after)
        if beam is None and seen > STATE_BUDGET:
            return Found(None, proved=False)
        layers.append(after)
        layer = after
    if () not in layer:
        return Found(None, proved=not truncated)
    return Found(_walk(steps, layers))


def _spread(states: dict[State, tuple[State, tuple[int, ...]]], beam: int) -> list[State]:
    """The states to keep: those with the fewest loose edges first, evenly picked among equals."""
    ranked = sorted(states, key=lambda state: (sum(1 for x in state if x), state))
    stride = len(ranked) / beam
    return [ranked[int(k * stride)] for k in range(beam)]


def _moves(
    state: State, step: Step, ends: frozenset[int] | None, final: bool
) -> Iterator[tuple[State, tuple[int, ...]]]:
    """States after the vertex is taken, with the onward edges (positions) that it uses.

    A label stands twice in a state for a fragment with two loose ends, once for one whose other end
    is an end of the path.
    """
    labels = [state[e] for e in step.entering if state[e]]
    rest = [state[e] for e in step.staying]
    count = len(step.onward)
    if len(labels) > 2:
        return
    if len(labels) == 2:
        a, b = labels
        whole = a not in rest and b not in rest  # a ring closes, or both were ends of the path
        if not whole:
            yield _named([a if x == b else x for x in rest] + [0] * count), ()
        elif final:
            yield (), ()
        return
    may_end = ends is not None and step.vertex in ends
    if len(labels) == 1:
        for k in range(count):
            yield _named(rest + [labels[0] if j == k else 0 for j in range(count)]), (k,)
        if may_end and labels[0] not in rest:
            if final:
                yield (), ()
        elif may_end and _path_ends(rest, labels) < 2:
            yield _named(rest + [0] * count), ()
        return
    new = len(state) + 1
    for k in range(count):
        for m in range(k):
            yield _named(rest + [new if j in (k, m) else 0 for j in range(count)]), (m, k)
        if may_end and _path_ends(rest, labels) < 2:
            yield _named(rest + [new if j == k else 0 for j in range(count)]), (k,)


def _path_ends(rest: list[int], labels: list[int]) -> int:
    """Ends of the path among the vertices taken: labels that stand once."""
    both = [x for x in rest if x] + labels
    return sum(1 for x in both if both.count(x) == 1)


def _named(labels: list[int]) -> State:
    """The same state with its labels numbered in order of appearance."""
    names: dict[int, int] = {0: 0}
    return tuple([names.setdefault(x, len(names)) for x in labels])


def _walk(
    steps: tuple[Step, ...], layers: list[dict[State, tuple[State, tuple[int, ...]]]]
) -> tuple[int, ...]:
    """Follow the parents back, collect the edges, and walk along them."""
    joined: dict[int, list[int]] = {step.vertex: [] for step in steps}
    state: State = ()
    for step, layer in zip(reversed(steps), reversed(layers), strict=True):
        state, used = layer[state]
        for k in used:
            joined[step.vertex].append(step.onward[k])
            joined[step.onward[k]].append(step.vertex)
    ends = [v for v, others in joined.items() if len(others) == 1]
    here, before = min(ends or joined), -1
    order = [here]
    while len(order) < len(steps):
        before, here = here, min(x for x in joined[here] if x != before)
        order.append(here)
    return tuple(order)
