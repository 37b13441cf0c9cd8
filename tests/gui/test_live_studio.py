"""The studio as a person opens it, with real workers behind it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTreeWidgetItemIterator

import tempstudio as ts
from tempstudio.gui.main_window import MainWindow
from tempstudio.readers import workload_from_config
from tests.gui.conftest import choose, click, drop, said, seen, wait

PUBLISHED = json.loads(
    (Path(__file__).parent.parent / "readers" / "data" / "published.json").read_text()
)
CONTROL = Qt.KeyboardModifier.ControlModifier


def operators_shown(window: MainWindow) -> list[str]:
    """Names of the operators in the tree."""
    from tempstudio.gui.views.model_tree import NAME

    names, items = [], QTreeWidgetItemIterator(window.model.tree)
    while items.value():
        name = items.value().data(0, NAME)
        names += [name] if name else []
        items += 1
    return names


def test_the_first_plan_comes_by_itself_and_plays(live: MainWindow) -> None:
    assert live.studio.playback.timeline is not None
    live.studio.playback.play()
    before = live.studio.playback.time_s
    wait(lambda: live.studio.playback.time_s != before)
    live.studio.playback.pause()
    assert live.status.state.text() == "Fresh"


def test_the_boxes_offer_what_the_plugins_offer(live: MainWindow) -> None:
    offered = {kind: box.count() for kind, box in live.toolbar.strategies.items()}
    assert all(offered.values()), offered
    assert live.toolbar.model.findText("llama2-7b") >= 0
    assert live.toolbar.machine.count() > 0


@pytest.mark.parametrize("case", PUBLISHED, ids=[case["model"] for case in PUBLISHED])
def test_a_dropped_config_shows_its_tree_and_its_integer(
    live: MainWindow, tmp_path: Path, case: dict[str, Any]
) -> None:
    live.studio.set_live(False)
    expected = workload_from_config(case["config"], "config.json")
    path = tmp_path / "config.json"
    path.write_text(json.dumps(case["config"]))
    before = live.studio.project.model
    drop(live, path)
    wait(lambda: live.studio.project.model is not before)
    shown = seen(live, "model.parameters").text()  # type: ignore[attr-defined]
    assert shown == f"{case['parameters']:,} parameters"
    wanted = [operator.name for block in expected.blocks for operator in block.operators]
    assert sorted(operators_shown(live)) == sorted(wanted)
    live.studio.document.undo()
    assert live.studio.project.model == before
    live.studio.set_live(True)  # the next test may be any


BROKEN = {
    "no layers": (
        {"model_type": "llama", "hidden_size": 64, "vocab_size": 100}, "num_hidden_layers",
    ),
    "absurd heads": (
        {"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2,
         "num_attention_heads": -3, "intermediate_size": 128, "vocab_size": 100},
        "num_attention_heads",
    ),
    "no type": ({"hidden_size": 64}, "model_type"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_config_leaves_the_old_model_and_says_which_field(
    live: MainWindow, tmp_path: Path, name: str
) -> None:
    document, field = BROKEN[name]
    live.messages.clear()
    before, tree = live.studio.project, operators_shown(live)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(document))
    drop(live, path)
    wait(lambda: said(live, "error"))
    (line,) = said(live, "error")
    assert field in line and "\n" not in line
    assert live.studio.project is before
    assert operators_shown(live) == tree
    live.messages.clear()


def test_an_edit_is_planned_again_by_itself(live: MainWindow) -> None:
    studio = live.studio
    studio.set_live(True)
    wait(lambda: studio.results.is_fresh)
    before = studio.results.current
    QTest.keyClick(live.wafer, Qt.Key.Key_D)
    click(live.wafer, live.wafer.point_of_die(7).toPoint())
    assert studio.results.freshness.state == "stale"
    assert live.wafer.timeline is None
    assert live.gauges.ribbon.text() == "from before: Break die 1,3"
    wait(lambda: studio.results.is_fresh)
    after = studio.results.current
    assert after is not None and before is not None and after is not before
    assert after.document["machine"]["dead"] == [[1, 3]]
    assert after.document["machine"]["dies"] == 7
    assert live.wafer.timeline is after.timeline
    used = sum(after.document["parallel"][k] > 1 for k in ("pp", "dp", "sp", "tp", "stream"))
    assert used, "no search was started, the nearest legal degrees were taken"
    studio.document.undo()
    assert studio.results.is_fresh, "the run of the former project is still known"
    assert studio.results.current is before
    live.actions_["tool.select"].trigger()


def test_live_replan_can_be_turned_off(live: MainWindow) -> None:
    studio = live.studio
    live.actions_["run.live"].trigger()
    assert not studio.live
    studio.edit(lambda p: replace(p, seed=5), "Seed 5")
    QTest.qWait(500)
    assert not studio.results.is_fresh
    assert studio.jobs.job is None
    live.actions_["run.live"].trigger()
    wait(lambda: studio.results.is_fresh)
    studio.document.undo()


def test_a_mesh_cut_apart_is_told_and_mended_by_undo(live: MainWindow) -> None:
    from tempstudio.gui.edits import with_dies, with_links

    studio = live.studio
    studio.edit(
        lambda p: with_links(with_dies(p, (1,), dead=True), ((0, 4),), dead=True), "Cut off 0,0"
    )
    wait(lambda: studio.results.freshness.state != "stale")
    state = studio.results.freshness.state
    assert state in ("cut apart", "fresh"), state
    if state == "cut apart":
        assert live.status.state.text() == "Cut apart"
        assert studio.results.freshness.reason
    studio.document.undo()
    wait(lambda: studio.results.is_fresh)
    live.messages.clear()


def test_a_persons_session(
    live: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Choose tspp, sequential, exhaustive by keyboard; Run; save; reopen: made_by names them."""
    monkeypatch.chdir(tmp_path)
    live.activateWindow()
    wait(live.isActiveWindow)
    for kind, name in (("partitioner", "tspp"), ("mapper", "sequential"), ("solver", "exhaustive")):
        choose(live, f"box.{kind}", name)
    run = seen(live, "run")
    assert run.text() == "Run"  # type: ignore[attr-defined]
    QTest.keyClick(live, Qt.Key.Key_R, CONTROL)
    assert run.text() == "Cancel"  # type: ignore[attr-defined]
    wait(lambda: not live.studio.jobs.is_searching, 60)
    assert run.text() == "Run"  # type: ignore[attr-defined]
    current = live.studio.results.current
    assert current is not None and current.searched
    assert current.document["search"]["evaluations"] > 1
    path = tmp_path / "session.tempstudio"
    live.files.write(path, None)
    live.files.open(path)
    wait(lambda: live.studio.results.is_fresh, 60)
    again = live.studio.results.current
    assert again is not None and again is not current
    made_by = {row["kind"]: row["name"] for row in again.document["made_by"]}
    assert made_by == {"partitioner": "tspp", "mapper": "sequential", "solver": "exhaustive"}
    assert again.document["parallel"] == current.document["parallel"]
    assert json.loads(path.read_text())["plan"]["parallel"]["stream"] >= 1


