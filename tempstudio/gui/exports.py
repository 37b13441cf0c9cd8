"""Out of the window: pictures, movies, reports, traces, tables, plugins' formats, the clipboard."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QMimeData, QObject, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QTableView, QTreeView, QWidget

from tempstudio.core.errors import InputError
from tempstudio.export.command_line import command_of
from tempstudio.export.csv import write_table
from tempstudio.export.formats import FORMATS
from tempstudio.gui.decided import decisions_in
from tempstudio.gui.results import Result
from tempstudio.gui.views.table_text import table_lines, table_text

if TYPE_CHECKING:
    from tempstudio.gui.main_window import MainWindow
    from tempstudio.lanes import Message

PICTURED = (  # views that are copied as a whole
    "wafer", "timeline", "gauges", "graph", "chart", "compare", "search", "explain", "sweep",
    "strategies", "panel",
)  # fmt: skip


class Exports(QObject):
    """What the Export menu and the copy commands of one window do.

    Files are written by a worker, from what is on screen; the window goes on.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    @property
    def _result(self) -> Result | None:
        results = self._window.studio.results
        return results.current if results.is_fresh else None

    def ask(self, name: str) -> None:
        """Ask how and where to write the run in a format of the program."""
        result = self._result
        if result is None:
            self._refuse()
        elif name in ("picture", "movie"):
            from tempstudio.gui.dialogs.picture_dialog import PictureDialog

            dialog = PictureDialog(name, result, self._window)
            dialog.chosen.connect(
                lambda suffix, options: self._ask_place(
                    name, (suffix,), lambda path: self.write(name, path, options)
                )
            )
            dialog.open()
        else:
            options = {"command": self._command(None if result.searched else result)}
            options = options if name == "report" else {}
            self._ask_place(
                name, FORMATS[name].suffixes, lambda path: self.write(name, path, options)
            )

    def ask_exporter(self, offer: dict[str, Any]) -> None:
        """Ask where a plugin's exporter shall write the run."""
        if self._result is None:
            self._refuse()
            return
        self._ask_place(
            offer["name"],
            tuple(offer["suffixes"]),
            lambda path: self.write_with(offer["name"], path),
        )

    def write(self, name: str, path: Path, options: dict[str, Any]) -> None:
        """Write the run on screen in a format of the program."""
        result = self._result
        if result is None:
            self._refuse()
            return
        from tempstudio.storage.project_document import project_to_document

        timeline, arrays = result.timeline.to_arrays()
        header = {
            "format": name,
            "path": str(path),
            "options": options,
            "project": project_to_document(result.project),
            "document": result.document,
            "timeline": timeline,
        }
        self._send(header, path, arrays)

    def write_with(self, exporter: str, path: Path) -> None:
        """Write the run on screen through a plugin's exporter."""
        result = self._result
        if result is None:
            self._refuse()
            return
        from tempstudio.storage.project_document import project_to_document

        header = {
            "exporter": exporter,
            "path": str(path),
            "project": project_to_document(result.project),
            "plan": result.plan,
        }
        self._send(header, path, None)

    def _send(self, header: dict[str, Any], path: Path, arrays: Any) -> None:
        studio = self._window.studio

        def take(message: Message) -> None:
            if not message.ends:
                return
            if message.type == "done":
                self._say_written(path)
            elif message.header["kind"] == "cancelled":
                studio.say(f"{path.name} was not written.", "info", key="export", fleeting=True)
            else:
                text = message.header["message"].removeprefix("--out: ")
                details = message.header.get("traceback", "")
                studio.say(text[:1].upper() + text[1:], "error", key="export", details=details)

        studio.jobs.ask("export", header, f"Writing {path.name}", take, arrays=arrays)

    def _refuse(self) -> None:
        self._window.studio.say(
            "There is no plan of this project yet to write.", "info", key="export", fleeting=True
        )

    def _ask_place(
        self, what: str, suffixes: tuple[str, ...], write: Callable[[Path], object]
    ) -> None:
        """Choose a file's name, then write; an exporter without suffixes takes any."""
        document = self._window.studio.document
        dialog = QFileDialog(self._window, f"Export: {what}")
        dialog.setObjectName("file_dialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        patterns = " ".join(f"*{suffix}" for suffix in suffixes) or "*"
        dialog.setNameFilter(f"{what} ({patterns})")
        if suffixes:
            dialog.setDefaultSuffix(suffixes[0].removeprefix("."))
        folder = document.path.parent if document.path is not None else Path.cwd()
        dialog.setDirectory(str(folder))
        named = what if what in ("dies", "links", "operators") else ""
        stem = f"{document.name}-{named}" if named else document.name
        dialog.selectFile(f"{stem}{suffixes[0] if suffixes else ''}")
        dialog.fileSelected.connect(lambda name: write(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    # The clipboard

    def _command(self, made: Result | None) -> str | None:
        """That repeats a run as it was made; without one, what the solver makes of the project."""
        document = self._window.studio.document
        project, path, clean = document.project, document.path, document.is_clean
        if made is None:
            return command_of(project, path, clean, None)
        decided = decisions_in(made)
        job = decided.candidate.job(project.job)
        return command_of(project, path, clean, decided.degrees, job)

    def copy_command(self) -> None:
        """The command that repeats this run headless."""
        result = self._result
        text = self._command(result if result and not result.searched else None)
        if text is None:
            self._window.studio.say(
                "Save the project first: its faults or its model cannot be given as flags.",
                "info",
                key="copy",
                choices=(("Save", self._window.files.save),),
            )
            return
        QGuiApplication.clipboard().setText(text)
        self._window.studio.say(f"Copied: {text}", "ok", key="copy", fleeting=True)

    def copy_picture(self) -> None:
        """The view with the focus as a picture, the wafer where no view has it."""
        view, name = self._focused_view()
        QGuiApplication.clipboard().setPixmap(view.grab())
        self._window.studio.say(f"Copied: {name} as a picture", "ok", key="copy", fleeting=True)

    def _focused_view(self) -> tuple[QWidget, str]:
        widget = QApplication.focusWidget()
        while widget is not None and widget is not self._window:
            if widget.objectName().partition(".")[0] in PICTURED:
                return widget, widget.accessibleName().lower() or widget.objectName()
            widget = widget.parentWidget()
        return self._window.wafer, "the wafer"

    def copy_table(self) -> None:
        """The table with the focus: its chosen rows, or all of them."""
        view = self._focused_table()
        if view is None:
            self._window.studio.say(
                "Click the table that shall be copied first.", "info", key="copy", fleeting=True
            )
            return
        text, html, rows = table_text(view)
        data = QMimeData()
        data.setText(text)
        data.setHtml(html)
        QGuiApplication.clipboard().setMimeData(data)
        self._window.studio.say(f"Copied: {rows} rows", "ok", key="copy", fleeting=True)

    def save_table(self) -> None:
        """The table with the focus as CSV, as it is shown: its chosen rows, or all of them."""
        view = self._focused_table()
        if view is None:
            self._window.studio.say(
                "Click the table that shall be saved first.", "info", key="export", fleeting=True
            )
            return
        lines, _ = table_lines(view)
        self._ask_place("table", (".csv",), lambda path: self._write_lines(path, lines))

    def _write_lines(self, path: Path, lines: list[list[str]]) -> None:
        try:
            write_table(path, lines[0], lines[1:])
        except InputError as error:
            self._window.studio.say(str(error).removeprefix("--out: "), "error", key="export")
            return
        self._say_written(path)

    def _say_written(self, path: Path) -> None:
        self._window.studio.say(
            f"Wrote {path.name}", "ok", key="export", fleeting=True,
            choices=(("Open", lambda: open_file(path)),),
        )  # fmt: skip

    def _focused_table(self) -> QTableView | QTreeView | None:
        widget = QApplication.focusWidget()
        while widget is not None:
            if isinstance(widget, (QTableView, QTreeView)):
                return widget
            widget = widget.parentWidget()
        return None


class ExporterLines(QObject):
    """The lines of the Export menu that plugins bring, made anew whenever it opens."""

    def __init__(self, exports: Exports, menu: QMenu) -> None:
        super().__init__(menu)
        self._exports, self._menu = exports, menu
        self._lines: list[Any] = []
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(self._fill)

    def _fill(self) -> None:
        for line in self._lines:
            self._menu.removeAction(line)
            line.deleteLater()
        offers = exporters_in(self._exports._window.studio.catalogue)
        self._lines = [self._menu.addSeparator()] if offers else []
        for offer in offers:
            line = self._menu.addAction(f"{offer['name']}…")
            line.setObjectName(f"file.export.plugin.{offer['name']}")
            line.setToolTip(f"{offer['summary']} (plugin {offer['plugin']})")
            line.triggered.connect(lambda _=False, o=offer: self._exports.ask_exporter(o))
            self._lines.append(line)


def exporters_in(catalogue: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The exporters that plugins offer."""
    return list((catalogue or {}).get("kinds", {}).get("exporter", []))


def open_file(path: Path) -> None:
    """Let the system show a file."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.absolute())))


def has_movies(suffix: str) -> bool:
    """Whether the library for such movies is installed."""
    return find_spec({".gif": "PIL", ".mp4": "imageio_ffmpeg"}[suffix]) is not None
