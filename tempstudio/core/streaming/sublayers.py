"""Attention and gated MLP of a block on die-local shares, in the layouts of SPEC section 4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from tempstudio.core.streaming.bidirectional_relay import relay
from tempstudio.core.streaming.block import BlockShape, rotate, swiglu, swiglu_backward
from tempstudio.core.streaming.execution import FloatArray
from tempstudio.core.streaming.ledger import Ledger
from tempstudio.core.streaming.linear import (
    Locals,
    i_stream,
    i_stream_backward,
    o_stream,
    o_stream_backward,
    w_stream,
    w_stream_backward,
)
from tempstudio.core.streaming.ring_attention import (
    Attended,
    Rows,
    ring_attention,
    ring_attention_backward,
)
from tempstudio.core.streaming.rounds import Schedule

Weights: TypeAlias = dict[str, Locals]


@dataclass(frozen=True, slots=True)
class Layouts:
    """Choices of layout (SPEC section 4, selective transfer).

    `attention`: "rows" (W-streams, keys and values stream among the dies that share a sequence) or
    "heads" (query, key and value as one I-stream, attention local, an O-stream back).  `mlp`: "W"
    (three W-streams) or "IO" (gate and up as one I-stream, down as an O-stream).  `rows`: a shared
    sequence in "contiguous" shares, or "zigzag": of 2n shares the k-th and the k-th last, which
    balances causal attention.
    """

    attention: Literal["rows", "heads"] = "rows"
    mlp: Literal["W", "IO"] = "W"
    rows: Literal["contiguous", "zigzag"] = "contiguous"


@dataclass(frozen=True)
class Team:
    """Dies that share sequences: `dies` in the order of `schedule`, which is their own."""

    dies: tuple[int, ...]
    schedule: Schedule


@dataclass(frozen=True)
class Setting:
    """The group that a layer runs on: its schedule, which rows lie where, who shares sequences."""

    schedule: Schedule
    shape: BlockShape
    width: int
    layouts: Layouts
    rows: tuple[Rows, ...]
    teams: tuple[Team, ...]
    ledger: Ledger

    @property
    def all_rows(self) -> Rows:
        """Every die's rows, one after the other: the order that an I-stream puts them in."""
        return Rows(
            np.concatenate([rows.sequence for rows in self.rows]),
            np.concatenate([rows.position for rows in self.rows]),
        )


@dataclass(frozen=True)
class SavedAttention:
    """What attention's backward pass finds on each die."""

    queries: Locals
    keys_values: Locals
    attended: Attended
    mixed: Locals


def attention(setting: Setting, weights: Weights, normed: Locals) -> tuple[Locals, SavedAttention]:
    """Rows [m_i, h] to rows [m_i, h] through attention and the output projection."""
    saved = _mix(setting, *_project(setting, weights, normed))
    if setting.layouts.attention == "rows":
        out = w_stream(setting.schedule, saved.mixed, weights["output"], setting.ledger)
    else:
        sizes = [len(rows) for rows in normed]
        out = o_stream(setting.schedule, saved.mixed, weights["output"], sizes, setting.ledger)
    return out, saved


def attention_backward(
    setting: Setting, weights: Weights, normed: Locals, saved: SavedAttention, d_out: Locals
) -> tuple[Locals, Weights]:
    """From the gradients of its result: those of the normed rows, and of its weights."""
    in_rows = setting.layouts.attention == "rows"
    through = w_stream_backward if in_rows else o_stream_backward
    d_mixed, d_output = through(
        setting.schedule, saved.mixed, weights["output"], d_out, setting.ledger
    )
    d_queries, d_keys_values = _unmix(setting, saved, d_mixed)
    d_normed, gradients = _unproject(setting, weights, normed, d_queries, d_keys_values)
    return d_normed, gradients | {"output": d_output}


