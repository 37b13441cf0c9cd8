"""Laying out a wafer: the dialog, the machine's figures, and a whole session by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QSpinBox, QWidget

import tempstudio as ts
from tempstudio.gui.main_window import MainWindow
from tests.gui.conftest import activate, choose, click, said, seen

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def type_into(window: QWidget, name: str, text: str) -> None:
    """Put a text into a field with the keyboard and leave the field."""
    QApplication.processEvents()  # fields that have just been made appear
    field = seen(window, name)
    field.setFocus()
    if isinstance(field, QSpinBox):
        field.selectAll()
    else:
        assert isinstance(field, QLineEdit), name
        field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Tab)


def text_of(window: QWidget, name: str) -> str:
    label = seen(window, name)
    assert isinstance(label, QLabel)
    return label.text()


def dialog_of(window: MainWindow) -> QWidget:
    return seen(window, "machine_dialog")


@pytest.fixture(autouse=True)
def by_hand(window: MainWindow) -> None:
    window.studio.set_live(False)


def open_dialog(window: MainWindow, key: Qt.Key = Qt.Key.Key_N) -> QWidget:
    QTest.keyClick(window, key, CONTROL)
    dialog = dialog_of(window)
    activate(dialog)
    return dialog


def test_a_wafer_by_hand_undone_redone_saved_and_run(window: MainWindow, tmp_path: Path) -> None:
    """New 5 x 7, two dead dies, a dead link, "96 GB", undo x 4, redo x 4, save, reopen, run."""
    dialog = open_dialog(window)
    type_into(dialog, "new.rows", "5")
    type_into(dialog, "new.cols", "7")
    assert text_of(dialog, "new.summary") == "35 dies, 35 work"
    click(seen(dialog, "machine_dialog.ok"))
    activate(window)
    fresh = window.studio.project
    assert (fresh.machine.rows, fresh.machine.cols) == (5, 7)
    QTest.keyClick(window.wafer, Qt.Key.Key_D)
    for die in (8, 20):
        click(window.wafer, window.wafer.point_of_die(die).toPoint())
    QTest.keyClick(window.wafer, Qt.Key.Key_L)
    click(window.wafer, window.wafer.point_of_link(0, 1).toPoint())
    window.left.setCurrentWidget(window.left.widget(3))
    type_into(window, "machine.die.HBM_GB", "96 GB")
    made = window.studio.project
    assert isinstance(made.machine, ts.Wafer)
    assert made.machine.dead_dies == ((1, 1), (2, 6))
    assert made.machine.dead_links == (((0, 0), (0, 1)),)
    assert made.machine.die.hbm_bytes == 96e9
    history = window.studio.document.history
    steps = [history.text(i) for i in range(history.count())]
    assert steps == ["Break die 1,1", "Break die 2,6", "Break link 0,0 – 0,1", "Memory 96 GB"]
    for _ in range(4):
        QTest.keyClick(window, Qt.Key.Key_Z, CONTROL)
    assert window.studio.project == fresh
    for _ in range(4):
        QTest.keyClick(window, Qt.Key.Key_Z, CONTROL | SHIFT)
    assert window.studio.project == made
    path = tmp_path / "mine.tempstudio"
    window.files.write(path, None)
    window.files.open(path)
    assert window.studio.project == made
    words = [sys.executable, "-m", "tempstudio", "run", str(path), "--json",
             "--batch", "33", "--seq", "1024", "--parallel", "dp=33"]  # fmt: skip
    answer = subprocess.run(words, capture_output=True, text=True, check=True)
    document = json.loads(answer.stdout)
    assert document["machine"]["dies"] == 33
    assert document["machine"]["dead"] == [[1, 1], [2, 6]]
    assert document["memory_bytes"]["capacity"] == 96e9


def test_a_new_wafer_takes_the_job_that_is_there(window: MainWindow) -> None:
    """Else its figures would differ for a reason that nobody has chosen."""
    before = window.studio.project
    dialog = open_dialog(window)
    type_into(dialog, "new.rows", "3")
    click(seen(dialog, "machine_dialog.ok"))
    after = window.studio.project
    assert after.machine.rows == 3
    assert (after.model, after.job) == (before.model, before.job)
    assert after.degrees is None and after.runs == ()


def test_figures_carry_their_units_and_a_bad_one_is_one_line(window: MainWindow) -> None:
    dialog = open_dialog(window)
    type_into(dialog, "new.die.HBM_GB", "0.096 TB")
    type_into(dialog, "new.die.TFLOPS", "2.5 PFLOPS")
    type_into(dialog, "new.link.GBps", "4.5 TB/s")
    type_into(dialog, "new.link.latency_ns", "0.3 us")
    machine = dialog.machine  # type: ignore[attr-defined]
    assert (machine.die.hbm_bytes, machine.die.flop_per_s) == (96e9, 2.5e15)
    assert (machine.link.bytes_per_s, machine.link.latency_s) == (4.5e12, 300e-9)
    assert seen(dialog, "new.link.latency_ns").text() == "300 ns"  # type: ignore[attr-defined]
    type_into(dialog, "new.die.HBM_GB", "72 lightyears")
    line = text_of(dialog, "machine_dialog.error")
    assert line.startswith("memory: found the unit 'lightyears'") and "\n" not in line
    click(seen(dialog, "machine_dialog.ok"))
    assert dialog.isVisible(), "what was refused is read before the dialog goes"
    type_into(dialog, "new.die.HBM_GB", "128")
    assert text_of(dialog, "machine_dialog.error") == ""
    click(seen(dialog, "machine_dialog.cancel"))
    activate(window)
    assert window.studio.project.machine.rows == 2, "Cancel changes nothing"


def test_area_over_budget_is_told_while_it_is_typed(window: MainWindow) -> None:
    dialog = open_dialog(window)
    assert "39,840" in text_of(dialog, "area.text")
    type_into(dialog, "new.die.HBM_GB", "96 GB")
    assert "5,120\u2009mm² too much" in text_of(dialog, "area.text")
    assert seen(dialog, "area.text").property("role") == "warning"
    type_into(dialog, "new.area.die_mm2", "3.9 cm²")
    assert "too much" not in text_of(dialog, "area.text")


def test_faults_by_rate_and_seed_are_previewed_and_repeat(window: MainWindow) -> None:
    dialog = open_dialog(window)
    type_into(dialog, "new.faults.die_rate", "20 %")
    first = dialog.machine  # type: ignore[attr-defined]
    assert 0 < len(first.dead_dies) < 30
    assert text_of(dialog, "new.summary") == f"48 dies, {first.alive_count} work"
    type_into(dialog, "new.faults.seed", "7")
    other = dialog.machine  # type: ignore[attr-defined]
    assert other.dead_dies != first.dead_dies
    type_into(dialog, "new.faults.seed", "1")
    assert dialog.machine == first  # type: ignore[attr-defined]
    type_into(dialog, "new.faults.link_rate", "70 %")
    assert text_of(dialog, "new.pieces").startswith("Cut into")


def test_a_yield_model_says_what_share_is_lost(window: MainWindow) -> None:
    from tempstudio.core.faults import die_yield

    dialog = open_dialog(window)
    for title, model in (("Poisson yield", "poisson"), ("Murphy yield", "murphy"),
                         ("negative binomial", "negative-binomial")):  # fmt: skip
        choose(dialog, "new.faults.yield_model", title)
        activate(dialog)
        type_into(dialog, "new.faults.defects_per_cm2", "0.05")
        share = die_yield(500, 0.05, model)
        assert f"{100 * share:.1f}" in text_of(dialog, "new.faults.told")


def test_wafers_in_a_chain_have_a_joint_to_type(window: MainWindow) -> None:
    dialog = open_dialog(window)
    type_into(dialog, "new.wafers", "2")
    type_into(dialog, "new.between_wafers.GBps", "12 TB/s")
    click(seen(dialog, "machine_dialog.ok"))
    activate(window)
    machine = window.studio.project.machine
    assert isinstance(machine, ts.Wafer)
    assert machine.wafers == 2 and machine.die_count == 96
    assert machine.between_wafers.bytes_per_s == 12e12


def test_the_open_machine_is_edited_in_its_place_as_one_step(window: MainWindow) -> None:
    model = window.studio.project.model
    dialog = open_dialog(window, Qt.Key.Key_M)
    assert text_of(dialog, "new.summary") == "8 dies, 8 work"
    type_into(dialog, "new.rows", "3")
    type_into(dialog, "new.die.HBM_GB", "80 GB")
    click(seen(dialog, "machine_dialog.ok"))
    activate(window)
    assert window.studio.project.machine.rows == 3
    assert window.studio.project.model is model
    assert window.studio.document.history.count() == 1
    QTest.keyClick(window, Qt.Key.Key_Z, CONTROL)
    assert window.studio.project.machine.rows == 2


def test_a_smaller_mesh_lets_go_of_the_faults_outside(window: MainWindow) -> None:
    QTest.keyClick(window.wafer, Qt.Key.Key_D)
    for die in (1, 7):
        click(window.wafer, window.wafer.point_of_die(die).toPoint())
    window.left.setCurrentWidget(window.left.widget(3))
    type_into(window, "machine.rows", "1")
    assert window.studio.project.machine.dead_dies == ((0, 1),)
    assert text_of(window, "machine.faults") == "1 dead die"
    type_into(window, "machine.die.HBM_GB", "0 GB")
    assert said(window, "error")[-1].startswith("memory: found 0, allowed from 1e-06")


def test_f1_on_a_figure_says_what_it_is(window: MainWindow) -> None:
    from tempstudio import glossary
    from tempstudio.gui.help import term_of

    dialog = open_dialog(window)
    fields = [w for w in dialog.findChildren(QWidget) if w.objectName().startswith("new.")]
    editors = [w for w in fields if isinstance(w, (QLineEdit, QSpinBox)) and w.isVisible()]
    terms = {w.objectName(): term_of(w) for w in editors}
    for name in ("new.die.HBM_GB", "new.die.TFLOPS", "new.link.GBps", "new.link.latency_ns",
                 "new.area.die_mm2", "new.area.usable_mm2", "new.area.HBM_stack_mm2"):  # fmt: skip
        assert glossary.find(terms[name]) is not None, name
    type_into(dialog, "new.rows", "6")
    editor = seen(dialog, "new.die.HBM_GB")
    editor.setFocus()
    QTest.keyClick(editor, Qt.Key.Key_F1)
    popup = seen(dialog, "provenance")
    assert any("HBM" in label.text() for label in popup.findChildren(QLabel))
    popup.close()
    assert "memory capacity of the die" in editor.toolTip().casefold()
    assert "GB" in editor.toolTip()
