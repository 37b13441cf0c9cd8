"""How a picture or a movie of the wafer shall look, with a small one to see it by."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from tempstudio.export.movie import EXTRA, GIF_FRAMES_PER_S, MP4_FRAMES_PER_S
from tempstudio.export.picture import layer_around, operator_around, pictures_of
from tempstudio.gui.painter import DisplayListPainter
from tempstudio.gui.results import Result
from tempstudio.scene.format import seconds
from tempstudio.scene.memory_scale import memory_top
from tempstudio.scene.wafer import View

if TYPE_CHECKING:
    from tempstudio.gui.main_window import MainWindow

SIZES = ((1280, 900), (1920, 1080), (2560, 1440), (3840, 2160))
MOST_MOVIE_PX = 1920
SCALE = 2.0  # beyond Full HD a picture is drawn at this many pixels a pixel, so that text grows
PREVIEW = QSize(400, 300)
SUFFIXES = {
    "picture": (("PNG", ".png"), ("SVG", ".svg")),
    "movie": (("GIF", ".gif"), ("MP4", ".mp4")),
}


class PictureDialog(QDialog):
    """`chosen(suffix, options)` carries the options of `tempstudio.export.formats.write`."""

    chosen = Signal(str, object)

    def __init__(self, kind: str, result: Result, window: MainWindow) -> None:
        super().__init__(window)
        self.setObjectName("picture_dialog")
        self.setWindowTitle("Export a picture" if kind == "picture" else "Export a movie")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._kind, self._result = kind, result
        self._now_s = window.studio.playback.time_s
        self._range_s = window.studio.selection.chosen.range_s
        self._own_size = (window.wafer.width(), window.wafer.height())
        self._own_theme = window.look.tokens.name
        self.preview = Preview(self)
        self._build_form()
        self._build_buttons()
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addLayout(self._form, 1)
        row.addWidget(self.preview)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 12)
        column.setSpacing(12)
        column.addLayout(row)
        column.addWidget(self.note)
        column.addWidget(self._buttons)
        self._show()

    def _build_form(self) -> None:
        self._form = QFormLayout()
        self._form.setSpacing(8)
        self.format = self._box("format", "Format", SUFFIXES[self._kind])
        if self._kind == "movie":
            self.stretch = self._box("stretch", "Shows", self._stretches())
            self.length = QDoubleSpinBox(self)
            self.length.setObjectName("picture_dialog.length")
            self.length.setRange(0.5, 120.0)
            self.length.setDecimals(1)
            self.length.setSuffix("\u2009s")
            self.length.setValue(8.0)
            self.length.valueChanged.connect(self._show)
            self._form.addRow("Lasts", self.length)
        else:
            moment = QLabel(f"{seconds(self._now_s)} into the step", self)
            moment.setObjectName("picture_dialog.moment")
            self._form.addRow("Moment", moment)
        own = self._own_size
        sizes: list[tuple[str, tuple[int, int] | None]]
        sizes = [(f"As in the window, {own[0]} × {own[1]}", own)]
        sizes += [
            (f"{w} × {h}", (w, h))
            for w, h in SIZES
            if self._kind == "picture" or w <= MOST_MOVIE_PX
        ]
        sizes.append(("Other…", None))
        self.size_box = self._box("size", "Size", sizes)
        self.width_box, self.height_box = (
            self._number(name, value) for name, value in zip(("width", "height"), own, strict=True)
        )
        both = QWidget(self)
        pair = QHBoxLayout(both)
        pair.setContentsMargins(0, 0, 0, 0)
        pair.addWidget(self.width_box)
        pair.addWidget(QLabel("×"))
        pair.addWidget(self.height_box)
        self._form.addRow("", both)
        self._other = both
        themes = [("As in the window", self._own_theme), ("Light", "light"), ("Dark", "dark")]
        self.theme = self._box("theme", "Colours", themes)
        self.note = QLabel(self)
        self.note.setObjectName("picture_dialog.note")
        self.note.setProperty("role", "caption")
        self.note.setWordWrap(True)

    def _box(self, name: str, title: str, rows: Any) -> QComboBox:
        box = QComboBox(self)
        box.setObjectName(f"picture_dialog.{name}")
        box.setAccessibleName(title)
        for text, value in rows:
            box.addItem(text, value)
        box.currentIndexChanged.connect(self._show)
        self._form.addRow(title, box)
        return box

    def _number(self, name: str, value: int) -> QSpinBox:
        box = QSpinBox(self)
        box.setObjectName(f"picture_dialog.{name}")
        box.setRange(64, 8192 if self._kind == "picture" else 3840)
        box.setSuffix("\u2009px")
        box.setValue(value)
        box.valueChanged.connect(self._show)
        return box

    def _stretches(self) -> list[tuple[str, tuple[float, float]]]:
        """What a movie can show, by its name."""
        timeline = self._result.timeline
        found = [
            ("the operator that runs now", operator_around(timeline, self._now_s)),
            ("the layer that runs now", layer_around(timeline, self._now_s)),
            ("the whole step", (0.0, timeline.duration_s)),
        ]
        if self._range_s is not None:
            found.insert(0, ("the chosen range", self._range_s))
        return [(f"{name}, {seconds(high - low)}", (low, high)) for name, (low, high) in found]

    def _build_buttons(self) -> None:
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.ok = QPushButton("Export…", self)
        self.ok.setObjectName("picture_dialog.ok")
        self.ok.setProperty("primary", True)
        self._buttons.addButton(self.ok, QDialogButtonBox.ButtonRole.AcceptRole)
        self.ok.setDefault(True)
        cancel = self._buttons.button(QDialogButtonBox.StandardButton.Cancel)
        cancel.setObjectName("picture_dialog.cancel")
        cancel.setIcon(type(cancel.icon())())
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)

    # What is chosen

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of the file."""
        size = self.size_box.currentData()
        return size if size is not None else (self.width_box.value(), self.height_box.value())

    @property
    def options(self) -> dict[str, Any]:
        """How to write it."""
        width, height = self.pixels
        scale = SCALE if self._kind == "picture" and min(width / 1920, height / 1080) > 1 else 1.0
        options: dict[str, Any] = {
            "time_s": self._now_s,
            "width": round(width / scale),
            "height": round(height / scale),
            "pixel_ratio": scale,
            "theme": self.theme.currentData(),
        }
        if self._kind == "movie":
            low, high = self.stretch.currentData()
            options |= {"time_s": low, "duration_s": high - low, "movie_s": self.length.value()}
        return options

    def _show(self) -> None:
        if not hasattr(self, "ok"):
            return
        self._other.setVisible(self.size_box.currentData() is None)
        self._form.setRowVisible(self._other, self.size_box.currentData() is None)
        self._show_note()
        options = self.options
        machine, timeline = self._result.project.machine, self._result.timeline
        view = View(theme=options["theme"], dpr=1.0, memory_top=memory_top(timeline))
        size = options["width"], options["height"]
        moments = (self._now_s,)
        self.preview.show_picture(
            lambda: next(pictures_of(machine, timeline, moments, size, view)), QSize(*size)
        )

    def _show_note(self) -> None:
        from tempstudio.gui.exports import has_movies

        suffix = self.format.currentData()
        missing = self._kind == "movie" and not has_movies(suffix)
        self.ok.setEnabled(not missing)
        if missing:
            library = "Pillow" if suffix == ".gif" else "imageio-ffmpeg"
            self.note.setText(f"{suffix.removeprefix('.').upper()} needs {library}: {EXTRA}")
        elif self._kind == "movie":
            low, high = self.stretch.currentData()
            frames = GIF_FRAMES_PER_S if suffix == ".gif" else MP4_FRAMES_PER_S
            rate = (high - low) / self.length.value()
            count = round(self.length.value() * frames)
            self.note.setText(f"{count} pictures; one second shows {seconds(rate)} of the step.")
        else:
            text = "SVG stays sharp at any size." if suffix == ".svg" else ""
            self.note.setText(text)

    def accept(self) -> None:
        """Tell what was chosen."""
        suffix, options = self.format.currentData(), self.options
        super().accept()
        self.chosen.emit(suffix, options)


class Preview(QWidget):
    """A display list, drawn small."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("picture_dialog.preview")
        self.setAccessibleName("Preview")
        self.setFixedSize(PREVIEW)
        self._picture: QPixmap | None = None

    @property
    def picture(self) -> QPixmap | None:
        """What is shown, at its own size."""
        return self._picture

    def show_picture(self, draw: Callable[[], Any], size: QSize) -> None:
        """Draw anew."""
        made = QPixmap(size)
        painter = QPainter(made)
        DisplayListPainter().paint(painter, draw(), 1.0)
        painter.end()
        self._picture = made.scaled(
            PREVIEW * self.devicePixelRatioF(),
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        self._picture.setDevicePixelRatio(self.devicePixelRatioF())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._picture is None:
            return
        size = self._picture.deviceIndependentSize()
        place = QRectF(0, 0, size.width(), size.height())
        place.moveCenter(QRectF(self.rect()).center())
        QPainter(self).drawPixmap(place.topLeft(), self._picture)
