"""A whole block on die-local stores: loss, gradients and links."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from groups_of_dies import faulty_meshes, live_links
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.streaming import (
    BlockShape,
    LayerResult,
    LayerRun,
    Layouts,
    Schedule,
    assign_rows,
    execute_layer,
    reference_layer,
    schedule,
)

ALL_LAYOUTS = [
    Layouts(*choice) for choice in product(("rows", "heads"), ("W", "IO"), ("contiguous", "zigzag"))
]


def make_layer(seed, batch, length, *, words=11, hidden=6, kv_heads=2, per_kv=2, width=2, wide=9,
               tied=False):  # fmt: skip
    """Random parameters, shape, tokens and targets."""
    rng = np.random.default_rng(seed)
    heads = kv_heads * per_kv
    sizes = {
        "embedding": (words, hidden),
        "query": (hidden, heads * width),
        "key": (hidden, kv_heads * width),
        "value": (hidden, kv_heads * width),
        "output": (heads * width, hidden),
        "gate": (hidden, wide),
        "up": (hidden, wide),
        "down": (wide, hidden),
    } | ({} if tied else {"head": (hidden, words)})
    parameters = {name: 0.5 * rng.normal(size=size) for name, size in sizes.items()}
    for name in ("attention norm", "mlp norm", "final norm"):
        parameters[name] = 1.0 + 0.3 * rng.normal(size=hidden)
    tokens, targets = rng.integers(0, words, (2, batch, length))
    return parameters, BlockShape(heads, kv_heads), tokens, targets


def assert_same(run: LayerResult, reference: LayerResult) -> None:
    assert run.loss == pytest.approx(reference.loss, abs=1e-11)
    assert run.gradients.keys() == reference.gradients.keys()
    for name, gradient in reference.gradients.items():
        np.testing.assert_allclose(run.gradients[name], gradient, rtol=0, atol=1e-10, err_msg=name)
    np.testing.assert_allclose(run.input_gradient, reference.input_gradient, rtol=0, atol=1e-10)


@pytest.mark.parametrize("tied", [False, True])
def test_the_reference_agrees_with_finite_differences(tied: bool) -> None:
    parameters, shape, tokens, targets = make_layer(3, 2, 4, words=5, hidden=4, wide=5, tied=tied)
    result = reference_layer(parameters, shape, tokens, targets)
    step = 1e-5
    for name, array in parameters.items():
        measured = np.empty_like(array)
        for index in np.ndindex(array.shape):
            around = []
            for sign in (1, -1):
                moved = array.copy()
                moved[index] += sign * step
                changed = parameters | {name: moved}
                around.append(reference_layer(changed, shape, tokens, targets).loss)
            measured[index] = (around[0] - around[1]) / (2 * step)
        np.testing.assert_allclose(result.gradients[name], measured, atol=1e-8, err_msg=name)


def test_the_input_gradient_sums_to_the_embeddings() -> None:
    """With an untied head, a word's gradient is the sum over the places where it stands."""
    parameters, shape, tokens, targets = make_layer(4, 3, 5)
    result = reference_layer(parameters, shape, tokens, targets)
    for word in range(11):
        expected = result.input_gradient[tokens == word].sum(axis=0)
        np.testing.assert_allclose(result.gradients["embedding"][word], expected, atol=1e-12)


@pytest.mark.parametrize("layouts", ALL_LAYOUTS, ids=lambda c: f"{c.attention}-{c.mlp}-{c.rows}")
@pytest.mark.parametrize(
    "s", [schedule(1, 1), schedule(1, 4), schedule(2, 3)], ids=lambda s: f"{s.n_dies}"
)
def test_every_layout_reproduces_the_unsplit_block(s: Schedule, layouts: Layouts) -> None:
    for batch, length, tied in ((1, 13, False), (2, 6, True), (12, 2, False)):
        layer = make_layer(7, batch, length, tied=tied)
        run = execute_layer(s, *layer, layouts=layouts)
        assert_same(run, reference_layer(*layer))


@given(
    faulty_meshes(3, 4, 3, 3),
    st.integers(1, 4),
    st.integers(1, 9),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(2, 13),
    st.sampled_from(ALL_LAYOUTS),
    st.booleans(),
)
@settings(max_examples=25)
def test_random_blocks_on_random_groups(
    mesh, batch, length, kv_heads, per_kv, words, layouts, all_links
) -> None:
    """Uneven and empty shares, faults, messages over all live links or over the stream's alone."""
    try:
        s = schedule(*mesh)
    except NoPlanError:
        assume(False)
    layer = make_layer(
        1, batch, length, words=words, kv_heads=kv_heads, per_kv=per_kv, hidden=5, wide=7
    )
    links = live_links(*mesh) if all_links else None
    run = execute_layer(s, *layer, layouts=layouts, links=links)
    assert_same(run, reference_layer(*layer))
    allowed = {frozenset(link) for link in live_links(*mesh)}
    used = {frozenset((s.dies[a], s.dies[b])) for a, b in run.ledger.link_elements()}
    assert used <= allowed


def run_even(
    layouts: Layouts, batch: int = 1, s: Schedule | None = None
) -> tuple[LayerRun, Schedule]:
    """A block whose shares are all even on 4 dies."""
    group = schedule(2, 2) if s is None else s
    layer = make_layer(5, batch, 16, words=16, hidden=8, kv_heads=4, per_kv=2, wide=16)
    return execute_layer(group, *layer, layouts=layouts), group


