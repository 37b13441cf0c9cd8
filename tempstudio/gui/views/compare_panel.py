"""Runs side by side under one clock, what differs between two of them, and all strategies."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tempstudio.gui.focus_order import order_focus
from tempstudio.gui.views.combo_box import ComboBox
from tempstudio.gui.views.compare_pane import ComparePane
from tempstudio.gui.views.difference_view import DifferenceView
from tempstudio.gui.views.strategy_table import StrategyTable
from tempstudio.scene.tokens import Tokens
from tempstudio.scene.verdict import Verdict

LETTERS = "ABCD"
PANE_PX = (244, 248)  # least size of a run: dies of a 6 x 8 wafer have lanes between them
BAR_PX = 10  # height of a scroll bar
STRATEGIES_PX = 170  # least height of the strategies below
CLOCKS = (("Same share", "share"), ("Same time", "time"))


class ComparePanel(QWidget):
    """`pane_chosen(letter, key)`, `pane_closed(letter)`, `pane_added`; `clock_changed(mode)`.

    `shown_changed` says whether it can be seen: nothing is drawn while it cannot.
    """

    pane_chosen = Signal(str, str)
    pane_closed = Signal(str)
    pane_added = Signal()
    clock_changed = Signal(str)
    shown_changed = Signal(bool)

    def __init__(self, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("compare")
        self._tokens = tokens
        self.panes: list[ComparePane] = []
        self.sentence = QLabel(self)
        self.sentence.setObjectName("compare.verdict")
        self.sentence.setProperty("role", "heading")
        self.sentence.setWordWrap(True)
        self.reason = QLabel(self)
        self.reason.setObjectName("compare.reason")
        self.reason.setProperty("role", "caption")
        self.reason.setWordWrap(True)
        for label in (self.sentence, self.reason):
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.clock = ComboBox(self)
        self.clock.setObjectName("compare.clock")
        self.clock.setAccessibleName("One clock for all")
        self.clock.setToolTip(
            "How the runs are kept in step while they play:\n"
            "at the same share of each one's step, or at the same time since its start"
        )
        for title, mode in CLOCKS:
            self.clock.addItem(title, mode)
        self.clock.activated.connect(lambda _: self.clock_changed.emit(self.clock.currentData()))
        self.add = QToolButton(self)
        self.add.setText("Add run")
        self.add.setObjectName("compare.add")
        self.add.setToolTip("Set another run beside these")
        self.add.clicked.connect(self.pane_added)
        self.difference = DifferenceView(tokens, self)
        self.between = QLabel("Difference B − A", self)
        self.strategies = StrategyTable(tokens, self)
        self._row = QSplitter(Qt.Orientation.Horizontal, self)
        self._lay_out()
        self.set_theme(tokens)

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.sentence)
        words.addWidget(self.reason)
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 12, 8)
        head.setSpacing(8)
        head.addLayout(words, 1)
        head.addWidget(self.clock, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.add, 0, Qt.AlignmentFlag.AlignTop)
        self.between.setContentsMargins(8, 4, 8, 4)
        self.between.setProperty("role", "muted")
        self.between.setFixedHeight(36)
        map_ = QWidget(self)
        column = QVBoxLayout(map_)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.between)
        column.addWidget(self.difference, 1)
        self._map = map_
        self._row.addWidget(map_)
        self._row.setChildrenCollapsible(False)
        self._map.setMinimumSize(*PANE_PX)
        self.strategies.setMinimumHeight(STRATEGIES_PX)
        self._across = _scrolled("compare.across", self._row)
        self._across.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._across.setMinimumHeight(PANE_PX[1] + BAR_PX)
        split = QSplitter(Qt.Orientation.Vertical, self)
        split.addWidget(self._across)
        split.addWidget(self.strategies)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        split.setSizes([290, 230])
        split.setChildrenCollapsible(False)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(head)
        whole.addWidget(_scrolled("compare.down", split), 1)

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._tokens = tokens
        self.difference.set_theme(tokens)
        self.strategies.set_theme(tokens)
        for pane in self.panes:
            pane.set_theme(tokens)

    def set_pane_count(self, count: int) -> None:
        """So many runs side by side; the map stands between two, after more."""
        while len(self.panes) < count:
            letter = LETTERS[len(self.panes)]
            pane = ComparePane(letter, self._tokens, len(self.panes) >= 2, self)
            pane.chosen.connect(lambda key, letter=letter: self.pane_chosen.emit(letter, key))
            pane.closed.connect(lambda letter=letter: self.pane_closed.emit(letter))
            pane.setMinimumSize(*PANE_PX)
            self.panes.append(pane)
            self._row.addWidget(pane)
        while len(self.panes) > count:
            pane = self.panes.pop()
            pane.hide()
            pane.deleteLater()
        self._row.insertWidget(1 if count == 2 else count, self._map)
        self.add.setEnabled(count < len(LETTERS))
        self._row.setSizes([1000] * (len(self.panes) + 1))
        order_focus(self.stops)

    @property
    def stops(self) -> tuple[QWidget, ...]:
        """Its parts as the eye goes through them."""
        return (self.clock, self.add, *self.panes, self.strategies)

    def show_pane(self, number: int) -> None:
        """Bring a run into sight where not all have room."""
        self._across.ensureWidgetVisible(self.panes[number], 0, 0)

    def set_offers(self, offers: Sequence[tuple[str, str]], chosen: Sequence[str]) -> None:
        """The runs (key, name) that can be chosen, and those that are."""
        for pane, key in zip(self.panes, chosen, strict=True):
            pane.set_offers(offers, key)

    def set_verdict(self, words: Verdict) -> None:
        """The winner and why."""
        self.sentence.setText(words.sentence)
        self.reason.setText(words.reason)
        self.reason.setVisible(bool(words.reason))

    def set_clock(self, mode: str) -> None:
        """How the runs are kept in step."""
        self.clock.setCurrentIndex(self.clock.findData(mode))

    def showEvent(self, event: QShowEvent) -> None:
        """From now on it is drawn."""
        super().showEvent(event)
        self.shown_changed.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """From now on it is not."""
        super().hideEvent(event)
        self.shown_changed.emit(False)


def _scrolled(name: str, content: QWidget) -> QScrollArea:
    """What has no room all at once."""
    area = QScrollArea()
    area.setObjectName(name)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidgetResizable(True)
    area.setWidget(content)
    return area
