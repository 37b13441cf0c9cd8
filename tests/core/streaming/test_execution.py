"""Schedules on real arrays: whatever streams, the result is that of one device."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from groups_of_dies import faulty_meshes
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.streaming import (
    Ledger,
    Schedule,
    execute,
    reduce,
    schedule,
    schedule_graph,
    stream,
)
from tempstudio.core.streaming.linear import (
    i_stream,
    o_stream,
    part_slices,
    shares,
    split_along,
    w_stream,
)

GROUPS = [schedule(1, 1), schedule(1, 2), schedule(1, 7), schedule(2, 4), schedule(3, 3)]
MODES = ("W", "I", "O")


def named(s: Schedule) -> str:
    return f"{s.orchestration}{s.n_dies}"


def operands(seed: int, m: int, k: int, n: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in ((m, k), (k, n), (m, n))]


def assert_reproduces(s: Schedule, seed: int, sizes: tuple[int, int, int], mode: Any) -> Ledger:
    inputs, weights, gradient = operands(seed, *sizes)
    ledger = Ledger()
    out, d_inputs, d_weights = execute(s, inputs, weights, gradient, mode=mode, ledger=ledger)
    scale = 1e-12 * max(sizes)
    np.testing.assert_allclose(out, inputs @ weights, rtol=0, atol=scale)
    np.testing.assert_allclose(d_inputs, gradient @ weights.T, rtol=0, atol=scale)
    np.testing.assert_allclose(d_weights, inputs.T @ gradient, rtol=0, atol=scale)
    return ledger


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("s", GROUPS, ids=named)
@given(st.integers(0, 99), st.tuples(*[st.integers(1, 40)] * 3))
@settings(max_examples=8)
def test_whatever_streams_the_result_is_the_unsplit_one(s, mode, seed, sizes) -> None:
    assert_reproduces(s, seed, sizes, mode)


@given(faulty_meshes(4, 5, 4, 4), st.tuples(*[st.integers(1, 30)] * 3), st.sampled_from(MODES))
@settings(max_examples=40)
def test_on_groups_with_faults_too(mesh, sizes, mode) -> None:
    try:
        s = schedule(*mesh)
    except NoPlanError:
        assume(False)
    assert_reproduces(s, 1, sizes, mode)


def test_on_64_dies_and_on_an_odd_cycle() -> None:
    for s in (
        schedule(1, 64),
        schedule(8, 8),
        schedule_graph(5, [(k, (k + 1) % 5) for k in range(5)]),
    ):
        for mode in MODES:
            assert_reproduces(s, 2, (70, 9, 65), mode)


@pytest.mark.parametrize("s", GROUPS, ids=named)
def test_what_each_link_carries_is_the_schedule_times_the_part(s: Schedule) -> None:
    """Even shares: each transfer carries one part; W streams twice and its gradient once."""
    n, split = s.n_dies, s.split
    m, k, width = 4 * n, 6 * n, 10 * n
    per_link = np.zeros((n, n), int)
    np.add.at(per_link, (s.transfers[:, 1], s.transfers[:, 2]), 1)
    expected = {
        "W": ({"weight": 2, "weight gradient": 1}, k * width),
        "I": ({"input": 2, "input gradient": 1}, m * k),
        "O": ({"output": 1, "output gradient": 1}, m * width),
    }
    for mode, (kinds, elements) in expected.items():
        ledger = assert_reproduces(s, 3, (m, k, width), mode)
        part = elements // (n * split)
        moved = {kind: times * s.transfers_count * part for kind, times in kinds.items()}
        assert ledger.kind_elements() == (moved if n > 1 else {})
        for kind, times in kinds.items():
            links = np.zeros((n, n), int)
            for (a, b), count in ledger.link_elements(kind).items():
                links[a, b] = count
            backwards = (
                per_link.T if kind in ("output", "weight gradient", "input gradient") else per_link
            )
            assert (links == times * part * backwards).all()


def test_the_published_saving_of_pairing_streams() -> None:
    """h -> 4h -> h at 4,096 tokens, n = 8: W 2.11 GB a die, I paired with O 0.18 GB (SPEC 4), here
    with h = 12,288 and everything 1/512 in each direction."""
    s, small = schedule(2, 4), 512
    hidden, tokens = 12_288 // small, 4_096 // small
    inputs, up, _ = operands(0, tokens, hidden, 4 * hidden)
    _, down, _ = operands(1, tokens, 4 * hidden, hidden)
    rows = split_along(inputs, shares(tokens, 8), 0)

    def gigabytes(ledger: Ledger) -> float:
        return sum(ledger.link_bytes(default=2.0).values()) / 8 * small**2 / 1e9

    ledger = Ledger()
    wide = w_stream(s, rows, split_along(up, shares(4 * hidden, 8), 1), ledger)
    first = w_stream(s, wide, split_along(down, shares(hidden, 8), 1), ledger)
    assert gigabytes(ledger) == pytest.approx(2.11, abs=0.005)
    ledger = Ledger()
    wide = i_stream(s, rows, split_along(up, shares(4 * hidden, 8), 1), ledger)
    second = o_stream(s, wide, split_along(down, shares(4 * hidden, 8), 0), [1] * 8, ledger)
    assert gigabytes(ledger) == pytest.approx(0.18, abs=0.005)
    np.testing.assert_allclose(np.concatenate(first), np.concatenate(second), atol=1e-10)


def test_a_part_reaches_a_die_as_a_copy_over_its_links_only() -> None:
    """A die sees what its neighbours' stores held: marked at the source, never the original."""
    s = schedule(1, 6)
    own = [[np.full(3, float(die))] for die in range(6)]
    seen: dict[tuple[int, int], np.ndarray] = {}
    stream(s, own, lambda die, part, array: seen.setdefault((die, part), array), Ledger(), "weight")
    assert len(seen) == 36
    for (die, part), array in seen.items():
        assert (array == part).all()
        assert (array is own[part][0]) == (die == part)