def _project(setting: Setting, weights: Weights, normed: Locals) -> tuple[Locals, Locals]:
    """Rotated queries [m, heads, d], rotated keys with values [m, 2, kv heads, d], per die."""
    schedule, width = setting.schedule, setting.width
    names = ("query", "key", "value")
    if setting.layouts.attention == "rows":
        per_name = [w_stream(schedule, normed, weights[name], setting.ledger) for name in names]
        projected = list(zip(*per_name, strict=True))
        rows = list(setting.rows)
    else:
        joined = _side_by_side(*(weights[name] for name in names))
        together = i_stream(schedule, normed, joined, setting.ledger)
        cuts = [
            np.cumsum([weights["query"][die].shape[1], weights["key"][die].shape[1]])
            for die in range(schedule.n_dies)
        ]
        projected = [
            tuple(np.split(all_three, cut, axis=1))
            for all_three, cut in zip(together, cuts, strict=True)
        ]
        rows = [setting.all_rows] * schedule.n_dies
    queries, keys_values = [], []
    for (q, k, v), where in zip(projected, rows, strict=True):
        base = setting.shape.rotary_base
        queries.append(rotate(_heads(q, width), where.position, base))
        keys = rotate(_heads(k, width), where.position, base)
        keys_values.append(np.stack([keys, _heads(v, width)], axis=1))
    return queries, keys_values


def _unproject(
    setting: Setting, weights: Weights, normed: Locals, d_queries: Locals, d_keys_values: Locals
) -> tuple[Locals, Weights]:
    """The projections' backward: gradients of the normed rows and of the three weights."""
    schedule, base = setting.schedule, setting.shape.rotary_base
    in_rows = setting.layouts.attention == "rows"
    rows = list(setting.rows) if in_rows else [setting.all_rows] * schedule.n_dies
    names = ("query", "key", "value")
    gradients: Weights = {name: [] for name in names}
    for dq, dkv, where in zip(d_queries, d_keys_values, rows, strict=True):
        gradients["query"].append(_flat(rotate(dq, where.position, base, backward=True)))
        gradients["key"].append(_flat(rotate(dkv[:, 0], where.position, base, backward=True)))
        gradients["value"].append(_flat(dkv[:, 1]))
    found: Weights = {}
    if in_rows:
        d_normed = [np.zeros_like(x) for x in normed]
        for name in names:
            through, found[name] = w_stream_backward(
                schedule, normed, weights[name], gradients[name], setting.ledger
            )
            d_normed = [a + b for a, b in zip(d_normed, through, strict=True)]
        return d_normed, found
    joined = _side_by_side(*(weights[name] for name in names))
    together = _side_by_side(*(gradients[name] for name in names))
    d_normed, d_joined = i_stream_backward(schedule, normed, joined, together, setting.ledger)
    for name in names:
        found[name] = []
    for die, both in enumerate(d_joined):
        cut = np.cumsum([weights["query"][die].shape[1], weights["key"][die].shape[1]])
        for name, piece in zip(names, np.split(both, cut, axis=1), strict=True):
            found[name].append(piece)
    return d_normed, found


def _mix(setting: Setting, queries: Locals, keys_values: Locals) -> SavedAttention:
    """Attention among the dies of each team, or on each die for its own heads."""
    n = setting.schedule.n_dies
    mixed: Locals = [queries[die] for die in range(n)]
    log_sum: Locals = [queries[die] for die in range(n)]
    scores = [0] * n
    for team, rows in _teams(setting):
        account = Ledger()
        found = ring_attention(
            team.schedule,
            [queries[die] for die in team.dies],
            [keys_values[die] for die in team.dies],
            rows,
            account,
        )
        setting.ledger.absorb(account, team.dies)
        for k, die in enumerate(team.dies):
            mixed[die], log_sum[die] = found.mixed[k], found.log_sum[k]
            scores[die] = found.scores[k]
    attended = Attended(mixed, log_sum, scores)
    return SavedAttention(queries, keys_values, attended, [_flat(mix) for mix in mixed])


