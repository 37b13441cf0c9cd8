"""The sentences: every kind of phase has its own, and the numbers in them are the timeline's."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from timelines_by_hand import make_timeline

from tempstudio.core.machine import Cluster, Wafer
from tempstudio.core.partition import ROLES
from tempstudio.core.timeline import Caption
from tempstudio.core.topology import topology_of
from tempstudio.scene.caption import headline, place, sentence, short_name
from tempstudio.scene.describe import die_text, link_text, machine_name, memory_lines

NOW = Caption(0, "layers", "forward", "mlp.gate_up", "stream", "stream", "W", 2, 8, 4, 32, 1, "W")

STREAMS = [
    ("W", "forward", "W", "weight chunk"),
    ("W", "backward", "W", "weight chunk"),
    ("W", "backward", "G", "weight gradient"),
    ("I", "forward", "I", "input rows"),
    ("I", "backward", "G", "input gradient"),
    ("I", "backward", "I", "input rows"),
    ("O", "forward", "I", "partial output"),
    ("O", "backward", "G", "output gradient"),
]


def test_the_sentence_of_the_brief() -> None:
    assert sentence(NOW) == (
        "round 3 of 8: each die multiplies its rows by the weight chunk that just arrived"
    )


@pytest.mark.parametrize(("layout", "pass_", "role", "what"), STREAMS)
def test_every_stream_says_what_travels(layout: str, pass_: str, role: str, what: str) -> None:
    now = replace(NOW, layout=layout, pass_=pass_, role=role)
    later, first = sentence(now), sentence(replace(now, round=0))
    assert what in later and "just arrived" in later
    assert "just arrived" not in first and first.startswith("round 1 of 8: ")


def test_streams_of_different_kinds_read_differently() -> None:
    said = {
        sentence(replace(NOW, layout=layout, pass_=pass_, role=role))
        for layout, pass_, role, _ in STREAMS
    }
    assert len(said) == len(STREAMS)


def test_a_recomputed_forward_reads_as_a_forward() -> None:
    assert sentence(replace(NOW, pass_="recompute")) == sentence(NOW)


def test_layers_are_counted_as_in_the_model_whichever_way_they_run() -> None:
    for pass_ in ("forward", "backward", "recompute"):
        assert "layer 5 of 32" in place(replace(NOW, pass_=pass_))


@pytest.mark.parametrize(
    ("pass_", "op", "text"),
    [
        ("forward", "to stage 1", "hand-over: the activations go on to the dies of stage 2"),
        ("backward", "to stage 0", "hand-over: the gradients go back to the dies of stage 1"),
    ],
)
def test_a_hand_over_says_what_goes_where(pass_: str, op: str, text: str) -> None:
    now = replace(NOW, segment="pipeline", kind="collective", op=op, role="P", rounds=1, round=0)
    assert sentence(replace(now, pass_=pass_)) == text


def test_attention_backward_tells_what_travels() -> None:
    now = replace(NOW, operator="attention.core", role="K", layout="rows", pass_="backward")
    against = sentence(replace(now, tensor="keys and values"))
    shares = sentence(replace(now, tensor="key and value gradients"))
    forward = sentence(replace(now, pass_="forward", tensor="keys and values"))
    assert len({against, shares, forward}) == 3
    assert "gradients against the keys and values that just arrived" in against
    assert "adds its share to the gradients of keys and values that just arrived" in shares


@pytest.mark.parametrize(
    "op", ["all-gather", "reduce-scatter", "all-reduce", "all-to-all", "point-to-point"]
)
@pytest.mark.parametrize("role", ROLES)
def test_every_collective_says_what_it_does(op: str, role: str) -> None:
    text = sentence(replace(NOW, kind="collective", op=op, role=role, layout="", rounds=3))
    assert text.startswith(f"step 3 of 3: {op} of ") and len(text.split(": ")) == 3


def test_a_single_step_is_not_counted() -> None:
    text = sentence(replace(NOW, kind="collective", op="all-reduce", role="G", round=0, rounds=1))
    assert text.startswith("all-reduce of gradients: ")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "compute", "operator": "mlp.norm"}, "computes norm on what it holds"),
        ({"kind": "compute", "operator": "mlp.norm", "pass_": "backward"}, "norm backward"),
        ({"kind": "compute", "operator": "x", "pass_": "recompute"}, "again"),
        ({"kind": "compute", "operator": "optimizer", "pass_": "optimizer"}, "updates the weights"),
        ({"kind": "", "operator": ""}, "waiting for the transfers"),
        ({"segment": ""}, "waiting for the other stages"),
        ({"role": "K", "layout": "rows"}, "keys and values that just arrived"),
    ],
)
def test_everything_else_has_its_words_too(changes: dict[str, str], said: str) -> None:
    assert said in sentence(replace(NOW, **changes))


def test_any_combination_gives_a_sentence() -> None:
    """Also of strategies that nobody has thought of yet."""
    for kind, layout, pass_, role in product(
        ("stream", "collective", "compute"), ("W", "rows", "new"),
        ("forward", "backward", "recompute", "optimizer"), (*ROLES, "", "?"),
    ):  # fmt: skip
        text = sentence(replace(NOW, kind=kind, op=kind, layout=layout, pass_=pass_, role=role))
        assert text and "  " not in text and not text.endswith((" ", ":"))


def test_the_place_says_pass_copy_operator_and_micro_batch() -> None:
    assert place(NOW) == "forward · layer 5 of 32 · mlp.gate_up · micro-batch 2"


@pytest.mark.parametrize(
    ("name", "short"), [("attention.core", "attention"), ("a.b.core", "b"), ("down", "down")]
)
def test_short_names(name: str, short: str) -> None:
    assert short_name(name) == short


def test_the_headline_follows_the_stage_that_moves_or_is_asked_for() -> None:
    idle, busy = replace(NOW, kind="compute"), replace(NOW, stage=1)
    text, where = headline((idle, busy))
    assert text.startswith("Stage 2 of 2, round 3 of 8") and "layer 5" in where
    assert headline((idle, busy), preferred=0)[0].startswith("Stage 1 of 2, each die computes")
    assert headline(())[1] == ""


def test_captions_of_a_timeline_name_the_round_that_runs() -> None:
    timeline = make_timeline(Wafer())
    table = timeline.templates
    for item in range(8):
        time_s = float(table.start_s[item] + table.end_s[item]) / 2
        text, _ = headline(timeline.at(time_s).captions)
        assert text.startswith(f"Round {int(table.round[item]) + 1} of {int(table.rounds[item])}: ")


FAULTY = Wafer(rows=2, cols=3, dead_dies=[(0, 1)], dead_links=[((1, 0), (1, 1))],
               core_yield=[(1, 2, 0.9)])  # fmt: skip


def test_dies_in_words() -> None:
    timeline = make_timeline(FAULTY)
    frame = timeline.at(1e-5)
    assert die_text(FAULTY, 1, timeline, frame) == "Die 0,1: dead"
    live = die_text(FAULTY, 5, timeline, frame)
    assert live.startswith("Die 1,2: ") and "computes qkv" in live and "90.0" in live
    assert die_text(FAULTY, 5) != live
    lines = memory_lines(timeline, frame, 5)
    assert any(line.startswith("stream buffers ") for line in lines)


def test_links_in_words() -> None:
    timeline = make_timeline(FAULTY)
    frame = timeline.at(1e-5)
    assert "broken" in link_text(FAULTY, (3, 4), timeline, frame)
    assert "dead die" in link_text(FAULTY, (0, 1), timeline, frame)
    topology = topology_of(FAULTY)
    busy = int(np.argmax(frame.link_utilization))
    ends = int(topology.source[busy]), int(topology.target[busy])
    assert "in flight: weight" in link_text(FAULTY, ends, timeline, frame)


def test_machines_in_words() -> None:
    assert machine_name(FAULTY) == "Wafer of 2 by 3 dies, 1 dead die, 1 dead link"
    assert machine_name(Cluster(nodes=1)) == "Cluster of 1 node of 8 devices"
