"""A search can be watched as it goes: what was seen only grows, and stopping still stops it."""

from __future__ import annotations

from itertools import pairwise

import pytest

import tempstudio as ts
from tempstudio.core.pipeline import run
from tempstudio.core.progress import Cancelled, Progress
from tempstudio.core.run import Search
from tempstudio.plugin_guard import choose
from tempstudio.plugin_host import shared_host


def test_what_was_seen_grows_to_what_the_run_tells() -> None:
    project = ts.Project(
        machine=ts.Wafer(rows=2, cols=2),
        model=ts.load_model("qwen2-0.5b"),
        job=ts.TrainingJob(global_batch=4, seq_len=512),
    )
    seen: list[Search] = []
    found = run(
        project, choose(shared_host(), project), None, None, lambda look: seen.append(look())
    )
    assert len(seen) > 1
    counts = [search.evaluations for search in seen]
    assert counts == sorted(counts) and counts[-1] <= found.search.evaluations
    assert all(len(a.trace) <= len(b.trace) for a, b in pairwise(seen))
    known = {entry.candidate for entry in found.search.candidates}
    assert {entry.candidate for entry in seen[-1].candidates} <= known


def test_a_watched_progress_still_reports_and_stops() -> None:
    told: list[float] = []
    looks: list[None] = []
    stop = False
    progress = Progress(lambda fraction, _: told.append(fraction), lambda: stop)
    watched = progress.watched(lambda: looks.append(None))
    watched.part(0.5, 1.0).step(0.5)
    assert told == [0.75] and len(looks) == 1
    stop = True
    with pytest.raises(Cancelled):
        watched.step(0.9)
    with pytest.raises(Cancelled):
        watched.silent().step(0.9)
