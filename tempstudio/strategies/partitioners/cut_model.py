"""A model cut by some degrees: what partitions that differ elsewhere share, as the same objects.

Phases of the passes hang on how a replica is cut and on its micro-batch; what shards states hangs
on dp, sp and ZeRO, not on the micro-batch.  Both are kept for a while, so that the thousands of
genomes of a search are put together from them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from tempstudio.core.errors import InputError
from tempstudio.core.machine import Machine
from tempstudio.core.memory import state_bytes
from tempstudio.core.parallel import Degrees, share_sizes
from tempstudio.core.partition import BACKWARD, FORWARD, RECOMPUTE, OperatorChoice, Phase, Segment
from tempstudio.core.row_shares import EVEN, FOLLOW
from tempstudio.core.workload import Block, TrainingJob, Workload
from tempstudio.strategies.partitioners.passes import CutBlock
from tempstudio.strategies.partitioners.redistribution import ROWS
from tempstudio.strategies.partitioners.sharding import gathers, optimizer_segment, reductions
from tempstudio.strategies.partitioners.shares import Rules, Shares, check_degrees


@dataclass(frozen=True, eq=False)
class Runs:
    """Blocks of a model chunk and how often it repeats each, in order; kept by what it is."""

    blocks: tuple[tuple[Block, int], ...]


@dataclass(frozen=True, eq=False)
class Passes:
    """The segments of a model chunk's blocks in each pass."""

    forward: tuple[Segment, ...]
    backward: tuple[Segment, ...]
    backward_last: tuple[Segment, ...]


@dataclass(frozen=True, eq=False)
class Sharding:
    """What dp, sp and a ZeRO level add to a model's passes, and the states that are left.

    `replica` are the degrees of one replica in one stage, without ZeRO.
    """

    shares: Shares
    replica: Degrees
    _found: dict[object, tuple[Phase, ...]] = field(default_factory=dict, repr=False)
    _ends: dict[Runs, tuple[Segment, tuple[float, float, float]]] = field(
        default_factory=dict, repr=False
    )

    def gathers(self, block: Block, pass_: str) -> tuple[Phase, ...]:
        """ZeRO-3's gathers of a pass; backward with those of what is computed again (RECOMPUTE)."""
        key = block, pass_
        if key not in self._found:
            found = gathers(block, self.shares, pass_)
            if pass_ == RECOMPUTE:
                found = (*found, *gathers(block, self.shares, BACKWARD))
            self._found[key] = found
        return self._found[key]

    def behind_backward(self, block: Block, again: bool, last: bool) -> tuple[Phase, ...]:
        """The background of a backward pass: gathers, and reductions where they may hide."""
        key = block, again, last
        if key not in self._found:
            found = self.gathers(block, RECOMPUTE if again else BACKWARD)
            if self.shares.rules.hide_gradients or self.shares.degrees.zero >= 2:
                found = (*found, *reductions(block, self.shares, last))
            self._found[key] = found
        return self._found[key]

    def ends(self, runs: Runs) -> tuple[Segment, tuple[float, float, float]]:
        """The optimizer of a stage's blocks, and bytes of its (weights, gradients, states)."""
        if runs not in self._ends:
            states = stage_states(runs.blocks, self.shares)
            self._ends[runs] = optimizer_segment(runs.blocks, self.shares), states
        return self._ends[runs]

    @cached_property
    def alike(self) -> tuple[bool, bool, int]:
        """What the backgrounds hang on: whether dp and the experts' replicas are more than one."""
        degrees = self.shares.degrees
        return degrees.dp > 1, degrees.dp > degrees.ep, degrees.zero


