"""What cannot be planned is refused in one line that says what is allowed: status 2 or 3."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Run

CUT = json.dumps([[0, 1], [1, 1], [2, 1]])
WRONG = {
    "more degrees than dies": (
        ["--parallel", "dp=2,tp=2,stream=2"],
        2,
        "dp 2 x tp 2 x stream 2 = 8 dies, allowed: at most the 4 that work",
    ),
    "heads not divisible by tp": (
        ["--parallel", "tp=3"],
        2,
        "parallel.tp: found 3, allowed: divisors of the 4 attention heads (1, 2, 4)",
    ),
    "heads of one operator": (
        ["--machine", "1x3", "--parallel", "stream=3,attention.core:tp=3"],
        2,
        "attention.core.tp: found 3, allowed: divisors of the 4 attention heads",
    ),
    "a mesh cut in two": (
        ["--machine", "3x3", "--set", f"machine.dead_dies={CUT}", "--parallel", "dp=4"],
        3,
        "the mesh is cut into parts of 3, 3 dies: no part holds the 4 dies",
    ),
    "more wafers than layers": (
        ["--wafers", "9"],
        3,
        "layers of the model: found 2, allowed: at least 9",
    ),
    "no die that works": (
        ["--machine", "1x2", "--set", "machine.dead_dies=[[0, 0], [0, 1]]"],
        3,
        "working dies: found 0, allowed: at least one a wafer",
    ),
    "model chunks without a pipeline": (
        ["--parallel", "interleave=2"],
        2,
        "parallel.interleave: found 2, allowed: 1 where pp is 1",
    ),
    "no bandwidth": (
        ["--set", "machine.link.GBps=0", "--parallel", "stream=4"],
        2,
        "machine.link.GBps: found 0, allowed",
    ),
    "no bandwidth to memory": (
        ["--set", "machine.die.HBM_GBps=0", "--parallel", "stream=4"],
        2,
        "machine.die.HBM_GBps: found 0, allowed",
    ),
    "negative latency": (
        ["--set", "machine.link.latency_ns=-1", "--parallel", "stream=4"],
        2,
        "machine.link.latency_ns: found -1, allowed",
    ),
    "a model that cannot fit": (
        ["--set", "machine.die.HBM_GB=0.001", "--parallel", "stream=4"],
        3,
        "does not fit: die 0,0 needs ",
    ),
    "a stage for every half layer": (
        ["--parallel", "pp=4", "--machine", "2x2"],
        2,
        "parallel.pp: found 4, allowed: at most 2 (the model's layers)",
    ),
    "experts that are not there": (
        ["--parallel", "dp=4,ep=2"],
        2,
        "parallel.ep: found 2, allowed: 1 (the model has no experts)",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_one_line_says_what_is_wrong_and_what_is_allowed(
    cli: Run, tiny: list[str], case: str
) -> None:
    words, status, line = WRONG[case]
    outcome = cli("run", *tiny, *words)
    assert outcome.status == status
    assert line in outcome.complaint
    assert "Traceback" not in outcome.err


def numbers(value: Any) -> list[float]:
    """Every number of a document."""
    if isinstance(value, dict):
        return [number for item in value.values() for number in numbers(item)]
    if isinstance(value, list):
        return [number for item in value for number in numbers(item)]
    return [value] if isinstance(value, (int, float)) else []


def test_a_plan_that_cannot_fit_is_shown_whole(cli: Run, tiny: list[str]) -> None:
    words, status, _ = WRONG["a model that cannot fit"]
    outcome = cli("run", *tiny, *words, "--json")
    assert outcome.status == status
    assert outcome.document["fits"] is False
    assert outcome.document["memory_bytes"]["peak"] > outcome.document["memory_bytes"]["capacity"]
    found = numbers({k: v for k, v in outcome.document.items() if k != "search"})
    assert all(math.isfinite(number) and number >= 0 for number in found)