@pytest.mark.parametrize("rows", [1, 2])
def test_a_schedule_that_lacks_a_transfer_or_a_part_is_refused(rows: int) -> None:
    document = schedule(rows, 4).to_json()
    inputs, weights, gradient = operands(0, 4, 4, 4)
    for change in ("transfers", "compute"):
        rounds = [dict(entry) for entry in document["rounds"]]
        rounds[0][change] = rounds[0][change][1:]
        broken = Schedule.from_json(document | {"rounds": rounds})
        for mode in MODES:
            with pytest.raises(InputError, match=r"rule [34]"):
                execute(broken, inputs, weights, gradient, mode=mode)


def test_a_part_sent_twice_is_added_once() -> None:
    """The relay on 8 dies sends 6 chunks again; every share counts exactly once all the same."""
    s = schedule(1, 8)
    twice = s.transfers_count - 8 * 7
    assert twice == 6
    ledger = Ledger()
    sums = reduce(s, lambda die, part: np.array([10.0**die]), [(1,)] * 8, ledger, "output")
    assert [own[0].tolist() for own in sums] == [[11_111_111.0]] * 8
    assert ledger.kind_elements() == {"output": s.transfers_count}


@pytest.mark.parametrize(
    ("shapes", "mode", "found"),
    [
        (((3, 4), (5, 6), (3, 6)), "W", r"found I \[3, 4\] and W \[5, 6\]"),
        (((3, 4), (4, 6), (3, 5)), "W", r"dO: found \[3, 5\], allowed: \[3, 6\]"),
        (((3,), (3, 2), (1, 2)), "W", "found I"),
        (((3, 4), (4, 6), (3, 6)), "X", "mode: found 'X'"),
    ],
)
def test_arrays_that_do_not_fit_are_named(shapes, mode, found) -> None:
    with pytest.raises(InputError, match=found):
        execute(schedule(1, 2), *(np.zeros(shape) for shape in shapes), mode=mode)


@given(st.integers(0, 50), st.integers(1, 12), st.sampled_from([1, 2]))
def test_parts_tile_the_axis(total: int, n: int, split: int) -> None:
    sizes = shares(total, n)
    assert sizes == [len(piece) for piece in np.array_split(np.arange(total), n)]
    slices = part_slices(sizes, split)
    assert len(slices) == n * split
    covered = [index for piece in slices for index in range(piece.start, piece.stop)]
    assert covered == list(range(total))


def test_a_subgroup_is_booked_on_its_own_dies() -> None:
    inner, outer = Ledger(), Ledger()
    inner.add("key-value", 0, 1, 5)
    outer.add("weight", 4, 2, 7)
    outer.absorb(inner, (4, 2))
    assert outer.link_elements() == {(4, 2): 12}
    assert outer.link_elements("weight") == {(4, 2): 7}
    assert outer.link_bytes({"weight": 4.0}) == {(4, 2): 38.0}


def test_schedules_alone_do_not_load_the_execution() -> None:
    code = (
        "import sys; from tempstudio.core.streaming import schedule; schedule(2, 2);"
        "print(sorted(m for m in sys.modules if m.endswith(('.layer', '.linear', '.reference'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_everything_promised_is_there() -> None:
    import tempstudio.core.streaming as streaming

    assert all(getattr(streaming, name) is not None for name in streaming.__all__)
    with pytest.raises(AttributeError, match="nothing_like_it"):
        streaming.nothing_like_it  # noqa: B018
