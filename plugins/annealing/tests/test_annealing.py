"""The annealing finds good plans, scores no more of them than asked, and obeys the rules."""

from __future__ import annotations

import pytest
from tempstudio_annealing.solver import Annealing

import tempstudio as ts
from tempstudio import conformance


def project(solver: str, machine: ts.Wafer, **options: object) -> ts.Project:
    return ts.Project(
        machine=machine,
        model=conformance.small_model(),
        job=conformance.SMALL_JOB,
        solver=ts.StrategyChoice(solver, options=options),
    )


@pytest.mark.parametrize("check", conformance.checks("solver"), ids=str)
def test_conformance(check: conformance.Check) -> None:
    check(Annealing())


def test_it_scores_no_more_plans_than_asked_and_never_gets_worse() -> None:
    seen: list[float] = []
    run = ts.run(
        project("annealing", ts.Wafer(rows=2, cols=3), plans=12),
        on_plan=lambda better: seen.append(better.score.step_time_s),
    )
    assert run.search.evaluations <= 12
    assert seen == sorted(seen, reverse=True)
    assert run.score.step_time_s == seen[-1]


def test_on_a_small_wafer_it_finds_what_trying_everything_finds() -> None:
    machine = ts.Wafer(rows=2, cols=2)
    best = ts.run(project("exhaustive", machine, vary_job=False))
    found = ts.run(project("annealing", machine, plans=200, patience=10))
    assert found.score.step_time_s == pytest.approx(best.score.step_time_s, rel=0.02)
