"""One run of a comparison: its name, its wafer at the moment shown, and where in its step it is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tempstudio.core.timeline import Timeline
from tempstudio.gui.icons import icon
from tempstudio.gui.results import Result
from tempstudio.gui.views.combo_box import ComboBox
from tempstudio.gui.views.wafer_canvas import WaferCanvas
from tempstudio.scene.caption import headline
from tempstudio.scene.format import seconds
from tempstudio.scene.tokens import Tokens


class ComparePane(QWidget):
    """`chosen` carries the key of the run that is to stand here, `closed` that it goes."""

    chosen = Signal(str)
    closed = Signal()

    def __init__(self, letter: str, tokens: Tokens, closable: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(f"compare.pane.{letter}")
        self.letter = letter
        self.result: Result | None = None
        self._words = ""
        badge = QLabel(letter, self)
        badge.setProperty("role", "heading")
        self.box = ComboBox(self)
        self.box.setObjectName(f"compare.run.{letter}")
        self.box.setAccessibleName(f"Run {letter}")
        self.box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.box.setMinimumContentsLength(6)
        self.box.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.box.activated.connect(self._choose)
        self.close_button = QToolButton(self)
        self.close_button.setObjectName(f"compare.close.{letter}")
        self.close_button.setToolTip("Take this run out of the comparison")
        self.close_button.setVisible(closable)
        self.close_button.clicked.connect(self.closed)
        self.canvas = WaferCanvas(self)
        self.canvas.setObjectName(f"compare.wafer.{letter}")
        self.canvas.set_bare()
        self.canvas.setMinimumSize(120, 90)
        self._message = QLabel(self)
        self._message.setWordWrap(True)
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._message.setProperty("role", "muted")
        self._message.setContentsMargins(12, 8, 12, 8)
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self._message)
        self.stack.addWidget(self.canvas)
        self.moment = QLabel(self)
        self.moment.setObjectName(f"compare.moment.{letter}")
        self.moment.setProperty("role", "caption")
        self.moment.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._lay_out(badge)
        self.set_theme(tokens)

    def _lay_out(self, badge: QLabel) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(8, 4, 8, 4)
        head.setSpacing(8)
        head.addWidget(badge)
        head.addWidget(self.box, 1)
        head.addWidget(self.close_button)
        foot = QHBoxLayout()
        foot.setContentsMargins(8, 2, 8, 4)
        foot.addWidget(self.moment)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.stack, 1)
        column.addLayout(foot)

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self.canvas.set_theme(tokens)
        self.close_button.setIcon(icon("close", tokens))

    def set_offers(self, offers: Sequence[tuple[str, str]], chosen: str) -> None:
        """The runs (key, name) that can stand here, and the one that does."""
        self.box.blockSignals(True)
        self.box.clear()
        for key, name in offers:
            self.box.addItem(name, key)
        self.box.setCurrentIndex(self.box.findData(chosen))
        self.box.setToolTip(self.box.currentText())
        self.box.blockSignals(False)

    def show_message(self, text: str) -> None:
        """Say why no wafer is shown."""
        self.result = None
        self._message.setText(text)
        self._words = ""
        self.moment.setText("")
        self.stack.setCurrentWidget(self._message)

    def show_result(self, result: Result) -> None:
        """Show a run."""
        if result is not self.result:
            self.result = result
            self.canvas.set_project(result.project.machine)
            self.canvas.set_timeline(result.timeline)
        self.stack.setCurrentWidget(self.canvas)

    @property
    def timeline(self) -> Timeline | None:
        """What is played here."""
        return self.result.timeline if self.result is not None else None

    def set_time(self, time_s: float) -> None:
        """Show a moment; beyond the end of the step, its end."""
        timeline = self.timeline
        if timeline is None:
            return
        frame = timeline.at(min(time_s, timeline.duration_s))
        self.canvas.set_frame(frame)
        over = time_s > timeline.duration_s * (1 + 1e-9)
        said = "the step is over" if over else headline(frame.captions, -1)[1]
        whole = f"{seconds(frame.time_s)} of {seconds(timeline.duration_s)}"
        self._words = f"{whole} · {said}" if said else whole
        self._elide()

    def _elide(self) -> None:
        room = max(self.width() - 20, 20)
        elide = Qt.TextElideMode.ElideRight
        self.moment.setText(self.moment.fontMetrics().elidedText(self._words, elide, room))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As much of the moment as there is room for."""
        super().resizeEvent(event)
        self._elide()

    def _choose(self, place: int) -> None:
        self.chosen.emit(self.box.itemData(place))
