"""The sizes of one die's share, and the rules a partitioner cuts by."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from tempstudio.core.errors import InputError
from tempstudio.core.machine import Machine
from tempstudio.core.memory import Division, division, inside_tensors
from tempstudio.core.parallel import Degrees, OperatorDegrees, own_axis
from tempstudio.core.workload import Block, TrainingJob, Workload


@dataclass(frozen=True)
class Rules:
    """What tells the built-in partitioners apart.

    `split_norms` splits the norm regions along the sequence inside the tensor-parallel group
    (Megatron's sequence parallelism), `tensor` and `stream` allow these axes, `least_zero` is the
    least ZeRO level. `layout` is "auto", "weight" (every operator streams its weight) or
    "input-output". `hide_tensor` runs a column operator's backward collectives beside its products,
    `hide_gradients` the gradient reduction beside the last backward; `scatter_gather` sends each
    activation between stages once and gathers it inside the next tensor-parallel group.
    `overlap_sends` goes on computing while an activation is on its way to the next stage;
    `row_shares` are "even", in proportion to the core "yield", or "auto", whichever is faster.
    `fused_accumulation` adds a weight's gradient inside its product's kernel; `shard_algorithm`
    names the collective that gathers ZeRO-3's weights and reduces its gradients, `tensor_algorithm`
    that of a tensor-parallel group's activations, "" the best.
    """

    name: str
    split_norms: bool = True
    tensor: bool = True
    stream: bool = False
    least_zero: int = 0
    layout: str = "auto"
    hide_tensor: bool = True
    hide_gradients: bool = True
    scatter_gather: bool = True
    overlap_sends: bool = True
    row_shares: str = "even"
    fused_accumulation: bool = True
    shard_algorithm: str = ""
    tensor_algorithm: str = ""


@dataclass(frozen=True)
class Shares:
    """Largest shares of one micro-batch, of a tp x stream group and of one die of it.

    `whole` are the plan's degrees where an operator has tp and stream of its own.
    """

    job: TrainingJob
    degrees: Degrees
    rules: Rules
    sequences: int
    hidden: int
    whole: Degrees | None = None

    def axis(self, name: str) -> str:
        """The name of the groups along `tp`, `stream` or `sequence`."""
        return own_axis(name, self.degrees, self.whole) if self.whole else name

    @cached_property
    def tokens(self) -> int:
        """Tokens that one tensor-parallel x stream group works on."""
        return self.sequences * math.ceil(self.job.seq_len / self.degrees.sp)

    @cached_property
    def rows(self) -> int:
        """Rows of one die in row layout."""
        return math.ceil(self.tokens / self.degrees.stream)

    @cached_property
    def norm_rows(self) -> int:
        """Rows of one die in the norm regions."""
        return math.ceil(self.rows / self.degrees.tp) if self.rules.split_norms else self.rows

    @cached_property
    def all_tokens(self) -> int:
        """Tokens of one micro-batch over all replicas."""
        return self.degrees.dp * self.sequences * self.job.seq_len

    @cached_property
    def replicas(self) -> int:
        """Groups of tp x stream dies in a stage."""
        return self.degrees.dp * self.degrees.sp

    @cached_property
    def parts(self) -> Division:
        """How activations are divided over a group."""
        return division(self.degrees, self.rules.split_norms)

    @cached_property
    def sequence_dies(self) -> int:
        """Dies of a stream group that share a sequence in row layout (1: whole sequences)."""
        stream = self.degrees.stream
        if self.sequences % stream == 0:
            return 1
        return stream // self.sequences if stream % self.sequences == 0 else stream

    @property
    def element(self) -> int:
        """Bytes of an activation or a weight in compute."""
        return self.job.bytes_per_element


@lru_cache(maxsize=1024)
def operator_shares(block: Block, shares: Shares) -> dict[str, Shares]:
    """The shares of every operator of a block: those of the plan, or by degrees of its own.

    What lies between two products (not attention) and has no degrees of its own is left as what it
    reads.
    """
    whole = shares.degrees
    inside = inside_tensors(block)
    named = {own.name for own in whole.operators}
    found: dict[str, Shares] = {}
    for operator in block.operators:
        first = operator.inputs[0] if operator.inputs else "input"
        follows = operator.kind in ("elementwise", "loss") and first in inside and first in found
        if follows and operator.name not in named:
            found[operator.name] = found[first]
            continue
        own = whole.of(operator.name)
        same = (own.tp, own.stream) == (whole.tp, whole.stream)
        found[operator.name] = shares if same else replace(shares, degrees=own, whole=whole)
    return found


def check_degrees(
    workload: Workload,
    machine: Machine,
    job: TrainingJob,
    degrees: Degrees,
    rules: Rules,
    global_batch: int,
) -> None:
    """Raise `InputError` with what is allowed where the degrees are not legal (SPEC 3)."""
    alive = machine.alive_count
    if degrees.size > alive:
        raise InputError(
            f"parallel: pp {degrees.pp} x dp {degrees.dp} x sp {degrees.sp} x tp {degrees.tp} x "
            f"stream {degrees.stream} = {degrees.size}, allowed: at most the {alive} working dies"
        )
    limits = [
        ("pp", degrees.pp * degrees.interleave, workload.layers, "the model's layers"),
        ("dp", degrees.dp, global_batch, "the global batch"),
        ("sp", degrees.sp, job.seq_len, "the sequence length"),
    ]
    for axis, value, most, what in limits:
        if value > most:
            raise InputError(f"parallel.{axis}: found {value}, allowed: at most {most} ({what})")
    if degrees.pp < machine.wafers:
        raise InputError(
            f"parallel.pp: found {degrees.pp}, allowed: at least the {machine.wafers} wafers"
        )
    if degrees.interleave > 1 and degrees.pp == 1:
        raise InputError(
            f"parallel.interleave: found {degrees.interleave}, allowed: 1 where pp is 1"
        )
    _check_tensor(workload, degrees, rules)
    if degrees.zero < rules.least_zero:
        raise InputError(
            f"parallel.zero: found {degrees.zero}, allowed with {rules.name}: {rules.least_zero}"
        )
    _check_experts(workload, degrees)


def _check_tensor(workload: Workload, degrees: Degrees, rules: Rules) -> None:
    _check_operators(workload, degrees)
    cuts = [("parallel", degrees.tp, degrees.stream)]
    cuts += [(f"parallel.operators.{own.name}", own.tp, own.stream) for own in degrees.operators]
    for where, tp, stream in cuts:
        if tp > 1 and not rules.tensor:
            raise InputError(f"{where}.tp: found {tp}, allowed with {rules.name}: 1")
        if stream > 1 and not rules.stream:
            raise InputError(f"{where}.stream: found {stream}, allowed with {rules.name}: 1")
    own_names = {own.name for own in degrees.operators}
    for operator in (op for block in workload.blocks for op in block.operators if op.heads):
        tp = degrees.of(operator.name).tp
        if operator.heads % tp:
            where = f".operators.{operator.name}" if operator.name in own_names else ""
            allowed = [t for t in range(1, operator.heads + 1) if operator.heads % t == 0]
            raise InputError(
                f"parallel{where}.tp: found {tp}, allowed: divisors of the {operator.heads} "
                f"attention heads ({', '.join(map(str, allowed))})"
            )


def _check_operators(workload: Workload, degrees: Degrees) -> None:
    """Every operator with degrees of its own exists, once, and fills the same block of ranks."""
    known = {op.name: op for block in workload.blocks for op in block.operators}
    seen: set[str] = set()
    for own in degrees.operators:
        where = f"parallel.operators.{own.name}"
        if own.name not in known:
            raise InputError(f"parallel.operators: found {own.name!r}, allowed: {', '.join(known)}")
        if own.name in seen:
            raise InputError(f"{where}: given twice")
        seen.add(own.name)
        if own.tp * own.stream != degrees.block:
            raise InputError(
                f"{where}: found tp {own.tp} x stream {own.stream} = {own.tp * own.stream}, "
                f"allowed: the plan's tp {degrees.tp} x stream {degrees.stream} = {degrees.block}"
            )
        _check_layout(own, known[own.name].kind, where)


def _check_layout(own: OperatorDegrees, kind: str, where: str) -> None:
    if not own.layout:
        return
    if kind not in ("linear", "experts", "router"):
        raise InputError(f"{where}.layout: found {own.layout!r}, allowed: none ({kind})")
    if own.stream == 1:
        raise InputError(f"{where}.layout: found {own.layout!r}, allowed: none at stream 1")


def _check_experts(workload: Workload, degrees: Degrees) -> None:
    experts = {op.experts for block in workload.blocks for op in block.operators} - {1}
    if degrees.ep == 1:
        return
    if not experts:
        raise InputError(f"parallel.ep: found {degrees.ep}, allowed: 1 (the model has no experts)")
    if degrees.dp % degrees.ep or any(count % degrees.ep for count in experts):
        raise InputError(
            f"parallel.ep: found {degrees.ep}, allowed: divisors of dp ({degrees.dp}) and of the "
            f"experts ({', '.join(map(str, sorted(experts)))})"
        )
