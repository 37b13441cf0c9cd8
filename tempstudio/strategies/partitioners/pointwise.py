"""Phases of everything that is no matrix product: attention, norms, lookups, the loss."""

from __future__ import annotations

import math

from tempstudio.core.memory import LOGIT_BYTES
from tempstudio.core.partition import BACKWARD, FORWARD, Collective, Phase, Stream, Work
from tempstudio.core.workload import Operator
from tempstudio.strategies.partitioners.layouts import COLUMNS, ROWS
from tempstudio.strategies.partitioners.shares import Shares

SCORE_PASSES = 4  # scores are written by the product, read and written by softmax, read again


def attention_phases(operator: Operator, layout: str, shares: Shares, pass_: str) -> list[Phase]:
    """Attention over whole sequences, or with keys and values streaming (ring attention)."""
    work = _attention_work(operator, layout, shares, pass_)
    before, stream = _key_value_stream(operator, layout, shares, pass_)
    if stream is None:
        return [*before, Phase(operator.name, pass_, work, layout=layout)]
    phases = [
        *before,
        Phase(
            operator.name, pass_, work, stream, role="K", tensor="keys and values", layout=layout
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


def _attention_work(operator: Operator, layout: str, shares: Shares, pass_: str) -> Work:
    degrees, job = shares.degrees, shares.job
    heads, kv_heads = operator.heads // degrees.tp, math.ceil(operator.kv_heads / degrees.tp)
    rows = shares.rows
    if layout == COLUMNS:
        rows = shares.tokens
        heads = math.ceil(kv_heads / degrees.stream) * max(1, heads // kv_heads)
        kv_heads = math.ceil(kv_heads / degrees.stream)
    width = operator.head_dim + operator.value_dim
    flop = 2.0 * rows * job.seq_len * heads * width
    total = operator.flop(shares.all_tokens, job.seq_len)
    factor = {BACKWARD: 2.5 if job.flash_attention else 2.0}.get(pass_, 1.0)
    if job.causal_halving:
        factor /= 2.0
    operands = rows * (heads * width + kv_heads * width)
    scores = 0 if job.flash_attention else SCORE_PASSES * rows * job.seq_len * heads
    moved = (operands + scores) * shares.element * (2.0 if pass_ == BACKWARD else 1.0)
    per_sequence = max(1, min(rows, job.seq_len))
    return Work(
        flop=flop * factor,
        flop_total=total * factor,
        hbm_bytes=moved,
        hbm_bytes_total=moved * degrees.size / degrees.pp,
        tile_shape=(per_sequence, operator.head_dim, job.seq_len),
    )


def _key_value_stream(
    operator: Operator, layout: str, shares: Shares, pass_: str
) -> tuple[list[Phase], Stream | None]:
    """What keys and values stream among: dies that share a sequence, or the pieces of sp."""
    degrees = shares.degrees
    width = math.ceil(operator.kv_heads / degrees.tp) * (operator.head_dim + operator.value_dim)
    shared = shares.sequence_dies if layout == ROWS else 1
    own = float(shares.rows * width * shares.element)
    if degrees.sp == 1:
        return ([], Stream("sequence", (own,) * shared)) if shared > 1 else ([], None)
    if layout == COLUMNS:
        heads = math.ceil(math.ceil(operator.kv_heads / degrees.tp) / degrees.stream)
        per_token = heads * (operator.head_dim + operator.value_dim) * shares.element
        return [], Stream("sp", (float(shares.tokens * per_token),) * degrees.sp)
    before = []
    if shared > 1:
        own *= degrees.stream
        gather = Collective("all-gather", ("stream",), own)
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


def memory_phase(operator: Operator, inside: bool, shares: Shares, pass_: str) -> list[Phase]:
    """A norm or elementwise operator: its time is reading and writing activations."""
    tensors = len(operator.inputs) + 1
    if operator.function.endswith("gate"):
        tensors += 1  # gate and up arrive as one fused tensor of twice the width
    if pass_ == BACKWARD:
        tensors += 0 if operator.function.endswith("add") else 1
    tokens = shares.rows * shares.degrees.stream
    elements = tokens * operator.out_features * tensors
    parts = shares.parts.inside if inside else shares.parts.outside
    return [_moving(operator, elements * shares.element / parts, shares, pass_)]


def embedding_phases(operator: Operator, shares: Shares, pass_: str) -> list[Phase]:
    """A lookup in tables split by vocabulary: rows of hidden values come by all-to-all."""
    size = float(shares.norm_rows * operator.out_features * shares.element)
    whole = float(shares.rows * operator.out_features * shares.element)
    phases = [_moving(operator, 2.0 * size, shares, pass_)]
    if shares.degrees.stream > 1:
        axes = ("tp", "stream") if shares.degrees.tp > 1 else ("stream",)
        exchange = Collective("all-to-all", axes, size)
    elif shares.degrees.tp > 1 and not shares.rules.split_norms:
        if pass_ == BACKWARD:
            return phases
        exchange = Collective("all-reduce", ("tp",), whole)
    elif shares.degrees.tp > 1:
        op = "all-gather" if pass_ == BACKWARD else "reduce-scatter"
        exchange = Collective(op, ("tp",), whole)
    else:
        return phases
    return [
        *phases,
        Phase(operator.name, pass_, collective=exchange, role="C", tensor="embeddings"),
    ]


def loss_phases(operator: Operator, shares: Shares, pass_: str) -> list[Phase]:
    """Softmax and cross-entropy over logits that are split by vocabulary."""
    tokens = shares.rows * shares.degrees.stream
    logits = tokens * operator.in_features * LOGIT_BYTES / shares.parts.inside
    phases = [_moving(operator, 3.0 * logits, shares, pass_)]
    if shares.degrees.tp > 1 and pass_ == FORWARD:
        sums = Collective("all-reduce", ("tp",), float(shares.rows * 3 * LOGIT_BYTES))
        phases.append(Phase(operator.name, pass_, collective=sums, role="C", tensor="softmax sums"))
    return phases


def _moving(operator: Operator, moved: float, shares: Shares, pass_: str) -> Phase:
    dies = shares.degrees.size // shares.degrees.pp
    work = Work(hbm_bytes=moved, hbm_bytes_total=moved * dies)
    return Phase(operator.name, pass_, work)
