"""What data parallelism and ZeRO add: gradient reduction, weight gathering, the optimizer."""

from __future__ import annotations

import math

from tempstudio.core.partition import BACKWARD, OPTIMIZER, Collective, Phase, Segment, Work
from tempstudio.core.workload import Block, Operator
from tempstudio.strategies.partitioners.shares import Shares

GRADIENT_PASSES = 5


def shard_axes(operator: Operator, shares: Shares) -> tuple[str, ...]:
    """Axes over which an operator's weights are equal: dp and sp, without ep for experts."""
    data = "replica" if operator.kind == "experts" and shares.degrees.ep > 1 else "dp"
    sizes = {"dp": shares.degrees.dp, "replica": shares.degrees.dp // shares.degrees.ep}
    axes = (data,) if sizes[data] > 1 else ()
    return (*axes, "sp") if shares.degrees.sp > 1 else axes


def own_parameters(operator: Operator, shares: Shares) -> float:
    """Parameters of one operator that a rank of the tp x stream group stands for."""
    group = shares.degrees.tp * shares.degrees.stream
    experts = shares.degrees.ep if operator.kind == "experts" else 1
    return operator.parameters / group / experts


def gathers(block: Block, shares: Shares, pass_: str) -> tuple[Phase, ...]:
    """ZeRO-3: each operator's weights gathered over dp x sp, once a pass and micro-batch.

    Those of norms are so small that they travel with the next operator's.
    """
    if shares.degrees.zero < 3:
        return ()
    found = []
    waiting = 0.0
    last = [operator for operator in block.operators if operator.parameters][-1:]
    for operator in block.operators:
        if not operator.parameters or not shard_axes(operator, shares):
            continue
        waiting += own_parameters(operator, shares)
        if operator.kind != "norm" or operator in last:
            size = waiting * shares.element
            found.append(_exchange(operator, shares, pass_, "all-gather", size, "W", "weight"))
            waiting = 0.0
    return tuple(found)


def reductions(block: Block, shares: Shares, last: bool) -> tuple[Phase, ...]:
    """Gradients reduced over dp x sp: after the last micro-batch, after each one from ZeRO-2 on."""
    zero = shares.degrees.zero
    if not last and zero < 2:
        return ()
    op = "reduce-scatter" if zero >= 1 else "all-reduce"
    found = [
        _exchange(
            operator,
            shares,
            BACKWARD,
            op,
            own_parameters(operator, shares) * shares.job.gradient_bytes,
            "G",
            "gradient",
        )
        for operator in reversed(block.operators)
        if operator.parameters and shard_axes(operator, shares)
    ]
    norms = sum(op_.parameters for op_ in block.operators if op_.kind == "norm")
    if last and norms and shares.degrees.tp * shares.degrees.stream > 1:
        axes = tuple(axis for axis in ("tp", "stream") if getattr(shares.degrees, axis) > 1)
        size = float(norms * shares.job.gradient_bytes)
        found.append(
            Phase(
                f"{block.name} norms",
                BACKWARD,
                role="G",
                tensor="norm gradients",
                collective=Collective("all-reduce", axes, size),
            )
        )
    return tuple(found)


def late_reductions(blocks: tuple[tuple[Block, int], ...], shares: Shares) -> tuple[Phase, ...]:
    """The gradient reduction after the last backward, where nothing hides it: one for each op."""
    if shares.rules.hide_gradients or shares.degrees.zero >= 2:
        return ()
    sizes: dict[tuple[str, tuple[str, ...]], float] = {}
    for block, repeat in blocks:
        for phase in reductions(block, shares, last=True):
            assert phase.collective is not None
            key = phase.collective.op, phase.collective.axes
            sizes[key] = sizes.get(key, 0.0) + repeat * phase.collective.bytes
    return tuple(
        Phase(
            "optimizer",
            OPTIMIZER,
            collective=Collective(op, axes, size),
            role="G",
            tensor="gradients",
        )
        for (op, axes), size in sizes.items()
    )


def optimizer_segment(blocks: tuple[tuple[Block, int], ...], shares: Shares) -> Segment:
    """The update: every state is read and written once; ZeRO-1 and 2 then gather the weights.

    In 32 bit the weights are read once more to be rounded; a gradient is read for its norm, clipped
    (read, written), used, and zeroed for the next step.
    """
    degrees, job = shares.degrees, shares.job
    before = late_reductions(blocks, shares)
    own = _own_by_axes(blocks, shares)
    sharded = degrees.zero >= 1
    updated = sum(size / (_ways(axes, shares) if sharded else 1) for axes, size in own.items())
    per_parameter = 2.0 * (job.weight_bytes + job.optimizer_bytes)
    per_parameter += GRADIENT_PASSES * job.gradient_bytes
    moved = updated * per_parameter
    dies = degrees.sp * degrees.block  # of a replica
    update = Phase("optimizer", OPTIMIZER, Work(hbm_bytes=moved, hbm_bytes_total=moved * dies))
    gathered = [
        Phase(
            "optimizer",
            OPTIMIZER,
            collective=Collective("all-gather", axes, size * job.weight_bytes),
            role="W",
            tensor="weights",
        )
        for axes, size in own.items()
        if degrees.zero in (1, 2) and axes
    ]
    return Segment("optimizer", OPTIMIZER, (*before, update, *gathered))


def _own_by_axes(
    blocks: tuple[tuple[Block, int], ...], shares: Shares
) -> dict[tuple[str, ...], float]:
    """Parameters that a rank stands for, by the axes along which others hold the same."""
    own: dict[tuple[str, ...], float] = {}
    for block, repeat in blocks:
        for operator in block.operators:
            if operator.parameters:
                axes = shard_axes(operator, shares)
                own[axes] = own.get(axes, 0.0) + repeat * own_parameters(operator, shares)
    return own


def _ways(axes: tuple[str, ...], shares: Shares) -> int:
    """How many ranks lie along these axes."""
    degrees = shares.degrees
    sizes = {"dp": degrees.dp, "replica": degrees.dp // degrees.ep, "sp": degrees.sp}
    return math.prod(sizes[axis] for axis in axes)


def _exchange(
    operator: Operator,
    shares: Shares,
    pass_: str,
    op: str,
    size: float,
    role: str,
    tensor: str,
) -> Phase:
    algorithm = shares.rules.shard_algorithm
    return Phase(
        operator.name,
        pass_,
        collective=Collective(op, shard_axes(operator, shares), size, algorithm),
        role=role,
        tensor=tensor,
        buffer_bytes=size if op == "all-gather" else 0.0,
    )
