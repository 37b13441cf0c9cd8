"""A plan in words."""

from __future__ import annotations

import dataclasses

import tempstudio as ts
from tempstudio.core.parallel import Degrees
from tempstudio.core.project import StrategyChoice
from tempstudio.scene.convergence import convergence_chart
from tempstudio.scene.plan_words import plan_lines

SMALL = ts.Project(
    machine=ts.Wafer(rows=3, cols=4),
    model=ts.load_model("llama2-7b"),
    job=ts.TrainingJob(global_batch=8, seq_len=1024),
)


def planned(project: ts.Project, degrees: Degrees) -> ts.Run:
    return ts.run(dataclasses.replace(project, degrees=degrees))


def test_a_plan_is_told_by_its_degrees_groups_and_makers() -> None:
    run = planned(SMALL, Degrees(dp=2, stream=4, zero=1))
    lines = plan_lines(run.document, searched=False)
    assert lines[0] == "Plan: dp 2 · stream 4 · ZeRO-1"
    assert any(line.startswith("2 groups stream on ") for line in lines)
    assert sum("," in line for line in lines if line.startswith("Idle: ")) == 1
    assert lines[-1] == "By tspp and sequential; Run searches for a better one"
    assert plan_lines(run.document, searched=True)[-1].endswith(", found by dual-level")


def test_the_course_of_gemini_never_rises() -> None:
    gemini = dataclasses.replace(SMALL, mapper=StrategyChoice("gemini"))
    chart = convergence_chart(planned(gemini, Degrees(dp=6, tp=2)).document)
    assert chart is not None
    cost = chart.traces[0].y
    assert (cost[1:] <= cost[:-1]).all() and cost[-1] > 0
    plain = planned(SMALL, Degrees(dp=6, tp=2))
    assert convergence_chart(plain.document) is None
