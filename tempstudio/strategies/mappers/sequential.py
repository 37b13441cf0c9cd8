"""`sequential`: dies in row-major order cut into consecutive runs, XY routes (SPEC 3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tempstudio.core.machine import Machine
from tempstudio.core.mapping import Mapping
from tempstudio.core.partition import Partition
from tempstudio.core.progress import Progress
from tempstudio.core.topology import topology_of
from tempstudio.strategies.mappers.groups import check_connected, make_groups


@dataclass(frozen=True)
class SequentialOptions:
    """The sequential mapper has nothing to choose."""


class Sequential:
    """The plainest placement: rank by rank along the rows."""

    name = "sequential"
    summary = "Dies in row-major order cut into consecutive runs, XY routes"
    version = "1.0"
    Options = SequentialOptions

    def map(
        self,
        partition: Partition,
        machine: Machine,
        options: SequentialOptions,
        rng: np.random.Generator,
        progress: Progress,
    ) -> Mapping:
        """Ranks on the working dies of the largest connected part, in order of their numbers."""
        progress.step(0.0, "placing")
        check_connected(partition, machine)
        dies = topology_of(machine).components[0][: partition.degrees.size]
        placement, groups = make_groups(partition, dies, machine)
        return Mapping(placement=placement, groups=groups)
