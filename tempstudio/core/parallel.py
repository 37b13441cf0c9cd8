"""Degrees of parallelism and the logical grid of ranks they span (SPEC 3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.errors import InputError
from tempstudio.core.quantities import quantity

AXES = ("pp", "dp", "sp", "tp", "stream")
LAYOUTS = ("", "weight", "input", "output")


@dataclass(frozen=True)
class OperatorDegrees:
    """What one operator of the layer has otherwise than the rest: tp, stream, and what travels.

    tp x stream is that of the whole: the same block of consecutive ranks, regrouped.

    >>> str(OperatorDegrees("mlp.down", tp=2, stream=8, layout="weight"))
    'mlp.down:tp=2/stream=8/layout=weight'
    """

    name: str = quantity("", help="the operator, as the model names it")
    tp: int = quantity(1, minimum=1, maximum=65536, help="its tensor-parallel column/row split")
    stream: int = quantity(1, minimum=1, maximum=65536, help="its tensor-stream degree")
    layout: str = quantity(
        "",
        choices=LAYOUTS,
        help="the operand that travels; empty: the fewest bytes over the chain",
    )

    def __str__(self) -> str:
        layout = f"/layout={self.layout}" if self.layout else ""
        return f"{self.name}:tp={self.tp}/stream={self.stream}{layout}"


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
    operators: tuple[OperatorDegrees, ...] = quantity(
        (), structure=True, help="operators with tp and stream of their own"
    )

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

    @property
    def block(self) -> int:
        """Consecutive ranks among which one replica's operators are cut: tp x stream."""
        return self.tp * self.stream

    def of(self, operator: str) -> Degrees:
        """The degrees of one operator, its own where it has some.

        >>> own = (OperatorDegrees("mlp.down", tp=4, stream=2),)
        >>> Degrees(dp=3, stream=8, operators=own).of("mlp.down")
        Degrees(pp=1, dp=3, sp=1, tp=4, stream=2, ep=1, zero=0, interleave=1, operators=())
        """
        own = next((own for own in self.operators if own.name == operator), None)
        if own is None:
            return replace(self, operators=()) if self.operators else self
        return replace(self, tp=own.tp, stream=own.stream, operators=())

    def layout_of(self, operator: str) -> str:
        """The layout asked for one operator, "" for none."""
        return next((own.layout for own in self.operators if own.name == operator), "")

    @property
    def groupings(self) -> tuple[tuple[int, int], ...]:
        """The distinct (tp, stream) into which blocks are cut, the common one first."""
        own = [(operator.tp, operator.stream) for operator in self.operators]
        return tuple(dict.fromkeys([(self.tp, self.stream), *own]))


def with_degree(degrees: Degrees, key: str, value: int) -> Degrees:
    """One degree changed; operators' own are dropped where they no longer fill the block.

    >>> own = (OperatorDegrees("mlp.down", tp=4, stream=2),)
    >>> with_degree(Degrees(stream=8, operators=own), "stream", 4).operators
    ()
    """
    changed: Degrees = replace(degrees, **{key: value})  # type: ignore[arg-type]
    return changed if changed.block == degrees.block else replace(changed, operators=())


def own_axis(axis: str, degrees: Degrees, whole: Degrees) -> str:
    """How the groups of `axis` ("tp", "stream") of an operator are named inside a whole plan.

    >>> own_axis("tp", Degrees(tp=4, stream=2), Degrees(stream=8))
    'tp:4'
    """
    if (degrees.tp, degrees.stream) == (whole.tp, whole.stream):
        return axis
    return f"{axis}:{getattr(degrees, 'tp' if axis == 'tp' else 'stream')}"


