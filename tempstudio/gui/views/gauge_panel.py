"""The gauges as one panel: figures, where the step goes, memory, contention."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QElapsedTimer, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from tempstudio.core.timeline import Frame
from tempstudio.gui.places import die_name, link_pairs
from tempstudio.gui.results import Freshness, Result
from tempstudio.gui.selection import Chosen
from tempstudio.gui.views.contention import Histogram, LinkReading, TopLinks
from tempstudio.gui.views.gauge_lines import FigureLine, RangeChip, Ribbon, meaning
from tempstudio.gui.views.gauges import Figure, FigureButton
from tempstudio.gui.views.memory_gauge import MemoryGauge, MemoryReading
from tempstudio.gui.views.memory_strip import MemoryStrip, StripReading
from tempstudio.gui.views.time_bar import TimeBar
from tempstudio.scene.averages import Means, Steps, means_in_steps
from tempstudio.scene.elapsed import IDLE, WAITING
from tempstudio.scene.format import (
    NONE,
    byte_count,
    change,
    count,
    digits,
    joules,
    percent,
    seconds,
    split_unit,
    watts,
)
from tempstudio.scene.tokens import Tokens

LEAST_PX = 264  # narrower, figures would be cut
SLICE_MS = 10  # averages that take longer go on in the next turn of the loop
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
    die_chosen = Signal(int)
    range_dropped = Signal()

    def __init__(self, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("gauges")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(LEAST_PX)
        self._tokens = tokens
        self._result: Result | None = None
        self._frame: Frame | None = None
        self._means: Means | None = None
        self._chosen = Chosen()
        self._since = QElapsedTimer()
        self._steps: Steps[Means] | None = None  # averages that are being made
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.timeout.connect(self._go_on)
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
        self.time.asked.connect(self.asked)
        self._column.addWidget(self.time)
        self.power = FigureLine("power", body)
        self.power.setObjectName("figure.power")
        self.power.asked.connect(self.asked)
        self._column.addWidget(self.power)
        self.range = RangeChip(self._tokens, body)
        self.range.clicked.connect(self.range_dropped)
        self._column.addWidget(self.range)

    def _add_memory(self, body: QWidget) -> None:
        self._column.addSpacing(8)
        self._column.addWidget(_heading("Memory", body))
        self.memory = MemoryGauge(self._tokens, body)
        self.memory.setAccessibleName("Memory")
        self.memory.clicked.connect(self.asked)
        self._column.addWidget(self.memory)
        self._column.addSpacing(4)
        self.strip = MemoryStrip(self._tokens, body)
        self.strip.chosen.connect(self.die_chosen)
        self._column.addWidget(self.strip)

    def _add_contention(self, body: QWidget) -> None:
        self._column.addSpacing(8)
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
        self.histogram.asked.connect(self.asked)
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
        self._show_power(document)
        self._show_links(document.get("links"))
        self._means = None
        if result is None:
            self._frame = None
            for gauge in (self.memory, self.strip, self.histogram, self.top):
                gauge.set_reading(None)
        self._ask_range()

    def _show_power(self, document: dict[str, Any]) -> None:
        if "power_w" in document:
            energy = joules(document["energy_j"]["total"])
            self.power.setText(f"{watts(document['power_w'])} mean power, {energy} a step")
        else:
            self.power.setText("")

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
        if self._means is None:
            self._show_readings()

    def _ask_range(self) -> None:
        """Begin to average over the chosen range; show the moment where none is chosen."""
        range_s, result = self._chosen.range_s, self._result
        if result is None or range_s is None or range_s[0] >= result.timeline.duration_s:
            self._show_means(None)
            return
        self._steps = means_in_steps(result.timeline, *range_s)
        self._go_on()

    def _go_on(self) -> None:
        """Average for as long as nobody notices; on a large mesh it takes several turns."""
        spent = QElapsedTimer()
        spent.start()
        while self._steps is not None and spent.elapsed() < SLICE_MS:
            try:
                next(self._steps)
            except StopIteration as end:
                self._show_means(end.value)
        if self._steps is not None:
            self._next.start(0)

    def _show_means(self, means: Means | None) -> None:
        """Averages of the chosen range, or the moment where none is chosen."""
        self._steps, self._means = None, means
        self._next.stop()
        self.range.show_range(self._chosen.range_s if means is not None else None)
        document = self._result.document if self._result is not None else {}
        parts = document.get("time_s", {})
        self.time.set_parts(parts if means is None else _time_parts(means))
        self._show_readings()

    def _show_readings(self) -> None:
        shown = self._means or self._frame
        if self._result is None or shown is None:
            return
        self._show_memory()
        machine, timeline = self._result.project.machine, self._result.timeline
        pairs = link_pairs(timeline)
        reading = LinkReading(shown.link_utilization, shown.link_rate, machine, pairs)
        self.histogram.set_reading(reading)
        self.top.set_reading(reading)

    def _show_memory(self) -> None:
        shown = self._means or self._frame
        if self._result is None or shown is None:
            return
        machine = self._result.project.machine
        memory = self._result.document["memory_bytes"]
        fullest = machine.die_id(tuple(memory["peak_die"]))
        dies = [die for die in self._chosen.dies if die < shown.memory.shape[1]]
        die = dies[0] if len(dies) == 1 else fullest
        stage = self._result.timeline.stage_of_die
        capacity = float(memory["capacity"])
        self.memory.set_reading(
            MemoryReading(
                die=die_name(machine, die),
                by_kind=tuple(shown.memory[:, die].tolist()),
                capacity_bytes=capacity,
                peak_bytes=float(memory["peak"]) if stage[die] == stage[fullest] else None,
            )
        )
        self.strip.set_reading(StripReading(shown.memory, capacity, machine, machine.alive_ids))

    def set_selection(self, chosen: Chosen) -> None:
        """Show the memory of a selected die and the averages of a range; mark selected links."""
        before, self._chosen = self._chosen, chosen
        self.top.set_selected(chosen.links)
        self.strip.set_selected(chosen.dies)
        if chosen.range_s != before.range_s:
            self._ask_range()
        else:
            self._show_memory()

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
        for part in (
            self.ribbon, self.time, self.range, self.memory, self.strip, self.histogram, self.top,
        ):  # fmt: skip
            part.set_theme(tokens)


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


def _time_parts(means: Means) -> dict[str, float]:
    """Seconds of a range by the parts of the step, as a mean over the stages."""
    uses, length = means.uses, means.end_s - means.begin_s
    computing = uses["forward"] + uses["recompute"] + uses["backward"]
    return {
        "compute": computing * length,
        "exposed": uses[WAITING] * length,
        "bubble": uses[IDLE] * length,
        "optimizer": uses["optimizer"] * length,
    }
