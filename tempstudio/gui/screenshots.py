"""Pictures of every view, both themes, all sizes: `python -m tempstudio.gui.screenshots OUTDIR`.

Names of states after the folder picture only those: `streaming`, and what `layout_shots`,
`result_shots`, `plugin_shots`, `moment_shots` name.

A real studio on the first sample, its plan made by a real worker; the views are then put into the
states worth looking at.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Collection, Iterator
from itertools import chain
from pathlib import Path

from PySide6.QtWidgets import QApplication, QWidget

from tempstudio.gui.app import application, make_window
from tempstudio.gui.edits import with_dies, with_links
from tempstudio.gui.layout_shots import layout_states
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.moment_shots import moment_states
from tempstudio.gui.places import link_pairs
from tempstudio.gui.plugin_shots import plugin_states
from tempstudio.gui.result_shots import State, result_states, show_streaming, wait
from tempstudio.resources import sample_folder

SIZES = ((1280, 800), (2560, 1440), (1024, 640))
THEMES = ("light", "dark")
SAMPLE = "llama2-7b-6x8.tempstudio"
STREAMING: State = ("streaming", show_streaming)


def states() -> Iterator[State]:
    """Every view in the states worth looking at, in an order that each can be reached."""

    def selected(window: MainWindow) -> None:
        window.left.setCurrentIndex(1)
        window.studio.selection.select_dies((9, 10, 17))
        window.timeline.zoom(4000.0)

    def tables(window: MainWindow) -> None:
        pair = link_pairs(window.studio.playback.timeline)[20]
        window.studio.selection.select_links((pair,))
        window.inspector.setCurrentIndex(2)
        window.left.setCurrentIndex(2)

    def kept(window: MainWindow) -> None:
        window.studio.selection.clear()
        window.inspector.setCurrentIndex(1)
        window.requests.keep_run()
        window.timeline.fit()

    def start(window: MainWindow) -> None:
        window.inspector.setCurrentIndex(0)
        window.left.setCurrentIndex(0)
        window.help.show_start()

    def stale(window: MainWindow) -> None:
        if window.help.start is not None:
            window.help.start.dismiss()
        window.studio.set_live(False)
        window.studio.edit(lambda p: with_dies(p, (20,), dead=True), "Break die 2,4")

    def replanned(window: MainWindow) -> None:
        window.studio.set_live(True)
        wait(lambda: window.studio.results.is_fresh)
        show_streaming(window)

    def cut_apart(window: MainWindow) -> None:
        window.studio.edit(lambda p: with_links(p, ((0, 1), (0, 8)), dead=True), "Cut off die 0,0")
        wait(lambda: window.studio.results.freshness.state not in ("none", "stale"))

    def palette(window: MainWindow) -> QWidget | None:
        window.messages.clear()
        window.help.show_palette()
        return window.findChild(QWidget, "command_palette")

    def provenance(window: MainWindow) -> QWidget | None:
        popup = window.findChild(QWidget, "command_palette")
        if popup is not None:
            popup.close()
        window.help.explain("MFU", window.gauges)
        return window.findChild(QWidget, "provenance")

    def shortcuts(window: MainWindow) -> QWidget | None:
        for popup in window.findChildren(QWidget, "provenance"):
            popup.close()
        window.help.show_shortcuts()
        return window.findChild(QWidget, "shortcut_sheet")

    def panels(window: MainWindow) -> None:
        for sheet in window.findChildren(QWidget, "shortcut_sheet"):
            sheet.close()
        window.docks.show("history")

    yield STREAMING
    yield "selection", selected
    yield "tables", tables
    yield "kept-run", kept
    yield "start", start
    yield "stale", stale
    yield "replanned", replanned
    yield "cut-apart", cut_apart
    yield "palette", palette
    yield "provenance", provenance
    yield "shortcuts", shortcuts
    yield "panels", panels
    yield from free_states()


def free_states() -> Iterator[State]:
    """Those that can be reached from any other."""
    yield from layout_states()
    yield from result_states()
    yield from plugin_states()
    yield from moment_states()


def take(folder: Path, only: Collection[str] = ()) -> Iterator[Path]:
    """Open a studio, go through its states, and write a picture of each in every theme and size."""
    app = application()
    window = make_window(app, sample_folder() / SAMPLE)
    window.show()
    wait(lambda: window.is_furnished and window.studio.results.is_fresh)
    wait(lambda: window.studio.catalogue)
    if window.help.start is not None:
        window.help.start.dismiss()
    for name, reach in chain([STREAMING], free_states()) if only else states():
        if only and name not in only:
            continue
        popup = reach(window)
        for size in SIZES:
            window.resize(*size)
            window.docks.size_up()
            for theme in THEMES:
                window.look.choose(theme)
                for _ in range(3):  # a layout inside a layout takes a turn more
                    QApplication.processEvents()
                place = folder / f"{name}-{theme}-{size[0]}x{size[1]}.png"
                (popup or window).grab().save(str(place))
                yield place
    window.studio.document.history.setClean()
    window.close()


def main(arguments: list[str]) -> int:
    """Write all pictures into the folder named."""
    if not arguments:
        print("usage: python -m tempstudio.gui.screenshots OUTDIR [STATE...]", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    # A person's own settings and unsaved work must not be in the picture, nor be touched.
    with tempfile.TemporaryDirectory(prefix="tempstudio-") as home:
        for kind in ("CONFIG", "CACHE", "STATE", "DATA"):
            os.environ[f"XDG_{kind}_HOME"] = str(Path(home, kind.lower()))
        for place in take(folder, arguments[1:]):
            print(place)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
