"""Every schedule keeps the five rules of SPEC 4, ends in n rounds and leaves no die idle."""

from __future__ import annotations

import json

import numpy as np
import pytest
from groups_of_dies import exists_by_brute_force, faulty_meshes, live_links
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.streaming import (
    Schedule,
    buffer_occupancy,
    duration_s,
    fewest_transfers,
    reversed_in_time,
    round_loads,
    schedule,
    schedule_graph,
    schedule_group,
    verify,
)

RECTANGLES = [(rows, cols) for rows in range(1, 9) for cols in range(rows, 9)]


def assert_sound(s: Schedule, links=None) -> None:
    """The rules, n rounds, no die idle."""
    assert verify(s, links) == []
    assert s.n_rounds == s.n_dies
    assert (s.compute >= 0).all()


@pytest.mark.parametrize("n", range(1, 65))
def test_a_line_is_a_relay_that_holds_two_chunks_with_the_fewest_transfers(n: int) -> None:
    s = schedule(1, n)
    assert_sound(s)
    assert (s.orchestration, s.split) == ("relay", 1)
    assert sorted(s.dies) == [(0, c) for c in range(n)]
    assert s.peak_foreign_chunks == min(n - 1, 2)
    assert s.peak_buffer_chunks == min(max(n - 1, 0), 4)
    assert s.transfers_count == fewest_transfers(n)


def test_the_transfers_of_short_relays_are_the_published_ones() -> None:
    assert [schedule(1, n).transfers_count for n in (4, 6, 8)] == [12, 32, 62]


@pytest.mark.parametrize("n", [65, 96])
def test_the_closed_form_has_no_last_n(n: int) -> None:
    s = schedule(n, 1)
    assert s.peak_foreign_chunks == 2
    assert s.transfers_count == fewest_transfers(n)
    assert_sound(s)


@pytest.mark.parametrize(("rows", "cols"), RECTANGLES)
def test_rectangles_have_rings_wherever_a_cycle_exists(rows: int, cols: int) -> None:
    for s in {schedule(rows, cols), schedule(cols, rows)}:
        assert_sound(s)
        n = rows * cols
        assert s.n_dies == n
        if rows >= 2 and n % 2 == 0:
            assert (s.orchestration, s.split) == ("ring", 2)
            assert (s.peak_foreign_chunks, s.peak_buffer_chunks) == (1, 2)
            assert s.transfers_count == 2 * n * (n - 1)
        else:
            assert (s.orchestration, s.split) == ("relay", 1)
            assert s.peak_foreign_chunks == min(n - 1, 2)


@pytest.mark.parametrize(("rows", "cols"), [(1, 5), (2, 4), (3, 3), (5, 6)])
def test_one_chunk_runs_each_way_round(rows: int, cols: int) -> None:
    """The ring's definition: half of chunk i - t and the other half of i + t at round t."""
    s = schedule(rows, cols)
    if s.orchestration == "ring":
        for t in range(s.n_rounds):
            for die in range(s.n_dies):
                halves = {2 * ((die - t) % s.n_dies), 2 * ((die + t) % s.n_dies) + 1}
                assert set(s.compute[t, die].tolist()) == halves
    else:  # full speed from round 0: chunk j has reached die i by round |i - j|
        for die in range(s.n_dies):
            rounds = {part: t for _, part, t, _ in s.copies[s.copies[:, 0] == die][::-1].tolist()}
            assert rounds == {j: abs(die - j) - 1 for j in range(s.n_dies) if j != die}


