"""What all dies compute together is what the model needs, however it is cut up."""

from __future__ import annotations

import pytest
from models import gpt, llama

import tempstudio as ts
from tempstudio.core.parallel import Degrees
from tempstudio.core.workload import TrainingJob, Workload

WAFER = ts.Wafer(rows=3, cols=5)
CUTS = [
    ("tspp", Degrees(stream=5)),
    ("tspp", Degrees(stream=5, dp=3)),
    ("tspp", Degrees(stream=5, tp=2)),
    ("tspp", Degrees(stream=5, sp=2)),
    ("megatron1", Degrees(tp=2, dp=3)),
    ("megatron3", Degrees(tp=2, dp=7)),
    ("megatron1", Degrees(pp=3, dp=2)),
    ("fsdp", Degrees(dp=5, zero=3)),
]
PASSES = {"none": 3.0, "full": 4.0}  # forward, twice that backward, and forward again


def needed(model: Workload, job: TrainingJob) -> float:
    """FLOP of a step: layers as often as the recomputation asks, all else three times."""
    return sum(
        (PASSES[job.recompute] if block.name == "layers" else 3.0)
        * block.repeat
        * operator.flop(job.tokens, job.seq_len)
        for block in model.blocks
        for operator in block.operators
    )


@pytest.mark.parametrize(("partitioner", "degrees"), CUTS)
@pytest.mark.parametrize("model", [gpt(128, 4, 4), llama()], ids=["gpt", "llama"])
@pytest.mark.parametrize("recompute", PASSES)
def test_energy_of_compute_pays_for_the_models_flop(
    partitioner: str, degrees: Degrees, model: Workload, recompute: str
) -> None:
    job = TrainingJob(global_batch=13, micro_batch=2, seq_len=100, recompute=recompute)
    project = ts.Project(
        machine=WAFER,
        model=model,
        job=job,
        partitioner=ts.StrategyChoice(partitioner),
        degrees=degrees,
    )
    flop = ts.run(project).score.energy_j["compute"] * WAFER.die.flop_per_joule
    assert flop == pytest.approx(needed(model, job), rel=1e-9)
