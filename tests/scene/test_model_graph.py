"""The model as a graph: every operator once, folds, shapes, and large graphs in few calls."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest

import tempstudio as ts
from tempstudio.core.workload import Block, Operator, Workload
from tempstudio.scene.graph import GraphMarks, Sight, fitted, graph_picture
from tempstudio.scene.graph_cards import computing_nodes
from tempstudio.scene.graph_reading import OperatorRun, Reading
from tempstudio.scene.graph_walk import beside, first_node, follow
from tempstudio.scene.model_graph import graph_of

PRESETS = ("llama2-7b", "gpt3-6.7b", "bloom-176b", "opt-6.7b")


def large(operators: int = 400) -> Workload:
    """A block of many operators with residuals and branches, as a reader may bring it."""
    made = [Operator("op0", "linear", ("input",), 64, 64)]
    for n in range(1, operators):
        inputs = [f"op{n - 1}"]
        if n % 5 == 0:
            inputs.append(f"op{n - 5}")
        if n % 7 == 0:
            inputs = [f"op{max(n - 3, 0)}"]
        kind = ("linear", "norm", "elementwise", "attention")[n % 4]
        made.append(Operator(f"op{n}", kind, tuple(dict.fromkeys(inputs)), 64, 64))
    return Workload("large", (Block("graph", tuple(made)),), 64, 100, 128)


@pytest.mark.parametrize("preset", PRESETS)
def test_unfolded_every_operator_is_one_node_and_folded_a_block_is_one(preset: str) -> None:
    model = ts.load_model(preset)
    blocks = frozenset(range(len(model.blocks)))
    whole = graph_of(model, blocks)
    wanted = [operator.name for block in model.blocks for operator in block.operators]
    assert [node.name for node in whole.nodes if node.name] == wanted
    folded = graph_of(model)
    titles = [node.title for node in folded.nodes if node.kind == "block"]
    assert titles == [f"{b.name} × {b.repeat}" for b in model.blocks if b.repeat > 1]
    inputs = sum(len(dict.fromkeys(o.inputs)) for b in model.blocks for o in b.operators)
    assert len(whole.tensors) == inputs


def test_tensors_carry_the_features_of_what_makes_them() -> None:
    graph = graph_of(ts.load_model("llama2-7b"), frozenset({1}))
    found = {
        (graph.nodes[t.source].name, graph.nodes[t.target].name): t.features for t in graph.tensors
    }
    assert found["attention.qkv", "attention.core"] == 12288
    assert found["mlp.activation", "mlp.down"] == 11008
    assert found["embedding.tokens", "attention.residual"] == 4096
    assert found["head.output", "head.loss"] == 32000


def test_frames_hold_their_operators_and_no_others() -> None:
    graph = graph_of(ts.load_model("llama2-7b"), frozenset({1}))
    x, y, wide, tall = graph.frames[1, 0]
    for node, (left, top, width, height) in zip(graph.nodes, graph.boxes.tolist(), strict=True):
        inside = x < left and left + width < x + wide and y < top and top + height < y + tall
        outside = top + height <= y or top >= y + tall
        assert inside if node.block == 1 else outside, node.title


def test_all_copies_of_a_block_follow_one_another_in_frames_of_their_own() -> None:
    model = ts.load_model("llama2-7b")
    one, all_ = graph_of(model, frozenset({1})), graph_of(model, frozenset({1}), frozenset({1}))
    block = model.blocks[1]
    assert len(all_.nodes) == len(one.nodes) + (block.repeat - 1) * len(block.operators)
    assert len(all_.frames) == block.repeat
    frames = [all_.frames[1, copy] for copy in range(block.repeat)]
    for (_, top, _, tall), (_, below, _, _) in pairwise(frames):
        assert top + tall < below, "frames do not meet"
    for node, (left, top, width, height) in zip(all_.nodes, all_.boxes.tolist(), strict=True):
        if node.block == 1:
            x, y, wide, tall = frames[node.copy]
            assert x < left and left + width < x + wide and y < top and top + height < y + tall
    ends = [(all_.nodes[t.source], all_.nodes[t.target]) for t in all_.tensors]
    between = {(a.copy, b.copy) for a, b in ends if a.block == b.block == 1 and a.copy != b.copy}
    assert between == set(pairwise(range(block.repeat))), "each copy feeds the next one only"
    works = frozenset({("mlp.down", 7), ("mlp.down", 20)})
    assert computing_nodes(all_, frozenset({"mlp.down"}), works) == {
        n for n, node in enumerate(all_.nodes) if (node.name, node.copy) in works
    }
    assert all_.nodes[all_.node_of("mlp.down", 7)].copy == 7
    assert one.nodes[one.node_of("mlp.down", 7)].copy == 0


def test_a_graph_of_400_operators_is_laid_out_and_drawn_in_few_calls() -> None:
    start = time.process_time()
    graph = graph_of(large())
    sight = fitted(graph, Sight(1000.0, 700.0))
    picture = graph_picture(graph, sight, GraphMarks(), Reading())
    assert time.process_time() - start < 3.0
    cards = picture.layer("cards")
    assert cards is not None and len(cards.xywh) == 401  # type: ignore[union-attr]
    assert picture.layer("card texts") is None, "far away no text is drawn"
    assert len(list(picture.layers())) < 10
    near = Sight(1000.0, 700.0, scale=1.0, origin=(-200.0, -3000.0))
    close = graph_picture(graph, near, GraphMarks(), Reading())
    assert 0 < len(close.layer("cards").xywh) < 40, "what is out of sight is left out"  # type: ignore[union-attr]


def test_every_operator_is_reached_by_arrow_keys() -> None:
    graph = graph_of(ts.load_model("gpt3-6.7b"), frozenset({1}))
    reached, new = {first_node(graph)}, [first_node(graph)]
    while new:
        here = new.pop()
        for there in (follow(graph, here, 1), follow(graph, here, -1), beside(graph, here, 1),
                      beside(graph, here, -1)):  # fmt: skip
            if there not in reached:
                reached.add(there)
                new.append(there)
    assert reached == set(range(len(graph.nodes)))


def test_a_run_is_told_on_the_cards() -> None:
    graph = graph_of(ts.load_model("llama2-7b"), frozenset({1}))
    runs = {"mlp.down": OperatorRun("O-stream", 0.5, 0.25), "mlp.norm": OperatorRun("rows", 0.1, 0)}
    sight = Sight(800.0, 4000.0, scale=1.0, origin=(100.0, 50.0))
    picture = graph_picture(graph, sight, GraphMarks(operator="mlp.down"), Reading(1, 4096, runs))
    told = picture.layer("card texts").text  # type: ignore[union-attr]
    assert any("O-stream · 750" in text for text in told)
    bars = picture.layer("computed").xywh[:, 2], picture.layer("exposed").xywh[:, 2]  # type: ignore[union-attr]
    assert bars[0].max() / bars[1].max() == pytest.approx(2.0)
    assert picture.layer("selected") is not None
    assert np.isclose(bars[0].min() / bars[0].max(), 0.2)
