"""Traffic that wants routes: who sends how many bytes to whom, all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tempstudio.core.errors import InputError


@dataclass(frozen=True, eq=False)
class Demands:
    """Concurrent flows in columns: demand d sends `bytes[d]` from vertex `source[d]` to targets.

    Its targets are `target[target_start[d] : target_start[d + 1]]`; where there are several, the
    same bytes go to all of them (a multicast).
    """

    source: NDArray[np.int32]
    target_start: NDArray[np.int64]
    target: NDArray[np.int32]
    bytes: NDArray[np.float64]

    @classmethod
    def unicast(cls, source: ArrayLike, target: ArrayLike, bytes: ArrayLike) -> Demands:
        """One target a flow; three arrays [flows]: vertex numbers and bytes.

        >>> len(Demands.unicast([0, 1], [3, 2], [1e6, 2e6]))
        2
        """
        targets = np.asarray(target, dtype=np.int32)
        return cls._checked(source, np.arange(len(targets) + 1), targets, bytes)

    @classmethod
    def multicast(
        cls, source: ArrayLike, targets: Sequence[Sequence[int]], bytes: ArrayLike
    ) -> Demands:
        """Several targets a flow, as a sequence of vertex numbers each.

        >>> Demands.multicast([0], [[1, 2, 3]], [1e6]).target.tolist()
        [1, 2, 3]
        """
        flat = [vertex for group in targets for vertex in group]
        start = np.cumsum([0, *(len(group) for group in targets)])
        return cls._checked(source, start, np.array(flat, dtype=np.int32), bytes)

    @classmethod
    def _checked(
        cls, source: ArrayLike, start: NDArray[Any], target: NDArray[np.int32], bytes: ArrayLike
    ) -> Demands:
        sources = np.asarray(source, dtype=np.int32)
        amounts = np.asarray(bytes, dtype=np.float64)
        if not len(sources) == len(start) - 1 == len(amounts):
            raise InputError(
                f"flows: found {len(sources)} sources, {len(start) - 1} targets and "
                f"{len(amounts)} byte counts, expected as many of each"
            )
        bad = np.flatnonzero(~(np.isfinite(amounts) & (amounts > 0)))
        if len(bad):
            where = int(bad[0])
            raise InputError(
                f"flows[{where}].bytes: found {amounts[where]:g}, expected a positive number"
            )
        if np.any(np.diff(start) < 1):
            where = int(np.argmax(np.diff(start) < 1))
            raise InputError(f"flows[{where}].targets: found none, expected at least one")
        return cls(sources, start.astype(np.int64), target, amounts)

    def __len__(self) -> int:
        return len(self.source)

    @property
    def is_unicast(self) -> bool:
        """Whether every flow has one target."""
        return len(self.target) == len(self.source)

    @property
    def pairs(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
        """Source and target of every (demand, target) pair, and the demand's number."""
        demand = np.repeat(np.arange(len(self)), np.diff(self.target_start))
        return self.source[demand], self.target, demand

    def targets_of(self, demand: int) -> NDArray[np.int32]:
        """The targets of one demand."""
        return self.target[self.target_start[demand] : self.target_start[demand + 1]]


def merge_copies(demands: Demands, tensor: ArrayLike) -> tuple[Demands, NDArray[np.int64]]:
    """Merge flows that carry the same tensor from the same source into one multicast (SPEC 8).

    `tensor` [flows]: any numbers that are equal where the payload is.  Copies must agree in bytes;
    those that do not stay apart.  Returns the merged demands, in order of first appearance, and the
    merged demand of each flow [flows].

    >>> flows = Demands.unicast([0, 0, 5], [1, 2, 1], [8.0, 8.0, 8.0])
    >>> merged, member = merge_copies(flows, [7, 7, 7])
    >>> len(merged), member.tolist()
    (2, [0, 0, 1])
    """
    payload = np.asarray(tensor)
    groups: dict[tuple[int, Any, float], int] = {}
    targets: list[dict[int, None]] = []
    member = np.zeros(len(demands), dtype=np.int64)
    for flow in range(len(demands)):
        size = float(demands.bytes[flow])
        key = (int(demands.source[flow]), payload[flow].item(), size)
        if key not in groups:
            groups[key] = len(targets)
            targets.append({})
        member[flow] = groups[key]
        targets[groups[key]].update(dict.fromkeys(demands.targets_of(flow).tolist()))
    sources = [key[0] for key in groups]
    sizes = [key[2] for key in groups]
    return Demands.multicast(sources, [list(group) for group in targets], sizes), member