def _unmix(setting: Setting, saved: SavedAttention, d_mixed: Locals) -> tuple[Locals, Locals]:
    d_queries, d_keys_values = list(saved.queries), list(saved.keys_values)
    for team, rows in _teams(setting):
        account = Ledger()
        attended = Attended(
            [saved.attended.mixed[die] for die in team.dies],
            [saved.attended.log_sum[die] for die in team.dies],
            [],
        )
        dq, dkv = ring_attention_backward(
            team.schedule,
            [saved.queries[die] for die in team.dies],
            [saved.keys_values[die] for die in team.dies],
            rows,
            attended,
            [_heads(d_mixed[die], setting.width) for die in team.dies],
            account,
        )
        setting.ledger.absorb(account, team.dies)
        for k, die in enumerate(team.dies):
            d_queries[die], d_keys_values[die] = dq[k], dkv[k]
    return d_queries, d_keys_values


def _teams(setting: Setting) -> list[tuple[Team, list[Rows]]]:
    if setting.layouts.attention == "rows":
        return [(team, [setting.rows[die] for die in team.dies]) for team in setting.teams]
    alone = [Team((die,), relay(1)) for die in range(setting.schedule.n_dies)]
    return [(team, [setting.all_rows]) for team in alone]


def mlp(setting: Setting, weights: Weights, normed: Locals) -> tuple[Locals, tuple[Locals, Locals]]:
    """Rows [m_i, h] to rows [m_i, h] through the gated MLP; also gate and up, for backward."""
    schedule, ledger = setting.schedule, setting.ledger
    if setting.layouts.mlp == "W":
        gate = w_stream(schedule, normed, weights["gate"], ledger)
        up = w_stream(schedule, normed, weights["up"], ledger)
        wide = [swiglu(g, u) for g, u in zip(gate, up, strict=True)]
        return w_stream(schedule, wide, weights["down"], ledger), (gate, up)
    joined = _side_by_side(weights["gate"], weights["up"])
    halves = [np.split(both, 2, axis=1) for both in i_stream(schedule, normed, joined, ledger)]
    gate, up = [half[0] for half in halves], [half[1] for half in halves]
    wide = [swiglu(g, u) for g, u in zip(gate, up, strict=True)]
    sizes = [len(rows) for rows in normed]
    return o_stream(schedule, wide, weights["down"], sizes, ledger), (gate, up)


def mlp_backward(
    setting: Setting,
    weights: Weights,
    normed: Locals,
    saved: tuple[Locals, Locals],
    d_out: Locals,
) -> tuple[Locals, Weights]:
    """From the gradients of its result: those of the normed rows, and of its weights."""
    schedule, ledger = setting.schedule, setting.ledger
    gate, up = saved
    wide = [swiglu(g, u) for g, u in zip(gate, up, strict=True)]
    streamed = setting.layouts.mlp == "W"
    through = w_stream_backward if streamed else o_stream_backward
    d_wide, d_down = through(schedule, wide, weights["down"], d_out, ledger)
    pairs = [swiglu_backward(d, g, u) for d, g, u in zip(d_wide, gate, up, strict=True)]
    d_gate, d_up = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if streamed:
        one, grad_gate = w_stream_backward(schedule, normed, weights["gate"], d_gate, ledger)
        two, grad_up = w_stream_backward(schedule, normed, weights["up"], d_up, ledger)
        d_normed = [a + b for a, b in zip(one, two, strict=True)]
    else:
        joined = _side_by_side(weights["gate"], weights["up"])
        together = _side_by_side(d_gate, d_up)
        d_normed, d_joined = i_stream_backward(schedule, normed, joined, together, ledger)
        halves = [np.split(both, 2, axis=1) for both in d_joined]
        grad_gate, grad_up = [half[0] for half in halves], [half[1] for half in halves]
    return d_normed, {"gate": grad_gate, "up": grad_up, "down": d_down}


def _side_by_side(*stores: Locals) -> Locals:
    """On each die, its columns of several matrices as one matrix."""
    return [np.concatenate(own, axis=1) for own in zip(*stores, strict=True)]


def _heads(flat: FloatArray, width: int) -> FloatArray:
    return flat.reshape(len(flat), flat.shape[1] // width, width)


def _flat(heads: FloatArray) -> FloatArray:
    return heads.reshape(len(heads), heads.shape[1] * heads.shape[2])