def check_group(rows, cols, dead, broken, against_brute_force: bool) -> None:
    links = live_links(rows, cols, dead, broken)
    dies = [(r, c) for r in range(rows) for c in range(cols) if (r, c) not in dead]
    truth = exists_by_brute_force(dies, links) if against_brute_force else None
    try:
        s = schedule(rows, cols, dead, broken)
    except NoPlanError as error:
        assert truth is None or truth == (False, False)
        assert "\n" not in str(error)
        assert str(len(dies)) in str(error)
        return
    assert_sound(s, links)
    assert sorted(s.dies) == dies
    if truth is not None:
        assert truth[1] or len(dies) == 1
        assert (s.orchestration == "ring") == truth[0]
    if s.orchestration == "ring":
        assert (s.peak_foreign_chunks, s.peak_buffer_chunks) == (1, 2)
    else:
        assert s.peak_foreign_chunks <= 2
    assert schedule_group(dies, broken) == s


@given(faulty_meshes(3, 3, 4, 4))
@settings(max_examples=60)
def test_small_groups_agree_with_brute_force(mesh) -> None:
    rows, cols, dead, broken = mesh
    if rows * cols - len(dead) > 8:
        dead = [*dead, (rows - 1, cols - 1)] if (rows - 1, cols - 1) not in dead else dead
    check_group(rows, cols, dead, broken, against_brute_force=True)


@given(faulty_meshes(8, 8, 6, 8))
@example((4, 4, [(0, c) for c in range(4)], []))
@settings(max_examples=30)
def test_larger_groups_are_sound_or_refused(mesh) -> None:
    check_group(*mesh, against_brute_force=False)


def test_irregular_groups_have_rings_where_the_cycle_survives() -> None:
    ring = schedule(3, 3, dead=[(1, 1)])
    assert (ring.orchestration, ring.n_rounds) == ("ring", 8)
    assert_sound(ring)
    relay = schedule(3, 3, dead=[(1, 1)], dead_links=[((0, 0), (0, 1))])
    assert relay.orchestration == "relay"
    assert {relay.dies[0], relay.dies[-1]} == {(0, 0), (0, 1)}
    # Two dead dies of one colour leave 22 and 24: no path.  One of each leaves a ring.
    with pytest.raises(NoPlanError, match=r"2\d of these dies have one colour"):
        schedule(6, 8, dead=[(2, 2), (3, 3)])
    assert schedule(6, 8, dead=[(2, 2), (3, 4)]).orchestration == "ring"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((1, 3, [(0, 1)]), r"die \[0, \d\] is cut off"),
        ((2, 2, [], [((0, 0), (0, 1)), ((0, 0), (1, 0))]), r"die \[0, 0\] is cut off"),
        ((3, 3, [(0, 0), (0, 2), (2, 0), (2, 2)]), "have one live neighbour each"),
        ((1, 1, [(0, 0)]), "no die of this group is alive"),
        ((3, 3, [(0, 1)]), "chessboard"),
        ((2, 4, [], [((1, 1), (1, 2)), ((1, 2), (1, 3))]), r"without die \[0, 2\] .* 3 parts"),
        ((2, 4, [], [((0, 2), (0, 3)), ((1, 0), (1, 1))]), "a search through all of them"),
    ],
)  # fmt: skip
def test_a_group_without_cycle_and_path_says_why(arguments, reason: str) -> None:
    with pytest.raises(NoPlanError, match=reason) as caught:
        schedule(*arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((0, 3), "rows: found 0"),
        ((2, -1), "cols: found -1"),
        ((2.5, 1), "rows: found 2.5"),
        ((True, 1), "rows: found True"),
        ((2, 2, [(2, 0)]), r"dead die: found \[2, 0\], allowed: \[row, column\] inside 2 x 2"),
        ((2, 2, [(0, 0, 0)]), "dead die"),
        ((2, 2, [(0.0, 1)]), "dead die"),
        ((2, 2, [3]), r"dead die: found \[3\]"),
        ((2, 2, [], [((0, 0), (1, 1))]), "two neighbouring dies"),
        ((2, 2, [], [((0, 0), (0, 2))]), "dead link"),
        ((2, 2, [], [((0, 0),)]), "two neighbouring dies"),
        ((100_000, 100_000), "found 10000000000 live dies"),
    ],
)
def test_wrong_input_is_one_clear_line(arguments, found: str) -> None:
    with pytest.raises(InputError, match=found) as caught:
        schedule(*arguments)
    assert "\n" not in str(caught.value)


