"""`megatron1` and `megatron3`: column/row tensor parallelism without and with split norms.

Shoeybi et al. 2019 (arXiv:1909.08053); Korthikanti et al. 2022 (arXiv:2205.05198).
"""

from __future__ import annotations

from dataclasses import dataclass

from tempstudio.core.machine import Machine
from tempstudio.core.parallel import Degrees
from tempstudio.core.partition import Partition
from tempstudio.core.progress import Progress
from tempstudio.core.workload import TrainingJob, Workload
from tempstudio.strategies.partitioners.program import build_partition
from tempstudio.strategies.partitioners.shares import Rules


@dataclass(frozen=True)
class MegatronOptions:
    """Megatron has no options of its own: its degrees say everything."""


class Megatron1:
    """Column/row split with all-reduces; norm regions are replicated."""

    name = "megatron1"
    summary = "Megatron column/row tensor parallelism, all-reduce, replicated norms"
    version = "1.0"
    Options = MegatronOptions

    def partition(
        self,
        workload: Workload,
        machine: Machine,
        job: TrainingJob,
        degrees: Degrees,
        options: MegatronOptions,
        progress: Progress,
    ) -> Partition:
        """Programs with one all-reduce after every row operator, and its mirror image backward."""
        progress.step(0.0, "cutting operators")
        rules = Rules(self.name, split_norms=False)
        return build_partition(workload, machine, job, degrees, rules)


class Megatron3:
    """Column/row split with norm regions split along the sequence."""

    name = "megatron3"
    summary = "Megatron with sequence-split norms: all-gather and reduce-scatter"
    version = "1.0"
    Options = MegatronOptions

    def partition(
        self,
        workload: Workload,
        machine: Machine,
        job: TrainingJob,
        degrees: Degrees,
        options: MegatronOptions,
        progress: Progress,
    ) -> Partition:
        """Programs with all-gathers before column and reduce-scatters after row operators."""
        progress.step(0.0, "cutting operators")
        return build_partition(workload, machine, job, degrees, Rules(self.name))
