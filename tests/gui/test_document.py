"""The history: every edit comes back, a stroke is one step, clean means as in the file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

import tempstudio as ts
from tempstudio.core.project import Project
from tempstudio.gui.document import Document

MODEL = ts.load_model("qwen2-0.5b")


def project(seed: int = 0) -> Project:
    return Project(machine=ts.Wafer(rows=2, cols=2), model=MODEL, seed=seed)


@given(
    steps=st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from([None, "stroke a", "stroke b"])), max_size=12
    )
)
def test_undo_walks_back_the_same_way_and_redo_forth(
    qapp: object, steps: list[tuple[int, str | None]]
) -> None:
    document = Document(project())
    shown = [document.project]
    for seed, key in steps:
        document.edit(replace(document.project, seed=seed), f"seed {seed}", key)
        del shown[document.history.index() :]
        shown.append(document.project)
    count = document.history.count()
    for expected in reversed(shown[:count]):
        document.undo()
        assert document.project == expected
    assert document.project == project()
    for expected in shown[1 : count + 1]:
        document.redo()
        assert document.project == expected


def test_a_stroke_is_one_step(qapp: object) -> None:
    document = Document(project())
    for seed in (1, 2, 3):
        document.edit(project(seed), f"paint {seed}", "stroke 1")
    document.edit(project(4), "paint 4", "stroke 2")
    assert [document.history.text(i) for i in range(document.history.count())] == [
        "paint 3", "paint 4",
    ]  # fmt: skip
    document.undo()
    assert document.project == project(3)
    document.undo()
    assert document.project == project(0)


def test_a_stroke_that_ends_where_it_began_leaves_no_step(qapp: object) -> None:
    document = Document(project())
    document.edit(project(1), "there", "stroke")
    document.edit(project(0), "and back", "stroke")
    assert document.history.count() == 0
    assert document.is_clean


def test_what_changes_nothing_is_no_step(qapp: object) -> None:
    document = Document(project())
    assert not document.edit(project(0), "nothing")
    assert document.history.count() == 0


def test_clean_means_as_in_the_file(qapp: object, tmp_path: Path) -> None:
    document = Document(project())
    document.edit(project(1), "one")
    assert not document.is_clean
    document.mark_saved(tmp_path / "p.tempstudio")
    assert document.is_clean
    document.undo()
    assert not document.is_clean
    document.redo()
    assert document.is_clean
    assert document.name == "p"


def test_a_stroke_does_not_swallow_the_saved_state(qapp: object, tmp_path: Path) -> None:
    document = Document(project())
    document.edit(project(1), "before saving", "stroke")
    document.mark_saved(tmp_path / "p.tempstudio")
    document.edit(project(2), "after saving", "stroke")
    assert not document.is_clean
    document.undo()
    assert document.is_clean
    assert document.project == project(1)


def test_everyone_is_told_before_after_and_step(qapp: object, qtbot: QtBot) -> None:
    document = Document(project())
    with qtbot.waitSignal(document.project_changed) as told:
        document.edit(project(7), "seed 7")
    assert told.args == [project(0), project(7), "seed 7"]
    with qtbot.waitSignal(document.project_changed) as told:
        document.undo()
    assert told.args == [project(7), project(0), "undo of seed 7"]


def test_keys_of_one_burst_merge_and_those_of_another_field_do_not(
    qapp: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tempstudio.gui import document as module

    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    document = Document(project())
    first = document.typing("batch")
    now[0] += 0.5
    assert document.typing("batch") == first
    assert document.typing("seed") != first
    now[0] += 5.0
    assert document.typing("batch") != first


def test_opening_another_project_forgets_the_history(qapp: object, tmp_path: Path) -> None:
    document = Document(project())
    document.edit(project(1), "one")
    document.open(project(9), tmp_path / "other.tempstudio")
    assert document.project == project(9)
    assert document.is_clean
    assert not document.history.canUndo()
