"""Timelines made by hand: every kind of phase on any mesh, with exact and uneven arrival times."""

from __future__ import annotations

import numpy as np

from tempstudio.core.machine import Cluster, Machine
from tempstudio.core.timeline import (
    BACKGROUND,
    FOREGROUND,
    FlowSets,
    PhaseInfo,
    Spans,
    Templates,
    Timeline,
)
from tempstudio.core.topology import topology_of

PHASES = (
    PhaseInfo("qkv", "forward", "stream", "stream", "W", "weight", "W"),
    PhaseInfo("attention", "forward", "stream", "stream", "K", "keys and values", "rows"),
    PhaseInfo("gate_up", "forward", "stream", "stream", "I", "input", "I"),
    PhaseInfo("down", "forward", "stream", "stream", "I", "partial output", "O"),
    PhaseInfo("norm", "forward", "compute", "", "", "", "rows"),
    PhaseInfo("embedding", "forward", "collective", "all-to-all", "C", "embeddings", ""),
    PhaseInfo("down", "backward", "stream", "stream", "G", "output gradient", "O"),
    PhaseInfo("qkv", "backward", "stream", "stream", "W", "weight", "W"),
    PhaseInfo("qkv", "backward", "collective", "all-reduce", "G", "gradient", ""),
    PhaseInfo("router", "forward", "collective", "all-to-all", "E", "routed tokens", ""),
    PhaseInfo("hand over", "forward", "collective", "point-to-point", "P", "activations", ""),
    PhaseInfo("optimizer", "optimizer", "compute", "", "", "", ""),
)
ROUND_S = 1e-4


def neighbour_flows(machine: Machine, odd: bool) -> list[tuple[int, int, tuple[int, ...]]]:
    """One flow over every live link of every second row or column, both ways."""
    topology = topology_of(machine)
    found = []
    for number, (a, b) in enumerate(
        zip(topology.source.tolist(), topology.target.tolist(), strict=True)
    ):
        if isinstance(machine, Cluster):
            continue
        (ra, ca), (rb, _) = topology.places[a], topology.places[b]
        if (ra == rb) != odd and (ra + ca) % 3 != 2:
            found.append((a, b, (number,)))
    return found


def far_flows(machine: Machine, count: int, seed: int) -> list[tuple[int, int, tuple[int, ...]]]:
    """Flows between random dies of the largest connected part, along XY or shortest paths."""
    topology = topology_of(machine)
    part = topology.components[0]
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count if len(part) > 1 else 0):
        a, b = rng.choice(part, size=2, replace=False).tolist()
        found.append((a, b, topology.xy_path(a, b)))
    return found


