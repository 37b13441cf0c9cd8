"""Projects to keep."""

from __future__ import annotations

import pytest

from tempstudio.core.machine import Die, Wafer
from tempstudio.core.parallel import Degrees, OperatorDegrees
from tempstudio.core.project import KeptRun, Project, StrategyChoice
from tempstudio.core.workload import TrainingJob, Workload
from tempstudio.core.workload_json import workload_from_json

GRAPH = {
    "name": "tiny",
    "source": "made for tests",
    "hidden": 64,
    "vocabulary": 256,
    "max_seq_len": 128,
    "blocks": [
        {
            "name": "embedding",
            "operators": [
                {
                    "name": "tokens",
                    "kind": "embedding",
                    "in_features": 256,
                    "out_features": 64,
                    "parameters": 256 * 64,
                }
            ],
        },
        {
            "name": "layer",
            "repeat": 3,
            "operators": [
                {"name": "norm", "kind": "norm", "out_features": 64, "parameters": 64},
                {
                    "name": "qkv",
                    "kind": "linear",
                    "inputs": ["norm"],
                    "in_features": 64,
                    "out_features": 128,
                    "parameters": 64 * 128,
                    "role": "column",
                },
                {
                    "name": "attention",
                    "kind": "attention",
                    "inputs": ["qkv"],
                    "heads": 4,
                    "kv_heads": 2,
                    "head_dim": 16,
                    "value_dim": 16,
                    "out_features": 64,
                },
                {
                    "name": "add",
                    "kind": "elementwise",
                    "function": "add",
                    "inputs": ["attention", "input"],
                    "out_features": 64,
                },
            ],
        },
    ],
}


@pytest.fixture
def model() -> Workload:
    return workload_from_json(GRAPH)


@pytest.fixture
def project(model: Workload) -> Project:
    """Something in every part."""
    return Project(
        machine=Wafer(
            rows=5,
            cols=7,
            die=Die(hbm_bytes=96e9),
            dead_dies=((0, 1), (4, 6)),
            dead_links=(((2, 2), (2, 3)),),
            core_yield=((1, 1, 0.9),),
        ),
        model=model,
        job=TrainingJob(global_batch=64, seq_len=128, recompute="full"),
        partitioner=StrategyChoice("tspp", "1.0", {"layout": "auto"}),
        mapper=StrategyChoice("somebody-elses", "2.1", {"order": (3, 1, 2), "deep": True}),
        solver=StrategyChoice("exhaustive"),
        degrees=Degrees(dp=4, stream=8, zero=1, operators=(OperatorDegrees("qkv", 2, 4, "input"),)),
        seed=7,
        runs=(KeptRun("first", "abc", '{"made_by":[],"score":{"step_time_s":0.5}}'),),
        notes="Wörter, 字\n",
    )
