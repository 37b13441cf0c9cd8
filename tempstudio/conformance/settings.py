"""Where strategies are tried: a model that takes milliseconds, and wafers whole, broken, large."""

from __future__ import annotations

import math
from functools import lru_cache

from tempstudio.conformance.check import Broken
from tempstudio.core.machine import Machine, Wafer
from tempstudio.core.parallel import Degrees
from tempstudio.core.problem import Problem
from tempstudio.core.progress import Progress
from tempstudio.core.project import Project, StrategyChoice
from tempstudio.core.run import Run, Score
from tempstudio.core.workload import TrainingJob, Workload
from tempstudio.plugin_guard import GuardedMapper, GuardedPartitioner, run_project
from tempstudio.plugin_host import Offer, shared_host

SEED = 7
ONE = Wafer(rows=1, cols=1)
WHOLE = Wafer(rows=4, cols=4)
FAULTY = Wafer(
    rows=4, cols=4, dead_dies=((1, 2), (3, 0)), dead_links=(((0, 0), (0, 1)), ((2, 1), (2, 2)))
)
LARGE = Wafer(rows=80, cols=95)
SMALL_JOB = TrainingJob(global_batch=16, seq_len=64)
LARGE_JOB = TrainingJob(global_batch=7600, seq_len=64)


@lru_cache(maxsize=1)
def small_model() -> Workload:
    """A Llama of two layers, 256 wide, with 8 heads."""
    from tempstudio.readers import workload_from_config

    return workload_from_config(
        {
            "model_type": "llama",
            "hidden_size": 256,
            "intermediate_size": 512,
            "num_hidden_layers": 2,
            "num_attention_heads": 8,
            "vocab_size": 512,
            "max_position_embeddings": 1024,
        },
        "small model",
        "small model",
    )


def small_run(machine: Machine, degrees: Degrees) -> Run:
    """A run of the small model with the built-in `megatron3`, which every panel can be shown."""
    project = Project(
        machine=machine,
        model=small_model(),
        job=SMALL_JOB,
        partitioner=StrategyChoice("megatron3"),
        degrees=degrees,
    )
    return run_project(shared_host(safe_mode=True), project)


def built_in(kind: str, name: str) -> Offer:
    """One of the program's own strategies, to try another with."""
    return shared_host(safe_mode=True).find(kind, name)


def problem(
    machine: Machine,
    partitioner: Offer,
    mapper: Offer,
    degrees: Degrees | None = None,
    job: TrainingJob = SMALL_JOB,
    progress: Progress | None = None,
) -> Problem:
    """The small model on a machine, with two strategies at their default options."""
    return Problem(
        Project(machine=machine, model=small_model(), job=job, degrees=degrees, seed=SEED),
        GuardedPartitioner(partitioner),
        GuardedMapper(mapper, partitioner=partitioner),
        partitioner.object.Options(),
        mapper.object.Options(),
        progress,
    )


def check_score(score: Score, where: str) -> None:
    """Figures that no plan can have: not finite, faster than the machine, parts that do not add."""
    if not math.isfinite(score.step_time_s) or score.step_time_s <= 0:
        raise Broken(f"{where}: a step takes {score.step_time_s} s")
    parts = score.compute_s + score.exposed_s + score.bubble_s + score.optimizer_s
    if not math.isclose(parts, score.step_time_s, rel_tol=1e-6):
        raise Broken(f"{where}: the parts of a step add to {parts:g} of {score.step_time_s:g} s")
    if not 0 < score.mfu <= 1:
        raise Broken(f"{where}: {score.mfu:.3g} of the machine's FLOP/s is used, allowed: up to 1")
    if not score.memory.peak_bytes > 0 or not score.energy_j["total"] > 0:
        raise Broken(f"{where}: a step takes no memory or no energy")


class Stop:
    """A caller who no longer wants the answer, from the start or from some moment on."""

    def __init__(self, asked: bool = True) -> None:
        self.asked = asked
        self.progress = Progress(cancelled=lambda: self.asked)


def named(degrees: Degrees) -> str:
    """The axes above 1, as on the command line.

    >>> named(Degrees(dp=2, stream=4))
    'dp=2,stream=4'
    """
    axes = [(axis, getattr(degrees, axis)) for axis in ("pp", "dp", "sp", "tp", "stream")]
    return ",".join(f"{axis}={value}" for axis, value in axes if value > 1) or "dp=1"