@dataclass(frozen=True, eq=False)
class CutModel:
    """A model's blocks cut for one micro-batch of one replica; passes are kept."""

    shares: Shares
    blocks: dict[Block, CutBlock]
    _passes: dict[object, Passes] = field(default_factory=dict, repr=False)
    _segments: dict[object, Segment] = field(default_factory=dict, repr=False)
    _choices: dict[Degrees, tuple[OperatorChoice, ...]] = field(default_factory=dict, repr=False)

    def passes(self, runs: Runs, recompute: str, sharding: Sharding) -> Passes:
        """The passes of a model chunk's blocks."""
        key = runs, recompute, sharding.alike
        if key not in self._passes:
            back = runs.blocks[::-1]
            self._passes[key] = Passes(
                tuple(self._forward(block, n, recompute, sharding) for block, n in runs.blocks),
                tuple(self._backward(block, n, recompute, sharding, False) for block, n in back),
                tuple(self._backward(block, n, recompute, sharding, True) for block, n in back),
            )
        return self._passes[key]

    def _forward(self, block: Block, repeat: int, recompute: str, sharding: Sharding) -> Segment:
        cut = self.blocks[block]
        saved, _ = cut.saved_bytes(recompute)
        behind = sharding.gathers(block, FORWARD)
        key = block, repeat, saved, sharding.alike if behind else ()
        if key not in self._segments:
            self._segments[key] = Segment(
                name=block.name,
                pass_=FORWARD,
                phases=cut.forward,
                repeat=repeat,
                background=behind,
                saved_bytes=saved,
            )
        return self._segments[key]

    def _backward(
        self, block: Block, repeat: int, recompute: str, sharding: Sharding, last: bool
    ) -> Segment:
        cut = self.blocks[block]
        saved, transient = cut.saved_bytes(recompute)
        again = recompute == "full" and cut.is_layer
        behind = sharding.behind_backward(block, again, last)
        phases = cut.backward(recompute)
        key = id(phases), repeat, (last, sharding.alike) if behind else ()
        if key not in self._segments:
            self._segments[key] = Segment(
                name=block.name,
                pass_=BACKWARD,
                phases=phases,
                repeat=repeat,
                background=behind,
                saved_bytes=-saved,
                transient_bytes=transient,
            )
        return self._segments[key]

    def choices(self, degrees: Degrees) -> tuple[OperatorChoice, ...]:
        """Every operator's degrees and layout in a plan with these degrees."""
        if degrees not in self._choices:
            cuts = self.blocks.values()
            self._choices[degrees] = tuple(one for cut in cuts for one in cut.choices(degrees))
        return self._choices[degrees]

    @cached_property
    def row_shares(self) -> str:
        """Whether rows may follow the core yield; `InputError` where that is asked and cannot be.

        Operators with degrees of their own would cut the rows elsewhere, and whole sequences move
        only as a whole.
        """
        shares = self.shares
        wanted, degrees = shares.rules.row_shares, shares.degrees
        if wanted == EVEN:
            return EVEN
        whole = shares.sequence_dies == 1 and degrees.stream > 1
        in_rows = (
            cut.layouts.get(op.name, ROWS) == ROWS
            for block, cut in self.blocks.items()
            for op in block.operators
            if op.kind == "attention"
        )
        reason = ""
        if degrees.operators:
            reason = "where operators have degrees of their own"
        elif whole and any(in_rows):
            reason = "where each die attends to whole sequences"
        if not reason:
            return wanted
        if wanted == FOLLOW:
            raise InputError(f"partitioner.row_shares: found 'yield', allowed: even, auto {reason}")
        return EVEN


@lru_cache(maxsize=256)
def cut_model(
    workload: Workload, job: TrainingJob, degrees: Degrees, rules: Rules, sequences: int
) -> CutModel:
    """The cut of a replica's share; `job` as `bare_job` tells, degrees as `Sharding.replica`."""
    shares = Shares(job, degrees, rules, sequences, workload.hidden)
    return CutModel(shares, {block: CutBlock(block, shares) for block in workload.blocks})


@lru_cache(maxsize=1024)
def sharding_of(
    workload: Workload,
    machine: Machine,
    job: TrainingJob,
    degrees: Degrees,
    rules: Rules,
    global_batch: int,
) -> Sharding:
    """What shards states; of the `bare_job` only sizes in bytes count.

    `InputError` where the degrees are not legal.
    """
    check_degrees(workload, machine, job, degrees, rules, global_batch)
    replica = replace(degrees, pp=1, dp=1, zero=0, interleave=1)
    return Sharding(Shares(job, degrees, rules, 1, workload.hidden), replica)


@lru_cache(maxsize=1024)
def bare_job(job: TrainingJob) -> TrainingJob:
    """The job without what a solver chooses of it, and without its batch."""
    return replace(job, recompute="none", micro_batch=1, global_batch=1)


@lru_cache(maxsize=256)
def split_stages(workload: Workload, chunks: int) -> tuple[Runs, ...]:
    """Blocks of each model chunk: layers as even as whole layers allow, in order.

    What comes before the first layer goes to the first chunk, what follows the last to the last.
    """
    room = share_sizes(workload.layers, chunks).tolist()
    found: list[list[tuple[Block, int]]] = [[] for _ in range(chunks)]
    here = 0
    for block in workload.blocks:
        if not any(operator.kind == "attention" for operator in block.operators):
            found[here].append((block, block.repeat))
            continue
        left = block.repeat
        while left:
            while room[here] == 0:
                here += 1
            taken = min(left, room[here])
            found[here].append((block, taken))
            room[here] -= taken
            left -= taken
    return tuple(Runs(tuple(runs)) for runs in found)


def stage_states(runs: tuple[tuple[Block, int], ...], shares: Shares) -> tuple[float, float, float]:
    """Bytes of the states on a die; experts are spread over ep and sharded over the rest."""
    degrees, job = shares.degrees, shares.job
    shared = experts = 0.0
    for block, repeat in runs:
        for operator in block.operators:
            if operator.kind == "experts":
                experts += repeat * operator.parameters / degrees.ep
            else:
                shared += repeat * operator.parameters
    of_shared = state_bytes(shared, degrees, job)
    of_experts = state_bytes(experts, degrees, job, degrees.shards // degrees.ep)
    weights, gradients, optimizer = map(sum, zip(of_shared, of_experts, strict=True))
    return weights, gradients, optimizer
