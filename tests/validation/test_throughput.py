"""Simulated training steps beside measured ones, and how such cases are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tempstudio.core.errors import InputError
from tempstudio.core.parallel import Degrees
from tempstudio.core.workload import TrainingJob
from tempstudio.validation import validate
from tempstudio.validation.case import Case
from tempstudio.validation.data_files import FOLDER
from tempstudio.validation.gpt import gpt
from tempstudio.validation.groups import ITERATIONS, OLDER, SHARDED
from tempstudio.validation.kinds import case_rows
from tempstudio.validation.row import Row
from tempstudio.validation.training import Training, hardware_flop, train

Cases = Callable[[str], list[Case]]
CASES = ["throughput_cases.json", "throughput_further_cases.json"]


def described(**more: Any) -> dict[str, Any]:
    """A case of the kind that states its model and degrees."""
    return {
        "id": "x",
        "model": {"layers": 4, "hidden": 1024, "heads": 16, "vocab": 51200, "seq": 1024},
        "parallel": {"tp": 2, "pp": 1, "gpus": 8, "dp": 4},
        "global_batch": 16,
        "published": {"tflops_per_gpu": 100.0, "iter_s": 0.05},
        "source": "Somebody arXiv:2104.00001",
        **more,
    }


def rows_of(document: dict[str, Any]) -> dict[str, Row]:
    return {row.figure: row for row in case_rows(Case(document, "cases.json: cases[0]"))}


def test_flop_and_time_agree(case_with: Callable[..., Case]) -> None:
    rows = rows_of(described(microbatch=2))
    tflops, seconds = rows["tflops_per_gpu"].computed, rows["iter_s"].computed
    assert isinstance(tflops, float)
    assert isinstance(seconds, float)
    layers, h, s, batch, vocab = 4, 1024, 1024, 16, 51200
    equation_3 = 96 * batch * s * layers * h**2 * (1 + s / (6 * h) + vocab / (16 * layers * h))
    assert tflops * 1e12 * 8 * seconds == pytest.approx(equation_3, rel=1e-12)


def test_what_older_software_did_not_do_costs_time() -> None:
    model = gpt(4, 2048, 16, 1024)
    job = TrainingJob(global_batch=16, micro_batch=2, seq_len=1024, gradient_bytes=2.0)
    degrees = Degrees(dp=4, tp=4)
    new = train(Training("A100", 16, model, job, degrees)).score.step_time_s
    for option in ("hide_tensor", "hide_gradients", "fused_accumulation"):
        training = Training("A100", 16, model, job, degrees, options=((option, False),))
        assert train(training).score.step_time_s > new, option


def test_more_devices_are_faster() -> None:
    more = {"tp": 2, "pp": 1, "gpus": 16, "dp": 8}
    few, many = rows_of(described(microbatch=2)), rows_of(described(microbatch=2, parallel=more))
    assert many["iter_s"].computed < few["iter_s"].computed  # type: ignore[operator]


def test_a_micro_batch_that_is_not_stated_is_the_fastest() -> None:
    left_out = rows_of(described())["iter_s"].computed
    stated = [rows_of(described(microbatch=size))["iter_s"].computed for size in (1, 2, 4)]
    assert left_out == min(stated)  # type: ignore[type-var]


def test_the_h100_is_taken_where_a_case_says_so() -> None:
    a100 = rows_of(described(microbatch=2))["iter_s"].computed
    h100 = rows_of(described(microbatch=2, hardware="H100 SXM"))["iter_s"].computed
    assert isinstance(h100, float)
    assert h100 < a100  # type: ignore[operator]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"parallel": {"tp": 3, "gpus": 9}}, "tp"),
        ({"parallel": {"tp": 2, "dp": 9, "gpus": 8}}, "dp"),
        ({"global_batch": 0}, "global_batch"),
        ({"model": {"layers": 4, "hidden": 1024}}, "heads"),
        ({"recompute": "some"}, "recompute"),
        ({"published": 3}, "published"),
    ],
)
def test_one_line_names_what_is_wrong(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError) as caught:
        rows_of(described(**fields))
    assert named in str(caught.value)
    assert str(caught.value).startswith("cases.json: cases[0]")


def by_group(rows: tuple[Row, ...]) -> dict[str, list[Row]]:
    return {name: [r for r in rows if r.group == name] for name in (ITERATIONS, OLDER, SHARDED)}


def test_small_measured_steps_hold(cases_of: Cases) -> None:
    """The 22-billion model: two measured steps, and a layer's passes within a twentieth."""
    cases = cases_of(CASES[0])
    step = next(case for case in cases if case.document.get("global_batch") == 4)
    held = [row for row in case_rows(step) if row.group == ITERATIONS]
    assert len(held) == 2
    assert all(row.passed for row in held)
    layers = [case for case in cases if "fwd_ms" in case.document["published"]]
    for case in layers:
        for row in case_rows(case):
            if row.figure in ("fwd_ms", "bwd_ms", "total_ms"):
                assert row.error is not None
                assert abs(row.error) < 0.05, (case.id, row.figure)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_all_measured_steps_hold_in_the_mean() -> None:
    """Issue 3: 3.5 % in the mean and 8 % at most; 8 % for older software; 20 % for ZeRO-3."""
    report = validate([FOLDER / name for name in CASES])
    assert report.passed
    groups = {group["group"]: group for group in report.groups}
    assert groups[ITERATIONS]["rows"] == 8
    assert groups[ITERATIONS]["mean_error"] <= 0.035
    assert groups[ITERATIONS]["max_error"] <= 0.08
    assert groups[OLDER]["rows"] == 13
    assert groups[OLDER]["mean_error"] <= 0.08
    assert groups[SHARDED]["rows"] == 6
    assert groups[SHARDED]["mean_error"] <= 0.20
    assert groups[SHARDED]["trend"]


def test_hardware_flop_counts_what_is_computed_again() -> None:
    model = gpt(2, 256, 4, 128, vocab=1024)
    job = TrainingJob(global_batch=8, seq_len=128)
    none, selective, full = (
        hardware_flop(model, replace(job, recompute=r)) for r in ("none", "selective", "full")
    )
    assert none < selective < full < none * 4 / 3
    trained = train(Training("A100", 8, model, job, Degrees(dp=8)))
    assert trained.peak_share == pytest.approx(trained.tflops / 312)
