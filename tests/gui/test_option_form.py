"""Forms made from a catalogue: any strategy's options, without its code."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QSpinBox
from pytestqt.qtbot import QtBot

import tempstudio as ts
from tempstudio.catalogue import option_fields
from tempstudio.core.errors import InputError
from tempstudio.core.parallel import Degrees
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.views.option_form import Field, OptionForm, fields_of
from tests.gui.conftest import choose, said, seen

OPTIONS = [
    {"name": "waves", "type": "int", "default": 2, "minimum": 1, "maximum": 64, "unit": "waves"},
    {"name": "heat", "type": "float", "default": 0.5, "minimum": 0, "maximum": 1, "unit": "K"},
    {"name": "greedy", "type": "bool", "default": False, "help": "take the best at once"},
    {"name": "order", "type": "choice", "default": "rows", "choices": ["rows", "columns"]},
    {"name": "label", "type": "str", "default": "x"},
    {"name": "sizes", "type": "list", "item": "int", "default": [1, 2]},
]


@pytest.fixture
def form(qtbot: QtBot) -> OptionForm:
    made = OptionForm("test")
    qtbot.addWidget(made)
    made.set_fields(fields_of(OPTIONS), {})
    made.show()
    return made


def test_each_type_has_its_editor(form: OptionForm) -> None:
    kinds = {"waves": QSpinBox, "heat": QLineEdit, "greedy": QCheckBox, "order": QComboBox,
             "label": QLineEdit, "sizes": QLineEdit}  # fmt: skip
    for key, kind in kinds.items():
        assert isinstance(form.editor(key), kind), key


def test_unit_and_limits_are_in_the_tooltip(form: OptionForm) -> None:
    assert form.editor("waves").toolTip() == "1 to 64 waves\ndefault 2"
    assert form.editor("greedy").toolTip() == "Take the best at once\ndefault off"


def test_a_number_may_carry_its_unit(form: OptionForm, qtbot: QtBot) -> None:
    line = form.editor("heat")
    assert isinstance(line, QLineEdit)
    line.selectAll()
    with qtbot.waitSignal(form.edited) as told:
        QTest.keyClicks(line, "0.25 K")
        QTest.keyClick(line, Qt.Key.Key_Return)
    assert told.args == ["heat", 0.25]
    assert line.text() == "0.25 K"


@pytest.mark.parametrize("text", ["2", "nan", "inf", "hot", "1e999"])
def test_what_is_not_allowed_is_refused_and_put_back(
    form: OptionForm, qtbot: QtBot, text: str
) -> None:
    line = form.editor("heat")
    assert isinstance(line, QLineEdit)
    line.selectAll()
    with qtbot.waitSignal(form.refused) as told, qtbot.assertNotEmitted(form.edited):
        QTest.keyClicks(line, text)
        QTest.keyClick(line, Qt.Key.Key_Return)
    assert told.args is not None and told.args[0].startswith("heat: found")
    assert line.text() == "0.5 K"


def test_lists_are_split_and_checked(form: OptionForm, qtbot: QtBot) -> None:
    line = form.editor("sizes")
    assert isinstance(line, QLineEdit)
    line.selectAll()
    with qtbot.waitSignal(form.edited) as told:
        QTest.keyClicks(line, "4, 8,16")
        QTest.keyClick(line, Qt.Key.Key_Return)
    assert told.args == ["sizes", (4, 8, 16)]
    with pytest.raises(InputError, match="expected a whole number"):
        fields_of(OPTIONS)[5].parse("4, x")


def test_showing_values_emits_nothing(form: OptionForm, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(form.edited):
        form.set_values({"waves": 7, "greedy": True, "order": "columns"})
    spin = form.editor("waves")
    assert isinstance(spin, QSpinBox) and spin.value() == 7


def test_what_differs_from_the_default_stands_out(form: OptionForm) -> None:
    form.set_values({"waves": 7})
    assert form._labels["waves"].font().bold()
    assert not form._labels["heat"].font().bold()


def test_fields_of_a_dataclass_of_ours() -> None:
    fields = {field.key: field for field in fields_of(option_fields(Degrees))}
    assert fields["zero"] == Field("zero", "int", "", False, 0, "", 0, 3, (), fields["zero"].help)


CATALOGUE = {
    "plugins": [], "machines": [], "samples": [], "failures": [],
    "kinds": {
        "partitioner": [
            {"name": "tspp", "summary": "Streams.", "version": "1", "plugin": "tempstudio",
             "plugin_version": "0.1", "options": OPTIONS},
            {"name": "other", "summary": "Another.", "version": "2", "plugin": "foreign",
             "plugin_version": "3", "options": []},
        ],
        "mapper": [{"name": "sequential", "summary": "", "version": "1", "plugin": "tempstudio",
                    "plugin_version": "0.1", "options": []}],
        "solver": [],
    },
}  # fmt: skip


def test_boxes_and_forms_follow_the_catalogue(window: MainWindow) -> None:
    window.studio.set_live(False)
    window.following.show_catalogue(CATALOGUE)
    window.left.setCurrentIndex(1)
    spin = seen(window, "strategy.partitioner.waves")
    assert isinstance(spin, QSpinBox)
    spin.setFocus()
    QTest.keyClick(spin, Qt.Key.Key_Up)
    QTest.keyClick(spin, Qt.Key.Key_Up)
    assert window.studio.project.partitioner.options == (("waves", 4),)
    assert window.studio.document.history.count() == 1, "a burst of keys is one step"
    QTest.keyClick(spin, Qt.Key.Key_Down)
    QTest.keyClick(spin, Qt.Key.Key_Down)
    assert window.studio.project.partitioner.options == (), "the default is not stored"


def test_a_foreign_strategy_is_chosen_by_keyboard(window: MainWindow) -> None:
    window.studio.set_live(False)
    window.following.show_catalogue(CATALOGUE)
    choose(window, "box.partitioner", "other")
    assert window.studio.project.partitioner.name == "other"
    assert window.strategy.boxes["partitioner"].currentText() == "other"
    assert window.studio.document.history.undoText() == "Partitioner other"


def test_a_strategy_that_nobody_offers_is_shown_all_the_same(window: MainWindow) -> None:
    window.following.show_catalogue(CATALOGUE)
    assert window.toolbar.strategies["solver"].shown == "dual-level"
    assert window.strategy.boxes["solver"].currentText() == "dual-level"


def test_fixing_the_degrees_takes_those_on_screen(window: MainWindow) -> None:
    from dataclasses import replace

    window.studio.set_live(False)
    window.studio.edit(lambda p: replace(p, degrees=None), "Free")
    window.left.setCurrentIndex(1)
    box = seen(window, "degrees.fixed")
    window.strategy.ensureWidgetVisible(box)
    QTest.keyClick(box, Qt.Key.Key_Space)
    assert window.studio.project.degrees == Degrees(dp=1, stream=8)
    spin = window.strategy.degrees.editor("dp")
    assert isinstance(spin, QSpinBox) and spin.isEnabled()
    spin.setFocus()
    QTest.keyClick(spin, Qt.Key.Key_Up)
    assert window.studio.project.degrees == Degrees(dp=2, stream=8)


def test_a_refused_text_is_said(window: MainWindow) -> None:
    window.following.show_catalogue(CATALOGUE)
    window.left.setCurrentIndex(1)
    line = seen(window, "strategy.partitioner.heat")
    line.setFocus()
    assert isinstance(line, QLineEdit)
    line.selectAll()
    QTest.keyClicks(line, "9")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert said(window, "error") == ["heat: found 9, allowed: 0 to 1 K"]


def test_sequences_beyond_the_learned_positions_are_told_where_they_are_set(
    window: MainWindow,
) -> None:
    studio = window.studio
    studio.set_live(False)
    window.left.setCurrentIndex(1)
    note = window.strategy.positions
    assert not note.isVisible(), "rotary positions have no table"
    studio.edit(lambda p: replace(p, model=ts.load_model("opt-6.7b")), "Model opt-6.7b")
    assert not note.isVisible(), "1,024 tokens are within it"
    window.strategy.ensureWidgetVisible(seen(window, "job.seq_len"))
    length = seen(window, "job.seq_len")
    assert isinstance(length, QSpinBox)
    length.setFocus()
    length.selectAll()
    QTest.keyClicks(length, "4096")
    QTest.keyClick(length, Qt.Key.Key_Return)
    assert studio.project.job.seq_len == 4096
    assert note.isVisible()
    assert note.text().startswith("4,096 tokens, but opt-6.7b has learned positions for 2,048")
    form = window.strategy.job
    assert note.mapTo(window, note.rect().topLeft()).y() == pytest.approx(
        form.mapTo(window, form.rect().bottomLeft()).y(), abs=12
    ), "right below the job"
    studio.document.undo()
    assert not note.isVisible()
