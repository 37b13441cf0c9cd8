"""What helps a person along: command palette, shortcut sheet, explanations, the first steps."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication, QComboBox, QMessageBox, QWidget

from tempstudio import glossary
from tempstudio.core.project import StrategyChoice
from tempstudio.gui.actions import native
from tempstudio.gui.places import link_pairs
from tempstudio.gui.tour import Tour
from tempstudio.gui.views.choice_box import ChoiceBox
from tempstudio.gui.views.command_palette import Command, CommandPalette
from tempstudio.gui.views.provenance import Provenance
from tempstudio.gui.views.shortcut_sheet import ShortcutSheet
from tempstudio.gui.views.start_panel import StartPanel

if TYPE_CHECKING:
    from tempstudio.gui.main_window import MainWindow


class Help(QObject):
    """Opens the popups of one window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._palette: CommandPalette | None = None
        self.start: StartPanel | None = None
        self.tour = Tour(window)

    # Commands

    def show_palette(self) -> None:
        """Ask for a command by a few of its letters."""
        if self._palette is None:
            self._palette = CommandPalette(self._window)
        self._palette.ask(self.commands())

    def commands(self) -> list[Command]:
        """Every action, then recent files, samples and strategies."""
        window = self._window
        found = [
            Command(
                action.title.removesuffix("…"),
                " › ".join(part for part in (action.menu, action.submenu) if part),
                window.actions_[action.id].trigger,
                native(action.shortcuts[0]) if action.shortcuts else "",
                window.actions_[action.id].isEnabled(),
            )
            for action in window.actions_
            if action.id != "help.commands"
        ]
        for path in window.files.recent():
            found.append(Command(f"Open {path.stem}", "Recent", partial(window.files.open, path)))
        for title, _, path in samples(window):
            found.append(Command(f"Open {title}", "Sample", partial(window.files.open, path)))
        catalogue = window.studio.catalogue or {"kinds": {}}
        for kind in ("partitioner", "mapper", "solver"):
            for offer in catalogue["kinds"].get(kind, []):
                choice = StrategyChoice(offer["name"])
                run = partial(window.requests.choose_strategy, kind, choice)
                found.append(Command(f"Use {offer['name']}", kind.capitalize(), run))
        for entry in glossary.entries():
            run = partial(self.explain, entry.term)
            found.append(Command(f"Explain {entry.term}", "Glossary", run))
        return found

    def show_shortcuts(self) -> None:
        """All shortcuts on one sheet."""
        ShortcutSheet(self._window.actions_, self._window).open()

    # Explanations

    def explain(self, term: str, beside: QWidget | None = None) -> None:
        """Where a figure comes from, or what a term means."""
        current = self._window.studio.results.current
        over = beside.window() if beside is not None else self._window  # a dialog, perhaps
        popup = Provenance(term, current.document if current is not None else {}, over)
        popup.show_beside(beside or self._window.wafer)

    def explain_here(self) -> None:
        """What is under the pointer, or else in focus."""
        for widget in (QApplication.widgetAt(QCursor.pos()), QApplication.focusWidget()):
            term = term_of(widget)
            if term:
                self.explain(term, widget)
                return
        self._window.studio.say(
            "Point at a figure, a box or an option and press F1; every term is in the palette too.",
            key="explain",
            fleeting=True,
            choices=(("Palette", self.show_palette),),
        )

    def show_about(self) -> None:
        """Which program this is."""
        from importlib.metadata import version

        box = QMessageBox(self._window)
        box.setObjectName("about")
        box.setWindowTitle("About TempStudio")
        box.setText(f"TempStudio {version('tempstudio')}")
        box.setInformativeText(
            "Partition, map, simulate and watch LLM training on wafer-scale chips.\n\n"
            "The method is that of TEMP (Wang et al., HPCA 2026, arXiv 2512.14256)."
        )
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    # First steps

    @property
    def is_touring(self) -> bool:
        """Whether a person was asked to click something."""
        return any(message.key == "tour" for message in self._window.messages.messages)

    def end_tour(self) -> None:
        """It was clicked."""
        self._window.messages.dismiss_key("tour")
        self._window.studio.selection.clear()

    def refresh_start(self) -> None:
        """The samples are known by now."""
        if self.start is not None and self.start.isVisible():
            self.show_start()

    def show_start(self) -> None:
        """The cards over the right dock."""
        window = self._window
        if self.start is not None:
            self.start.deleteLater()
        panel = self.start = StartPanel(
            (window.docks["gauges"], window.docks["inspector"]), window.look.tokens, window
        )
        panel.add_card(
            "break_link",
            "dead-link",
            "Break a link",
            "Cut the busiest link and see what it costs.",
            self.break_link,
        )
        panel.add_card(
            "compare",
            "compare",
            "Compare with Megatron",
            "Two wafers under one clock, and the winner with the reason.",
            self.compare_megatron,
        )
        panel.add_card(
            "load_model",
            "load",
            "Load your model",
            "Drop a Hugging Face config.json on the window, or choose one.",
            window.files.ask_model,
        )
        panel.add_list(
            "Samples",
            [
                (title, text, partial(window.files.open, path))
                for title, text, path in samples(window)
            ],
        )
        panel.add_list(
            "Recent",
            [
                (path.stem, str(path), partial(window.files.open, path))
                for path in window.files.recent()[:4]
            ],
        )
        panel.add_list("Tour", [("Show me around", "Five parts of the window", self.tour.start)])
        panel.dismissed.connect(self._end_start)
        panel.finish()

    def _end_start(self) -> None:
        self._window.settings.set("start_seen", True)
        self._window.wafer.setFocus()

    def compare_megatron(self) -> None:
        """Search the project with Megatron's split as well, and set the two side by side.

        A run on screen that no solver searched for is no match: then both are searched for.
        """
        window, project = self._window, self._window.studio.project
        window.tabs.setCurrentWidget(window.comparing.panel)
        own, mapper = project.partitioner.name, project.mapper.name
        rival = ("megatron3" if own != "megatron3" else "tspp", mapper)
        results = window.studio.results
        searched = results.is_fresh and results.current is not None and results.current.searched
        window.comparing.search_beside(rival, None if searched else (own, mapper))

    def break_link(self) -> None:
        """Take the dead-link tool and point at the busiest link of the step."""
        studio = self._window.studio
        self._window.actions_["tool.dead_link"].trigger()
        result = studio.results.current
        if result is None or not studio.results.is_fresh:
            studio.say("Click a link between two dies to break it.", key="tour")
            return
        load = result.timeline.step_link_bytes / result.timeline.link_bytes_per_s
        pair = link_pairs(result.timeline)[int(load.argmax())]
        studio.selection.select_links((pair,))
        studio.say("Click the marked link: it is the busiest of the step.", key="tour")


def term_of(widget: QWidget | None) -> str:
    """The glossary term that a widget, or one that it lies in, stands for."""
    while widget is not None:
        named = widget.property("term")
        if named and glossary.find(str(named)) is not None:
            return str(named)
        if isinstance(widget, QComboBox):
            chosen = widget.shown if isinstance(widget, ChoiceBox) else widget.currentText()
            if glossary.find(chosen) is not None:
                return chosen
        last = widget.objectName().rsplit(".", 1)[-1]
        if glossary.find(last) is not None:
            return last
        widget = widget.parentWidget()
    return ""


def samples(window: MainWindow) -> list[tuple[str, str, Path]]:
    """(title, summary, path) of the sample projects that the plugins offer."""
    catalogue = window.studio.catalogue or {}
    return [
        (sample["title"], sample["summary"], Path(sample["path"]))
        for sample in catalogue.get("samples", [])
    ]
