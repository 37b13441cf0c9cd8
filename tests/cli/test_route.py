"""`route`: explicit flows, from a file or from stdin."""

from __future__ import annotations

import io
import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Run

FLOWS = {
    "machine": {"kind": "wafer", "rows": 3, "cols": 4, "dead_links": [[[0, 0], [0, 1]]]},
    "flows": [
        {"source": [0, 0], "target": [2, 3], "bytes": 1e9},
        {"source": [2, 0], "target": [0, 3], "bytes": 2e9},
        {"source": [1, 1], "targets": [[0, 3], [2, 3], [2, 0]], "bytes": 1e9},
    ],
}


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    path = tmp_path / "flows.json"
    path.write_text(json.dumps(FLOWS))
    return path


def loads(document: dict[str, Any]) -> dict[tuple[tuple[int, ...], tuple[int, ...]], float]:
    """Bytes over each directed link, counted from the routes and trees of the document."""
    found: dict[Any, float] = {}
    for asked, flow in zip(FLOWS["flows"], document["flows"], strict=True):  # type: ignore[call-overload]
        for route in flow.get("routes", []):
            for a, b in pairwise(route["path"]):
                key = tuple(a), tuple(b)
                found[key] = found.get(key, 0.0) + route["fraction"] * asked["bytes"]
        for tree in flow.get("trees", []):
            for a, b in tree["edges"]:
                key = tuple(a), tuple(b)
                found[key] = found.get(key, 0.0) + tree["fraction"] * asked["bytes"]
    return found


@pytest.mark.parametrize("words", [[], ["--single-path"], ["--mapper", "sequential"]])
def test_the_document_adds_up(cli: Run, flows: Path, words: list[str]) -> None:
    outcome = cli("route", flows, "--json", *words)
    assert (outcome.status, outcome.err) == (0, "")
    document = outcome.document
    assert {"max_link_bytes", "bound_bytes", "time_s", "contention_factor", "flows"} <= set(
        document
    )
    carried = loads(document)
    assert max(carried.values()) == pytest.approx(document["max_link_bytes"])
    assert document["max_link_bytes"] >= document["bound_bytes"] * (1 - 1e-6)
    assert document["time_s"] >= document["max_link_bytes"] / 4e12
    for a, b in carried:
        assert abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1
        assert {a, b} != {(0, 0), (0, 1)}
    for asked, flow in zip(FLOWS["flows"], document["flows"], strict=True):  # type: ignore[call-overload]
        ways = flow.get("routes") or flow["trees"]
        assert sum(way["fraction"] for way in ways) == pytest.approx(1)
        assert len(ways) <= (1 if words else 4)
        if "target" in asked:
            assert {tuple(way["path"][0]) for way in ways} == {tuple(asked["source"])}
            assert {tuple(way["path"][-1]) for way in ways} == {tuple(asked["target"])}


def test_from_stdin_it_is_the_same(cli: Run, flows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.TextIOWrapper(io.BytesIO(flows.read_bytes()))
    from_file = cli("route", flows, "--json").document
    monkeypatch.setattr(sys, "stdin", text)
    assert cli("route", "-", "--json").document["bound_bytes"] == from_file["bound_bytes"]


def test_people_read_one_line(cli: Run, flows: Path) -> None:
    out = cli("route", flows).out
    assert out.startswith("3 flows: the busiest link carries ")
    assert "times the bound" in out


BROKEN = {
    "[]": "expected",
    '{"flows": 3}': "flows",
    '{"machine": {"rows": 0}, "flows": []}': "rows",
    '{"machine": {"rows": 2, "cols": 2}, "flows": [{"source": [0, 0], "bytes": 1}]}': "flows[0]",
    '{"machine": {"rows": 2, "cols": 2}, "flows": [{"source": [0, 9], "target": [0, 1], '
    '"bytes": 1}]}': "flows[0].source",
    '{"machine": {"rows": 2, "cols": 2}, "flows": [{"source": [0, 0], "target": [0, 1], '
    '"bytes": -1}]}': "flows[0].bytes",
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_file_is_one_line(cli: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "f.json").write_text(text)
    outcome = cli("route", "f.json", "--json")
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.complaint.startswith("f.json: ")
    assert BROKEN[text] in outcome.complaint


def test_an_unknown_mapper_is_refused(cli: Run, flows: Path) -> None:
    outcome = cli("route", flows, "--mapper", "foo")
    assert outcome.status == 2
    assert outcome.complaint.startswith("--mapper: found 'foo'")


def test_a_key_of_the_machine_that_is_not_read_is_told(cli: Run, tmp_path: Path) -> None:
    path = tmp_path / "typing.json"
    machine = {"rows": 2, "cols": 2, "colz": 3, "die": {"HBM": 1}}
    path.write_text(json.dumps({"machine": machine, "flows": [
        {"source": [0, 0], "target": [1, 1], "bytes": 1}]}))  # fmt: skip
    done = cli("route", str(path), "--json")
    assert done.status == 0
    assert done.err.strip().endswith("machine: not known and passed over: colz, die.HBM")
