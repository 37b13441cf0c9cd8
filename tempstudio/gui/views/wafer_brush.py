"""A tool's strokes on the wafer: what was newly touched, told piece by piece."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt

if TYPE_CHECKING:
    from tempstudio.gui.views.wafer_view import WaferView

SELECT, DEAD_DIE, DEAD_LINK, CORE_YIELD = "select", "dead_die", "dead_link", "core_yield"
TOOLS = (SELECT, DEAD_DIE, DEAD_LINK, CORE_YIELD)


@dataclass(frozen=True)
class Target:
    """A die (its number) or a link (source, target) under the pointer, and a sentence on it."""

    kind: str
    id: int | tuple[int, int]
    text: str


@dataclass(frozen=True)
class Stroke:
    """A piece of a tool's stroke: what it newly touched.

    All pieces of one drag share a `merge_key`, so that they undo as one.  `erase` takes the
    tool's effect away.  Links are (lower, higher) die numbers: both directions are meant.
    """

    tool: str
    dies: tuple[int, ...]
    links: tuple[tuple[int, int], ...]
    erase: bool
    merge_key: str


class Brush:
    """The tool in hand, and the stroke that is being made with it."""

    def __init__(self, view: WaferView) -> None:
        self._view = view
        self.tool = SELECT
        self._numbers = count(1)
        self._key = ""
        self._erase = False
        self._touched: set[object] = set()

    @property
    def is_down(self) -> bool:
        """Whether a stroke is under way."""
        return bool(self._key)

    def take(self, tool: str) -> None:
        """Another tool from now on."""
        if tool not in TOOLS:
            raise ValueError(f"tool: found {tool!r}, allowed: {', '.join(TOOLS)}")
        self.lift()
        self.tool = tool

    def put_down(self, modifiers: Qt.KeyboardModifier) -> None:
        """Begin a stroke: paint, or with Alt held erase; that holds for the whole stroke."""
        self._erase = bool(modifiers & Qt.KeyboardModifier.AltModifier)
        self._key = f"{self.tool}-{next(self._numbers)}"
        self._touched = set()
        self._view.stroke_started.emit(self._key)

    def lift(self) -> None:
        """End the stroke."""
        if self._key:
            self._key = ""
            self._view.stroke_finished.emit()

    def touch(self, point: QPointF) -> None:
        """Use the tool on what lies under a point."""
        found = self._view.target_at(point)
        if found is not None:
            self._apply(found.kind, found.id)

    def drag(self, start: QPointF, end: QPointF) -> None:
        """Touch everything between two points: a fast hand skips none."""
        layout = self._view.layout_of_dies
        if layout is None:
            return
        way = end - start
        stride = max(layout.gap_px * self._view.scale * 0.8, 2.0)
        steps = max(1, int(max(abs(way.x()), abs(way.y())) / stride))
        for step in range(1, steps + 1):
            self.touch(start + way * (step / steps))

    def dab(self, kind: str, what: int | tuple[int, int], modifiers: Qt.KeyboardModifier) -> None:
        """A stroke that touches one thing."""
        self.put_down(modifiers)
        self._apply(kind, what)
        self.lift()

    def _apply(self, kind: str, what: int | tuple[int, int]) -> None:
        if kind != ("link" if self.tool == DEAD_LINK else "die"):
            return
        if isinstance(what, tuple):
            what = (min(what), max(what))
        if what in self._touched:
            return
        self._touched.add(what)
        self._view.edit_requested.emit(
            Stroke(
                tool=self.tool,
                dies=(what,) if isinstance(what, int) else (),
                links=(what,) if isinstance(what, tuple) else (),
                erase=self._erase,
                merge_key=self._key,
            )
        )