@pytest.mark.parametrize("s", [schedule(2, 2), schedule(1, 4)], ids=lambda s: s.orchestration)
def test_the_ledger_is_the_schedules_transfers_times_what_streams(s: Schedule) -> None:
    hidden, wide, words, rows = 8, 16, 16, 16
    queries, keys = 16, 8
    per_stream = s.transfers_count / s.n_parts  # of a whole matrix
    moved = run_even(Layouts("rows", "W"), s=s)[0].ledger.kind_elements()
    matrices = hidden * (queries + 2 * keys) + queries * hidden + 3 * hidden * wide + hidden * words
    assert moved["weight"] == 2 * per_stream * matrices
    assert moved["weight gradient"] == per_stream * matrices
    assert moved["key-value"] == 2 * per_stream * rows * 2 * keys
    assert moved["key-value gradient"] == per_stream * rows * 2 * keys
    moved = run_even(Layouts("heads", "IO"), s=s)[0].ledger.kind_elements()
    assert moved["input"] == 2 * 2 * per_stream * rows * hidden  # attention and MLP, twice each
    assert moved["input gradient"] == 2 * per_stream * rows * hidden
    assert moved["output"] == moved["output gradient"] == 2 * per_stream * rows * hidden
    assert moved["weight"] == 2 * per_stream * hidden * words  # the loss alone
    assert "key-value" not in moved
    # Three gains of 8 elements up and down a tree of 3 links.
    assert moved["norm gradient"] == 3 * 3 * 2 * hidden


def test_whole_sequences_on_a_die_need_no_keys_from_others() -> None:
    run, _ = run_even(Layouts("rows", "W"), batch=4)
    assert "key-value" not in run.ledger.kind_elements()
    pairs, _ = run_even(Layouts("rows", "W"), batch=2)
    # Two dies share each sequence, on their own path: one transfer each way per stream.
    links = pairs.ledger.link_elements("key-value")
    assert len(links) == 4
    assert {frozenset(link) for link in links} == {frozenset((0, 1)), frozenset((2, 3))}


def test_zigzag_rows_balance_causal_attention() -> None:
    """Contiguous rows leave the last die most of the work; zigzag halves it evenly."""
    contiguous, _ = run_even(Layouts(rows="contiguous"))
    zigzag, _ = run_even(Layouts(rows="zigzag"))
    total = 8 * 16 * 17 // 2  # heads x causal pairs
    assert sum(contiguous.scores) == sum(zigzag.scores) == total
    assert zigzag.scores == (total // 4,) * 4
    assert contiguous.scores == tuple(8 * (4 * 4 * k + 10) for k in range(4))


@given(st.integers(1, 8), st.integers(1, 20), st.integers(1, 9), st.booleans())
def test_rows_are_dealt_out_completely(batch: int, length: int, n: int, zigzag: bool) -> None:
    indices, teams = assign_rows(batch, length, n, zigzag)
    assert sorted(np.concatenate(indices).tolist()) == list(range(batch * length))
    assert [die for team in teams for die in team] == list(range(n))
    for team in teams:  # nobody outside the team has rows of its sequences
        inside = {row // length for die in team for row in indices[die].tolist()}
        outside = {
            row // length for die in set(range(n)) - set(team) for row in indices[die].tolist()
        }
        assert not inside & outside
        sizes = [len(indices[die]) for die in team]
        most = (2 if zigzag else 1) * (batch // len(teams))
        assert max(sizes) - min(sizes) <= most


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda p: p.pop("key"), "parameter 'key': found None"),
        (lambda p: p.pop("embedding"), "parameter 'embedding'"),
        (lambda p: p.update(down=np.zeros((9, 7))), r"'down': found \(9, 7\), allowed: \[9, 6\]"),
        (lambda p: p.update(query=np.zeros((6, 12))), "12 query columns"),
        (lambda p: p.update(head=np.zeros((6, 3))), "'head'"),
    ],
)
def test_parameters_that_do_not_fit_are_named(change, found: str) -> None:
    parameters, shape, tokens, targets = make_layer(0, 1, 3)
    change(parameters)
    for run in (reference_layer, lambda *layer: execute_layer(schedule(1, 2), *layer)):
        with pytest.raises(InputError, match=found):
            run(parameters, shape, tokens, targets)


def test_tokens_and_layouts_that_do_not_fit_are_named() -> None:
    parameters, shape, tokens, targets = make_layer(0, 1, 3)
    with pytest.raises(InputError, match="tokens: found 11, allowed: 0 to 10"):
        reference_layer(parameters, shape, np.full((1, 3), 11), targets)
    with pytest.raises(InputError, match="targets"):
        reference_layer(parameters, shape, tokens, targets[:, :2])
    with pytest.raises(InputError, match="a multiple"):
        reference_layer(parameters, replace(shape, kv_heads=3), tokens, targets)
    with pytest.raises(InputError, match="layouts: mlp: found 'X'"):
        execute_layer(schedule(1, 2), parameters, shape, tokens, targets, layouts=Layouts(mlp="X"))


def test_messages_need_a_way() -> None:
    """Live links that leave a die out: said so, before anything is computed wrongly."""
    s = schedule(1, 3)
    with pytest.raises(NoPlanError, match="no live path"):
        execute_layer(s, *make_layer(0, 3, 3), links=[((0, 0), (0, 1))])
