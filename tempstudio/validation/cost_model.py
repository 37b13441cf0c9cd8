"""How well the cost model that solvers search with agrees with the full simulation (SPEC 9).

Random candidates (degrees, ZeRO, recomputation, micro-batch, placement) of each model on a wafer
with faults and slow links, so that traffic contends, are costed both ways.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.candidate import Candidate
from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.faults import random_faults
from tempstudio.core.machine import Link, Machine, Wafer
from tempstudio.core.problem import Problem
from tempstudio.core.progress import Progress
from tempstudio.core.project import Project, StrategyChoice
from tempstudio.core.workload import TrainingJob
from tempstudio.plugin_guard import choose
from tempstudio.plugin_host import shared_host
from tempstudio.readers import load_model

FloatArray = NDArray[np.float64]

MODELS = ("gpt3-6.7b", "llama2-7b", "llama3-70b", "gpt3-175b")
LEAST_PEARSON, MOST_MEAN_ERROR, LEAST_SPEARMAN = 0.99, 0.04, 0.9
LEAST_DIES = 0.75  # of the working ones that a random plan uses
SLOW_LINK = Link(bytes_per_s=1e12)  # a die's four edges share 4 TB/s


@dataclass(frozen=True)
class Agreement:
    """Two costings of the same plans, seconds mostly: how alike they are and how fast."""

    model: str
    machine: str
    plans: int
    pearson_log_time: float
    mean_error: float
    worst_error: float
    spearman_best_tenth: float
    memory_mean_error: float
    energy_mean_error: float
    model_per_s: float
    simulations_per_s: float

    @property
    def passed(self) -> bool:
        """Whether time agrees as closely as SPEC and its issue ask."""
        return (
            self.pearson_log_time >= LEAST_PEARSON
            and self.mean_error <= MOST_MEAN_ERROR
            and self.spearman_best_tenth >= LEAST_SPEARMAN
        )

    def document(self) -> dict[str, Any]:
        """As plain data."""
        return {**asdict(self), "pass": self.passed}


def contended_wafer() -> Wafer:
    """6 x 8 dies whose edges share their bandwidth, some dead, some links dead, two dies slow."""
    wafer = random_faults(Wafer(rows=6, cols=8, link=SLOW_LINK), 0.06, 0.04, seed=4)
    slow = [place for place in ((1, 2), (4, 6)) if place not in wafer.dead_dies]
    return replace(wafer, core_yield=tuple((*place, 0.9) for place in slow))


def measure_agreement(
    model: str, plans: int, seed: int, progress: Progress, machine: Machine | None = None
) -> Agreement:
    """Cost random plans of a preset both ways, by tspp and the traffic-conscious mapper."""
    machine = machine or contended_wafer()
    problem = random_problem(model, machine, seed)
    candidates, figures, simulating_s = [], [], 0.0
    draws = random_candidates(problem, seed)
    for number in range(plans):
        progress.step(number / plans, f"{model}: plan {number + 1} of {plans}")
        candidate, plan = next(draws)
        started = time.process_time()
        score, _ = problem.simulate(plan)
        simulating_s += time.process_time() - started
        candidates.append(candidate)
        figures.append((score.step_time_s, score.memory.peak_bytes, score.energy_j["total"]))
    problem.costs.figures(candidates)  # once warm
    started = time.process_time()
    found = problem.costs.figures(candidates)
    spent = time.process_time() - started
    name = f"{machine.rows}x{machine.cols}, {machine.alive_count} dies alive"
    return compare_figures(model, name, found, np.array(figures), spent, simulating_s)


def compare_figures(
    model: str, machine: str, found: FloatArray, truth: FloatArray, found_s: float, truth_s: float
) -> Agreement:
    """`found` and `truth` [plans, (seconds, bytes, joules)], and how long each took."""
    from scipy.stats import spearmanr

    error = np.abs(found / truth - 1.0)
    logs = np.log(found[:, 0]), np.log(truth[:, 0])
    best = np.argsort(truth[:, 0])[: max(3, len(truth) // 10)]
    rank = spearmanr(found[best, 0], truth[best, 0]).statistic
    return Agreement(
        model,
        machine,
        len(truth),
        pearson_log_time=float(np.corrcoef(*logs)[0, 1]),
        mean_error=float(error[:, 0].mean()),
        worst_error=float(error[:, 0].max()),
        spearman_best_tenth=float(rank),
        memory_mean_error=float(error[:, 1].mean()),
        energy_mean_error=float(error[:, 2].mean()),
        model_per_s=len(truth) / max(found_s, 1e-9),
        simulations_per_s=len(truth) / max(truth_s, 1e-9),
    )


def random_problem(model: str, machine: Machine, seed: int) -> Problem:
    """A preset's training on a machine, with the built-in partitioner and mapper."""
    workload = load_model(model)
    job = TrainingJob(global_batch=128, seq_len=min(2048, workload.max_seq_len))
    project = Project(machine, workload, job, seed=seed)
    project = replace(project, mapper=StrategyChoice("traffic-conscious"))
    chosen = choose(shared_host(), project)
    return Problem(
        project,
        chosen.partitioner,
        chosen.mapper,
        chosen.partitioner_options,
        chosen.mapper_options,
    )


def random_candidates(problem: Problem, seed: int) -> Any:
    """Endlessly drawn candidates that can be built, each with its plan."""
    rng = np.random.default_rng(seed)
    alive = problem.project.machine.alive_count
    choices = [d for d in problem.degrees() if d.size >= LEAST_DIES * alive]
    while True:
        candidate = draw_candidate(problem, choices, rng)
        try:
            yield candidate, problem.build(candidate)
        except (InputError, NoPlanError):
            continue


def draw_candidate(problem: Problem, choices: Sequence[Any], rng: np.random.Generator) -> Candidate:
    """Any of the degrees with any ZeRO level, job and placement."""
    degrees = choices[int(rng.integers(len(choices)))]
    degrees = replace(degrees, zero=int(rng.integers(4)))
    symmetry = int(rng.choice(problem.symmetries()))
    tilings = problem.tilings(degrees, symmetry)
    return Candidate(
        degrees,
        recompute=str(rng.choice(["none", "selective", "full"])),
        micro_batch=int(rng.choice([1, 2, 4])),
        tiling=int(rng.integers(len(tilings))) if tilings else -1,
        symmetry=symmetry if tilings else 0,
    )
