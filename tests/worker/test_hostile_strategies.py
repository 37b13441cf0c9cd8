"""Whatever a strategy does, the lane stays usable and the message names plugin, hook and fault."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

MOST_S = 2.0  # on a machine whose cores are its own

if TYPE_CHECKING:
    from tests.worker.conftest import Watched

HOSTILE = """
import os, signal, sys, time
from dataclasses import dataclass
import numpy as np
import tempstudio as ts

@dataclass(frozen=True)
class Options:
    pass

class Mapper:
    summary = "does harm"
    version = "3.1"
    Options = Options
    def __init__(self, name, harm):
        self.name, self._harm = name, harm
    def map(self, partition, machine, options, rng, progress):
        answer = self._harm(progress)
        return ts.Mapping((0, 1, 2, 3)) if answer is None else answer

def hog(progress):
    held = []
    while True:
        held.append(bytearray(50_000_000))

def hog_numpy(progress):
    return np.ones(400_000_000).sum()

def hang(progress):
    while True:
        time.sleep(0.01)

def fork_and_die(progress):
    if os.fork() == 0:
        time.sleep(60)  # keeps the socket open
    os.kill(os.getpid(), signal.SIGSEGV)

def close_everything(progress):
    os.closerange(3, 256)
    time.sleep(60)

def flood(progress):
    for i in range(3000):
        print("x" * 100)
        sys.stderr.write("y" * 100)

class Odd(BaseException):
    def __str__(self):
        raise RuntimeError("no text")

def odd(progress):
    raise Odd

HARMS = {
    "works": lambda p: None,
    "raises": lambda p: 1 / 0,
    "raises-odd": odd,
    "exits": lambda p: sys.exit("bye"),
    "os-exits": lambda p: os._exit(0),
    "segfaults": lambda p: os.kill(os.getpid(), signal.SIGSEGV),
    "aborts": lambda p: os.abort(),
    "forks": fork_and_die,
    "hangs-up": close_everything,
    "hogs": hog,
    "hogs-numpy": hog_numpy,
    "hangs": hang,
    "floods": flood,
    "writes-to-fds": lambda p: [os.write(f, b"garbage") for f in (1, 2)] and None,
    "returns-text": lambda p: "placement",
    "two-on-a-die": lambda p: ts.Mapping((0, 1, 1, 2)),
    "dead-die": lambda p: ts.Mapping((0, 1, 2, 5)),
    "no-such-die": lambda p: ts.Mapping((0, 1, 2, 6)),
    "too-few": lambda p: ts.Mapping((0, 1)),
    "nan-die": lambda p: ts.Mapping((0, 1, 2, float("nan"))),
    "recurses": lambda p: HARMS["recurses"](p),
}

@ts.hookimpl
def tempstudio_mappers():
    return [Mapper(name, harm) for name, harm in HARMS.items()]
"""


@pytest.fixture(scope="module")
def harmed(install: Callable[..., Path], watched: Callable[..., Watched]) -> Watched:
    install("hostile", HOSTILE)
    return watched(memory_bytes=10**9, stall_s=0.3, spare_delay_s=0.0)


@pytest.mark.parametrize(
    ("mapper", "said"),
    [
        ("raises", "ZeroDivisionError: division by zero"),
        ("raises-odd", "Odd: (its text cannot be read)"),
        ("exits", "SystemExit: bye"),
        ("os-exits", "ended the worker process (exit status 0)"),
        ("segfaults", "SIGSEGV"),
        ("aborts", "SIGABRT"),
        ("forks", "SIGSEGV"),
        ("hangs-up", "closed its connection"),
        ("hogs", "MemoryError (a worker may use 1 GB)"),
        ("hogs-numpy", "MemoryError"),
        ("returns-text", "returned str, expected Mapping"),
        ("two-on-a-die", "placed two ranks on die [0, 1]"),
        ("dead-die", "placed a rank on the dead die [1, 2]"),
        ("no-such-die", "placed a rank on die 6, of 6 dies"),
        ("too-few", "placed 2 ranks, expected 4"),
        ("nan-die", "a placement that is not a list of die numbers"),
        ("recurses", "RecursionError"),
    ],
)
def test_the_culprit_is_named_and_the_lane_goes_on(harmed: Watched, mapper: str, said: str) -> None:
    harmed.until(lambda: harmed.lanes.live.pid or harmed.lanes.spare_ready)
    started = time.perf_counter()
    message = harmed.ask("map", mapper=mapper)
    took_s = time.perf_counter() - started
    assert took_s < MOST_S * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)), took_s
    assert message.type == "failed" and message.header["kind"] == "fault"
    assert message.header["plugin"] == "hostile"
    assert message.header["hook"] == f"mapper {mapper!r}, map"
    assert said in message.header["message"]
    assert "\n" not in message.header["message"] and "hostile" in message.header["message"]
    again = harmed.ask("map", mapper="works")
    assert again.type == "done" and again.header["placement"] == [0, 1, 2, 3]


def test_a_crash_leaves_the_stack_of_where_it_was(harmed: Watched) -> None:
    trace = harmed.ask("map", mapper="segfaults").header["traceback"]
    assert trace.startswith("Fatal Python error: Segmentation fault")
    assert "hostile.py" in trace


def test_what_plugins_print_goes_to_the_log(harmed: Watched) -> None:
    harmed.messages.clear()
    assert harmed.ask("map", mapper="floods").type == "done"
    assert harmed.ask("map", mapper="writes-to-fds").type == "done"

    def log() -> str:
        return "".join(m.header["text"] for m in harmed.messages if m.type == "log")

    harmed.until(lambda: log().count("garbage") == 2)
    assert log().count("x" * 100) == 3000 and log().count("y" * 100) == 3000


def test_a_hang_is_named_and_cancel_ends_it(harmed: Watched) -> None:
    number = harmed.lanes.live.submit("map", {"mapper": "hangs"})
    harmed.until(lambda: harmed.of(number, "stalled"))
    stalled = harmed.of(number, "stalled")[0].header
    assert (stalled["plugin"], stalled["hook"]) == ("hostile", "mapper 'hangs', map")
    assert "has not reported" in stalled["message"]
    pid = harmed.lanes.live.pid
    harmed.lanes.live.cancel()
    ended = harmed.lanes.wait(number)
    assert ended.header["kind"] == "cancelled"
    assert harmed.lanes.live.state == "idle"
    harmed.until(lambda: pid not in harmed.lanes.pids)
    assert harmed.ask("map", mapper="works").type == "done"
