"""Help where one stands: figures, terms, first steps, faults."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

import tempstudio as ts
from tempstudio import glossary
from tempstudio.core.errors import InputError
from tempstudio.core.timeline import MEMORY_KINDS
from tempstudio.gui.faults import Faults
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.places import link_pairs
from tempstudio.gui.views.provenance import inputs
from tests.gui.conftest import click, said, seen


def test_every_term_is_one_sentence_and_found_by_all_its_names() -> None:
    for entry in glossary.entries():
        assert entry.sentence.endswith(".") and "\n" not in entry.sentence, entry.term
        assert len(entry.sentence) < 240, entry.term
        for name in (entry.term, *entry.also):
            assert glossary.find(name) is entry, name


def test_an_unknown_term_names_near_ones() -> None:
    with pytest.raises(InputError, match="nearest: contention factor"):
        glossary.explain("contetion")
    with pytest.raises(InputError, match="found 'xyzzy'"):
        glossary.explain("xyzzy")


def test_the_glossary_has_what_the_window_shows(small_run: ts.Run) -> None:
    shown = {
        *MEMORY_KINDS, "step_time_s", "tokens_per_s", "mfu", "contention_factor", "bound_bytes",
        *small_run.document["parallel"], *small_run.document["time_s"],
        "tspp", "megatron1", "megatron3", "fsdp", "sequential", "gemini", "traffic-conscious",
        "dual-level", "exhaustive", "ilp", "random",
        "global_batch", "micro_batch", "seq_len", "recompute",
    }  # fmt: skip
    assert {name for name in shown if glossary.find(name) is None} == set()


@pytest.mark.parametrize(
    "term",
    ["step time", "tokens per second", "MFU", "contention factor", "bound", "peak memory",
     *MEMORY_KINDS],
)  # fmt: skip
def test_every_figure_names_its_inputs(small_run: ts.Run, term: str) -> None:
    rows = inputs(term, small_run.document)
    assert len(rows) >= 2
    assert all(name and value for name, value in rows)


def test_dead_dies_are_taken_off_the_working_ones_once(small_run: ts.Run) -> None:
    """A document's `dies` are those that work already."""
    machine = {**small_run.document["machine"], "dies": 7, "dead": [[0, 1]]}
    rows = dict(inputs("MFU", {**small_run.document, "machine": machine}))
    assert "peak of 7 working dies" in rows


def test_mfu_and_contention_come_out_of_what_is_shown_for_them() -> None:
    """By the glossary's formulas from the numbers in the box, on a wafer with faults."""
    machine = ts.Wafer(rows=2, cols=4, dead_dies=((0, 3),), core_yield=((1, 0, 0.5),))
    run = ts.run(
        ts.Project(
            machine=machine,
            model=ts.load_model("qwen2-0.5b"),
            job=ts.TrainingJob(global_batch=4, seq_len=512),
            degrees=ts.Degrees(dp=1, stream=7),
        )
    )
    document = run.document
    flop, links = document["flop"], document["links"]
    model = 6 * document["model"]["active_parameters"] * 4 * 512
    assert flop["parameters"] == model
    peak = 6.5 * machine.die.flop_per_s
    assert flop["available"] == pytest.approx(peak * document["step_time_s"])
    assert (model + flop["attention"]) / flop["available"] == document["mfu"]
    assert links["phase_s"] / links["alone_s"] == pytest.approx(links["contention_factor"])
    shown = dict(inputs("MFU", document))
    assert shown["peak of 7 working dies"] == "11.7\u2009PFLOP/s"
    for term, figure in (("step time", "step_time_s"), ("contention factor", "contention_factor")):
        assert inputs(term, document), figure


def test_the_parts_of_the_step_time_add_up(small_run: ts.Run) -> None:
    time_s = small_run.document["time_s"]
    total = sum(time_s[name] for name in ("compute", "exposed", "bubble", "optimizer"))
    assert total == pytest.approx(small_run.document["step_time_s"])


