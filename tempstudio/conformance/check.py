"""One thing to check, and what was found."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tempstudio.core.plan_check import PlanFault
from tempstudio.plugin_guard import PluginFault
from tempstudio.plugin_host.offers import Offer, Plugin, checked_offer, one_line

Examination = Callable[[Offer], str]


class Broken(AssertionError):
    """A rule is broken: one line that says which, and where."""


@dataclass(frozen=True)
class Finding:
    """What came of one check: a line, and the traceback where the plugin raised."""

    check: Check
    passed: bool
    message: str
    seconds: float
    traceback: str = ""


@dataclass(frozen=True)
class Check:
    """A rule for one kind of plugin object; call it with such an object.

    `about` says the rule in one line; `run` returns a line on what was tried, or raises.
    """

    kind: str
    name: str
    about: str
    run: Examination

    def __str__(self) -> str:
        return self.name

    def __call__(self, strategy: Any) -> None:
        """Raise `Broken` with one line where the rule is broken."""
        finding = self.examine(strategy)
        if not finding.passed:
            raise Broken(f"{self.kind} {self.name}: {finding.message}\n{finding.traceback}".strip())

    def examine(self, strategy: Any) -> Finding:
        """Try it, and tell what was found."""
        started = time.perf_counter()
        message, trace = "", ""
        passed = False
        try:
            message = self.run(_offer(self.kind, strategy))
            passed = True
        except Broken as broken:
            message = str(broken)
        except (PluginFault, PlanFault) as fault:
            message = getattr(fault, "message", str(fault))
            trace = getattr(fault, "traceback", "")
        except Exception as error:  # noqa: BLE001 - whatever it raises is what was found
            message, trace = f"raised {one_line(error)}", traceback.format_exc()
        return Finding(self, passed, message, time.perf_counter() - started, trace)


def _offer(kind: str, strategy: Any) -> Offer:
    if isinstance(strategy, Offer):
        return strategy
    try:
        return checked_offer(kind, strategy, Plugin("under-test", "0"))
    except Exception as error:
        raise Broken(one_line(error)) from error
