"""Phases of attention: its kernels one by one, or as a ring in which keys and values travel.

Without flash attention the scores pass through memory between four kernels (product, softmax,
dropout, product), as in Korthikanti et al. 2022 (arXiv:2205.05198), figure 3; with it one kernel
does all (Dao et al. 2022, arXiv:2205.14135).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tempstudio.core.memory import MASK_BYTES
from tempstudio.core.partition import BACKWARD, Collective, Phase, Stream, Work
from tempstudio.core.workload import Operator
from tempstudio.strategies.partitioners.redistribution import COLUMNS, ROWS
from tempstudio.strategies.partitioners.shares import Shares

FLASH_BACKWARD = 2.5  # five products backward, two forward: scores are computed again


@dataclass(frozen=True)
class Extent:
    """What one die works on: `rows` queries of whole or part sequences, in `heads` heads."""

    rows: int
    heads: int
    kv_heads: int


def attention_phases(operator: Operator, layout: str, shares: Shares, pass_: str) -> list[Phase]:
    """Attention over whole sequences, or with keys and values streaming (ring attention)."""
    extent = _extent(operator, layout, shares)
    before, stream = _key_value_stream(operator, layout, shares, pass_)
    if stream is None:
        works = (
            (_one_kernel(operator, extent, shares, pass_),)
            if shares.job.flash_attention
            else _kernels(operator, extent, shares, pass_)
        )
        return [*before, *(Phase(operator.name, pass_, work, layout=layout) for work in works)]
    phases = [
        *before,
        Phase(
            operator.name,
            pass_,
            _one_kernel(operator, extent, shares, pass_),
            stream,
            role="K",
            tensor="keys and values",
            layout=layout,
        ),
    ]
    if pass_ == BACKWARD:
        back = Stream(stream.axis, stream.chunk_bytes, reverse=True)
        phases.append(
            Phase(
                operator.name,
                pass_,
                Work(),
                back,
                role="K",
                tensor="key and value gradients",
                layout=layout,
            )
        )
    return phases


def _extent(operator: Operator, layout: str, shares: Shares) -> Extent:
    degrees = shares.degrees
    heads, kv_heads = operator.heads // degrees.tp, math.ceil(operator.kv_heads / degrees.tp)
    if layout != COLUMNS:
        return Extent(shares.rows, heads, kv_heads)
    per_die = math.ceil(kv_heads / degrees.stream)
    return Extent(shares.tokens, per_die * max(1, heads // kv_heads), per_die)


def _one_kernel(operator: Operator, extent: Extent, shares: Shares, pass_: str) -> Work:
    """All of attention at once; without flash the scores still pass through memory."""
    job, element = shares.job, shares.element
    width = operator.head_dim + operator.value_dim
    flop = 2.0 * extent.rows * job.seq_len * extent.heads * width
    factor = (FLASH_BACKWARD if job.flash_attention else 2.0) if pass_ == BACKWARD else 1.0
    factor *= 0.5 if job.causal_halving else 1.0
    moved = float(extent.rows * (extent.heads + extent.kv_heads) * width * element)
    moved *= 2.0 if pass_ == BACKWARD else 1.0
    if not job.flash_attention:
        moved += sum(_score_traffic(operator, extent, shares, pass_))
    return Work(
        flop=flop * factor,
        flop_total=operator.flop(shares.all_tokens, job.seq_len) * factor,
        hbm_bytes=moved,
        hbm_bytes_total=moved * _dies(shares),
        tile_shape=(_queries(extent, shares), operator.head_dim, job.seq_len),
        products=_products(extent, shares),
    )


def _kernels(operator: Operator, extent: Extent, shares: Shares, pass_: str) -> tuple[Work, ...]:
    """Products and what lies between them, in the order in which they run."""
    first, between, last = _score_traffic(operator, extent, shares, pass_)
    queries, keys = _queries(extent, shares), shares.job.seq_len
    scores, values = operator.head_dim, operator.value_dim
    middle = _moving(between, shares)
    if pass_ != BACKWARD:
        return (
            _product(operator, extent, shares, scores, (queries, scores, keys), first, first),
            middle,
            _product(operator, extent, shares, values, (queries, keys, values), last, 0.0),
        )
    return (
        _product(operator, extent, shares, values, (keys, queries, values), first / 2, 0.0),
        _product(operator, extent, shares, values, (queries, values, keys), first / 2, first / 2),
        middle,
        _product(operator, extent, shares, scores, (queries, keys, scores), last / 2, 0.0),
        _product(operator, extent, shares, scores, (keys, queries, scores), last / 2, 0.0),
    )


def _score_traffic(
    operator: Operator, extent: Extent, shares: Shares, pass_: str
) -> tuple[float, float, float]:
    """Bytes of scores that the first products, what lies between, and the last products move.

    Forward: written; softmax reads and writes, dropout too and a mask; read.  Backward: the dropped
    scores are read for the values' gradient and their own is written; dropout and softmax go back
    (the latter reads its output as well); the gradient is read for the queries' and the keys'.
    """
    scores = float(extent.rows * shares.job.seq_len * extent.heads)
    element = shares.element
    dropout = 2 * element + MASK_BYTES if "dropout" in operator.function else 0
    if pass_ != BACKWARD:
        return scores * element, scores * (2 * element + dropout), scores * element
    return 2 * scores * element, scores * (3 * element + dropout), 2 * scores * element


def _product(
    operator: Operator,
    extent: Extent,
    shares: Shares,
    width: int,
    shape: tuple[int, int, int],
    score_bytes: float,
    written: float,
) -> Work:
    """One product per head and sequence with `width` features of queries and keys, or values.

    It moves `score_bytes`, of which it writes `written`; where that is 0 it writes features.
    """
    job, element = shares.job, shares.element
    factor = 0.5 if job.causal_halving else 1.0
    share = width / (operator.head_dim + operator.value_dim)
    features = extent.rows * extent.heads * width * element
    moved = score_bytes + features + extent.rows * extent.kv_heads * width * element
    return Work(
        flop=2.0 * extent.rows * job.seq_len * extent.heads * width * factor,
        flop_total=operator.flop(shares.all_tokens, job.seq_len) * share * factor,
        hbm_bytes=moved,
        hbm_bytes_total=moved * _dies(shares),
        tile_shape=shape,
        products=_products(extent, shares),
        output_bytes=written or float(features),
    )


def _moving(moved: float, shares: Shares) -> Work:
    return Work(hbm_bytes=moved, hbm_bytes_total=moved * _dies(shares))


def _queries(extent: Extent, shares: Shares) -> int:
    """Rows of one product: those of one sequence."""
    return max(1, min(extent.rows, shares.job.seq_len))


def _products(extent: Extent, shares: Shares) -> int:
    """Products at once: every head of every sequence."""
    return extent.heads * max(1, extent.rows // shares.job.seq_len)


def _dies(shares: Shares) -> int:
    return shares.degrees.size // shares.degrees.pp


def _key_value_stream(
    operator: Operator, layout: str, shares: Shares, pass_: str
) -> tuple[list[Phase], Stream | None]:
    """What keys and values stream among: dies that share a sequence, or the pieces of sp."""
    degrees = shares.degrees
    width = math.ceil(operator.kv_heads / degrees.tp) * (operator.head_dim + operator.value_dim)
    shared = shares.sequence_dies if layout == ROWS else 1
    own = float(shares.rows * width * shares.element)
    if degrees.sp == 1:
        return ([], Stream(shares.axis("sequence"), (own,) * shared)) if shared > 1 else ([], None)
    if layout == COLUMNS:
        heads = math.ceil(math.ceil(operator.kv_heads / degrees.tp) / degrees.stream)
        per_token = heads * (operator.head_dim + operator.value_dim) * shares.element
        return [], Stream("sp", (float(shares.tokens * per_token),) * degrees.sp)
    before = []
    if shared > 1:
        own *= degrees.stream
        gather = Collective("all-gather", (shares.axis("stream"),), own)
        before = [
            Phase(
                operator.name,
                pass_,
                collective=gather,
                role="K",
                tensor="keys and values",
                buffer_bytes=own,
            )
        ]
    return before, Stream("sp", (own,) * degrees.sp)
