"""`tspp`: tensor streaming, with every other axis beside it (SPEC 4; TEMP, HPCA 2026)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tempstudio.core.machine import Machine
from tempstudio.core.parallel import Degrees
from tempstudio.core.partition import Partition
from tempstudio.core.progress import Progress
from tempstudio.core.strategy import option
from tempstudio.core.workload import TrainingJob, Workload
from tempstudio.strategies.partitioners.program import build_partition
from tempstudio.strategies.partitioners.shares import Rules


@dataclass(frozen=True)
class TensorStreamOptions:
    """How operands are chosen to travel, and how norm regions are split."""

    layout: str = option(
        "auto",
        choices=("auto", "weight", "input-output"),
        help="what travels: fewest bytes over each pair of products, always the weight, or the "
        "input and then the output",
    )
    row_shares: str = option(
        "auto",
        choices=("auto", "even", "yield"),
        help="rows of a stream group's dies: even, in proportion to their core yield, or auto, "
        "whichever is faster on the dies chosen, and so never slower than even ones",
    )
    split_norms: bool = option(
        True, help="split the norm regions along the sequence inside a tensor-parallel group"
    )


class TensorStream:
    """Chunks of one operand stream between neighbouring dies; nothing is replicated."""

    name = "tspp"
    summary = "Tensor streaming: operands travel from die to die while every die computes"
    version = "1.0"
    Options = TensorStreamOptions

    def partition(
        self,
        workload: Workload,
        machine: Machine,
        job: TrainingJob,
        degrees: Degrees,
        options: TensorStreamOptions,
        progress: Progress,
    ) -> Partition:
        """Programs with streamed products; at stream = 1 those of `megatron3` (or 1)."""
        progress.step(0.0, "cutting operators")
        return build_partition(workload, machine, job, degrees, _rules(options))


@lru_cache(maxsize=64)
def _rules(options: TensorStreamOptions) -> Rules:
    return Rules(
        "tspp",
        options.split_norms,
        stream=True,
        layout=options.layout,
        row_shares=options.row_shares,
    )
