"""`megatron1` and `megatron3`: column/row tensor parallelism without and with split norms.

Shoeybi et al. 2019 (arXiv:1909.08053); Korthikanti et al. 2022 (arXiv:2205.05198).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from tempstudio.core.machine import Machine
from tempstudio.core.parallel import Degrees
from tempstudio.core.partition import Partition
from tempstudio.core.progress import Progress
from tempstudio.core.strategy import option
from tempstudio.core.workload import TrainingJob, Workload
from tempstudio.strategies.partitioners.program import build_partition
from tempstudio.strategies.partitioners.shares import Rules


@dataclass(frozen=True)
class MegatronOptions:
    """What of its communication Megatron hides or saves; older releases did less of it."""

    hide_tensor: bool = option(
        True, help="backward, tensor-parallel collectives run beside the products (since 2022)"
    )
    hide_gradients: bool = option(
        True, help="the gradient reduction runs beside the last micro-batch's backward (since 2023)"
    )
    scatter_gather: bool = option(
        True, help="stages send each activation once; the next tensor-parallel group gathers it"
    )
    overlap_sends: bool = option(
        True, help="a stage goes on while its activations travel to the next (since 2023)"
    )
    fused_accumulation: bool = option(
        True, help="a weight's gradient is added to what there is in its product's kernel"
    )
    collectives: str = option(
        "best",
        choices=("best", "ring"),
        help="the best collective for the machine, or one flat ring through the group",
    )


@lru_cache(maxsize=64)
def _rules(name: str, split_norms: bool, options: MegatronOptions) -> Rules:
    return Rules(
        name,
        split_norms,
        hide_tensor=options.hide_tensor,
        hide_gradients=options.hide_gradients,
        scatter_gather=options.scatter_gather,
        overlap_sends=options.overlap_sends,
        fused_accumulation=options.fused_accumulation,
        shard_algorithm="" if options.collectives == "best" else options.collectives,
        tensor_algorithm="" if options.collectives == "best" else options.collectives,
    )


class _Megatron:
    """What both share: the operators' columns and rows are cut; how norms are treated differs."""

    name: ClassVar[str]
    version = "1.0"
    Options = MegatronOptions
    split_norms: ClassVar[bool]

    def partition(
        self,
        workload: Workload,
        machine: Machine,
        job: TrainingJob,
        degrees: Degrees,
        options: MegatronOptions,
        progress: Progress,
    ) -> Partition:
        """Each stage's programs, with the collectives at the borders of the cut regions."""
        progress.step(0.0, "cutting operators")
        rules = _rules(self.name, self.split_norms, options)
        return build_partition(workload, machine, job, degrees, rules)


class Megatron1(_Megatron):
    """One all-reduce after every row operator, and its mirror image backward."""

    name = "megatron1"
    summary = "Megatron column/row tensor parallelism, all-reduce, replicated norms"
    split_norms = False


class Megatron3(_Megatron):
    """All-gathers before column and reduce-scatters after row operators, backward mirrored."""

    name = "megatron3"
    summary = "Megatron with sequence-split norms: all-gather and reduce-scatter"
    split_norms = True
