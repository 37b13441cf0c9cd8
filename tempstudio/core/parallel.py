"""Degrees of parallelism and the logical grid of ranks they span (SPEC 3)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.errors import InputError
from tempstudio.core.quantities import quantity

AXES = ("pp", "dp", "sp", "tp", "stream")


@dataclass(frozen=True)
class Degrees:
    """How many ways each axis splits; `zero` and `interleave` are levels, not sizes.

    `ep` splits the experts over dies of the dp axis (it reuses them), so it is not in `size`.

    >>> Degrees(dp=6, stream=8).size
    48
    """

    pp: int = quantity(1, minimum=1, maximum=65536, help="pipeline stages")
    dp: int = quantity(1, minimum=1, maximum=65536, help="data-parallel replicas")
    sp: int = quantity(1, minimum=1, maximum=65536, help="pieces of each sequence")
    tp: int = quantity(1, minimum=1, maximum=65536, help="tensor-parallel column/row split")
    stream: int = quantity(1, minimum=1, maximum=65536, help="tensor-stream degree")
    ep: int = quantity(1, minimum=1, maximum=65536, help="expert-parallel split (reuses dp)")
    zero: int = quantity(
        0,
        minimum=0,
        maximum=3,
        help="states sharded over dp x sp: 1 optimizer, 2 + gradients, 3 + weights",
    )
    interleave: int = quantity(1, minimum=1, maximum=256, help="model chunks per pipeline stage")

    @property
    def size(self) -> int:
        """Dies used."""
        return self.pp * self.dp * self.sp * self.tp * self.stream

    @property
    def shape(self) -> tuple[int, int, int, int, int]:
        """Sizes along (pp, dp, sp, tp, stream)."""
        return self.pp, self.dp, self.sp, self.tp, self.stream

    @property
    def shards(self) -> int:
        """Ways ZeRO shards what it shards: dp x sp."""
        return self.dp * self.sp


@lru_cache(maxsize=512)
def axis_groups(degrees: Degrees, axes: tuple[str, ...], stage: int = 0) -> NDArray[np.int32]:
    """Ranks that differ only along `axes`, within one pipeline stage: [groups, members].

    Ranks count the grid (pp, dp, sp, tp, stream) with stream fastest.  Axis `ep` stands for `ep`
    consecutive replicas of dp, `replica` for the replicas that hold the same experts.

    >>> axis_groups(Degrees(dp=2, stream=3), ("stream",)).tolist()
    [[0, 1, 2], [3, 4, 5]]
    >>> axis_groups(Degrees(dp=2, stream=3), ("dp",)).tolist()
    [[0, 3], [1, 4], [2, 5]]
    """
    names = ("replica", "ep", *AXES[2:])
    wanted = tuple(part for axis in axes for part in (names[:2] if axis == "dp" else (axis,)))
    unknown = [axis for axis in wanted if axis not in names]
    if unknown:
        raise InputError(f"axis: found {unknown[0]!r}, allowed: dp, {', '.join(names)}")
    ranks = np.arange(degrees.size, dtype=np.int32).reshape(degrees.pp, -1)[stage]
    grid = ranks.reshape(
        degrees.dp // degrees.ep, degrees.ep, degrees.sp, degrees.tp, degrees.stream
    )
    kept = [i for i, axis in enumerate(names) if axis not in wanted]
    moved = [names.index(axis) for axis in wanted]
    members = int(np.prod([grid.shape[i] for i in moved], dtype=np.int64))
    groups = np.ascontiguousarray(np.transpose(grid, kept + moved).reshape(-1, members))
    groups.setflags(write=False)
    return groups


def share_sizes(total: int, parts: int) -> NDArray[np.int64]:
    """`total` things over `parts` holders, as even as whole things allow, largest first.

    >>> share_sizes(10, 4).tolist()
    [3, 3, 2, 2]
    """
    base, extra = divmod(total, parts)
    sizes = np.full(parts, base, dtype=np.int64)
    sizes[:extra] += 1
    return sizes
