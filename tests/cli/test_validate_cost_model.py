"""`validate --cost-model`: what is held to what, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Run

KEYS = {
    "model",
    "machine",
    "plans",
    "pearson_log_time",
    "mean_error",
    "worst_error",
    "spearman_best_tenth",
    "memory_mean_error",
    "energy_mean_error",
    "model_per_s",
    "simulations_per_s",
    "pass",
}


@pytest.mark.slow
def test_a_model_agrees_and_its_row_says_how_well(cli: Run) -> None:
    answer = cli("validate", "--cost-model", "--plans", 40, "--model", "gpt3-6.7b", "--json")
    (row,) = answer.document["rows"]
    assert set(row) == KEYS
    assert row["plans"] == 40 and row["pass"] and answer.status == 0
    assert row["pearson_log_time"] >= 0.99 and row["mean_error"] <= 0.04
    assert row["model_per_s"] > 100 * row["simulations_per_s"]


def test_too_few_plans_and_unknown_models_are_one_line_each(cli: Run) -> None:
    few = cli("validate", "--cost-model", "--plans", 3)
    assert few.status == 2
    assert few.complaint == "--plans: found '3', allowed: a whole number from 10 to 100,000"
    unknown = cli("validate", "--cost-model", "--model", "gpt9")
    assert unknown.status == 2 and "gpt9" in unknown.complaint
