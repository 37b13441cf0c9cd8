"""All shortcuts on one sheet, by menu."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, pairwise

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from tempstudio.gui.actions import MENUS, Action, native

COLUMNS = 3
Group = tuple[str, list[tuple[str, str]]]

# Keys that the views themselves answer.
VIEW_KEYS = (
    (
        "Wafer",
        (
            ("Move the die focus", "Arrow keys"),
            ("Select the die, or use the tool", "Space, Enter"),
            ("Zoom in, out, fit", "+, −, 0"),
            ("Pan", "Ctrl+arrows, Space+drag"),
            ("Erase with a tool", "Alt+click"),
            ("Back to Select, let go", "Esc"),
        ),
    ),
    (
        "Graph",
        (
            ("Along the tensors", "Arrow keys"),
            ("Choose, unfold layers", "Enter"),
            ("Fold the layers", "Backspace"),
            ("All copies of the layers, one", "C"),
        ),
    ),
    (
        "Timeline",
        (
            ("Zoom in, out", "W, S, wheel"),
            ("Move left, right", "A, D, Shift+drag"),
            ("Whole step", "F"),
            ("Previous, next event", "Left, right"),
            ("First, last moment", "Home, End"),
            ("More stages", "Up, down"),
            ("Play, pause", "Space"),
            ("Show this time", "Click"),
            ("Average over a range", "Drag"),
            ("Zoom to the range, let go of it", "Z, Esc"),
        ),
    ),
)


class ShortcutSheet(QDialog):
    """A sheet of titles and keys in columns, no larger than the window that it lies over."""

    def __init__(self, actions: Iterable[Action], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("shortcut_sheet")
        self.setWindowTitle("Shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        groups = _groups(list(actions))
        sheet = QWidget(self)
        row = QHBoxLayout(sheet)
        row.setContentsMargins(16, 12, 16, 16)
        row.setSpacing(20)
        for third in _columns(groups, COLUMNS):
            column = QVBoxLayout()
            column.setSpacing(12)
            for title, lines in third:
                column.addLayout(self._group(title, lines))
            column.addStretch(1)
            row.addLayout(column)
        area = QScrollArea(self)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setWidget(sheet)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(area)
        bar = area.verticalScrollBar().sizeHint().width()  # beside what stands at the right
        self.resize((sheet.sizeHint() + QSize(bar, 0)).boundedTo(parent.window().size()))

    def _group(self, title: str, lines: list[tuple[str, str]]) -> QVBoxLayout:
        box = QVBoxLayout()
        box.setSpacing(4)
        head = QLabel(title, self)
        head.setProperty("role", "heading")
        box.addWidget(head)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        for number, (what, keys) in enumerate(lines):
            grid.addWidget(QLabel(what, self), number, 0)
            label = QLabel(keys, self)
            label.setProperty("role", "muted")
            label.setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(label, number, 1)
        box.addLayout(grid)
        return box


def _groups(actions: list[Action]) -> list[Group]:
    groups: list[Group] = []
    for menu in MENUS:
        lines = [
            (action.title.removesuffix("…"), " or ".join(native(k) for k in action.shortcuts))
            for action in actions
            if action.menu == menu and action.shortcuts
        ]
        if lines:
            groups.append((menu, lines))
    return groups + [(title, list(lines)) for title, lines in VIEW_KEYS]


def _columns(groups: list[Group], count: int) -> list[list[Group]]:
    """The groups in order, cut into columns of which the longest is as short as can be."""
    length = [len(lines) + 2 for _, lines in groups]
    inner = combinations(range(1, len(groups)), min(count, len(groups)) - 1)
    cuts = min(
        ((0, *cut, len(groups)) for cut in inner),
        key=lambda cut: max(sum(length[a:b]) for a, b in pairwise(cut)),
    )
    return [groups[a:b] for a, b in pairwise(cuts)]
