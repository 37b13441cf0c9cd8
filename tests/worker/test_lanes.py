"""Lanes: who wins, what is kept, how cancel ends, and that nothing late or foreign gets through."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tempstudio.lanes import WorkerSettings

if TYPE_CHECKING:
    from tests.worker.conftest import Watched


@pytest.fixture(scope="module")
def studio(watched: Callable[..., Watched]) -> Watched:
    return watched(spare_delay_s=0.0)


def ends(studio: Watched, number: int) -> list[str]:
    return [m.type for m in studio.messages if m.id == number and m.ends]


def test_headers_and_arrays_cross_both_ways(studio: Watched) -> None:
    x = np.arange(100_000, dtype=np.float64)
    number = studio.lanes.live.submit("echo", {"text": "gruß"}, {"x": x, "flags": x[:3] > 1})
    assert studio.lanes.wait(number).header["text"] == "gruß"
    arrays = studio.of(number, "plan")[0].arrays
    np.testing.assert_array_equal(arrays["x"], 2 * x)
    assert arrays["flags"].dtype == np.int64 or arrays["flags"].dtype == bool


def test_a_worker_stays_with_its_lane(studio: Watched) -> None:
    first = studio.ask("echo", text="").header["pid"]
    assert studio.ask("echo", text="").header["pid"] == first != os.getpid()


def test_verdicts_keep_their_kind(studio: Watched) -> None:
    for kind in ("input", "noplan"):
        header = studio.ask("refuse", kind=kind).header
        assert (header["kind"], header["message"]) == (kind, "one line")
    unknown = studio.ask("no such verb")
    assert unknown.header["kind"] == "fault" and "no such verb" in unknown.header["message"]
    nonsense = studio.ask("nan").header
    assert nonsense["kind"] == "fault" and "JSON" in nonsense["message"]


def test_the_newest_live_request_wins(studio: Watched) -> None:
    live = studio.lanes.live
    old = [live.submit("plans", {"count": 1, "deaf": False}) for _ in range(5)]
    studio.lanes.poll()
    newest = live.submit("echo", {"text": "newest"})
    assert studio.lanes.wait(newest).header["text"] == "newest"
    for number in old:
        assert ends(studio, number) == ["failed"]
        assert studio.of(number, "failed")[0].header["kind"] == "cancelled"
    last = studio.messages[-1]
    studio.until(lambda: live.state == "idle")
    assert studio.messages[-1] is last or studio.messages[-1].id not in old


def test_a_deaf_search_is_killed_and_its_plans_are_kept(studio: Watched) -> None:
    search = studio.lanes.search
    number = search.submit("plans", {"count": 7, "deaf": True})
    studio.until(lambda: len(studio.of(number, "plan")) == 7)
    pid = search.pid
    search.cancel()
    assert search.state == "cancelling"
    assert studio.lanes.wait(number).header["kind"] == "cancelled"
    assert search.state == "idle"
    studio.until(lambda: pid not in studio.lanes.pids)
    kept = studio.of(number, "plan")
    assert [int(m.arrays["x"][0]) for m in kept] == list(range(7))
    studio.ask("echo", text="the other lane lives")


def test_a_search_that_listens_keeps_its_worker(studio: Watched) -> None:
    search = studio.lanes.search
    first = studio.lanes.wait(search.submit("echo", {"text": ""})).header["pid"]
    number = search.submit("plans", {"count": 1, "deaf": False})
    studio.until(lambda: studio.of(number, "progress"))
    search.cancel()
    assert studio.lanes.wait(number).header["kind"] == "cancelled"
    assert studio.lanes.wait(search.submit("echo", {"text": ""})).header["pid"] == first


def test_one_search_waits_and_a_newer_one_replaces_it(studio: Watched) -> None:
    search = studio.lanes.search
    running = search.submit("plans", {"count": 1, "deaf": False})
    studio.until(lambda: studio.of(running, "plan"))
    waiting = search.submit("echo", {"text": "replaced"})
    newer = search.submit("echo", {"text": "runs next"})
    studio.lanes.poll()
    assert ends(studio, waiting) == ["failed"] and ends(studio, running) == []
    search.cancel()
    studio.until(lambda: ends(studio, running) and ends(studio, newer))
    assert search.state == "idle"


def test_a_killed_worker_is_replaced(studio: Watched) -> None:
    pid = studio.ask("echo", text="").header["pid"]
    os.kill(pid, signal.SIGKILL)  # while idle: nobody has to be told
    assert studio.ask("echo", text="again").header["pid"] != pid
    number = studio.lanes.live.submit("plans", {"count": 1, "deaf": True})
    studio.until(lambda: studio.of(number, "plan"))
    os.kill(studio.lanes.live.pid, signal.SIGKILL)
    header = studio.lanes.wait(number).header
    assert header["kind"] == "fault" and "SIGKILL" in header["message"]
    assert (header["plugin"], header["hook"]) == ("some-plugin", "solve")


def test_bytes_that_are_no_message_end_the_worker_only(studio: Watched) -> None:
    assert studio.ask("bare").header["kind"] == "fault"
    assert studio.ask("echo", text="on").header["text"] == "on"


def test_the_descriptor_never_changes_and_poll_never_waits(studio: Watched) -> None:
    before = studio.lanes.fileno()
    number = studio.lanes.live.submit("plans", {"count": 1, "deaf": True})
    studio.until(lambda: studio.of(number, "plan"))
    assert studio.lanes.wait_s() <= 0.1
    studio.lanes.live.cancel()
    assert studio.lanes.wait_s() <= studio.lanes._pool.settings.cancel_limit_s
    studio.lanes.wait(number)
    assert studio.lanes.fileno() == before


def test_reload_starts_afresh(watched: Callable[..., Watched]) -> None:
    studio = watched()
    pid = studio.ask("echo", text="").header["pid"]
    running = studio.lanes.live.submit("plans", {"count": 1, "deaf": False})
    studio.until(lambda: studio.of(running, "plan"))
    studio.lanes.reload(WorkerSettings(verbs="fake_verbs", safe_mode=True))
    studio.until(lambda: ends(studio, running))
    assert studio.ask("echo", text="").header["pid"] != pid
    assert pid not in studio.lanes.pids


def test_a_worker_that_cannot_start_says_so(watched: Callable[..., Watched]) -> None:
    studio = watched(verbs="no_such_module")
    message = studio.ask("echo", text="")
    assert message.header["kind"] == "fault"
    assert "does not start" in message.header["message"]
    assert "no_such_module" in message.header["message"]


def test_workers_end_with_the_window(site: Path) -> None:
    import subprocess
    import sys

    script = (
        "import os, sys\n"
        "from tempstudio.lanes import Lanes, WorkerSettings\n"
        "lanes = Lanes(lambda m: None, WorkerSettings(verbs='fake_verbs'))\n"
        "pid = lanes.wait(lanes.live.submit('echo', {'text': ''})).header['pid']\n"
        "lanes.live.submit('plans', {'count': 1, 'deaf': True}); lanes.poll(); lanes.pause(1)\n"
        "print(pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    pid = int(done.stdout)
    for _ in range(100):
        if not _alive(pid):
            return
        os.sched_yield()
        signal.sigtimedwait([], 0.05)
    raise AssertionError("the worker outlived its window")


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
