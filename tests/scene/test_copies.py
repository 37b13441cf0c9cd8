"""Which stage holds which copy of the layers, and which copy is at work: as the plan says it."""

from __future__ import annotations

import numpy as np
import pytest

import tempstudio as ts
from tempstudio.core.project import Project
from tempstudio.scene.copies import (
    copy_line,
    dies_of_copy,
    spelt,
    stage_line,
    stages_of_dies,
    works_at,
)

LAYERS = 24


def run_in(pp: int, interleave: int = 1) -> ts.Run:
    return ts.run(
        Project(
            machine=ts.Wafer(rows=4, cols=4),
            model=ts.load_model("qwen2-0.5b"),
            job=ts.TrainingJob(global_batch=8, seq_len=1024),
            degrees=ts.Degrees(pp=pp, stream=16 // pp, interleave=interleave),
        )
    )


@pytest.fixture(scope="module")
def plain() -> ts.Run:
    return run_in(4)


@pytest.fixture(scope="module")
def interleaved() -> ts.Run:
    return run_in(4, 2)


def test_each_stage_holds_a_run_of_layers(plain: ts.Run) -> None:
    stages = plain.timeline.copies.stages
    assert stages["layers"].tolist() == np.repeat(range(4), LAYERS // 4).tolist()
    assert stages["embedding"].tolist() == [0] and stages["head"].tolist() == [3]


def test_interleaved_each_stage_holds_two_runs(interleaved: ts.Run) -> None:
    stages = interleaved.timeline.copies.stages["layers"]
    assert stages.tolist() == np.tile(np.repeat(range(4), LAYERS // 8), 2).tolist()


@pytest.mark.parametrize("name", ["plain", "interleaved"])
def test_copies_at_work_lie_on_the_dies_that_compute_them(
    name: str, request: pytest.FixtureRequest
) -> None:
    timeline = request.getfixturevalue(name).timeline
    stages = timeline.copies.stages["layers"]
    seen: list[set[int]] = [set() for _ in range(4)]
    for time_s in np.linspace(0.0, timeline.duration_s, 400, endpoint=False).tolist():
        captions = timeline.at(time_s).captions
        for stage, dies in enumerate(timeline.busy_dies):
            works = works_at(timeline, time_s, (int(dies[0]),))
            copies = {c for operator, c in works if operator.startswith(("attention", "mlp"))}
            assert len(copies) <= 1, "a stage is at one layer at a time"
            assert all(stages[copy] == stage for copy in copies)
            if copies:
                assert {captions[stage].copy} == copies and captions[stage].copies == LAYERS
            seen[stage] |= copies
    for stage in range(4):
        assert seen[stage] == set(np.flatnonzero(stages == stage).tolist())


def test_a_micro_batch_runs_through_the_layers_in_order_and_back(interleaved: ts.Run) -> None:
    """One micro-batch followed through all stages: up to the last layer, and down again."""
    timeline = interleaved.timeline
    spans = timeline.spans
    visited: dict[str, list[int]] = {"forward": [], "backward": []}
    mine = np.flatnonzero(spans.micro_batch == 0)
    for span in mine[np.argsort(spans.start_s[mine])].tolist():
        name, pass_ = timeline.segments[spans.segment[span]]
        if name != "layers":
            continue
        for copy in range(int(spans.repeats[span])):
            time_s = float(spans.start_s[span] + (copy + 0.5) * spans.period_s[span])
            die = int(timeline.busy_dies[int(spans.stage[span])][0])
            visited[pass_] += {c for _, c in works_at(timeline, time_s, (die,))}
    assert visited["forward"] == list(range(LAYERS))
    assert visited["backward"] == list(range(LAYERS))[::-1]


def test_words_of_dies_and_copies(plain: ts.Run, interleaved: ts.Run) -> None:
    model = plain.project.model
    assert stage_line(plain.timeline, model, 0) == "Stage 1 of 4: embedding, layers 1–6"
    assert stage_line(interleaved.timeline, model, 15) == (
        "Stage 4 of 4: layers 10–12, 22–24, head"
    )
    (layers,) = [block for block in model.blocks if block.name == "layers"]
    assert copy_line(plain.timeline, layers, 7) == "Copy 8 of 24: stage 2, 4 dies"
    assert copy_line(None, layers, 7) == "Copy 8 of 24"
    dies = dies_of_copy(plain.timeline, "layers", 7)
    assert stages_of_dies(plain.timeline, dies) == {1}
    assert dies_of_copy(plain.timeline, "layers", 24) == ()
    assert spelt(np.array([4])) == "5"


def test_one_stage_holds_all(plain: ts.Run) -> None:
    whole = run_in(1)
    assert set(whole.timeline.copies.stages["layers"].tolist()) == {0}
    assert stage_line(whole.timeline, whole.project.model, 3) == ""
    assert len(dies_of_copy(whole.timeline, "layers", 3)) == 16
