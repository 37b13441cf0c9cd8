"""Difference maps and verdicts: signed, antisymmetric, honest about what is missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import tempstudio as ts
from tempstudio.core.peak import peak_of_dies
from tempstudio.export.svg import svg_of
from tempstudio.scene.difference import difference, difference_picture
from tempstudio.scene.diverging import LEVELS, diverging_fills
from tempstudio.scene.tokens import THEMES, contrast
from tempstudio.scene.verdict import verdict


@pytest.fixture(scope="module")
def runs() -> tuple[ts.Run, ts.Run]:
    project = ts.Project(
        machine=ts.Wafer(rows=2, cols=4),
        model=ts.load_model("qwen2-0.5b"),
        job=ts.TrainingJob(global_batch=4, seq_len=1024),
        degrees=ts.Degrees(dp=1, stream=8),
    )
    other = replace(project, degrees=ts.Degrees(dp=4, stream=2))
    return ts.run(project), ts.run(other)


def pair(run: ts.Run):  # type: ignore[no-untyped-def]
    return run.project.machine, run.timeline


def test_the_peak_of_the_dies_is_the_run_s_peak(runs: tuple[ts.Run, ts.Run]) -> None:
    for run in runs:
        peaks = peak_of_dies(run.timeline)
        assert np.nanmax(peaks) == pytest.approx(run.score.memory.peak_bytes)


def test_there_and_back_is_the_same_with_the_other_sign(runs: tuple[ts.Run, ts.Run]) -> None:
    there, back = difference(pair(runs[0]), pair(runs[1])), difference(pair(runs[1]), pair(runs[0]))
    assert there is not None and back is not None
    np.testing.assert_allclose(there.memory_bytes, -back.memory_bytes)
    np.testing.assert_allclose(there.load, -back.load)
    assert there.most_bytes > 0 and there.most_load > 0
    none = difference(pair(runs[0]), pair(runs[0]))
    assert none is not None and none.most_bytes == 0 and none.most_load == 0


def test_meshes_of_different_shapes_have_no_map(runs: tuple[ts.Run, ts.Run]) -> None:
    wide = ts.run(replace(runs[0].project, machine=ts.Wafer(rows=4, cols=2)))
    assert difference(pair(runs[0]), pair(wide)) is None
    faulty = replace(
        runs[0].project, machine=ts.Wafer(rows=2, cols=4, dead_dies=((1, 3),)),
        degrees=ts.Degrees(dp=1, stream=6),
    )  # fmt: skip
    found = difference(pair(runs[0]), pair(ts.run(faulty)))
    assert found is not None
    assert np.isnan(found.memory_bytes).tolist() == [False] * 7 + [True]
    assert "nan" not in svg_of(difference_picture(found, 300, 240, THEMES["light"]))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", [(900.0, 700.0), (250.0, 200.0), (60.0, 50.0)])
def test_the_map_is_drawn_at_every_size(
    runs: tuple[ts.Run, ts.Run], theme: str, size: tuple[float, float]
) -> None:
    found = difference(pair(runs[0]), pair(runs[1]))
    assert found is not None
    picture = difference_picture(found, *size, THEMES[theme])
    dies = picture.layer("differences")
    assert dies is not None and len(dies.xywh) == 8  # type: ignore[union-attr]
    assert svg_of(picture).startswith("<svg")


@pytest.mark.parametrize("theme", THEMES)
def test_both_ends_of_the_scale_stand_out_and_differ(theme: str) -> None:
    tokens = THEMES[theme]
    fills = diverging_fills(tokens)
    assert len(set(fills)) == LEVELS
    away = [contrast(fill, tokens.surface) for fill in fills]
    middle = LEVELS // 2
    assert away[middle] == 1.0
    assert away[: middle + 1] == sorted(away[: middle + 1], reverse=True)
    assert away[middle:] == sorted(away[middle:])
    assert min(away[0], away[-1]) >= 3


def test_no_plan_of_another_model_is_faster(runs: tuple[ts.Run, ts.Run]) -> None:
    first, second = (run.document for run in runs)
    other = second | {"model": second["model"] | {"name": "another"}}
    words = verdict(("A", "B"), first, other)
    assert words.winner is None and "faster" not in words.sentence
    assert f"A trains {first['model']['name']} at " in words.sentence
    assert "B trains another at " in words.sentence


def test_steps_of_other_work_are_compared_by_the_second(runs: tuple[ts.Run, ts.Run]) -> None:
    first, _ = (run.document for run in runs)
    job = first["job"] | {"global_batch": 2 * first["job"]["global_batch"]}
    longer = first | {"job": job, "step_time_s": 1.6 * first["step_time_s"]}
    longer["tokens_per_s"] = 1.25 * first["tokens_per_s"]
    words = verdict(("A", "B"), first, longer)
    assert words.winner == 1
    assert words.sentence.startswith("B trains 25.0\u2009% more tokens a second than A")
    assert f"{2 * first['job']['global_batch'] * first['job']['seq_len']:,}" in words.reason


def test_the_winner_is_named_with_what_makes_it_win(runs: tuple[ts.Run, ts.Run]) -> None:
    first, second = (run.document for run in runs)
    words = verdict(("A", "B"), first, second)
    fast = 0 if first["step_time_s"] < second["step_time_s"] else 1
    assert words.winner == fast
    assert words.sentence.startswith("AB"[fast]) and "faster than" in words.sentence
    swapped = verdict(("B", "A"), second, first)
    assert swapped.sentence == words.sentence and swapped.winner == 1 - fast
    assert "spends" in words.reason
    gains = {
        part: abs(first["time_s"][part] - second["time_s"][part])
        for part in ("compute", "exposed", "bubble", "optimizer")
    }
    words_of = {"exposed": "exposed communication", "optimizer": "optimizer step"}
    part = max(gains, key=lambda key: gains[key])
    assert words_of.get(part, part) in words.reason


def test_a_plan_that_fits_beats_a_faster_one_that_does_not(runs: tuple[ts.Run, ts.Run]) -> None:
    first, second = (dict(run.document) for run in runs)
    first["step_time_s"], first["fits"] = 1e-9, False
    words = verdict(("A", "B"), first, second)
    assert words.winner == 1 and words.sentence == "B fits, A does not"
    assert "needs" in words.reason and "on die" in words.reason
    second["fits"] = False
    assert verdict(("A", "B"), first, second).sentence == "Neither fits"


def test_equal_runs_have_no_winner(runs: tuple[ts.Run, ts.Run]) -> None:
    words = verdict(("A", "B"), runs[0].document, runs[0].document)
    assert words.winner is None and words.sentence.startswith("A and B both take")
