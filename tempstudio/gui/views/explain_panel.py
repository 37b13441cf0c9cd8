"""Where the step's time goes, operator by operator, and what loads a link."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from tempstudio.core.machine import Machine
from tempstudio.gui.focus_order import give_bar_focus
from tempstudio.gui.places import link_name
from tempstudio.gui.views.chart_view import ChartView
from tempstudio.gui.views.tables import Column, Table, table_view
from tempstudio.scene.charts import Bar, StackedBars, axis_of
from tempstudio.scene.format import byte_count, percent, seconds
from tempstudio.scene.tokens import Tokens

BUBBLE = "bubble"
HUES = {"compute": "I", "stream": "K", "pipeline": "P", BUBBLE: "P"}
OTHER_HUES = ("C", "W", "G", "E")  # of what else is waited for, in the order it comes
BOUND = {True: "memory", False: "arithmetic", None: ""}
LESS_NEEDED, USES_LESS_NEEDED = (1, 4), (4,)  # columns that only a wide panel has room for
WIDE_PX = 1000
EMPTY = "Where the time goes is told of the first run."


class ExplainPanel(QWidget):
    """A chart of operators, the longest first, a table of them, and a table of one link's users.

    `operator_chosen` carries the name of the operator that was clicked; `run_asked` the button.
    """

    operator_chosen = Signal(str)
    run_asked = Signal()

    def __init__(self, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("explain")
        self._document: dict[str, Any] | None = None
        self._operators: list[dict[str, Any]] = []
        self._uses: list[dict[str, Any]] = []
        self._charted: list[str] = []
        self._operator = ""
        self.chart = ChartView("explain.chart", "Time of each operator", tokens, self)
        self.chart.setProperty("term", "exposed communication")
        self.chart.chosen.connect(lambda item: self._choose(self._charted[item]))
        self.chart.empty_clicked.connect(self.run_asked)
        self.operators = Table(self._operator_columns(), self)
        self.view = table_view(self.operators, "explain.operators", "Operators", self)
        self.view.sortByColumn(5, Qt.SortOrder.DescendingOrder)
        self.view.clicked.connect(self._choose_row)
        self.view.activated.connect(self._choose_row)
        self.uses = Table(self._use_columns(), self)
        self.uses_view = table_view(self.uses, "explain.uses", "What loads the link", self)
        self.uses_view.sortByColumn(3, Qt.SortOrder.DescendingOrder)
        self.uses_view.clicked.connect(self._choose_use)
        self.uses_view.activated.connect(self._choose_use)
        self.link = QLabel(self)
        self.link.setObjectName("explain.link")
        self.link.setWordWrap(True)
        self._lay_out()
        self.show_explanation(None, None)

    def _lay_out(self) -> None:
        scroll = QScrollArea(self)
        scroll.setWidget(self.chart)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 12, 8)
        head.addWidget(self.link)
        column.addLayout(head)
        column.addWidget(self.uses_view, 1)
        self.tabs = QTabWidget(self)
        self.tabs.setObjectName("explain.tabs")
        self.tabs.setDocumentMode(True)
        give_bar_focus(self.tabs)
        self.tabs.addTab(self.view, "Operators")
        self.tabs.addTab(page, "Link")
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.addWidget(scroll)
        split.addWidget(self.tabs)
        split.setSizes([480, 520])
        split.setChildrenCollapsible(False)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(split)

    def _operator_columns(self) -> tuple[Column, ...]:
        def column(title: str, value: Any, sample: str) -> Column:
            return Column(
                title,
                lambda row: _or_dash(seconds, value(self._operators[row])),
                lambda: np.array([value(row) for row in self._operators], dtype=float),
                sample=sample,
            )

        def text(title: str, key: Any, sample: str) -> Column:
            return Column(
                title,
                lambda row: key(self._operators[row]),
                lambda: np.arange(len(self._operators), dtype=float),
                sample=sample,
            )

        return (
            text("Operator", lambda row: row["name"], ""),
            text("Layout", lambda row: row["layout"], "I-stream  "),
            column("Compute", lambda row: row["compute_s"], "Compute   "),
            column("Waits", exposed, "99.9 ms  "),
            text("for", longest_wait, "reduce-scatter "),
            Column(
                "Of step",
                lambda row: percent(total(self._operators[row]) / self._step_s),
                lambda: np.array([total(row) for row in self._operators], dtype=float),
                sample="Of step    ",
            ),
            text("Bound by", lambda row: BOUND[row["memory_bound"]], "arithmetic "),
        )

    def _use_columns(self) -> tuple[Column, ...]:
        def text(title: str, key: str, sample: str) -> Column:
            return Column(
                title,
                lambda row: str(self._uses[row][key]),
                lambda: np.arange(len(self._uses), dtype=float),
                sample=sample,
            )

        return (
            text("Operator", "operator", ""),
            text("Pass", "pass", "backward  "),
            text("Tensor", "tensor", "partial output  "),
            Column(
                "Bytes a step",
                lambda row: byte_count(self._uses[row]["bytes"]),
                lambda: np.array([use["bytes"] for use in self._uses], dtype=float),
                sample="Bytes a step",
            ),
            text("Sent by", "op", "reduce-scatter "),
        )

    @property
    def _step_s(self) -> float:
        return float(self._document["step_time_s"]) if self._document else 1.0

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow table keeps to what matters most."""
        super().resizeEvent(event)
        for column in LESS_NEEDED:
            self.view.setColumnHidden(column, self.width() < WIDE_PX)
        for column in USES_LESS_NEEDED:
            self.uses_view.setColumnHidden(column, self.width() < WIDE_PX)

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self.chart.set_theme(tokens)

    def show_explanation(self, document: dict[str, Any] | None, machine: Machine | None) -> None:
        """Show an explanation (`tempstudio.core.explanation`), None for none."""
        self._document = document
        self._operators = list(document["operators"]) if document is not None else []
        self.operators.set_rows(len(self._operators))
        self.tabs.setVisible(document is not None)
        self.show_link(document["link"] if document is not None else None, machine)
        if document is None:
            self.chart.setMinimumHeight(0)
            self.chart.show_empty(EMPTY, "Run")
        else:
            chart = self._bars(document)
            self.chart.setMinimumHeight(round(chart.needed_px()))
            self.chart.show_chart(chart)
            self.set_operator(self._operator)

    def show_link(self, link: dict[str, Any] | None, machine: Machine | None) -> None:
        """Show what loads a link; None where nothing moves."""
        self._uses = list(link["uses"]) if link is not None else []
        self.uses.set_rows(len(self._uses))
        if link is None or machine is None:
            self.link.setText("Nothing moves in this step.")
            return
        ends = [_vertex(machine, link[key]) for key in ("from", "to")]
        self.link.setText(
            f"{link_name(machine, *ends)} carries {byte_count(link['bytes'])} a step, "
            f"{percent(link['utilization'])} of what it could"
        )

    def set_operator(self, operator: str) -> None:
        """Mark the selected operator in chart and table."""
        self._operator = operator
        names = [row["name"] for row in self._operators]
        if operator in names:
            self.view.selectRow(self.operators.shown(names.index(operator)))
        else:
            self.view.clearSelection()

    def _bars(self, document: dict[str, Any]) -> StackedBars:
        rows = sorted(document["operators"], key=total, reverse=True)
        rows = [row for row in rows if total(row) > 0]
        kinds = list(dict.fromkeys(kind for row in rows for kind in row["exposed_s"]))
        keys = [("compute", HUES["compute"])]
        spare = list(OTHER_HUES)
        for kind in kinds:
            hue = HUES.get(kind) or (spare.pop(0) if spare else "E")
            keys.append((kind, hue))
        if document["bubble_s"]:
            keys.append((BUBBLE, HUES[BUBBLE]))
        bars = []
        for row in rows:
            parts = [row["compute_s"], *(row["exposed_s"].get(kind, 0.0) for kind in kinds)]
            if document["bubble_s"]:
                parts.append(0.0)
            bars.append(self._bar(row["name"], parts, keys))
        if document["bubble_s"]:
            parts = [0.0] * (len(keys) - 1) + [document["bubble_s"]]
            bars.append(self._bar(BUBBLE, parts, keys))
        self._charted = [bar.name for bar in bars]
        longest = max((sum(bar.parts) for bar in bars), default=0.0)
        axis = axis_of([longest], "of the step", "s", zero=True)
        return StackedBars(axis, tuple(bars), tuple(keys))

    def _bar(self, name: str, parts: list[float], keys: list[tuple[str, str]]) -> Bar:
        whole = sum(parts)
        share = percent(whole / self._step_s)
        pairs = zip(keys, parts, strict=True)
        lines = [f"{key}: {seconds(part)}" for (key, _), part in pairs if part]
        tip = "\n".join([f"{name}: {seconds(whole)}, {share} of the step", *lines])
        return Bar(name, tuple(parts), f"{seconds(whole)}  {share}", tip)

    def _choose(self, operator: str) -> None:
        if operator != BUBBLE:
            self.operator_chosen.emit(operator)

    def _choose_row(self, index: QModelIndex) -> None:
        self._choose(self._operators[self.operators.source(index.row())]["name"])

    def _choose_use(self, index: QModelIndex) -> None:
        self._choose(self._uses[self.uses.source(index.row())]["operator"])


def exposed(row: dict[str, Any]) -> float:
    """Seconds that an operator waits for communication."""
    return float(sum(row["exposed_s"].values()))


def total(row: dict[str, Any]) -> float:
    """All seconds of an operator."""
    return float(row["compute_s"]) + exposed(row)


def longest_wait(row: dict[str, Any]) -> str:
    """The kind of communication that an operator waits for longest."""
    waits: dict[str, float] = row["exposed_s"]
    return max(waits, key=lambda kind: waits[kind]) if waits else ""


def _or_dash(text: Any, value: float) -> str:
    return str(text(value)) if value else "–"


def _vertex(machine: Machine, place: Any) -> int:
    """The number of a die or switch as `links.loads` names it."""
    if isinstance(place, str):
        row = machine.rows if place == "spine" else int(place.removeprefix("switch "))
        return machine.die_count + row
    return machine.die_id(tuple(place))