def test_a_second_question_is_answered_from_the_first() -> None:
    first = schedule(8, 8, dead=[(3, 3)])
    assert schedule(8, 8, dead=[(3, 3)]) is first
    dies = [(r, c) for r in range(2, 5) for c in range(3, 6)]
    moved = [(r + 1, c) for r, c in dies]
    assert schedule_group(dies) is schedule_group(reversed(dies))
    assert schedule_group(moved).transfers is schedule_group(dies).transfers


def test_a_group_may_lie_anywhere_and_over_wafers() -> None:
    corner = schedule_group([(4, 4), (4, 5), (5, 5)])
    assert corner.dies in (((4, 4), (4, 5), (5, 5)), ((5, 5), (4, 5), (4, 4)))
    assert schedule_group([(1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0)]).orchestration == "ring"
    joint = [(0, 0, 3), (1, 0, 0), (0, 1, 3), (1, 1, 0)]
    with pytest.raises(NoPlanError, match="cut off"):
        schedule_group(joint)
    across = schedule_group(joint, columns=4)
    assert across.orchestration == "ring"
    links = [(joint[0], joint[1]), (joint[2], joint[3]), (joint[0], joint[2]), (joint[1], joint[3])]
    assert_sound(across, links)
    with pytest.raises(InputError, match="listed twice"):
        schedule_group([(0, 0), (0, 1), (0, 0)])
    with pytest.raises(InputError, match=r"\(row, column\)"):
        schedule_group([(0, 0), (0, 0, 1)])
    with pytest.raises(InputError, match="written like those of the group"):
        schedule_group([(0, 0), (0, 1)], dead_links=[((0, 0, 0), (0, 0, 1))])
    with pytest.raises(InputError, match="found 1 dies, allowed: two"):
        schedule_group([(0, 0), (0, 1)], dead_links=[((0, 0),)])
    with pytest.raises(NoPlanError, match="cut off"):  # far apart, and answered at once
        schedule_group([(0, 0), (0, 1), (10**6, 10**6)])


def test_a_graph_need_not_be_a_mesh() -> None:
    triangle = schedule_graph(3, [(0, 1), (1, 2), (0, 2)])
    assert triangle.orchestration == "ring"
    assert_sound(triangle, [((0,), (1,)), ((1,), (2,)), ((0,), (2,))])
    star = [(0, 1), (0, 2), (0, 3)]
    with pytest.raises(NoPlanError, match="one live neighbour"):
        schedule_graph(4, star)
    with pytest.raises(InputError, match="edge"):
        schedule_graph(2, [(0, 2)])


@given(st.integers(1, 12), st.booleans())
@settings(max_examples=20)
def test_json_has_the_published_keys_and_comes_back(n: int, tall: bool) -> None:
    s = schedule(n, 2) if tall else schedule(1, n)
    document = json.loads(json.dumps(s.to_json()))
    assert list(document) == [
        "orchestration", "dies", "split", "rounds",
        "peak_foreign_chunks", "peak_buffer_chunks", "transfers",
    ]  # fmt: skip
    assert document["transfers"] == sum(len(r["transfers"]) for r in document["rounds"])
    assert all(set(r) == {"compute", "transfers"} for r in document["rounds"])
    assert all(len(r["compute"]) == s.n_parts for r in document["rounds"])
    assert Schedule.from_json(document) == s
    assert hash(Schedule.from_json(document)) == hash(s)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"split": 3}, "schedule.split: found 3"),
        ({"orchestration": "star"}, "schedule.orchestration: found 'star'"),
        ({"dies": [[0]]}, "schedule.dies"),
        ({"dies": None}, "schedule.dies: found None"),
        ({"rounds": [5]}, r"schedule.rounds\[0\]"),
        ({"rounds": [{"compute": [[0, 0], [0, 1]]}]}, "at most 1 parts each"),
        ({"rounds": [{"transfers": [[0, 1]]}]}, r"rounds\[0\].transfers: found \[0, 1\]"),
        ({"rounds": [{"transfers": [[0, 1, 2**40]]}]}, "whole numbers"),
        ({"peak_foreign_chunks": "2"}, "peak_foreign_chunks"),
    ],
)
def test_a_broken_document_names_its_key(change: dict, found: str) -> None:
    document = schedule(1, 2).to_json() | change
    with pytest.raises(InputError, match=found):
        Schedule.from_json(document)


