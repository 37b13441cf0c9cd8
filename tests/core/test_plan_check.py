"""Whatever is nonsense in a plan is named in one line; what the built-in strategies make passes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tempstudio as ts
from tempstudio.conformance import SMALL_JOB, small_model
from tempstudio.conformance.settings import built_in
from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.plan_check import PlanFault, check_plan, check_score
from tempstudio.core.problem import Problem
from tempstudio.core.project import Project

WAFER = ts.Wafer(rows=2, cols=4, dead_links=(((0, 3), (1, 3)),))
DEGREES = ts.Degrees(dp=2, stream=4)


def problem(
    machine: ts.Machine = WAFER, partitioner: str = "tspp", mapper: str = "traffic-conscious"
) -> Problem:
    parts = [built_in("partitioner", partitioner).object, built_in("mapper", mapper).object]
    project = Project(machine=machine, model=small_model(), job=SMALL_JOB)
    return Problem(project, *parts, *(part.Options() for part in parts))


@pytest.fixture(scope="module")
def plan() -> ts.Plan:
    return problem().build(DEGREES)


def with_mapping(plan: ts.Plan, **changes: Any) -> ts.Plan:
    return replace(plan, mapping=replace(plan.mapping, **changes))


def with_group(plan: ts.Plan, **changes: Any) -> ts.Plan:
    first, *rest = plan.mapping.groups
    return with_mapping(plan, groups=(replace(first, **changes), *rest))


def with_stage(plan: ts.Plan, **changes: Any) -> ts.Plan:
    stage = replace(plan.partition.stages[0], **changes)
    return replace(plan, partition=replace(plan.partition, stages=(stage,)))


def with_phase(plan: ts.Plan, change: Callable[[ts.Phase], ts.Phase]) -> ts.Plan:
    """The plan with the first phase changed that streams and computes."""
    forward = list(plan.partition.stages[0].forward)
    for s, segment in enumerate(forward):
        for i, phase in enumerate(segment.phases):
            if phase.stream is not None and phase.work.flop > 0:
                phases = (*segment.phases[:i], change(phase), *segment.phases[i + 1 :])
                forward[s] = replace(segment, phases=phases)
                return with_stage(plan, forward=tuple(forward))
    raise AssertionError("nothing streams")


def over_the_dead_link(plan: ts.Plan) -> ts.Plan:
    """A schedule that is valid on a whole wafer, round a square with a dead side."""
    dies = (2, 3, 7, 6)
    whole = ts.schedule_group([(0, 2), (0, 3), (1, 3), (1, 2)])
    ranks = tuple(plan.mapping.placement.index(die) for die in dies)
    groups = [group for group in plan.mapping.groups if not set(group.dies) & set(dies)]
    return with_mapping(plan, groups=(*groups, ts.StreamGroup("stream", dies, ranks, whole)))


def rerouted(plan: ts.Plan, *routes: tuple[float, tuple[int, ...]]) -> ts.Plan:
    return with_mapping(plan, routes={"all-reduce dp": {(0, 1): tuple(routes)}})


def work(**changes: float) -> Callable[[ts.Phase], ts.Phase]:
    return lambda phase: replace(phase, work=replace(phase.work, **changes))


def saved_twice(plan: ts.Plan) -> ts.Plan:
    forward = plan.partition.stages[0].forward
    more = tuple(replace(s, saved_bytes=2 * s.saved_bytes + 10) for s in forward)
    return with_stage(plan, forward=more)


def half_the_work(plan: ts.Plan) -> ts.Plan:
    stage = plan.partition.stages[0]
    layer = max(stage.forward, key=lambda s: s.repeat * len(s.phases))
    shorter = tuple(replace(s, repeat=max(s.repeat - 1, 1)) for s in stage.forward)
    assert layer.repeat > 1
    less = [replace(s, saved_bytes=0.0) for s in stage.backward]
    return with_stage(plan, forward=tuple(replace(s, saved_bytes=0.0) for s in shorter),
                      backward=tuple(less), backward_last=tuple(less))  # fmt: skip


NONSENSE: dict[str, tuple[Callable[[ts.Plan], ts.Plan], str]] = {
    "a die twice": (lambda p: with_mapping(p, placement=(0,) * 8), "die [0, 0] holds two ranks"),
    "half a die": (
        lambda p: with_mapping(p, placement=(0.5, *p.mapping.placement[1:])),
        "die 0.5 does not exist",
    ),
    "a dead link": (over_the_dead_link, "a stream schedule is not valid: rule 1"),
    "no groups": (
        lambda p: with_mapping(p, groups=()),
        "0 are in a stream group of axis 'stream'",
    ),
    "a group twice": (
        lambda p: with_mapping(p, groups=(*p.mapping.groups, p.mapping.groups[0])),
        "12 are in a stream group",
    ),
    "another's place": (
        lambda p: with_group(p, schedule=p.mapping.groups[1].schedule),
        "its group lies on",
    ),
    "a lie about buffers": (
        lambda p: with_group(
            p, schedule=replace(p.mapping.groups[0].schedule, peak_buffer_chunks=0)
        ),
        "rule 5",
    ),
    "rank elsewhere": (
        lambda p: with_group(p, ranks=p.mapping.groups[0].ranks[::-1]),
        "where it does not lie",
    ),
    "a gap": (lambda p: rerouted(p, (1.0, (5,))), "has a gap"),
    "a short route": (lambda p: rerouted(p, (1.0, ())), "ends elsewhere"),
    "NaN of a flow": (lambda p: rerouted(p, (math.nan, (0,))), "carry nan of a flow"),
    "two thirds of a flow": (lambda p: rerouted(p, (2 / 3, (0,))), "carry 0.666667 of a flow"),
    "less than nothing": (lambda p: rerouted(p, (-1.0, (0,)), (2.0, (0,))), "carries -1"),
    "NaN bytes": (
        lambda p: with_phase(p, lambda f: replace(f, buffer_bytes=math.nan)),
        "an amount is nan",
    ),
    "negative memory traffic": (
        lambda p: with_phase(p, work(hbm_bytes=-1.0)),
        "an amount is -1",
    ),
    "chunks for others": (
        lambda p: with_phase(
            p, lambda f: replace(f, stream=replace(f.stream, chunk_bytes=(1.0, 1.0)))
        ),
        "has not the",
    ),
    "a smallest share": (lambda p: with_phase(p, work(flop=1.0)), "less than the mean"),
    "no such collective": (
        lambda p: with_phase(
            p, lambda f: replace(f, collective=ts.Collective("broadcast", ("dp",), 1.0))
        ),
        "collective 'broadcast', allowed: all-reduce",
    ),
    "memory from nowhere": (saved_twice, "the forward keeps"),
    "work that is not done": (half_the_work, "computes"),
    "weights nowhere": (lambda p: with_stage(p, weight_bytes=0.0), "bytes of weight states"),
    "no optimizer": (lambda p: with_stage(p, optimizer_bytes=1.0), "bytes of optimizer states"),
    "no time": (
        lambda p: replace(p, partition=replace(p.partition, micro_batches=1)),
        "hold 2 of 16 samples",
    ),
    "programs missing": (
        lambda p: replace(p, partition=replace(p.partition, stages=())),
        "0 programs for 1 model chunks",
    ),
    "other degrees": (
        lambda p: replace(p, degrees=ts.Degrees(dp=8)),
        "made for Degrees(pp=1, dp=2",
    ),
    "an easier job": (
        lambda p: replace(p, job=replace(p.job, seq_len=1)),
        "its job has seq_len 1, asked for 64",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_named_in_one_line(plan: ts.Plan, name: str) -> None:
    spoil, said = NONSENSE[name]
    check_plan(plan, WAFER, problem().project)
    with pytest.raises(PlanFault) as caught:
        check_plan(spoil(plan), WAFER, problem().project)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_fixed_degrees_are_kept(plan: ts.Plan) -> None:
    fixed = replace(problem().project, degrees=ts.Degrees(dp=8))
    with pytest.raises(PlanFault, match="asked for Degrees"):
        check_plan(plan, WAFER, fixed)


def test_figures_that_no_plan_can_have(plan: ts.Plan) -> None:
    score = problem().score(plan)
    check_score(score)
    for change in (
        {"step_time_s": math.nan},
        {"step_time_s": 0.0, "compute_s": 0.0, "exposed_s": 0.0, "optimizer_s": 0.0},
        {"exposed_s": -1.0},
        {"bubble_s": score.bubble_s + score.step_time_s},
        {"energy_j": {**score.energy_j, "hbm": math.inf}},
        {"memory": replace(score.memory, peak_bytes=-1.0)},
    ):
        with pytest.raises(PlanFault):
            check_score(replace(score, **change))


@settings(max_examples=20)
@given(
    machine=st.sampled_from([
        ts.Wafer(rows=3, cols=4, dead_dies=((1, 1),)),
        ts.Wafer(rows=2, cols=2, wafers=2),
        ts.Cluster(nodes=2, devices_per_node=4),
    ]),
    partitioner=st.sampled_from(["tspp", "megatron1", "megatron3", "fsdp"]),
    mapper=st.sampled_from(["sequential", "gemini", "traffic-conscious"]),
    choice=st.randoms(use_true_random=False),
    zero=st.integers(0, 3),
)  # fmt: skip
def test_what_the_built_in_strategies_make_keeps_every_rule(
    machine: ts.Machine, partitioner: str, mapper: str, choice: Any, zero: int
) -> None:
    task = problem(machine, partitioner, mapper)
    degrees = choice.choice(list(task.degrees()))
    try:
        plan = task.build(replace(degrees, zero=max(zero, degrees.zero)))
    except (InputError, NoPlanError):
        return
    assert np.isfinite(task.score(plan).step_time_s)
