"""Planning again keeps what was decided as far as it still goes, and says what it let go."""

from __future__ import annotations

from dataclasses import replace

import pytest

import tempstudio as ts
from tempstudio.core.decisions import (
    Decisions,
    decisions_from_json,
    decisions_of,
    decisions_to_json,
)
from tempstudio.core.errors import InputError
from tempstudio.core.problem import Problem
from tempstudio.core.strategy import Mapper
from tempstudio.plan_message import plan_document
from tempstudio.replanning import plan_again
from tempstudio.strategies.mappers.sequential import Sequential
from tempstudio.strategies.mappers.traffic_conscious import TrafficConscious
from tempstudio.strategies.partitioners.tspp import TensorStream

CHOSEN = Decisions(ts.Degrees(dp=2, stream=4), recompute="selective", micro_batch=2)


@pytest.fixture(scope="module")
def project() -> ts.Project:
    return ts.Project(
        machine=ts.Wafer(rows=2, cols=4),
        model=ts.load_model("qwen2-0.5b"),
        job=ts.TrainingJob(global_batch=8, seq_len=512),
    )


def problem_of(project: ts.Project, mapper: Mapper | None = None) -> Problem:
    mapper = mapper or Sequential()
    return Problem(project, TensorStream(), mapper, TensorStream.Options(), mapper.Options())


def test_what_a_solver_chose_is_kept(project: ts.Project) -> None:
    again = plan_again(problem_of(project), CHOSEN)
    assert (again.plan.job.micro_batch, again.plan.job.recompute) == (2, "selective")
    assert again.plan.degrees == CHOSEN.degrees
    assert again.notes == []


def test_a_stored_plan_is_planned_again_to_the_digit(project: ts.Project) -> None:
    problem = problem_of(project, TrafficConscious())
    own = problem.build(CHOSEN.candidate)
    other = next(
        placement
        for symmetry in problem.symmetries()
        for placement in problem.tilings(CHOSEN.degrees, symmetry)
        if placement != own.mapping.placement
    )
    stored = plan_again(problem, replace(CHOSEN, placement=other))
    assert stored.placed and tuple(stored.plan.mapping.placement) == other
    read = decisions_of(plan_document(stored.plan), project.job)
    assert read == replace(CHOSEN, placement=other)
    again = plan_again(problem_of(project, TrafficConscious()), read)
    assert problem.score(again.plan).step_time_s == problem.score(stored.plan).step_time_s


def test_ranks_leave_a_die_that_has_died(project: ts.Project) -> None:
    plan = problem_of(project).build(CHOSEN.candidate)
    smaller = replace(CHOSEN, degrees=ts.Degrees(dp=1, stream=4))
    wanted = replace(smaller, placement=tuple(plan.mapping.placement[:4]))
    dead = ts.Wafer(rows=2, cols=4, dead_dies=(project.machine.coordinate(wanted.placement[0]),))
    again = plan_again(problem_of(replace(project, machine=dead)), wanted)
    assert not again.placed
    assert wanted.placement[0] not in again.plan.mapping.placement
    assert again.plan.job.micro_batch == 2


def test_the_nearest_degrees_keep_the_micro_batch(project: ts.Project) -> None:
    faulty = replace(project, machine=ts.Wafer(rows=2, cols=4, dead_dies=((0, 3), (1, 3))))
    again = plan_again(problem_of(faulty), CHOSEN)
    assert again.plan.degrees != CHOSEN.degrees
    assert again.plan.job.micro_batch == 2
    assert "no longer go" in again.notes[0]
    guessed = plan_again(problem_of(faulty), replace(CHOSEN, guessed=True))
    assert guessed.plan.degrees == again.plan.degrees
    assert guessed.notes == [], "nobody had chosen what does not go"


def test_a_micro_batch_that_does_not_fit_gives_way_to_one_that_does(project: ts.Project) -> None:
    wanted = Decisions(CHOSEN.degrees, micro_batch=4)
    roomy, tight = (
        problem_of(project).score(problem_of(project).build(chosen)).memory.peak_bytes
        for chosen in (wanted.candidate, wanted.degrees)
    )
    assert roomy > tight
    machine = ts.Wafer(
        rows=2, cols=4, die=replace(project.machine.die, hbm_bytes=(roomy + tight) / 2)
    )
    again = plan_again(problem_of(replace(project, machine=machine)), wanted)
    assert again.plan.job == project.job
    assert again.notes == ["the micro-batch of 4 no longer fits: the project's own again"]


def test_what_somebody_has_typed_since_holds(project: ts.Project) -> None:
    typed = replace(project.job, micro_batch=1, recompute="full")
    left = CHOSEN.after(project.job, typed)
    assert (left.micro_batch, left.recompute) == (2, "")
    left = CHOSEN.after(project.job, replace(project.job, micro_batch=4))
    assert (left.micro_batch, left.recompute) == (0, "selective")


def test_fixed_degrees_hold_with_the_job_as_it_is(project: ts.Project) -> None:
    fixed = replace(project, degrees=ts.Degrees(dp=1, stream=8))
    again = plan_again(problem_of(fixed), CHOSEN)
    assert (again.plan.degrees, again.plan.job) == (fixed.degrees, project.job)


def test_decisions_as_plain_data() -> None:
    decided = replace(CHOSEN, placement=(3, 2, 1, 0))
    assert decisions_from_json(decisions_to_json(decided), "x") == decided
    with pytest.raises(InputError, match=r"x\.placement: expected a list of dies"):
        decisions_from_json({"parallel": {}, "placement": ["a"]}, "x")
    with pytest.raises(InputError, match=r"plan\.parallel: found None"):
        decisions_of({}, ts.TrainingJob())
