"""Connects the Sweep tab with the studio: results are opened, a click opens a point's project."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from tempstudio.core.decisions import Decisions, decisions_from_json
from tempstudio.core.errors import InputError
from tempstudio.gui.views.sweep_panel import SweepPanel
from tempstudio.storage.project_document import project_from_document
from tempstudio.sweep.kept_sweep import NAME as KEPT
from tempstudio.sweep.result_table import ResultTable

if TYPE_CHECKING:
    from tempstudio.gui.main_window import MainWindow
    from tempstudio.lanes import Message

TITLE = "Sweep"
RESULTS = "Sweep results (results.csv *.csv);;All files (*)"
DEGREES = ("pp", "dp", "sp", "tp", "stream", "ep", "zero", "interleave")


def is_results(path: Path) -> bool:
    """Whether what was dropped looks like a sweep's results."""
    return path.suffix.lower() == ".csv" or (path.is_dir() and (path / "results.csv").is_file())


class Sweeping(QObject):
    """The Sweep tab of one window; there is none until results are opened."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._studio = window.studio
        self.table: ResultTable | None = None
        self.panel = SweepPanel(window.look.tokens, window)
        self.panel.hide()
        self.panel.point_asked.connect(self.open_point)
        self.panel.scatter.failed.connect(lambda line: self._studio.say(line, "error", key="save"))
        self.panel.open_asked.connect(self.ask_open)
        self.panel.close_asked.connect(self.close)
        window.look.changed.connect(self.panel.set_theme)

    def ask_open(self) -> None:
        """Choose a sweep's results.csv, or any CSV."""
        dialog = QFileDialog(self._window, "Open sweep results")
        dialog.setObjectName("sweep_dialog")
        dialog.setNameFilters(RESULTS.split(";;"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self.open(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def open(self, path: Path) -> None:
        """Read results in a worker and show them."""
        columns: dict[str, Any] = {}

        def take(message: Message) -> None:
            header = message.header
            if message.type == "columns":
                columns["texts"] = {name: tuple(v) for name, v in header["texts"].items()}
                columns["numbers"] = dict(message.arrays)
            elif message.type == "done":
                self._show(
                    ResultTable(
                        path=Path(header["path"]),
                        names=tuple(header["names"]),
                        flags=frozenset(header["flags"]),
                        rows=int(header["rows"]),
                        opens=bool(header["opens"]),
                        **columns,
                    )
                )
            elif message.type == "failed" and header["kind"] != "cancelled":
                self._studio.say(
                    header["message"], "error", key="sweep", details=header.get("traceback", "")
                )

        self._studio.jobs.ask("read_results", {"path": str(path.absolute())},
                              "Reading the results", take)  # fmt: skip

    def _show(self, table: ResultTable) -> None:
        self.table = table
        tabs = self._window.tabs
        if tabs.indexOf(self.panel) < 0:
            tabs.addTab(self.panel, TITLE)
        folder = table.path.parent.name if table.path.name == "results.csv" else table.path.stem
        self.panel.show_table(table, folder)
        tabs.setCurrentWidget(self.panel)

    def close(self) -> None:
        """Put the results away."""
        tabs = self._window.tabs
        tabs.removeTab(tabs.indexOf(self.panel))
        self.panel.hide()
        tabs.setCurrentWidget(self._window.wafer)

    def open_point(self, row: int) -> None:
        """Open the project of a row, after asking what becomes of unsaved work."""
        table = self.table
        assert table is not None
        if not table.opens:
            self._studio.say(
                f"Which projects these rows are of is not known: there is no {KEPT} beside them.",
                "info",
                key="sweep",
            )
            return
        self._window.files.guard(lambda: self._open_point(table, row))

    def _open_point(self, table: ResultTable, row: int) -> None:
        def take(message: Message) -> None:
            header = message.header
            if message.type == "done":
                self._take_project(table, row, header["project"])
            elif message.type == "failed" and header["kind"] != "cancelled":
                self._studio.say(header["message"], "error", key="sweep")

        point = int(table.numbers["point"][row])
        header = {"folder": str(table.path.parent), "point": point}
        self._studio.jobs.ask("sweep_project", header, f"Opening point {point}", take)

    def _take_project(self, table: ResultTable, row: int, document: dict[str, Any]) -> None:
        project = project_from_document(document, "point")
        self._window.files.forget_stamp()
        self._studio.open(project, None, decisions_of_row(table, row))
        self.panel.set_opened(row)
        self._studio.say(
            f"Opened {table.text('point', row)} of {table.path.parent.name}",
            "ok",
            key="sweep",
            fleeting=True,
            choices=(("Show the wafer", self._show_wafer),),
        )

    def _show_wafer(self) -> None:
        self._window.tabs.setCurrentWidget(self._window.wafer)


def decisions_of_row(table: ResultTable, row: int) -> Decisions | None:
    """What a row's run came out with; None where it has no run."""
    numbers = {name: float(column[row]) for name, column in table.numbers.items()}
    degrees = {name: numbers.get(name, math.nan) for name in DEGREES}
    if any(math.isnan(value) for value in degrees.values()):
        return None
    micro_batch = numbers.get("micro_batch", math.nan)
    document = {
        "parallel": {name: int(value) for name, value in degrees.items()},
        "recompute": table.text("recompute", row) if "recompute" in table.texts else "",
        "micro_batch": 0 if math.isnan(micro_batch) else int(micro_batch),
    }
    try:
        return decisions_from_json(document, "row")
    except InputError:
        return None
