"""The search: the best so far over time, every candidate as a point, the Pareto front."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from tempstudio.gui.search_log import Candidate, SearchLog, key_of
from tempstudio.gui.views.chart_view import ChartView
from tempstudio.gui.views.combo_box import ComboBox
from tempstudio.gui.views.tables import Column, Table, table_view
from tempstudio.scene.charts import Scatter, Trace, Traces, axis_of
from tempstudio.scene.convergence import convergence_chart
from tempstudio.scene.format import byte_count, count, joules, plural, seconds, si
from tempstudio.scene.plan_words import genome_words
from tempstudio.scene.tokens import Tokens

COSTS = (("memory_bytes", "Peak memory", "B"), ("energy_j", "Energy a step", "J"))
AFTER: dict[str, tuple[str, str, str, Callable[[float], str]]] = {  # by the solver's objective
    "throughput": ("step_time_s", "step", "s", seconds),
    "energy": ("energy_j", "energy a step", "J", joules),
    "throughput-per-watt": ("energy_j", "energy a step", "J", joules),
    "memory": ("memory_bytes", "peak memory", "B", byte_count),
}
EMPTY = "The search appears here as it goes: the best plan over time, and every candidate."


class SearchPanel(QWidget):
    """Follows a `SearchLog`; `plan_asked` carries the `Candidate` that was clicked."""

    plan_asked = Signal(object)
    run_asked = Signal()

    def __init__(self, log: SearchLog, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("search")
        self._log = log
        self._current: tuple[object, float] | None = None  # degrees, step time on screen
        self.summary = QLabel(self)
        self.summary.setObjectName("search.summary")
        self.cost = ComboBox(self)
        self.cost.setObjectName("search.cost")
        self.cost.setAccessibleName("Throughput against")
        for figure, title, _ in COSTS:
            self.cost.addItem(title, figure)
        self.cost.currentIndexChanged.connect(self.refresh)
        self.trace = ChartView("search.trace", "Best step time so far", tokens, self)
        self.scatter = ChartView("search.scatter", "Candidates", tokens, self)
        self.mapper = ChartView("search.mapper", "How the mapper found its placement", tokens, self)
        self.mapper.hide()
        self.trace.setProperty("term", "solver")
        self.mapper.setProperty("term", "mapper")
        self.scatter.setProperty("term", "Pareto front")
        self.trace.chosen.connect(lambda item: self.plan_asked.emit(log.best[item]))
        self.scatter.chosen.connect(lambda item: self.plan_asked.emit(log.candidates[item]))
        self.trace.empty_clicked.connect(self.run_asked)
        self.table = Table(self._columns(), self)
        self.view = table_view(self.table, "search.table", "Candidates", self)
        self.view.sortByColumn(1, Qt.SortOrder.AscendingOrder)
        self.view.activated.connect(self._ask)
        self.view.clicked.connect(self._ask)
        self._lay_out()
        log.changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 12, 8)
        head.setSpacing(8)
        head.addWidget(self.summary, 1)
        label = QLabel("Throughput against", self)
        label.setProperty("role", "muted")
        head.addWidget(label)
        head.addWidget(self.cost)
        charts = QSplitter(Qt.Orientation.Horizontal, self)
        charts.addWidget(self.trace)
        charts.addWidget(self.mapper)
        charts.addWidget(self.scatter)
        for place, share in enumerate((2, 2, 3)):
            charts.setStretchFactor(place, share)
        charts.setSizes([400, 400, 600])
        self._split = QSplitter(Qt.Orientation.Vertical, self)
        self._split.addWidget(charts)
        self._split.addWidget(self.view)
        self._split.setStretchFactor(0, 3)
        self._split.setStretchFactor(1, 2)
        self._split.setSizes([320, 180])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self._split, 1)

    def _columns(self) -> tuple[Column, ...]:
        log = self._log

        def numbers(figure: str) -> Column:
            titles = {
                "step_time_s": ("Step", seconds, "\u2248 999 ms"),
                "tokens_per_s": ("Tokens/s", lambda v: si(v, ""), "Tokens/s "),
                "memory_bytes": ("Memory", byte_count, "99.9 GB"),
                "energy_j": ("Energy", joules, "99.9 kJ"),
            }
            title, text, sample = titles[figure]

            def shown(row: int) -> str:
                candidate = log.candidates[row]
                about = figure == "step_time_s" and not candidate.simulated
                return ("\u2248 " if about else "") + text(getattr(candidate, figure))

            return Column(
                title,
                shown,
                lambda: log.column(figure),
                sample=f"{sample}  ",
            )

        return (
            Column(
                "Plan",
                lambda row: genome_words(log.candidates[row].genome),
                lambda: np.arange(len(log.candidates), dtype=float),
                live=False,
            ),
            *(numbers(f) for f in ("step_time_s", "tokens_per_s", "memory_bytes", "energy_j")),
            Column(
                "Standing",
                self._standing,
                lambda: self._log.fitting + 2.0 * self._log.front(self.cost.currentData()),
                sample="does not fit  ",
            ),
        )

    def _standing(self, row: int) -> str:
        candidate = self._log.candidates[row]
        if not candidate.fits:
            return "does not fit"
        return "on the front" if self._front[row] else "beaten"

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        for chart in (self.trace, self.mapper, self.scatter):
            chart.set_theme(tokens)

    def set_current(self, document: dict[str, Any] | None) -> None:
        """Which run is on screen, and how its mapper came to it where that searched."""
        course = convergence_chart(document) if document is not None else None
        self.mapper.setVisible(course is not None)
        if course is not None:
            self.mapper.show_chart(course)
        current = None
        if document is not None:
            current = key_of(document["parallel"]), float(document["step_time_s"])
        if current != self._current:
            self._current = current
            self._draw()

    def _on_screen(self) -> int | None:
        """The candidate with the degrees on screen whose step is the nearest to the one there."""
        if self._current is None:
            return None
        degrees, step_s = self._current
        alike = [
            (abs(candidate.step_time_s - step_s), place)
            for place, candidate in enumerate(self._log.candidates)
            if key_of(candidate.parallel) == degrees
        ]
        return min(alike)[1] if alike else None

    def refresh(self) -> None:
        """The log has grown."""
        log = self._log
        self._front = log.front(self.cost.currentData())
        self.table.set_rows(len(log.candidates))
        self.summary.setText(self._words())
        self.view.setVisible(bool(log.candidates))
        self.cost.setEnabled(bool(log.candidates))
        self._draw()

    def _words(self) -> str:
        log = self._log
        if not log.solver:
            return "No search yet"
        text = f"{log.solver}: {plural(log.evaluations, 'plan')} looked at"
        if log.wall_s:
            text += f" in {seconds(log.wall_s)}"
        if log.best:
            best = log.best[-1]
            state = "" if best.fits else ", which does not fit"
            figure, title, _, words = self._after()
            text += f", best {title} {words(getattr(best, figure))}{state}"
        return text + ("…" if log.running else "")

    def _after(self) -> tuple[str, str, str, Callable[[float], str]]:
        """What the search is after: a candidate's figure, its name, its unit, its text."""
        return AFTER.get(self._log.objective, AFTER["throughput"])

    def _draw(self) -> None:
        log = self._log
        if not log.best and not log.candidates:
            if log.running:
                self.trace.show_empty(f"{log.solver} is looking for a first plan.")
            else:
                self.trace.show_empty(EMPTY, "Run")
            self.scatter.show_empty("" if not log.running else "Candidates will appear here.")
            self.scatter.setVisible(log.running)
            return
        self.scatter.show()
        if log.best:
            self.trace.show_chart(self._trace_chart())
        else:
            self.trace.show_empty(f"{log.solver} has no plan yet that can be shown.")
        self.scatter.show_chart(self._scatter_chart())

    def _trace_chart(self) -> Traces:
        best = self._log.best
        x = np.array([c.wall_s for c in best])
        figure, title, unit, _ = self._after()
        y = np.array([getattr(c, figure) for c in best])
        until = max(self._log.wall_s, float(x.max()))
        return Traces(
            axis_of([0.0, until], "search time", "s", zero=True),
            axis_of(y, f"best {title} so far", unit),
            (Trace("best so far", x, y, steps=True, dots=True),),
            tips=lambda _, i: self._tip(best[i]),
            until=until,
        )

    def _scatter_chart(self) -> Scatter:
        log = self._log
        figure, title, unit = COSTS[self.cost.currentIndex()]
        x, y = log.column(figure), log.column("tokens_per_s")
        return Scatter(
            axis_of(x, title.lower(), unit),
            axis_of(y, "throughput", "tokens/s"),
            x,
            y,
            lambda i: self._tip(log.candidates[i]),
            front=self._front,
            faint=~log.fitting,
            current=self._on_screen(),
        )

    def _tip(self, candidate: Candidate) -> str:
        lines = [
            genome_words(candidate.genome),
            f"step {seconds(candidate.step_time_s)}, {count(candidate.tokens_per_s)} tokens/s",
            f"{byte_count(candidate.memory_bytes)} of {byte_count(self._log.capacity_bytes)}, "
            f"{joules(candidate.energy_j)} a step",
        ]
        lines.append("simulated in full" if candidate.simulated else "estimated by the cost model")
        if not candidate.fits:
            lines.append("does not fit")
        return "\n".join(lines)

    def _ask(self, index: QModelIndex) -> None:
        row = self.table.source(index.row())
        self.plan_asked.emit(self._log.candidates[row])
