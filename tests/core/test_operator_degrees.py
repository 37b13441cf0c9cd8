"""Operators with degrees and layouts of their own: what moves, what it costs, what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import llama
from runs import small_run

import tempstudio as ts
from tempstudio.core.parallel import Degrees, axis_groups, operators_from_text
from tempstudio.core.timeline import ACTIVATIONS
from tempstudio.strategies.partitioners.redistribution import Spread, missing_share

OWN = [
    ("tspp", Degrees(stream=8), ["mlp.down:tp=2"]),
    ("megatron1", Degrees(tp=4), ["mlp.down:tp=4"]),
    ("tspp", Degrees(tp=4, stream=2), ["mlp.gate_up:stream=8", "mlp.down:stream=4"]),
    ("tspp", Degrees(dp=3, stream=4), ["attention.core:tp=4", "head.output:tp=2"]),
    ("tspp", Degrees(sp=2, stream=4), ["attention.qkv:layout=input", "attention.core:tp=2"]),
    ("tspp", Degrees(dp=3, stream=4), ["embedding.tokens:tp=2", "mlp.down:layout=weight"]),
    ("tspp", Degrees(pp=3, tp=2, stream=2), ["mlp.down:stream=4"]),
]
ALL = pytest.mark.parametrize(("partitioner", "degrees", "own"), OWN)


@ALL
@pytest.mark.parametrize("recompute", ["none", "full"])
def test_the_books_balance_with_degrees_of_ones_own(
    partitioner: str, degrees: Degrees, own: list[str], recompute: str
) -> None:
    degrees = operators_from_text(own, degrees)
    run = small_run(degrees, partitioner=partitioner, recompute=recompute)
    plain = small_run(replace(degrees, operators=()), partitioner=partitioner, recompute=recompute)
    score = run.score
    parts = score.compute_s + score.exposed_s + score.bubble_s + score.optimizer_s
    assert parts == pytest.approx(score.step_time_s, rel=1e-9)
    assert score.energy_j["compute"] == pytest.approx(plain.score.energy_j["compute"], rel=1e-9)
    first, last = (run.timeline.at(t).memory for t in (0.0, run.timeline.duration_s))
    assert last[ACTIVATIONS] == pytest.approx(first[ACTIVATIONS], abs=1.0)
    states = ("weights", "gradients", "optimizer")
    assert [score.memory.by_kind[kind] for kind in states] == [
        plain.score.memory.by_kind[kind] for kind in states
    ]
    shown = {row["name"]: row["degrees"] for row in run.document["per_operator"]}
    for operator in degrees.operators:
        assert (shown[operator.name]["tp"], shown[operator.name]["stream"]) == (
            operator.tp,
            operator.stream,
        )
    assert run.document["parallel"]["operators"] == [
        {"name": o.name, "tp": o.tp, "stream": o.stream, "layout": o.layout}
        for o in degrees.operators
    ]


@pytest.mark.parametrize("degrees", [Degrees(dp=3, stream=4), Degrees(tp=4, stream=2)])
def test_the_same_degrees_once_more_change_nothing(degrees: Degrees) -> None:
    same = [f"{name}:tp={degrees.tp}" for name in ("attention.core", "mlp.gate_up", "mlp.down")]
    again = small_run(operators_from_text(same, degrees))
    assert again.score == small_run(degrees).score


def test_the_chosen_layout_asked_for_by_name_changes_nothing() -> None:
    degrees = Degrees(dp=3, stream=4)
    chosen = {c.name: c.layout[:1] for c in small_run(degrees).plan.partition.choices}
    words = {"W": "weight", "I": "input", "O": "output"}
    own = [f"{n}:layout={words[chosen[n]]}" for n in ("mlp.gate_up", "mlp.down")]
    assert small_run(operators_from_text(own, degrees)).score == small_run(degrees).score


def redistributed(run: ts.Run) -> float:
    """Bytes that dies receive to change a layout, all together over the whole step."""
    partition = run.plan.partition
    program, times = partition.stages[0], partition.micro_batches
    dies = run.plan.degrees.size
    total = 0.0
    for segment in (*program.forward, *program.backward):
        for phase in segment.phases:
            if phase.tensor.startswith("layout") and phase.collective:
                members = int(phase.collective.axes[0].partition(":")[2])
                received = phase.collective.bytes * (members - 1) / members
                total += times * segment.repeat * dies * received
    return total


def test_a_change_of_layout_moves_what_is_not_there_yet() -> None:
    """From columns to rows: (n-1)/n of the tensor between two products, forth and back."""
    asked = ["mlp.gate_up:layout=input", "mlp.down:layout=weight"]
    run = small_run(operators_from_text(asked, Degrees(stream=8)))
    job, layers, inner = run.plan.job, 4, 1408
    tensor = job.tokens * inner * job.bytes_per_element
    assert redistributed(run) == pytest.approx(2 * layers * tensor * 7 / 8, rel=1e-9)
    assert redistributed(small_run(Degrees(stream=8))) == 0.0


@settings(deadline=None)
@given(st.sampled_from([4, 6, 8, 12]), st.data())
def test_what_a_rank_lacks_lies_in_its_block(ranks: int, data: st.DataObject) -> None:
    sizes = [d for d in range(1, ranks + 1) if ranks % d == 0]
    inside, split = data.draw(st.booleans()), data.draw(st.booleans())

    def spread() -> Spread:
        tp = data.draw(st.sampled_from(sizes))
        return Spread(tp, ranks // tp, inside, data.draw(st.booleans()), split)

    held, wanted = spread(), spread()
    members, share = missing_share(held, wanted)
    cells = [
        {(r, c) for r in range(top, bottom) for c in range(left, right)}
        for top, bottom, left, right in map(held.rectangle, range(ranks))
    ]
    assert set().union(*cells) == {(r, c) for r in range(ranks) for c in range(ranks)}
    lacks = []
    for rank in range(ranks):
        top, bottom, left, right = wanted.rectangle(rank)
        needs = {(r, c) for r in range(top, bottom) for c in range(left, right)}
        block = range(rank // members * members, rank // members * members + members)
        assert needs <= set().union(*(cells[other] for other in block))
        lacks.append(len(needs - cells[rank]) / ranks**2)
    assert share == pytest.approx(max(lacks))
    assert missing_share(held, held) == (1, 0.0)


def test_other_groups_are_the_same_block_cut_another_way() -> None:
    degrees = Degrees(dp=2, tp=2, stream=4)
    for axis, members in (("tp:4", 4), ("stream:2", 2), ("block:8", 8), ("stream:8", 8)):
        groups = axis_groups(degrees, (axis,))
        assert groups.shape[1] == members
        assert all(len(set((row // 8).tolist())) == 1 for row in groups)
        assert sorted(groups.ravel().tolist()) == list(range(16))
    with pytest.raises(ts.InputError, match="divisor of tp x stream"):
        axis_groups(degrees, ("tp:3",))


def test_every_operator_streams_in_groups_of_its_own_degree() -> None:
    degrees = operators_from_text(["mlp.down:stream=8"], Degrees(tp=2, stream=4))
    for mapper in ("sequential", "gemini", "traffic-conscious"):
        project = ts.Project(
            machine=ts.Wafer(rows=2, cols=4),
            model=llama(),
            job=ts.TrainingJob(global_batch=8, seq_len=256),
            mapper=ts.StrategyChoice(mapper),
            degrees=degrees,
        )
        groups = ts.run(project).plan.mapping.groups
        sizes = {axis: [len(g.dies) for g in groups if g.axis == axis] for axis in
                 ("stream", "stream:8")}  # fmt: skip
        assert sizes == {"stream": [4, 4], "stream:8": [8]}


@pytest.mark.parametrize(
    ("own", "line"),
    [
        (["mlp.down:tp=3/stream=2"], r"mlp\.down: found tp 3 x stream 2 = 6, allowed: .* = 8"),
        (["mlp.dwn:tp=2"], "found 'mlp.dwn', allowed: embedding.tokens, "),
        (["attention.core:tp=8", "attention.core:tp=4"], "attention.core: given twice"),
        (["attention.core:tp=16/stream=1"], "= 16, allowed: "),
        (["attention.core:layout=weight"], "allowed: none"),
        (["mlp.down:tp=8/layout=weight"], "allowed: none at stream 1"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(own: list[str], line: str) -> None:
    with pytest.raises(ts.InputError, match=line) as refused:
        small_run(operators_from_text(own, Degrees(stream=8)))
    assert "\n" not in str(refused.value)


def test_heads_divide_by_the_operators_own_tp() -> None:
    wafer = ts.Wafer(rows=3, cols=4)
    with pytest.raises(ts.InputError, match=r"operators\.attention\.core\.tp: found 3, .* 8 att"):
        small_run(operators_from_text(["attention.core:tp=3"], Degrees(stream=6)), wafer)
    with pytest.raises(ts.InputError, match=r"parallel\.tp: found 3"):
        small_run(operators_from_text(["mlp.down:tp=1"], Degrees(tp=3)), wafer)
    apart = operators_from_text(["attention.core:tp=1"], Degrees(tp=3))
    assert small_run(apart, wafer).score.step_time_s > 0
    with pytest.raises(ts.InputError, match="allowed with megatron3: 1"):
        own = operators_from_text(["mlp.down:stream=2"], Degrees(tp=2))
        small_run(own, wafer, partitioner="megatron3")


@pytest.mark.slow
def test_own_degrees_can_beat_every_common_one() -> None:
    """With fewer key-value heads than dies, attention alone is better cut by heads."""
    model = llama(2048, 16, 2, 4, 8192)

    def step_s(degrees: Degrees) -> float:
        return small_run(
            degrees, ts.Wafer(rows=2, cols=4), model=model, seq_len=1024, global_batch=8
        ).score.step_time_s

    common = min(step_s(Degrees(tp=tp, stream=8 // tp)) for tp in (1, 2, 4, 8))
    own = operators_from_text(["attention.core:tp=8"], Degrees(stream=8))
    assert step_s(own) < 0.995 * common
