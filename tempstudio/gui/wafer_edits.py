"""What is done to the selected dies and links: break, mend, set their yield, copy, paste."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

from tempstudio.core.machine import Wafer
from tempstudio.core.project import Project
from tempstudio.gui.edits import with_core_yield, with_dies, with_links
from tempstudio.gui.places import die_name
from tempstudio.gui.region import corner_of, region_from_text, region_of, with_region
from tempstudio.gui.views.wafer_brush import Target
from tempstudio.scene.format import percent, plural

if TYPE_CHECKING:
    from tempstudio.gui.main_window import MainWindow

MENU = ("edit.break", "edit.mend", "", "edit.copy_region", "edit.paste_region", "",
        "edit.clear_selection")  # fmt: skip


class WaferEdits(QObject):
    """Edits of what is selected in one window; each is one named step."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        editor = window.inspector.editor
        editor.works_asked.connect(self.set_works)
        editor.yield_asked.connect(self.set_yield)
        editor.refused.connect(lambda text: window.studio.say(text, "error", key="form"))
        window.wafer.context_requested.connect(self.show_menu)
        window.studio.selection.changed.connect(lambda _: self.show_possible())
        window.studio.project_shown.connect(lambda _: self.show_possible())
        self.show_possible()

    @property
    def _wafer(self) -> Wafer | None:
        machine = self._window.studio.project.machine
        return machine if isinstance(machine, Wafer) else None

    def show_possible(self) -> None:
        """Grey what needs a selection while there is none."""
        chosen, on_wafer = self._window.studio.selection.chosen, self._wafer is not None
        for id_ in ("edit.break", "edit.mend"):
            possible = on_wafer and bool(chosen.dies or chosen.links)
            self._window.actions_[id_].setEnabled(possible)
        self._window.actions_["edit.copy_region"].setEnabled(on_wafer and bool(chosen.dies))
        self._window.actions_["edit.paste_region"].setEnabled(on_wafer)

    def set_works(self, works: bool) -> None:
        """Break what is selected, or mend it."""
        studio = self._window.studio
        chosen, verb = studio.selection.chosen, "Mend" if works else "Break"
        if chosen.dies:
            name = self._named(chosen.dies)
            studio.edit(lambda p: with_dies(p, chosen.dies, dead=not works), f"{verb} {name}")
        elif chosen.links:
            pairs = {(min(pair), max(pair)) for pair in chosen.links}
            name = plural(len(pairs), "link")
            studio.edit(lambda p: with_links(p, pairs, dead=not works), f"{verb} {name}")

    def set_yield(self, factor: float) -> None:
        """Another core yield of the selected dies."""
        studio = self._window.studio
        dies = studio.selection.chosen.dies
        title = f"Core yield of {self._named(dies)} {percent(factor)}"
        studio.edit(lambda p: with_core_yield(p, dies, factor), title)

    def copy(self) -> None:
        """Put the condition of the selected dies on the clipboard."""
        studio, wafer = self._window.studio, self._wafer
        dies = studio.selection.chosen.dies
        if wafer is None or not dies:
            return
        QGuiApplication.clipboard().setText(region_of(wafer, dies).to_text())
        studio.say(f"Copied faults and yields of {self._named(dies)}.", "ok", key="copy",
                   fleeting=True)  # fmt: skip

    def paste(self) -> None:
        """Lay what was copied on the wafer, its corner on the selection's."""
        studio, wafer = self._window.studio, self._wafer
        region = region_from_text(QGuiApplication.clipboard().text())
        if wafer is None or region is None:
            studio.say("Select dies and copy them first: nothing to paste is on the clipboard.",
                       key="copy", fleeting=True)  # fmt: skip
            return
        dies = studio.selection.chosen.dies
        focus = self._window.wafer.marks.focus
        if dies:
            places = [wafer.chain_place(wafer.coordinate(die)) for die in dies]
            at = _die_at(wafer, *corner_of(places))
        elif focus is not None:
            at = focus
        else:
            studio.say("Select the die on which the upper left corner shall lie, then paste.",
                       key="copy", fleeting=True)  # fmt: skip
            return
        name = f"Paste {plural(len(region.dies), 'die')} at {die_name(wafer, at)}"

        def edit(project: Project) -> Project:
            return with_region(project, region, at)

        if not studio.edit(edit, name):
            studio.say("The dies there are like the copied ones already.", key="copy",
                       fleeting=True)  # fmt: skip

    def show_menu(self, found: Target | None, at: QPoint) -> None:
        """What can be done with what lies under the pointer; it is selected first."""
        selection = self._window.studio.selection
        if found is not None:
            chosen = selection.chosen
            if isinstance(found.id, int) and found.id not in chosen.dies:
                selection.select_dies((found.id,))
            elif isinstance(found.id, tuple) and found.id not in chosen.links:
                selection.select_links((found.id,))
        menu = QMenu(self._window)
        menu.setObjectName("menu.wafer")
        for id_ in MENU:
            if id_:
                menu.addAction(self._window.actions_[id_])
            else:
                menu.addSeparator()
        menu.aboutToHide.connect(partial(menu.deleteLater))
        menu.popup(at)

    def _named(self, dies: tuple[int, ...]) -> str:
        machine = self._window.studio.project.machine
        return f"die {die_name(machine, dies[0])}" if len(dies) == 1 else plural(len(dies), "die")


def _die_at(wafer: Wafer, row: int, col: int) -> int:
    number, inside = divmod(col, wafer.cols)
    return (number * wafer.rows + row) * wafer.cols + inside
