"""What a person does with plugins: switch them, agree to them, write them; workers follow."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from tempstudio import plugin_files
from tempstudio.core.errors import InputError
from tempstudio.core.project import Project
from tempstudio.gui.dialogs.consent import Consent
from tempstudio.gui.dialogs.plugin_window import PluginWindow
from tempstudio.gui.dialogs.strategy_editor import StrategyEditor
from tempstudio.gui.file_watch import FileWatch
from tempstudio.gui.plugin_news import PluginNews
from tempstudio.lanes import WorkerSettings
from tempstudio.scene.tokens import Tokens
from tempstudio.storage.settings import Settings

if TYPE_CHECKING:
    from tempstudio.gui.main_window import MainWindow

MOST_MEMORY, LEAST_MEMORY = 8_000_000_000, 1_000_000_000


def worker_settings(
    settings: Settings, project: Path | None, safe_mode: bool, develop: Sequence[Path]
) -> WorkerSettings:
    """How workers find plugins for a project at this place."""
    folders = [plugin_files.user_folder()]
    if project is not None:
        folders.append(project.absolute().parent / "plugins")
    return WorkerSettings(
        memory_bytes=_memory_limit(),
        safe_mode=safe_mode,
        disabled=settings.disabled_plugins(),
        folders=tuple(str(folder) for folder in folders if folder.is_dir()),
        develop=tuple(str(path) for path in develop),
    )


def _memory_limit() -> int:
    """What a worker may use: not so much that everything else is pushed out of memory."""
    try:
        present = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return MOST_MEMORY
    return min(MOST_MEMORY, max(present * 6 // 10, LEAST_MEMORY))


class PluginDesk(QObject):
    """The plugins of one window: what is switched off, agreed to, under development.

    Consent is kept in the user's own state; nothing of it is ever in a project.
    """

    def __init__(
        self, window: MainWindow, safe_mode: bool = False, develop: Sequence[Path] = ()
    ) -> None:
        super().__init__(window)
        self._window, self._studio, self._kept = window, window.studio, window.settings
        self.safe_mode = safe_mode
        self.developed = [plugin_files.module_of(path.absolute()) for path in develop]
        self.settings = self._wanted()
        self.editors: dict[Path, StrategyEditor] = {}
        self.list = PluginWindow(self, window)
        self.list.failed.connect(window.following.show_failures)
        self.news = PluginNews(self, window)
        self._watch = FileWatch(self.developed, self)
        self._watch.changed.connect(self._saved)
        self._studio.document.path_changed.connect(lambda _: self._apply())
        window.files.develop_asked.connect(self.develop)
        self._studio.jobs.plugin_failed.connect(lambda header: self.list.add_fault(header, True))
        self._studio.jobs.refused.connect(self._note_fault)
        window.look.changed.connect(lambda _: self.list.refresh())
        window.actions_["plugins.safe_mode"].setChecked(safe_mode)

    @property
    def tokens(self) -> Tokens:
        """The colours of the theme in use."""
        return self._window.look.tokens

    def _note_fault(self, kind: str, project: Project, header: dict[str, Any]) -> None:
        if header.get("plugin"):
            self.list.add_fault(header)

    # What is on

    def show(self) -> None:
        """Open the list of plugins."""
        self.list.show()
        self.list.raise_()
        self.list.activateWindow()

    def set_enabled(self, plugin: str, on: bool) -> None:
        """Switch a plugin on or off, here and for later sessions."""
        if not self._kept.set_disabled(plugin, not on):
            self._studio.say(
                f"{self._kept.path}: cannot be written; this holds for the session", "warning"
            )
        self._apply()

    def set_safe_mode(self, on: bool) -> None:
        """None but the built-ins, or all again."""
        self.safe_mode = on
        self._window.actions_["plugins.safe_mode"].setChecked(on)
        self._apply()

    def reload(self) -> None:
        """Start the workers afresh: plugins were installed, changed or removed."""
        self._apply(always=True)

    def _wanted(self) -> WorkerSettings:
        path = self._studio.document.path
        return worker_settings(self._kept, path, self.safe_mode, self.developed)

    def _apply(self, always: bool = False) -> None:
        wanted = self._wanted()
        if not always and wanted == self.settings:
            return
        self.settings = wanted
        if self._studio.jobs.is_running:
            self._studio.jobs.reload(wanted)
            self._studio.plan_afresh()

    # Consent

    def ask_consent(self, path: Path) -> None:
        """Show what a plugin is and ask whether it may run."""
        try:
            plugin = plugin_files.read(path)
        except InputError as error:
            self._studio.say(str(error), "error", key="consent")
            return
        before = [e for e in plugin_files.agreed().values() if e.get("path") == str(plugin.path)]
        since = max((str(entry.get("date", "")) for entry in before), default="")
        dialog = Consent(plugin, since, self._window.look, self._window)
        dialog.agreed.connect(partial(self._trust, plugin))
        dialog.open()

    def _trust(self, plugin: plugin_files.FilePlugin) -> None:
        try:
            plugin_files.trust(plugin)
        except (InputError, OSError) as error:
            self._studio.say(f"{plugin.name}: consent not kept: {error}", "error", key="consent")
            return
        self.reload()

    def revoke(self, path: Path) -> None:
        """Take consent back: it does not run any more."""
        try:
            plugin_files.revoke(path)
        except (InputError, OSError) as error:
            self._studio.say(f"{path.name}: consent not taken back: {error}", "error")
            return
        self.reload()

    # Writing one

    def ask_develop(self) -> None:
        """Choose a plugin's file to run as it is in this session."""
        dialog = QFileDialog(self._window, "Develop a plugin: its .py file or its __init__.py")
        dialog.setObjectName("file_dialog")
        dialog.setNameFilters(["Python (*.py)"])
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setDirectory(str(plugin_files.user_folder()))
        dialog.fileSelected.connect(lambda name: self.develop(_plugin_of(Path(name))))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def develop(self, path: Path) -> None:
        """Run a plugin as it is for this session, and again whenever it is saved."""
        path = plugin_files.module_of(path.absolute())
        if path not in self.developed:
            self.developed.append(path)
        self._watch.watch(self.developed)
        self.news.await_outcome(path)
        self._apply(always=True)

    def stop_developing(self, path: Path) -> None:
        """From now on it needs consent like any other."""
        self.developed = [other for other in self.developed if other != path.absolute()]
        self._watch.watch(self.developed)
        self._apply()

    def new_plugin(self, kind: str) -> None:
        """Open a plugin that works as it is in the user's plugins folder; saving reloads it."""
        from tempstudio.scaffold import write_file

        folder = plugin_files.user_folder()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = write_file(folder, kind)
        except (InputError, OSError) as error:
            self._studio.say(f"New {kind}: {error}", "error", key="new")
            return
        self.edit(path)
        self.develop(path)

    def edit(self, path: Path) -> None:
        """Open a plugin's file in the window's own editor, and run it as it is saved."""
        editor = self.editors.get(path)
        if editor is None:
            try:
                editor = StrategyEditor(path, self._window.look, self._window)
            except (OSError, ValueError) as error:
                self._studio.say(f"{path}: cannot be edited: {error}", "error", key="new")
                return
            self.editors[path] = editor
            editor.saved.connect(partial(self._saved, path))
            editor.destroyed.connect(lambda: self.editors.pop(path, None))
        editor.show()
        editor.raise_()
        editor.activateWindow()

    def leave_editors(self) -> bool:
        """Close every editor; False where one asks first what becomes of its text."""
        for editor in list(self.editors.values()):
            editor.close()
        return not any(editor.isVisible() for editor in self.editors.values())

    def open_folder(self) -> None:
        """Show the user's plugins folder in the system's file browser."""
        folder = plugin_files.user_folder()
        folder.mkdir(parents=True, exist_ok=True)
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self._studio.say(f"The plugins folder is {folder}", key="folder")

    def _saved(self, path: Path) -> None:
        if path not in self.developed:
            self.develop(path)
            return
        self.news.await_outcome(path)
        self._apply(always=True)


def _plugin_of(path: Path) -> Path:
    """The package of an `__init__.py`, any other file itself."""
    return path.parent if path.name == "__init__.py" else path
