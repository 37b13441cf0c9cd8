"""Selective transfer: which operand of each product travels (SPEC 4).

Rows (a die holds some tokens) and columns (a die holds some features or heads) are the two layouts
of an activation.  *W-stream* takes rows to rows, *I-stream* rows to columns, *O-stream* columns to
rows.  The choice is made over a pair of products and what lies between them, by the bytes a die
receives in both passes: an I-stream saves nothing unless an O-stream brings the rows back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from tempstudio.core.workload import Block, Operator
from tempstudio.strategies.partitioners.shares import Shares

LOCAL, WEIGHT, INPUT, OUTPUT = "local", "W", "I", "O"
ROWS, COLUMNS = "rows", "columns"

DESCRIPTIONS = {
    LOCAL: "local",
    WEIGHT: "W-stream rows to rows",
    INPUT: "I-stream rows to columns",
    OUTPUT: "O-stream columns to rows",
    ROWS: "rows",
    COLUMNS: "columns",
}
PRODUCTS = ("linear", "experts", "router")


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
    if shares.degrees.stream == 1:
        return {op.name: LOCAL for op in block.operators if op.kind in PRODUCTS}
    modes = {op.name: WEIGHT for op in block.operators if op.kind in PRODUCTS}
    if shares.rules.layout == "weight":
        return modes
    for first, between, last in _pairs(block):
        if not _fits_columns(between, shares):
            continue
        rows = _pair_bytes(first, between, last, shares, (WEIGHT, WEIGHT))
        columns = _pair_bytes(first, between, last, shares, (INPUT, OUTPUT))
        if columns < rows or shares.rules.layout == "input-output":
            modes |= {first.name: INPUT, last.name: OUTPUT}
            modes |= {operator.name: COLUMNS for operator in between}
    return modes


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


def _fits_columns(between: tuple[Operator, ...], shares: Shares) -> bool:
    """A column layout splits attention by key-value heads, so there must be one for each die."""
    stream, tp = shares.degrees.stream, shares.degrees.tp
    return all(math.ceil(op.kv_heads / tp) >= stream for op in between if op.kind == "attention")


def _pair_bytes(
    first: Operator,
    between: tuple[Operator, ...],
    last: Operator,
    shares: Shares,
    modes: tuple[str, str],
) -> float:
    total = received_bytes(modes[0], product_of(first, shares), shares)
    total += received_bytes(modes[1], product_of(last, shares), shares)
    if modes[0] == WEIGHT:
        total += sum(key_value_bytes(op, shares) for op in between if op.kind == "attention")
    return total


def key_value_bytes(operator: Operator, shares: Shares) -> float:
    """Bytes of keys, values and their gradients that a die receives in row layout, both passes."""
    dies = shares.sequence_dies
    width = math.ceil(operator.kv_heads / shares.degrees.tp) * (
        operator.head_dim + operator.value_dim
    )
    return 3.0 * (dies - 1) * shares.rows * width * shares.element
