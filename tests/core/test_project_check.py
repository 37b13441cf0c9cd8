"""Whatever a project is made of in Python, a run of it is right or one line says what is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

import tempstudio as ts
from tempstudio.core.project_check import check_project

BASE = ts.Project(
    machine=ts.Wafer(rows=2, cols=2),
    model=ts.load_model("qwen2-0.5b"),
    job=ts.TrainingJob(global_batch=4, seq_len=256),
    degrees=ts.Degrees(dp=2, stream=2),
)


def with_job(**changes: object) -> ts.Project:
    return replace(BASE, job=replace(BASE.job, **changes))


def with_die(**changes: object) -> ts.Project:
    machine = BASE.machine
    return replace(BASE, machine=replace(machine, die=replace(machine.die, **changes)))


WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "no project": (lambda: "llama2-7b", "project: found 'llama2-7b', expected a Project"),
    "nan": (lambda: with_job(global_batch=math.nan), "job.global_batch: found nan"),
    "negative": (lambda: with_job(global_batch=-1), "job.global_batch: found -1, allowed from 1"),
    "half": (lambda: with_job(micro_batch=1.5), "job.micro_batch: found 1.5, expected a whole"),
    "none": (lambda: with_job(micro_batch=0), "job.micro_batch: found 0"),
    "text": (lambda: with_job(seq_len="4"), "job.seq_len: found '4'"),
    "unknown": (lambda: with_job(recompute="x"), "job.recompute: found 'x', allowed: none"),
    "zero": (lambda: replace(BASE, degrees=ts.Degrees(dp=2, zero=9)), "degrees.zero: found 9"),
    "dp": (lambda: replace(BASE, degrees=ts.Degrees(dp=0)), "degrees.dp: found 0"),
    "tuple": (lambda: replace(BASE, degrees=(2, 2)), "degrees: found (2, 2), expected Degrees"),
    "memory": (lambda: with_die(hbm_bytes=math.nan), "machine.die.HBM_GB: found nan"),
    "rate": (lambda: with_die(flop_per_s=-1.8e15), "machine.die.TFLOPS: found -1800.0"),
    "endless": (lambda: with_die(hbm_bytes_per_s=math.inf), "machine.die.HBM_GBps: found inf"),
    "machine": (lambda: replace(BASE, machine="6x8"), "machine: found '6x8', expected a Wafer"),
    "model": (lambda: replace(BASE, model=None), "model: found None, expected a Workload"),
    "seed": (lambda: replace(BASE, seed=math.nan), "seed: found nan, allowed: 0 to"),
    "strategy": (
        lambda: replace(BASE, partitioner="fsdp"),
        "partitioner: found 'fsdp', expected a StrategyChoice",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_run_of_nonsense_is_one_line(case: str) -> None:
    make, line = WRONG[case]
    with pytest.raises(ts.InputError) as caught:
        ts.run(make())  # type: ignore[arg-type]
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_what_is_in_order_passes() -> None:
    check_project(BASE)
    check_project(replace(BASE, degrees=None, machine=ts.Cluster(nodes=2, devices_per_node=4)))
    assert ts.run(BASE).score.step_time_s > 0
