"""The model graph as one widget: its folds, its marks, how it is looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QEvent, QPointF, QSize, Qt
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from tempstudio.core.workload import Workload
from tempstudio.gui.painter import DisplayListPainter
from tempstudio.gui.zoomed import Zoomed
from tempstudio.scene.copies import Work
from tempstudio.scene.display_list import DisplayList
from tempstudio.scene.graph import GraphMarks, Sight, fitted, graph_picture
from tempstudio.scene.graph_reading import Reading
from tempstudio.scene.model_graph import ModelGraph, graph_of
from tempstudio.scene.tokens import Tokens

ZOOM_STEP = 1.2
SLACK_PX = 80.0
LEAST_SCALE, MOST_SCALE = 0.02, 4.0
KEPT_SCALE = 0.8  # unfolding zooms no further out than this


class GraphCanvas(Zoomed, QWidget):
    """Shows a model graph; it can be looked at, not touched."""

    def __init__(self, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._graph: ModelGraph | None = None
        self._sight = Sight(1.0, 1.0, tokens.name)
        self._marks = GraphMarks()
        self._reading = Reading()
        self._is_fitted = True
        self._is_kept_near = False  # fitted, but no further out than can be read
        self._focus = 0
        self._picture: DisplayList | None = None
        self._painter = DisplayListPainter()

    # What is shown

    @property
    def graph(self) -> ModelGraph | None:
        """The graph as it is folded now."""
        return self._graph

    @property
    def sight(self) -> Sight:
        """Scale and place."""
        return self._sight

    @property
    def marks(self) -> GraphMarks:
        """What is pointed at, chosen and computing."""
        return self._marks

    @property
    def picture(self) -> DisplayList | None:
        """What is painted now."""
        if self._graph is not None and self._picture is None:
            self._picture = graph_picture(self._graph, self._sight, self._marks, self._reading)
        return self._picture

    def set_model(self, workload: Workload) -> None:
        """Show a model, its repeated blocks folded."""
        if self._graph is None or workload is not self._graph.workload:
            self._graph = graph_of(workload)
            self._marks = GraphMarks(operator=self._marks.operator)
            self._focus = 0
            self.fit()

    def set_reading(self, reading: Reading) -> None:
        """Shapes of this job, figures of this run."""
        if reading != self._reading:
            self._reading = reading
            self._changed()

    def set_selection(
        self,
        operator: str,
        tensor: str,
        copy: int | None,
        crossing: frozenset[str],
        stages: frozenset[int],
    ) -> None:
        """Mark the chosen operator, tensor and copy, the operators that use the chosen link, and
        the copies on the stages of the chosen dies."""
        if operator and (operator, copy) != (self._marks.operator, self._marks.copy):
            self._reveal(operator, copy)
        number = self._tensor_into(operator) if tensor else None
        self._mark(operator=operator, tensor=number, copy=copy, crossing=crossing, stages=stages)

    def set_computing(self, works: frozenset[Work]) -> None:
        """Mark what is computed at the moment, and in which copies of its block."""
        self._mark(computing=frozenset(operator for operator, _ in works), works=works)

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._sight = replace(self._sight, theme=tokens.name)
        self._painter.forget()
        self._changed()

    def _mark(self, **changes: Any) -> None:
        marks = replace(self._marks, **changes)
        if marks != self._marks:
            self._marks = marks
            self._changed()

    def _changed(self) -> None:
        self._picture = None
        self.update()

    def _tensor_into(self, operator: str) -> int | None:
        if self._graph is None:
            return None
        target = self._graph.by_operator.get(operator)
        into = (n for n, tensor in enumerate(self._graph.tensors) if tensor.target == target)
        known = self._marks.tensor
        if known is not None and self._graph.tensors[known].target == target:
            return known
        return next(into, None)

    # Folding

    def fold(self, block: int) -> None:
        """Draw a repeated block as one node."""
        self._fold(block, folded=True)

    def unfold(self, block: int) -> None:
        """Draw the operators of a repeated block."""
        self._fold(block, folded=False)

    def spread(self, block: int, on: bool) -> None:
        """Draw all copies of an unfolded block, or one."""
        graph = self._graph
        if graph is not None and block in graph.unfolded and (block in graph.spread) != on:
            spread = graph.spread | {block} if on else graph.spread - {block}
            self._draw(graph_of(graph.workload, graph.unfolded, spread), block)

    def _fold(self, block: int, folded: bool) -> None:
        graph = self._graph
        if graph is None or (block not in graph.unfolded) == folded:
            return
        opened = graph.unfolded - {block} if folded else graph.unfolded | {block}
        self._draw(graph_of(graph.workload, opened, graph.spread - {block}), block)

    def _draw(self, graph: ModelGraph, block: int) -> None:
        """Show the model folded otherwise, this block in sight."""
        self._graph = graph
        self._marks = replace(self._marks, hovered=None, hovered_tensor=None, tensor=None,
                              focus=None)  # fmt: skip
        self._focus = next(n for n, node in enumerate(self._graph.nodes) if node.block == block)
        if self._is_fitted:
            self.fit()
            if self._sight.scale < KEPT_SCALE:
                self._is_kept_near = True
                self._look(replace(self._sight, scale=KEPT_SCALE))
        self._show_node(self._focus, high=True)
        self._changed()

    def _reveal(self, operator: str, copy: int | None) -> None:
        """Unfold the block that an operator is in, and bring it into sight."""
        if self._graph is None:
            return
        if operator not in self._graph.by_operator:
            blocks = self._graph.workload.blocks
            inside = (
                n for n, b in enumerate(blocks) if any(o.name == operator for o in b.operators)
            )
            block = next(inside, None)
            if block is None:
                return
            self.unfold(block)
        self._focus = self._graph.node_of(operator, copy)
        self._show_node(self._focus)

    # Zoom and pan

    def fit(self) -> None:
        """The whole graph."""
        self._is_fitted, self._is_kept_near = True, False
        if self._graph is not None and self.width() > 1:
            size = replace(self._sight, width=float(self.width()), height=float(self.height()))
            self._sight = replace(fitted(self._graph, size), dpr=self.devicePixelRatioF())
        self._changed()

    def zoom_about(self, factor: float, point: QPointF) -> None:
        """Closer by a factor, what lies under the point stays there."""
        x, y = self._sight.inside(point.x(), point.y())
        scale = min(max(self._sight.scale * factor, LEAST_SCALE), MOST_SCALE)
        self._is_fitted = False
        self._look(replace(self._sight, scale=scale,
                           origin=(point.x() - x * scale, point.y() - y * scale)))  # fmt: skip

    def zoom_in(self) -> None:
        """Closer, about the middle."""
        self.zoom_about(ZOOM_STEP, QPointF(self.width() / 2, self.height() / 2))

    def zoom_out(self) -> None:
        """Further away, about the middle."""
        self.zoom_about(1 / ZOOM_STEP, QPointF(self.width() / 2, self.height() / 2))

    def pan_by(self, dx: float, dy: float) -> None:
        """Move the graph."""
        self._is_fitted = False
        x, y = self._sight.origin
        self._look(replace(self._sight, origin=(x + dx, y + dy)))

    def _look(self, sight: Sight) -> None:
        """Show it so, but never let the graph get lost."""
        if self._graph is None:
            return
        left, top, wide, tall = self._graph.content
        origin = []
        for at, first, size, room in zip(
            sight.origin, (left, top), (wide, tall), (sight.width, sight.height), strict=True
        ):
            low = min(room - SLACK_PX, room / 2) - (first + size) * sight.scale
            high = max(SLACK_PX, room / 2) - first * sight.scale
            origin.append(min(max(at, min(low, high)), max(low, high)))
        self._sight = replace(sight, origin=(origin[0], origin[1]))
        self._changed()

    def _show_node(self, number: int, high: bool = False) -> None:
        """Pan as little as brings a node inside; `high` puts it near the top."""
        if self._graph is None:
            return
        x, y, wide, tall = (self._graph.boxes[number] * self._sight.scale).tolist()
        x, y = x + self._sight.origin[0], y + self._sight.origin[1]
        margin = 24.0
        dx = min(0.0, self.width() - margin - x - wide) + max(0.0, margin - x)
        dy = min(0.0, self.height() - margin - y - tall) + max(0.0, margin - y)
        if high and not self._is_whole:
            dx, dy = self.width() / 2 - x - wide / 2, 72.0 - y
        if dx or dy:
            sight = self._sight
            self._look(replace(sight, origin=(sight.origin[0] + dx, sight.origin[1] + dy)))

    @property
    def _is_whole(self) -> bool:
        """Whether all of the graph is in sight."""
        assert self._graph is not None
        left, top, wide, tall = self._graph.content
        x, y = (o + first * self._sight.scale for o, first in
                zip(self._sight.origin, (left, top), strict=True))  # fmt: skip
        inside = x + wide * self._sight.scale <= self.width() + 1
        return x >= -1 and y >= -1 and inside and y + tall * self._sight.scale <= self.height() + 1

    # Places

    def point_of(self, number: int) -> QPointF:
        """The middle of a node in widget coordinates."""
        assert self._graph is not None
        x, y, wide, tall = (self._graph.boxes[number] * self._sight.scale).tolist()
        return QPointF(x + wide / 2 + self._sight.origin[0], y + tall / 2 + self._sight.origin[1])

    def point_of_tensor(self, number: int) -> QPointF:
        """A point on a tensor's line in widget coordinates."""
        assert self._graph is not None
        x, y = self._graph.layering.routes[number][0].tolist()
        return QPointF(x * self._sight.scale + self._sight.origin[0],
                       (y + 3) * self._sight.scale + self._sight.origin[1])  # fmt: skip

    # Inside

    def event(self, event: QEvent) -> bool:
        """Another screen or font."""
        if event.type() in (QEvent.Type.DevicePixelRatioChange, QEvent.Type.FontChange):
            self._painter.forget()
            self._changed()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A graph that fitted goes on fitting; one that is being read stays where it is."""
        size = replace(self._sight, width=float(self.width()), height=float(self.height()))
        self._sight = size
        if self._is_fitted and not self._is_kept_near:
            self.fit()
        else:
            self._look(size)

    def sizeHint(self) -> QSize:
        return self.sized(772, 543)

    def minimumSizeHint(self) -> QSize:
        return self.sized(240, 200)

    def paintEvent(self, event: QPaintEvent) -> None:
        """One display list."""
        painter = self.painter()
        picture = self.picture
        if picture is not None:
            self._painter.paint(painter, picture, self.devicePixelRatioF())
        painter.end()
