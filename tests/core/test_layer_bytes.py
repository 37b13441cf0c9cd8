"""The bytes that a block moves when it really runs are the bytes that the simulator counts."""

from __future__ import annotations

import numpy as np
import pytest
from models import llama

import tempstudio as ts
from tempstudio.core.streaming import BlockShape, Layouts, execute_layer

SIZES = {"hidden": 32, "heads": 4, "kv_heads": 4, "inner": 48, "layers": 1}
BYTES = dict.fromkeys(
    ("weight", "weight gradient", "input", "input gradient", "output", "output gradient"), 2
)
MOVED = {*BYTES, "partial output"} - {"output"}  # the simulator's names


def run_of(rows: int, cols: int, layout: str, sequences: int) -> ts.Run:
    dies = rows * cols
    project = ts.Project(
        machine=ts.Wafer(rows=rows, cols=cols),
        model=llama(**SIZES),
        job=ts.TrainingJob(global_batch=sequences, micro_batch=sequences, seq_len=8 * dies),
        partitioner=ts.StrategyChoice("tspp", options={"layout": layout}),
        degrees=ts.Degrees(stream=dies),
    )
    return ts.run(project)


def simulated(run: ts.Run, tensors: set[str]) -> dict[tuple[int, int], float]:
    """Bytes per directed link of the streams that carry these tensors, over the step."""
    timeline = run.timeline
    table, sets, spans = timeline.templates, timeline.flow_sets, timeline.spans
    total: dict[tuple[int, int], float] = {}
    for template, repeats in zip(spans.template.tolist(), spans.repeats.tolist(), strict=True):
        for item in range(table.item_start[template], table.item_start[template + 1]):
            info = timeline.phases[table.phase[item]]
            which = int(table.flow_set[item])
            if which < 0 or info.kind != "stream" or info.tensor not in tensors:
                continue
            for flow in range(sets.set_start[which], sets.set_start[which + 1]):
                pair = int(sets.source[flow]), int(sets.target[flow])
                moved = repeats * sets.unit_bytes[flow] * table.scale[item]
                total[pair] = total.get(pair, 0.0) + moved
    return total


def executed(run: ts.Run, layouts: Layouts, kinds: set[str]) -> dict[tuple[int, int], float]:
    group = run.plan.mapping.groups_of("stream")[0]
    rng = np.random.default_rng(0)
    hidden, inner, width = SIZES["hidden"], SIZES["inner"], SIZES["hidden"] // SIZES["heads"]
    shapes = {
        "embedding": (1024, hidden),
        "query": (hidden, SIZES["heads"] * width),
        "key": (hidden, SIZES["kv_heads"] * width),
        "value": (hidden, SIZES["kv_heads"] * width),
        "output": (SIZES["heads"] * width, hidden),
        "gate": (hidden, inner),
        "up": (hidden, inner),
        "down": (inner, hidden),
        "head": (hidden, 1024),
    }
    parameters = {name: 0.1 * rng.normal(size=shape) for name, shape in shapes.items()}
    parameters |= {name: np.ones(hidden) for name in ("attention norm", "mlp norm", "final norm")}
    job = run.plan.job
    words = rng.integers(0, 1024, (2, job.global_batch, job.seq_len))
    shape = BlockShape(SIZES["heads"], SIZES["kv_heads"])
    layer = execute_layer(group.schedule, parameters, shape, *words, layouts=layouts)
    total: dict[tuple[int, int], float] = {}
    for kind in kinds:
        for (a, b), count in layer.ledger.link_elements(kind).items():
            pair = group.dies[a], group.dies[b]
            total[pair] = total.get(pair, 0.0) + count * BYTES[kind]
    return total


@pytest.mark.parametrize("shape", [(1, 4), (2, 2), (2, 4)])
def test_weight_streams_move_what_the_simulator_counts(shape: tuple[int, int]) -> None:
    run = run_of(*shape, "weight", sequences=shape[0] * shape[1])
    kinds = {"weight", "weight gradient"}
    counted = simulated(run, kinds)
    moved = executed(run, Layouts("rows", "W", "contiguous"), kinds)
    assert counted == pytest.approx(moved)
    assert sum(moved.values()) > 0


@pytest.mark.parametrize("shape", [(1, 4), (2, 2)])
def test_input_and_output_streams_move_what_the_simulator_counts(shape: tuple[int, int]) -> None:
    run = run_of(*shape, "input-output", sequences=1)
    counted = simulated(run, MOVED)
    moved = executed(run, Layouts("heads", "IO", "contiguous"), set(BYTES))
    assert sum(counted.values()) == pytest.approx(sum(moved.values()))
    assert counted == pytest.approx(moved)
