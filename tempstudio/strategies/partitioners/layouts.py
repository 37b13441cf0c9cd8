"""Selective transfer: which operand of each product travels (SPEC 4).

Rows (a die holds some tokens) and columns (a die holds some features or heads) are the two layouts
of an activation.  *W-stream* takes rows to rows, *I-stream* rows to columns, *O-stream* columns to
rows.  The choice is made over a pair of products and what lies between them, by the bytes a die
receives in both passes: an I-stream saves nothing unless an O-stream brings the rows back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from tempstudio.core.memory import inside_tensors, tensor_widths
from tempstudio.core.workload import Block, Operator
from tempstudio.strategies.partitioners.redistribution import (
    COLUMNS,
    INPUT,
    LOCAL,
    OUTPUT,
    PRODUCTS,
    ROWS,
    WEIGHT,
    Exchange,
    held_by,
    tensor_bytes,
    wanted_by,
)
from tempstudio.strategies.partitioners.shares import Shares, operator_shares

DESCRIPTIONS = {
    LOCAL: "local",
    WEIGHT: "W-stream rows to rows",
    INPUT: "I-stream rows to columns",
    OUTPUT: "O-stream columns to rows",
    ROWS: "rows",
    COLUMNS: "columns",
}
ASKED = {"weight": WEIGHT, "input": INPUT, "output": OUTPUT}


@dataclass(frozen=True)
class Product:
    """A linear operator's sizes on one tensor-parallel rank, before the stream cuts it.

    `tokens` are the rows it multiplies in all (a token counts once for each expert it visits).
    """

    tokens: int
    inner: int
    columns: int
    weights: int  # weight elements of this rank, all experts
    experts: int = 1


def product_of(operator: Operator, shares: Shares) -> Product:
    """The product of one tensor-parallel rank: Megatron's column or row split, or the whole."""
    tp = shares.degrees.tp
    inner, columns, tokens = operator.in_features, operator.out_features, shares.tokens
    if operator.role == "column":
        columns = math.ceil(columns / tp)
    elif operator.role == "row":
        inner = math.ceil(inner / tp)
    elif shares.rules.split_norms:
        tokens = math.ceil(tokens / tp)
    experts = operator.experts // shares.degrees.ep if operator.kind == "experts" else 1
    visits = operator.active_experts if operator.kind == "experts" else 1
    return Product(tokens * visits, inner, columns, inner * columns * experts, experts)


def received_bytes(mode: str, product: Product, shares: Shares) -> float:
    """Bytes a die receives in the forward and backward pass of one product streamed by `mode`.

    W: the weight forward and backward, its gradient once. I: the input forward, its gradient and
    the input again backward. O: the partial output forward, the output's gradient once backward.
    """
    element, gradient = shares.element, shares.job.gradient_bytes
    moved = {
        LOCAL: 0.0,
        WEIGHT: product.weights * (2 * element + gradient),
        INPUT: 3.0 * product.tokens * product.inner * element,
        OUTPUT: 2.0 * product.tokens * product.columns * element,
    }[mode]
    n = shares.degrees.stream
    return moved * (n - 1) / n


@lru_cache(maxsize=4096)
def choose_layouts(block: Block, shares: Shares) -> dict[str, str]:
    """The mode of every product and the layout of every operator between two of them.

    Operators that do not appear lie in row layout.
    """
    own = operator_shares(block, shares)
    modes = {op.name: _alone(op, own[op.name], shares) for op in block.operators}
    modes = {op.name: modes[op.name] for op in block.operators if op.kind in PRODUCTS}
    for first, between, last in _pairs(block):
        pair = Pair(first, between, last, own, _edge_bytes(block, shares))
        best: dict[str, str] = min(_choices(pair, shares), key=pair.received_bytes)
        modes |= best
    return modes


def _alone(operator: Operator, own: Shares, shares: Shares) -> str:
    asked = shares.degrees.layout_of(operator.name)
    return LOCAL if own.degrees.stream == 1 else ASKED.get(asked, WEIGHT)


