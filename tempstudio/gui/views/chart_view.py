"""A chart as a widget: pointed at, clicked, walked through by arrow keys, copied as a picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QFileDialog,
    QLabel,
    QMenu,
    QPushButton,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from tempstudio.core.errors import InputError
from tempstudio.export.svg import svg_of
from tempstudio.export.whole_file import whole_file
from tempstudio.gui.painter import DisplayListPainter
from tempstudio.gui.zoomed import Zoomed
from tempstudio.scene.charts import Chart
from tempstudio.scene.display_list import DisplayList
from tempstudio.scene.tokens import Tokens

ON = (Qt.Key.Key_Right, Qt.Key.Key_Down)
BACK = (Qt.Key.Key_Left, Qt.Key.Key_Up)
PRESS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


class ChartView(Zoomed, QWidget):
    """Shows a chart of `tempstudio.scene.charts`, or says why there is none.

    `chosen` carries the item that was clicked or entered, `pointed` the one under the pointer or
    the keyboard's mark (None: none), `empty_clicked` the button of the empty view, `failed` why a
    picture could not be saved.
    """

    chosen = Signal(int)
    pointed = Signal(object)
    empty_clicked = Signal()
    failed = Signal(str)

    def __init__(self, name: str, title: str, tokens: Tokens, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._title, self._tokens = title, tokens
        self._chart: Chart | None = None
        self._picture: DisplayList | None = None
        self._painter = DisplayListPainter()
        self._item: int | None = None
        self._sentence = QLabel(self)
        self._sentence.setWordWrap(True)
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._sentence.setProperty("role", "muted")
        self._button = QPushButton(self)
        self._button.setObjectName(f"{name}.empty_button")
        self._button.clicked.connect(self.empty_clicked)
        self._button.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 12, 24, 12)
        column.setSpacing(8)
        column.addStretch(1)
        column.addWidget(self._sentence)
        column.addWidget(self._button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)

    @property
    def chart(self) -> Chart | None:
        """What is shown."""
        return self._chart

    @property
    def item(self) -> int | None:
        """The item under the pointer or the keyboard's mark."""
        return self._item

    def show_chart(self, chart: Chart) -> None:
        """Show a chart; what was pointed at stays so if it is still there."""
        self._chart = chart
        if self._item is not None and self._item >= chart.items:
            self._item = None
        self._sentence.hide()
        self._button.hide()
        self._changed()

    def show_empty(self, sentence: str, button: str = "") -> None:
        """Say why there is nothing, and offer one thing to do."""
        self._chart, self._item = None, None
        self._sentence.setText(sentence)
        self._sentence.setVisible(bool(sentence))
        self._button.setText(button)
        self._button.setVisible(bool(button))
        self._changed()

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._tokens = tokens
        self._changed()

    def mark(self, item: int | None) -> None:
        """Mark an item, as if it were pointed at."""
        if item != self._item:
            self._item = item
            words = self._chart.tip(item) if self._chart is not None and item is not None else ""
            self.setAccessibleDescription(words.replace("\u2009", " "))
            self.pointed.emit(item)
            self.update()

    def _changed(self) -> None:
        self._picture = None
        self.update()

    @property
    def picture(self) -> DisplayList | None:
        """What is painted, without marks."""
        if self._chart is not None and self._picture is None and self.width() > 0:
            self._picture = self._chart.picture(self.width(), self.height(), self._tokens)
        return self._picture

    def paintEvent(self, event: QPaintEvent) -> None:
        """The chart, what is pointed at, and the focus."""
        painter = self.painter()
        picture = self.picture
        if picture is None or self._chart is None:
            painter.fillRect(self.rect(), QColor(self._tokens.surface))
        else:
            if self._item is not None:
                marks = self._chart.mark(self._item, self.width(), self.height(), self._tokens)
                picture = replace(picture, caption=marks)
            self._painter.paint(painter, picture, self.devicePixelRatioF())
        if self.hasFocus():
            painter.setPen(QPen(QColor(self._tokens.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def sizeHint(self) -> QSize:
        """Room for axes and a few points."""
        return self.sized(320, 220)

    def minimumSizeHint(self) -> QSize:
        """Below this no axis can be read."""
        return self.sized(160, 110)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another size is another picture."""
        self._changed()
        super().resizeEvent(event)

    def event(self, event: QEvent) -> bool:
        """A change of screen or font."""
        if event.type() in (QEvent.Type.DevicePixelRatioChange, QEvent.Type.FontChange):
            self._painter.forget()
            self._changed()
        return super().event(event)

    # Pointing

    def _at(self, event: QMouseEvent) -> int | None:
        if self._chart is None:
            return None
        point = event.position()
        return self._chart.item_at(point.x(), point.y(), self.width(), self.height())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Mark what is under the pointer and say what it is."""
        item = self._at(event)
        self.mark(item)
        self.setCursor(
            Qt.CursorShape.PointingHandCursor if item is not None else Qt.CursorShape.ArrowCursor
        )
        if item is not None and self._chart is not None:
            QToolTip.showText(event.globalPosition().toPoint() + QPoint(12, 8),
                              self._chart.tip(item), self)  # fmt: skip
        else:
            QToolTip.hideText()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose what is under the pointer."""
        item = self._at(event)
        if event.button() == Qt.MouseButton.LeftButton and item is not None:
            self.mark(item)
            self.chosen.emit(item)

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is pointed at any more."""
        self.mark(None)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The keyboard's mark goes with the focus."""
        self.mark(None)
        super().focusOutEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk through the items, Return chooses."""
        count = self._chart.items if self._chart is not None else 0
        step = 1 if event.key() in ON else -1 if event.key() in BACK else 0
        if step and count:
            start = self._item if self._item is not None else (-1 if step > 0 else 0)
            self.mark((start + step) % count)
        elif event.key() in PRESS and self._item is not None:
            self.chosen.emit(self._item)
        else:
            super().keyPressEvent(event)

    # Out

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Copy the chart."""
        if self._chart is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        copy = QAction("Copy as picture", menu)
        copy.triggered.connect(self.copy)
        menu.addAction(copy)
        save = QAction("Save as picture…", menu)
        save.triggered.connect(self.ask_save)
        menu.addAction(save)
        menu.popup(event.globalPos())

    def copy(self) -> None:
        """Put the chart on the clipboard, at twice its size in pixels."""
        if self.picture is None:
            return
        QGuiApplication.clipboard().setPixmap(self._pixmap())

    def _pixmap(self) -> QPixmap:
        assert self.picture is not None
        made = QPixmap(self.size() * 2)
        made.setDevicePixelRatio(2.0)
        painter = QPainter(made)
        DisplayListPainter().paint(painter, self.picture, 2.0)
        painter.end()
        return made

    def ask_save(self) -> None:
        """Choose where to save the chart."""
        dialog = QFileDialog(self.window(), "Save the chart")
        dialog.setObjectName("chart_dialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(["Drawing (*.svg)", "Picture (*.png)"])
        dialog.setDefaultSuffix("svg")
        dialog.selectFile(f"{self._title.lower().replace(' ', '-')}.svg")
        dialog.fileSelected.connect(lambda name: self.save(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save(self, path: Path) -> None:
        """Write the chart as SVG or PNG, by the name's ending; what goes wrong is `failed`."""
        if self.picture is None:
            return
        try:
            with whole_file(path) as part:
                if path.suffix.lower() == ".png":
                    self._pixmap().save(str(part), "PNG")
                else:
                    part.write_text(svg_of(self.picture, self._title), encoding="utf-8")
        except InputError as error:
            self.failed.emit(str(error).removeprefix("--out: "))
