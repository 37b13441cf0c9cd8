"""The status bar: what is under the pointer | fresh, stale or cut apart | the job | plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStatusBar,
    QToolButton,
    QWidget,
)

from tempstudio.gui.icons import icon, pixmap
from tempstudio.scene.format import percent, plural
from tempstudio.scene.tokens import Tokens

if TYPE_CHECKING:  # the first paint waits for what is imported here
    from tempstudio.gui.job import Job
    from tempstudio.gui.results import Freshness

STATES = {
    "none": ("", "", "No run yet"),
    "fresh": ("ok", "ok", "Fresh"),
    "stale": ("warning", "warning", "Stale"),
    "no plan": ("error", "error", "No plan"),
    "cut apart": ("error", "error", "Cut apart"),
}


class _State(QLabel):
    """As wide as the longest of its texts, so that nothing beside it moves or cuts it."""

    def sizeHint(self) -> QSize:
        longest = max(self.fontMetrics().horizontalAdvance(text) for *_, text in STATES.values())
        return QSize(longest + 2, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()


class StatusBar(QStatusBar):
    """`cancel_asked` from the Cancel button, `plugins_asked` from the warning."""

    cancel_asked = Signal()
    plugins_asked = Signal()

    def __init__(self, tokens: Tokens, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("status")
        self.setSizeGripEnabled(False)
        self._tokens = tokens
        self._freshness: Freshness | None = None
        self._tool = ""
        self.hovered = QLabel(self)
        self.hovered.setObjectName("status.hovered")
        self.hovered.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.hovered.setContentsMargins(8, 0, 8, 0)
        self.sign = QLabel(self)
        self.state = _State(self)
        self.state.setObjectName("status.freshness")
        self.caption = QLabel(self)
        self.caption.setObjectName("status.job")
        self.bar = QProgressBar(self)
        self.bar.setObjectName("status.progress")
        self.bar.setTextVisible(False)
        self.bar.setFixedSize(120, 4)
        self.bar.setRange(0, 1000)
        self.cancel = QPushButton("Cancel", self)
        self.cancel.setObjectName("status.cancel")
        self.cancel.setFixedHeight(20)
        self.cancel.clicked.connect(self.cancel_asked)
        self.plugins = QToolButton(self)
        self.plugins.setObjectName("status.plugins")
        self.plugins.setFixedHeight(20)
        self.plugins.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.plugins.clicked.connect(self.plugins_asked)
        self.plugins.hide()
        self.addWidget(self.hovered, 1)
        for widgets in ((self.sign, self.state), (self.caption, self.bar, self.cancel)):
            self.addPermanentWidget(self._group(*widgets))
        self.addPermanentWidget(self.plugins)
        self.set_theme(tokens)
        self.set_job(None)

    def _group(self, *widgets: QWidget) -> QWidget:
        group = QWidget(self)
        row = QHBoxLayout(group)
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(8)
        for widget in widgets:
            row.addWidget(widget)
        return group

    def set_hovered(self, text: str) -> None:
        """What is under the pointer; the tool in hand while nothing is."""
        self.hovered.setText(text or self._tool)

    def set_tool(self, text: str) -> None:
        """The tool in hand, in words."""
        self._tool = text
        self.hovered.setText(text)

    def set_freshness(self, freshness: Freshness) -> None:
        """Fresh, stale or cut apart."""
        self._freshness = freshness
        sign, colour, text = STATES[freshness.state]
        self.state.setText(text)
        self.state.setToolTip(
            freshness.reason
            or freshness.ribbon.capitalize()
            or ("The figures belong to the project on screen" if sign == "ok" else "")
        )
        self.sign.setVisible(bool(sign))
        if sign:
            ink = getattr(self._tokens, colour)
            self.sign.setPixmap(pixmap(sign, ink, 16, self.devicePixelRatioF()))

    def set_job(self, job: Job | None) -> None:
        """What runs, with its progress; Ready while nothing does."""
        for widget in (self.bar, self.cancel):
            widget.setVisible(job is not None)
        if job is None:
            self.caption.setText("Ready")
            return
        caption = job.stalled or job.caption
        text = f"{job.title}: {caption}" if caption else job.title
        self.caption.setText(self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, 360))
        self.caption.setToolTip(f"{text}\n{percent(job.fraction)} done")
        # Nothing is known before the first report: the bar then shows that it does not know.
        self.bar.setRange(0, 1000 if job.fraction > 0 else 0)
        self.bar.setValue(round(1000 * job.fraction))

    def set_failures(self, count: int) -> None:
        """How many plugins failed."""
        self.plugins.setVisible(count > 0)
        self.plugins.setText(plural(count, "plugin warning"))

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._tokens = tokens
        self.plugins.setIcon(icon("warning", tokens, tokens.warning))
        if self._freshness is not None:
            self.set_freshness(self._freshness)
