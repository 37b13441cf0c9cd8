"""A whole transformer block, forward and backward, on n die-local stores.

Weights and rows are dealt out once; from then on a die uses what lies in its own store, and data
moves by scheduled transfers, by the messages of `messages.py` where nothing streams, and not
otherwise.  Dies are positions in the group.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import gcd

import numpy as np

from tempstudio.core.errors import InputError
from tempstudio.core.streaming.block import (
    BlockShape,
    FloatArray,
    LayerResult,
    Parameters,
    TokenArray,
    check_layer,
    rms_norm,
    rms_norm_backward,
)
from tempstudio.core.streaming.build import schedule_graph
from tempstudio.core.streaming.frontier import Adjacency
from tempstudio.core.streaming.ledger import Ledger
from tempstudio.core.streaming.linear import Locals, shares, split_along
from tempstudio.core.streaming.messages import Link, all_reduce, neighbours
from tempstudio.core.streaming.ring_attention import Rows
from tempstudio.core.streaming.rounds import Schedule
from tempstudio.core.streaming.sublayers import (
    Layouts,
    Setting,
    Team,
    Weights,
    attention,
    attention_backward,
    mlp,
    mlp_backward,
)
from tempstudio.core.streaming.vocabulary import (
    look_up,
    look_up_backward,
    streamed_cross_entropy,
)


@dataclass(frozen=True)
class LayerRun(LayerResult):
    """A layer's result with what it took: elements per link, and attention scores per die."""

    ledger: Ledger = field(default_factory=Ledger, repr=False)
    scores: tuple[int, ...] = ()


