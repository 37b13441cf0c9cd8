"""What every plugin must keep, as checks for your own pytest and for `tempstudio plugins check`.

    from tempstudio import conformance

    @pytest.mark.parametrize("check", conformance.checks("mapper"), ids=str)
    def test_conformance(check):
        check(MyMapper())

A check raises `Broken` (an `AssertionError`) with one line that says what was wrong.

>>> [str(check) for check in checks("reader")]
['description', 'options', 'broken files']
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tempstudio.conformance import (
    exporters,
    mappers,
    options,
    panels,
    partitioners,
    readers,
    solvers,
)
from tempstudio.conformance.check import Broken as Broken
from tempstudio.conformance.check import Check as Check
from tempstudio.conformance.check import Finding as Finding
from tempstudio.conformance.readers import check_model as check_model
from tempstudio.conformance.settings import SMALL_JOB as SMALL_JOB
from tempstudio.conformance.settings import small_model as small_model
from tempstudio.conformance.settings import small_run as small_run
from tempstudio.core.errors import InputError

_OWN = {
    "partitioner": partitioners.CHECKS,
    "mapper": mappers.CHECKS,
    "solver": solvers.CHECKS,
    "reader": readers.CHECKS,
    "exporter": exporters.CHECKS,
    "panel": panels.CHECKS,
}
KINDS = tuple(_OWN)


def checks(kind: str) -> tuple[Check, ...]:
    """The checks for a kind: partitioner, mapper, solver, reader, exporter or panel."""
    if kind not in _OWN:
        raise InputError(f"kind: found {kind!r}, allowed: {', '.join(KINDS)}")
    common = options.CHECKS if kind != "panel" else options.CHECKS[:1]
    return tuple(Check(kind, name, about, run) for name, about, run in (*common, *_OWN[kind]))


def examine(kind: str, strategy: Any) -> Iterator[Finding]:
    """What each check found, one by one; an object that is none of its kind ends it at once."""
    for check in checks(kind):
        finding = check.examine(strategy)
        yield finding
        if check.name == "description" and not finding.passed:
            return
