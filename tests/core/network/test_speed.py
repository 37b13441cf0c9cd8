"""Speed of the network model, printed (make bench): processor time over what is aimed at."""

from __future__ import annotations

from time import process_time

import numpy as np
import pytest

from tempstudio.core.flows import make_flows
from tempstudio.core.fluid import Item, simulate_lanes
from tempstudio.core.machine import Wafer
from tempstudio.core.sharing import fill_with_numba, fill_with_numpy, use_numba
from tempstudio.core.topology import topology_of

pytestmark = pytest.mark.bench


def best_ms(run, tries):
    took = []
    for _ in range(tries):
        start = process_time()
        run()
        took.append((process_time() - start) * 1e3)
    return min(took)


def test_sharing_of_500_flows_over_164_links(capsys):
    topology = topology_of(Wafer())
    chance = np.random.default_rng(0)
    ends = chance.integers(0, 48, (2, 500))
    flows = make_flows(topology, *ends, chance.random(500) * 1e6)
    case = flows.hop_link, flows.hop_start, flows.weights, topology.bytes_per_s, flows.moving
    kernels = {"numba": fill_with_numba(), "numpy": fill_with_numpy}
    with capsys.disabled():
        for name, kernel in kernels.items():
            took = best_ms(lambda kernel=kernel: [kernel(*case) for _ in range(100)], 20) / 100
            print(f"\nmax-min sharing, 500 flows, 164 links, {name}: {took / 0.1:.2f} x 0.1 ms")


PLANS = {
    "tspp": {"dp": 6, "stream": 8},
    "megatron1": {"dp": 6, "tp": 8},
    "megatron3": {"dp": 6, "tp": 8},
    "fsdp": {"dp": 48, "zero": 3},
}


@pytest.mark.parametrize("partitioner", PLANS)
def test_a_step_of_gpt3_175b_with_fixed_degrees(capsys, partitioner):
    """Partition, mapping and simulation on 6 x 8 once warm; aimed at is one second."""
    import tempstudio as ts
    from tempstudio.readers import load_model

    degrees = ts.Degrees(**PLANS[partitioner])
    model = load_model("gpt3-175b")
    batches = iter(range(96, 96 + 48 * 8, 48))

    def run():
        project = ts.Project(
            machine=Wafer(),
            model=model,
            job=ts.TrainingJob(global_batch=next(batches)),
            partitioner=ts.StrategyChoice(partitioner),
            mapper=ts.StrategyChoice("traffic-conscious"),
            degrees=degrees,
        )
        ts.run(project)

    run()
    took = best_ms(run, 3)
    with capsys.disabled():
        print(f"\nGPT-3 175B on 6 x 8, {partitioner}: {took / 1e3:.2f} x 1 s")
    assert took < 1e3


def test_a_backward_layer_beside_a_large_background(capsys):
    """600 rounds of 96 flows (six two-way rings of eight) beside an exchange between the rings."""
    topology = topology_of(Wafer())
    rings = [
        [8 * r + c + k for k in range(4)] + [8 * (r + 1) + c + 3 - k for k in range(4)]
        for r in (0, 2, 4)
        for c in (0, 4)
    ]
    source = [ring[i] for ring in rings for i in range(8) for _ in range(2)]
    target = [ring[(i + way) % 8] for ring in rings for i in range(8) for way in (1, -1)]
    rounds = [make_flows(topology, source, target, 1e6 + 1e4 * k) for k in range(8)]
    front = [Item(3e-7, rounds[k % 8]) for k in range(600)]
    peers = np.array(rings).T.ravel()
    behind = [
        Item(0.0, make_flows(topology, peers, np.array(rings[1:] + rings[:1]).T.ravel(), 2e7))
    ]
    use_numba(True)
    try:
        took = best_ms(lambda: simulate_lanes([front, behind * 30], topology), 5)
    finally:
        use_numba(None)
    with capsys.disabled():
        print(f"\nfluid engine, 600 rounds of 96 flows, background: {took / 100:.2f} x 100 ms")