def execute_layer(
    schedule: Schedule,
    parameters: Parameters,
    shape: BlockShape,
    tokens: TokenArray,
    targets: TokenArray,
    *,
    layouts: Layouts | None = None,
    links: Iterable[Link] | None = None,
) -> LayerRun:
    """Loss and gradients of one block with embedding and loss, as `reference_layer` has them.

    `tokens`, `targets` [B, S]; `parameters` as `check_layer` lists them.  `links`: the group's live
    links as pairs of coordinates, for what does not stream and for dies that share a sequence;
    without it, the links that the schedule uses.

    >>> import numpy as np
    >>> from tempstudio.core.streaming import reference_layer, schedule
    >>> sizes = {"embedding": (7, 4), "query": (4, 8), "key": (4, 4), "value": (4, 4),
    ...          "output": (8, 4), "gate": (4, 6), "up": (4, 6), "down": (6, 4), "head": (4, 7),
    ...          "attention norm": 4, "mlp norm": 4, "final norm": 4}
    >>> rng = np.random.default_rng(0)
    >>> parameters = {name: rng.normal(size=size) for name, size in sizes.items()}
    >>> words, shape = rng.integers(0, 7, (1, 10)), BlockShape(heads=4, kv_heads=2)
    >>> layer = parameters, shape, words[:, :-1], words[:, 1:]
    >>> run = execute_layer(schedule(2, 2), *layer)
    >>> bool(abs(run.loss - reference_layer(*layer).loss) < 1e-12)
    True
    """
    tokens, targets = np.asarray(tokens, np.int64), np.asarray(targets, np.int64)
    check_layer(parameters, shape, tokens, targets)
    chosen = Layouts() if layouts is None else layouts
    _check_layouts(chosen)
    graph = neighbours(schedule, links)
    batch, length = tokens.shape
    zigzag = chosen.rows == "zigzag"
    indices, teams = assign_rows(batch, length, schedule.n_dies, zigzag)
    setting = Setting(
        schedule=schedule,
        shape=shape,
        width=parameters["query"].shape[1] // shape.heads,
        layouts=chosen,
        rows=tuple(Rows(index // length, index % length) for index in indices),
        teams=tuple(_team(dies, schedule, graph) for dies in teams),
        ledger=Ledger(),
    )
    weights = _deal(parameters, setting)
    run = _Run(setting, graph, weights, {k: v for k, v in parameters.items() if v.ndim == 1})
    return run.step(tokens, targets, indices)


def assign_rows(
    batch: int, length: int, n: int, zigzag: bool = False
) -> tuple[list[TokenArray], list[tuple[int, ...]]]:
    """(per die, its tokens' places in the flattened [B, S]; teams of dies that share sequences).

    With g = gcd(B, n), teams of n / g consecutive dies take B / g sequences each and share out
    every one of them; a die on its own takes whole sequences.

    >>> indices, teams = assign_rows(1, 8, 2, zigzag=True)
    >>> [index.tolist() for index in indices], teams
    ([[0, 1, 6, 7], [2, 3, 4, 5]], [(0, 1)])
    """
    groups = gcd(batch, n)
    size, sequences = n // groups, batch // groups
    indices, teams = [], []
    for group in range(groups):
        teams.append(tuple(range(group * size, (group + 1) * size)))
        first = group * sequences
        for member in range(size):
            positions = _positions(length, size, member, zigzag)
            starts = np.arange(first, first + sequences) * length
            indices.append((starts[:, None] + positions[None, :]).ravel())
    return indices, teams


def _positions(length: int, size: int, member: int, zigzag: bool) -> TokenArray:
    if not zigzag or size == 1:
        return np.array_split(np.arange(length), size)[member]
    slices = np.array_split(np.arange(length), 2 * size)
    return np.concatenate([slices[member], slices[2 * size - 1 - member]])


def _check_layouts(layouts: Layouts) -> None:
    allowed = {
        "attention": ("rows", "heads"),
        "mlp": ("W", "IO"),
        "rows": ("contiguous", "zigzag"),
    }
    for name, choices in allowed.items():
        found = getattr(layouts, name)
        if found not in choices:
            raise InputError(f"layouts: {name}: found {found!r:.40}, allowed: {', '.join(choices)}")


def _team(dies: tuple[int, ...], schedule: Schedule, graph: Adjacency) -> Team:
    """The dies that share a sequence, on their own cycle or path."""
    if len(dies) == schedule.n_dies:
        return Team(dies, schedule)
    place = {die: k for k, die in enumerate(dies)}
    edges = [(place[a], place[b]) for a in dies for b in graph[a] if b in place and a < b]
    own = schedule_graph(len(dies), edges)
    return Team(tuple(dies[vertex] for (vertex,) in own.dies), own)


# The axis along which each matrix is dealt out; which one depends on what streams.
def _axes(layouts: Layouts) -> dict[str, int]:
    columns = dict.fromkeys(("query", "key", "value", "gate", "up", "head"), 1)
    return columns | {
        "embedding": 0,
        "output": 1 if layouts.attention == "rows" else 0,
        "down": 1 if layouts.mlp == "W" else 0,
    }


def _deal(parameters: Parameters, setting: Setting) -> Weights:
    """Each die's share of every matrix; heads stay whole where attention is split by heads."""
    n, width, shape = setting.schedule.n_dies, setting.width, setting.shape
    axes = _axes(setting.layouts)
    dealt: Weights = {}
    for name, array in parameters.items():
        if array.ndim == 2 and name in axes:
            sizes = shares(array.shape[axes[name]], n)
            if setting.layouts.attention == "heads" and name in ("query", "key", "value", "output"):
                per_head = shape.heads // shape.kv_heads if name in ("query", "output") else 1
                sizes = [count * per_head * width for count in shares(shape.kv_heads, n)]
            dealt[name] = split_along(np.asarray(array, np.float64), sizes, axes[name])
    return dealt


@dataclass(frozen=True)
class _Run:
    """One execution: the dies' stores (`weights`, and `norms` on every die alike)."""

    setting: Setting
    graph: Adjacency
    weights: Weights
    norms: dict[str, FloatArray]

    def step(self, tokens: TokenArray, targets: TokenArray, indices: list[TokenArray]) -> LayerRun:
        """Forward, loss, backward; only the assembling of the answer looks into all stores."""
        setting, weights, ledger = self.setting, self.weights, self.setting.ledger
        tables = weights["embedding"]
        mine = [tokens.ravel()[index] for index in indices]
        wanted = [targets.ravel()[index] for index in indices]
        heads = weights.get("head") or [table.T.copy() for table in tables]

        x0 = look_up(self.graph, tables, mine, ledger)
        a, a_scale = self._norm("attention norm", x0)
        attended, saved = attention(setting, weights, a)
        x1 = _plus(x0, attended)
        b, b_scale = self._norm("mlp norm", x1)
        widened, gates = mlp(setting, weights, b)
        x2 = _plus(x1, widened)
        y, y_scale = self._norm("final norm", x2)
        losses, dy, d_heads = streamed_cross_entropy(
            setting.schedule, y, heads, wanted, tokens.size, ledger
        )

        found: Weights = {}
        norm_gradients: dict[str, FloatArray] = {}
        dx2, norm_gradients["final norm"] = self._norm_backward("final norm", dy, x2, y_scale)
        db, gradients = mlp_backward(setting, weights, b, gates, dx2)
        found |= gradients
        through, norm_gradients["mlp norm"] = self._norm_backward("mlp norm", db, x1, b_scale)
        dx1 = _plus(dx2, through)
        da, gradients = attention_backward(setting, weights, a, saved, dx1)
        found |= gradients
        through, norm_gradients["attention norm"] = self._norm_backward(
            "attention norm", da, x0, a_scale
        )
        dx0 = _plus(dx1, through)
        found["embedding"] = look_up_backward(self.graph, tables, mine, dx0, ledger)
        if "head" in weights:
            found["head"] = d_heads
        else:  # tied: a die's words are its columns
            found["embedding"] = _plus(found["embedding"], [head.T for head in d_heads])
        total = all_reduce(self.graph, ledger, "loss", [np.array([loss]) for loss in losses])
        axes = _axes(setting.layouts)
        gathered = {name: np.concatenate(own, axis=axes[name]) for name, own in found.items()}
        input_gradient = np.empty((tokens.size, dx0[0].shape[1]))
        for index, rows in zip(indices, dx0, strict=True):
            input_gradient[index] = rows
        return LayerRun(
            loss=float(total[0][0]),
            gradients=gathered | norm_gradients,
            input_gradient=input_gradient.reshape(*tokens.shape, -1),
            ledger=ledger,
            scores=tuple(saved.attended.scores),
        )

    def _norm(self, name: str, x: Locals) -> tuple[Locals, Locals]:
        epsilon = self.setting.shape.norm_epsilon
        pairs = [rms_norm(rows, self.norms[name], epsilon) for rows in x]
        return [pair[0] for pair in pairs], [pair[1] for pair in pairs]

    def _norm_backward(
        self, name: str, dy: Locals, x: Locals, scale: Locals
    ) -> tuple[Locals, FloatArray]:
        """The rows' gradients, and the gain's after its all-reduce (alike on every die)."""
        pairs = [
            rms_norm_backward(d, rows, self.norms[name], inverse)
            for d, rows, inverse in zip(dy, x, scale, strict=True)
        ]
        gains = [pair[1] for pair in pairs]
        reduced = all_reduce(self.graph, self.setting.ledger, "norm gradient", gains)
        return [pair[0] for pair in pairs], reduced[0]


def _plus(a: Locals, b: Locals) -> Locals:
    return [x + y for x, y in zip(a, b, strict=True)]
