"""Play, pause, step and speed, and what time it is: the 28 px row under the wafer."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from tempstudio.gui.actions import Actions
from tempstudio.gui.playback import SPEEDS, Playback
from tempstudio.scene.format import seconds

BUTTONS = (
    "playback.start",
    "playback.back",
    "playback.toggle",
    "playback.forward",
    "playback.end",
)
HEIGHT = 28


class Transport(QWidget):
    """Buttons made from the playback actions, named speeds, time and rate."""

    def __init__(self, playback: Playback, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transport")
        self.setFixedHeight(HEIGHT)
        self._playback = playback
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 12, 0)
        row.setSpacing(0)
        for id_ in BUTTONS:
            row.addWidget(self._button(actions[id_]))
        row.addSpacing(8)
        self.speed = QComboBox(self)
        self.speed.setObjectName("transport.speed")
        self.speed.setAccessibleName("Playback speed")
        self.speed.setToolTip("What takes about eight seconds to watch")
        self.speed.addItems(SPEEDS)
        self.speed.setCurrentText(playback.speed)
        self.speed.textActivated.connect(playback.set_speed)
        row.addWidget(self.speed)
        row.addSpacing(8)
        self.rate = QLabel(self)
        self.rate.setObjectName("transport.rate")
        self.rate.setProperty("role", "caption")
        self.rate.setToolTip("Simulated time in one second of watching")
        row.addWidget(self.rate)
        row.addStretch(1)
        self.where = QLabel(self)
        self.where.setObjectName("transport.where")
        self.where.setProperty("role", "caption")
        self.where.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.where.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.where, 10)
        row.addSpacing(12)
        self.time = QLabel(self)
        self.time.setObjectName("transport.time")
        self.time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.time)
        playback.moved.connect(self._show_time)
        playback.speed_changed.connect(self._show_speed)
        playback.timeline_changed.connect(lambda _: self._show_speed(playback.speed))
        self._show_speed(playback.speed)
        self._show_time(playback.time_s)

    def _button(self, action: QAction) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"transport.{action.objectName().split('.')[1]}")
        button.setDefaultAction(action)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setFixedSize(HEIGHT, HEIGHT)
        return button

    def _show_speed(self, speed: str) -> None:
        with QSignalBlocker(self.speed):
            self.speed.setCurrentText(speed)
        rate = self._playback.rate
        self.rate.setText(f"{seconds(rate)} a second" if rate else "")

    def _show_time(self, time_s: float) -> None:
        timeline = self._playback.timeline
        if timeline is None:
            self.time.setText("")
            self.where.setText("")
            return
        self.time.setText(f"{clock(time_s, timeline.duration_s)} of {seconds(timeline.duration_s)}")


def clock(time_s: float, duration_s: float) -> str:
    """A time with decimals that move at layer speed; steady while it runs.

    >>> clock(0.001652, 8.42), clock(93e-6, 0.487), clock(1e-7, 2e-6)
    ('1.652\u2009ms', '0.093\u2009ms', '0.100\u2009µs')
    """
    scale, unit = (1e-3, "ms") if duration_s >= 1e-3 else (1e-6, "µs")
    return f"{time_s / scale:,.3f}\u2009{unit}"
