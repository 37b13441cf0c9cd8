"""The rings that the relay competes with, counted honestly."""

from __future__ import annotations

import pytest

from tempstudio.core.streaming import duration_s, schedule, verify
from tempstudio.core.streaming.rivals import Rival, folded_ring, naive_ring


def ring_links(rival: Rival) -> list:
    dies = rival.schedule.dies
    return [(dies[k], dies[(k + 1) % len(dies)]) for k in range(len(dies))]


@pytest.mark.parametrize("n", [*range(2, 12), 33])
@pytest.mark.parametrize("make", [naive_ring, folded_ring])
def test_they_are_valid_but_for_their_long_steps(make, n: int) -> None:
    rival = make(n)
    assert verify(rival.schedule, ring_links(rival)) == []
    assert rival.schedule.n_rounds == n
    assert sorted(rival.schedule.dies) == [(0, c) for c in range(n)]
    assert (rival.schedule.peak_foreign_chunks, rival.schedule.peak_buffer_chunks) == (
        1,
        min(n, 3) - 1,
    )
    # One chunk a link a round in both: the relay's bandwidth.
    assert rival.link_loads().max() == 1
    assert rival.link_loads().sum() == rival.link_transfers


def test_hops_are_those_of_the_line() -> None:
    assert [naive_ring(n).max_hops for n in (1, 2, 3, 8, 64)] == [0, 1, 2, 7, 63]
    assert [folded_ring(n).max_hops for n in (1, 2, 3, 8, 64)] == [0, 1, 2, 2, 2]
    # A ring on a line of n dies crosses each of its n - 1 links once each way in every round.
    for n in (2, 5, 8):
        for rival in (naive_ring(n), folded_ring(n)):
            assert rival.link_transfers == 2 * (n - 1) ** 2


def test_where_latency_counts_the_relay_wins_and_else_they_tie() -> None:
    n, compute_s, transfer_s, latency_s = 16, 0.0, 1e-6, 2e-7
    relay = duration_s(schedule(1, n), compute_s, transfer_s, latency_s)
    folded = folded_ring(n).duration_s(compute_s, transfer_s, latency_s)
    naive = naive_ring(n).duration_s(compute_s, transfer_s, latency_s)
    assert relay == pytest.approx((n - 1) * 1.2e-6)
    assert folded == pytest.approx((n - 1) * 1.4e-6)
    assert naive == pytest.approx((n - 1) * (1e-6 + 15 * 2e-7))
    hidden = [
        rival.duration_s(1e-3, transfer_s, latency_s) for rival in (naive_ring(n), folded_ring(n))
    ]
    assert hidden == pytest.approx([n * 1e-3] * 2)