def test_f1_explains_what_is_in_focus(window: MainWindow) -> None:
    QCursor.setPos(5000, 5000)  # what lies under the pointer goes first
    window.toolbar.strategies["partitioner"].setFocus()
    QTest.keyClick(window, Qt.Key.Key_F1)
    popup = seen(window, "provenance")
    assert "tensor streaming" in " ".join(label.text() for label in popup.findChildren(QLabel))
    QTest.keyClick(popup, Qt.Key.Key_Escape)


def test_the_first_steps_point_at_the_busiest_link(window: MainWindow, small_run: ts.Run) -> None:
    window.help.show_start()
    click(seen(window, "start.break_link"))
    assert window.wafer.tool == "dead_link"
    load = small_run.timeline.step_link_bytes / small_run.timeline.link_bytes_per_s
    (pair,) = window.studio.selection.chosen.links
    assert load[link_pairs(small_run.timeline).index(pair)] == load.max()
    assert window.settings.get("start_seen", False)
    window.studio.set_live(False)
    click(window.wafer, window.wafer.point_of_link(*pair).toPoint())
    assert len(window.studio.project.machine.dead_links) == 1


def test_the_start_panel_goes_with_escape(window: MainWindow) -> None:
    window.help.show_start()
    card = seen(window, "start.break_link")
    QTest.keyClick(card, Qt.Key.Key_Escape)
    assert window.help.start is not None and not window.help.start.isVisible()


def test_a_fault_in_a_slot_is_a_message_and_the_window_lives(window: MainWindow) -> None:
    faults = Faults(window)
    found: list[str] = []
    faults.found.connect(lambda line, text: found.extend((line, text)))
    before = sys.excepthook
    faults.install()
    try:

        def broken() -> None:
            raise ZeroDivisionError("in a slot")

        timer = QTimer(window)
        timer.setSingleShot(True)
        timer.timeout.connect(broken)
        timer.start(0)
        QTest.qWait(50)
    finally:
        faults.remove()
    assert sys.excepthook is before
    assert found[0] == "ZeroDivisionError: in a slot"
    assert "in broken" in found[1]
    assert window.isVisible()


def test_what_plugins_print_goes_to_the_log(window: MainWindow) -> None:
    window.studio.jobs.logged.emit("one\ntwo\n")
    lines = window.log.toPlainText().splitlines()
    assert [line.split(None, 1)[1] for line in lines] == ["one", "two"]


def test_a_crash_of_a_worker_is_a_message_with_details(window: MainWindow) -> None:
    header = {"kind": "fault", "message": "plugin evil, Mapper.map: SIGSEGV", "plugin": "evil",
              "hook": "Mapper.map", "traceback": "deep inside"}  # fmt: skip
    window.studio.jobs.refused.emit("search", window.studio.project, header)
    assert said(window, "error") == ["plugin evil, Mapper.map: SIGSEGV"]
    line = window.messages._lines[-1]
    click(line.details_button)
    assert seen(window, "log").isVisible()
    assert "deep inside" in window.log.toPlainText()


def test_plugins_that_failed_are_counted_and_listed(window: MainWindow) -> None:
    from tests.gui.test_option_form import CATALOGUE

    failing = {**CATALOGUE, "failures": [
        {"plugin": "broken", "hook": "tempstudio_mappers", "message": "no", "traceback": "t"},
    ]}  # fmt: skip
    window.following.show_catalogue(failing)
    button = seen(window, "status.plugins")
    assert button.text() == "1 plugin warning"  # type: ignore[attr-defined]
    click(button)
    assert window.desk.list.isVisible()
    window.desk.list.choose("broken")
    assert seen(window.desk.list, "plugin.traceback").toPlainText() == "t"  # type: ignore[attr-defined]
    click(seen(window.desk.list, "plugins.close"))
    assert not window.desk.list.isVisible()


@pytest.mark.parametrize("term", ["MFU", "step time", "contention factor", "peak memory"])
def test_no_line_of_an_explanation_is_cut(window: MainWindow, term: str) -> None:
    window.help.explain(term, window.gauges)
    popup = seen(window, "provenance")
    for label in popup.findChildren(QLabel):
        width = label.width()
        needed = label.heightForWidth(width) if label.wordWrap() else label.sizeHint().height()
        assert label.height() >= needed, label.text()
        assert label.geometry().bottom() < popup.height()
    popup.close()
