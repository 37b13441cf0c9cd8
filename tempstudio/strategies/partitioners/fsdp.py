"""`fsdp`: fully sharded data parallelism, ZeRO-3 without tensor parallelism.

Rajbhandari et al. 2020 (arXiv:1910.02054); Zhao et al. 2023 (arXiv:2304.11277).
"""

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
class FullyShardedOptions:
    """How weights are gathered and gradients reduced over the replicas."""

    collectives: str = option(
        "best",
        choices=("best", "ring"),
        help="the best collective for the machine, or one flat ring through all replicas",
    )


class FullySharded:
    """Every state is sharded over all replicas; weights are gathered operator by operator."""

    name = "fsdp"
    summary = "Fully sharded data parallelism: ZeRO-3, weights gathered as they are needed"
    version = "1.0"
    Options = FullyShardedOptions
    least_zero = 3  # what solvers begin with: below it nothing is legal

    def partition(
        self,
        workload: Workload,
        machine: Machine,
        job: TrainingJob,
        degrees: Degrees,
        options: FullyShardedOptions,
        progress: Progress,
    ) -> Partition:
        """Programs whose weights are gathered behind the compute before them."""
        progress.step(0.0, "cutting operators")
        return build_partition(workload, machine, job, degrees, _rules(options))


@lru_cache(maxsize=64)
def _rules(options: FullyShardedOptions) -> Rules:
    algorithm = "ring" if options.collectives == "ring" else ""
    least_zero = FullySharded.least_zero
    return Rules(FullySharded.name, tensor=False, least_zero=least_zero, shard_algorithm=algorithm)
