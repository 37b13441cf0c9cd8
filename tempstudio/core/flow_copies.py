"""Flows of flows: joined, scaled, moved and spread, keeping what is already known of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.flows import Flows
from tempstudio.core.network import phase_time
from tempstudio.core.routes import row_starts, shifted
from tempstudio.core.topology import IntArray, Topology


def join_flows(parts: Sequence[Flows]) -> Flows:
    """All rows of several flow sets as one; parents stay apart."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        none, empty = np.zeros(0, dtype=np.int32), np.zeros(0)
        start = np.zeros(1, dtype=np.int32)
        return Flows(none, none.copy(), empty, none.copy(), start, empty.copy(), none.copy())
    first_parent = np.cumsum([0] + [int(p.parent.max(initial=-1)) + 1 for p in parts[:-1]])
    counts = [part.hops for part in parts]
    return Flows(
        source=np.concatenate([part.source for part in parts]),
        target=np.concatenate([part.target for part in parts]),
        bytes=np.concatenate([part.bytes for part in parts]),
        hop_link=np.concatenate([part.hop_link for part in parts]),
        hop_start=row_starts(np.concatenate(counts)),
        latency_s=np.concatenate([part.latency_s for part in parts]),
        parent=np.concatenate(
            [p.parent + first for p, first in zip(parts, first_parent, strict=True)]
        ).astype(np.int32),
        targets=_all_targets(parts),
    )


def _all_targets(parts: Sequence[Flows]) -> tuple[tuple[int, ...], ...]:
    """Targets of all rows where any are multicasts, else ()."""
    if not any(part.targets for part in parts):
        return ()
    each = (part.targets or tuple((die,) for die in part.target.tolist()) for part in parts)
    return tuple(targets for rows in each for targets in rows)


def pick_flows(flows: Flows, rows: NDArray[np.bool_]) -> Flows:
    """Some rows of a flow set [rows]."""
    chosen = np.flatnonzero(rows)
    return Flows(
        source=flows.source[rows],
        target=flows.target[rows],
        bytes=flows.bytes[rows],
        hop_link=flows.hop_link[np.repeat(rows, flows.hops)],
        hop_start=row_starts(flows.hops[rows]),
        latency_s=flows.latency_s[rows],
        parent=flows.parent[rows],
        targets=tuple(flows.targets[row] for row in chosen.tolist()) if flows.targets else (),
    )


def scale_flows(flows: Flows, factor: float) -> Flows:
    """The same flows with `factor` (from 0) times the bytes; what is known of them is kept."""
    if factor == 1.0:
        return flows
    scaled = Flows(
        flows.source,
        flows.target,
        flows.bytes * factor,
        flows.hop_link,
        flows.hop_start,
        flows.latency_s,
        flows.parent,
        flows.targets,
    )
    scaled.__dict__["hops"] = flows.hops
    if factor > 0:
        _keep(scaled, flows, ("moving", "weights", "claim", "link_set"))
        for topology, phase in flows.phases.items():
            scaled.know_drain(phase.drain_s * factor, topology)
    return scaled


def move_flows(flows: Flows, die: IntArray, link: IntArray) -> Flows:
    """The same flows among other dies over other, equally fast links: `die` and `link` say which.

    `die` [dies] and `link` [links] hold the new number of each old one that the flows use.
    """
    moved = Flows(
        die[flows.source],
        die[flows.target],
        flows.bytes,
        link[flows.hop_link],
        flows.hop_start,
        flows.latency_s,
        flows.parent,
        tuple(tuple(die[list(targets)].tolist()) for targets in flows.targets),
    )
    _keep(moved, flows, ("hops", "moving", "weights"))
    moved.phases.update(flows.phases)
    return moved


def spread_flows(flows: Flows, shift: IntArray, topology: Topology, apart: bool = False) -> Flows:
    """The same flows in many places at once, one place after the other.

    `shift` [places, 2]: rows and columns from where the flows are; every link must be there and be
    as fast.  `apart`: no two places share a link, so that each drains as if it were alone.
    """
    places = len(shift)
    if places == 1 and not shift.any():
        return flows
    assert not flows.targets  # collectives' own steps are flows of one target each
    die, link = shifted(topology, flows.source, flows.target, flows.hop_link, shift)
    count = int(flows.parent.max(initial=-1)) + 1
    parent = flows.parent + count * np.arange(places, dtype=np.int32)[:, None]
    spread = Flows(
        die[0],
        die[1],
        np.tile(flows.bytes, places),
        link,
        row_starts(np.tile(flows.hops, places)),
        np.tile(flows.latency_s, places),
        parent.ravel().astype(np.int32),
    )
    if apart:
        spread.know_drain(np.tile(phase_time(flows, topology).drain_s, places), topology)
    return spread


def _keep(copy: Flows, flows: Flows, names: tuple[str, ...]) -> None:
    """Hand on what has been worked out for the flows and holds for the copy too."""
    for name in names:
        if name in flows.__dict__:
            copy.__dict__[name] = flows.__dict__[name]
