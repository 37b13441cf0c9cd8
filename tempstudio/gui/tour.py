"""A walk through the window: one part after another, each with a sentence on what it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from tempstudio.gui.main_window import MainWindow

KEY = "walk"
STOPS = (
    ("wafer", "The wafer: every square is a die, filled by the memory it holds; what moves between "
              "them are chunks of tensors. Click to select, drag for many."),
    ("timeline", "The timeline: the same step as a chart. Click to go there, Space plays."),
    ("gauges", "The gauges: step time, memory against capacity, and the links. Click a figure to "
               "see where it comes from."),
    ("left", "Model, strategy, kept runs and the machine's figures, each typed with its unit."),
    ("run", "Run searches for the best plan. Every edit is planned again by itself meanwhile."),
)  # fmt: skip


class Tour(QObject):
    """Goes from stop to stop when asked to."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.at = -1

    def start(self) -> None:
        """From the first stop."""
        self._window.tabs.setCurrentWidget(self._window.wafer)
        self.at = -1
        self.go_on()

    def go_on(self) -> None:
        """To the next stop; after the last one nothing is left on screen."""
        self.at += 1
        if self.at >= len(STOPS):
            self.at = -1
            self._window.wafer.setFocus(Qt.FocusReason.TabFocusReason)
            return
        name, text = STOPS[self.at]
        self._part(name).setFocus(Qt.FocusReason.TabFocusReason)
        last = self.at == len(STOPS) - 1
        self._window.studio.say(
            f"{self.at + 1} of {len(STOPS)}. {text}",
            key=KEY,
            choices=(("Done" if last else "Next", self.go_on),),
        )

    def _part(self, name: str) -> QWidget:
        window = self._window
        if name in ("timeline", "gauges", "left"):
            window.docks.show(name)
        parts: dict[str, QWidget] = {
            "wafer": window.wafer,
            "timeline": window.timeline,
            "gauges": window.gauges,
            "left": window.left.tabBar(),
            "run": window.toolbar.run,
        }
        return parts[name]
