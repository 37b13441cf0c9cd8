"""The wafer's dies before anything is loaded: the same places as `scene.fitting`, without numpy."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, Signal
from PySide6.QtGui import QBrush, QColor, QPainter, QPaintEvent, Qt
from PySide6.QtWidgets import QWidget

from tempstudio.gui.peek import Mesh
from tempstudio.gui.theme import font
from tempstudio.gui.zoomed import Zoomed
from tempstudio.scene.tokens import Tokens, panel_of

CAPTION_PX, LEGEND_PX = 44.0, 28.0
MARGIN_PX, CLOSE_PX, NAMES_PX = 10.0, 4.0, 12.0
AXIS_PX = (26.0, 16.0)
CARD_PX, LARGEST_PX = 44.0, 112.0
GAP, JOINT, RIM, LANE = 1 / 3, 0.8, 0.26, 0.17


@dataclass(frozen=True)
class Places:
    """Edges of the dies in logical pixels."""

    die: float
    gap: float
    rim: float
    x: tuple[float, ...]
    y: tuple[float, ...]


def places(mesh: Mesh, width: float, height: float) -> Places:
    """Where `scene.fitting.lay_out` puts a wafer's dies in a picture of this size."""
    across = mesh.cols * mesh.wafers
    wide = across + (across - 1) * GAP + (mesh.wafers - 1) * JOINT + 2 * RIM
    tall = mesh.rows + (mesh.rows - 1) * GAP + 2 * RIM
    left, top = MARGIN_PX, CAPTION_PX + CLOSE_PX + (NAMES_PX if mesh.wafers > 1 else 0.0)
    room = (
        max(width - 2 * MARGIN_PX, 1.0),
        max(height - top - LEGEND_PX - CLOSE_PX, 1.0),
    )
    die = max(min(room[0] / wide, room[1] / tall), 0.5)
    if die < CARD_PX:
        left, top = left + AXIS_PX[0], top + AXIS_PX[1]
        room = max(room[0] - AXIS_PX[0], 1.0), max(room[1] - AXIS_PX[1], 1.0)
        die = max(min(room[0] / wide, room[1] / tall), 0.5)
    die = min(die, LARGEST_PX)
    gap = die * GAP
    if die + gap >= 4:
        pitch = float(int(die + gap + 1e-6))
        die = float(round(pitch / (1 + GAP)))
        gap = pitch - die
    joint = max(float(int(die * JOINT + 1e-6)), 1.0) if mesh.wafers > 1 else 0.0
    x = [n * (die + gap) + n // mesh.cols * joint for n in range(across)]
    y = [n * (die + gap) for n in range(mesh.rows)]
    dx = round(left + room[0] / 2 - (x[-1] + die) / 2)
    dy = round(top + room[1] / 2 - (y[-1] + die) / 2)
    return Places(
        die,
        gap,
        max(4.0, float(int(die * RIM + 1e-6))),
        tuple(a + dx for a in x),
        tuple(b + dy for b in y),
    )


class FirstLook(Zoomed, QWidget):
    """Paints a bare wafer; `painted` follows the first time."""

    painted = Signal()

    def __init__(self, mesh: Mesh | None, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("first_look")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._mesh, self._tokens = mesh, tokens

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = self.painter()
        tokens = self._tokens
        painter.fillRect(self.rect(), QColor(tokens.canvas))
        painter.setPen(QColor(tokens.text))
        painter.setFont(font("body"))
        painter.drawText(QPointF(14, 21), "Planning")
        if self._mesh is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_wafer(painter, self._mesh)
        painter.end()
        self.painted.emit()

    def _paint_wafer(self, painter: QPainter, mesh: Mesh) -> None:
        tokens, at = self._tokens, places(mesh, self.width(), self.height())
        painter.setPen(QColor(tokens.hairline))
        painter.setBrush(QColor(panel_of(tokens)))
        for first in range(0, len(at.x), mesh.cols):
            left, right = at.x[first], at.x[first + mesh.cols - 1] + at.die
            box = QRectF(left, at.y[0], right - left, at.y[-1] + at.die - at.y[0])
            rim, corner = at.rim, min(10.0, at.rim)
            painter.drawRoundedRect(box.adjusted(-rim, -rim, rim, rim), corner, corner)
        if at.die < 4:
            return
        self._paint_wires(painter, mesh, at)
        alive = [
            (r, c) for r in range(mesh.rows) for c in range(len(at.x)) if not self._is_dead(r, c)
        ]
        dead = [(r, c) for r in range(mesh.rows) for c in range(len(at.x)) if self._is_dead(r, c)]
        corner = 4.0 if at.die >= CARD_PX else 1.0
        painter.setPen(QColor(tokens.control))
        for cells, fill in (
            (alive, QBrush(QColor(tokens.surface))),
            (dead, QBrush(QColor(tokens.control), Qt.BrushStyle.DiagCrossPattern)),
        ):
            painter.setBrush(fill)
            for row, col in cells:
                box = QRectF(at.x[col] + 0.5, at.y[row] + 0.5, at.die - 1, at.die - 1)
                painter.drawRoundedRect(box, corner, corner)

    def _is_dead(self, row: int, col: int) -> bool:
        assert self._mesh is not None
        wafer, inside = divmod(col, self._mesh.cols)
        named = (wafer, row, inside) if self._mesh.wafers > 1 else (row, inside)
        return named in self._mesh.dead

    def _paint_wires(self, painter: QPainter, mesh: Mesh, at: Places) -> None:
        aside = min(at.die * LANE, 22.0)
        middle = at.die / 2
        wires = []
        for row, y in enumerate(at.y):
            for col, x in enumerate(at.x):
                for lane in (-aside, aside):
                    if col + 1 < len(at.x):
                        across = y + middle + lane
                        wires.append(QLineF(x + at.die, across, at.x[col + 1], across))
                    if row + 1 < len(at.y):
                        down = x + middle + lane
                        wires.append(QLineF(down, y + at.die, down, at.y[row + 1]))
        painter.setPen(QColor(self._tokens.hairline))
        painter.drawLines(wires)
