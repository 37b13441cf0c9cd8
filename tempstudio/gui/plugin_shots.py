"""The states of plugins worth a picture: the list with a broken one, consent, the editor, a gap."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PySide6.QtWidgets import QWidget

from tempstudio.core.project import StrategyChoice
from tempstudio.gui.edits import with_strategy
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.result_shots import State, wait


def make_broken_plugin() -> Path:
    """A plugin with a fault in it, in the user's plugins folder."""
    from tempstudio.plugin_files import user_folder
    from tempstudio.scaffold import write_file

    place = user_folder() / "broken.py"
    if not place.exists():
        user_folder().mkdir(parents=True, exist_ok=True)
        made = write_file(user_folder(), "solver")
        place.write_text(made.read_text() + "\n\nsteps = 1 / 0\n")
        made.unlink()
    return place


def plugin_states() -> Iterator[State]:
    """In an order in which each takes the one before away."""

    def plugins(window: MainWindow) -> QWidget | None:
        window.messages.clear()
        place = make_broken_plugin()
        window.desk.develop(place)
        wait(lambda: any(f["plugin"] == "file:broken" for f in window.desk.list.failures))
        window.desk.show()
        window.desk.list.choose("file:broken")
        return window.desk.list

    def consent(window: MainWindow) -> QWidget | None:
        window.desk.list.close()
        window.desk.ask_consent(make_broken_plugin())
        return window.findChild(QWidget, "consent")

    def editor(window: MainWindow) -> QWidget | None:
        for dialog in window.findChildren(QWidget, "consent"):
            dialog.close()
        window.messages.clear()
        window.desk.new_plugin("mapper")
        wait(lambda: any("my_mapper.py: mapper" in m.text for m in window.messages.messages))
        return window.findChild(QWidget, "strategy_editor")

    def missing(window: MainWindow) -> None:
        for dialog in window.findChildren(QWidget, "strategy_editor"):
            dialog.close()
        window.messages.clear()
        window.studio.edit(
            lambda p: with_strategy(p, "mapper", StrategyChoice("zigzag")), "Mapper zigzag"
        )
        window.desk.news.tell_missing()

    yield "plugins", plugins
    yield "consent", consent
    yield "editor", editor
    yield "missing-plugin", missing
