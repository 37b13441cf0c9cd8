"""The model graph under the hand: fold, choose, walk, and one selection with every other view."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTabBar

import tempstudio as ts
from tempstudio.gui.main_window import MainWindow
from tempstudio.gui.views.graph_view import GraphView
from tests.gui.conftest import Furnish, click, seen

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def graph(window: MainWindow) -> GraphView:
    """The Graph tab, opened with the mouse."""
    window.studio.set_live(False)
    bar = window.tabs.tabBar()
    number = next(n for n in range(bar.count()) if bar.tabText(n) == "Graph")
    click(bar, bar.tabRect(number).center())
    view = seen(window, "graph")
    assert isinstance(view, GraphView)
    return view


def node_of(view: GraphView, title: str) -> int:
    assert view.graph is not None
    return next(n for n, node in enumerate(view.graph.nodes) if node.title.startswith(title))


def click_node(view: GraphView, title: str) -> None:
    click(view, view.point_of(node_of(view, title)).toPoint())


def titles(view: GraphView) -> list[str]:
    assert view.graph is not None
    return [node.title for node in view.graph.nodes]


def test_layers_are_folded_and_a_click_unfolds_and_folds_them(graph: GraphView) -> None:
    assert "layers × 24" in titles(graph)
    assert "attention.core" not in titles(graph)
    click_node(graph, "layers")
    assert "attention.core" in titles(graph)
    assert graph.graph is not None
    left, top, _, _ = graph.graph.frames[1, 0]
    head = QPointF(left + 20, top + 8) * graph.sight.scale + QPointF(*graph.sight.origin)
    click(graph, head.toPoint())
    assert "layers × 24" in titles(graph)


def test_an_unfolded_graph_stays_legible_when_the_window_is_resized(
    window: MainWindow, graph: GraphView
) -> None:
    click_node(graph, "layers")
    legible = graph.sight.scale
    assert legible >= 0.8
    window.resize(1100, 700)
    QTest.qWait(20)
    assert graph.sight.scale == legible
    QTest.keyClick(graph, Qt.Key.Key_0)
    whole = graph.sight.scale
    assert whole < legible
    window.resize(1280, 900)
    QTest.qWait(20)
    assert graph.sight.scale > whole, "one that fits goes on fitting"
    window.resize(1280, 800)
    QTest.keyClick(graph, Qt.Key.Key_Backspace)
    assert "layers × 24" in titles(graph)


def test_all_copies_of_the_layers_are_shown_and_one_again(graph: GraphView) -> None:
    click_node(graph, "layers")
    assert graph.graph is not None
    left, top, wide, _ = graph.graph.frames[1, 0]
    head = QPointF(left + wide - 20, top + 8) * graph.sight.scale + QPointF(*graph.sight.origin)
    click(graph, head.toPoint())
    assert titles(graph).count("attention.core") == 24
    picture = graph.picture
    assert picture is not None
    heads = [text for layer in picture.layers() if layer.name == "frame title"
             for text in layer.text]  # type: ignore[union-attr]  # fmt: skip
    assert heads[:2] == ["−  layers 1 of 24", "show one"]
    QTest.keyClick(graph, Qt.Key.Key_C)
    assert titles(graph).count("attention.core") == 1
    QTest.keyClick(graph, Qt.Key.Key_C)
    QTest.keyClick(graph, Qt.Key.Key_Backspace)
    assert "layers × 24" in titles(graph)


def test_an_operator_chosen_in_the_graph_is_chosen_everywhere(
    window: MainWindow, graph: GraphView
) -> None:
    click_node(graph, "layers")
    click_node(graph, "attention.norm")
    assert window.studio.selection.chosen.operator == "attention.norm"
    current = window.model.tree.currentItem()
    assert current is not None and current.text(0) == "norm"
    assert window.timeline._operator == "attention.norm"
    assert window.wafer.marks.operator == "attention.norm"
    assert any("attention.norm" in line for line in window.inspector.describe())
    assert any("Layout" in line for line in window.inspector.describe())


def test_an_operator_chosen_in_the_tree_unfolds_its_block(
    window: MainWindow, graph: GraphView
) -> None:
    tree = window.model.tree
    item = window.model._find("mlp.down")
    assert item is not None
    tree.scrollToItem(item)
    click(tree.viewport(), tree.visualItemRect(item).center())
    assert "mlp.down" in titles(graph)
    assert graph.marks.operator == "mlp.down"
    at = graph.point_of(node_of(graph, "mlp.down"))
    assert graph.rect().contains(at.toPoint()), "it is brought into sight"


def test_a_click_on_a_tensor_chooses_what_flows_in_there(
    window: MainWindow, graph: GraphView
) -> None:
    graph.unfold(1)
    assert graph.graph is not None
    target = node_of(graph, "attention.qkv")
    number = next(n for n, t in enumerate(graph.graph.tensors) if t.target == target)
    click(graph, graph.point_of_tensor(number).toPoint())
    chosen = window.studio.selection.chosen
    assert (chosen.operator, chosen.tensor) == ("attention.qkv", "input")
    assert graph.marks.tensor == number
    assert "Selected: its input" in window.inspector.describe()
    assert window.wafer.marks.tensor == "input"


def test_a_chosen_link_marks_the_operators_that_use_it(
    window: MainWindow, graph: GraphView
) -> None:
    from tempstudio.core.link_users import link_users
    from tempstudio.gui.places import link_pairs

    timeline = window.studio.playback.timeline
    assert timeline is not None
    link = int(timeline.step_link_bytes.argmax())
    window.studio.selection.select_links((link_pairs(timeline)[link],))
    wanted = {use.operator for use in link_users(timeline, link)}
    assert wanted and graph.marks.crossing == wanted


def test_what_is_computed_now_is_marked_as_time_goes(window: MainWindow, graph: GraphView) -> None:
    playback = window.studio.playback
    assert playback.timeline is not None
    found = set()
    for share in (0.1, 0.3, 0.5, 0.7, 0.999):
        playback.seek(playback.timeline.duration_s * share)
        frame = playback.timeline.at(playback.time_s)
        names = {playback.timeline.phases[p].operator for p in frame.computing if p >= 0}
        assert graph.marks.computing == names
        found |= names
    assert len(found) > 1


def test_a_selected_range_or_die_marks_what_is_computed_there(
    window: MainWindow, graph: GraphView
) -> None:
    studio = window.studio
    timeline = studio.playback.timeline
    assert timeline is not None
    studio.playback.seek(0.0)
    few = graph.marks.computing
    studio.selection.select_range((0.0, timeline.duration_s))
    assert graph.marks.computing > few
    assert {"attention.qkv", "mlp.down"} <= graph.marks.computing
    studio.selection.select_range(None)
    assert graph.marks.computing == few
    studio.selection.select_dies((2,))
    phase = int(timeline.at(0.0).computing[2])
    assert graph.marks.computing == {timeline.phases[phase].operator}


def test_wheel_and_drag_zoom_and_pan_and_a_double_click_fits(graph: GraphView) -> None:
    before = graph.sight
    at = QPointF(300, 200)
    under = before.inside(at.x(), at.y())
    none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    wheel = QWheelEvent(at, graph.mapToGlobal(at), QPoint(), QPoint(0, 240), *none,
                        Qt.ScrollPhase.NoScrollPhase, False)  # fmt: skip
    QApplication.sendEvent(graph, wheel)
    assert graph.sight.scale == pytest.approx(before.scale * 1.44)
    assert graph.sight.inside(at.x(), at.y()) == pytest.approx(under)
    origin = graph.sight.origin
    QTest.mousePress(graph, LEFT, pos=QPoint(40, 300))
    for x in (50, 70, 90):
        QTest.mouseMove(graph, QPoint(x, 300))
    QTest.mouseRelease(graph, LEFT, pos=QPoint(90, 300))
    assert graph.sight.origin[0] == pytest.approx(origin[0] + 50)
    QTest.mouseDClick(graph, LEFT, pos=QPoint(10, 300))
    assert graph.sight.scale == pytest.approx(before.scale)


def test_keys_alone_walk_unfold_choose_and_fold(window: MainWindow, graph: GraphView) -> None:
    bar = window.tabs.tabBar()
    assert isinstance(bar, QTabBar)
    graph.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(graph, Qt.Key.Key_Home)
    for _ in range(2):
        QTest.keyClick(graph, Qt.Key.Key_Down)
    assert graph.marks.focus == node_of(graph, "layers")
    assert "layers" in graph.accessibleDescription()
    QTest.keyClick(graph, Qt.Key.Key_Return)
    assert "attention.core" in titles(graph)
    QTest.keyClick(graph, Qt.Key.Key_Down)
    QTest.keyClick(graph, Qt.Key.Key_Return)
    assert window.studio.selection.chosen.operator == "attention.qkv"
    assert graph.marks.focus == node_of(graph, "attention.qkv")
    QTest.keyClick(graph, Qt.Key.Key_Backspace)
    assert "layers × 24" in titles(graph)
    QTest.keyClick(graph, Qt.Key.Key_Escape)
    assert window.studio.selection.chosen.is_empty


def test_figures_of_a_run_go_when_it_is_stale(window: MainWindow, graph: GraphView) -> None:
    from tempstudio.gui.edits import with_dies

    picture = graph.picture
    assert picture is not None and picture.layer("computed") is not None
    window.studio.edit(lambda p: with_dies(p, (3,), dead=True), "Break die 0,3")
    picture = graph.picture
    assert picture is not None and picture.layer("computed") is None


def test_in_a_pipeline_copies_and_dies_are_one_selection(
    furnish: Furnish, two_stages: ts.Run
) -> None:
    """A copy shows the dies of its stage, a die the copies on its stage; both stages compute."""
    window = furnish(two_stages.project, two_stages)
    window.studio.set_live(False)
    timeline = two_stages.timeline
    window.show_tab("Graph")
    view = window.graph
    click_node(view, "layers")
    QTest.keyClick(view, Qt.Key.Key_C)
    assert view.graph is not None
    heads = _layer_texts(view, "frame title")
    assert "−  layers 1 of 24 · stage 1" in heads
    # Both stages are at work on copies of their own.
    window.studio.playback.seek(timeline.duration_s * 0.5)
    works = view.marks.works
    assert {copy < 12 for operator, copy in works if operator != "optimizer"} == {True, False}
    # A copy: its operator, and the dies of its stage.
    for copy, stage in ((3, 0), (20, 1)):
        node = view.graph.node_of("mlp.down", copy)
        view._go(node)
        click(view, view.point_of(node).toPoint())
        chosen = window.studio.selection.chosen
        assert (chosen.operator, chosen.copy) == ("mlp.down", copy)
        assert window.wafer.marks.focused_dies == set(timeline.busy_dies[stage].tolist())
        assert f"Copy {copy + 1} of 24: stage {stage + 1}, 8 dies" in window.inspector.describe()
        ring = view.picture.layer("selected")  # type: ignore[union-attr]
        assert ring is not None and len(ring.xywh) == 1, "the others are not chosen"  # type: ignore[union-attr]
        assert view.rect().contains(view.point_of(node).toPoint()), "it stays in sight"
    # A die: the copies on its stage.
    window.studio.selection.clear()
    assert window.wafer.marks.focused_dies == set()
    last = int(timeline.busy_dies[1][0])
    window.studio.selection.select_dies((last,))
    assert view.marks.stages == {1}
    view.fit()
    picture = view.picture
    assert picture is not None
    ringed = picture.layer("chosen stages")
    assert ringed is not None and len(ringed.xywh) == 12  # type: ignore[union-attr]
    assert "Stage 2 of 2: layers 13–24, head" in window.inspector.describe()


def _layer_texts(view: GraphView, name: str) -> list[str]:
    assert view.picture is not None
    return [text for layer in view.picture.layers() if layer.name == name
            for text in layer.text]  # type: ignore[union-attr]  # fmt: skip
