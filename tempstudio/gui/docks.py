"""The docks: where they lie, how large they are, and how they come back."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QByteArray, QObject, Qt, Signal
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

from tempstudio.gui.zoomed import factor

LAYOUT_VERSION = 1
SMALL, LARGE = (1280, 800), (2560, 1440)
SIZES = {  # at 1280 x 800 and at 2560 x 1440
    "left": (248, 320),
    "gauges": (272, 400),
    "timeline": (176, 280),
}
GAUGE_SHARE = (69, 60)  # percent of the right dock, at 800 px and at 1440 px of height
TALL = {"explain": 300, "panels": 300}  # these lie over the timeline, which keeps its tab
# In a narrow window the others do, too: beside it there is no room.
TAB_BAR = 36  # at most: it takes of what a dock is given, and is gone when the dock is alone
EXTRA_SHARE = (60, 40)  # timeline, and the docks that are hidden until asked for
NARROW = 1120  # below this width the left dock makes room by itself
SIDE = Qt.DockWidgetArea


class Docks(QObject):
    """The dock widgets of a main window by name."""

    visibility_changed = Signal(str, bool)

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._docks: dict[str, QDockWidget] = {}
        self._hidden_by_default: set[str] = set()
        self._bare: dict[str, QWidget] = {}
        self._title_bars = False
        self._gave_way = False
        self._low_px = 0  # of the timeline, before something over it needed more
        self._factor = factor()  # the interface zoom that the docks are sized for
        for corner, side in (
            (Qt.Corner.BottomLeftCorner, SIDE.LeftDockWidgetArea),
            (Qt.Corner.BottomRightCorner, SIDE.RightDockWidgetArea),
        ):
            window.setCorner(corner, side)

    def __getitem__(self, name: str) -> QDockWidget:
        return self._docks[name]

    def add(
        self, name: str, title: str, content: QWidget, side: Qt.DockWidgetArea, hidden: bool = False
    ) -> QDockWidget:
        """Put a widget in a dock of its own."""
        dock = QDockWidget(title, self._window)
        dock.setObjectName(f"dock.{name}")
        dock.setWidget(content)
        self._docks[name] = dock
        self._window.addDockWidget(side, dock)
        if hidden:
            self._hidden_by_default.add(name)
            dock.hide()
        else:
            self._bare[name] = QWidget(dock)
            dock.setTitleBarWidget(self._bare[name])
        dock.visibilityChanged.connect(lambda on: self.visibility_changed.emit(name, on))
        if name in TALL:
            dock.visibilityChanged.connect(lambda on: None if on else self._shrink(name))
        return dock

    def fill(self, name: str, content: QWidget) -> None:
        """Put a dock's content in the place of what it held."""
        before = self._docks[name].widget()
        self._docks[name].setWidget(content)
        before.deleteLater()

    def toggle(self, name: str) -> None:
        """Show a dock, or hide it."""
        if self._docks[name].isVisible():
            self._docks[name].hide()
        else:
            self.show(name)
            self._gave_way = self._gave_way and name != "left"

    def show(self, name: str) -> None:
        """Show a dock in front of others."""
        fresh = name in self._hidden_by_default and not self._docks[name].isVisible()
        self._docks[name].show()
        if fresh and (name in TALL or self._is_narrow):
            if not self._docks[name].isFloating():
                self._window.tabifyDockWidget(self._docks["timeline"], self._docks[name])
                self._grow(name)
        elif fresh:
            self._stack(name)
            docks = [self._docks["timeline"], self._docks[name]]
            self._window.resizeDocks(docks, list(EXTRA_SHARE), Qt.Orientation.Horizontal)
        self._docks[name].raise_()

    def _grow(self, name: str) -> None:
        """Give a dock over the timeline the height that it needs."""
        before = self._docks["timeline"].height()
        if before < TALL.get(name, 0):
            self._low_px = self._low_px or before
            self._window.resizeDocks([self._docks[name]], [TALL[name]], Qt.Orientation.Vertical)

    def _shrink(self, name: str) -> None:
        """The timeline has its height again once nothing lies over it, if no hand changed it."""
        over = [self._docks[other] for other in TALL if other in self._docks]
        if not self._low_px or any(not (dock.isHidden() or dock.isFloating()) for dock in over):
            return
        grown = abs(TALL[name] - self._docks[name].height()) <= TAB_BAR
        low, self._low_px = self._low_px, 0
        if grown:
            self._window.resizeDocks([self._docks["timeline"]], [low], Qt.Orientation.Vertical)

    def toggle_title_bars(self) -> None:
        """Show the title bars, by which docks are dragged, or hide them."""
        self._title_bars = not self._title_bars
        for name, bare in self._bare.items():
            # None brings the native bar back; the stubs do not know.
            shown: Any = None if self._title_bars else bare
            self._docks[name].setTitleBarWidget(shown)

    def reset(self) -> None:
        """Every dock in its place, at its size."""
        places = {
            "left": SIDE.LeftDockWidgetArea,
            "gauges": SIDE.RightDockWidgetArea,
            "inspector": SIDE.RightDockWidgetArea,
        }
        for name, dock in self._docks.items():
            dock.setFloating(False)
            self._window.removeDockWidget(dock)
            self._window.addDockWidget(places.get(name, SIDE.BottomDockWidgetArea), dock)
            dock.setVisible(name not in self._hidden_by_default)
        self._gave_way = False
        self.size_up()

    def _stack(self, name: str) -> None:
        """Put an extra dock behind the tabs of those that are open already.

        Only when it is shown: docks tabbed while hidden leave a stray tab bar over the menus.
        """
        for other in sorted(self._hidden_by_default - {name} - set(TALL)):
            if self._docks[other].isVisible() and not self._docks[other].isFloating():
                self._window.tabifyDockWidget(self._docks[other], self._docks[name])
                return

    def size_up(self) -> None:
        """Sizes that suit the window, as the layout is meant."""
        wide = (self._window.width() - SMALL[0]) / (LARGE[0] - SMALL[0])
        tall = (self._window.height() - SMALL[1]) / (LARGE[1] - SMALL[1])
        size = {
            name: round(_between(*pair, tall if name == "timeline" else wide) * factor())
            for name, pair in SIZES.items()
        }
        flat, upright = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        resize: Callable[..., None] = self._window.resizeDocks
        resize([self["left"], self["gauges"]], [size["left"], size["gauges"]], flat)
        over = [tall for name, tall in TALL.items() if self._docks[name].isVisible()]
        resize([self["timeline"]], [max(size["timeline"], *over, 0)], upright)
        share = _between(*GAUGE_SHARE, tall)
        resize([self["gauges"], self["inspector"]], [share, 100 - share], upright)
        self.give_way()

    def follow_zoom(self) -> None:
        """As much larger or smaller as the interface is, from whatever size a person gave them."""
        change, self._factor = factor() / self._factor, factor()
        for names, across in ((("left", "gauges"), True), (("timeline",), False)):
            docks = [self._docks[name] for name in names]
            docks = [dock for dock in docks if dock.isVisible() and not dock.isFloating()]
            sizes = [round((dock.width() if across else dock.height()) * change) for dock in docks]
            way = Qt.Orientation.Horizontal if across else Qt.Orientation.Vertical
            self._window.resizeDocks(docks, sizes, way)
        self.give_way()

    @property
    def _is_narrow(self) -> bool:
        return self._window.width() < NARROW * factor()

    def give_way(self) -> None:
        """In a narrow window the left dock goes first; it comes back where there is room."""
        narrow = self._is_narrow
        if narrow and self["left"].isVisible() and not self._gave_way:
            self["left"].hide()
            self._gave_way = True
        elif not narrow and self._gave_way:
            self["left"].show()
            self._gave_way = False

    def state(self) -> dict[str, str]:
        """Place and size of window and docks, to be kept."""
        if self._gave_way:
            self["left"].show()
        parts = {
            "geometry": self._window.saveGeometry(),
            "layout": self._window.saveState(LAYOUT_VERSION),
        }
        return {key: base64.b64encode(content.data()).decode() for key, content in parts.items()}

    def restore(self, state: Mapping[str, object]) -> bool:
        """Bring back what was kept; False where nothing was."""
        geometry, layout = (_decoded(state.get(key)) for key in ("geometry", "layout"))
        if geometry is not None:
            self._window.restoreGeometry(geometry)
        if layout is None or not self._window.restoreState(layout, LAYOUT_VERSION):
            return False
        self.give_way()
        return True


def _decoded(text: object) -> QByteArray | None:
    try:
        content = base64.b64decode(str(text or ""), validate=True)
    except (binascii.Error, ValueError):
        return None
    return QByteArray(content) if content else None


def _between(small: int, large: int, share: float) -> int:
    return round(small + (large - small) * min(max(share, 0.0), 1.0))
