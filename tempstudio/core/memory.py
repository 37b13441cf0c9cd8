"""What a die holds: activations kept for the backward pass, and model states (SPEC 6).

Activations are derived tensor by tensor: an operator keeps the inputs its backward needs, each
tensor counts once, and where it lies decides how it is divided.  For a GPT layer the sum is
s b h (34 + 5 a s / h) bytes at 16 bit, and Korthikanti et al. 2022 (arXiv:2205.05198), Table 2,
under Megatron's splits; gated MLPs, grouped-query heads and flash attention follow from the same
rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tempstudio.core.parallel import Degrees
from tempstudio.core.workload import Block, Operator, TrainingJob

MASK_BYTES = 1  # a dropout mask element
BETWEEN = ("attention", "elementwise", "loss")  # they keep the split of what they read
LOGIT_BYTES = 4  # the loss keeps its logits in 32 bit


@dataclass(frozen=True)
class Division:
    """How tensors are divided: `inside` the tensor-parallel region and `outside` it.

    `tp` tells apart two ways to cut the same block of ranks.
    """

    inside: float
    outside: float
    tp: int = 1


def division(degrees: Degrees, split_norms: bool) -> Division:
    """Parts into which one group's tensors are cut.

    Inside a column/row pair of Megatron's a tensor is cut by tp x stream; outside, in the norm
    regions, by stream, and by tp as well where these are split along the sequence.
    """
    inside = degrees.tp * degrees.stream
    return Division(inside, inside if split_norms else degrees.stream, degrees.tp)


def inside_tensors(block: Block) -> frozenset[str]:
    """Names of the operators whose output lies between a column and a row operator."""
    inside: set[str] = set()
    for operator in block.operators:
        between = operator.role != "row" and operator.kind in BETWEEN
        if operator.role == "column" or (between and inside & {*operator.inputs[:1]}):
            inside.add(operator.name)
    return frozenset(inside)


def activation_bytes(
    block: Block,
    tokens: float,
    job: TrainingJob,
    parts: Division,
    hidden: int,
    own: Mapping[str, Division] | None = None,
) -> float:
    """Bytes that one copy of a block keeps per die for its backward, without recomputation.

    `tokens` are those of one tensor-parallel x stream group; `hidden` the residual stream's width.
    Operators in `own` are divided in their own way; a tensor that two operators want in different
    layouts is kept in both.
    """
    inside = inside_tensors(block)
    widths = tensor_widths(block, hidden)
    kept: set[tuple[str, Division]] = set()
    total = 0.0
    for operator in block.operators:
        mine = own.get(operator.name, parts) if own else parts
        for name in _kept_inputs(operator):
            if (name, mine) not in kept:
                kept.add((name, mine))
                size = LOGIT_BYTES if operator.kind == "loss" else job.bytes_per_element
                total += tokens * widths[name] * size / _parts(name in inside, mine)
        total += _own_bytes(operator, tokens, job, mine)
    return total


def score_bytes(operator: Operator, tokens: float, job: TrainingJob, parts: Division) -> float:
    """Bytes of attention scores kept per die: softmax output, and dropout's mask and output."""
    if operator.kind != "attention" or job.flash_attention:
        return 0.0
    per_score = float(job.bytes_per_element)
    if "dropout" in operator.function:
        per_score += job.bytes_per_element + MASK_BYTES
    return per_score * operator.heads * job.seq_len * tokens / parts.inside


def _own_bytes(operator: Operator, tokens: float, job: TrainingJob, parts: Division) -> float:
    if operator.kind == "attention":
        return 0.0 if job.recompute != "none" else score_bytes(operator, tokens, job, parts)
    if operator.kind == "elementwise" and "dropout" in operator.function:
        return tokens * operator.out_features * MASK_BYTES / parts.outside
    return 0.0


def _kept_inputs(operator: Operator) -> tuple[str, ...]:
    """Inputs whose values the backward needs; an addition needs none."""
    if operator.kind == "embedding":
        return ()
    if operator.kind == "elementwise" and operator.function.endswith("add"):
        return ()
    return operator.inputs


def _parts(is_inside: bool, parts: Division) -> float:
    return parts.inside if is_inside else parts.outside


def tensor_widths(block: Block, hidden: int) -> dict[str, int]:
    """Elements a token has in each tensor of the block."""
    widths = {"input": hidden}
    for operator in block.operators:
        if operator.kind == "attention":
            widths[operator.name] = operator.heads * operator.value_dim
        elif operator.kind == "experts":
            widths[operator.name] = operator.out_features * operator.active_experts
        else:
            widths[operator.name] = operator.out_features or operator.in_features
    return widths


def state_bytes(
    parameters: float, degrees: Degrees, job: TrainingJob, replicas: int = 0
) -> tuple[float, float, float]:
    """(weights, gradients, optimizer) bytes per die of a stage with these parameters (SPEC 3).

    `replicas` is how many ranks hold the same parameters, which is how many ways ZeRO may shard
    them: dp x sp unless told (experts that are spread over ep ranks have fewer).

    >>> state_bytes(1e9, Degrees(tp=2, dp=4, zero=1), TrainingJob())
    (1000000000.0, 1000000000.0, 1500000000.0)
    """
    own = parameters / (degrees.tp * degrees.stream)
    ways = replicas or degrees.shards
    shards = [ways if degrees.zero >= level else 1 for level in (3, 2, 1)]
    return (
        own * job.weight_bytes / shards[0],
        own * job.gradient_bytes / shards[1],
        own * job.optimizer_bytes / shards[2],
    )
