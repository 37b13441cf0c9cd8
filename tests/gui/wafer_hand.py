"""A wafer view alone, and a hand on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tempstudio.core.machine import Wafer
from tempstudio.gui.views.wafer_view import WaferView

SMALL = (772, 543)
FAULTY = Wafer(
    dead_dies=[(1, 2)], dead_links=[((0, 0), (0, 1))], core_yield=[(0, 5, 0.9), (5, 1, 0.5)]
)
NONE, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier
LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton


def wafer_view(qtbot: QtBot) -> WaferView:
    """The view alone, on 6 x 8 dies."""
    made = WaferView()
    qtbot.addWidget(made)
    made.resize(*SMALL)
    made.set_project(Wafer())
    made.show()
    qtbot.waitExposed(made)
    return made


def at(view: WaferView, die: int) -> QPoint:
    return view.point_of_die(die).toPoint()


def heard(signal: Any) -> list[Any]:
    """What a signal carries from now on."""
    found: list[Any] = []
    signal.connect(lambda *values: found.append(values if len(values) != 1 else values[0]))
    return found


def drag(
    view: WaferView, start: QPoint, end: QPoint, modifier: Any = NONE, button: Any = LEFT
) -> None:
    QTest.mousePress(view, button, modifier, start)
    for share in (0.3, 0.7, 1.0):
        QTest.mouseMove(view, start + (end - start) * share)
    QTest.mouseRelease(view, button, modifier, end)


def wheel(view: WaferView, point: QPoint, notches: int) -> None:
    event = QWheelEvent(
        QPointF(point), QPointF(view.mapToGlobal(point)), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, NONE, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


def pixels(image: QImage) -> np.ndarray:
    """Blue, green, red of every pixel [height, width, 3]."""
    rows = np.frombuffer(image.constBits(), dtype=np.uint8)
    return rows.reshape(image.height(), image.bytesPerLine() // 4, 4)[:, : image.width(), :3].copy()
