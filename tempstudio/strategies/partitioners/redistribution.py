"""What moves where two neighbouring operators want a tensor laid out differently (SPEC 3, 4).

A layout says which rows and columns of a tensor each rank of a block (tp x stream consecutive
ranks) holds.  The change from one to another is an all-to-all in the smallest aligned block of
ranks that holds all that each of them lacks; backward the gradient takes the way back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tempstudio.core.memory import inside_tensors, tensor_widths
from tempstudio.core.partition import BACKWARD, Collective, Phase
from tempstudio.core.workload import Block, Operator
from tempstudio.strategies.partitioners.shares import Shares, operator_shares

LOCAL, WEIGHT, INPUT, OUTPUT = "local", "W", "I", "O"
ROWS, COLUMNS = "rows", "columns"
PRODUCTS = ("linear", "experts", "router")


@dataclass(frozen=True)
class Spread:
    """Where a tensor lies in a block: `inside` the tensor-parallel region or in the norm regions.

    Rows: stream cuts the rows, tp the columns inside and, where `split`, the rows again outside.
    Columns: stream cuts the columns (inside together with tp).  What nothing cuts is replicated.
    """

    tp: int
    stream: int
    inside: bool
    columns: bool
    split: bool

    @property
    def ranks(self) -> int:
        """Ranks of the block."""
        return self.tp * self.stream

    def rectangle(self, rank: int) -> tuple[int, int, int, int]:
        """(first row, last row, first column, last column) of a rank, in `ranks`-ths of the whole.

        >>> Spread(2, 2, inside=True, columns=False, split=True).rectangle(1)
        (2, 4, 0, 2)
        """
        t, s = divmod(rank, self.stream)
        if self.inside and self.columns:
            row, column = (0, 1), (rank, self.ranks)
        elif self.columns:
            row, column = ((t, self.tp) if self.split else (0, 1)), (s, self.stream)
        elif self.inside:
            row, column = (s, self.stream), (t, self.tp)
        else:
            row = (s * self.tp + t, self.ranks) if self.split else (s, self.stream)
            column = (0, 1)
        return (*_ends(*row, self.ranks), *_ends(*column, self.ranks))


def _ends(place: int, parts: int, whole: int) -> tuple[int, int]:
    return place * whole // parts, (place + 1) * whole // parts


@lru_cache(maxsize=4096)
def missing_share(held: Spread, wanted: Spread) -> tuple[int, float]:
    """(ranks of the smallest aligned block, largest share of the tensor that a rank lacks).

    >>> rows = Spread(1, 4, inside=False, columns=False, split=True)
    >>> columns = Spread(1, 4, inside=False, columns=True, split=True)
    >>> missing_share(rows, columns), missing_share(rows, rows)
    ((4, 0.1875), (1, 0.0))
    """
    ranks = held.ranks
    has = [held.rectangle(rank) for rank in range(ranks)]
    needs = [wanted.rectangle(rank) for rank in range(ranks)]
    lacks = max(_area(n) - _overlap(n, h) for n, h in zip(needs, has, strict=True))
    if lacks == 0:
        return 1, 0.0
    for size in range(2, ranks):
        if ranks % size == 0 and _closed(has, needs, size):
            return size, lacks / ranks**2
    return ranks, lacks / ranks**2


def _area(ends: tuple[int, int, int, int]) -> int:
    return (ends[1] - ends[0]) * (ends[3] - ends[2])


def _overlap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> int:
    rows = min(a[1], b[1]) - max(a[0], b[0])
    columns = min(a[3], b[3]) - max(a[2], b[2])
    return max(0, rows) * max(0, columns)


def _closed(
    has: list[tuple[int, int, int, int]], needs: list[tuple[int, int, int, int]], size: int
) -> bool:
    """Whether every aligned block of `size` ranks holds all that its ranks need."""
    whole = len(has)
    for start in range(0, whole, size):
        there = np.zeros((whole, whole), dtype=bool)
        for top, bottom, left, right in has[start : start + size]:
            there[top:bottom, left:right] = True
        for top, bottom, left, right in needs[start : start + size]:
            if not there[top:bottom, left:right].all():
                return False
    return True


@dataclass(frozen=True)
class Exchange:
    """A tensor brought from the layout of who made it to that of who needs it."""

    held: Spread
    wanted: Spread
    tensor_bytes: float

    def phase(self, operator: str, pass_: str) -> list[Phase]:
        """The all-to-all of one pass, on the way back in the backward; [] where nothing moves."""
        back = pass_ == BACKWARD
        ends = (self.wanted, self.held) if back else (self.held, self.wanted)
        members, share = missing_share(*ends)
        if share == 0.0:
            return []
        size = self.tensor_bytes * share * members / (members - 1)
        return [
            Phase(
                operator,
                pass_,
                collective=Collective("all-to-all", (f"block:{members}",), size),
                role="C",
                tensor="layout of gradients" if back else "layout of activations",
                buffer_bytes=size,
            )
        ]

    @property
    def received_bytes(self) -> float:
        """Bytes that a die receives in both passes."""
        there = missing_share(self.held, self.wanted)[1]
        return self.tensor_bytes * (there + missing_share(self.wanted, self.held)[1])


def held_by(operator: Operator, inside: bool, layouts: dict[str, str], shares: Shares) -> Spread:
    """How an operator leaves its output."""
    columns = layouts.get(operator.name, ROWS) in (INPUT, COLUMNS)
    return _spread(shares, inside, columns)


def wanted_by(operator: Operator, inside: bool, layouts: dict[str, str], shares: Shares) -> Spread:
    """How an operator wants an input that lies inside the tensor-parallel region, or not."""
    columns = layouts.get(operator.name, ROWS) in (OUTPUT, COLUMNS)
    return _spread(shares, inside, columns)


def _spread(shares: Shares, inside: bool, columns: bool) -> Spread:
    degrees = shares.degrees
    return Spread(degrees.tp, degrees.stream, inside, columns, shares.rules.split_norms)


def tensor_bytes(width: float, shares: Shares) -> float:
    """Bytes of a tensor in a block's dies together, every die with the largest share."""
    block = shares.degrees.block
    return float(math.ceil(shares.tokens / block) * block * width * shares.element)


def exchanges(
    block: Block, layouts: dict[str, str], shares: Shares
) -> dict[str, tuple[Exchange, ...]]:
    """The exchanges before each operator, by its name; those of the block's output under ""."""
    if not shares.degrees.operators:
        return {}
    inside = inside_tensors(block)
    own = operator_shares(block, shares)
    widths = tensor_widths(block, shares.hidden)
    held = {"input": _spread(shares, inside=False, columns=False)}
    known: set[tuple[str, Spread]] = set()
    found: dict[str, list[Exchange]] = {}

    def need(tensor: str, wanted: Spread, who: str) -> None:
        if wanted != held[tensor] and (tensor, wanted) not in known:
            known.add((tensor, wanted))
            size = tensor_bytes(widths[tensor], shares)
            found.setdefault(who, []).append(Exchange(held[tensor], wanted, size))

    for operator in block.operators:
        mine = own[operator.name]
        for tensor in operator.inputs:
            need(tensor, wanted_by(operator, tensor in inside, layouts, mine), operator.name)
        held[operator.name] = held_by(operator, operator.name in inside, layouts, mine)
    last = block.operators[-1]
    if last.kind != "loss" and last.name not in inside:
        need(last.name, held["input"], "")
    return {name: tuple(items) for name, items in found.items()}
