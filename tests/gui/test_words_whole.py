"""Words that stand in little room: whole where they fit, else ended by dots and told by a tip."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import (
    QLabel,
    QProgressBar,
    QPushButton,
    QStyle,
    QStyleOptionComboBox,
    QWidget,
)

from tempstudio.gui.job import Job
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.results import Freshness
from tempstudio.gui.views.combo_box import ComboBox
from tempstudio.gui.views.status_bar import STATES
from tests.gui.conftest import seen, wait

NAME = "megatron3 + traffic-conscious (2)"
JOBS = (
    None,
    Job("replan", "Planning again", "live", 0.3, "mapping"),
    Job("search", "Searching by dual-level", "search", 0.3, "a generation of many plans " * 8),
)


@pytest.fixture(params=[1.0, 1.5])
def zoomed(window: MainWindow, request: pytest.FixtureRequest) -> Iterator[MainWindow]:
    """A window as designed, and one larger by half."""
    window.studio.set_live(False)
    window.zoom.set(request.param)
    yield window
    window.zoom.set(1.0)


def is_whole(label: QLabel) -> bool:
    return label.fontMetrics().horizontalAdvance(label.text()) <= label.contentsRect().width()


@pytest.mark.parametrize("job", JOBS)
def test_no_word_of_the_status_bar_is_cut(zoomed: MainWindow, job: Job | None) -> None:
    status = zoomed.status
    status.set_failures(2)
    status.set_job(job)
    for state, (*_, text) in STATES.items():
        status.set_freshness(Freshness(state, "Break die 0,0", "no die is left"))
        assert status.state.text() == text
        wait(lambda: is_whole(status.state) and is_whole(status.caption))
        parts = [status.state, status.caption, status.plugins]
        parts += [status.bar, status.cancel] if job is not None else []
        assert all(isinstance(part, QWidget) and part.isVisible() for part in parts)
        for part in (status.cancel, status.plugins):
            if part.isVisible():
                inside = part.height() - 2  # its border
                assert part.fontMetrics().height() <= inside, part.objectName()
        ends = [(part.mapTo(status, part.rect().topLeft()).x(), part.width()) for part in parts]
        for left, width in ends:
            assert left >= 0 and left + width <= status.width()


def test_the_state_moves_nothing_beside_it(window: MainWindow) -> None:
    status = window.status
    status.set_freshness(Freshness("fresh"))
    wait(lambda: is_whole(status.state))
    before = status.state.mapTo(status, status.state.rect().topLeft()), status.state.width()
    for state in ("stale", "no plan", "cut apart"):
        status.set_freshness(Freshness(state, "Break die 0,0", "why"))
        wait(lambda: is_whole(status.state))
        after = status.state.mapTo(status, status.state.rect().topLeft()), status.state.width()
        assert after == before, state


def test_a_long_job_ends_in_dots_and_its_tip_tells_it_whole(window: MainWindow) -> None:
    job = JOBS[2]
    assert job is not None
    window.status.set_job(job)
    assert window.status.caption.text().endswith("…")
    assert job.caption in window.status.caption.toolTip()
    assert isinstance(seen(window, "status.progress"), QProgressBar)
    assert isinstance(seen(window, "status.cancel"), QPushButton)


def test_a_choice_is_cut_only_where_it_does_not_fit(window: MainWindow) -> None:
    box = ComboBox(window)  # in the studio's own look
    box.addItems(["auto", NAME])
    box.setCurrentText(NAME)
    box.setToolTip("Which run stands here")
    box.ensurePolished()
    whole = box.sizeHint().width()
    box.resize(whole, box.sizeHint().height())
    assert box.shown == NAME
    assert box.tip == "Which run stands here"
    box.resize(whole - 60, box.height())
    assert "…" in box.shown and box.shown.endswith("(2)"), "the end tells runs apart"
    option = QStyleOptionComboBox()
    box.initStyleOption(option)
    part = QStyle.SubControl.SC_ComboBoxEditField
    field = box.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, box)
    assert box.fontMetrics().horizontalAdvance(box.shown) <= field.width() - 2, "all is painted"
    assert box.tip == f"{NAME}\nWhich run stands here"
    box.setCurrentText("auto")
    assert box.shown == "auto"
