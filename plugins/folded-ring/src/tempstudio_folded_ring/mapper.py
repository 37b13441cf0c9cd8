"""`folded-line`: each sp ring lies on a line, visited 0, 2, 4, ..., 5, 3, 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import tempstudio as ts


@dataclass(frozen=True)
class FoldedLineOptions:
    """Whether the rings are folded at all."""

    fold: bool = ts.option(
        True, help="visit every other die there and the rest on the way back; else in a row"
    )


class FoldedLine:
    """No step of a ring takes more than two hops, where the line is whole."""

    name = "folded-line"
    summary = "Runs of a snake through the rows, each sp ring folded on its line"
    version = "1.0"
    Options = FoldedLineOptions

    def map(
        self,
        partition: ts.Partition,
        machine: ts.Machine,
        options: FoldedLineOptions,
        rng: np.random.Generator,
        progress: ts.Progress,
    ) -> ts.Mapping:
        """Lines cut out of a snake through the largest connected part of the machine."""
        progress.step(0.0, "folding rings")
        degrees = partition.degrees
        snake = _snake(machine)
        if len(snake) < degrees.size:
            raise ts.NoPlanError(
                f"folded-line: {len(snake)} dies hang together, the plan takes {degrees.size}"
            )
        lines = np.array(snake[: degrees.size]).reshape(-1, degrees.tp * degrees.stream, degrees.sp)
        order = folded(degrees.sp) if options.fold else list(range(degrees.sp))
        ranks = lines[:, :, order].transpose(0, 2, 1)  # sp outside, tp and stream inside
        placement, groups = ts.make_groups(partition, ranks.ravel().tolist(), machine)
        return ts.Mapping(placement, groups)


def folded(members: int) -> list[int]:
    """The order in which a folded ring visits a line.

    >>> folded(8)
    [0, 2, 4, 6, 7, 5, 3, 1]
    """
    return [*range(0, members, 2), *reversed(range(1, members, 2))]


def _snake(machine: ts.Machine) -> list[int]:
    """Working dies that hang together: along one row, back along the next."""
    topology = ts.topology_of(machine)
    dies = topology.components[0] if topology.components else ()
    if isinstance(machine, ts.Cluster):
        return list(dies)

    def place(die: int) -> tuple[int, int]:
        row, col = topology.places[die]
        return row, col if row % 2 == 0 else -col

    return sorted(dies, key=place)
