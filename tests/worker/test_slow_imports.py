"""A plugin that only takes its time is there in the end, whatever others do meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tests.worker.test_hostile_imports import good

if TYPE_CHECKING:
    from tests.worker.conftest import Watched


def test_another_may_end_the_worker_that_waits_for_it(
    install: Callable[..., Path], watched: Callable[..., Watched]
) -> None:
    install("a-slow", "import time; time.sleep(1.0)\n" + good("slow"))
    install("e-vanish", good("vanish", "import os; os._exit(7)"))
    studio = watched(stall_s=0.4, import_limit_s=3.0)

    def mappers() -> list[str]:
        told = [m.header["catalogue"] for m in studio.messages if m.type == "catalogue"]
        return [offer["name"] for offer in told[-1]["kinds"]["mapper"]] if told else []

    studio.until(lambda: "slow" in mappers())
    failed = [m.header["plugin"] for m in studio.messages if m.type == "plugin_failed"]
    assert failed == ["e-vanish"]