def make_timeline(
    machine: Machine,
    stages: int = 1,
    fill: float = 0.6,
    rounds: int = 8,
    far: int = 24,
    layers: int = 32,
    seed: int = 0,
) -> Timeline:
    """A step of `layers` forward and backward copies; dies fill up to about `fill` of their HBM."""
    topology = topology_of(machine)
    rng = np.random.default_rng(seed)
    patterns = [
        neighbour_flows(machine, False) or far_flows(machine, far, seed),
        neighbour_flows(machine, True) or far_flows(machine, far, seed + 1),
        far_flows(machine, far, seed + 2),
    ]
    flat = [flow for pattern in patterns for flow in pattern]
    sets = FlowSets(
        set_start=_starts([len(pattern) for pattern in patterns]),
        source=_ints([flow[0] for flow in flat]),
        target=_ints([flow[1] for flow in flat]),
        unit_bytes=rng.uniform(0.5, 1.0, len(flat)),
        hop_start=_starts([len(flow[2]) for flow in flat]),
        hop_link=_ints([link for flow in flat for link in flow[2]]),
        label=_ints([number % 16 for number in range(len(flat))]),
    )
    items: list[dict[str, float]] = []
    finish: list[np.ndarray] = []
    starts, durations = [0], []
    plans = ((0, 1, 2, 3, 4, 5, 9), (6, 7, 8, 10), (11,))
    for plan in plans:
        clock = 0.0
        first = len(items)
        for phase in plan:
            info = PHASES[phase]
            turns = rounds if info.kind == "stream" else 2 if info.kind == "collective" else 1
            for turn in range(turns):
                which = -1 if info.kind == "compute" else (2 if turns == 2 else turn % 2)
                lane = BACKGROUND if phase == 8 else FOREGROUND
                begin = 0.0 if lane == BACKGROUND and turn == 0 else clock
                count = len(patterns[which]) if which >= 0 else 0
                finish.append(ROUND_S * rng.uniform(0.5, 0.999, count))
                items.append(
                    {"start": begin, "end": clock + ROUND_S, "compute": ROUND_S * 0.9,
                     "lane": lane, "phase": phase, "round": turn, "rounds": turns,
                     "set": which, "scale": 2e8, "buffer": 5e8}
                )  # fmt: skip
                clock += ROUND_S
        assert len(items) > first
        starts.append(len(items))
        durations.append(clock)

    def column(key: str, kind: type) -> np.ndarray:
        return np.array([item[key] for item in items], dtype=kind)

    capacity = machine.die.hbm_bytes
    saved = capacity * fill * 0.4 / layers
    templates = Templates(
        item_start=_ints(starts),
        duration_s=np.array(durations),
        saved_bytes=np.array([saved, -saved, 0.0]),
        transient_bytes=np.array([0.0, 1e8, 0.0]),
        start_s=column("start", np.float64),
        end_s=column("end", np.float64),
        compute_s=column("compute", np.float64),
        lane=column("lane", np.int32),
        phase=column("phase", np.int32),
        round=column("round", np.int32),
        rounds=column("rounds", np.int32),
        flow_set=column("set", np.int32),
        scale=column("scale", np.float64),
        finish_start=_starts([len(each) for each in finish])[:-1],
        finish_s=np.concatenate(finish) if finish else np.zeros(0),
        buffer_bytes=column("buffer", np.float64),
    )
    spans = _spans(stages, layers, durations, saved)
    states = capacity * fill * np.array([0.09, 0.06, 0.42]) * np.linspace(1, 0.8, stages)[:, None]
    stage_of_die = np.full(machine.die_count, -1, dtype=np.int32)
    alive = np.array(machine.alive_ids)
    stage_of_die[alive] = np.minimum(np.arange(len(alive)) * stages // len(alive), stages - 1)
    last = max(spans.start_s + spans.repeats * spans.period_s)
    return Timeline(
        duration_s=float(last),
        phases=PHASES,
        segments=(("layer", "forward"), ("layer", "backward"), ("optimizer", "optimizer")),
        flow_sets=sets,
        templates=templates,
        spans=spans,
        stage_of_die=stage_of_die,
        states=states,
        link_source=topology.source,
        link_target=topology.target,
        link_bytes_per_s=topology.bytes_per_s,
        step_link_bytes=np.zeros(topology.links),
        capacity_bytes=capacity,
    )


def _spans(stages: int, layers: int, durations: list[float], saved: float) -> Spans:
    rows = []
    for stage in range(stages):
        late = stage * durations[0] * 4
        rows.append((stage, 0, late, layers, durations[0], 0, 0.0, 0))
        back = late + layers * durations[0]
        rows.append((stage, 1, back, layers, durations[1], 0, layers * saved, 1))
        rows.append((stage, 2, back + layers * durations[1], 1, durations[2], -1, 0.0, 2))
    table = list(zip(*rows, strict=True))
    kinds = (np.int32, np.int32, float, np.int32, float, np.int32, float, np.int32)
    return Spans(*(np.array(c, dtype=k) for c, k in zip(table, kinds, strict=True)))


def _ints(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.int32)


def _starts(counts: list[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
