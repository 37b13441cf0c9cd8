"""The model graph with a hand on it: point, choose, fold and unfold, by mouse and by keyboard."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QToolTip, QWidget

from tempstudio.gui.views.graph_canvas import ZOOM_STEP, GraphCanvas
from tempstudio.scene.graph_reading import run_of, shape_text
from tempstudio.scene.graph_walk import beside, first_node, follow
from tempstudio.scene.model_graph import Node
from tempstudio.scene.tokens import Tokens

PAN_KEY_PX = 60.0
DRAG_PX = 4.0
REACH_PX = 6.0  # how near a tensor's line counts as on it


class GraphView(GraphCanvas):
    """`operator_chosen(name, tensor, copy)` asks for a selection; `hovered` carries words."""

    operator_chosen = Signal(str, str, object)
    hovered = Signal(str)

    def __init__(self, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(tokens, parent)
        self.setObjectName("graph")
        self.setAccessibleName("Model graph")
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._pressed: QPointF | None = None
        self._last = QPointF()
        self._dragging = False

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click or a pan."""
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._pressed = self._last = event.position()
            self._dragging = False
            self._mark(focus=None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan, or point at something."""
        point = event.position()
        if self._pressed is None:
            self._point_at(point)
            return
        if self._dragging or (point - self._pressed).manhattanLength() >= DRAG_PX:
            self._dragging = True
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            step = point - self._last
            self.pan_by(step.x(), step.y())
        self._last = point

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Finish it."""
        pressed, self._pressed = self._pressed, None
        self.unsetCursor()
        if pressed is not None and not self._dragging:
            self._click(event.position())
        self._dragging = False

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """On the bare canvas: the whole graph."""
        if self._found(event.position()) == (None, None, None):
            self.fit()
        else:
            self.mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer; two fingers on a touchpad pan."""
        pixels = event.pixelDelta()
        if not pixels.isNull() and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.pan_by(pixels.x(), pixels.y())
        else:
            self.zoom_about(ZOOM_STEP ** (event.angleDelta().y() / 120), event.position())
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is pointed at any more."""
        self._mark(hovered=None, hovered_tensor=None)
        self.hovered.emit("")

    def _found(self, point: QPointF) -> tuple[int | None, int | None, tuple[int, bool] | None]:
        """(node, tensor, (block whose frame's head, copies asked for)) under a point."""
        if self._graph is None:
            return None, None, None
        x, y = self._sight.inside(point.x(), point.y())
        node = self._graph.node_at(x, y)
        if node is not None:
            return node, None, None
        frame = self._graph.frame_at(x, y)
        if frame is not None:
            return None, None, frame
        return None, self._graph.tensor_at(x, y, REACH_PX / self._sight.scale), None

    def _point_at(self, point: QPointF) -> None:
        node, tensor, _ = self._found(point)
        if (node, tensor) != (self._marks.hovered, self._marks.hovered_tensor):
            self._mark(hovered=node, hovered_tensor=tensor)
            self.hovered.emit(self._words(node, tensor))

    def _words(self, node: int | None, tensor: int | None) -> str:
        graph = self._graph
        if graph is None:
            return ""
        if node is not None:
            item = graph.nodes[node]
            run = run_of(item, self._reading)
            where = ""
            if self._copy_of(item) is not None:
                where = f"copy {item.copy + 1} of {graph.workload.blocks[item.block].repeat}"
                stage = self._reading.stage_of(graph, (item.block, item.copy))
                where += f" on stage {stage + 1}" if stage is not None else ""
            parts = [item.title, where, item.about, run.text if run is not None else ""]
            if item.kind == "block":
                parts.append("click to unfold")
            return ": ".join(part for part in parts if part)
        if tensor is not None:
            flow = graph.tensors[tensor]
            ends = f"{graph.nodes[flow.source].title} → {graph.nodes[flow.target].title}"
            return f"{ends}: {shape_text(self._reading, flow.features)}"
        return ""

    def _click(self, point: QPointF) -> None:
        node, tensor, frame = self._found(point)
        if node is not None:
            self._use(node)
        elif tensor is not None:
            self._choose_tensor(tensor)
        elif frame is not None:
            self._use_frame(*frame)
        else:
            self.operator_chosen.emit("", "", None)

    def _use(self, number: int) -> None:
        """Unfold a block, choose an operator."""
        assert self._graph is not None
        node = self._graph.nodes[number]
        self._focus = number
        if node.kind == "block":
            self.unfold(node.block)
        else:
            self.operator_chosen.emit(node.name, "", self._copy_of(node))

    def _use_frame(self, block: int, copies: bool) -> None:
        """A click on a frame's head: fold it, or show all copies or one."""
        assert self._graph is not None
        if copies:
            self.spread(block, block not in self._graph.spread)
        else:
            self.fold(block)

    def _choose_tensor(self, number: int) -> None:
        assert self._graph is not None
        target = self._graph.nodes[self._graph.tensors[number].target]
        self._marks = replace(self._marks, tensor=number)
        self._changed()
        tensor = "input" if target.name else ""
        self.operator_chosen.emit(target.name, tensor, self._copy_of(target))

    def _copy_of(self, node: Node) -> int | None:
        """Which copy of its block a node stands for, where all are drawn."""
        assert self._graph is not None
        return node.copy if node.block in self._graph.spread else None

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go along the tensors, Enter chooses or unfolds, Backspace folds."""
        key, modifiers = Qt.Key(event.key()), event.modifiers()
        arrows = {Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1), Qt.Key.Key_Left: (-1, 0),
                  Qt.Key.Key_Right: (1, 0)}  # fmt: skip
        if self._graph is None:
            super().keyPressEvent(event)
        elif key in arrows and modifiers & Qt.KeyboardModifier.ControlModifier:
            right, down = arrows[key]
            self.pan_by(-right * PAN_KEY_PX, -down * PAN_KEY_PX)
        elif key in arrows:
            right, down = arrows[key]
            graph, here = self._graph, self._focus
            if self._marks.focus is None:
                self._go(here)
            else:
                self._go(follow(graph, here, down) if down else beside(graph, here, right))
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self._go(first_node(self._graph, last=key == Qt.Key.Key_End))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._use(self._focus)
            self._go(self._focus)
        elif key == Qt.Key.Key_Backspace:
            self.fold(self._graph.nodes[self._focus].block)
            self._go(self._focus)
        elif key == Qt.Key.Key_C and not modifiers:
            self._use_frame(self._graph.nodes[self._focus].block, copies=True)
            self._go(self._focus)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_in()
        elif key == Qt.Key.Key_Minus:
            self.zoom_out()
        elif key == Qt.Key.Key_0:
            self.fit()
        else:
            super().keyPressEvent(event)

    def _go(self, number: int) -> None:
        """Move the focus to a node and speak of it."""
        self._focus = number
        self._mark(focus=number)
        self._show_node(number)
        words = self._words(number, None)
        self.setAccessibleDescription(words)
        self.hovered.emit(words)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Arriving by keyboard shows where the focus is."""
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self._go(self._focus)
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The ring goes with the focus."""
        self._mark(focus=None)
        super().focusOutEvent(event)

    def event(self, event: QEvent) -> bool:
        """Tooltips of what lies under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            node, tensor, _ = self._found(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self._words(node, tensor), self)
            return True
        return super().event(event)
