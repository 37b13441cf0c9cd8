"""The views in which a wafer is laid out and a model looked at; see `screenshots`."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtWidgets import QApplication, QComboBox, QWidget

from tempstudio.core.machine import Wafer
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.result_shots import State, wait
from tempstudio.gui.views.machine_dialog import MachineDialog


def layout_states() -> Iterator[State]:
    """Each can be reached from any other."""

    def settle(window: MainWindow) -> None:
        for dialog in window.findChildren(MachineDialog):
            dialog.close()
        window.zoom.set(1.0)
        window.messages.clear()
        window.studio.selection.clear()
        window.tabs.setCurrentWidget(window.wafer)
        window.left.setCurrentIndex(0)
        window.inspector.setCurrentIndex(0)
        wait(lambda: window.studio.results.is_fresh)

    def machine(window: MainWindow) -> None:
        settle(window)
        window.left.setCurrentIndex(3)

    def die_edit(window: MainWindow) -> None:
        settle(window)
        window.studio.selection.select_dies((9, 10, 17, 18))

    def graph(window: MainWindow) -> None:
        settle(window)
        window.tabs.setCurrentWidget(window.graph)
        window.graph.fold(1)
        window.graph.fit()

    def graph_unfolded(window: MainWindow) -> None:
        graph(window)
        window.graph.unfold(1)
        window.studio.selection.select_operator("attention.core")

    def graph_whole(window: MainWindow) -> None:
        graph(window)
        window.graph.unfold(1)
        window.graph.fit()

    def zoomed(window: MainWindow) -> None:
        settle(window)
        window.left.setCurrentIndex(1)
        window.zoom.set(1.25)
        window.messages.clear()

    def dialog(window: MainWindow) -> QWidget | None:
        settle(window)
        window.requests.ask_wafer()
        return shown(window, 0.06)

    def dialog_over(window: MainWindow) -> QWidget | None:
        settle(window)
        window.requests.ask_wafer()
        made = window.findChildren(MachineDialog)[-1]
        made.form.edit("die.HBM_GB", 96e9)
        made.form.edit("wafers", 2)
        made.findChildren(QComboBox, "new.faults.yield_model")[-1].setCurrentText("Murphy yield")
        made.faults.edit("yield_model", "Murphy yield")
        QApplication.processEvents()
        return made

    def shown(window: MainWindow, rate: float) -> QWidget | None:
        made = window.findChildren(MachineDialog)[-1]
        made.faults.edit("die_rate", rate)
        made.faults.edit("link_rate", rate)
        return made

    def chain(window: MainWindow) -> None:
        settle(window)
        window.requests.choose_machine(Wafer(rows=5, cols=6, wafers=2, dead_dies=((0, 1, 1),)))
        wait(lambda: window.studio.results.is_fresh)
        window.messages.clear()
        window.left.setCurrentIndex(3)

    yield "machine", machine
    yield "die-edit", die_edit
    yield "graph", graph
    yield "graph-unfolded", graph_unfolded
    yield "graph-whole", graph_whole
    yield "zoomed", zoomed
    yield "new-wafer", dialog
    yield "new-wafer-over", dialog_over
    yield "chain", chain
