"""Where a figure comes from: sentence, formula, this run's inputs and the SPEC section."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from tempstudio import glossary
from tempstudio.scene.format import byte_count, percent, seconds

WIDTH = 340


def inputs(term: str, document: dict[str, Any]) -> list[tuple[str, str]]:
    """The numbers of this run that go into a figure, as (name, value)."""
    if not document:
        return []
    job, time_s = document["job"], document["time_s"]
    memory, links = document["memory_bytes"], document["links"]
    step = [("step time", seconds(document["step_time_s"]))]
    parts = [
        (name, seconds(time_s[name])) for name in ("compute", "exposed", "bubble", "optimizer")
    ]
    known = {
        "step time": parts,
        "tokens per second": [
            ("global batch", f"{job['global_batch']:,} sequences"),
            ("sequence length", f"{job['seq_len']:,} tokens"),
            *step,
        ],
        "MFU": [
            ("active parameters", f"{document['model']['active_parameters']:,}"),
            ("tokens a step", f"{job['global_batch'] * job['seq_len']:,}"),
            (
                "working dies",
                f"{document['machine']['dies'] - len(document['machine']['dead']):,}"
                if isinstance(document["machine"].get("dead"), list)
                else f"{document['machine']['dies']:,}",
            ),
            *step,
        ],
        "contention factor": [
            ("busiest link, worst phase", byte_count(links["max_load_bytes"])),
            ("highest utilisation", percent(links["max_utilization"])),
            ("mean utilisation", percent(links["mean_utilization"])),
        ],
        "bound": [
            ("least possible", byte_count(links["bound_bytes"]) if links["bound_bytes"] else "–"),
            ("busiest link, worst phase", byte_count(links["max_load_bytes"])),
        ],
        "peak memory": [
            ("die", ", ".join(str(x) for x in memory["peak_die"])),
            ("at", seconds(memory["peak_time_s"])),
            ("peak", byte_count(memory["peak"])),
            ("capacity", byte_count(memory["capacity"])),
        ],
    }
    entry = glossary.find(term)
    if entry is not None and entry.term in known:
        return known[entry.term]
    if term in memory and term not in ("peak_die",):
        degrees = document["parallel"]
        shown = ", ".join(f"{key} {degrees[key]}" for key in ("pp", "dp", "sp", "tp", "stream"))
        return [
            ("at the peak", byte_count(memory[term])),
            ("parameters", f"{document['model']['parameters']:,}"),
            ("degrees", shown),
            ("zero", str(degrees["zero"])),
            *(
                (own["name"], f"tp {own['tp']}, stream {own['stream']}")
                for own in degrees.get("operators", [])
            ),
        ]
    return []


class Provenance(QFrame):
    """A popup beside the figure that was clicked; Escape or a click elsewhere closes it."""

    def __init__(self, term: str, document: dict[str, Any], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("provenance")
        self.setProperty("role", "card")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedWidth(WIDTH)
        entry = glossary.find(term)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 16)
        column.setSpacing(8)
        title = entry.term if entry is not None else term
        column.addWidget(self._label(title[:1].upper() + title[1:], "heading"))
        if entry is not None:
            column.addWidget(self._label(entry.sentence, ""))
            if entry.formula:
                formula = self._label(entry.formula, "")
                formula.setObjectName("provenance.formula")
                formula.setTextFormat(Qt.TextFormat.PlainText)
                font = formula.font()
                font.setFamilies(["DejaVu Sans Mono", "monospace"])
                formula.setFont(font)
                column.addWidget(formula)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for row, (name, value) in enumerate(inputs(term, document)):
            grid.addWidget(self._label(name, "muted"), row, 0)
            number = self._label(value, "")
            number.setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(number, row, 1)
        if grid.count():
            column.addLayout(grid)
        if entry is not None and entry.spec:
            column.addWidget(self._label(f"{entry.spec}", "caption"))

    def _label(self, text: str, role: str) -> QLabel:
        label = QLabel(text, self)
        label.setWordWrap(True)
        if role:
            label.setProperty("role", role)
        return label

    def show_beside(self, widget: QWidget) -> None:
        """Open left of a widget, inside its screen."""
        self.adjustSize()
        corner = widget.mapToGlobal(QPoint(-self.width() - 8, 0))
        screen = QGuiApplication.screenAt(widget.mapToGlobal(QPoint(0, 0)))
        if screen is not None:
            free = screen.availableGeometry()
            corner.setX(min(max(corner.x(), free.left()), free.right() - self.width()))
            corner.setY(min(max(corner.y(), free.top()), free.bottom() - self.height()))
        self.move(corner)
        self.show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.close()
