"""A plugin that breaks while it is loaded is named and left out; everything else is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.worker.conftest import Watched

GOOD = """
from dataclasses import dataclass
import tempstudio as ts

@dataclass(frozen=True)
class Options:
    pass

class Mapper:
    name, summary, version, Options = "NAME", "places", "1", Options
    def map(self, partition, machine, options, rng, progress):
        return ts.Mapping(tuple(range(partition.degrees.size)))

@ts.hookimpl
def tempstudio_mappers():
    PRELUDE
    return [Mapper()]
"""


def good(name: str, prelude: str = "pass") -> str:
    return GOOD.replace("NAME", name).replace("PRELUDE", prelude)


def test_each_culprit_is_left_out_by_name(
    install: Callable[..., Path], watched: Callable[..., Watched]
) -> None:
    install("a-crash", "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)")
    install("b-hang", "import time\nwhile True: time.sleep(0.01)")
    install("c-exit", "import sys\nsys.exit(3)")
    install("d-raise", "raise RuntimeError('broken on purpose')")
    install("e-vanish", good("vanish", "import os; os._exit(7)"))
    install("f-good", good("good"))
    install("g-slow", "import time; time.sleep(1.0)\n" + good("slow"))
    studio = watched(stall_s=0.4, import_limit_s=3.0)
    message = studio.ask("map", mapper="good")
    assert message.type == "done"

    def told(kind: str) -> dict[str, str]:
        return {m.header["plugin"]: m.header["message"] for m in studio.messages if m.type == kind}

    studio.until(lambda: len(told("plugin_failed")) == 3)
    failed = told("plugin_failed")
    assert "a-crash, import of a_crash: crashed the worker process: SIGSEGV" in failed["a-crash"]
    assert "b-hang, import of b_hang: did not come back within 3 s" in failed["b-hang"]
    assert "e-vanish, tempstudio_mappers: ended the worker process" in failed["e-vanish"]
    # Named while it hung, long before it was given up; the slow one only took its time.
    assert {"b-hang", "g-slow"} <= set(told("stalled"))

    def catalogue() -> dict[str, list[str]]:
        latest = [m for m in studio.messages if m.type == "catalogue"][-1].header["catalogue"]
        return {
            "mappers": [offer["name"] for offer in latest["kinds"]["mapper"]],
            "on": [p["name"] for p in latest["plugins"] if p["state"] == "on"],
            "failed": sorted(failure["plugin"] for failure in latest["failures"]),
        }

    studio.until(lambda: {"good", "slow"} <= set(catalogue()["mappers"]))
    now = catalogue()
    assert {"tempstudio", "f-good", "g-slow"} <= set(now["on"])
    assert now["failed"] == ["a-crash", "b-hang", "c-exit", "d-raise", "e-vanish"]
    assert studio.ask("map", mapper="slow").header["placement"] == [0, 1, 2, 3]


def test_safe_mode_and_disabling_load_none_of_it(watched: Callable[..., Watched]) -> None:
    safe = watched(safe_mode=True).ask("host")
    assert safe.header["plugins"]["tempstudio"] == "on"
    assert safe.header["plugins"]["f-good"] == "left out"
    assert "good" not in safe.header["mappers"] and safe.header["failures"] == []
    broken = ("a-crash", "b-hang", "c-exit", "d-raise", "e-vanish", "g-slow")
    some = watched(disabled=broken).ask("host")
    assert some.header["plugins"]["a-crash"] == "disabled"
    assert "good" in some.header["mappers"] and some.header["failures"] == []