@lru_cache(maxsize=512)
def axis_groups(degrees: Degrees, axes: tuple[str, ...], stage: int = 0) -> NDArray[np.int32]:
    """Ranks that differ only along `axes`, within one pipeline stage: [groups, members].

    Ranks count the grid (pp, dp, sp, tp, stream) with stream fastest.  Axis `ep` stands for `ep`
    consecutive replicas of dp, `replica` for the replicas that hold the same experts.  `tp:4` and
    `stream:8` are groups of that size in a block of tp x stream ranks cut another way, `block:4`
    four consecutive ranks of a block.

    >>> axis_groups(Degrees(dp=2, stream=3), ("stream",)).tolist()
    [[0, 1, 2], [3, 4, 5]]
    >>> axis_groups(Degrees(dp=2, stream=3), ("dp",)).tolist()
    [[0, 3], [1, 4], [2, 5]]
    >>> axis_groups(Degrees(stream=4), ("tp:2",)).tolist()
    [[0, 2], [1, 3]]
    """
    plain, degrees = _regrouped(degrees, axes)
    names = ("replica", "ep", *AXES[2:])
    wanted = tuple(part for axis in plain for part in (names[:2] if axis == "dp" else (axis,)))
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


def _regrouped(degrees: Degrees, axes: tuple[str, ...]) -> tuple[tuple[str, ...], Degrees]:
    """Plain axes, and degrees whose tp and stream are those that `tp:4` and the like ask for."""
    plain = []
    for axis in axes:
        name, colon, size = axis.partition(":")
        if colon:
            members = int(size) if size.isdecimal() else 0
            if name not in ("tp", "stream", "block") or not members or degrees.block % members:
                raise InputError(
                    f"axis: found {axis!r}, allowed: tp:N, stream:N or block:N with N a divisor of "
                    f"tp x stream ({degrees.block})"
                )
            rest = degrees.block // members
            tp, stream = (members, rest) if name == "tp" else (rest, members)
            degrees = replace(degrees, tp=tp, stream=stream)
            name = "tp" if name == "tp" else "stream"
        plain.append(name)
    return tuple(plain), degrees


def operators_from_text(parts: Iterator[str] | list[str], degrees: Degrees) -> Degrees:
    """Degrees with operators' own, each as `mlp.down:tp=2/stream=8/layout=weight`.

    Of tp and stream one may be left out: it takes what remains of the block.

    >>> [str(own) for own in operators_from_text(["mlp.up:tp=2"], Degrees(stream=8)).operators]
    ['mlp.up:tp=2/stream=4']
    """
    return replace(degrees, operators=tuple(_operator(part, degrees) for part in parts))


def _operator(text: str, degrees: Degrees) -> OperatorDegrees:
    name, _, rest = text.rpartition(":")
    given: dict[str, str] = {}
    for item in rest.split("/"):
        key, equals, value = (piece.strip() for piece in item.partition("="))
        if not equals or key not in ("tp", "stream", "layout") or key in given:
            raise InputError(
                f"parallel: found {text!r}, allowed: NAME:tp=N/stream=N/layout=weight|input|output"
            )
        given[key] = value
    sizes: dict[str, int] = {}
    for key in ("tp", "stream"):
        if key in given:
            if not given[key].isdecimal() or int(given[key]) < 1:
                raise InputError(
                    f"parallel.{name}.{key}: found {given[key]!r}, allowed: a whole number from 1"
                )
            sizes[key] = int(given[key])
    if not sizes:
        sizes = {"tp": degrees.tp, "stream": degrees.stream}
    for key, other in (("tp", "stream"), ("stream", "tp")):
        sizes.setdefault(key, max(1, degrees.block // sizes.get(other, 1)))
    layout = given.get("layout", "")
    if layout not in LAYOUTS:
        raise InputError(
            f"parallel.{name}.layout: found {layout!r}, allowed: {', '.join(LAYOUTS[1:])}"
        )
    return OperatorDegrees(name.strip(), sizes["tp"], sizes["stream"], layout)


def share_sizes(total: int, parts: int) -> NDArray[np.int64]:
    """`total` things over `parts` holders, as even as whole things allow, largest first.

    >>> share_sizes(10, 4).tolist()
    [3, 3, 2, 2]
    """
    base, extra = divmod(total, parts)
    sizes = np.full(parts, base, dtype=np.int64)
    sizes[:extra] += 1
    return sizes