def test_cancel_is_ready_at_once_and_keeps_the_best(live: MainWindow) -> None:
    studio = live.studio
    studio.edit(
        lambda p: replace(p, machine=ts.Wafer(rows=6, cols=8), model=ts.load_model("llama2-7b")),
        "A larger case",
    )
    click(seen(live, "run"))
    wait(lambda: studio.jobs.job is not None and studio.jobs.job.fraction > 0, 60)
    click(seen(live, "run"))
    wait(lambda: studio.jobs.job is None, 5)
    assert live.status.caption.text() == "Ready"
    assert seen(live, "run").text() == "Run"  # type: ignore[attr-defined]
    studio.document.undo()
    wait(lambda: studio.results.is_fresh)


def test_the_command_that_is_copied_repeats_the_run(live: MainWindow) -> None:
    live.actions_["edit.copy_command"].trigger()
    words = QApplication.clipboard().text().split()
    assert words[:2] == ["tempstudio", "run"]
    assert str(live.studio.document.path) in words


def test_degrees_to_begin_with_use_the_dies_and_fit() -> None:
    from tempstudio.gui.decided import first_guess

    for name, alive in (("qwen2-0.5b", 8), ("llama2-7b", 48), ("gpt3-175b", 48), ("llama2-7b", 1)):
        rows = 1 if alive == 1 else 2 if alive == 8 else 6
        project = ts.Project(ts.Wafer(rows=rows, cols=alive // rows), ts.load_model(name))
        guess = first_guess(project)
        assert alive / 2 < guess.size <= alive
        if name != "gpt3-175b":
            states = project.model.parameters / guess.stream * (4 + 12 / guess.dp)
            assert states < project.machine.die.hbm_bytes or alive == 1
