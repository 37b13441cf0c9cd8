"""The figures agree with the run they show."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from tempstudio_power import PowerTable, link_histogram, power_over_time, tempstudio_panels

import tempstudio as ts
from tempstudio import conformance


@pytest.fixture(scope="module")
def run() -> ts.Run:
    return conformance.small_run(ts.Wafer(rows=2, cols=2), ts.Degrees(dp=2, tp=2))


@pytest.mark.parametrize("check", conformance.checks("panel"), ids=str)
@pytest.mark.parametrize("panel", tempstudio_panels(), ids=lambda panel: panel.name)
def test_conformance(panel: ts.Panel, check: conformance.Check) -> None:
    check(panel)


def test_link_energy_over_time_adds_up_to_that_of_the_score(run: ts.Run) -> None:
    figure = power_over_time(run, 0.0, {})
    links = next(part for part in figure.parts if getattr(part, "label", "") == "links")
    mean_w = float(np.mean(links.y))
    assert mean_w * run.score.step_time_s == pytest.approx(run.score.energy_j["d2d"], rel=0.25)


def test_power_never_exceeds_all_dies_at_work(run: ts.Run) -> None:
    figure = power_over_time(run, 0.0, {})
    compute = next(part for part in figure.parts if getattr(part, "label", "") == "compute")
    die = run.project.machine.die
    assert 0 < max(compute.y) <= 4 * die.flop_per_s / die.flop_per_joule * (1 + 1e-9)


def test_every_link_is_counted_once(run: ts.Run) -> None:
    figure = link_histogram(run, 0.0, {})
    assert sum(figure.parts[0].values) == len(run.timeline.step_link_bytes) == 8


def test_a_run_without_traffic_says_so() -> None:
    alone = conformance.small_run(ts.Wafer(rows=1, cols=1), ts.Degrees())
    assert "carries anything" in link_histogram(alone, 0.0, {}).parts[0].text


def test_the_table_holds_the_curves_of_the_panel(run: ts.Run, tmp_path: Path) -> None:
    PowerTable().write(run, tmp_path / "power.csv")
    with (tmp_path / "power.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    figure = power_over_time(run, 0.0, {})
    for name, column in (("compute", "compute_w"), ("links", "links_w")):
        part = next(part for part in figure.parts if getattr(part, "label", "") == name)
        assert [float(row[column]) for row in rows] == pytest.approx(part.y)
