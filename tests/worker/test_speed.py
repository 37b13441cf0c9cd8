"""How long workers take to start, to answer and to go; printed by `make bench`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from tests.worker.conftest import Watched

pytestmark = pytest.mark.bench


def test_worker_times(watched: Callable[..., Watched]) -> None:
    started = time.perf_counter()
    studio = watched(verbs="tempstudio.verbs", spare_delay_s=0.0)
    constructed_s = time.perf_counter() - started
    studio.ask("catalogue")
    first_s = time.perf_counter() - started
    trips = []
    for _ in range(20):
        started = time.perf_counter()
        studio.ask("catalogue")
        trips.append(time.perf_counter() - started)
    print(
        f"\nworker: constructor {1e3 * constructed_s:.1f} ms, plugins loaded and first answer "
        f"{first_s:.2f} s, round trip {1e3 * statistics.median(trips):.1f} ms"
    )


def test_cancel_times(watched: Callable[..., Watched]) -> None:
    studio = watched(spare_delay_s=0.0)
    deaf, listening, respawned = [], [], []
    for i in range(10):
        is_deaf = i % 2 == 0
        number = studio.lanes.search.submit("plans", {"count": 1, "deaf": is_deaf})
        studio.until(lambda number=number: studio.of(number, "plan"))  # type: ignore[misc]
        studio.until(lambda: studio.lanes.spare_ready)
        pid = studio.lanes.search.pid
        started = time.perf_counter()
        studio.lanes.search.cancel()
        studio.lanes.wait(number)
        (deaf if is_deaf else listening).append(time.perf_counter() - started)
        if is_deaf:
            studio.until(lambda pid=pid: pid not in studio.lanes.pids)  # type: ignore[misc]
            gone_s = time.perf_counter() - started
            assert gone_s < 1.0
            again = time.perf_counter()
            studio.lanes.wait(studio.lanes.search.submit("echo", {"text": ""}))
            respawned.append(time.perf_counter() - again)
    print(
        f"\ncancel: {1e3 * max(deaf):.0f} ms at most when deaf (killed), "
        f"{1e3 * max(listening):.0f} ms when listening; next request after a kill "
        f"{1e3 * statistics.median(respawned):.0f} ms"
    )


def test_large_plans_cross_in_small_pieces(watched: Callable[..., Watched]) -> None:
    studio = watched()
    array = np.zeros(2_500_000)
    studio.ask("echo", text="")
    number = studio.lanes.live.submit("echo", {"text": ""}, {"x": array})
    turns, started = [], time.perf_counter()
    while not studio.of(number, "done"):
        studio.lanes.pause(0.1)
        turn = time.perf_counter()
        studio.lanes.poll()
        turns.append(time.perf_counter() - turn)
    whole_s = time.perf_counter() - started
    print(
        f"\n20 MB there and back: {whole_s:.2f} s in {len(turns)} turns, "
        f"the longest {1e3 * max(turns):.1f} ms"
    )
