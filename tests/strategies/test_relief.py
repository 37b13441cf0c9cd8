"""Routes round hot links: never slower in the full simulation, faster where links are scarce."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from models import llama

import tempstudio as ts
from tempstudio.core.plan_check import check_plan
from tempstudio.core.progress import Progress
from tempstudio.core.run import Plan
from tempstudio.core.simulate import simulate
from tempstudio.strategies.mappers.traffic import HANDOVER, currents
from tempstudio.strategies.mappers.traffic_conscious import (
    TrafficConscious,
    TrafficConsciousOptions,
)
from tempstudio.strategies.partitioners import Megatron3, TensorStream

SLOW = 4e9  # bytes/s: links that are scarce for the small model


def narrow(machine: ts.Wafer) -> ts.Wafer:
    return replace(machine, link=replace(machine.link, bytes_per_s=SLOW))


def partition_of(machine: ts.Wafer, degrees: ts.Degrees, partitioner: object) -> ts.Partition:
    job = ts.TrainingJob(global_batch=24, seq_len=128)
    return partitioner.partition(llama(), machine, job, degrees, partitioner.Options(), Progress())


def step_s(machine: ts.Wafer, partition: ts.Partition, reroute: bool) -> tuple[float, ts.Mapping]:
    options = TrafficConsciousOptions(reroute=reroute)
    mapping = TrafficConscious().map(
        partition, machine, options, np.random.default_rng(0), Progress()
    )
    job = ts.TrainingJob(global_batch=24, seq_len=128)
    plan = Plan(partition.degrees, job, partition, mapping)
    check_plan(plan, machine)  # no route over a dead link, none with a gap
    return simulate(plan, machine, Progress())[1].duration_s, mapping


@pytest.mark.parametrize(
    ("machine", "degrees", "partitioner"),
    [
        (ts.Wafer(rows=3, cols=4), ts.Degrees(dp=2, stream=6, zero=3), TensorStream()),
        (ts.Wafer(rows=4, cols=6), ts.Degrees(dp=3, tp=2, stream=4, zero=3), TensorStream()),
        (ts.Wafer(rows=4, cols=6), ts.Degrees(dp=6, tp=4, zero=3), Megatron3()),
        (ts.Wafer(rows=4, cols=6), ts.Degrees(pp=2, dp=3, stream=4, zero=1), TensorStream()),
        (
            ts.Wafer(rows=4, cols=6, dead_dies=((1, 2),), dead_links=(((2, 3), (2, 4)),)),
            ts.Degrees(dp=4, stream=5, zero=3),
            TensorStream(),
        ),
    ],
)
def test_routes_never_cost_time(
    machine: ts.Wafer, degrees: ts.Degrees, partitioner: object
) -> None:
    machine = narrow(machine)
    partition = partition_of(machine, degrees, partitioner)
    before, plain = step_s(machine, partition, reroute=False)
    after, routed = step_s(machine, partition, reroute=True)
    assert routed.placement == plain.placement and not plain.routes
    assert after <= before * (1 + 1e-9)


def test_what_runs_behind_the_streams_gives_way_round_a_fault() -> None:
    """Gathers behind streams, on a mesh where XY runs into dead dies."""
    machine = narrow(ts.Wafer(rows=4, cols=6, dead_dies=((1, 2), (2, 4))))
    partition = partition_of(machine, ts.Degrees(dp=5, stream=4, zero=3), TensorStream())
    before, _ = step_s(machine, partition, reroute=False)
    after, routed = step_s(machine, partition, reroute=True)
    assert after < 0.99 * before
    assert {"all-gather dp", "reduce-scatter dp"} & routed.routes.keys()


def test_one_description_holds_all_traffic() -> None:
    machine = ts.Wafer(rows=4, cols=6)
    degrees = ts.Degrees(pp=2, dp=3, stream=4, zero=1)
    partition = partition_of(machine, degrees, TensorStream())
    found = currents(partition)
    assert len({replace(current, times=0.0) for current in found}) == len(found)
    kinds = {current.op for current in found}
    assert {"stream", HANDOVER, "reduce-scatter", "all-gather"} <= kinds
    sent = [current for current in found if current.op == HANDOVER]
    assert {(c.stage, c.axes) for c in sent} == {(0, ("+1",)), (1, ("-1",))}
    assert all(c.times == partition.micro_batches for c in sent)
    assert any(c.background for c in found) and all(c.times > 0 for c in found)