def _choices(pair: Pair, shares: Shares) -> list[dict[str, str]]:
    """The layouts that a pair may have, what is chosen among equals first.

    W to W, or I to O with columns between, unless one of the operators has degrees or a layout of
    its own: then all that is possible, as a change of layout may pay.
    """
    fits = all(_fits_columns(op, pair.own[op.name]) for op in pair.between)
    asked = [shares.degrees.layout_of(op.name) for op in (pair.first, pair.last)]
    free = any(asked) or any(own is not shares for own in pair.own_shares)
    rule = shares.rules.layout
    ways = [(WEIGHT, ROWS, WEIGHT)]
    if rule != "weight" and fits:
        ways.insert(0 if rule == "input-output" else 1, (INPUT, COLUMNS, OUTPUT))
    if free:
        firsts, lasts = [WEIGHT, INPUT], [WEIGHT, OUTPUT]
        if rule == "weight":
            firsts, lasts = firsts[:1], lasts[:1]
        elif rule == "input-output" and fits:
            firsts, lasts = firsts[1:], lasts[1:]
        ways = [
            (one, middle, two)
            for one in _modes(pair.first, asked[0], firsts, pair)
            for middle in ((ROWS, COLUMNS) if fits else (ROWS,))
            for two in _modes(pair.last, asked[1], lasts, pair)
        ]
    elif shares.degrees.stream == 1:
        ways = [(LOCAL, ROWS, LOCAL)]
    elif rule == "input-output":
        ways = ways[:1]
    return [pair.layouts(*way) for way in ways]


def _modes(operator: Operator, asked: str, allowed: Sequence[str], pair: Pair) -> Sequence[str]:
    if pair.own[operator.name].degrees.stream == 1:
        return (LOCAL,)
    return (ASKED[asked],) if asked else allowed


@dataclass(frozen=True, eq=False)
class Pair:
    """Two products, one of which feeds only the other, and what lies between them."""

    first: Operator
    between: tuple[Operator, ...]
    last: Operator
    own: dict[str, Shares]
    edge: Callable[[Operator, Operator, dict[str, str]], float]

    @property
    def own_shares(self) -> list[Shares]:
        """The shares of its operators."""
        return [self.own[op.name] for op in (self.first, *self.between, self.last)]

    def layouts(self, first: str, between: str, last: str) -> dict[str, str]:
        """Layouts by operator; rows between two products need no word."""
        middle = {op.name: between for op in self.between} if between == COLUMNS else {}
        return {self.first.name: first, **middle, self.last.name: last}

    def received_bytes(self, layouts: dict[str, str]) -> float:
        """Bytes that a die receives in both passes with these layouts."""
        total = 0.0
        for op in (self.first, self.last):
            own = self.own[op.name]
            total += received_bytes(layouts[op.name], product_of(op, own), own)
        for op in self.between:
            if op.kind == "attention" and layouts.get(op.name, ROWS) == ROWS:
                total += key_value_bytes(op, self.own[op.name])
        chain = (self.first, *self.between, self.last)
        return total + sum(self.edge(a, b, layouts) for a, b in pairwise(chain))


def _edge_bytes(
    block: Block, shares: Shares
) -> Callable[[Operator, Operator, dict[str, str]], float]:
    """What a die receives in both passes where one operator's output is another's input."""
    own, inside = operator_shares(block, shares), inside_tensors(block)
    widths = tensor_widths(block, shares.hidden)

    def received(source: Operator, target: Operator, layouts: dict[str, str]) -> float:
        there = source.name in inside
        held = held_by(source, there, layouts, own[source.name])
        wanted = wanted_by(target, there, layouts, own[target.name])
        if held == wanted:
            return 0.0
        return Exchange(held, wanted, tensor_bytes(widths[source.name], shares)).received_bytes

    return received


def _pairs(block: Block) -> list[tuple[Operator, tuple[Operator, ...], Operator]]:
    """(product, what lies between, product) wherever one feeds only the other."""
    users: dict[str, list[Operator]] = {}
    for operator in block.operators:
        for name in operator.inputs:
            users.setdefault(name, []).append(operator)
    found = []
    taken: set[str] = set()
    for first in block.operators:
        if first.kind not in PRODUCTS or first.kind == "router" or first.name in taken:
            continue
        chain: list[Operator] = []
        here = first
        while len(users.get(here.name, ())) == 1:
            here = users[here.name][0]
            if here.kind in ("linear", "experts"):
                found.append((first, tuple(chain), here))
                taken |= {first.name, here.name}
                break
            if here.kind not in ("attention", "elementwise") or len(here.inputs) != 1:
                break
            chain.append(here)
    return found


def _fits_columns(operator: Operator, own: Shares) -> bool:
    """A column layout splits attention by key-value heads, so there must be one for each die."""
    degrees = own.degrees
    if operator.kind == "attention":
        return math.ceil(operator.kv_heads / degrees.tp) >= degrees.stream
    return True


def key_value_bytes(operator: Operator, shares: Shares) -> float:
    """Bytes of keys, values and their gradients that a die receives in row layout, both passes."""
    dies = shares.sequence_dies
    width = math.ceil(operator.kv_heads / shares.degrees.tp) * (
        operator.head_dim + operator.value_dim
    )
    return 3.0 * (dies - 1) * shares.rows * width * shares.element
