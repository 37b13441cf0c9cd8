"""Phases of what is neither matrix product nor attention: norms, sums, lookups, the loss."""

from __future__ import annotations

from tempstudio.core.memory import LOGIT_BYTES, MASK_BYTES
from tempstudio.core.partition import BACKWARD, FORWARD, Collective, Phase, Work
from tempstudio.core.workload import Operator
from tempstudio.strategies.partitioners.shares import Shares

NORM_BACKWARD = 5  # reads input and gradient for either gradient, writes the input's
FORK = 3  # where the residual stream forks, two gradients are read and their sum written


def memory_phase(operator: Operator, inside: bool, shares: Shares, pass_: str) -> list[Phase]:
    """A norm or elementwise operator: its time is reading and writing activations."""
    tokens = shares.rows * shares.degrees.stream
    parts = shares.parts.inside if inside else shares.parts.outside
    elements = tokens * operator.out_features / parts
    per_element = float(_tensors(operator, pass_) * shares.element)
    if "dropout" in operator.function:
        per_element += MASK_BYTES
    return [_moving(operator, elements * per_element, shares, pass_)]


def _tensors(operator: Operator, pass_: str) -> int:
    """Tensors of the output's width that are read or written."""
    function = operator.function
    if function.endswith("add"):
        # Backward a sum passes its gradient on; only through a dropout mask it is written anew.
        if pass_ != BACKWARD:
            return len(operator.inputs) + 1
        return FORK + (2 if "dropout" in function else 0)
    if operator.kind == "norm":
        return NORM_BACKWARD if pass_ == BACKWARD else 2
    tensors = len(operator.inputs) + 1
    if function.endswith("gate"):
        tensors += 1  # gate and up arrive as one fused tensor of twice the width
    return 2 * tensors - 1 if pass_ == BACKWARD else tensors


def embedding_phases(operator: Operator, shares: Shares, pass_: str) -> list[Phase]:
    """A lookup in tables split by vocabulary: rows of hidden values come by all-to-all."""
    size = float(shares.norm_rows * operator.out_features * shares.element)
    whole = float(shares.rows * operator.out_features * shares.element)
    phases = [_moving(operator, 2.0 * size, shares, pass_)]
    tp = shares.axis("tp")
    if shares.degrees.stream > 1:
        stream = shares.axis("stream")
        axes = (tp, stream) if shares.degrees.tp > 1 else (stream,)
        exchange = Collective("all-to-all", axes, size)
    elif shares.degrees.tp > 1 and not shares.rules.split_norms:
        if pass_ == BACKWARD:
            return phases
        exchange = Collective("all-reduce", (tp,), whole)
    elif shares.degrees.tp > 1:
        op = "all-gather" if pass_ == BACKWARD else "reduce-scatter"
        exchange = Collective(op, (tp,), whole)
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
        size = float(shares.rows * 3 * LOGIT_BYTES)
        sums = Collective("all-reduce", (shares.axis("tp"),), size)
        phases.append(Phase(operator.name, pass_, collective=sums, role="C", tensor="softmax sums"))
    return phases


def _moving(operator: Operator, moved: float, shares: Shares, pass_: str) -> Phase:
    dies = shares.degrees.size // shares.degrees.pp
    work = Work(hbm_bytes=moved, hbm_bytes_total=moved * dies)
    return Phase(operator.name, pass_, work)