def test_equal_schedules_are_equal_by_content() -> None:
    assert schedule(1, 4) == schedule_group([(0, 0), (0, 1), (0, 2), (0, 3)])
    assert schedule(1, 4) != schedule(4, 1)
    assert schedule(1, 4) != "schedule"
    assert len({schedule(1, 4), schedule_group([(0, c) for c in range(4)]), schedule(1, 5)}) == 2
    with pytest.raises(ValueError, match="read-only"):
        schedule(1, 4).compute[0, 0, 0] = 3


@given(faulty_meshes(4, 4, 3, 3))
@settings(max_examples=30)
def test_backwards_it_gathers_each_share_once(mesh) -> None:
    """The reduction: every die's share of a part reaches the owner exactly once."""
    try:
        s = schedule(*mesh)
    except NoPlanError:
        return
    flipped = reversed_in_time(s)
    assert (np.diff(flipped[:, 0]) >= 0).all()
    sums = np.zeros((s.n_dies, s.n_parts, s.n_dies), int)  # [at, part, contributor]
    for r in range(s.n_rounds):
        moves = flipped[flipped[:, 0] == r][:, 1:].tolist()
        sent = [sums[source, part].copy() for source, _, part in moves]
        for source, _, part in moves:
            sums[source, part] = 0
        for die in range(s.n_dies):
            for part in s.compute[s.n_rounds - 1 - r, die].tolist():
                sums[die, part, die] += 1
        for (_, target, part), partial in zip(moves, sent, strict=True):
            sums[target, part] += partial
    expected = np.zeros_like(sums)
    for part in range(s.n_parts):
        expected[part // s.split, part] = 1
    assert (sums == expected).all()


@given(faulty_meshes(5, 5, 3, 3))
@settings(max_examples=30)
def test_occupancy_peaks_are_the_reported_ones(mesh) -> None:
    try:
        s = schedule(*mesh)
    except NoPlanError:
        return
    held, arriving = buffer_occupancy(s)
    assert held.shape == arriving.shape == (s.n_rounds, s.n_dies)
    assert held.max() / s.split == s.peak_foreign_chunks
    assert (held + arriving).max() / s.split == s.peak_buffer_chunks
    assert held[0].sum() == 0 == arriving[-1].sum()
    assert arriving.sum() == s.transfers_count
    loads = round_loads(s)
    assert len(loads) == s.n_rounds
    again = [(t, a, b, p) for t, load in enumerate(loads) for a, b, p in zip(*load, strict=True)]
    assert (np.array(again).reshape(-1, 4) == s.transfers).all()


@given(
    st.integers(2, 20),
    st.floats(0, 1e-3),
    st.floats(0, 1e-3),
    st.floats(0, 1e-6),
)
@example(n=8, compute_s=1.0, transfer_s=0.0, latency_s=0.0)
def test_it_lasts_as_long_as_the_slower_of_compute_and_transfers(
    n: int, compute_s: float, transfer_s: float, latency_s: float
) -> None:
    line, ring = schedule(1, n), schedule(2, n)
    expected = (n - 1) * max(compute_s, transfer_s + latency_s) + compute_s
    assert duration_s(line, compute_s, transfer_s, latency_s) == pytest.approx(expected)
    half = (2 * n - 1) * max(compute_s, transfer_s / 2 + latency_s) + compute_s
    assert duration_s(ring, compute_s, transfer_s, latency_s) == pytest.approx(half)
