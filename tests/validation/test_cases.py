"""Every case that comes with the program holds, whatever it is called; a wrong figure does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tempstudio.validation import validate
from tempstudio.validation.case import Case
from tempstudio.validation.case_files import read_cases
from tempstudio.validation.kinds import case_rows
from tempstudio.validation.row import Row

Cases = Callable[[str], list[Case]]
QUICK = ["memory_cases.json", "collective_cases.json", "hf_configs"]
NETWORK = ["network_cases.json", "routing_cases.json"]


def rows_of(cases: list[Case]) -> list[Row]:
    return [row for case in cases for row in case_rows(case)]


@pytest.mark.parametrize("name", QUICK + NETWORK)
def test_all_rows_that_are_held_hold(name: str, cases_of: Cases) -> None:
    cases = cases_of(name)
    rows = rows_of(cases)
    assert [row.document() for row in rows if row.passed is False] == []
    assert sum(row.passed is True for row in rows) >= len(cases)
    assert all(row.source for row in rows)


def changed(case: Case, keys: tuple[str, ...]) -> Iterator[Case]:
    """The case with one of its published numbers changed, for each of these keys."""
    for key in keys:
        value = case.document.get(key)
        if isinstance(value, (int, float)):
            other = value * 2 if isinstance(value, int) else value * 1.1
            yield replace(case, document={**case.document, key: other})


@pytest.mark.parametrize("name", ["memory_cases.json", "collective_cases.json", "hf_configs"])
def test_a_published_figure_that_is_wrong_fails(name: str, cases_of: Cases) -> None:
    bounds = ("allgather_time_LB_in_S_over_B", "allreduce_LB_in_S_over_B", "directed_links")
    tried = 0
    for case in cases_of(name):
        for wrong in changed(case, ("expected", "_published_params", *bounds)):
            assert any(row.passed is False for row in case_rows(wrong)), case.where
            tried += 1
    assert tried >= 5


def test_a_case_is_known_by_its_fields_not_by_its_name(cases_of: Cases) -> None:
    for name in (*QUICK, "network_cases.json"):
        cases = cases_of(name)
        renamed = [
            replace(c, document={**c.document, "id": f"case {i}"}) for i, c in enumerate(cases)
        ]
        before, after = rows_of(cases), rows_of([replace(c, siblings=renamed) for c in renamed])
        assert [row.computed for row in before] == [row.computed for row in after]


def test_other_sizes_of_the_same_kinds(case_with: Callable[..., Case]) -> None:
    """Figures worked out by hand for sizes that no case of ours has."""
    s, b, h, a, t = 1024, 2, 1024, 16, 4
    layer = case_with(
        formula="sbh(10+24/t+5as/(ht))",
        inputs={"s": s, "b": b, "h": h, "a": a, "t": t},
        expected=s * b * h * (10 + 24 / t + 5 * a * s / (h * t)),
        unit="bytes",
        rel_tol=1e-9,
    )
    states = case_with(
        inputs={"params_billion": 3.0, "dp": 8},
        expected={"stage1": 2 * 3 + 2 * 3 + 12 * 3 / 8, "stage3": 16 * 3 / 8},
        unit="GB",
        rel_tol=1e-9,
    )
    wafer = case_with(
        inputs={"params": 10e9, "hbm_per_die_GB": 10},
        expected={"fits_8": False, "fits_16": True, "max_bytes_per_param_16": 16.0},
        unit="GB",
        rel_tol=1e-9,
    )
    ring = case_with(
        op="reduce-scatter",
        algorithm="ring",
        n=4,
        topology="ring",
        bytes_total=4e9,
        link_B_per_s=1e9,
        latency_s=1e-3,
        expected_s=3 * (1.0 + 1e-3),
        rel_tol=1e-9,
    )
    pattern = case_with(
        pattern="bit-complement",
        rows=4,
        cols=4,
        routing="xy",
        max_flows_per_link=2,
        bound_cycles=2048,
        measured_cycles=[2050],
    )
    demand = case_with(
        name="one corner",
        rows=2,
        cols=2,
        demands=[[0, 3, 2.0]],
        dead_links=[],
        lp_min_max_link_load=1.0,
        xy_max_link_load=2.0,
    )
    mesh = case_with(
        rows=2,
        cols=3,
        N=6,
        diameter=3,
        hamiltonian_cycle=True,
        allgather_time_LB_in_S_over_B=5 / 12,
    )
    for case in (layer, states, wafer, ring, pattern, demand, mesh):
        rows = case_rows(case)
        assert rows
        assert [row.document() for row in rows if row.passed is False] == []


def test_files_and_folders_are_read(tmp_path: Path, cases_of: Cases) -> None:
    nested = tmp_path / "more"
    nested.mkdir()
    for path, name in ((tmp_path, "memory_cases.json"), (nested, "collective_cases.json")):
        documents = [dict(case.document) for case in cases_of(name)[:2]]
        (path / name).write_text(json.dumps({"source": "a paper", "cases": documents}))
    assert len(read_cases([tmp_path])) == 4
    report = validate([tmp_path / "memory_cases.json", nested])
    assert report.passed
    assert report.summary()["kinds"].keys() == {"memory", "collective"}
    alone = tmp_path / "config.json"
    config: dict[str, Any] = dict(cases_of("hf_configs")[0].document)
    alone.write_text(json.dumps(config))
    assert validate([alone]).passed
