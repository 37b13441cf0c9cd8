"""The gauges as one panel: figures, where the step goes, memory, contention."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QElapsedTimer, QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from tempstudio import glossary
from tempstudio.core.timeline import Frame
from tempstudio.gui.places import die_name, link_pairs
from tempstudio.gui.results import Freshness, Result
from tempstudio.gui.selection import Chosen
from tempstudio.gui.views.contention import Histogram, LinkReading, TopLinks
from tempstudio.gui.views.gauges import Figure, FigureButton, MemoryGauge, MemoryReading
from tempstudio.gui.views.time_bar import TimeBar
from tempstudio.scene.format import (
    NONE,
    byte_count,
    change,
    count,
    digits,
    percent,
    seconds,
    split_unit,
)
from tempstudio.scene.tokens import Tokens, mix

PLAYING_MS = 100  # while playing, texts change no oftener than a person can read
FIGURES = (
    # key, title, glossary term, format, whether more is better
    ("step_time_s", "Step time", "step time", seconds, False),
    ("tokens_per_s", "Tokens/s", "tokens per second", count, True),
    ("mfu", "MFU", "MFU", percent, True),
)


class GaugePanel(QScrollArea):
    """Shows one run and one moment of it; `asked` carries a glossary term to explain."""

    asked = Signal(str)
    link_chosen = Signal(object)

    def __init__(self, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("gauges")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._tokens = tokens
        self._result: Result | None = None
        self._frame: Frame | None = None
        self._chosen = Chosen()
        self._since = QElapsedTimer()
        body = QWidget(self)
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(12, 8, 12, 12)
        self._column.setSpacing(4)
        self._add_figures(body)
        self._add_memory(body)
        self._add_contention(body)
        self._column.addStretch(1)
        self.setWidget(body)
        self.set_result(None, None)

    def _add_figures(self, body: QWidget) -> None:
        row = QHBoxLayout()
        row.setSpacing(4)
        self.figures: dict[str, FigureButton] = {}
        for key, title, term, _, _ in FIGURES:
            button = FigureButton(key, title, self._tokens, body)
            button.setProperty("term", term)
            button.setToolTip(meaning(term))
            button.clicked.connect(lambda _=False, term=term: self.asked.emit(term))
            row.addWidget(button)
            self.figures[key] = button
        self._column.addLayout(row)
        self.ribbon = Ribbon(body, self.figures["step_time_s"])
        self.time = TimeBar(self._tokens, body)
        self._column.addWidget(self.time)

    def _add_memory(self, body: QWidget) -> None:
        self._column.addSpacing(12)
        self._column.addWidget(_heading("Memory", body))
        self.memory = MemoryGauge(self._tokens, body)
        self.memory.setAccessibleName("Memory")
        self.memory.clicked.connect(self.asked)
        self._column.addWidget(self.memory)

    def _add_contention(self, body: QWidget) -> None:
        self._column.addSpacing(12)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(_heading("Contention", body))
        self.factor = FigureLine("contention factor", body)
        self.factor.setObjectName("figure.contention_factor")
        self.factor.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.factor.asked.connect(self.asked)
        row.addWidget(self.factor, 1)
        self._column.addLayout(row)
        self.bound = FigureLine("bound", body)
        self.bound.setObjectName("figure.bound")
        self.bound.asked.connect(self.asked)
        self._column.addWidget(self.bound)
        self.histogram = Histogram(self._tokens, body)
        self._column.addWidget(self.histogram)
        self._column.addSpacing(4)
        self.top = TopLinks(self._tokens, body)
        self.top.chosen.connect(self.link_chosen)
        self._column.addWidget(self.top)

    @property
    def frame_shown(self) -> Frame | None:
        """The moment that the gauges show."""
        return self._frame

    def set_result(self, result: Result | None, before: Result | None) -> None:
        """Show the figures of a run, beside those of the run before it."""
        self._result = result
        document = result.document if result is not None else {}
        earlier = before.document if before is not None else {}
        for key, _, _, form, more_is_better in FIGURES:
            self.figures[key].set_figure(
                _figure(document.get(key), earlier.get(key), form, more_is_better)
            )
            self.figures[key].setEnabled(result is not None)
        self.time.set_parts(document.get("time_s", {}))
        self._show_links(document.get("links"))
        if result is None:
            self.memory.set_reading(None)
            self.histogram.set_reading(None)
            self.top.set_reading(None)
            self._frame = None

    def _show_links(self, links: dict[str, Any] | None) -> None:
        if not links:
            self.factor.setText(NONE)
            self.bound.setText("")
            return
        self.factor.setText(f"factor {digits(links['contention_factor'])}\u2009×")
        load, bound = links.get("max_load_bytes") or 0.0, links.get("bound_bytes") or 0.0
        beside = f", {digits(load / bound)}\u2009× its bound" if bound else ""
        self.bound.setText(f"busiest link {byte_count(load)}{beside}")
        self.bound.setToolTip(f"{meaning('bound')}\nHere {byte_count(bound)}" if bound else "")

    def set_frame(self, frame: Frame, playing: bool = False) -> None:
        """Show a moment of the run; while playing, at most ten times a second."""
        if playing and self._since.isValid() and self._since.elapsed() < PLAYING_MS:
            return
        self._since.start()
        self._frame = frame
        if self._result is None:
            return
        self._show_memory(frame)
        machine, timeline = self._result.project.machine, self._result.timeline
        pairs = link_pairs(timeline)
        reading = LinkReading(frame.link_utilization, frame.link_rate, machine, pairs)
        self.histogram.set_reading(reading)
        self.top.set_reading(reading)

    def _show_memory(self, frame: Frame) -> None:
        assert self._result is not None
        machine = self._result.project.machine
        memory = self._result.document["memory_bytes"]
        fullest = machine.die_id(tuple(memory["peak_die"]))
        dies = [die for die in self._chosen.dies if die < frame.memory.shape[1]]
        die = dies[0] if len(dies) == 1 else fullest
        stage = self._result.timeline.stage_of_die
        self.memory.set_reading(
            MemoryReading(
                die=die_name(machine, die),
                by_kind=tuple(frame.memory[:, die].tolist()),
                capacity_bytes=float(memory["capacity"]),
                peak_bytes=float(memory["peak"]) if stage[die] == stage[fullest] else None,
            )
        )

    def set_selection(self, chosen: Chosen) -> None:
        """Show the memory of a selected die; mark selected links."""
        self._chosen = chosen
        self.top.set_selected(chosen.links)
        if self._frame is not None and self._result is not None:
            self._show_memory(self._frame)

    def set_freshness(self, freshness: Freshness) -> None:
        """Lay the ribbon across the figures while they are from before."""
        text = freshness.ribbon
        if freshness.reason:
            text = freshness.reason if not text else f"{freshness.reason} (figures {text})"
        self.ribbon.show_text(text)

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._tokens = tokens
        for figure in self.figures.values():
            figure.set_theme(tokens)
        self.ribbon.set_theme(tokens)
        self.time.set_theme(tokens)
        self.memory.set_theme(tokens)
        self.histogram.set_theme(tokens)
        self.top.set_theme(tokens)


class Ribbon(QLabel):
    """Lies across the row of changes under the figures while these are from before."""

    def __init__(self, body: QWidget, figure: FigureButton) -> None:
        super().__init__(body)
        self.setObjectName("gauges.ribbon")
        self.setProperty("role", "ribbon")
        self._body, self._figure = body, figure
        self._text = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setIndent(8)
        body.installEventFilter(self)
        self.hide()

    def show_text(self, text: str) -> None:
        """Show a text, or go away."""
        self._text = text
        self.setToolTip(text)
        self.setVisible(bool(text))
        self._fit()

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        fill = mix(tokens.warning, tokens.surface, 0.14)
        self.setStyleSheet(
            f"color: {tokens.warning}; background: {fill}; border-left: 3px solid {tokens.warning};"
        )

    def _fit(self) -> None:
        below = self._figure.geometry()
        tall = self.fontMetrics().height() + 2
        wide = self._body.width() - 24
        self.setGeometry(below.left(), below.bottom() - tall + 1, wide, tall)
        room = self.width() - 20
        self.setText(self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, room))
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """It stays where the figures are."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._fit()
        return super().eventFilter(watched, event)


class FigureLine(QLabel):
    """A small figure in a line of text; a click asks where it comes from."""

    asked = Signal(str)

    def __init__(self, term: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._term = term
        self.setProperty("role", "caption")
        self.setProperty("term", term)
        self.setToolTip(meaning(term))
        self.setWordWrap(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.asked.emit(self._term)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.asked.emit(self._term)
        else:
            super().keyPressEvent(event)


def meaning(term: str) -> str:
    """What a term means and its unit, for a tooltip."""
    entry = glossary.find(term)
    if entry is None:
        return term
    unit = f" [{entry.unit}]" if entry.unit else ""
    return f"{entry.term}{unit}\n{entry.sentence}\nClick for the formula and this run's inputs."


def _heading(text: str, parent: QWidget) -> QLabel:
    label = QLabel(text, parent)
    label.setProperty("role", "heading")
    return label


def _figure(value: Any, before: Any, form: Any, more_is_better: bool) -> Figure:
    if value is None:
        return Figure()
    text = form(value)
    number, unit = split_unit(text)
    if not unit and number and number[-1].isalpha():
        number, unit = number[:-1], number[-1]
    if not before or before == value:
        return Figure(number, unit)
    grown = value > before
    return Figure(number, unit, change(before, value), grown == more_is_better)
